"""Recording what passes through a multi-agent environment."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from pettingzoo import AECEnv
from pettingzoo.utils.wrappers import BaseWrapper

from mail_envs.errors import UnknownAgentError
from mail_envs.protocols import Mask, Observations
from mail_wrappers.demonstrations import Demonstrations
from mail_wrappers.turns import action_count, decision, no_observations

__all__ = ["RandomOpening", "RecordDemonstrations"]

Row = tuple[Observations, Mask, int, int, int, int]
"""Observation, mask, action, agent, episode, step."""


class RecordDemonstrations(BaseWrapper[str, Any, Any]):
    """Keep every decision of some agents: what they saw, what was legal, what they did.

    It stands directly around the environment, beneath the view or the loop that drives it, and
    sees every move whoever makes it.

    Args:
        env: a PettingZoo AEC environment with discrete actions.
        agents: whose decisions are kept; None for all.

    Raises:
        UnknownAgentError: an agent that the environment does not have.
    """

    def __init__(self, env: AECEnv[str, Any, Any], agents: Iterable[str] | None = None) -> None:
        super().__init__(env)
        self._names = tuple(env.possible_agents)
        self._kept = frozenset(self._names if agents is None else agents)
        unknown = sorted(self._kept - set(self._names))
        if unknown:
            raise UnknownAgentError(f"agents: expected some of {self._names}, came {unknown}")
        self._rows: list[Row] = []
        self._episode = -1
        self._step = 0

    @property
    def demonstrations(self) -> Demonstrations:
        """What has been recorded so far."""
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * 6
        observations, masks, actions, agents, episodes, steps = columns
        some = self._names[0]
        nothing, width = no_observations(self.env, some), action_count(self.env, some)
        return Demonstrations(
            agent_names=self._names,
            observations=np.array(observations) if observations else nothing,
            action_masks=np.array(masks, dtype=np.int8).reshape(-1, width),
            actions=np.array(actions, dtype=np.int64),
            agents=np.array(agents, dtype=np.int8),
            episodes=np.array(episodes, dtype=np.int64),
            steps=np.array(steps, dtype=np.int64),
        )

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin the next episode."""
        super().reset(seed=seed, options=options)
        self._episode += 1
        self._step = 0

    def step(self, action: Any) -> None:
        """Step, and keep the decision if its agent's are kept and the environment takes it."""
        row = self._row(self.agent_selection, action)
        super().step(action)
        if row is not None:
            self._rows.append(row)
        self._step += action is not None

    def _row(self, agent: str, action: Any) -> Row | None:
        """The decision as it is kept: copies, which no buffer of the environment changes."""
        if action is None or agent not in self._kept:
            return None
        seen, mask = decision(self, agent)
        index = self._names.index(agent)
        return seen.copy(), mask.copy(), int(action), index, self._episode, self._step


class RandomOpening(BaseWrapper[str, Any, Any]):
    """Play the first moves of every episode uniformly at random, before anybody is asked.

    Args:
        env: a PettingZoo AEC environment with action masks in its observations.
        plies: the most random moves; how many is drawn uniformly from 0 to `plies` for every
            episode. An episode that ends within them starts again.
        rng: where they are drawn from.
    """

    def __init__(self, env: AECEnv[str, Any, Any], plies: int, *, rng: np.random.Generator) -> None:
        super().__init__(env)
        self._plies = plies
        self._rng = rng

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin an episode and play its opening."""
        over = True
        while over:
            super().reset(seed=seed, options=options)
            for _ in range(int(self._rng.integers(self._plies + 1))):
                if any(self.terminations.values()):
                    break
                _, mask = decision(self, self.agent_selection)
                super().step(int(self._rng.choice(np.flatnonzero(mask))))
            over = any(self.terminations.values()) or any(self.truncations.values())
