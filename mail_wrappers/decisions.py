"""The decisions of one agent: columns, a row each."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import ShapeError
from mail_envs.protocols import FloatArray, Mask, Policy
from mail_envs.protocols.asking import ask
from mail_wrappers.columns import Column, joined, layout_of_column, layout_to_json, leaves, mapped
from mail_wrappers.options import check_callable, check_rng, check_whole

__all__ = ["OPTIONAL", "Decisions", "Rows"]

Rows: TypeAlias = NDArray[np.bool_] | NDArray[np.integer[Any]] | slice
"""Which rows: `(N,)` bool, indices, or a slice."""

KINDS = {
    "action_masks": "biu",
    "episodes": "iu",
    "steps": "iu",
    "distributions": "f",
    "rewards": "f",
    "terminations": "b",
    "truncations": "b",
}
"""What the columns that are no space's hold, as NumPy's letters."""
OPTIONAL = ("action_masks", "distributions", "rewards", "terminations", "truncations")
"""The columns that a recording may lack."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """N decisions of one agent, in the order in which they were made; read-only arrays.

    Observations and actions are nested where the agent's spaces are: a dictionary space gives a
    dictionary of columns, a tuple space a tuple of them (`mail_wrappers.columns`).

    Attributes:
        observations: `(N, ...)`, what the agent saw, without the mask.
        actions: `(N, ...)`, what it did; `(N,)` int64 where its actions are discrete.
        episodes: `(N,)` int64, counted from 0.
        steps: `(N,)` int64, the place of the decision in its episode, counted from 0: among all
            agents' decisions where they take turns, among the rounds where all move at once.
        action_masks: `(N, A)` int8, 1 where legal, all ones where the environment has no masks;
            None where actions are not discrete.
        distributions: `(N, A)` float64, what the expert would do, or drew from; None if unknown.
        rewards: `(N,)` float64, what the agent was paid from this decision to its next turn, or to
            the end; None if unknown.
        terminations: `(N,)` bool, whether the agent's episode ended with this decision, by the
            rules; None if unknown.
        truncations: the same for an end from outside, such as a time limit.

    Raises:
        ShapeError: columns of different lengths, or one that is no array of its kind.
    """

    observations: Column
    actions: Column
    episodes: NDArray[np.int64]
    steps: NDArray[np.int64]
    action_masks: Mask | None = None
    distributions: FloatArray | None = None
    rewards: FloatArray | None = None
    terminations: NDArray[np.bool_] | None = None
    truncations: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        count: int | None = None
        for name, column in self.columns(required=True).items():
            layout_of_column(column, what=name)
            arrays = leaves(column, name)
            if not arrays or (name in KINDS and not isinstance(column, np.ndarray)):
                raise ShapeError(f"{name}: expected an array, came {column!r:.200}")
            for path, array in arrays:
                count = len(array) if count is None else count
                if len(array) != count:
                    raise ShapeError(
                        f"{path}: expected {count} rows as in the columns before, came {len(array)}"
                    )
                _check_kind(name, array)
            object.__setattr__(self, name, mapped(_read_only, column))
        self._check_widths()

    def _check_widths(self) -> None:
        masks, table = self.action_masks, self.distributions
        if masks is not None and table is not None and masks.shape != table.shape:
            raise ShapeError(
                f"distributions: expected shape {masks.shape} as of action_masks, "
                f"came {table.shape}"
            )

    def columns(self, *, required: bool = False) -> dict[str, Column]:
        """The columns that are there, by name, in their order; with `required`, also None for them.

        Those that every recording has are there in any case.
        """
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        wanted = set(every) - set(OPTIONAL) if required else set[str]()
        return {name: c for name, c in every.items() if c is not None or name in wanted}

    def layout(self) -> dict[str, Any]:
        """The layouts of the columns that are there, by name."""
        return {name: layout_of_column(c, what=name) for name, c in self.columns().items()}

    def __len__(self) -> int:
        return len(self.episodes)

    def take(self, rows: Rows) -> "Decisions":
        """Some rows: `(N,)` bool, indices, or a slice.

        Raises:
            ShapeError: rows that are not there, or no rows at all.
        """
        if isinstance(rows, slice):
            return self._mapped(lambda array: array[rows])
        try:
            which = np.asarray(rows)
        except ValueError as error:
            raise ShapeError(f"rows: expected indices or (N,) bool, came {rows!r:.200}") from error
        if which.ndim != 1 or (which.dtype.kind not in "biu" and len(which)):
            raise ShapeError(f"rows: expected indices or (N,) bool, came {rows!r:.200}")
        if which.dtype.kind == "b":
            if len(which) != len(self):
                raise ShapeError(f"rows: expected {len(self)} truth values, came {len(which)}")
            which = np.flatnonzero(which)
        which = which.astype(np.int64)
        beyond = (which < 0) | (which >= len(self))
        if beyond.any():
            raise ShapeError(
                f"rows: expected indices from 0 to {len(self) - 1}, came {which[beyond][0]}"
            )
        return self._mapped(lambda array: array[which])

    def where(self, predicate: "Callable[[Decisions], NDArray[np.bool_]]") -> "Decisions":
        """The decisions of which `predicate`, from decisions to `(N,)` bool, is true."""
        check_callable("predicate", predicate, what="a function of decisions")
        try:
            chosen = np.asarray(predicate(self))
        except ValueError as error:
            raise ShapeError(f"predicate: expected ({len(self)},) bool, came {error}") from error
        if chosen.dtype.kind != "b" or chosen.shape != (len(self),):
            raise ShapeError(
                f"predicate: expected ({len(self)},) bool, came {chosen.dtype} of {chosen.shape}"
            )
        return self.take(chosen)

    def first(self, episodes: int) -> "Decisions":
        """The decisions of the episodes numbered below `episodes`, at least 0."""
        return self.take(self.episodes < check_whole("episodes", episodes, least=0))

    def sample(self, n: int, *, rng: np.random.Generator) -> "Decisions":
        """`n` decisions drawn without replacement, in a random order.

        Raises:
            InvalidOptionError: more than there are, or less than none.
        """
        count = check_whole("n", n, least=0, most=len(self))
        check_rng("rng", rng)
        return self.take(rng.choice(len(self), size=count, replace=False))

    def trajectories(self) -> "Iterator[Decisions]":
        """The decisions episode by episode: runs of one episode whose steps increase."""
        breaks = (np.diff(self.episodes) != 0) | (np.diff(self.steps) <= 0)
        cuts = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(self)]
        for start, stop in pairwise(cuts):
            if stop > start:
                yield self.take(slice(start, stop))

    def labelled(self, expert: Policy, *, who: str = "the expert") -> "Decisions":
        """The same with the distributions that `expert` answers, asked once about all.

        Raises:
            ShapeError: decisions without masks, whose actions are not discrete.
            InvalidPolicyError: an answer that is no distribution over the legal actions.
        """
        check_callable(who, expert, what="a policy")
        return replace(self, distributions=ask(expert, self.observations, self.masks(), who=who))

    def masks(self) -> Mask:
        """`action_masks` where there are to be some.

        Raises:
            ShapeError: there are none.
        """
        if self.action_masks is None:
            raise ShapeError("action_masks: expected masks of discrete actions, came none")
        return self.action_masks

    def checksum(self) -> str:
        """SHA-256 of layout and bytes, as 64 hexadecimal digits: equal where every byte is."""
        digest = hashlib.sha256()
        for name, column in self.columns().items():
            layout = layout_to_json(layout_of_column(column, what=name))
            digest.update(repr((name, len(self), layout)).encode())
            for _, array in leaves(column):
                plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
                digest.update(plain.reshape(-1).view(np.uint8).data)
        return digest.hexdigest()

    @staticmethod
    def merged(parts: "Sequence[Decisions]") -> "Decisions":
        """Several agents' or recordings' decisions as one, in order; episodes keep their numbers.

        Raises:
            ShapeError: no parts, or parts whose columns differ.
        """
        given: Any = parts if isinstance(parts, Sequence) else ()  # pyright: ignore[reportUnnecessaryIsInstance]
        if not given or not all(isinstance(part, Decisions) for part in given):
            raise ShapeError(f"merged: expected at least one part, came {parts!r:.200}")
        first = parts[0].layout()
        for number, part in enumerate(parts):
            if part.layout() != first:
                raise ShapeError(
                    f"merged: expected columns as in part 0, {first}; came, in part {number}, "
                    f"{part.layout()}"
                )
        names = parts[0].columns()
        return Decisions(**{name: joined([getattr(p, name) for p in parts]) for name in names})

    def _mapped(self, function: Callable[[NDArray[Any]], NDArray[Any]]) -> "Decisions":
        return Decisions(**{name: mapped(function, c) for name, c in self.columns().items()})


def _check_kind(name: str, array: NDArray[Any]) -> None:
    kinds = KINDS.get(name, array.dtype.kind)
    wide = name in {"action_masks", "distributions"}
    if array.dtype.kind not in kinds or (name in KINDS and array.ndim != 1 + wide):
        raise ShapeError(
            f"{name}: expected {'(N, A)' if wide else '(N,)'} of kind {kinds!r}, "
            f"came {array.dtype} of shape {array.shape}"
        )


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view
