"""Values, best responses and gaps: against brute force, in every form, and their laws."""

from itertools import product as cartesian

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs import best_response, nash_gap
from mail_envs.errors import InvalidModelError, InvalidPolicyError, ShapeError, UnknownAgentError
from mail_envs.markov import MarkovGame, cce_gap, evaluation, published_nash_gap
from mail_envs.markov.dynamics import DenseDynamics, lift
from mail_envs.markov.evaluation import correlated, occupancy, policy_values, product, start_values
from mail_envs.markov.marginal import joint_policy
from mail_envs.markov.tabular import policy_tables
from tests.strategies import (
    deterministic_policies,
    forms_of_block_game,
    markov_games,
    random_game,
    random_policies,
    random_rows,
    relabelled,
    seeds,
)

TIGHT = {"rtol": 0, "atol": 1e-10}


def slow_values(game, policies):
    """V at the start by plain loops over time: forward occupancies, rewards summed."""
    tables = policy_tables(game, policies)
    horizon = game.horizon or 600
    visits, total = game.initial_distribution.copy(), np.zeros(game.num_players)
    d = game.dynamics
    for h in range(horizon):
        weight = 1.0 if game.horizon else game.discount**h
        following = np.zeros(game.num_states)
        for s in np.flatnonzero(visits):
            for a in cartesian(*map(range, game.num_actions)):
                chosen = zip(tables, a, strict=True)
                p = visits[s] * np.prod([t[min(h, len(t) - 1), s, x] for t, x in chosen])
                step = min(h, d.reward_table.shape[1] - 1)
                total += weight * p * d.reward_table[(slice(None), step, s, *a)]
                following += p * d.transitions[(min(h, len(d.transitions) - 1), s, *a)]
        visits = following
    return total


def value(game, policies):
    return start_values(game, policy_values(game, product(policy_tables(game, policies))))


@given(markov_games(players=st.integers(1, 3), zero_sum=False, max_states=3), seeds)
@settings(max_examples=30)
def test_values_are_those_of_plain_loops_over_time(game, seed):
    policies = random_policies(np.random.default_rng(seed), game)
    if game.discount == 0.9:
        return
    np.testing.assert_allclose(value(game, policies), slow_values(game, policies), **TIGHT)


@given(markov_games(zero_sum=False, max_states=2, max_actions=2, max_horizon=2), seeds)
@settings(max_examples=40)
def test_best_responses_equal_enumeration_of_deterministic_deviations(game, seed):
    policies = random_policies(np.random.default_rng(seed), game)
    gap = nash_gap(game, policies)
    for i in range(2):
        own = list(deterministic_policies(game.num_states, game.num_actions[i]))
        if game.horizon:
            own = [np.stack(steps) for steps in cartesian(own, repeat=game.horizon)]
        deviations = [[*policies[:i], table, *policies[i + 1 :]] for table in own]
        best = max(value(game, deviation)[i] for deviation in deviations)
        assert gap.best_responses[i].value == pytest.approx(best, abs=1e-10)
        np.testing.assert_allclose(gap.per_player[i], best - value(game, policies)[i], **TIGHT)


@given(markov_games(players=st.integers(1, 3), zero_sum=False), seeds, st.booleans())
def test_laws_of_the_gap(game, seed, per_step):
    rng = np.random.default_rng(seed)
    policies = random_policies(rng, game, per_step=per_step and game.horizon is not None)
    gap = nash_gap(game, policies)
    np.testing.assert_allclose(gap.values, value(game, policies), **TIGHT)
    assert (gap.per_player >= 0).all()
    assert gap.maximum <= gap.total <= game.num_players * gap.maximum + 1e-15
    for i, response in enumerate(gap.best_responses):
        assert response.player == i
        assert response.value >= gap.values[i] - 1e-10
        deviation = [*policies[:i], response.policy, *policies[i + 1 :]]
        np.testing.assert_allclose(value(game, deviation)[i], response.value, **TIGHT)
        alone = best_response(game, [*policies[:i], None, *policies[i + 1 :]], f"player_{i}")
        assert alone.value == response.value
        np.testing.assert_array_equal(alone.policy, response.policy)
        with pytest.raises(ValueError, match="read-only"):
            response.policy[...] = 0


