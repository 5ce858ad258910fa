"""One episode of an environment whose agents take turns, examined at every turn."""

from typing import Any

from pettingzoo import AECEnv

from mail_wrappers.checks.contract import fingerprint, inside, require, told
from mail_wrappers.checks.playing import Chooser, flat_mask, mask_of
from mail_wrappers.checks.scalars import finite, truth_value

__all__ = ["play_turns"]

TELLS = ("rewards", "terminations", "truncations", "infos")
"""What an environment holds for every agent that is still there."""
TOLERANCE = 1e-9
ROUNDING = 1e-5
"""Relative; environments that add in float32 round at about 1e-7 a turn."""


def play_turns(env: AECEnv[str, Any, Any], *, seed: int, most_steps: int) -> list[bytes]:
    """Play one episode at random and examine it; returns its trail."""
    return _Episode(env, seed).play(most_steps)


class _Episode:
    def __init__(self, env: AECEnv[str, Any, Any], seed: int) -> None:
        self._env, self._seed = env, seed
        names = list(env.possible_agents)
        self._choosers = {
            name: Chooser(env.action_space(name), seed=seed + i) for i, name in enumerate(names)
        }
        self._owed = dict.fromkeys(names, 0.0)
        self._gone: set[str] = set()

    def play(self, most_steps: int) -> list[bytes]:
        env, trail = self._env, []
        with told(f"reset of seed {self._seed}", "an episode"):
            env.reset(seed=self._seed)
        require(env.agents, f"reset of seed {self._seed}", "agents", env.agents)
        for step in range(most_steps):
            if not env.agents:
                break
            where = f"seed {self._seed}, turn {step}, {env.agent_selection}"
            self._check_agents(where)
            trail.append(self._turn(where))
        return trail

    def _check_agents(self, where: str) -> None:
        env = self._env
        present, known = set(env.agents), set(self._owed)
        require(present <= known, where, f"agents among {sorted(known)}", sorted(present))
        back = sorted(present & self._gone)
        require(not back, where, "agents that left to stay away", back)
        require(env.agent_selection in present, where, "an agent that is there to move", present)
        for tells in TELLS:
            missing = sorted(present - set(getattr(env, tells)))
            require(
                not missing, f"{where}, {tells}", "an entry for every agent", f"none: {missing}"
            )

    def _turn(self, where: str) -> bytes:
        """Look, examine, and move."""
        env, agent = self._env, str(self._env.agent_selection)
        with told(where, "last() to answer"):
            seen, paid, terminated, truncated, info = env.last()
        over = truth_value(terminated, where) | truth_value(truncated, where)
        inside(env.observation_space(agent), seen, f"{where}, observation")
        self._check_pay(finite(paid, f"{where}, reward"), agent, where)
        mask = mask_of(seen, info)
        if mask is not None and not over:
            flags = flat_mask(mask, env.action_space(agent), where)
            require(flags is None or flags.any(), where, "a legal action", "an empty mask")
        self._move(agent, None if over else self._choosers[agent](mask), where)
        return fingerprint([agent, seen, mask, float(paid), bool(terminated), bool(truncated)])

    def _check_pay(self, told_pay: float, agent: str, where: str) -> None:
        owed = self._owed[agent]
        fits = abs(told_pay - owed) <= TOLERANCE + ROUNDING * abs(owed)
        require(fits, f"{where}, reward", f"{owed!r}, what it was paid since its turn", told_pay)

    def _move(self, agent: str, action: Any, where: str) -> None:
        env, before = self._env, set(self._env.agents)
        with told(f"{where}, action {action!r}", "a legal action to be accepted"):
            env.step(action)
        left = before - set(env.agents)
        wanted = {agent} if action is None else set[str]()
        require(left == wanted, where, f"{sorted(wanted)} to leave", sorted(left))
        self._gone |= left
        self._owed[agent] = 0.0
        for name, paid in env.rewards.items():
            self._owed[name] += finite(paid, f"{where}, what it pays {name}")
