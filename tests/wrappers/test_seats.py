"""Seats of a view: whose turn it is to be seen, and agents that join late, leave, or never act."""

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common import env_checker

from mail_envs import tictactoe_v0
from mail_envs.errors import (
    AbsentAgentError,
    EpisodeOverError,
    InvalidOptionError,
    ShapeError,
    UnknownAgentError,
)
from mail_wrappers import SelfPlayEnv, SingleAgentEnv
from mail_wrappers.streams import foreign_seed
from tests.doubles import Rounds, Script, always


def played(env, *, action=0):
    """Rewards and ends of the rest of an episode."""
    rewards, over, ends = [], False, ()
    while not over:
        _, reward, *ends, _ = env.step(action)
        rewards.append(reward)
        over = any(ends)
    return rewards, tuple(ends)


# ---- seats


def test_seats_alternate_and_a_seed_begins_with_the_first_again():
    env = SingleAgentEnv(Script(["a", "b", "c"] * 2), "alternate")
    assert env.agent == "a"
    seats = [env.reset(seed=1)[1]["agent"]]
    for _ in range(4):
        info = env.reset()[1]
        assert info["agent"] == env.agent == env.step(0)[4]["agent"]
        seats.append(env.agent)
    assert seats == ["a", "b", "c", "a", "b"]
    assert env.reset(seed=1)[1]["agent"] == "a"


def test_seats_are_drawn_from_the_views_own_generator():
    env = SingleAgentEnv(Script(["a", "b"] * 2), "draw")

    def draws():
        env.reset(seed=3)
        return [env.reset()[1]["agent"] for _ in range(200)]

    assert draws() == draws()
    assert 60 < draws().count("a") < 140


def test_the_seat_decides_whose_reward_it_is():
    env = SingleAgentEnv(tictactoe_v0.raw_env(), "alternate", always_first)
    results = {}
    for _ in range(2):
        env.reset()
        results[env.agent] = sum(played(env, action=8)[0])  # the others take 0, 1, 2
    assert results == {"player_0": -1.0, "player_1": -1.0}  # illegal at the second step


def always_first(observations, masks):
    return np.eye(masks.shape[1])[masks.argmax(axis=1)]


@pytest.mark.parametrize("agent", ["alternate", "draw"])
def test_changing_seats_want_equal_spaces(agent):
    env = Script(["a", "b", "c"])
    env.action_spaces["c"] = spaces.Discrete(4)
    with pytest.raises(
        ShapeError, match=r"equal action spaces .* came Discrete\(3\) for a and Discrete\(4\) for c"
    ):
        SingleAgentEnv(env, agent)
    env.action_spaces["c"] = spaces.Discrete(3)
    env.observation_spaces["b"] = spaces.Discrete(2)
    with pytest.raises(ShapeError, match=r"equal observation spaces .* for a and .* for b"):
        SingleAgentEnv(env, agent)
    with pytest.raises(UnknownAgentError, match=r"each of \['a', 'b'\], came \['b'\]"):
        SingleAgentEnv(Script(["a", "b"]), agent, {"b": "random"})


@pytest.mark.parametrize("env", [None, 3, "mail_envs/TicTacToe-v0", spaces.Discrete(2)])
def test_what_is_no_environment_of_pettingzoo_is_refused(env):
    with pytest.raises(InvalidOptionError, match="expected a PettingZoo AECEnv or ParallelEnv"):
        SingleAgentEnv(env, "a")


@pytest.mark.parametrize("seed", [-1, 1.5, "0"])
def test_what_seeds_nothing_is_refused(seed):
    with pytest.raises(InvalidOptionError, match="expected None or an integer of at least 0"):
        SingleAgentEnv(Script(["a", "b"]), "a").reset(seed=seed)


@pytest.mark.filterwarnings(
    "ignore:It seems that your observation:UserWarning",  # small boards are no pictures
    "ignore:The minimal resolution for an image:UserWarning",
)
@pytest.mark.parametrize("agent", ["alternate", "draw"])
def test_changing_seats_keep_the_checkers_happy(agent):
    env_checker.check_env(SelfPlayEnv(tictactoe_v0.raw_env(), agent))


# ---- agents that come and go, in turn


