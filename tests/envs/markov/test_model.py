"""Models are immutable, and malformed ones are refused with the first offending index."""

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from mail_envs.errors import InvalidModelError, ShapeError, UnknownAgentError
from mail_envs.markov import (
    BlockDynamics,
    FactoredDynamics,
    LinearMarkovGame,
    MarkovGame,
    OneHotFeatures,
)
from mail_envs.markov.dynamics import SparseDynamics
from tests.strategies import forms_of_block_game, random_game

P = np.full((2, 2, 3, 2), 0.5)  # s a_1 a_2 s'
R = np.zeros((2, 2, 2, 3))  # i s a_1 a_2


def changed(array, index, value):
    copy = np.array(array, dtype=float)
    copy[index] = value
    return copy


def game(transitions=P, rewards=R, start=(1.0, 0.0), **duration):
    return MarkovGame(transitions, rewards, start, **(duration or {"horizon": 2}))


def test_a_game_tells_its_sizes_and_agents():
    g = game(discount=0.9)
    assert (g.num_states, g.num_actions, g.num_players) == (2, (2, 3), 2)
    assert g.agents == ("player_0", "player_1")
    assert (g.horizon, g.discount) == (None, 0.9)
    assert g.is_zero_sum
    assert "states=2" in repr(g)
    assert [g.player_index(p) for p in (1, "player_1")] == [1, 1]
    for stranger in (2, -1, "player_2"):
        with pytest.raises(UnknownAgentError, match="player_0"):
            g.player_index(stranger)


def test_what_was_given_may_change_afterwards_without_changing_the_game():
    transitions, rewards, start = P.copy(), R.copy(), np.array([1.0, 0.0])
    g = game(transitions, rewards, start)
    transitions[0, 0, 0], rewards[:], start[:] = (1, 0), 7, 0.5
    assert (g.dynamics.transitions == 0.5).all()
    assert (g.dynamics.reward_table == 0).all()
    assert g.initial_distribution.tolist() == [1, 0]


@pytest.mark.parametrize("name", ["dense", "sparse", "factored", "factored by block", "block"])
def test_no_array_of_a_game_can_be_written(name):
    g = forms_of_block_game(np.random.default_rng(0))[name]
    owners = [g, g.dynamics, *(getattr(g.dynamics, "transitions", ()) if name == "sparse" else ())]
    arrays = [
        value for owner in owners for value in vars(owner).values() if isinstance(value, np.ndarray)
    ]
    assert len(arrays) >= 2
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        g.horizon = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        g.dynamics.num_steps = 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"transitions": changed(P, (1, 0, 2), 0.4)},
            InvalidModelError,
            r"sum to 1 .* came 0\.8 at \(s=1, a_1=0, a_2=2\)",
        ),
        (
            {"transitions": changed(P, (0, 1, 2, 1), np.nan)},
            InvalidModelError,
            r"finite.* came nan at \(s=0, a_1=1, a_2=2, s'=1\)",
        ),
        (
            {"transitions": changed(P, (0, 1, 0), (1.5, -0.5))},
            InvalidModelError,
            r"at least 0, came -0\.5 at \(s=0, a_1=1, a_2=0, s'=1\)",
        ),
        (
            {"transitions": np.stack([P, changed(P, (1, 1, 1), 0)])},
            InvalidModelError,
            r"at \(h=1, s=1, a_1=1, a_2=1\)",
        ),
        (
            {"transitions": np.full((2, 2, 3, 3), 1 / 3)},
            ShapeError,
            r"axis 3 \(s'\) has 3 entries instead of 2",
        ),
        ({"transitions": P[0]}, ShapeError, r"transitions: expected 4 axes \(s, a_1, a_2, s'\)"),
        ({"transitions": "none"}, ShapeError, "transitions: expected an array of numbers"),
        (
            {"rewards": np.zeros((3, 2, 2, 3))},
            ShapeError,
            r"transitions: expected 5 axes \(s, a_1, a_2, a_3, s'\)",
        ),
        (
            {"rewards": np.zeros((2, 2, 2, 2))},
            ShapeError,
            r"rewards.*axis 3 \(a_2\) has 2 entries instead of 3",
        ),
        ({"rewards": np.zeros(2)}, ShapeError, "rewards: expected 4 axes"),
        ({"rewards": 0.0}, ShapeError, "rewards: expected one table per player"),
        (
            {"rewards": changed(R, (1, 0, 1, 2), np.inf)},
            InvalidModelError,
            r"came inf at \(i=1, s=0, a_1=1, a_2=2\)",
        ),
        ({"rewards": np.zeros((2, 3, 2, 2, 3))}, InvalidModelError, "horizon=2 steps, came 3"),
        (
            {"transitions": np.stack([P] * 3), "rewards": np.stack([R] * 2, axis=1)},
            InvalidModelError,
            "same number of steps",
        ),
        ({"rewards": np.zeros((2, 0, 2, 2, 3))}, InvalidModelError, "at least one step"),
        (
            {"start": (0.5, 0.4)},
            InvalidModelError,
            r"initial_distribution: .* sum to 1 .*came 0\.9",
        ),
        ({"start": (1.5, -0.5)}, InvalidModelError, r"came -0\.5 at \(s=1\)"),
        ({"start": (1.0, 0.0, 0.0)}, ShapeError, r"axis 0 \(s\) has 3 entries instead of 2"),
        ({"start": 2}, InvalidModelError, r"state in 0\.\.1, came 2"),
        ({"horizon": 0}, InvalidModelError, "horizon: expected an integer of at least 1, came 0"),
        ({"horizon": -3}, InvalidModelError, "came -3"),
        ({"horizon": 2.5}, InvalidModelError, r"came 2\.5"),
        (
            {"discount": 1.0},
            InvalidModelError,
            r"discount: expected a number in \[0, 1\), came 1\.0",
        ),
        ({"discount": float("nan")}, InvalidModelError, "came nan"),
        ({"discount": 0.9, "horizon": 2}, InvalidModelError, "either a horizon or a discount"),
        ({"horizon": None}, InvalidModelError, "either a horizon or a discount"),
        (
            {"transitions": np.stack([P, P]), "discount": 0.9},
            InvalidModelError,
            "one step or of horizon=None",
        ),
        (
            {"transitions": csr_array(np.full((12, 3), 1 / 3))},
            ShapeError,
            r"expected shape \(12, 2\)",
        ),
        (
            {"transitions": csr_array(changed(P.reshape(12, 2), (7, 1), 0.4))},
            InvalidModelError,
            r"came 0\.9 at \(s=1, a_1=0, a_2=1\)",
        ),
        (
            {"transitions": [csr_array(changed(P.reshape(12, 2), (7, 1), np.nan))]},
            InvalidModelError,
            r"came nan at \(s=1, a_1=0, a_2=1, s'=1\)",
        ),
    ],
)
def test_malformed_games_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        game(**arguments)