@given(markov_games(zero_sum=False), seeds)
def test_relabelling_states_changes_no_value_and_no_gap(game, seed):
    rng = np.random.default_rng(seed)
    policies = random_policies(rng, game)
    old = rng.permutation(game.num_states)
    moved = nash_gap(relabelled(game, old), [p[old] for p in policies])
    gap = nash_gap(game, policies)
    np.testing.assert_allclose(moved.per_player, gap.per_player, **TIGHT)
    np.testing.assert_allclose(moved.values, gap.values, **TIGHT)


@st.composite
def forms_and_policies(draw):
    rng = np.random.default_rng(draw(seeds))
    horizon, discount = draw(st.sampled_from([(3, None), (None, 0.9)]))
    games = forms_of_block_game(
        rng,
        horizon=horizon,
        discount=discount,
        steps=draw(st.sampled_from([1, 3])) if horizon else 1,
        actions=draw(st.sampled_from([(2, 3), (2, 2, 2), (3,)])),
        uniform=draw(st.booleans()),
        zero_sum=False,
    )
    per_step = horizon is not None and draw(st.booleans())
    return games, random_policies(rng, games["dense"], per_step=per_step)


@given(forms_and_policies(), st.booleans())
@settings(max_examples=50)
def test_all_forms_agree_by_elimination_and_by_iteration(drawn, iterate):
    games, policies = drawn
    expected = nash_gap(games["dense"], policies)
    visits = occupancy(games["dense"], product(policy_tables(games["dense"], policies)))
    with pytest.MonkeyPatch.context() as patch:
        if iterate:
            patch.setattr(evaluation, "DIRECT_LIMIT", 0)
            patch.setattr("mail_envs.markov.best_response.DIRECT_LIMIT", 0)
        for name, game in games.items():
            gap = nash_gap(game, policies)
            np.testing.assert_allclose(gap.values, expected.values, **TIGHT, err_msg=name)
            np.testing.assert_allclose(gap.per_player, expected.per_player, **TIGHT, err_msg=name)
            seen = occupancy(game, product(policy_tables(game, policies)))
            np.testing.assert_allclose(seen, visits, rtol=0, atol=1e-12, err_msg=name)


@given(forms_and_policies())
@settings(max_examples=30)
def test_policies_alike_within_blocks_are_exact_on_the_blocks(drawn):
    games, _ = drawn
    for name in ("factored by block", "block"):
        game = games[name]
        small = game.by_block
        assert small.num_states == 3
        policies = random_policies(np.random.default_rng(0), small)
        lifted = [lift(game.dynamics, p) for p in policies]
        coarse, fine = nash_gap(small, policies), nash_gap(game, lifted)
        np.testing.assert_allclose(coarse.values, fine.values, **TIGHT)
        np.testing.assert_allclose(coarse.per_player, fine.per_player, **TIGHT)
    assert games["dense"].by_block is games["dense"]
    assert games["sparse"].by_block is games["sparse"]
    for name in ("dense", "sparse", "factored"):
        assert games[name].dynamics.by_block() is games[name].dynamics


@given(markov_games(zero_sum=False), seeds)
def test_occupancies_sum_to_the_geometric_series_and_price_the_rewards(game, seed):
    policies = random_policies(np.random.default_rng(seed), game)
    tables = policy_tables(game, policies)
    visits = occupancy(game, product(tables))
    np.testing.assert_allclose(visits.sum(axis=-1), 1, rtol=0, atol=1e-12)
    assert (visits >= -1e-15).all()
    joint = joint_policy([t[0] for t in tables])
    payoffs = game.dynamics.reward_table * joint
    paid = payoffs.reshape(*payoffs.shape[:3], -1).sum(-1)  # i h s
    total = (
        (visits * paid).sum((1, 2)) if game.horizon else paid[:, 0] @ visits / (1 - game.discount)
    )
    np.testing.assert_allclose(total, value(game, policies), **TIGHT)


@given(markov_games(zero_sum=False, max_states=4), seeds)
def test_bellman_operators_are_contractions(game, seed):
    if game.discount is None:
        return
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=(2, game.num_states))
    joint = joint_policy(random_policies(rng, game))
    d = game.dynamics

    def sweep(values):
        table = d.reward_table[0, 0] + game.discount * d.mix(0, values)
        return (table * joint).reshape(game.num_states, -1).sum(-1)

    bound = game.discount * np.abs(u - v).max()
    assert np.abs(sweep(u) - sweep(v)).max() <= bound + 1e-12


