"""The chain of despair against its closed forms."""

import numpy as np
import pytest

from mail_envs import nash_gap, solve
from mail_envs.markov import library
from mail_envs.markov.dynamics import expected_next_value


@pytest.mark.parametrize("length", [3, 4, 5, 8, 16])
def test_exploitability_is_the_closed_form(length):
    game = library.chain_of_despair(length)
    mu, nu = library.chain_experts(game)
    np.testing.assert_allclose(nash_gap(game, [mu, nu]).per_player, 0, atol=1e-13)
    for p in (0.0, 0.05, 0.1, 1 / 6, 0.2, 0.5, 1.0):
        clone = np.asarray(mu).copy()
        clone[-1] = p, 1 - p
        gap = nash_gap(game, [clone, nu])
        expected = max(0, 2 - 12 * p) * 0.9 ** (length - 2) / (1 - 0.9)
        np.testing.assert_allclose(gap.per_player, [0, expected], atol=1e-12)


@pytest.mark.parametrize(("length", "published"), [(4, 16.2), (8, 10.63), (16, 4.575)])
def test_published_figures(length, published):
    game = library.chain_of_despair(length)
    _, nu = library.chain_experts(game)
    wrong_habit = np.tile([0.0, 1.0], (length, 1))
    assert nash_gap(game, [wrong_habit, nu]).total == pytest.approx(published, abs=5e-3)
    uniform = np.full((length, 2), 0.5)
    assert nash_gap(game, [uniform, nu]).total == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("length", [4, 8, 16])
def test_uniform_play_reaches_the_end_as_seldom_as_computed(length):
    game = library.chain_of_despair(length)
    matrix = expected_next_value(game.dynamics, 0, np.eye(length)).mean(axis=(2, 3)).T  # s s'
    inner = [0, *range(2, length - 1)]
    absorbed = np.linalg.solve(np.eye(len(inner)) - matrix[np.ix_(inner, inner)], matrix[inner, -1])
    assert absorbed[0] == pytest.approx(1 / (2 ** (length - 3) + 1), rel=1e-12)
    at_horizon = np.linalg.matrix_power(matrix, 2 ** (length - 2))[0, -1]
    published = {4: 0.3125, 8: 0.030303, 16: 0.000122}[length]
    assert at_horizon == pytest.approx(published, abs=1e-6)


def test_the_experts_cycle_and_the_solver_agrees_on_the_value():
    game = library.chain_of_despair(6)
    _, nu = library.chain_experts(game)
    assert np.asarray(nu).argmax(axis=1).tolist() == [1, 0, 1, 1, 0, 0]
    np.testing.assert_allclose(solve(game).values, 0, atol=1e-12)
    with pytest.raises(ValueError, match="at least 3 states, came 2"):
        library.chain_of_despair(2)
