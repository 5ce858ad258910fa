"""Malformed values of every kind, and environments, models and policies that answer with them."""

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mail_wrappers import GameReward, QueryBudget, SingleAgentEnv
from tests.doubles import Rounds, Script, masks

KINDS = ["?", "i1", "<i8", ">i8", "u8", "f4", ">f8", "c16", "O", "U3", "M8[s]"]
SHAPES = [(), (0,), (1,), (2,), (3,), (4,), (5,), (5, 3), (1, 3), (2, 3), (2, 2), (5, 0)]
ARRAYS = st.sampled_from(KINDS).flatmap(
    lambda kind: arrays.arrays(
        np.dtype(kind),
        st.sampled_from(SHAPES),
        elements=st.just(None) if kind == "O" else None,
    )
)


def script(**words):
    return Script(["a", "b"] * 2, pays=[{"a": 1.0}] * 4, mask=masks([1, 1, 1]), **words)


def rounds(**actions):
    mask = None if actions else masks([1, 1, 1])
    return Rounds([["a", "b"]] * 3, pays=[{"a": 1.0}] * 3, mask=mask, actions=actions)


def view():
    return SingleAgentEnv(script(), "a")


def vector():
    return SyncVectorEnv([view, view])


def nothing(*_, **__):
    """A policy, maker or function without an answer."""


def thirds(*_, **__):
    """A policy of one row, whatever it is asked."""
    return np.full((1, 3), 1 / 3)


def uniform(observations, action_masks):
    return np.full((len(observations), 3), 1 / 3)


class Answers:
    """Whatever it is asked for, it answers the same."""

    def __init__(self, said):
        self.said = said
        self.reprice = False
        self.dimension = 3

    def __call__(self, *_, **__):
        return self.said

    predict = scores_of = price = keys = __call__


class BrokenScript(Script):
    """Turns in which agents are shown, told and paid what they should not be.

    Args:
        broken: what to say instead: "seen", "mask", "info", "pay", "selection", "ends".
        answer: with what.
    """

    def __init__(self, broken, answer):
        super().__init__(["a", "b"] * 2, mask=masks([1, 1, 1]))
        self.broken, self.answer = broken, answer

    def observe(self, agent):
        seen = super().observe(agent)
        if self.broken == "mask":
            return {**seen, "action_mask": self.answer}
        if self.broken == "part":
            return {**seen, "observation": self.answer}
        return self.answer if self.broken == "seen" else seen

    def _tell(self):
        super()._tell()
        if self.broken == "info":
            self.infos = dict.fromkeys(self.agents, self.answer)
        if self.broken == "pay":
            self.rewards = dict.fromkeys(self.agents, self.answer)
            self._cumulative_rewards = dict.fromkeys(self.agents, self.answer)

    def _accumulate_rewards(self):
        if self.broken != "pay":
            super()._accumulate_rewards()


class BrokenRounds(Rounds):
    """The same of rounds."""

    def __init__(self, broken, answer):
        super().__init__([["a", "b"]] * 3, mask=masks([1, 1, 1]))
        self.broken, self.answer = broken, answer

    def step(self, actions):
        seen, rewards, terminations, truncations, infos = super().step(actions)
        if self.broken == "pay":
            rewards = dict.fromkeys(rewards, self.answer)
        if self.broken == "step":
            return self.answer
        return seen, rewards, terminations, truncations, infos

    def _look(self, agents):
        seen, told = super()._look(agents)
        if self.broken in ("seen", "part"):
            seen = dict.fromkeys(seen, self.answer)
        if self.broken == "mask":
            told = {agent: {"action_mask": self.answer} for agent in told}
        if self.broken == "info":
            told = dict.fromkeys(told, self.answer)
        return seen, told


BREAKS = ["seen", "part", "mask", "info", "pay"]


class BrokenView(gymnasium.Env):
    """A single-agent environment that shows what its spaces do not hold."""

    def __init__(self, broken, answer, *, flat=False):
        bare = spaces.Box(0, 1, (3,), np.float32)
        both = {"observation": bare, "action_mask": spaces.MultiBinary(3)}
        self.observation_space = bare if flat else spaces.Dict(both)
        self.action_space = spaces.Discrete(3)
        self.flat, self.broken, self.answer = flat, broken, answer

    def _look(self):
        seen, mask = np.zeros(3, np.float32), np.ones(3, np.int8)
        if self.broken == "part":
            seen = self.answer
        if self.broken == "mask":
            mask = self.answer
        both = seen if self.flat else {"observation": seen, "action_mask": mask}
        if self.broken == "seen":
            both = self.answer
        return both, self.answer if self.broken == "info" else {"action_mask": mask}

    def reset(self, *, seed=None, options=None):
        return self._look()

    def step(self, action):
        seen, info = self._look()
        return seen, self.answer if self.broken == "pay" else 1.0, False, False, info


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=4),
    st.binary(max_size=3),
    st.lists(st.one_of(st.integers(-9, 9), st.floats(), st.text(max_size=2)), max_size=4),
)
THINGS = st.sampled_from(
    [
        object,
        lambda: nothing,
        lambda: np.float32(0.5),
        lambda: np.int8(2),
        GameReward,
        lambda: QueryBudget(2),
        lambda: thirds,
        view,
        vector,
        script,
        rounds,
        gymnasium.Env,
        lambda: Answers(None),
        lambda: Answers((1, None)),
        lambda: Answers(np.full((1, 3), np.nan)),
        lambda: spaces.Discrete(3),
        lambda: np.random.default_rng(0),
    ]
).map(lambda make: make())
WORDS = st.sampled_from(
    [
        "a",
        "b",
        "random",
        "expert",
        "alternate",
        "draw",
        "lose",
        "raise",
        "error",
        "truncate",
        "learner",
        "step",
        "episode",
        "action",
        "distribution",
        "scores",
        "demand",
        "label",
        "log",
    ]
)
VALUES = st.one_of(PLAIN, ARRAYS, THINGS, WORDS)
JUNK = st.one_of(
    VALUES,
    st.dictionaries(st.one_of(st.sampled_from("ab"), st.integers(0, 2)), VALUES, max_size=2),
    st.lists(VALUES, max_size=3).map(tuple),
)


def few(value, most=3):
    """A count that does not keep a test busy: large ones are made small."""
    number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return min(value, most) if number else value
