"""What experts did: columns over decisions."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import ShapeError, UnknownAgentError

__all__ = ["Demonstrations"]


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """N decisions of experts, in the order in which they were made; read-only arrays.

    Attributes:
        agent_names: the agents that `agents` indexes.
        observations: `(N, ...)`, what the deciding agent saw.
        action_masks: `(N, A)` int8, all ones where the environment has no masks.
        actions: `(N,)` int64.
        agents: `(N,)` int8, index into `agent_names`.
        episodes: `(N,)` int64, counted from 0.
        steps: `(N,)` int64, the decision's place among all agents' decisions of its episode.
    """

    agent_names: tuple[str, ...]
    observations: NDArray[Any]
    action_masks: NDArray[np.int8]
    actions: NDArray[np.int64]
    agents: NDArray[np.int8]
    episodes: NDArray[np.int64]
    steps: NDArray[np.int64]

    def __post_init__(self) -> None:
        for column in self._columns():
            array: NDArray[Any] = getattr(self, column)
            if len(array) != len(self.actions):
                raise ShapeError(
                    f"{column}: expected {len(self.actions)} rows as in actions, came {len(array)}"
                )
            array.setflags(write=False)

    @staticmethod
    def _columns() -> list[str]:
        return [f.name for f in fields(Demonstrations) if f.name != "agent_names"]

    def __len__(self) -> int:
        return len(self.actions)

    def where(self, rows: NDArray[np.bool_]) -> "Demonstrations":
        """The decisions that `rows`, `(N,)` bool, selects."""
        columns = {name: getattr(self, name)[rows] for name in self._columns()}
        return Demonstrations(agent_names=self.agent_names, **columns)

    def of(self, agent: str) -> "Demonstrations":
        """One agent's decisions.

        Raises:
            UnknownAgentError: an agent that is not among `agent_names`.
        """
        if agent not in self.agent_names:
            raise UnknownAgentError(f"agent: expected one of {self.agent_names}, came {agent!r}")
        return self.where(self.agents == self.agent_names.index(agent))

    def first(self, episodes: int) -> "Demonstrations":
        """The decisions of the first `episodes` episodes."""
        return self.where(self.episodes < episodes)

    @staticmethod
    def merged(parts: "list[Demonstrations]") -> "Demonstrations":
        """Several recordings as one, in order; episodes keep their numbers.

        Raises:
            ShapeError: no parts, or parts over different agents.
        """
        if not parts or any(part.agent_names != parts[0].agent_names for part in parts):
            names = [part.agent_names for part in parts]
            raise ShapeError(f"merged: expected recordings over the same agents, came {names}")
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Demonstrations._columns()
        }
        return Demonstrations(agent_names=parts[0].agent_names, **columns)
