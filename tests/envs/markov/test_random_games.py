"""What must hold of every random linear game; a thousand of them behind the `slow` marker."""

from itertools import product as cartesian

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from mail_envs import nash_gap, solve
from mail_envs.markov import joint_residual
from mail_envs.markov.dynamics import expected_next_value, rewards
from mail_envs.markov.evaluation import policy_values, product, start_values
from mail_envs.markov.tabular import policy_tables
from tests.strategies import (
    deterministic_policies,
    forms_of,
    linear_games,
    random_policies,
    relabelled,
    seeds,
)

ENUMERABLE = 256
"""Up to how many deterministic deviations are enumerated."""


def transitions_and_rewards_are_what_the_features_say(game, dense):
    for table in dense.dynamics.transitions:
        np.testing.assert_allclose(table.sum(axis=-1), 1, rtol=0, atol=1e-12)
        assert (table >= 0).all()
        assert np.linalg.matrix_rank(table.reshape(-1, game.num_states)) <= game.dimension
    assert joint_residual(dense, game.features).maximum <= 1e-9


def action_values_are_linear(game, policies):
    """Q_h of the joint policy, regressed on φ."""
    values = policy_values(game, product(policy_tables(game, policies)))
    discount = 1.0 if game.discount is None else game.discount
    phi = game.features[0].reshape(-1, game.dimension)
    for h in range(game.horizon or 1):
        if game.horizon is None:
            following = values
        elif h + 1 < game.horizon:
            following = values[:, h + 1]
        else:
            following = np.zeros_like(values[:, h])
        q = rewards(game.dynamics, h) + discount * expected_next_value(game.dynamics, h, following)
        q = q.reshape(game.num_players, -1).T
        residual = q - phi @ np.linalg.lstsq(phi, q, rcond=None)[0]
        assert np.abs(residual).max() <= 1e-9


def best_responses_are_those_of_enumeration(game, policies, gap):
    steps = game.horizon or 1
    for i in range(game.num_players):
        if game.num_actions[i] ** (game.num_states * steps) > ENUMERABLE:
            continue
        tables = list(deterministic_policies(game.num_states, game.num_actions[i]))
        if game.horizon:
            tables = [np.stack(chosen) for chosen in cartesian(tables, repeat=steps)]
        values = [
            start_values(
                game,
                policy_values(
                    game, product(policy_tables(game, [*policies[:i], table, *policies[i + 1 :]]))
                ),
            )[i]
            for table in tables
        ]
        assert gap.best_responses[i].value == pytest.approx(max(values), abs=1e-10)


def all_forms_and_labels_agree(forms, policies, gap, seed):
    games = [(game, policies) for game in forms.values()]
    old = np.random.default_rng(seed).permutation(len(policies[0]))
    games.append((relabelled(forms["dense"], old), [policy[old] for policy in policies]))
    for game, theirs in games:
        other = nash_gap(game, theirs)
        np.testing.assert_allclose(other.values, gap.values, rtol=0, atol=1e-10)
        np.testing.assert_allclose(other.per_player, gap.per_player, rtol=0, atol=1e-10)


def everything_holds(game, seed):
    forms = forms_of(game)
    policies = random_policies(np.random.default_rng(seed), game)
    gap = nash_gap(game, policies)
    assert (gap.per_player >= 0).all()
    assert all(
        response.value >= value - 1e-10
        for response, value in zip(gap.best_responses, gap.values, strict=True)
    )
    transitions_and_rewards_are_what_the_features_say(game, forms["dense"])
    action_values_are_linear(game, policies)
    best_responses_are_those_of_enumeration(game, policies, gap)
    all_forms_and_labels_agree(forms, policies, gap, seed)
    equilibrium = solve(game)
    assert nash_gap(game, equilibrium.policies).total <= 1e-8
    for form in forms.values():
        np.testing.assert_allclose(solve(form).values, equilibrium.values, rtol=0, atol=1e-9)


@given(linear_games(), seeds)
@settings(max_examples=100)
def test_a_hundred_random_games(game, seed):
    everything_holds(game, seed)


@pytest.mark.slow
@given(linear_games(), seeds)
@settings(max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
def test_a_thousand_random_games(game, seed):
    everything_holds(game, seed)
