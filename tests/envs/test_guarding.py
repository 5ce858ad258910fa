"""One layer of checks against PettingZoo's three: the same answers, call by call."""

import pickle

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import example, given
from hypothesis import strategies as st
from pettingzoo.utils import wrappers
from pettingzoo.utils.env_logger import EnvLogger

from mail_envs import tictactoe_v0
from mail_envs.board import LineGame
from mail_envs.board.environments import LineGameEnv
from mail_envs.errors import IllegalActionError, MissingTruthError, OutOfOrderError, OutOfSpaceError
from mail_envs.guarding import GuardedEnv
from tests.doubles import Script, masks

HELD = ("agents", "rewards", "_cumulative_rewards", "terminations", "truncations", "infos")


@pytest.fixture(autouse=True)
def quiet():
    EnvLogger.suppress_output()
    yield
    EnvLogger.unsuppress_output()
    EnvLogger.flush()


def stock(env):
    """PettingZoo's own stack, as its classic games wear it."""
    env = wrappers.TerminateIllegalWrapper(env, illegal_reward=-1)
    env = wrappers.AssertOutOfBoundsWrapper(env)
    return wrappers.OrderEnforcingWrapper(env)


def drop():
    return LineGameEnv(LineGame(2, 3, 3, gravity=True))


def informed():
    """Four turns, masks in infos, an action space that agents share."""
    turns = ["a", "b", "a", "b"]
    return Script(turns, pays=[{"a": 2}], mask=lambda turn, agent: [1, turn % 2, 1], mask_in="info")


def called(function, *args):
    try:
        return function(*args), None
    except (AssertionError, AttributeError, KeyError, ValueError) as error:
        return None, error


def same(left, right):
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(np.all(left == right))


def check_same(theirs, ours, what):
    (value, error), (our_value, our_error) = theirs, ours
    assert (error is None) == (our_error is None), (what, error, our_error)
    if error is not None:
        assert isinstance(our_error, type(error)), what
        assert str(our_error).startswith(str(error)), what
    assert same(value, our_value), what


CALLS = st.one_of(
    st.just(("reset",)),
    st.tuples(st.just("step"), st.sampled_from([0, 0, 1, 1, 2, 2, None, None, 3, -1, "0", 1.0])),
    st.tuples(st.just("step"), st.sampled_from([np.int64(1), np.array(2), np.int64(7)])),
    st.just(("last",)),
    st.tuples(st.just("observe"), st.integers(0, 1)),
    st.tuples(st.just("attribute"), st.sampled_from([*HELD[:2], *HELD[3:], "num_agents"])),
)


@pytest.mark.parametrize("make", [drop, informed])
@given(calls=st.lists(CALLS, max_size=25))
@example(calls=[("reset",), ("step", np.int64(1)), ("step", None), ("step", None), ("last",)])
def test_it_answers_as_pettingzoos_three_wrappers_do(make, calls):
    theirs, ours = stock(make()), GuardedEnv(make())
    begun = False
    for name, *arguments in calls:
        if name == "attribute":
            answers = [called(getattr, env, *arguments) for env in (theirs, ours)]
        else:
            agents = theirs.possible_agents
            given = [agents[i] for i in arguments] if name == "observe" else arguments
            answers = [called(getattr(env, name), *given) for env in (theirs, ours)]
        check_same(*answers, (name, *arguments))
        begun = begun or name == "reset"
        if begun:
            for held in HELD:
                assert same(getattr(theirs, held), getattr(ours, held)), (held, name, arguments)
            assert not ours.agents or theirs.agent_selection == ours.agent_selection


