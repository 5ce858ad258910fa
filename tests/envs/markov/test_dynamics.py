"""The four forms of dynamics are the same maps, and their samplers draw from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.markov import dynamics as dy
from mail_envs.markov.dynamics.sampling import RowSampler
from mail_envs.markov.marginal import expect_joint, expect_others, joint_policy
from tests.strategies import forms_of_block_game, random_policies, seeds

FORMS = ["dense", "sparse", "factored", "factored by block", "block"]
TIGHT = {"rtol": 0, "atol": 1e-13}


@st.composite
def forms(draw, **options):
    steps = draw(st.sampled_from([1, 2]))
    rng = np.random.default_rng(draw(seeds))
    actions = draw(st.sampled_from([(2, 3), (1, 2), (2, 1, 2), (3,)]))
    return rng, forms_of_block_game(
        rng,
        steps=steps,
        horizon=2,
        actions=actions,
        zero_sum=False,
        uniform=draw(st.booleans()),
        **options,
    )


@given(forms())
def test_all_forms_are_one_game(drawn):
    rng, games = drawn
    dense = games["dense"].dynamics
    values = rng.normal(size=(2, dense.num_states))
    policies = random_policies(rng, games["dense"])
    joint = joint_policy(policies)
    occupancy = rng.random(dense.num_states)
    for name, game in games.items():
        d = game.dynamics
        assert isinstance(d, dy.Dynamics), name
        for h in range(2):
            expected = dy.expected_next_value(dense, h, values)
            got = dy.lift(d, dy.expected_next_value(d, h, values), axis=1)
            np.testing.assert_allclose(got, expected, **TIGHT, err_msg=name)
            np.testing.assert_allclose(
                dy.lift(d, dy.rewards(d, h), axis=1), dy.rewards(dense, h), **TIGHT, err_msg=name
            )
            weights = occupancy.reshape(-1, *(1,) * len(d.num_actions)) * joint
            np.testing.assert_allclose(
                dy.push(d, h, dy.aggregate(d, weights)), dy.push(dense, h, weights), **TIGHT
            )
            batch = np.stack([dy.aggregate(d, weights), 2 * dy.aggregate(d, weights)])
            np.testing.assert_allclose(
                dy.push(d, h, batch)[1], 2 * dy.push(dense, h, weights), **TIGHT
            )


@given(forms())
def test_marginals_are_the_sums_that_they_stand_for(drawn):
    rng, games = drawn
    policies = random_policies(rng, games["dense"])
    joint = joint_policy(policies)
    n = len(policies)
    letters = "abcd"[:n]
    table = dy.rewards(games["dense"].dynamics, 0)
    full = np.einsum(f"is{letters},s{letters}->is", table, joint)
    for name, game in games.items():
        d = game.dynamics
        r = dy.rewards(d, 0)
        np.testing.assert_allclose(expect_joint(d, r, joint), full, **TIGHT, err_msg=name)
        for i in range(n):
            own = expect_others(d, r, policies, i)
            assert own.shape == (n, d.num_states, d.num_actions[i])
            np.testing.assert_allclose(np.einsum("psa,sa->ps", own, policies[i]), full, **TIGHT)


@given(forms())
def test_latent_kernel_is_the_policys_transitions_seen_through_the_latents(drawn):
    rng, games = drawn
    joint = joint_policy(random_policies(rng, games["dense"]))
    for name, game in games.items():
        d = game.dynamics
        for h in range(2):
            kernel = d.latent_kernel(h, joint)
            kernel = kernel if isinstance(kernel, np.ndarray) else kernel.toarray()
            through = expect_joint(d, d.mix(h, np.eye(d.num_latents)), joint)  # (k', s)
            expected = d.latent_values(h, through).T
            np.testing.assert_allclose(kernel, expected, **TIGHT, err_msg=name)


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("name", FORMS)
def test_sampled_next_states_have_the_right_frequencies(name, uniform):
    games = forms_of_block_game(np.random.default_rng(0), steps=2, horizon=2, uniform=uniform)
    d, dense = games[name].dynamics, games["dense"].dynamics
    count = 40_000
    steps, states, actions = np.full(count, 1), np.full(count, 4), np.tile([1, 2], (count, 1))
    probabilities = dense.transitions[1, 4, 1, 2]
    rng = np.random.default_rng(1)
    for h in (1, steps):
        drawn = d.sample_next(h, states, actions, rng=rng)
        frequencies = np.bincount(drawn, minlength=d.num_states) / count
        assert (frequencies[probabilities == 0] == 0).all()
        error = np.sqrt(probabilities * (1 - probabilities) / count)
        assert (np.abs(frequencies - probabilities) <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("name", FORMS)
def test_a_mixed_batch_goes_where_each_row_can_go(name):
    games = forms_of_block_game(np.random.default_rng(3), steps=3, horizon=3)
    d, dense = games[name].dynamics, games["dense"].dynamics
    rng = np.random.default_rng(4)
    steps = rng.integers(3, size=500)
    states = rng.integers(9, size=500)
    actions = np.stack([rng.integers(2, size=500), rng.integers(3, size=500)], axis=1)
    drawn = d.sample_next(steps, states, actions, rng=rng)
    assert (dense.transitions[steps, states, actions[:, 0], actions[:, 1], drawn] > 0).all()
    again = d.sample_next(steps, states, actions, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(
        again, d.sample_next(steps, states, actions, rng=np.random.default_rng(5))
    )
    paid = dy.rewards_at(d, steps, states, actions)
    table = dense.reward_table[:, steps, states, actions[:, 0], actions[:, 1]]
    np.testing.assert_allclose(paid, table, **TIGHT)


def test_signed_measures_are_sampled_from_their_products():
    features = np.array([[[0.5, 0.5]], [[1.0, 0.0]]])[:, None]  # s a_1 a_2 d
    measures = np.array([[0.5, 0.5], [1.2, -0.2]])
    d = dy.FactoredDynamics(features, measures, np.zeros((2, 2)))
    assert not d.is_mixture
    count = 20_000
    zeros = np.zeros((count, 2), dtype=int)
    drawn = d.sample_next(0, np.zeros(count, dtype=int), zeros, rng=np.random.default_rng(0))
    assert abs(drawn.mean() - 0.15) < 5 * np.sqrt(0.15 * 0.85 / count)


def test_draws_spend_one_number_each_and_skip_impossible_entries():
    table = np.array([[0.0, 0.3, 0.0, 0.7, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]])
    sampler = RowSampler.of_table(table)
    rows = np.zeros(1000, dtype=int)
    u = np.random.default_rng(7).random(1000)
    drawn = sampler.draw(rows, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(drawn, np.where(u < 0.3, 1, 3))
    assert (sampler.draw(rows + 1, rng=np.random.default_rng(7)) == 5).all()


def test_ragged_rows_draw_as_full_rows_do():
    rng = np.random.default_rng(0)
    table = rng.dirichlet(np.ones(6), size=5) * (rng.random((5, 6)) < 0.6)
    table[:, 2] += 0.1
    table /= table.sum(1, keepdims=True)
    mask = table > 0
    ragged = RowSampler.of_ragged(table[mask], np.r_[0, np.cumsum(mask.sum(1))])
    rows = rng.integers(5, size=400)
    columns = np.nonzero(mask)[1][ragged.draw(rows, rng=np.random.default_rng(1))]
    full = RowSampler.of_table(table).draw(rows, rng=np.random.default_rng(1)) % 6
    np.testing.assert_array_equal(columns, full)
