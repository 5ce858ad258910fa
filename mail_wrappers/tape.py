"""What a recorder writes on: the decisions of a running episode, agent by agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from gymnasium import spaces

from mail_envs.errors import OutOfOrderError, ShapeError
from mail_envs.protocols import FloatArray, Mask, Policy
from mail_wrappers.columns import Layout, Leaf, copied, empty, layout_of_space, stacked
from mail_wrappers.decisions import Decisions
from mail_wrappers.moves import mask_of
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.store import StoreWriter, read_store

__all__ = ["Episode", "MemorySink", "Seat", "Sink", "StoreSink", "Tape", "seat_of"]

Episode = Mapping[str, Decisions]
"""One episode's decisions by agent; or any part of a recording."""

INTEGER, REAL, TRUTH = (Leaf(np.dtype(kind), ()) for kind in ("<i8", "<f8", "?"))


@dataclass(frozen=True)
class Seat:
    """How one agent's decisions are kept.

    Attributes:
        observations: layout of what it sees, without the mask.
        actions: layout of what it does.
        width: the number of its actions; None where they are not discrete.
        masked: whether a mask stands in its observations.
        bare: whether nothing but `observation` stands beside it.
        space: what it sees, without the mask.
    """

    observations: Layout
    actions: Layout
    width: int | None
    masked: bool
    bare: bool
    space: spaces.Space[Any]

    def look(
        self, observation: Any, info: Mapping[str, Any], *, what: str
    ) -> tuple[Any, Mask | None]:
        """What the agent sees and its mask `(A,)` int8, as rows of columns: copies.

        Raises:
            ShapeError: an observation or a mask that is not as its space says.
        """
        if self.masked and not isinstance(observation, Mapping):
            raise ShapeError(
                f"observation of {what}: expected a dictionary, came {observation!r:.200}"
            )
        mask = mask_of(observation, info, self.width, what)
        if self.masked:
            rest = {key: value for key, value in observation.items() if key != "action_mask"}
            observation = rest.get("observation") if self.bare else rest
        seen = copied(observation, self.observations, what=f"observation of {what}")
        if self.width is None:
            return seen, None
        if mask is None:
            return seen, np.ones(self.width, dtype=np.int8)
        return seen, mask.astype(np.int8)

    def layout(self, *, distributions: bool) -> dict[str, Layout]:
        """The layouts of the columns, in the order of `Decisions`."""
        columns: dict[str, Layout] = {
            "observations": self.observations,
            "actions": self.actions,
            "episodes": INTEGER,
            "steps": INTEGER,
        }
        if self.width is not None:
            columns["action_masks"] = Leaf(np.dtype("i1"), (self.width,))
            if distributions:
                columns["distributions"] = Leaf(np.dtype("<f8"), (self.width,))
        return columns | {"rewards": REAL, "terminations": TRUTH, "truncations": TRUTH}


def seat_of(env: MultiAgentEnv, agent: str) -> Seat:
    """How the decisions of an agent of `env` are kept.

    Raises:
        ShapeError: a space whose values are no arrays of one shape.
    """
    seen, action = env.observation_space(agent), env.action_space(agent)
    discrete = isinstance(action, spaces.Discrete)
    inside = dict(seen.spaces) if isinstance(seen, spaces.Dict) else {}
    masked = discrete and "action_mask" in inside and len(inside) > 1
    bare = masked and set(inside) == {"observation", "action_mask"}
    if masked:
        inside.pop("action_mask")
        seen = inside["observation"] if bare else spaces.Dict(inside)
    return Seat(
        layout_of_space(seen, what=f"observation space of {agent}"),
        layout_of_space(action, what=f"action space of {agent}"),
        int(cast("spaces.Discrete", action).n) if discrete else None,
        masked,
        bare,
        seen,
    )


class Sink(Protocol):
    """Where finished episodes go."""

    @property
    def episodes(self) -> int:
        """The number of the next episode."""
        ...

    def append(self, part: Episode, *, episodes: int) -> None:
        """Keep one more part of the recording; `episodes` is then the next episode's number."""
        ...


@dataclass
class MemorySink:
    """Keeps them in memory."""

    episodes: int = 0
    parts: list[Episode] = field(default_factory=list[Episode])

    def append(self, part: Episode, *, episodes: int) -> None:
        """Keep one more part."""
        self.parts.append(part)
        self.episodes = episodes

    def close(self) -> None:
        """Nothing is left to do."""


