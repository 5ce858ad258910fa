"""A small parallel game that is none of ours: agents are to name the number they are shown."""

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

NUMBERS, ROUNDS = 3, 4


class Matching(ParallelEnv):
    """Each of two agents sees a number and is paid 1 for naming it.

    Args:
        kind: how the number is shown: "box" (one-hot floats), "discrete", or "dict" (number and
            round, without a mask).
        continuous: whether actions are no numbers.
    """

    def __init__(self, kind="box", *, continuous=False):
        self.metadata = {"name": "matching_v0", "render_modes": []}
        self.render_mode = None
        self.possible_agents = ["a", "b"]
        self.agents = []
        self.kind = kind
        number = spaces.Discrete(NUMBERS)
        self._space = {
            "box": spaces.Box(0, 1, (NUMBERS,), np.float32),
            "discrete": number,
            "dict": spaces.Dict({"number": number, "round": spaces.Box(0, ROUNDS, (1,))}),
        }[kind]
        self._action = spaces.Box(-1, 1, (2,)) if continuous else number

    def observation_space(self, agent):
        return self._space

    def action_space(self, agent):
        return self._action

    def reset(self, seed=None, options=None):
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self.agents, self._round = list(self.possible_agents), 0
        return self._shown(), {agent: {} for agent in self.agents}

    def step(self, actions):
        rewards = {a: float(actions[a] == self._numbers[a]) for a in self.agents}
        self._round += 1
        over = self._round == ROUNDS
        told = self._shown(), rewards, *(dict.fromkeys(self.agents, end) for end in (over, False))
        infos = {agent: {} for agent in self.agents}
        if over:
            self.agents = []
        return *told, infos

    def _shown(self):
        self._numbers = {agent: int(self._rng.integers(NUMBERS)) for agent in self.agents}
        return {agent: self._show(number) for agent, number in self._numbers.items()}

    def _show(self, number):
        if self.kind == "box":
            return np.eye(NUMBERS, dtype=np.float32)[number]
        if self.kind == "discrete":
            return number
        return {"number": number, "round": np.array([self._round], dtype=np.float32)}


def knows(kind):
    """The policy that names what it is shown."""

    def policy(observations, action_masks):
        if kind == "box":
            return np.asarray(observations, dtype=np.float64)
        shown = observations["number"] if kind == "dict" else observations
        return np.eye(NUMBERS)[np.asarray(shown)]

    return policy