def test_the_gap_is_right_for_values_off_zero_where_the_published_formula_is_not():
    # one state, one step: rows choose 5 or 4, columns nothing; V = 4.5 under uniform play
    rewards = np.array([[[5.0], [4.0]]])
    game = MarkovGame.zero_sum(np.ones((1, 2, 1, 1)), rewards, 0, horizon=1)
    policies = [[[0.5, 0.5]], [[1.0]]]
    gap = nash_gap(game, policies)
    np.testing.assert_allclose(gap.per_player, [0.5, 0.0])
    np.testing.assert_allclose(gap.values, [4.5, -4.5])
    assert published_nash_gap(game, policies) == pytest.approx(0.5)
    lost = MarkovGame.zero_sum(np.ones((1, 2, 1, 1)), -rewards, 0, horizon=1)
    # B_2 - V = 4.5 - (-4.5), although player 1 has no choice at all
    assert published_nash_gap(lost, policies) == pytest.approx(9.0)
    np.testing.assert_allclose(nash_gap(lost, policies).per_player, [0.5, 0.0])
    general = random_game(np.random.default_rng(0), zero_sum=False)
    with pytest.raises(InvalidModelError, match="zero-sum"):
        published_nash_gap(general, random_policies(np.random.default_rng(0), general))


def test_ties_go_to_the_lowest_action():
    game = MarkovGame(np.ones((1, 3, 1)), [[[1.0, 2.0, 2.0 + 1e-15]]], 0, discount=0.9)
    assert best_response(game, [None], 0).policy.tolist() == [[0, 1, 0]]


def test_refusals():
    game = random_game(np.random.default_rng(0))
    policies = random_policies(np.random.default_rng(0), game)
    with pytest.raises(ValueError, match="utility"):
        best_response(game, policies, 0, lambda returns: returns)
    with pytest.raises(UnknownAgentError, match="player_7"):
        best_response(game, policies, "player_7")
    with pytest.raises(TypeError, match="MarkovGame"):
        nash_gap("chess", policies)


@given(markov_games(players=st.integers(1, 3), zero_sum=False), seeds)
def test_a_product_policy_has_the_same_gap_as_a_joint_distribution(game, seed):
    policies = random_policies(np.random.default_rng(seed), game)
    gap, joint = nash_gap(game, policies), cce_gap(game, joint_policy(policies))
    np.testing.assert_allclose(joint.per_player, gap.per_player, **TIGHT)
    np.testing.assert_allclose(joint.values, gap.values, **TIGHT)


def chicken():
    """Dare or swerve: (0,0), (7,2), (2,7), (6,6)."""
    first = np.array([[0.0, 7.0], [2.0, 6.0]])
    return MarkovGame(np.ones((1, 2, 2, 1)), np.stack([first, first.T])[:, None], 0, horizon=1)


def test_the_product_of_a_coarse_correlated_equilibriums_marginals_is_no_equilibrium():
    joint = np.array([[[0.0, 0.5], [0.5, 0.0]]])
    gap = cce_gap(chicken(), joint)
    # against a coin flip daring earns 3.5 and swerving 4, obeying 4.5
    assert [r.value for r in gap.best_responses] == [4.0, 4.0]
    np.testing.assert_allclose(gap.values, [4.5, 4.5])
    assert gap.total == 0
    half = [[[0.5, 0.5]]] * 2
    np.testing.assert_allclose(nash_gap(chicken(), half).per_player, [0.25, 0.25])


def test_joint_distributions_per_step_and_malformed_ones():
    game = random_game(np.random.default_rng(0), horizon=3, states=2)
    joint = random_rows(np.random.default_rng(1), 3, 2, 4).reshape(3, 2, 2, 2)
    values = start_values(game, policy_values(game, correlated(joint)))
    np.testing.assert_allclose(cce_gap(game, joint).values, values)
    with pytest.raises(ShapeError, match=r"axis 0 \(h\) has 2 entries instead of 3"):
        cce_gap(game, joint[:2])
    with pytest.raises(ShapeError, match="joint policy: expected 3 axes"):
        cce_gap(game, joint[0, 0])
    with pytest.raises(InvalidPolicyError, match=r"joint policy: .* at \(h=0, s=0\)"):
        cce_gap(game, joint / 2)


def test_a_game_of_one_state_per_block_may_be_dense():
    assert isinstance(random_game(np.random.default_rng(0)).dynamics, DenseDynamics)