@dataclass(frozen=True)
class StoreSink:
    """Keeps them in a store."""

    path: Path
    writer: StoreWriter

    @property
    def episodes(self) -> int:
        """The number of the next episode."""
        return self.writer.episodes

    @property
    def parts(self) -> list[Episode]:
        """All parts as one, memory-mapped."""
        return [read_store(self.path, mmap=True, verify=False)]

    def append(self, part: Episode, *, episodes: int) -> None:
        """Keep one more part."""
        self.writer.append(part, episodes=episodes)

    def close(self) -> None:
        """Flush and seal the store."""
        self.writer.close()


@dataclass
class _Track:
    """The rows of one agent in the running episode."""

    columns: dict[str, list[Any]]
    open: bool = False  # whether the last row's reward and end are still to come

    def __len__(self) -> int:
        return len(self.columns["steps"])


class Tape:
    """The running episode, and where finished ones go.

    Args:
        seats: how each agent's decisions are kept.
        experts: asked for the column `distributions` when an episode ends, all decisions of an
            agent at once; None for none.
        noted: whether `distributions` come with every decision instead.
    """

    def __init__(
        self,
        seats: Mapping[str, Seat],
        *,
        experts: Mapping[str, Policy] | None = None,
        noted: bool = False,
    ) -> None:
        self._seats = seats
        self._experts = experts or {}
        self._noted = noted
        distributions = noted or bool(experts)
        self.layouts: dict[str, dict[str, Layout]] = {
            name: seat.layout(distributions=distributions) for name, seat in seats.items()
        }
        self._clear()
        self._running = False
        self.start(MemorySink())
        self.step = 0

    def start(self, sink: Sink) -> None:
        """Say where finished episodes go."""
        self._sink = sink
        self.episode: int = sink.episodes - 1

    def begin(self) -> None:
        """Begin the next episode; one that was left before its end is kept as far as it went."""
        if self._running:
            self.finish()
        self.episode += 1
        self._running = True
        self.step: int = 0

    def decide(
        self, agent: str, seen: Any, mask: Mask | None, action: Any, chances: FloatArray | None
    ) -> None:
        """Keep a decision, made at `step`; its reward and end come later."""
        if self._noted and mask is not None and chances is None:
            raise OutOfOrderError(
                f"the decision of {agent}: expected the distribution that it was drawn from "
                f"(note) before it"
            )
        track = self._tracks[agent]
        row = {
            "observations": seen,
            "actions": action,
            "episodes": self.episode,
            "steps": self.step,
            "action_masks": mask,
            "distributions": chances,
            "rewards": 0.0,
            "terminations": False,
            "truncations": False,
        }
        for name, column in track.columns.items():
            column.append(row[name])
        track.open = True

    def settle(
        self, agent: str, reward: float, *, terminated: bool = False, truncated: bool = False
    ) -> None:
        """Say what the agent's last decision brought it in all, and whether its episode ended."""
        track = self._tracks.get(agent)
        if track is None or not track.open:
            return
        track.columns["rewards"][-1] = float(reward)
        track.columns["terminations"][-1] = bool(terminated)
        track.columns["truncations"][-1] = bool(truncated)
        track.open = not (terminated or truncated)

    def paid(self, agent: str) -> float:
        """What the agent's last decision has brought it so far."""
        track = self._tracks.get(agent)
        return track.columns["rewards"][-1] if track is not None and track.open else 0.0

    def finish(self) -> None:
        """End the running episode and hand it on."""
        if self._running:
            self._running = False
            self._sink.append(self.running(), episodes=self.episode + 1)
            self._clear()

    def running(self) -> Episode:
        """The running episode as far as it went."""
        return {name: self._decisions(name) for name in self._seats}

    def _clear(self) -> None:
        labelled = () if self._noted else ("distributions",)
        self._tracks = {
            name: _Track({column: [] for column in layout if column not in labelled})
            for name, layout in self.layouts.items()
        }

    def _decisions(self, agent: str) -> Decisions:
        layout, track = self.layouts[agent], self._tracks[agent]
        columns = {name: stacked(rows, layout[name]) for name, rows in track.columns.items()}
        decisions = Decisions(**columns)
        if "distributions" not in layout or "distributions" in columns:
            return decisions
        if len(decisions):
            return decisions.labelled(self._experts[agent], who=f"the expert of {agent}")
        return Decisions(**columns, distributions=empty(layout["distributions"]))
