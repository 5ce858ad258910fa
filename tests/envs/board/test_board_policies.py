"""Every malformed answer of a policy, and every wrong name, is an error of its own."""

import numpy as np
import pytest

from mail_envs import best_response, loss_probability, nash_gap
from mail_envs.board import LineGame, TicTacToe
from mail_envs.errors import (
    GameTooLargeError,
    InvalidPolicyError,
    ShapeError,
    UnknownAgentError,
)
from mail_envs.protocols.asking import uniform_policy


def spoiled(spoil, ply=2):
    """Uniform play, spoiled in the last row at one ply."""

    def policy(observations, action_masks):
        table = uniform_policy(observations, action_masks)
        if observations[0].sum() == ply:
            spoil(table[-1])
        return table

    return policy


def put(value, action):
    def spoil(row):
        row[action] = value

    return spoil


def illegal(row):
    taken = int(np.argmin(row))
    row[taken], row[int(np.argmax(row))] = row.max(), 0.0


# At ply 2, 72 positions; in the last, by key, the mover's mark is at 2, the other's at 5.
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (put(np.nan, 0), "finite probabilities, came nan in row 71, action 0"),
        (put(np.inf, 1), "finite probabilities, came inf in row 71, action 1"),
        (put(-0.1, 3), "probabilities of at least 0, came -0.1 in row 71, action 3"),
        (put(0.9, 4), r"rows that sum to 1 within 1e-05, came 1\.757\d* in row 71"),
        (lambda row: row.fill(0), r"rows that sum to 1 within 1e-05, came 0\.0 in row 71"),
        (illegal, r"probability 0 for illegal actions, came 0\.14\d* in row 71, action"),
    ],
)
def test_answers_that_are_no_distributions(spoil, expected):
    pair = [spoiled(spoil), uniform_policy]
    with pytest.raises(
        InvalidPolicyError, match=f"the policy of player_0, ply 2: expected {expected}"
    ):
        nash_gap(TicTacToe(), pair)
    with pytest.raises(InvalidPolicyError, match=expected):
        best_response(TicTacToe(), pair, 1)
    with pytest.raises(InvalidPolicyError, match=expected):
        loss_probability(TicTacToe(), pair, 0)


def test_a_probability_outside_the_mask_is_an_error_however_small():
    def policy(observations, action_masks):
        table = uniform_policy(observations, action_masks)
        return np.where(action_masks == 1, table, 1e-9)

    with pytest.raises(InvalidPolicyError, match=r"for illegal actions, came 1e-09 in"):
        nash_gap(TicTacToe(), [policy, uniform_policy])


def test_rounding_is_forgiven():
    def policy(observations, action_masks):
        return uniform_policy(observations, action_masks).astype(np.float32) * np.float32(1 + 1e-6)

    total = nash_gap(TicTacToe(), [policy, policy]).total
    assert total == pytest.approx(1.9196593915343914, abs=1e-6)


@pytest.mark.parametrize(
    "answer",
    [
        lambda table: table[:, :8],
        lambda table: table[0],
        lambda table: table[1:],
        lambda table: 0.5,
    ],
)
def test_answers_of_another_shape(answer):
    def policy(observations, action_masks):
        return answer(uniform_policy(observations, action_masks))

    with pytest.raises(
        ShapeError, match=r"player_1, ply 1: expected probabilities of shape \(9, 9\), came"
    ):
        nash_gap(TicTacToe(), [uniform_policy, policy])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_policies(count):
    with pytest.raises(
        ShapeError, match=rf"policies: expected 2, one for each of .*, came {count}"
    ):
        nash_gap(TicTacToe(), [uniform_policy] * count)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["player_0"], r"missing: \['player_1'\]"),
        (["player_0", "player_1", "player_2"], r"unknown: \['player_2'\]"),
        (["player_0", "Player_1"], r"unknown: \['Player_1'\], missing: \['player_1'\]"),
    ],
)
def test_policies_of_other_agents(names, message):
    with pytest.raises(UnknownAgentError, match=message):
        nash_gap(TicTacToe(), dict.fromkeys(names, uniform_policy))


@pytest.mark.parametrize("player", [2, -1, "player_2", None, 0.0])
@pytest.mark.parametrize("door", [best_response, loss_probability])
def test_players_that_the_game_does_not_have(door, player):
    with pytest.raises(UnknownAgentError, match=rf"index below 2 or one of .*, came {player!r}"):
        door(TicTacToe(), [uniform_policy, uniform_policy], player)


@pytest.mark.parametrize(
    ("utility", "error", "message"),
    [
        (lambda returns: 1.0, ShapeError, r"utility: expected shape \(.*\), came \(\)"),
        (lambda returns: returns[:, None], ShapeError, "utility: expected shape"),
        (
            lambda returns: np.where(returns < 0, -np.inf, 0),
            ValueError,
            "came -inf for a return of -1.0",
        ),
    ],
)
def test_utilities_that_are_none(utility, error, message):
    with pytest.raises(error, match=message):
        best_response(TicTacToe(), [uniform_policy, uniform_policy], 0, utility)


@pytest.mark.parametrize("door", [nash_gap, best_response, loss_probability])
def test_games_of_an_unknown_kind(door):
    arguments = ["chess", [uniform_policy] * 2] + ([0] if door is not nash_gap else [])
    with pytest.raises(TypeError, match=r"expected a game of \[.*'LineGame'.*\], came str"):
        door(*arguments)


def test_games_too_large_to_enumerate(monkeypatch):
    from mail_envs.board import positions

    limited = positions.positions.__wrapped__
    monkeypatch.setattr(
        "mail_envs.board.best_response.positions", lambda game: limited(game, limit=50)
    )
    with pytest.raises(
        GameTooLargeError, match=r"at most 50 positions.*board\.find_mistake searches"
    ):
        nash_gap(LineGame(2, 4, 3, gravity=False), [uniform_policy, uniform_policy])
