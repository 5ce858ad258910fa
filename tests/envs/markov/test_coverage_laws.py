"""Laws of concentrability: identities, orderings, infinity, symmetries, and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs.errors import GameTooLargeError
from mail_envs.markov import (
    BlockDynamics,
    FactoredDynamics,
    FunctionFeatures,
    MarkovGame,
    OneHotFeatures,
    TableFeatures,
    concentrability,
)
from mail_envs.markov.dynamics import lift
from mail_envs.markov.evaluation import occupancy, product
from mail_envs.markov.tabular import policy_tables
from tests.envs.markov.brute_coverage import coarse_game, coarse_policies, coarse_rows
from tests.strategies import (
    EITHER,
    forms_of_block_game,
    markov_games,
    random_policies,
    random_rows,
    seeds,
)

ALL = ("all_policy", "single_policy", "mean", "rayleigh", "trace")
TIGHT = {"rtol": 1e-9, "atol": 1e-11}


def bounds(report, *, kinds=ALL):
    """Every bound of a report: `(entries, 2)`."""
    return np.array([(e.lower, e.upper) for k in kinds for e in getattr(report, k).entries])


@given(markov_games(players=st.integers(2, 3), zero_sum=False), seeds, EITHER)
@settings(max_examples=60)
def test_one_hot_identities(game, seed, per_step):
    rng = np.random.default_rng(seed)
    policies = random_policies(rng, game, per_step=per_step and game.horizon is not None)
    report = concentrability(game, policies, features="one-hot")
    np.testing.assert_allclose(
        bounds(report, kinds=["rayleigh"]), bounds(report, kinds=["all_policy"]), **TIGHT
    )
    expert = np.atleast_2d(occupancy(game, product(policy_tables(game, policies))))
    for e in report.mean.entries:
        if e.lower < np.inf:
            playing = list(policies)
            playing[e.deviator] = e.witness
            there = np.atleast_2d(occupancy(game, product(policy_tables(game, playing))))
            met = expert[e.step or 0] > 0
            share = np.square(there[e.step or 0][met]) / expert[e.step or 0][met]
            np.testing.assert_allclose(e.lower, share.sum(), **TIGHT)


@given(
    markov_games(zero_sum=False),
    seeds,
    st.sampled_from(["own", "joint", "one-hot", "joint one-hot"]),
)
@settings(max_examples=80)
def test_orderings(game, seed, kind):
    rng = np.random.default_rng(seed)
    policies = random_policies(rng, game)
    d = int(rng.integers(1, 5))
    shape = (game.num_states, *game.num_actions, d)
    features = {
        "own": [TableFeatures(rng.normal(size=(shape[0], a, d))) for a in game.num_actions],
        "joint": rng.normal(size=shape),
        "one-hot": "one-hot",
        "joint one-hot": "joint",
    }[kind]
    size = {"own": d, "joint": d, "one-hot": shape[0] * max(game.num_actions)}
    size["joint one-hot"] = int(np.prod(shape[:-1]))
    report = concentrability(game, policies, features=features, enumeration_limit=300)
    more = 1 + 1e-9
    every = zip(*(getattr(report, k).entries for k in ALL), strict=True)
    for states, single, mean, rayleigh, trace in every:
        assert 1 <= single.value <= states.value * more
        assert states.exact
        assert single.exact
        assert trace.exact
        assert mean.lower <= mean.upper
        assert rayleigh.lower <= rayleigh.upper
        assert mean.upper <= trace.value * more
        assert rayleigh.upper <= trace.value * more
        if mean.exact:
            assert mean.value <= rayleigh.upper * more
        if rayleigh.exact:
            assert trace.value <= size[kind] * rayleigh.value * more
        if kind in ("own", "one-hot"):
            assert rayleigh.upper <= states.value * more


@given(markov_games(zero_sum=False, max_states=3, max_actions=2, max_horizon=2), seeds)
@settings(max_examples=60)
def test_relabelling_states_changes_no_coefficient(game, seed):
    rng = np.random.default_rng(seed)
    policies = random_policies(rng, game)
    tables = [rng.normal(size=(game.num_states, a, 2)) for a in game.num_actions]
    old = rng.permutation(game.num_states)
    d = game.dynamics
    relabelled = MarkovGame(
        np.take(np.take(d.transitions, old, axis=1), old, axis=-1),
        np.take(d.reward_table, old, axis=2),
        game.initial_distribution[old],
        horizon=game.horizon,
        discount=game.discount,
    )
    moved = concentrability(
        relabelled, [p[old] for p in policies], features=[TableFeatures(t[old]) for t in tables]
    )
    report = concentrability(game, policies, features=[TableFeatures(t) for t in tables])
    np.testing.assert_allclose(bounds(moved), bounds(report), rtol=1e-7, atol=1e-9)


@given(seeds, st.sampled_from([(3, None), (None, 0.9)]), EITHER)
@settings(max_examples=30)
def test_coefficients_do_not_depend_on_the_basis_of_the_features(seed, duration, joint):
    rng = np.random.default_rng(seed)
    game = coarse_game(rng, states=3, actions=(2, 2), horizon=duration[0], discount=duration[1])
    policies = coarse_policies(rng, game)
    change = rng.normal(size=(3, 3)) + 3 * np.eye(3)
    change *= [1e-4, 1.0, 1e4]
    if joint:
        one = np.round(2 * rng.normal(size=(3, 2, 2, 3)))
        other = one @ change
    else:
        tables = [np.round(2 * rng.normal(size=(3, 2, 3))) for _ in range(2)]
        one, other = ([TableFeatures(t @ m) for t in tables] for m in (np.eye(3), change))
    first, second = (concentrability(game, policies, features=f) for f in (one, other))
    np.testing.assert_allclose(bounds(second), bounds(first), rtol=1e-6, atol=1e-9)


@given(
    seeds, st.sampled_from([(3, None), (None, 0.9)]), st.sampled_from([(2, 3), (2, 2, 2)]), EITHER
)
@settings(max_examples=25)
def test_all_forms_agree(seed, duration, actions, per_step):
    rng = np.random.default_rng(seed)
    horizon, discount = duration
    steps = 3 if horizon and per_step else 1
    games = forms_of_block_game(
        rng,
        horizon=horizon,
        discount=discount,
        actions=actions,
        steps=steps,
        states=6,
        zero_sum=False,
    )
    policies = random_policies(rng, games["dense"], per_step=per_step and horizon is not None)
    kinds = ("all_policy", "single_policy", "rayleigh", "trace")
    reports = {
        name: concentrability(game, policies, features="one-hot", enumeration_limit=0)
        for name, game in games.items()
    }
    for name, report in reports.items():
        found, expected = (bounds(r, kinds=kinds) for r in (report, reports["dense"]))
        np.testing.assert_allclose(found, expected, rtol=1e-8, err_msg=name)
        assert report.counted == "states"


@given(seeds, st.sampled_from([(3, None), (None, 0.9)]), EITHER, EITHER, EITHER)
@settings(max_examples=40)
def test_block_games_have_the_coefficients_of_their_blocks(seed, duration, uniform, emitted, joint):
    rng = np.random.default_rng(seed)
    horizon, discount = duration
    games = forms_of_block_game(
        rng,
        horizon=horizon,
        discount=discount,
        actions=(2, 2),
        uniform=uniform,
        states=7,
        zero_sum=False,
    )
    block = games["block"].dynamics
    start = random_rows(rng, 3)[block.blocks] * block.emission if emitted else random_rows(rng, 7)
    policies = [lift(block, random_rows(rng, 3, 2, support=0.7)) for _ in range(2)]
    features = "joint" if joint else [OneHotFeatures(7, 2, blocks=block.blocks)] * 2
    table = np.eye(12).reshape(3, 2, 2, 12)[block.blocks]
    reports = [
        concentrability(
            MarkovGame.from_dynamics(
                games[form].dynamics, start, horizon=horizon, discount=discount
            ),
            policies,
            features=table if joint and form == "dense" else features,
        )
        for form in ("block", "dense")
    ]
    on_blocks = emitted or horizon is not None
    assert [r.counted for r in reports] == ["blocks" if on_blocks else "states", "states"]
    np.testing.assert_allclose(*(bounds(r, kinds=ALL[:2]) for r in reports), rtol=1e-8)
    np.testing.assert_allclose(*(bounds(r, kinds=ALL[3:]) for r in reports), rtol=1e-8)
    small, large = (bounds(r, kinds=["mean"]) for r in reports)  # the blocks may know more
    assert (small[:, 0] <= large[:, 1] * (1 + 1e-9)).all()
    assert (large[:, 0] <= small[:, 1] * (1 + 1e-9)).all()
    for e in reports[0].all_policy.entries:  # on blocks, the witness is alike within them
        assert e.witness.table.shape == ((3,) if horizon else ()) + (7, 2)


def test_large_block_games_are_computed_on_blocks_and_others_refused():
    rng = np.random.default_rng(0)
    blocks = np.arange(20_000) % 4
    latent, payoffs = random_rows(rng, 4, 2, 2, 4), rng.normal(size=(2, 4, 2, 2))
    dynamics = BlockDynamics(latent, payoffs, blocks)
    game = MarkovGame.from_dynamics(dynamics, dynamics.emission / 4, discount=0.9)
    coarse = [random_rows(rng, 4, 2) for _ in range(2)]
    report = concentrability(game, [lift(dynamics, p) for p in coarse])
    expected = concentrability(game.by_block, coarse)
    np.testing.assert_array_equal(bounds(report), bounds(expected))
    assert report.all_policy.witness.table.shape == (20_000, 2)
    assert (report.visited, report.counted) == (4, "blocks")
    with pytest.raises(GameTooLargeError, match=r"20000 states.*alike within blocks"):
        concentrability(game, random_policies(rng, game))
    with pytest.raises(GameTooLargeError, match="20000 states"):
        concentrability(game, [lift(dynamics, p) for p in coarse], features="one-hot")


def test_signed_measures_leave_no_dust_where_nothing_comes():
    # state 2 has probability φᵀM = 0 only because terms cancel
    phi = np.array(
        [[[[0.3, 0.7], [0.7, 0.3]]], [[[0.2, 0.8], [0.9, 0.1]]], [[[1.0, 0.0], [0.0, 1.0]]]]
    )
    plain = FactoredDynamics(phi, [[0.1, 0.9, 0.0], [0.6, 0.4, 0.0]], np.zeros((2, 2)))
    turn = np.array([[0.3, 1.7], [-1.1, 0.4]])
    turned = FactoredDynamics(
        phi @ turn, np.linalg.solve(turn, plain.measures[0]), np.zeros((2, 2))
    )
    assert not turned.is_mixture
    policies = [np.ones((3, 1)), np.full((3, 2), 0.5)]
    reports = []
    for dynamics in (plain, turned):
        for duration in ({"horizon": 4}, {"discount": 0.9}):
            game = MarkovGame.from_dynamics(dynamics, [0.5, 0.5, 0], **duration)
            report = concentrability(game, policies, features="joint")
            assert report.reached == (2, 2)
            reports.append(bounds(report))
    np.testing.assert_allclose(reports[0], reports[2], rtol=1e-8)
    np.testing.assert_allclose(reports[1], reports[3], rtol=1e-8)


def walk(steps, *, features=None, policy=(1.0, 0.0), duration=None):
    """Player 1 alone moves: `steps[s][a]` is where it comes from s; starts in 0."""
    following = np.array(steps)
    transitions = np.eye(len(following))[following][:, None]
    game = MarkovGame(
        transitions, np.zeros((2, *transitions.shape[:-1])), 0, **(duration or {"horizon": 2})
    )
    policies = [np.ones((len(following), 1)), np.tile(policy, (len(following), 1))]
    chosen = "own"
    if features is not None:
        own = np.array(features, dtype=float).reshape(len(following), 1, -1)
        chosen = [TableFeatures(own), TableFeatures(np.repeat(own, 2, axis=1))]
    return concentrability(game, policies, features=chosen)


@pytest.mark.parametrize("duration", [{"horizon": 2}, {"discount": 0.5}])
def test_a_state_that_no_expert_visits_makes_everything_infinite(duration):
    report = walk([[0, 1], [1, 1]], duration=duration)
    for kind in ALL:
        e = getattr(report, kind).at(imitated=0)
        assert e.value == e.upper == np.inf
        assert e.exact
        assert e.witness.table.reshape(-1, 2, 2)[0, 0].tolist() == [0, 1]
        assert str(e) == "∞"
        assert getattr(report, kind).at(imitated=1).value in (1, 2)  # two actions, one of them met
    assert report.all_policy.at(imitated=0).state == 1
    assert (report.visited, report.reached) == (1, (1, 2))


def test_features_in_the_span_of_visited_ones_are_finite_where_states_are_not():
    # state 1 is never visited, but has twice the features of state 0
    report = walk([[0, 1], [1, 1]], features=[[1.0, 2.0], [2.0, 4.0]]).rayleigh.at(imitated=0)
    assert report.exact
    assert report.value == pytest.approx(4)
    outside = walk([[0, 1], [1, 1]], features=[[1.0, 2.0], [2.0, 3.0]])
    assert outside.rayleigh.at(imitated=0).value == np.inf
    assert outside.mean.at(imitated=0).value == np.inf


def test_means_may_stay_where_features_do_not():
    # a1 leads to 1 or 2 alike, whose features are opposite beyond what the expert sees
    transitions = np.zeros((3, 1, 2, 3))
    transitions[:, 0, 0, 0] = 1
    transitions[:, 0, 1, 1:] = 0.5
    game = MarkovGame(transitions, np.zeros((2, 3, 1, 2)), 0, horizon=2)
    own = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, -1.0]])[:, None]
    features = [TableFeatures(own), TableFeatures(np.repeat(own, 2, axis=1))]
    report = concentrability(
        game, [np.ones((3, 1)), np.tile([1.0, 0.0], (3, 1))], features=features
    )
    last = {k: getattr(report, k).at(imitated=0, step=1) for k in ALL}
    assert last["rayleigh"].value == last["trace"].value == np.inf
    assert last["mean"].exact
    assert last["mean"].value == pytest.approx(1)
    assert (last["rayleigh"].witness.table[0, 0] == [0, 1]).all()


def test_features_that_are_zero_wherever_the_expert_is():
    report = walk([[0, 1], [1, 1]], features=[[0.0], [1.0]])
    assert report.mean.at(imitated=0).value == np.inf
    nothing = walk([[0, 1], [1, 1]], features=[[0.0, 0.0], [0.0, 0.0]])
    assert nothing.trace.at(imitated=0).value == 0
    assert nothing.rayleigh.value == nothing.mean.value == 0
    both = walk([[0, 1], [1, 1]], features=[[0.0, 0.0], [1.0, 1.0]])
    assert both.mean.at(imitated=0).value == both.trace.at(imitated=0).value == np.inf
    assert both.mean.at(imitated=0, step=0).value == 0


def test_joint_arrays_on_block_games():
    rng = np.random.default_rng(0)
    games = forms_of_block_game(rng, actions=(2, 2), states=6, zero_sum=False)
    block = games["block"].dynamics
    policies = [lift(block, random_rows(rng, 3, 2)) for _ in range(2)]
    alike = rng.normal(size=(3, 2, 2, 2))[block.blocks]
    for features, counted in ((alike, "blocks"), (rng.normal(size=(6, 2, 2, 2)), "states")):
        reports = [
            concentrability(games[form], policies, features=features) for form in ("block", "dense")
        ]
        assert [r.counted for r in reports] == [counted, "states"]
        np.testing.assert_allclose(*(bounds(r, kinds=["trace"]) for r in reports), rtol=1e-8)
    apart = [FunctionFeatures(lambda s, a: np.stack([s, a], axis=1) + 1.0, 2)] * 2
    assert concentrability(games["block"], policies, features=apart).counted == "states"


@pytest.mark.parametrize("rare", [1e-6, 1e-12])
def test_rare_visits_make_coefficients_large_and_not_infinite(rare):
    for features in (None, [[1.0, 0.5], [-0.5, 1.0]]):
        report = walk([[0, 1], [0, 1]], features=features, policy=(1 - rare, rare))
        assert report.all_policy.at(imitated=0).value == pytest.approx(1 / rare)
        assert report.rayleigh.at(imitated=0).value == pytest.approx(1 / rare, rel=1e-3)
        assert report.rayleigh.at(imitated=0).exact


def test_players_who_stay_matter_for_their_own_features_only():
    # player 2 moves everybody; players 0 and 1 see it, 2 does not deviate from its own clone
    following = np.zeros((2, 1, 1, 2, 2))
    following[:, 0, 0, 0, 0] = following[:, 0, 0, 1, 1] = 1
    game = MarkovGame(following, np.zeros((3, 2, 1, 1, 2)), 0, horizon=2)
    report = concentrability(game, [np.ones((2, 1))] * 2 + [np.full((2, 2), [0.75, 0.25])])
    assert [c.value for c in report.all_policy.per_player] == [4, 4, 1]
    assert [c.value for c in report.all_policy.per_step] == [1, 4]
    with pytest.raises(LookupError, match="'imitated': 2, 'deviator': 2"):
        report.all_policy.at(imitated=2, deviator=2)


def lower_bound_game(x, y, *, good=0.0, actions=3):
    """Player 1 leads from 0 to 2 (else to 1) with x or y; at 2 player 0 must find its action 0."""
    transitions = np.zeros((5, actions, 2, 5))
    for b, share in enumerate((y, x)):
        transitions[0, :, b, 2], transitions[0, :, b, 1] = share, 1 - share
    transitions[2, 0, :, 3] = transitions[2, 1:, :, 4] = 1
    transitions[1, :, :, 1] = transitions[3, :, :, 3] = transitions[4, :, :, 4] = 1
    rewards = np.zeros((5, actions, 2))
    rewards[3], rewards[4] = good, -1
    return MarkovGame.zero_sum(transitions, rewards, 0, discount=0.9)


def lower_bound_experts(rho, actions=3):
    return np.tile(np.eye(actions)[0], (5, 1)), np.tile([1 - rho, rho], (5, 1))


@pytest.mark.parametrize("rho", [0.5, 0.25, 0.9, 1e-3, 1e-4])
def test_lower_bound_games_have_concentrability_one_over_rho(rho):
    report = concentrability(lower_bound_game(1, 0), lower_bound_experts(rho))
    expected = max(1 / rho, 1 / (1 - rho))
    for kind in (report.all_policy, report.single_policy, report.rayleigh):
        assert kind.at(imitated=0).value == pytest.approx(expected, rel=1e-9)
    # the other player can lead to where no expert is, but not as a best response
    assert report.all_policy.at(imitated=1).value == np.inf
    assert report.all_policy.at(imitated=1).state == 4
    assert report.single_policy.at(imitated=1).value == 1


@given(*(st.floats(0.05, 0.95) for _ in range(3)))
def test_the_dial_of_the_lower_bound_games(x, y, rho):
    d = rho * x + (1 - rho) * y
    expected = max(max(w / d, (1 - w) / (1 - d)) for w in (x, y))
    report = concentrability(lower_bound_game(x, y), lower_bound_experts(rho))
    assert report.all_policy.at(imitated=0).value == pytest.approx(expected, rel=1e-9)
    flat = concentrability(lower_bound_game(x, x), lower_bound_experts(rho))
    assert flat.all_policy.at(imitated=0).value == pytest.approx(1, abs=1e-12)


def test_lower_bound_games_without_visits_and_the_variant_that_separates():
    report = concentrability(lower_bound_game(1, 0), lower_bound_experts(0))
    assert report.all_policy.at(imitated=0).value == np.inf
    assert report.single_policy.at(imitated=0).value == np.inf
    separating = concentrability(lower_bound_game(1, 0, good=1.0), lower_bound_experts(0))
    assert separating.all_policy.at(imitated=0).value == np.inf
    assert separating.single_policy.at(imitated=0).value == 1
    assert separating.single_policy.value == 1


def test_experts_keep_their_own_support_where_they_are_no_best_responses():
    game = lower_bound_game(1, 0, good=1.0)  # b2 gives the other player 1 a step
    report = concentrability(game, lower_bound_experts(0.25))
    assert report.single_policy.at(imitated=0).value == pytest.approx(4)


@pytest.mark.parametrize("duration", [{"horizon": 4}, {"discount": 0.9}])
def test_tables_per_step_that_are_alike_are_the_game_without_steps(duration):
    rng = np.random.default_rng(0)
    transitions, rewards = coarse_rows(rng, 3, 2, 2, 3), rng.normal(size=(2, 3, 2, 2))
    policies = [coarse_rows(rng, 3, 2) for _ in range(2)]
    one = MarkovGame(transitions, rewards, 0, **duration)
    report = concentrability(one, policies)
    if "horizon" in duration:
        every = MarkovGame(
            np.repeat(transitions[None], 4, 0), np.repeat(rewards[:, None], 4, 1), 0, **duration
        )
        repeated = concentrability(every, [np.repeat(p[None], 4, 0) for p in policies])
        np.testing.assert_allclose(bounds(repeated), bounds(report), rtol=1e-12)
    again = concentrability(one, policies)
    np.testing.assert_array_equal(bounds(again), bounds(report))
    for kind in ALL:
        for a, b in zip(getattr(again, kind).entries, getattr(report, kind).entries, strict=True):
            assert a.witness.table.tobytes() == b.witness.table.tobytes()
