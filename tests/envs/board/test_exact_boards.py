"""Exact best responses on the largest boards that are enumerated: OpenSpiel's, and recursion's."""

from functools import partial

import numpy as np
import pytest

from mail_envs import best_response, nash_gap
from mail_envs.board import ConnectFour, LineGame, batch
from mail_envs.board.positions import positions
from mail_envs.errors import GameTooLargeError
from mail_envs.protocols.asking import greedy, uniform_policy
from tests.boards import slow_value, tactician

TIGHT = {"rel": 0, "abs": 1e-12}
FOUR = LineGame(4, 4, 4, gravity=True)
FIVE_COLUMNS = LineGame(4, 5, 4, gravity=True)
FOUR_COLUMNS = LineGame(5, 4, 4, gravity=True)

FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)  # odd, to scatter 64-bit words


class KeyedRows:
    """Irregular rows told by arithmetic: weights 0 to 3 that depend on position and action.

    Both a mapping from states, by integers, and, as `policy`, a batched policy, by arrays.
    """

    def __init__(self, game):
        self.game = game

    def __getitem__(self, state):
        word = sum(marks * factor for marks, factor in zip(state, FACTORS, strict=True))
        row = np.zeros(self.game.actions)
        for action in self.game.legal_actions(state):
            row[action] = (word * (2 * action + 3)) % 2**64 >> 62
        if not row.any():
            row[list(self.game.legal_actions(state))] = 1
        return row / row.sum()

    def policy(self, observations, action_masks):
        states = batch.encode(self.game, observations)
        words = sum(
            marks * np.uint64(factor) for marks, factor in zip(states, FACTORS, strict=True)
        )
        times = 2 * np.arange(self.game.actions, dtype=np.uint64) + np.uint64(3)
        weights = (words[:, None] * times >> np.uint64(62)).astype(np.float64) * action_masks
        weights = np.where(weights.any(axis=1, keepdims=True), weights, action_masks)
        return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("game", "count"), [(FIVE_COLUMNS, 3_945_711), (FOUR_COLUMNS, 1_706_255)], ids=str
)
@pytest.mark.slow
def test_the_positions_of_larger_boards(game, count):
    # John Tromp, numbers of legal positions by size of board, https://tromp.github.io/c4/c4.html
    assert sum(len(layer.keys) for layer in positions.__wrapped__(game)) == count


def check_against_recursion(game, responders):
    rows = KeyedRows(game)
    for responder in responders:
        found = best_response(game, [rows.policy] * 2, responder).value
        assert found == pytest.approx(slow_value(game, [rows, rows], responder), **TIGHT)


@pytest.mark.parametrize("responder", [0, 1])
def test_a_small_board_against_recursion(responder):
    check_against_recursion(LineGame(3, 4, 3, gravity=True), [responder])


@pytest.mark.slow  # minutes of plain recursion
@pytest.mark.parametrize(
    ("game", "responder"), [(FIVE_COLUMNS, 1), (FOUR_COLUMNS, 0)], ids=["5 x 4", "4 x 5"]
)
def test_larger_boards_against_recursion(game, responder):
    check_against_recursion(game, [responder])


def test_the_full_board_is_refused_and_the_error_says_what_to_ask_instead():
    limited = partial(positions.__wrapped__, limit=1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mail_envs.board.best_response.positions", limited)
        for door in (
            nash_gap,
            lambda game, pair: best_response(game, pair, 0),
        ):
            with pytest.raises(GameTooLargeError, match=r"at most 1000 .*board\.find_mistake"):
                door(ConnectFour(), [uniform_policy] * 2)


@pytest.mark.slow
def test_the_full_board_is_refused_at_the_real_limit():
    with pytest.raises(GameTooLargeError, match=r"at most 5000000 .*board\.find_mistake"):
        nash_gap(ConnectFour(), [uniform_policy] * 2)


# ---- OpenSpiel

PAIRS = {
    "lowest": lambda: greedy(uniform_policy),
    "tactician": lambda: tactician(FOUR),
    "keyed": lambda: greedy(KeyedRows(FOUR).policy),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_best_responses_are_openspiels(name):
    pyspiel = pytest.importorskip("pyspiel", reason="OpenSpiel, for this comparison alone")
    from open_spiel.python.algorithms.best_response import BestResponsePolicy

    theirs = pyspiel.load_game("connect_four(rows=4,columns=4,x_in_row=4)")
    policy = PAIRS[name]()
    for responder in range(2):
        ours = best_response(FOUR, [policy, policy], responder)
        response = BestResponsePolicy(theirs, responder, as_openspiel(policy))
        assert ours.value == response.value(theirs.new_initial_state())


def as_openspiel(policy):
    """One of our policies, asked about OpenSpiel's states by the actions that led to them."""
    from open_spiel.python.policy import Policy

    class Asked(Policy):
        def __init__(self):
            """No table: every answer is asked for."""

        def action_probabilities(self, state, player_id=None):
            ours = FOUR.play(state.history())
            seen, mask = FOUR.observation(ours), FOUR.action_mask(ours)
            row = policy(seen[None], mask[None])[0]
            return {action: row[action] for action in np.flatnonzero(row).tolist()}

    return Asked()
