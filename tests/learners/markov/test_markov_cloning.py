"""Tabular and log-linear clones: by hand, by their derivatives, and on the published grid."""

import numpy as np
import pytest

from mail_envs import nash_gap, solve
from mail_envs.errors import InvalidOptionError
from mail_envs.markov.library import (
    grid_experts,
    grid_features,
    grid_game,
    lower_bound,
    lower_bound_experts,
    random_game,
)
from mail_learners.markov import (
    CloneOptions,
    Episodes,
    FeatureBlocks,
    bc_linear,
    bc_tabular,
    linear_clones,
    tabular_clones,
    uniform_bc,
)
from mail_learners.markov.log_linear import HESSIAN_LIMIT, _Likelihood, fit_log_linear
from mail_learners.markov.tabular import most_probable

GRID = grid_game(3)
EXPERTS = grid_experts(GRID)


def pinned(game, states, actions, explorer=None):
    """One run from lists: states `(K, H)`, actions `(K, H, n)`."""
    return [Episodes(np.array(states), np.array(actions), explorer)]


def covering(game, experts):
    """Runs in which each player's expert is asked once in every state others can lead to."""
    runs = []
    for explorer in (0, 1):
        seen = reachable(game, experts, explorer)
        actions = np.stack([np.asarray(e)[seen].argmax(axis=1) for e in experts], axis=1)
        runs.append(Episodes(np.array([seen]), actions[None], explorer))
    return runs


def reachable(game, experts, explorer):
    other = np.asarray(experts[1 - explorer]).argmax(axis=1)
    frontier, seen = [int(game.initial_distribution.argmax())], set()
    while frontier:
        state = frontier.pop()
        if state in seen:
            continue
        seen.add(state)
        for own in range(4):
            move = [own, other[state]] if explorer == 0 else [other[state], own]
            rng = np.random.default_rng(0)
            after = game.dynamics.sample_next(0, np.array([state]), np.array([move]), rng=rng)
            frontier.append(int(after[0]))
    return sorted(seen)


# ---- tabular


def test_frequencies_by_hand():
    game = random_game(0, states=3, actions=(2, 2), horizon=2)
    episodes = pinned(
        game,
        [[0, 1], [0, 1], [0, 2]],
        [[[0, 1], [1, 1]], [[0, 1], [1, 0]], [[1, 1], [0, 0]]],
    )
    first, second = tabular_clones(game, episodes).policies
    assert first.shape == (2, 3, 2)
    assert first[0] == pytest.approx(np.array([[2 / 3, 1 / 3], [0.5, 0.5], [0.5, 0.5]]))
    assert first[1] == pytest.approx(np.array([[0.5, 0.5], [0, 1], [1, 0]]))
    assert second[1] == pytest.approx(np.array([[0.5, 0.5], [0.5, 0.5], [1, 0]]))


def test_discounted_games_pool_their_steps():
    game = random_game(0, states=3, actions=(2, 2), discount=0.5)
    episodes = pinned(game, [[0, 0], [0, 1]], [[[0, 1], [1, 1]], [[0, 1], [1, 0]]])
    first, _ = tabular_clones(game, episodes).policies
    assert first == pytest.approx(np.array([[2 / 3, 1 / 3], [0, 1], [0.5, 0.5]]))


def test_the_most_probable_actions():
    table = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [1 / 3, 1 / 3, 1 / 3]])
    expected = [[0, 1, 0], [0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3]]
    assert most_probable(table) == pytest.approx(np.array(expected))


def test_clones_can_not_be_written():
    clones = tabular_clones(GRID, covering(GRID, EXPERTS))
    for table in (*clones.policies, *clones.greedy_policies):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 1


def test_cloning_on_what_the_pair_visits_is_not_enough():
    found = bc_tabular(GRID, EXPERTS, games=30, rng=np.random.default_rng(0))
    assert found.queries == 30 * 10 * 2
    assert nash_gap(GRID, found.policies).per_player == pytest.approx([4.560, 8.035], abs=1e-3)


def test_cloning_on_what_deviations_reach_is():
    runs = covering(GRID, EXPERTS)
    assert [run.num_steps for run in runs] == [17, 19]
    assert nash_gap(GRID, tabular_clones(GRID, runs).policies).total == pytest.approx(0, abs=1e-9)


def test_the_lower_bound_game_defeats_cloning_and_not_exploration():
    game = lower_bound(actions=3, good_action=2)
    experts = lower_bound_experts(game, mixing=0.0)
    rng = np.random.default_rng(0)
    cloned = bc_tabular(game, experts, games=1000, rng=rng)
    assert nash_gap(game, cloned.policies).total == pytest.approx(2 / 3 * 0.81 / 0.1)
    found = uniform_bc(game, experts, games=30, rng=rng)
    assert nash_gap(game, found.policies).total == pytest.approx(0, abs=1e-9)


# ---- log-linear


def random_counts(seed, blocks=5, actions=3, d=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(blocks, actions, d)), rng.integers(0, 6, (blocks, actions)) + 1.0


def test_derivatives_are_those_of_finite_differences():
    phi, counts = random_counts(0)
    likelihood = _Likelihood(phi, counts / counts.sum(), 0.01)
    theta = np.random.default_rng(1).normal(size=4)
    _, gradient = likelihood(theta)
    for i, unit in enumerate(np.eye(4) * 1e-5):
        (up, g_up), (down, g_down) = likelihood(theta + unit), likelihood(theta - unit)
        assert gradient[i] == pytest.approx((up - down) / 2e-5, abs=1e-8)
        assert likelihood.hessian(theta)[i] == pytest.approx((g_up - g_down) / 2e-5, abs=1e-8)


