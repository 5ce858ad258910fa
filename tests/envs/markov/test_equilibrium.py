"""Equilibria: their gap is zero, their values those of slow solvers, and they are immutable."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs import nash_gap, solve
from mail_envs.errors import InvalidOptionError, UnknownNameError, UnsolvedGameError
from mail_envs.markov import (
    MarkovGame,
    coarse_correlated_equilibrium,
    evaluation,
    shapley_iteration,
)
from mail_envs.markov.matrix_game import matrix_game_values
from tests.strategies import forms_of_block_game, markov_games, random_game, random_rows, seeds

TIGHT = {"rtol": 0, "atol": 1e-9}


@given(markov_games(), st.sampled_from(["lexicographic", "uniform"]))
def test_zero_sum_games_are_solved(game, ties):
    equilibrium = solve(game, ties=ties)
    gap = nash_gap(game, equilibrium.policies)
    assert gap.total <= 1e-8
    assert equilibrium.gap.total <= 1e-8
    np.testing.assert_allclose(equilibrium.values, gap.values, **TIGHT)
    assert equilibrium.values[0] == -equilibrium.values[1]
    lead = () if game.horizon is None else (game.horizon,)
    assert [p.shape for p in equilibrium.policies] == [
        (*lead, game.num_states, a) for a in game.num_actions
    ]
    assert equilibrium.state_values.shape == (2, *lead, game.num_states)
    start = equilibrium.state_values if game.horizon is None else equilibrium.state_values[:, 0]
    np.testing.assert_allclose(start @ game.initial_distribution, equilibrium.values, **TIGHT)


@given(markov_games(), seeds)
def test_no_random_policy_beats_an_equilibrium(game, seed):
    equilibrium = solve(game)
    rng = np.random.default_rng(seed)
    other = random_rows(rng, game.num_states, game.num_actions[0])
    against = nash_gap(game, [other, equilibrium.policies[1]])
    assert against.values[0] <= equilibrium.values[0] + 1e-9


@given(markov_games(), seeds)
def test_the_shapley_operator_is_a_contraction(game, seed):
    if game.discount is None:
        return
    u, v = np.random.default_rng(seed).normal(size=(2, game.num_states))
    d = game.dynamics

    def shapley(values):
        return matrix_game_values(d.reward_table[0, 0] + game.discount * d.mix(0, values))

    assert np.abs(shapley(u) - shapley(v)).max() <= game.discount * np.abs(u - v).max() + 1e-12


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.95])
def test_jumping_and_plain_sweeps_reach_the_same_values(discount, monkeypatch):
    game = random_game(
        np.random.default_rng(0), states=6, actions=(3, 3), horizon=None, discount=discount
    )
    plain = shapley_iteration(game, tolerance=1e-12 * (1 - discount))
    fast = solve(game)
    np.testing.assert_allclose(fast.state_values[0], plain.values, rtol=0, atol=1e-10)
    assert plain.error_bound <= 1e-12
    monkeypatch.setattr("mail_envs.markov.equilibrium.DIRECT_LIMIT", 0)
    monkeypatch.setattr(evaluation, "DIRECT_LIMIT", 0)
    np.testing.assert_allclose(solve(game).state_values, fast.state_values, rtol=0, atol=1e-10)
    coarse = shapley_iteration(game, tolerance=1e-4)
    assert coarse.sweeps <= plain.sweeps
    assert np.abs(coarse.values - plain.values).max() <= coarse.error_bound
    assert shapley_iteration(game, max_sweeps=2).sweeps == 2


def test_a_known_stochastic_game():
    """Shapley's example form: one live state, matching pennies paid until somebody mismatches.

    v = val [[1 + v/2, 0], [0, 1 + v/2]] = (1 + v/2) / 2, so v = 2/3.
    """
    transitions = np.zeros((2, 2, 2, 2))
    transitions[1, :, :, 1] = 1
    for a in range(2):
        transitions[0, a, a, 0] = 1
        transitions[0, a, 1 - a, 1] = 1
    rewards = np.zeros((2, 2, 2))
    rewards[0] = np.eye(2)
    equilibrium = solve(MarkovGame.zero_sum(transitions, rewards, 0, discount=0.5))
    assert equilibrium.values[0] == pytest.approx(2 / 3, abs=1e-12)
    np.testing.assert_allclose(equilibrium.policies[0][0], [0.5, 0.5], **TIGHT)


@given(st.integers(0, 10_000), st.sampled_from([(3, None), (None, 0.9)]), st.booleans())
@settings(max_examples=25)
def test_block_games_are_solved_on_their_blocks(seed, duration, uniform):
    horizon, discount = duration
    games = forms_of_block_game(
        np.random.default_rng(seed), horizon=horizon, discount=discount, uniform=uniform,
        latents=3, states=12, steps=3 if horizon else 1,
    )  # fmt: skip
    dense = solve(games["dense"])
    for name, game in games.items():
        equilibrium = solve(game)
        np.testing.assert_allclose(equilibrium.values, dense.values, **TIGHT, err_msg=name)
        np.testing.assert_allclose(equilibrium.state_values, dense.state_values, **TIGHT)
        assert nash_gap(game, equilibrium.policies).total <= 1e-8
        assert nash_gap(game, equilibrium.policies).total == pytest.approx(
            equilibrium.gap.total, abs=1e-10
        )
    game = games["block"]
    equilibrium = solve(game)
    policy = equilibrium.policies[0]
    policy = policy if horizon else policy[None]
    for z in range(3):
        members = policy[:, game.dynamics.blocks == z]
        np.testing.assert_array_equal(members, np.broadcast_to(members[:, :1], members.shape))
    assert equilibrium.gap.best_responses[0].policy.shape == equilibrium.policies[0].shape


@given(markov_games(players=st.integers(1, 3), zero_sum=False, max_states=3), seeds)
@settings(max_examples=50)
def test_common_interests_are_maximised(game, seed):
    table = game.dynamics.reward_table
    team = MarkovGame(
        game.dynamics.transitions,
        np.stack([table[0]] * game.num_players),
        game.initial_distribution,
        horizon=game.horizon,
        discount=game.discount,
    )
    equilibrium = solve(team)
    assert equilibrium.gap.total <= 1e-8
    rng = np.random.default_rng(seed)
    others = [random_rows(rng, game.num_states, a) for a in game.num_actions]
    assert (nash_gap(team, others).values <= equilibrium.values + 1e-9).all()


def prisoners(rng, players, steps):
    """Action 1 dominates at every state: it pays 1 more whatever the others do."""
    actions = (2,) * players
    base = rng.normal(size=(players, 3, *actions))
    for i in range(players):
        first = np.take(base[i], [0], axis=1 + i)
        base[i] = np.concatenate([first, first + 1], axis=1 + i)
    kernel = random_rows(rng, 3, 3).reshape(3, *(1,) * players, 3)
    transitions = np.broadcast_to(kernel, (3, *actions, 3))
    return MarkovGame(transitions, base, 0, horizon=steps)


@pytest.mark.parametrize("players", [2, 3, 4])
def test_dominant_actions_are_found_in_general_sum_games(players):
    game = prisoners(np.random.default_rng(players), players, 3)
    equilibrium = solve(game)
    assert equilibrium.gap.total <= 1e-12
    assert all((p[..., 1] == 1).all() for p in equilibrium.policies)


def test_games_without_an_exact_method_say_so():
    battle = np.array([[[2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 2.0]]])[:, None]
    stay = np.ones((1, 2, 2, 1))
    assert solve(MarkovGame(stay, battle, 0, horizon=2)).gap.total == 0
    with pytest.raises(UnsolvedGameError, match="expected a horizon, zero sum or identical"):
        solve(MarkovGame(stay, battle, 0, discount=0.9))
    pennies = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])[:, None]
    with pytest.raises(UnsolvedGameError, match="none at block 0"):
        solve(MarkovGame(stay, pennies, 0, horizon=2))
    with pytest.raises(UnsolvedGameError, match="discounted two-player zero-sum"):
        shapley_iteration(MarkovGame(stay, battle, 0, discount=0.9))
    with pytest.raises(UnsolvedGameError, match="expected a horizon"):
        coarse_correlated_equilibrium(MarkovGame(stay, battle, 0, discount=0.9))
    with pytest.raises(InvalidOptionError, match="max_sweeps: expected at least 1, came 0"):
        shapley_iteration(
            random_game(np.random.default_rng(0), horizon=None, discount=0.5), max_sweeps=0
        )
    with pytest.raises(UnknownNameError, match="uniform"):
        solve(random_game(np.random.default_rng(0)), ties="random")


def test_equilibria_are_immutable():
    equilibrium = solve(random_game(np.random.default_rng(0)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        equilibrium.game = None
    for array in (*equilibrium.policies, equilibrium.values, equilibrium.state_values):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@given(
    markov_games(players=st.integers(1, 3), zero_sum=False, max_states=3, discounted=st.just(False))
)
@settings(max_examples=25)
def test_coarse_correlated_equilibria_have_no_gap(game):
    equilibrium = coarse_correlated_equilibrium(game)
    assert equilibrium.gap.total <= 1e-7
    assert equilibrium.joint.shape == (game.horizon, game.num_states, *game.num_actions)
    np.testing.assert_allclose(equilibrium.values, equilibrium.gap.values, **TIGHT)
    np.testing.assert_allclose(
        equilibrium.state_values[:, 0] @ game.initial_distribution, equilibrium.values, **TIGHT
    )


def test_the_correlated_welfare_of_chicken():
    """Dare or swerve; best: dare-swerve and swerve-dare, or both swerve, as far as nobody dares.

    With p = Pr(both swerve) and the rest split alike, committing to dare earns 7 (p + (1-p)/2) and
    obeying 6 p + 9 (1-p) / 2: equal at p = 1/2, so the sum of payoffs is 2 (3 + 9/4) = 10.5.
    """
    first = np.array([[0.0, 7.0], [2.0, 6.0]])
    payoffs = np.stack([first, first.T])[:, None]
    equilibrium = coarse_correlated_equilibrium(
        MarkovGame(np.ones((1, 2, 2, 1)), payoffs, 0, horizon=2)
    )
    assert equilibrium.values.sum() == pytest.approx(21, abs=1e-7)
    assert equilibrium.gap.total <= 1e-8


def test_a_linear_program_that_fails_is_reported(monkeypatch):
    failed = SimpleNamespace(x=None, message="numerical difficulties")
    monkeypatch.setattr("scipy.optimize.linprog", lambda *_, **__: failed)
    with pytest.raises(UnsolvedGameError, match="numerical difficulties"):
        coarse_correlated_equilibrium(random_game(np.random.default_rng(0)))


def test_correlated_equilibria_of_block_games_are_lifted():
    games = forms_of_block_game(np.random.default_rng(0), zero_sum=False)
    expected = coarse_correlated_equilibrium(games["dense"]).values.sum()
    equilibrium = coarse_correlated_equilibrium(games["block"])
    assert equilibrium.joint.shape == (3, 9, 2, 3)
    assert equilibrium.values.sum() == pytest.approx(expected, abs=1e-7)