def test_a_shape_of_another_number_of_axes_is_told_whole():
    with pytest.raises(ShapeError, match=r"expected shape \(2,\) \(s\), came \(1, 2\)$"):
        game(start=[[0.5, 0.5]])


def test_a_number_is_a_start():
    assert game(start=1).initial_distribution.tolist() == [0, 1]


def test_initial_states_follow_the_distribution():
    g = game(start=(0.25, 0.75))
    drawn = g.sample_initial_states(20_000, rng=np.random.default_rng(0))
    assert abs(drawn.mean() - 0.75) < 0.02
    again = g.sample_initial_states(20_000, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, again)


def test_feature_maps_come_one_per_player():
    with pytest.raises(ShapeError, match="one for each of 2 players, came 1"):
        MarkovGame(P, R, 0, horizon=1, feature_maps=[OneHotFeatures(2, 2)])
    maps = [OneHotFeatures(2, 2), OneHotFeatures(2, 3)]
    assert MarkovGame(P, R, 0, horizon=1, feature_maps=maps).feature_maps == tuple(maps)


def test_zero_sum_games_need_one_table_only():
    r = np.arange(12.0).reshape(2, 2, 3)
    g = MarkovGame.zero_sum(P, r, 0, horizon=2, name="small")
    np.testing.assert_array_equal(g.dynamics.reward_table[:, 0], [r, -r])
    assert g.is_zero_sum
    assert not g.is_identical_interest
    assert "small" in repr(g)


def test_interests_are_told_apart():
    rng = np.random.default_rng(0)
    assert not random_game(rng, zero_sum=False).is_zero_sum
    table = rng.normal(size=(2, 2, 3))
    assert game(rewards=np.stack([table, table])).is_identical_interest


