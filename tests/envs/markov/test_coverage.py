"""Concentrability against brute force: every deterministic deviation of tiny games."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs import solve
from mail_envs.markov import MarkovGame, TableFeatures, concentrability
from mail_envs.markov.coverage import steering
from mail_envs.markov.tabular import policy_tables
from tests.envs.markov.brute_coverage import (
    attained,
    brute_force,
    coarse_game,
    coarse_policies,
    deviations,
    occupancies,
    ratios,
)
from tests.strategies import seeds

KINDS = ("all_policy", "mean", "rayleigh", "trace")
SHAPES = [  # states, actions, horizon
    (3, (2, 2), 2),
    (2, (2, 2), 3),
    (2, (3, 2), 2),
    (2, (1, 2), 4),
    (3, (1, 3), 1),
    (2, (2, 1, 2), 2),
    (3, (2, 3), None),
    (4, (2, 2), None),
    (2, (2, 2, 2), None),
    (1, (2, 2), None),
]


@st.composite
def tiny_games(draw, *, zero_sum=False):
    """A game, experts, and a generator for the rest."""
    rng = np.random.default_rng(draw(seeds))
    states, actions, horizon = draw(
        st.sampled_from(SHAPES if not zero_sum else SHAPES[:3] + SHAPES[6:8])
    )
    steps = horizon if horizon and draw(st.booleans()) else 1
    discount = None if horizon else draw(st.sampled_from([0.0, 0.5, 0.9]))
    options = {"horizon": horizon, "discount": discount, "steps": steps, "zero_sum": zero_sum}
    game = coarse_game(rng, states=states, actions=actions, **options)
    per_step = horizon is not None and draw(st.booleans())
    return game, coarse_policies(rng, game, per_step=per_step), rng


def one_hot(*shape):
    return np.eye(int(np.prod(shape))).reshape(*shape, -1)


def draw_features(game, rng, kind):
    """What `concentrability` is given, and what brute force is."""
    s, d = game.num_states, int(rng.integers(1, 4))
    if kind == "own":
        tables = [np.round(2 * rng.normal(size=(s, a, d))) / 2 for a in game.num_actions]
        return [TableFeatures(table) for table in tables], {"own": tables}
    if kind == "one-hot":
        return "one-hot", {"own": [one_hot(s, a) for a in game.num_actions]}
    if kind == "joint":
        return "joint", {"joint": one_hot(s, *game.num_actions)[None]}
    steps = game.horizon if game.horizon and rng.random() < 0.5 else 1
    table = np.round(2 * rng.normal(size=(steps, s, *game.num_actions, d))) / 2
    return table if steps > 1 else table[0], {"joint": table}


def pairs(game):
    players = range(game.num_players)
    return [(i, j) for i in players for j in players if i != j]


def entries(report, kind, i, j):
    return [e for e in getattr(report, kind).entries if (e.imitated, e.deviator) == (i, j)]


kinds_of_features = st.sampled_from(["own", "one-hot", "joint", "array"])


@given(tiny_games(), kinds_of_features)
@settings(max_examples=60)
def test_exact_coefficients_equal_enumeration(drawn, kind):
    game, policies, rng = drawn
    given_features, features = draw_features(game, rng, kind)
    report = concentrability(game, policies, features=given_features)
    for i, j in pairs(game):
        expected = brute_force(game, policies, i, j, **features)
        for name, values in zip(KINDS, expected, strict=True):
            found = entries(report, name, i, j)
            assert all(e.exact for e in found)
            np.testing.assert_allclose([e.value for e in found], values, rtol=1e-9, atol=1e-11)
            assert [e.step for e in found] == (
                list(range(game.horizon)) if game.horizon else [None]
            )


@given(tiny_games(), kinds_of_features)
@settings(max_examples=60)
def test_without_enumeration_the_interval_holds_what_enumeration_finds(drawn, kind):
    game, policies, rng = drawn
    given_features, features = draw_features(game, rng, kind)
    report = concentrability(game, policies, features=given_features, enumeration_limit=0)
    for i, j in pairs(game):
        expected = brute_force(game, policies, i, j, **features)
        for name, values in zip(KINDS, expected, strict=True):
            for e, value in zip(entries(report, name, i, j), values, strict=True):
                assert e.lower <= value * (1 + 1e-9) + 1e-11
                assert value <= e.upper * (1 + 1e-9) + 1e-11
                assert e.exact or name in ("mean", "rayleigh")


@given(tiny_games(), kinds_of_features, st.sampled_from([0, 20_000]))
@settings(max_examples=60)
def test_witnesses_attain_the_lower_bound(drawn, kind, limit):
    game, policies, rng = drawn
    given_features, features = draw_features(game, rng, kind)
    report = concentrability(game, policies, features=given_features, enumeration_limit=limit)
    for i, j in pairs(game):
        for row, name in enumerate(KINDS):
            for t, e in enumerate(entries(report, name, i, j)):
                assert e.witness.player == j
                deviating = [*policies[:j], e.witness, *policies[j + 1 :]]
                value = attained(game, policies, deviating, i, **features)[row, t]
                if name == "all_policy" and e.lower == 1:  # no deviation beats none
                    assert value <= 1 + 1e-9
                else:
                    np.testing.assert_allclose(value, e.lower, rtol=1e-9, atol=1e-11)


@given(tiny_games(zero_sum=True))
@settings(max_examples=40)
def test_single_policy_is_enumeration_over_what_has_the_best_value(drawn):
    game, _, _ = drawn
    experts = solve(game).policies
    report = concentrability(game, experts)
    visits = occupancies(game, policy_tables(game, experts))
    for i, j in pairs(game):
        every = list(deviations(game, experts, j))
        worth = np.array([paid(game, d, j) for d in every])
        best = [d for d, w in zip(every, worth, strict=True) if w >= worth.max() - 1e-10]
        expected = max(1.0, *(ratios(occupancies(game, d), visits).max() for d in best))
        found = report.single_policy.at(imitated=i, deviator=j)
        np.testing.assert_allclose(found.value, expected, rtol=1e-8)
        np.testing.assert_allclose(
            paid(game, [*experts[:j], found.witness, *experts[j + 1 :]], j), worth.max(), atol=1e-9
        )


def paid(game, policies, player):
    """The return of one player, from occupancies: normalised if discounted."""
    tables = policy_tables(game, policies)
    total = 0.0
    for h, visits in enumerate(occupancies(game, tables)):
        weight = visits
        for table in tables:
            policy = table[min(h, len(table) - 1)]
            shape = (len(visits), *(1,) * (weight.ndim - 1), policy.shape[-1])
            weight = weight[..., None] * policy.reshape(shape)
        rewards = game.dynamics.reward_table[player]
        total += float((weight * rewards[min(h, len(rewards) - 1)]).sum())
    return total


def larger_game(seed, **duration):
    rng = np.random.default_rng(seed)
    game = coarse_game(rng, states=12, actions=(2, 2), **duration)
    features = [TableFeatures(rng.normal(size=(12, 2, 4))) for _ in range(2)]
    return game, [np.full((12, 2), 0.5)] * 2, features


@pytest.mark.parametrize("duration", [{"horizon": 5}, {"discount": 0.9}])
def test_games_beyond_enumeration_give_intervals_that_say_so(duration):
    game, policies, features = larger_game(3, **duration)
    report = concentrability(game, policies, features=features, enumeration_limit=100)
    assert not report.rayleigh.exact
    assert not report.mean.exact
    assert report.rayleigh.lower < report.rayleigh.upper <= report.trace.value
    assert report.rayleigh.upper <= report.all_policy.value * (1 + 1e-9)
    assert 0 < report.mean.lower < report.mean.upper <= report.rayleigh.upper
    e = report.rayleigh.overall
    deviating = [e.witness if j == e.deviator else p for j, p in enumerate(policies)]
    own = {"own": [f.table for f in features]}
    value = attained(game, policies, deviating, e.imitated, **own)[2, e.step or 0]
    np.testing.assert_allclose(value, e.lower, rtol=1e-9)


@pytest.mark.parametrize("duration", [{"horizon": 4}, {"discount": 0.9}])
def test_pieces_sweeps_and_rounds_change_nothing(duration, monkeypatch):
    game, policies, features = larger_game(5, **duration)

    def values():
        report = concentrability(game, policies, features=features, enumeration_limit=0)
        kinds = (report.all_policy, report.single_policy, report.trace, report.rayleigh)
        return [e.lower for kind in kinds for e in kind.entries]

    plain = values()
    monkeypatch.setattr(steering, "BATCH", 1)
    monkeypatch.setattr(steering, "LARGE", 1)
    monkeypatch.setattr(steering, "FEW", 0)
    monkeypatch.setattr("mail_envs.markov.coverage.moments.BATCH", 1)
    monkeypatch.setattr("mail_envs.markov.coverage.deviations.CHUNK", 1)
    np.testing.assert_allclose(values(), plain, rtol=1e-10)


def test_the_number_of_candidates_depends_on_where_a_deterministic_game_leads():
    # a ring of 40 states on which player 1 walks on or stays: 2^(40·12) policies, few occupancies
    ring = np.zeros((40, 1, 2, 40))
    ring[np.arange(40), 0, 0, np.arange(40)] = 1
    ring[np.arange(40), 0, 1, (np.arange(40) + 1) % 40] = 1
    rng = np.random.default_rng(0)
    features = [TableFeatures(rng.normal(size=(40, a, 3))) for a in (1, 2)]
    for duration in ({"horizon": 12}, {"discount": 0.9}):
        game = MarkovGame(ring, np.zeros((2, 40, 1, 2)), 0, **duration)
        half = [np.ones((40, 1)), np.full((40, 2), 0.5)]
        report = concentrability(game, half, features=features)
        assert report.rayleigh.exact
        assert report.mean.exact
