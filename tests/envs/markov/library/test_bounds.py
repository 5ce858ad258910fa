"""The lower-bound games against their closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs import nash_gap, solve
from mail_envs.errors import UnknownNameError
from mail_envs.markov import library
from mail_envs.markov.evaluation import occupancy, product
from mail_envs.markov.tabular import policy_tables
from tests.strategies import random_policies, seeds

G = 0.9**2 / (1 - 0.9)
shares = st.floats(0, 1)


def pair(seed, game):
    return random_policies(np.random.default_rng(seed), game)


@given(seeds, shares, shares, st.integers(2, 5))
def test_plain_games(seed, x, y, actions):
    game = library.lower_bound(actions=actions, reach=(x, y), good_action=actions - 1)
    mu, nu = pair(seed, game)
    p = mu[2, actions - 1]
    gap = nash_gap(game, [mu, nu])
    assert gap.total == pytest.approx(max(x, y) * (1 - p) * G, abs=1e-12)
    if (x, y) == (1.0, 0.0):
        assert gap.per_player[1] == pytest.approx((1 - nu[0, 1]) * (1 - p) * G, abs=1e-12)


@given(seeds, shares, shares)
def test_separating_games(seed, x, y):
    game = library.lower_bound("separating", reach=(x, y))
    mu, nu = pair(seed, game)
    p, q = mu[2, 0], nu[0, 1]
    r = q * x + (1 - q) * y
    expected = (r + max(x * (1 - 2 * p), y * (1 - 2 * p))) * G
    assert nash_gap(game, [mu, nu]).total == pytest.approx(expected, abs=1e-12)


@given(seeds, shares, shares, st.floats(0.01, 5))
def test_matrix_games(seed, x, y, delta):
    game = library.lower_bound("matrix", reach=(x, y), delta=delta)
    mu, nu = pair(seed, game)
    stage = np.array([[1 + delta, -1], [-1, 1 / (1 + delta)]])
    r = nu[0, 1] * x + (1 - nu[0, 1]) * y
    expected = 0.9 * (r * (stage @ nu[2]).max() - max(x, y) * (mu[2] @ stage).min())
    assert nash_gap(game, [mu, nu]).total == pytest.approx(expected, abs=1e-12)
    mixture = library.lower_bound_experts(game)[0].table[0, 2, 0]
    assert mixture == pytest.approx(1 / (2 + delta), rel=1e-12)


def test_the_published_construction():
    """Sum gaps for (x, y) = (1, 0), and what nobody who has not seen s2 can beat."""
    plain, separating = library.lower_bound(actions=4), library.lower_bound("separating")
    unseen = [np.full((5, 4), 1 / 4), np.full((5, 2), 1 / 2)]
    assert nash_gap(plain, unseen).total == pytest.approx((1 - 1 / 4) * G)
    unseen = [np.full((5, 3), 1 / 3), np.array([[1.0, 0.0]] * 5)]
    assert nash_gap(separating, unseen).total == pytest.approx((1 - 2 / 3) * G)


@pytest.mark.parametrize("variant", ["plain", "separating", "matrix"])
@pytest.mark.parametrize("reach", [(1.0, 0.0), (0.7, 0.3), (0.2, 0.6), (0.5, 0.5)])
def test_experts_are_equilibria(variant, reach):
    game = library.lower_bound(variant, actions=4, good_action=2, reach=reach)
    mixings = (None,) if variant == "separating" else (None, 0.0, 1e-3, 0.5, 1.0)
    for mixing in mixings:
        experts = library.lower_bound_experts(game, mixing)
        assert nash_gap(game, experts).total == pytest.approx(0, abs=1e-12)
        if mixing is not None:
            assert experts[1].table[0, 0, 1] == mixing
    np.testing.assert_allclose(
        solve(game).values, nash_gap(game, library.lower_bound_experts(game)).values, atol=1e-12
    )


@pytest.mark.parametrize("concentrability", [1.0, 1.3, 2.0, 10.0, 1e4, np.inf])
def test_the_dial_makes_the_concentrability_that_it_says(concentrability):
    """State-level, deviations of player 1; enumerated from occupancies."""
    reach, mixing = library.dial(concentrability)
    game = library.lower_bound(reach=reach)
    mu, nu = library.lower_bound_experts(game, mixing)
    visits = _visits(game, [mu, nu])
    worst = 0.0
    for b in range(2):
        deviation = np.array(nu.table[0])
        deviation[0] = np.eye(2)[b]
        reached = _visits(game, [mu, deviation])
        ratios = [
            np.inf if d == 0 else r / d for r, d in zip(reached, visits, strict=True) if r > 0
        ]
        worst = max(worst, *ratios)
    assert worst == pytest.approx(concentrability, rel=1e-9)


def _visits(game, policies):
    return occupancy(game, product(policy_tables(game, policies)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: library.dial(0.5), ValueError, "concentrability: expected at least 1, came 0.5"),
        (lambda: library.dial(float("nan")), ValueError, "concentrability"),
        (lambda: library.lower_bound("mirror"), UnknownNameError, "variant: .*'mirror'"),
        (lambda: library.lower_bound(actions=1), ValueError, "actions: expected at least 2"),
        (lambda: library.lower_bound(good_action=3), ValueError, r"good_action: .*0\.\.2, came 3"),
        (lambda: library.lower_bound(reach=(1.5, 0)), ValueError, "reach: .*1.5"),
        (lambda: library.lower_bound("matrix", delta=0), ValueError, "delta: .*came 0"),
        (
            lambda: library.lower_bound_experts(library.lower_bound(), 1.5),
            ValueError,
            "mixing: expected a probability, came 1.5",
        ),
        (
            lambda: library.lower_bound_experts(library.lower_bound("separating"), 0.5),
            ValueError,
            "not indifferent, came 0.5",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