LATENT = np.full((2, 2, 2, 2), 0.5)
PAYOFF = np.zeros((2, 2, 2, 2))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"latent_transitions": changed(LATENT, (1, 0, 1), 0.4)},
            InvalidModelError,
            r"latent transitions.*at \(z=1, a_1=0, a_2=1\)",
        ),
        (
            {"latent_rewards": changed(PAYOFF, (0, 1, 1, 0), np.nan)},
            InvalidModelError,
            r"at \(i=0, z=1, a_1=1, a_2=0\)",
        ),
        ({"blocks": [0, 1, 2]}, InvalidModelError, r"blocks in 0\.\.1, came 2 at \(s=2\)"),
        (
            {"blocks": [0, 0, 0]},
            InvalidModelError,
            r"at least one state in each block, came 0 at \(z=1\)",
        ),
        ({"blocks": [0.0, 1.0]}, ShapeError, "blocks: expected integers"),
        ({"emission": [0.5, 1.0, 0.4]}, InvalidModelError, r"sum of 1 .* came 0\.9 at \(z=0\)"),
        ({"emission": [1.5, 1.0, -0.5]}, InvalidModelError, r"came -0\.5 at \(s=2\)"),
        ({"emission": [np.nan, 1.0, 0.5]}, InvalidModelError, r"came nan at \(s=0\)"),
        ({"emission": [0.5, 0.5]}, ShapeError, r"axis 0 \(s\) has 2 entries instead of 3"),
    ],
)
def test_malformed_block_dynamics_are_refused(arguments, error, message):
    given = {"latent_transitions": LATENT, "latent_rewards": PAYOFF, "blocks": [0, 1, 0]}
    with pytest.raises(error, match=message):
        BlockDynamics(**(given | arguments))


PHI = np.full((2, 2, 2, 2), 0.5)
MEASURES = np.array([[1.0, 0.0], [0.0, 1.0]])
THETA = np.array([[1.0, 0.0], [-1.0, 0.0]])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"features": changed(PHI, (1, 0, 1), 0.4)},
            InvalidModelError,
            r"sum to 1 .*came 0\.8 at \(s=1, a_1=0, a_2=1\)",
        ),
        (
            {"features": changed(PHI, (0, 1, 0), (-0.5, 1.5))},
            InvalidModelError,
            r"at least 0, came -0\.5 at \(s=0, a_1=1, a_2=0\)",
        ),
        (
            {"features": changed(PHI, (1, 1, 1, 1), np.nan)},
            InvalidModelError,
            r"features.*at \(s=1, a_1=1, a_2=1, d=1\)",
        ),
        (
            {"measures": changed(MEASURES, (1, 0), np.inf)},
            InvalidModelError,
            r"measures.*at \(d=1, s'=0\)",
        ),
        (
            {"reward_weights": changed(THETA, (1, 1), np.nan)},
            InvalidModelError,
            r"reward_weights.*at \(i=1, d=1\)",
        ),
        ({"reward_weights": np.zeros((2, 3))}, ShapeError, "reward_weights: expected dimension 2"),
        ({"features": np.full((2, 2, 2, 3), 1 / 3)}, ShapeError, "features: expected dimension 2"),
        ({"features": np.full((3, 2, 2, 2), 0.5)}, ShapeError, "features: expected 2 states"),
        (
            {"features": np.full((2, 2, 2, 2), 1.0), "measures": MEASURES / 2},
            InvalidModelError,
            r"features: .*norm at most 1, came 1\.414\d+ at \(h=0, s=0, a_1=0, a_2=0\)",
        ),
        (
            {"reward_weights": 2 * THETA},
            InvalidModelError,
            r"reward_weights: .*at most 1\.41421, came 2\.0 at \(i=0, h=0\)",
        ),
        (
            {"features": PHI / 2, "measures": 2 * MEASURES},
            InvalidModelError,
            r"measures summed over s': .*at most 1\.41421, came 2\.8",
        ),
        ({"horizon": 0}, InvalidModelError, "horizon"),
    ],
)
def test_malformed_linear_games_are_refused(arguments, error, message):
    given = {"features": PHI, "measures": MEASURES, "reward_weights": THETA, "horizon": 1}
    with pytest.raises(error, match=message):
        LinearMarkovGame(initial_distribution=0, **(given | arguments))


def test_a_linear_game_exposes_its_parts():
    g = LinearMarkovGame(PHI, MEASURES, THETA, 0, horizon=3)
    assert isinstance(g, MarkovGame)
    assert g.dimension == 2
    np.testing.assert_array_equal(g.features[0], PHI)
    np.testing.assert_array_equal(g.measures[0], MEASURES)
    np.testing.assert_array_equal(g.reward_weights[:, 0], THETA)
    np.testing.assert_allclose(g.dynamics.reward_table[0, 0], PHI @ THETA[0])


def test_unnormalised_factors_have_their_own_door():
    dynamics = FactoredDynamics(PHI / 2, 2 * MEASURES, 2 * THETA)
    assert MarkovGame.from_dynamics(dynamics, 0, discount=0.5).num_states == 2


def test_scipy_matrices_make_sparse_dynamics():
    g = game(transitions=csr_array(P.reshape(12, 2)))
    assert isinstance(g.dynamics, SparseDynamics)
    assert game(transitions=[csr_array(P.reshape(12, 2))] * 2).dynamics.num_steps == 2
