"""Policies record each other: the same bytes however they are played, and any spaces."""

import numpy as np
import pytest

from mail_envs import connect_four_v0, tictactoe_v0
from mail_envs.errors import (
    ForeignResultsError,
    InvalidOptionError,
    InvalidPolicyError,
    OutOfOrderError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.protocols.asking import ask, uniform_policy
from mail_wrappers import Demonstrations, QueryBudget, RecordDemonstrations, record
from mail_wrappers.recording import RecordParallelDemonstrations
from tests.doubles import Script, always, in_order
from tests.recorded import Meeting, leaning, steady, walking

MEETING = {"walker": steady, "talker": "random", "late": leaning}
BOARD = {"player_0": "expert", "player_1": leaning}


def checksum(make, policies, **options):
    return record(make, policies, **{"episodes": 13, "seed": 3, **options}).checksum()


@pytest.mark.parametrize(
    ("make", "policies", "workers"),
    [(tictactoe_v0.raw_env, BOARD, 8), (Meeting, MEETING, 2)],
    ids=["aec", "parallel"],
)
def test_the_same_bytes_in_one_process_in_eight_and_in_batches(tmp_path, make, policies, workers):
    expected = checksum(make, policies)
    path = tmp_path / "store"
    for options in ({"batch": 4}, {"batch": 13}, {"workers": workers}, {"batch": 3, "to": path}):
        assert checksum(make, policies, **options) == expected, options
    assert Demonstrations.load(path).checksum() == expected
    assert checksum(make(), policies) == expected  # in one environment, again and again
    assert record(make, policies, episodes=20, seed=3).first(13).checksum() == expected
    assert checksum(make, policies, seed=4) != expected


def test_what_is_recorded_on_a_board():
    table = record(tictactoe_v0.raw_env, BOARD, episodes=6, seed=0)
    for agent, other in (("player_0", "player_1"), ("player_1", "player_0")):
        own = table.of(agent)
        assert (own.masks()[np.arange(len(own)), own.actions] == 1).all()
        assert (own.distributions[np.arange(len(own)), own.actions] > 0).all()
        for number, trajectory in enumerate(own.trajectories()):
            theirs = table.of(other).take(table.of(other).episodes == number)
            assert trajectory.terminations.tolist() == [False] * (len(trajectory) - 1) + [True]
            assert not trajectory.truncations.any()
            assert (trajectory.rewards[:-1] == 0).all()
            assert trajectory.rewards[-1] == -theirs.rewards[-1]
    mine = table.of("player_1")
    np.testing.assert_array_equal(mine.distributions, ask(leaning, mine.observations, mine.masks()))


def test_what_is_recorded_where_all_move_at_once():
    table = record(Meeting, MEETING, episodes=2, seed=0)
    walker, talker, late = (table.of(agent) for agent in table.agent_names)
    assert walker.steps.tolist() == [0, 1, 2] * 2
    assert talker.steps.tolist() == [0, 1, 2, 3, 4] * 2
    assert late.steps.tolist() == [2, 3, 4] * 2
    assert walker.rewards.tolist() == [1, 2, 3] * 2
    assert late.rewards.tolist() == [3, 4, 5] * 2
    assert walker.terminations.tolist() == [False, False, True] * 2
    assert talker.truncations.tolist() == [False] * 4 + [True] + [False] * 4 + [True]
    np.testing.assert_array_equal(walker.actions, -walker.observations)
    assert walker.action_masks is walker.distributions is None
    np.testing.assert_array_equal(talker.observations["place"][:3], walker.observations[:3])
    assert talker.observations["said"][1].shape == (10, 2)
    assert talker.actions.shape == (10, 2)
    assert set(late.actions) <= {1, 3}  # counted from the space's start
    assert (late.distributions[:, 1] == 0).all()
    assert late.observations.shape == (6, 2)


def test_pay_between_turns_belongs_to_the_last_decision():
    turns, pays = ["a", "b", "a", "b"], [{"a": 1, "b": 10}, {"a": 2}, {"b": 20}, {"a": 4, "b": 40}]
    table = record(Script(turns, pays), always(0), episodes=1, seed=0)
    assert table.of("a").rewards.tolist() == [1 + 2, 4]
    # What b is paid before its first turn belongs to no decision of its own.
    assert table.of("b").rewards.tolist() == [20, 40]
    turns = ["a", "b", "b", "b"]
    early = record(Script(turns, pays, deaths={1: ["a"]}), always(0), episodes=1, seed=0)
    assert early.of("a").rewards.tolist() == [1 + 2]
    assert early.of("a").terminations.tolist() == [True]
    assert table.of("b").truncations.tolist() == [False, True]


def test_a_recording_continues_where_it_was_left(tmp_path):
    path, options = tmp_path / "store", {"seed": 5, "batch": 4}
    whole = record(walking, "random", episodes=20, **options).checksum()
    for episodes in (7, 3, 20):
        table = record(walking, "random", episodes=episodes, to=path, resume=True, **options)
        assert len(table) == max(episodes, 7) * 20
    assert table.checksum() == whole
    with pytest.raises(ForeignResultsError, match="resume=True"):
        record(walking, "random", episodes=1, to=path, **options)


def test_experts_label_what_others_do():
    recorder = RecordDemonstrations(
        tictactoe_v0.raw_env(), ["player_0"], experts={"player_0": leaning}
    )
    recorder.reset()
    for action in (4, 0, 8, 2, 6):
        recorder.step(action)
    own = recorder.demonstrations.of("player_0")
    np.testing.assert_array_equal(own.distributions, ask(leaning, own.observations, own.masks()))
    assert recorder.demonstrations.of("player_1").distributions.shape == (0, 9)
    with pytest.raises(UnknownAgentError, match=r"experts: .*missing: \['player_1'\]"):
        RecordDemonstrations(tictactoe_v0.raw_env(), experts={"player_0": leaning})


def test_a_recorder_of_each_kind_and_of_noted_distributions():
    recorder = RecordDemonstrations(Meeting())
    assert isinstance(recorder, RecordParallelDemonstrations)
    assert recorder.demonstrations.agent_names == ("walker", "talker", "late")
    noted = RecordDemonstrations(tictactoe_v0.raw_env(), noted=True)
    noted.reset()
    with pytest.raises(
        OutOfOrderError, match="the decision of player_0: expected the distribution"
    ):
        noted.step(4)


def test_an_episode_left_early_is_kept_as_far_as_it_went(tmp_path):
    tables = []
    for options in ({}, {"to": tmp_path / "store"}):
        recorder = RecordDemonstrations(walking(), **options)
        for moves in (20, 3, 0, 20):
            recorder.reset()
            for _ in range(moves):
                recorder.step(1)
        recorder.close()
        tables.append(recorder.demonstrations)
    assert in_order(tables[0], "episodes").tolist() == [0] * 20 + [1] * 3 + [3] * 20
    assert not tables[0].of("a").truncations[10:12].any()
    assert tables[0].checksum() == tables[1].checksum()


def test_connect_four_against_random_play():
    table = record(connect_four_v0.raw_env, "random", episodes=4, seed=0, batch=4)
    assert table.of("player_0").observations.shape[1:] == (6, 7, 2)


WRONG = [
    (Script(["a"]), "random", {"batch": 2}, InvalidOptionError, "function that makes env"),
    (Script(["a"]), "random", {"workers": 2}, InvalidOptionError, "function that makes env"),
    (lambda: Script(["a"]), "random", {"workers": 2}, InvalidOptionError, "processes can import"),
    (3, "random", {}, InvalidOptionError, "an environment or its maker, came 3"),
    (
        walking,
        "random",
        {"episodes": -1},
        InvalidOptionError,
        "episodes: expected an integer of at",
    ),
    (walking, "random", {"workers": 0}, InvalidOptionError, "workers: expected an integer of at"),
    (walking, "best", {}, UnknownNameError, "the policy of a: expected 'random'"),
    (walking, {"a": "random"}, {}, UnknownAgentError, r"one for each of \['a', 'b'\]"),
    (walking, lambda seen, masks: masks * 1.0, {}, InvalidPolicyError, "the policy of a: "),
    (Meeting, {**MEETING, "walker": lambda seen, _: seen[1:]}, {}, ShapeError, "1 actions, came 0"),
    (Meeting, {**MEETING, "walker": lambda seen, _: 1j * seen}, {}, ShapeError, "action of walker"),
    (Meeting, {**MEETING, "walker": uniform_policy}, {}, ShapeError, "expected action masks"),
    (
        walking,
        "random",
        {"budget": 3},
        InvalidOptionError,
        "budget: expected a QueryBudget, came 3",
    ),
    (
        walking,
        "random",
        {"budget": QueryBudget(), "workers": 2},
        InvalidOptionError,
        "workers: expected 1 where there is a budget",
    ),
]


@pytest.mark.parametrize(("env", "policies", "options", "error", "message"), WRONG)
def test_mistakes_are_refused_where_they_enter(env, policies, options, error, message):
    with pytest.raises(error, match=message):
        record(env, policies, **{"episodes": 1, "seed": 0, **options})
