"""Exact best responses on the largest boards that are enumerated: OpenSpiel's, and recursion's."""

from functools import partial

import numpy as np
import pytest

from mail_envs import PerfectExpert, best_response, nash_gap
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


def wavering(game, marks):
    """The expert, but drawn by irregular weights with `marks` or one more on the board."""
    drawn, expert = KeyedRows(game).policy, PerfectExpert(game)

    def policy(observations, action_masks):
        drawn_here = observations.sum(axis=(1, 2, 3)) // 2 == marks // 2
        answers = (drawn(observations, action_masks), expert(observations, action_masks))
        return np.where(drawn_here[:, None], *answers)

    return policy


PAIRS = {
    "lowest": lambda: greedy(uniform_policy),
    "tactician": lambda: tactician(FOUR),
    "keyed": lambda: greedy(KeyedRows(FOUR).policy),
    "wavering early": lambda: wavering(FOUR, 2),
    "wavering late": lambda: wavering(FOUR, 6),
}

RESPONSES = {
    "lowest": (1.0, 1.0),
    "tactician": (1.0, 1.0),
    "keyed": (1.0, 1.0),
    "wavering early": (0.0, 3 / 10),
    "wavering late": (1.0, 5 / 6),
}
"""What OpenSpiel 2.0.2 answers: `BestResponsePolicy` on
`connect_four(rows=4,columns=4,x_in_row=4)`; recomputed by the slow test."""


@pytest.mark.parametrize("name", PAIRS)
def test_best_responses_have_openspiels_recorded_values(name):
    policy = PAIRS[name]()
    found = [best_response(FOUR, [policy, policy], player).value for player in range(2)]
    assert found == pytest.approx(RESPONSES[name], **TIGHT)


def test_uniform_play_has_openspiels_recorded_gap():
    # OpenSpiel 2.0.2, TabularBestResponseMDP with UniformRandomPolicy on
    # connect_four(rows=3,columns=4,x_in_row=3); on 4 x 4 in four its tree of histories takes more
    # than 10 GB.
    gap = nash_gap(LineGame(3, 4, 3, gravity=True), [uniform_policy] * 2)
    assert gap.total == pytest.approx(1.9178240740740742, **TIGHT)
    assert gap.values[0] == pytest.approx(0.29010360710796396, **TIGHT)
    responses = [response.value for response in gap.best_responses]
    assert responses == pytest.approx([1.0, 0.9178240740740741], **TIGHT)


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
        value = response.value(theirs.new_initial_state())
        assert (ours.value, RESPONSES[name][responder]) == pytest.approx((value, value), **TIGHT)


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
