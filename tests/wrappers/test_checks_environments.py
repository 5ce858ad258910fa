"""Checks of multi-agent environments, each with twins that it must reject."""

import numpy as np
import pytest
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from mail_envs import grid_game_v0, tictactoe_v0
from mail_wrappers.checks import ContractError, check_multi_agent_env
from tests.doubles import Script, masks


def rejects(match):
    return pytest.raises(ContractError, match=match)


PAYS = [{"a": 1.0, "b": 0.5}, {"a": -1.0}, {"b": 2.0}, {"a": 1.0}]


def script(kind=Script, **options):
    return kind([*"ababbbb"], PAYS, {3: ["a"]}, masks([1, 0, 1]), **options)


@pytest.mark.parametrize("make", [tictactoe_v0.env, tictactoe_v0.raw_env, script])
def test_environments_in_turn_pass(make):
    check_multi_agent_env(make())


def test_masks_in_infos_and_none_at_all_pass():
    check_multi_agent_env(script(mask_in="info"))
    check_multi_agent_env(Script(["a", "b"] * 3, PAYS))


def twin(**methods):
    """A `Script` with methods replaced; `self` first, as in a class."""
    return script(type("Twin", (Script,), methods))


def observe_with(**parts):
    return lambda self, agent: {**Script.observe(self, agent), **parts}


def leaving(self, action):
    Script.step(self, action)
    if self.turn == 2 and "b" in self.agents:
        self.agents.remove("b")


def returning(self, action):
    Script.step(self, action)
    if self.turn == 5:
        self.agents.append("a")
        for kept in (self.rewards, self.terminations, self.truncations, self.infos):
            kept["a"] = 0
        self.terminations["a"] = self.truncations["a"] = False


def paying(value):
    def step(self, action):
        Script.step(self, action)
        self.rewards = dict.fromkeys(self.rewards, value)

    return step


def telling_once_more(self, action):
    before = self.turn
    Script.step(self, action)
    if self.turn == 3 > before:
        self._accumulate_rewards()


def refusing(self, action):
    if action == 2:
        raise ValueError("2 is never allowed")
    Script.step(self, action)


def without_info(self):
    self.infos = {"a": {}}


def counting(self, agent):
    self.asked = getattr(self, "asked", 0) + 1
    seen = np.array([self.asked % 100, 0], np.int8)
    return {"observation": seen, "action_mask": np.ones(3, np.int8)}


IN_TURN = [
    ({"possible_agents": property(lambda self: ["a", "a"], lambda self, v: None)}, "distinct"),
    ({"possible_agents": property(lambda self: [], lambda self, v: None)}, "at least one agent"),
    (
        {"action_space": lambda self, agent: spaces.Discrete(3)},
        "action space of a.*the same object",
    ),
    ({"observation_space": lambda self, agent: None}, "a Gymnasium space, came None"),
    ({"observe": observe_with(observation=np.full(2, -1, np.int8))}, r"at index \(0,\)"),
    ({"observe": observe_with(observation=np.zeros(2))}, "an array of float64 of shape"),
    ({"observe": observe_with(more=0)}, "a dictionary with the keys"),
    ({"observe": observe_with(action_mask=np.zeros(3, np.int8))}, "an empty mask"),
    ({"observe": lambda self, agent: 1 / 0}, r"last\(\) to answer, came ZeroDivisionError"),
    ({"observe": counting}, "seed 0 played again, turn 0"),
    (
        {"reset": lambda self, seed=None, options=None: 1 / 0},
        "reset of seed 0: expected an episode",
    ),
    ({"step": refusing}, "action 2: expected a legal action to be accepted.*never allowed"),
    ({"step": paying(np.nan)}, "what it pays a: expected a finite number"),
    ({"step": paying("1")}, "expected a number, came str"),
    ({"step": paying(7.0)}, "what it was paid since its turn"),
    ({"step": telling_once_more}, "what it was paid since its turn"),
    ({"step": leaving}, r"expected \[\] to leave, came \['b'\]"),
    ({"step": returning}, r"agents that left to stay away, came \['a'\]"),
    ({"_tell": without_info}, "infos: expected an entry for every agent, came none: "),
]


@pytest.mark.parametrize(("methods", "match"), IN_TURN)
def test_broken_environments_in_turn_are_rejected(methods, match):
    with rejects(match):
        check_multi_agent_env(twin(**methods))