@pytest.mark.parametrize("name", ["rewards", "agents", "agent_selection", "infos", "num_agents"])
def test_there_is_no_turn_before_reset(name):
    with pytest.raises(AttributeError, match=f"{name} cannot be accessed before reset"):
        getattr(GuardedEnv(drop()), name)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [("step", [0]), ("observe", ["player_0"]), ("render", []), ("state", []), ("agent_iter", [])],
)
def test_calls_before_reset_raise(call, arguments):
    with pytest.raises(OutOfOrderError, match=rf"reset\(\) needs to be called before {call}"):
        getattr(GuardedEnv(drop()), call)(*arguments)


def test_agents_are_named_once_a_step():
    env = GuardedEnv(drop())
    env.reset()
    turns = iter(env.agent_iter())
    assert next(turns) == "player_0"
    with pytest.raises(OutOfOrderError, match=r"need to call step\(\) or reset\(\) in a loop"):
        next(turns)
    env.step(0)
    assert next(turns) == "player_1"
    env.reset()
    assert next(turns) == "player_0"
    assert len(list(zip(env.agent_iter(max_iter=0), [1], strict=False))) == 0


def test_whole_games_pass_through():
    env, named = GuardedEnv(drop()), []
    env.reset()
    for agent in env.agent_iter():
        observation, _, terminated, _, _ = env.last()
        named.append(agent)
        env.step(None if terminated else int(np.argmax(observation["action_mask"])))
    assert named == [f"player_{turn % 2}" for turn in range(5 + 2)]  # the bottom row, the farewells
    assert env.agents == []


def test_an_illegal_action_loses_and_leaves_the_environment_beneath_alone():
    env = GuardedEnv(drop(), illegal_reward=-7.0)
    env.reset()
    for _ in range(3):
        env.step(1)
    assert env.rewards == {"player_0": -7.0, "player_1": 0.0}
    assert set(env.terminations.values()) == set(env.truncations.values()) == {True}
    assert not any(env.unwrapped.terminations.values())
    env.reset()
    assert not any(env.terminations.values())


def test_actions_outside_the_space_are_named():
    env = GuardedEnv(drop())
    env.reset()
    message = r"action is not in action space: expected one of Discrete\(3\) for player_0, came 3"
    with pytest.raises(OutOfSpaceError, match=message) as caught:
        env.step(3)
    assert isinstance(caught.value, IllegalActionError)
    env.step(1)
    with pytest.raises(OutOfSpaceError, match=r"for player_1, came \[1\]"):
        env.step([1])


def test_spaces_that_are_not_discrete_are_asked_themselves():
    env = Script(["a", "b", "a"], mask=masks([1, 0, 1]))
    env.action_spaces = dict.fromkeys(env.possible_agents, spaces.MultiDiscrete([3]))
    guarded = GuardedEnv(env)
    guarded.reset()
    guarded.step(np.array([2]))
    with pytest.raises(OutOfSpaceError, match=r"expected one of MultiDiscrete\(\[3\]\) for b"):
        guarded.step(np.array([3]))
    assert env.played[0][0] == "a"
    assert len(env.played) == 1


def test_an_environment_without_masks_is_refused():
    env = GuardedEnv(Script(["a", "b"]))
    env.reset()
    with pytest.raises(MissingTruthError, match="an action mask of a in its observation or info"):
        env.step(0)


def test_a_step_after_the_end_warns_and_does_nothing():
    env = GuardedEnv(drop())
    env.reset()
    env.step(0)
    env.step(0)
    env.step(0)
    env.step(None)
    env.step(None)
    EnvLogger.flush()
    env.step(0)
    assert "step() called after all agents are terminated" in EnvLogger.mqueue[-1]
    assert env.agents == []


def test_it_goes_by_the_name_of_what_it_guards():
    env = pickle.loads(pickle.dumps(tictactoe_v0.env(render_mode="ansi")))  # noqa: S301 - our bytes
    assert str(env) == str(env.unwrapped) == "tictactoe_v0"
    env.reset()
    env.step(0)
    assert env.render() == "[X]| . | . \n---+---+---\n . | . | . \n---+---+---\n . | . | . \n"
    with pytest.raises(NotImplementedError):
        env.state()
