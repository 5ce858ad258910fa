"""What experts did: the decisions of many agents, a table of columns for each."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import ShapeError, UnknownAgentError
from mail_envs.protocols import Policy
from mail_wrappers.decisions import Decisions, Rows
from mail_wrappers.options import check_flag, check_number, check_path, check_rng, check_whole
from mail_wrappers.store import read_store, recover_store, save_store

__all__ = ["Demonstrations", "Order"]


class Order(NamedTuple):
    """All agents' decisions in the order (episode, step, agent)."""

    agents: NDArray[np.int64]  # (N,), index into `agent_names`
    rows: NDArray[np.int64]  # (N,), row among that agent's decisions


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """Decisions by agent. Agents may have different spaces; their order is kept.

    Attributes:
        decisions: the columns of each agent, `of(agent)`.

    Raises:
        ShapeError: something else than decisions by name.
    """

    decisions: Mapping[str, Decisions]

    def __post_init__(self) -> None:
        if not isinstance(self.decisions, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ShapeError(f"decisions: expected Decisions by name, came {self.decisions!r:.200}")
        wrong = [
            (name, type(each).__name__)
            for name, each in self.decisions.items()
            if not isinstance(each, Decisions) or not isinstance(name, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        ]
        if wrong:
            raise ShapeError(f"decisions: expected Decisions by agent name, came {wrong}")
        object.__setattr__(self, "decisions", dict(self.decisions))

    @property
    def agent_names(self) -> tuple[str, ...]:
        """The agents, in their order, also those without decisions."""
        return tuple(self.decisions)

    def __len__(self) -> int:
        return sum(len(each) for each in self.decisions.values())

    def of(self, agent: str) -> Decisions:
        """One agent's decisions.

        Raises:
            UnknownAgentError: an agent that is not among `agent_names`.
        """
        if not isinstance(agent, str) or agent not in self.decisions:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UnknownAgentError(f"agent: expected one of {self.agent_names}, came {agent!r}")
        return self.decisions[agent]

    def order(self) -> Order:
        """All decisions in the order (episode, step, agent)."""
        every = list(self.decisions.values())
        agents = np.repeat(np.arange(len(every)), [len(each) for each in every])
        rows = np.concatenate([np.arange(0), *(np.arange(len(each)) for each in every)])
        steps = np.concatenate([np.arange(0), *(each.steps for each in every)])
        episodes = np.concatenate([np.arange(0), *(each.episodes for each in every)])
        order = np.lexsort((agents, steps, episodes))
        return Order(agents[order], rows[order])

    def where(self, predicate: Callable[[Decisions], NDArray[np.bool_]]) -> "Demonstrations":
        """The decisions of which `predicate`, from an agent's decisions to `(N,)` bool, is true."""
        return self._mapped(lambda each: each.where(predicate))

    def take(self, rows: Mapping[str, Rows]) -> "Demonstrations":
        """Some rows of each agent's decisions; none of the agents that `rows` leaves out.

        Raises:
            UnknownAgentError: an agent that is not among `agent_names`.
            ShapeError: rows that are not there.
        """
        if not isinstance(rows, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ShapeError(f"rows: expected rows by agent, came {rows!r:.200}")
        for agent in rows:
            self.of(agent)
        nothing = slice(0)
        return Demonstrations(
            {name: each.take(rows.get(name, nothing)) for name, each in self.decisions.items()}
        )

    def first(self, episodes: int) -> "Demonstrations":
        """The decisions of the episodes numbered below `episodes`."""
        return self._mapped(lambda each: each.first(episodes))

    def split(
        self, fraction: float, *, rng: np.random.Generator
    ) -> "tuple[Demonstrations, Demonstrations]":
        """Two parts without a common episode; the first has `fraction` of the episodes, rounded.

        Raises:
            InvalidOptionError: a fraction outside 0 to 1.
        """
        share = check_number("fraction", fraction, low=0, high=1)
        check_rng("rng", rng)
        numbers = np.concatenate([np.arange(0), *(e.episodes for e in self.decisions.values())])
        episodes = rng.permutation(np.unique(numbers))
        chosen = episodes[: round(share * len(episodes))]
        return (
            self.where(lambda each: np.isin(each.episodes, chosen)),
            self.where(lambda each: ~np.isin(each.episodes, chosen)),
        )

    def sample(self, n: int, *, rng: np.random.Generator) -> "Demonstrations":
        """`n` of all agents' decisions, drawn without replacement; each agent's in their order.

        Raises:
            InvalidOptionError: more than there are, or less than none.
        """
        count = check_whole("n", n, least=0, most=len(self))
        check_rng("rng", rng)
        chosen = np.zeros(len(self), dtype=np.bool_)
        chosen[rng.choice(len(self), size=count, replace=False)] = True
        ends = np.cumsum([len(each) for each in self.decisions.values()]).tolist()
        parts = np.split(chosen, ends[:-1])
        return self.take(dict(zip(self.decisions, parts, strict=True)) if ends else {})

    def labelled(self, experts: Mapping[str, Policy]) -> "Demonstrations":
        """The same with what the experts would do as `distributions`, one question per agent.

        Raises:
            UnknownAgentError: an agent without an expert, or an expert of an unknown agent.
            InvalidPolicyError: an answer that is no distribution over the legal actions.
        """
        if not isinstance(experts, Mapping) or set(experts) != set(self.decisions):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UnknownAgentError(
                f"experts: expected one for each of {self.agent_names}, came {experts!r:.200}"
            )
        return Demonstrations(
            {
                name: each.labelled(experts[name], who=f"the expert of {name}")
                for name, each in self.decisions.items()
            }
        )

    def checksum(self) -> str:
        """SHA-256 of names, layouts and bytes: equal where every byte is."""
        sums = [(name, each.checksum()) for name, each in self.decisions.items()]
        return hashlib.sha256(repr(sums).encode()).hexdigest()

    def save(self, path: Path | str) -> None:
        """Write a store (`mail_wrappers.store`) to a path where nothing is, wholly or not at all.

        Raises:
            ForeignResultsError: something is there.
        """
        save_store(check_path("path", path), self.decisions)

    @staticmethod
    def load(path: Path | str, *, mmap: bool = True, verify: bool = True) -> "Demonstrations":
        """Read a store that `save` or a recorder wrote, or is still writing.

        Args:
            path: the folder.
            mmap: whether the columns stay on the disk until they are used.
            verify: whether every byte is checked, which reads them all once (about a second for a
                gigabyte); otherwise only the journal, the lengths and the schema are.

        Raises:
            MissingFileError: nothing is there.
            ForeignResultsError: no store, or one of another version.
            DamagedFileError: a file of it was cut short or altered.
        """
        check_flag("mmap", mmap)
        check_flag("verify", verify)
        return Demonstrations(read_store(check_path("path", path), mmap=mmap, verify=verify))

    @staticmethod
    def recover(path: Path | str) -> "Demonstrations":
        """Read the part of a damaged store that its checksums prove: its first episodes.

        Nothing on the disk is changed; `save` the answer elsewhere.

        Raises:
            MissingFileError: nothing is there.
            ForeignResultsError, DamagedFileError: its schema cannot be read.
        """
        return Demonstrations(recover_store(check_path("path", path)))

    @staticmethod
    def merged(parts: "Sequence[Demonstrations]", *, renumber: bool = False) -> "Demonstrations":
        """Several recordings as one, in order.

        Args:
            parts: recordings over the same agents.
            renumber: number the episodes of each part after those of the parts before it; without
                it they keep their numbers.

        Raises:
            ShapeError: no parts, or parts over different agents or with different columns.
        """
        if not isinstance(parts, Sequence) or not all(  # pyright: ignore[reportUnnecessaryIsInstance]
            isinstance(part, Demonstrations)  # pyright: ignore[reportUnnecessaryIsInstance]
            for part in parts
        ):
            raise ShapeError(f"merged: expected Demonstrations, came {parts!r:.200}")
        if not parts or any(part.agent_names != parts[0].agent_names for part in parts):
            names = [part.agent_names for part in parts]
            raise ShapeError(f"merged: expected recordings over the same agents, came {names}")
        check_flag("renumber", renumber)
        ready = _renumbered(parts) if renumber else parts
        return Demonstrations(
            {name: Decisions.merged([p.of(name) for p in ready]) for name in parts[0].decisions}
        )

    def _mapped(self, function: Callable[[Decisions], Decisions]) -> "Demonstrations":
        return Demonstrations({name: function(each) for name, each in self.decisions.items()})


def _renumbered(parts: Sequence[Demonstrations]) -> list[Demonstrations]:
    done: list[Demonstrations] = []
    number = 0
    for part in parts:
        shifted = {n: replace(d, episodes=d.episodes + number) for n, d in part.decisions.items()}
        done.append(Demonstrations(shifted))
        number = max([number, *(int(d.episodes.max()) + 1 for d in shifted.values() if len(d))])
    return done
