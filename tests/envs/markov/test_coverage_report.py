"""The report of concentrability: what it takes, what it says, how it looks, what it refuses."""

import dataclasses

import numpy as np
import pytest

from mail_envs import best_response, nash_gap
from mail_envs.errors import (
    GameTooLargeError,
    InvalidModelError,
    InvalidPolicyError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.markov import (
    Coefficient,
    Coefficients,
    Deviation,
    FunctionFeatures,
    MarkovGame,
    OneHotFeatures,
    TableFeatures,
    concentrability,
    marginalised_features,
)
from tests.strategies import linear_game, random_game, random_policies


def case(seed=0, **options):
    rng = np.random.default_rng(seed)
    game = random_game(rng, states=3, **options)
    return game, random_policies(rng, game), rng


def bounds(report):
    kinds = (report.all_policy, report.single_policy, report.mean, report.rayleigh, report.trace)
    return [(e.lower, e.upper) for kind in kinds for e in kind.entries]


def test_the_largest_of_intervals_is_an_interval_unless_one_is_above_all():
    def one(lower, upper, step):
        return Coefficient(lower, upper, imitated=0, deviator=1, step=step)

    kind = Coefficients((one(2.0, 2.0, 0), one(1.0, 3.0, 1), one(5.0, 5.0, 2)), num_players=2)
    assert (kind.value, kind.lower, kind.upper, kind.exact) == (5, 5, 5, True)
    assert kind.overall.step == 2
    assert str(kind.at(step=1)) == "[1, 3]"
    assert kind.witness is None
    wide = Coefficients((one(2.0, 2.0, 0), one(1.0, 3.0, 1)), num_players=2)
    assert (wide.value, wide.upper, wide.exact) == (2, 3, False)
    assert [c.upper for c in wide.per_step] == [2, 3]
    assert str(one(np.inf, np.inf, 0)) == "∞"
    assert "[2, 3]" in repr(wide)


def test_the_report_is_immutable_and_its_witnesses_are_policies():
    game, policies, _ = case(horizon=3)
    report = concentrability(game, policies)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.features = "other"
    witness = report.all_policy.witness
    with pytest.raises(ValueError, match="read-only"):
        witness.choices[...] = 0
    assert isinstance(witness, Deviation)
    assert witness.table.shape == (3, 3, 2)
    np.testing.assert_array_equal(np.asarray(witness), witness.table)
    playing = [witness if j == witness.player else p for j, p in enumerate(policies)]
    gap, plain = nash_gap(game, playing), nash_gap(game, policies)
    assert gap.values[witness.player] <= plain.best_responses[witness.player].value + 1e-12


def test_a_witness_plays_as_the_expert_after_its_step_and_where_no_deviation_comes():
    # states 0 -> 1 -> 2, and 3 which nobody reaches
    moves = np.eye(4)[[[1, 2], [2, 1], [2, 2], [3, 3]]][:, None]
    game = MarkovGame(moves, np.zeros((2, 4, 1, 2)), 0, horizon=4)
    expert = np.tile([0.75, 0.25], (4, 1))
    report = concentrability(game, [np.ones((4, 1)), expert])
    early = report.all_policy.at(imitated=0, step=1)
    assert early.value == 4
    assert early.state == 2
    table = early.witness.table
    assert table[0, 0].tolist() == [0, 1]
    np.testing.assert_array_equal(table[2:], [expert, expert])
    np.testing.assert_array_equal(table[:, 3], np.tile([0.75, 0.25], (4, 1)))


def test_the_table_for_people():
    game, policies, _ = case(seed=1, discount=0.9, horizon=None)
    report = concentrability(game, policies, enumeration_limit=0)
    lines = str(report).splitlines()
    assert lines[0] == f"concentrability of {game!r}"
    assert lines[1] == "experts visit: 3 states"
    assert lines[2] == "features: one-hot of (s, a_i)"
    assert "π_i" in lines[3]
    assert lines[5].split() == [
        *("imitated", "deviator", "reached", "all-policy", "single-policy"),
        *("mean", "Rayleigh", "trace"),
    ]
    assert [line.split()[0] for line in lines[6:]] == ["player_0", "player_1", "largest"]
    assert str(report.mean.overall) in lines[-1]


def test_features_by_name_by_map_by_agent_and_by_array_are_the_same():
    game, policies, _ = case(seed=2, horizon=2, actions=(2, 3))
    hot = [OneHotFeatures(3, a) for a in (2, 3)]
    tables = [np.eye(3 * a).reshape(3, a, -1) for a in (2, 3)]
    asked = [FunctionFeatures(lambda s, a, t=t: t[s, a], t.shape[-1]) for t in tables]
    expected = bounds(concentrability(game, policies))
    for features in (
        "one-hot",
        "own",
        hot,
        dict(zip(game.agents, hot, strict=True)),
        [TableFeatures(t) for t in tables],
        asked,
    ):
        found = bounds(concentrability(game, policies, features=features))
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    mine = MarkovGame(
        game.dynamics.transitions,
        game.dynamics.reward_table,
        game.initial_distribution,
        horizon=2,
        feature_maps=hot,
    )
    report = concentrability(mine, policies)
    assert report.features == "the game's own φ_i(s, a_i)"
    np.testing.assert_allclose(bounds(report), expected, rtol=1e-12)
    joint = concentrability(game, policies, features="joint")
    array = np.eye(18).reshape(3, 2, 3, 18)
    np.testing.assert_allclose(
        bounds(concentrability(game, policies, features=array)), bounds(joint), rtol=1e-12
    )
    steps = np.repeat(array[None], 2, axis=0)
    np.testing.assert_allclose(
        bounds(concentrability(game, policies, features=steps)), bounds(joint), rtol=1e-12
    )
    assert joint.features == "joint one-hot of (s, a)"
    assert joint.distribution == "states and joint actions as they are met"


def test_a_linear_game_has_joint_features_of_its_own():
    rng = np.random.default_rng(0)
    game = linear_game(rng)
    policies = random_policies(rng, game)
    own = concentrability(game, policies, features="joint")
    same = concentrability(game, policies, features=np.array(game.features[0]))
    assert own.features == "the game's joint φ(s, a)"
    assert bounds(own) == bounds(same)
    maps = [marginalised_features(game, policies, i) for i in range(2)]
    knowing = concentrability(game, policies, features=maps)
    assert knowing.features == "the given φ_i(s, a_i), which know the others' policies"


class Constant:
    """Keys that are zero: no feature at all."""

    dimension = 1

    def keys(self, observations, actions):
        return np.zeros(len(actions), dtype=np.uint64)


class Wrong:
    """Answers with other numbers, or fewer, than it says."""

    dimension = 3

    def __init__(self, number, length):
        self.number, self.length = number, length

    def __call__(self, observations, actions):
        return np.full((len(actions), self.length), self.number)


def test_the_key_zero_is_the_zero_vector():
    game, policies, _ = case()
    report = concentrability(game, policies, features=[Constant(), OneHotFeatures(3, 2)])
    assert report.trace.at(imitated=0).value == 0
    assert report.trace.at(imitated=1).value > 1


def test_policies_in_every_form():
    game, policies, _ = case()
    expected = bounds(concentrability(game, policies))
    by_name = dict(zip(game.agents, policies, strict=True))
    asked = [lambda states, masks, p=p: p[states] for p in policies]
    for given in (by_name, asked, np.array(policies)):
        assert bounds(concentrability(game, given)) == expected
    best = best_response(game, policies, 0).policy
    assert bounds(concentrability(game, [best, policies[1]]))


def test_refusals(monkeypatch):
    game, policies, rng = case()
    with pytest.raises(UnknownNameError, match=r"expected one of \('own', .*, came 'two-hot'"):
        concentrability(game, policies, features="two-hot")
    with pytest.raises(ShapeError, match=r"features: expected one of .*, came int"):
        concentrability(game, policies, features=3)
    with pytest.raises(ShapeError, match="features: expected 2, one for each"):
        concentrability(game, policies, features=[OneHotFeatures(3, 2)])
    with pytest.raises(UnknownAgentError, match=r"features: .*player_7"):
        concentrability(game, policies, features={"player_7": OneHotFeatures(3, 2)})
    with pytest.raises(ShapeError, match=r"features: expected shape \(1, 3, 2, 2, 5\)"):
        concentrability(game, policies, features=np.zeros((3, 2, 1, 5)))
    table = np.zeros((3, 2, 2, 1))
    table[1, 0, 0, 0] = np.nan
    with pytest.raises(InvalidModelError, match=r"features: .*at \(s=1, a_1=0, a_2=0, d=0\)"):
        concentrability(game, policies, features=table)
    with pytest.raises(ShapeError, match=r"features of player_0: expected shape \(6, 3\)"):
        concentrability(game, policies, features=[Wrong(0.0, 2)] * 2)
    with pytest.raises(
        InvalidModelError, match=r"features of player_0: .*came nan at \(B=0, d=0\)"
    ):
        concentrability(game, policies, features=[Wrong(np.nan, 3)] * 2)
    with pytest.raises(InvalidPolicyError, match="player_1"):
        concentrability(game, [policies[0], 2 * policies[1]])
    alone = random_game(rng, actions=(2,), zero_sum=False)
    with pytest.raises(InvalidModelError, match="at least two players, came one"):
        concentrability(alone, [np.full((4, 2), 0.5)])
    monkeypatch.setattr("mail_envs.markov.coverage.deviations.KERNEL_LIMIT", 17)
    with pytest.raises(GameTooLargeError, match=r"at most 17 .* player_0 reach, came 18 among 3"):
        concentrability(game, policies)