def test_masks_that_fit_no_space_are_rejected():
    for row, match in (([1, 1], r"shape \(3,\), came \(2,\)"), ([1, 2, 1], "of 0 and 1")):
        with rejects(match):
            check_multi_agent_env(Script(["a", "b"], PAYS, mask=masks(row), mask_in="info"))


def test_an_end_that_is_no_truth_value_is_rejected():
    def step(self, action):
        Script.step(self, action)
        self.truncations = dict.fromkeys(self.truncations, 0)

    with rejects("expected a truth value, came int 0"):
        check_multi_agent_env(twin(step=step))


# ---- at once


class Rounds(ParallelEnv):
    """Three rounds; `b` ends after the second; everybody sees the round and noise of the seed."""

    def __init__(self):
        self.metadata = {"name": "rounds_v0", "render_modes": []}
        self.possible_agents = ["a", "b"]
        self._seen, self._acts = spaces.Box(0, 9, (2,), np.float64), spaces.Box(-1, 1, (1,))

    def observation_space(self, agent):
        return self._seen

    def action_space(self, agent):
        return self._acts

    def look(self):
        return np.array([self.round, self.rng.random()])

    def reset(self, seed=None, options=None):
        self.agents, self.round = list(self.possible_agents), 0
        self.rng = np.random.default_rng(seed)
        return {a: self.look() for a in self.agents}, {a: {} for a in self.agents}

    def step(self, actions):
        self.round += 1
        acted, over = list(self.agents), self.round == 3
        ended = {a: over or (a == "b" and self.round == 2) for a in acted}
        self.agents = [a for a in acted if not ended[a]]
        pay = {a: float(actions[a][0]) for a in acted}
        seen = {a: self.look() for a in acted}
        return seen, pay, ended, dict.fromkeys(acted, False), {a: {} for a in acted}


@pytest.mark.parametrize("make", [Rounds, grid_game_v0.parallel_env])
def test_environments_at_once_pass(make):
    check_multi_agent_env(make())


def answering(change):
    """`step` with its answer changed: a function of the five dictionaries and the environment."""

    def step(self, actions):
        answer = list(Rounds.step(self, actions))
        change(answer, self)
        return tuple(answer)

    return {"step": step}


def without(kind, agent):
    return answering(lambda answer, env: answer[kind].pop(agent, None))


def unseeded(self, seed=None, options=None):
    return Rounds.reset(self, None)


def sparse(self, seed=None, options=None):
    seen, infos = Rounds.reset(self, seed)
    return seen, {"a": infos["a"]}


AT_ONCE = [
    ({"reset": sparse}, "reset of seed 0, infos: expected one of b"),
    ({"reset": unseeded}, "seed 0 played again, turn 0"),
    (without(0, "a"), "round 0, observations: expected every agent that acted, came none:"),
    (without(4, "b"), r"infos: expected every agent that acted, came none: \['b'\]"),
    (answering(lambda answer, env: answer[0].update(a=np.full(2, 10.0))), "observation of a"),
    (answering(lambda answer, env: answer[1].update(a=None)), "a number, came NoneType"),
    (answering(lambda answer, env: answer[1].update(a=np.inf)), "a finite number"),
    (answering(lambda answer, env: answer[2].update(a="no")), "a truth value"),
    (answering(lambda answer, env: env.agents.append("b")), "agents that ended to be gone"),
    (answering(lambda answer, env: env.agents.append("c")), r"agents among \['a', 'b'\]"),
    (answering(lambda answer, env: env.agents.clear()), "agents that did not end to stay"),
    ({"step": lambda self, actions: 1 / 0}, "legal actions to be accepted"),
]


@pytest.mark.parametrize(("methods", "match"), AT_ONCE)
def test_broken_environments_at_once_are_rejected(methods, match):
    with rejects(match):
        check_multi_agent_env(type("Twin", (Rounds,), methods)())


def test_an_episode_is_broken_off():
    endless = type("Endless", (Script,), {})(["a", "b"] * 5000)
    check_multi_agent_env(endless, episodes=1, most_steps=20)
    assert endless.turn == 20


def test_both_kinds_are_told_apart():
    assert isinstance(script(), AECEnv)
    assert isinstance(Rounds(), ParallelEnv)
