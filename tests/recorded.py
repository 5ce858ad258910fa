"""A cheap environment of twenty decisions an episode, to record at length."""

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

from mail_wrappers import Demonstrations, RecordDemonstrations
from mail_wrappers.decisions import Decisions
from tests.doubles import Script

TURNS = ["a", "b"] * 10


def walking():
    return Script(TURNS, pays=[{"a": 1.0, "b": -0.5}] * len(TURNS))


def play(env, episode):
    """One episode, the same for its number."""
    env.reset()
    for turn in range(len(TURNS)):
        env.step(action(episode, turn))


def action(episode, turn):
    return (episode * 7 + turn) % 3


def whole(episodes):
    """What an undisturbed recording holds, from one recorded episode."""
    recorder = RecordDemonstrations(walking())
    play(recorder, 0)
    one = recorder.demonstrations
    return Demonstrations({name: _repeated(each, episodes) for name, each in one.decisions.items()})


def _repeated(one, episodes):
    rows = np.tile(np.arange(len(one)), episodes)
    columns = one.take(rows).columns()
    number = np.repeat(np.arange(episodes), len(one))
    columns["episodes"] = number
    columns["actions"] = (number * 7 + columns["steps"]) % 3
    return Decisions(**columns)


class Meeting(ParallelEnv):
    """Agents of nested and continuous spaces who move at once; one leaves early, one joins late.

    What they see is drawn from the seed of `reset`; every round pays an agent the round's number.
    """

    rounds = 5

    def __init__(self):
        self.metadata = {"name": "meeting_v0", "render_modes": []}
        self.possible_agents = ["walker", "talker", "late"]

    def observation_space(self, agent):
        place = spaces.Box(-1, 1, (2,), np.float32)
        nested = {"place": place, "said": spaces.Tuple([spaces.Discrete(9), spaces.MultiBinary(2)])}
        return {
            "walker": place,
            "talker": spaces.Dict(nested),
            "late": spaces.Dict({"observation": place, "action_mask": spaces.MultiBinary(3)}),
        }[agent]

    def action_space(self, agent):
        return {
            "walker": spaces.Box(-1, 1, (2,), np.float32),
            "talker": spaces.MultiDiscrete([3, 2]),
            "late": spaces.Discrete(3, start=1),
        }[agent]

    def reset(self, seed=None, options=None):
        self.rng, self.round = np.random.default_rng(seed), 0
        self.agents = ["walker", "talker"]
        return self._seen(), {agent: {} for agent in self.agents}

    def step(self, actions):
        assert list(actions) == self.agents
        assert all(self.action_space(agent).contains(a) for agent, a in actions.items())
        acting, self.round = self.agents, self.round + 1
        over = self.round == self.rounds
        ends = {agent: agent == "walker" and self.round == 3 for agent in acting}
        self.agents = [agent for agent in acting if not ends[agent] and not over]
        self.agents += ["late"] if self.round == 2 else []
        shown = dict.fromkeys([*acting, *self.agents])
        return (
            self._seen(shown),
            {agent: float(self.round) for agent in acting},
            ends,
            {agent: over and not ends[agent] for agent in acting},
            {agent: {} for agent in shown},
        )

    def _seen(self, agents=None):
        place = self.rng.uniform(-1, 1, 2).astype(np.float32)
        said = (np.int64(self.rng.integers(9)), np.array([0, 1], np.int8))
        every = {
            "walker": place,
            "talker": {"place": place, "said": said},
            "late": {"observation": place, "action_mask": np.array([1, 0, 1], np.int8)},
        }
        return {agent: every[agent] for agent in agents or self.agents}


def steady(observations, action_masks):
    """A policy of the walker: towards the middle."""
    return -observations


def leaning(observations, action_masks):
    """A tabular policy of discrete actions: the later, the rarer."""
    table = action_masks / np.arange(1, action_masks.shape[1] + 1)
    return table / table.sum(axis=1, keepdims=True)