def test_the_loss_by_hand():
    phi = np.array([[[1.0], [0.0]]])
    loss, gradient = _Likelihood(phi, np.array([[0.75, 0.25]]), 0.5)(np.array([2.0]))
    share = 1 / (1 + np.exp(-2.0))
    assert loss == pytest.approx(-0.75 * np.log(share) - 0.25 * np.log(1 - share) + 1.0)
    assert gradient == pytest.approx([share - 0.75 + 1.0])


def test_stochastic_experts_keep_their_frequencies():
    rng = np.random.default_rng(2)
    phi, theta = rng.normal(size=(30, 3, 4)), rng.normal(size=4)
    expert = np.exp(phi @ theta)
    expert /= expert.sum(axis=1, keepdims=True)
    counts = 1000 * expert * rng.random((30, 1))  # visits differ, frequencies are the expert's
    fit = fit_log_linear(phi, counts, CloneOptions())
    assert fit.weights == pytest.approx(theta, abs=1e-5)
    assert fit.gradient_norm <= 1e-12


def test_repeating_the_data_changes_nothing():
    phi, counts = random_counts(3)
    once, twice = (fit_log_linear(phi, k * counts, CloneOptions()).weights for k in (1, 2))
    assert once == pytest.approx(twice, abs=1e-9)


def test_both_optimisers_find_the_same(monkeypatch):
    phi, counts = random_counts(4)
    options = CloneOptions(ridge=1e-4)
    exact = fit_log_linear(phi, counts, options)
    monkeypatch.setattr("mail_learners.markov.log_linear.HESSIAN_LIMIT", 1)
    limited = fit_log_linear(phi, counts, options)
    assert HESSIAN_LIMIT > 1
    assert limited.weights == pytest.approx(exact.weights, abs=1e-6)
    assert limited.loss == pytest.approx(exact.loss, abs=1e-12)


def test_without_data_a_clone_is_uniform():
    fit = fit_log_linear(np.zeros((0, 2, 3)), np.zeros((0, 2)), CloneOptions())
    assert fit.weights.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("ridge", "gap"), [(1e-3, 1.52), (1e-5, 0.032), (1e-7, 4.9e-4)])
def test_a_deterministic_expert_is_cloned_as_well_as_the_ridge_allows(ridge, gap):
    features = grid_features(GRID, "relational")
    options = CloneOptions(ridge=ridge)
    clones = linear_clones(GRID, covering(GRID, EXPERTS), features=features, options=options)
    assert nash_gap(GRID, clones.policies).total == pytest.approx(gap, rel=0.02)
    assert nash_gap(GRID, clones.greedy_policies).total == pytest.approx(0, abs=1e-9)


def test_the_default_ridge_costs_next_to_nothing():
    features = grid_features(GRID, "relational")
    clones = linear_clones(GRID, covering(GRID, EXPERTS), features=features)
    assert nash_gap(GRID, clones.policies).total < 1e-5


def test_the_aliased_map_can_not_tell_what_the_expert_tells():
    features = grid_features(GRID, "relational-aliased")
    clones = linear_clones(GRID, covering(GRID, EXPERTS), features=features)
    assert nash_gap(GRID, clones.policies).total > 1


def test_one_hot_features_are_the_empirical_frequencies():
    runs = covering(GRID, EXPERTS)
    linear, tabular = linear_clones(GRID, runs), tabular_clones(GRID, runs)
    for a, b in zip(linear.policies, tabular.policies, strict=True):
        assert a.tobytes() == b.tobytes()
    unit_vectors = FeatureBlocks(72, 4, table=np.eye(288).reshape(72, 4, 288))
    written_out = linear_clones(GRID, runs, features=[unit_vectors] * 2)
    for a, b in zip(linear.policies, written_out.policies, strict=True):
        assert np.abs(a - b).max() < 1e-6


def test_each_step_has_a_clone_of_its_own():
    game = random_game(1, states=3, actions=(2, 2), horizon=3)
    experts = solve(game).policies
    assert experts[0].shape == (3, 3, 2)
    table = FeatureBlocks(3, 2, table=np.eye(6).reshape(3, 2, 6))
    rng = np.random.default_rng(0)
    found = bc_linear(game, experts, games=4000, rng=rng, features=[table] * 2)
    seen = found.demonstrations(0)
    for h in range(3):
        for s in range(3):
            here = (seen.steps == h) & (seen.states == s)
            if here.sum() > 500:
                assert found.policies[0][h, s] == pytest.approx(experts[0][h, s], abs=0.1)


def test_features_per_step_and_their_clones():
    game = random_game(1, states=3, actions=(2, 2), horizon=3)
    table = np.stack([np.eye(6).reshape(3, 2, 6) * (h + 1) for h in range(3)])
    per_step = FeatureBlocks(3, 2, table=table)
    rng = np.random.default_rng(0)
    found = bc_linear(game, solve(game).policies, games=50, rng=rng, features=[per_step] * 2)
    assert np.isfinite(found.policies[0]).all()
    discounted = random_game(1, states=3, actions=(2, 2), discount=0.5)
    with pytest.raises(InvalidOptionError, match="the 1 steps that are cloned apart, came 3"):
        linear_clones(discounted, pinned(discounted, [[0]], [[[0, 0]]]), features=[per_step] * 2)


@pytest.mark.parametrize("name", ["ridge", "tolerance"])
@pytest.mark.parametrize("value", [0.0, -1e-3, float("nan")])
def test_options_outside_their_ranges_are_refused(name, value):
    with pytest.raises(InvalidOptionError, match=f"{name}: expected a positive finite number"):
        CloneOptions(**{name: value})
