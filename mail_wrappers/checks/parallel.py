"""One episode of an environment whose agents move at once, examined at every round."""

from typing import Any

from pettingzoo import ParallelEnv

from mail_wrappers.checks.contract import fingerprint, inside, require, told
from mail_wrappers.checks.playing import Chooser, flat_mask, mask_of
from mail_wrappers.checks.scalars import finite, truth_value

__all__ = ["play_rounds"]

ANSWERS = ("observations", "rewards", "terminations", "truncations", "infos")
"""What a step answers with, in this order: a dictionary by agent each."""


def play_rounds(env: ParallelEnv[str, Any, Any], *, seed: int, most_steps: int) -> list[bytes]:
    """Play one episode at random and examine it; returns its trail."""
    return _Episode(env, seed).play(most_steps)


class _Episode:
    def __init__(self, env: ParallelEnv[str, Any, Any], seed: int) -> None:
        self._env, self._seed = env, seed
        names = list(env.possible_agents)
        self._choosers = {
            name: Chooser(env.action_space(name), seed=seed + i) for i, name in enumerate(names)
        }
        self._gone: set[str] = set()

    def play(self, most_steps: int) -> list[bytes]:
        env, where = self._env, f"reset of seed {self._seed}"
        with told(where, "observations and infos"):
            seen, infos = env.reset(seed=self._seed)
        present = list(env.agents)
        require(present, where, "agents", present)
        self._check_sight(present, seen, infos, where)
        trail = [fingerprint(seen)]
        for step in range(most_steps):
            if not env.agents:
                break
            where = f"seed {self._seed}, round {step}"
            seen, infos, mark = self._round(seen, infos, where)
            trail.append(mark)
        return trail

    def _round(self, seen: Any, infos: Any, where: str) -> tuple[Any, Any, bytes]:
        env, actions = self._env, dict[str, Any]()
        for agent in env.agents:
            mask = mask_of(seen[agent], infos[agent])
            if mask is not None:
                flags = flat_mask(mask, env.action_space(agent), f"{where}, {agent}")
                some = flags is None or flags.any()
                require(some, f"{where}, {agent}", "a legal action", "an empty mask")
            actions[agent] = self._choosers[agent](mask)
        with told(f"{where}, actions {actions!r}", "legal actions to be accepted"):
            seen, rewards, terminations, truncations, infos = answers = env.step(actions)
        for kind, answer in zip(ANSWERS, answers, strict=True):
            missing = sorted(set(actions) - set(answer))
            require(not missing, f"{where}, {kind}", "every agent that acted", f"none: {missing}")
        self._check_sight(list(actions), seen, infos, where)
        pay = {a: finite(rewards[a], f"{where}, reward of {a}") for a in actions}
        ended = {
            a
            for a in actions
            if truth_value(terminations[a], where) | truth_value(truncations[a], where)
        }
        self._check_who_is_there(set(actions), ended, where)
        ends = [[a, bool(terminations[a]), bool(truncations[a])] for a in actions]
        return seen, infos, fingerprint([seen, pay, ends])

    def _check_sight(self, agents: list[str], seen: Any, infos: Any, where: str) -> None:
        for agent in agents:
            require(agent in seen, f"{where}, observations", f"one of {agent}", sorted(seen))
            require(agent in infos, f"{where}, infos", f"one of {agent}", sorted(infos))
            space = self._env.observation_space(agent)
            inside(space, seen[agent], f"{where}, observation of {agent}")

    def _check_who_is_there(self, acted: set[str], ended: set[str], where: str) -> None:
        now = set(self._env.agents)
        known = set(self._env.possible_agents)
        require(now <= known, where, f"agents among {sorted(known)}", sorted(now))
        self._gone |= ended
        back = sorted(now & self._gone)
        require(not back, where, "agents that ended to be gone", back)
        lost = sorted(acted - ended - now)
        require(not lost, where, "agents that did not end to stay", f"gone: {lost}")