@pytest.mark.parametrize("early", [1, 3])
def test_agents_may_join_late_and_are_paid_from_then_on(early):
    turns, pays = (
        ["a", "a", "b", "a", "b", "c", "a", "c"],
        [{"a": 1, "c": 10 + t} for t in range(8)],
    )
    beneath = Script(turns, pays, joins={early: ["c"]})
    env = SingleAgentEnv(beneath, "c")
    observation, _ = env.reset(seed=0)
    assert observation.tolist() == [5, 2]
    rewards, ends = played(env)
    assert sum(rewards) == beneath.paid["c"] == sum(10 + t for t in range(early + 1, 8))
    assert ends == (False, True)


def test_agents_may_leave_unsaid():
    beneath = Script(["a", "b", "b", "b"], [{"a": 1}, {"a": 2}, {"a": 4}], leaves={1: ["a"]})
    env = SingleAgentEnv(beneath, "a")
    env.reset()
    observation, reward, terminated, truncated, info = env.step(0)
    assert (reward, terminated, truncated) == (3.0, True, False)
    assert (observation.tolist(), info["agent"]) == ([0, 0], "a")
    assert len(beneath.played) == 2  # nobody plays on for nobody
    with pytest.raises(EpisodeOverError):
        env.step(0)


class Sometimes(Script):
    """An agent `a` that acts in every third episode alone."""

    def reset(self, seed=None, options=None):
        self.turns = ["b", "a"] if len(self.seeds) % 3 == 2 else ["b", "b"]
        super().reset(seed, options)


def test_episodes_in_which_the_agent_never_acts_are_passed_over():
    beneath = Sometimes(["b", "a"], [{"a": 5}, {"a": 7}])
    env = SingleAgentEnv(beneath, "a")
    for episode in range(3):
        env.reset(seed=9 if episode == 0 else None, options={"size": 1})
        assert played(env) == ([12.0], (False, True))  # of this episode alone
    once = [(foreign_seed(9, 1), {"size": 1})]
    assert beneath.seeds == once + [(None, {"size": 1})] * 8


@pytest.mark.parametrize(
    "beneath",
    [
        Script(["b", "a", "b"], deaths={0: ["a"]}),
        Script(["b", "b", "a"], leaves={0: ["a"]}),
        Rounds([["b"], ["a", "b"]], ends={0: {"a": "terminated"}}),
    ],
)
def test_an_agent_that_never_acts_is_named(beneath):
    env = SingleAgentEnv(beneath, "a")
    with pytest.raises(AbsentAgentError, match="expected a turn of a in one of 100 episodes"):
        env.reset()
    assert len(beneath.seeds) == 100
    with pytest.raises(EpisodeOverError):
        env.step(0)


# ---- agents that come and go, at once


def test_simultaneous_agents_join_late_sit_out_and_end_alone():
    listed = [["b"], ["a", "b"], ["b"], ["b", "a"], ["b"], ["b"]]
    pays = [{"a": 1 << t, "b": 1} for t in range(6)]
    beneath = Rounds(listed, pays, ends={3: {"a": "truncated"}})
    env = SingleAgentEnv(beneath, "a", always(2))
    assert env.reset(seed=0)[0].tolist() == [1, 0]
    observation, reward, terminated, truncated, _ = env.step(1)
    assert (observation.tolist(), reward) == ([3, 0], 1 + 2 + 4)
    assert (terminated, truncated) == (False, False)
    assert env.step(0)[1:4] == (8, False, True)
    assert beneath.played == [{"b": 2}, {"a": 1, "b": 2}, {"b": 2}, {"b": 2, "a": 0}]


def test_a_simultaneous_agent_that_leaves_unsaid_has_terminated():
    env = SingleAgentEnv(Rounds([["a", "b"]], [{"a": 2}]), "a")
    env.reset()
    assert env.step(0)[1:4] == (2, True, False)


def test_an_agent_alone_plays_on_alone():
    env = SingleAgentEnv(Rounds([["a", "b"], ["a"], ["a"]], ends={0: {"b": "terminated"}}), "a")
    env.reset()
    assert played(env) == ([0, 0, 0], (True, False))


@pytest.mark.parametrize("beneath", [Script(["a", "b"]), Rounds([["a", "b"]])])
def test_the_environment_gets_a_seed_of_its_own(beneath):
    env = SingleAgentEnv(beneath, "a")
    env.reset(seed=5)
    env.reset()
    assert beneath.seeds == [(foreign_seed(5, 1), None), (None, None)]
    assert foreign_seed(5, 1) != 5


def test_seeds_beneath_fit_into_31_bits():
    assert all(0 <= foreign_seed(seed, 1) < 2**31 for seed in range(200))
