"""Perfect play at any position, by search: on boards with too many positions to list.

`SearchSolver` answers what `mail_envs.board.solver.Solver` asks, exactly, on every board with
gravity and on boards without of up to about 25 cells, as far as patience goes: Connect Four from
any position in milliseconds with its opening book (`mail_envs.board.opening_book`), larger boards
once enough of the game is played.

A question costs what it must. Best actions are found without pricing the others, outcomes without
distances, and equal positions and mirror images of a batch are answered once. Positions that were
searched are remembered in tables, so later questions cost less; their answers stay the same.
How the search works is told in `mail_envs.board.search_kernels`.
"""

import operator
import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.rules import LineGame
from mail_envs.board.solver import Prefer, Ties, final_scores, unknown_position
from mail_envs.errors import (
    GameTooLargeError,
    InvalidOptionError,
    PositionTooHardError,
)
from mail_envs.protocols import FloatArray

if TYPE_CHECKING:
    from mail_envs.board.search_engine import Engine

__all__ = ["SearchSolver"]

Goal: TypeAlias = Literal["scores", "value", "best", "first"]

TABLE_BITS = 14, 34
"""The range of a table's size: the least that tells positions apart (an entry has 50 bits of a hash
of 64), and 128 GB."""


class SearchSolver:
    """Scores, best actions and values of any position of a board, by search.

    Args:
        game: the board.
        node_limit: positions that may be searched for one answer; None for no limit.
        threads: positions of a batch that are searched at a time; None for one per processor core
            that this process may use.
        table_bits: positions are remembered in 2 to this power words of 8 bytes.

    Raises:
        GameTooLargeError: a board without gravity whose positions do not fit into 64 bits.
        InvalidOptionError: an option out of range.

    >>> from mail_envs.board import LineGame, batch
    >>> game = LineGame(rows=4, columns=5, in_a_row=4, gravity=True)
    >>> solver = SearchSolver(game)
    >>> solver.scores(batch.stack([game.play([2, 2, 1, 1])]))  # an open three wins on ply 7
    array([[-1., -1., -1., 14., -1.]])
    """

    def __init__(
        self,
        game: LineGame,
        *,
        node_limit: int | None = None,
        threads: int | None = None,
        table_bits: int = 22,
    ) -> None:
        if not game.gravity and 2 * game.bits >= 64:
            raise GameTooLargeError(
                f"SearchSolver: expected a board without gravity of at most 31 bits, columns * "
                f"(rows + 1), came {game}"
            )
        self.game = game
        self.node_limit: int | None = _within("node_limit", node_limit, 1, None)
        self.threads: int = _within("threads", threads, 1, None) or _cores()
        self.table_bits: int = _within("table_bits", table_bits, *TABLE_BITS) or table_bits

    def __reduce__(self) -> tuple[Callable[..., "SearchSolver"], tuple[object, ...]]:
        """Copies begin with empty tables."""
        return _solver, (self.game, self.node_limit, self.threads, self.table_bits)

    def scores(self, states: States, *, prefer: Prefer = "distance") -> FloatArray:
        """The score of every action, or its sign alone with `prefer="outcome"`, which costs less.

        Args:
            states: `(B,)` each.
            prefer: what is asked for.

        Returns:
            `(B, A)` float64, −inf where illegal, everywhere once the game is over.

        Raises:
            UnknownPositionError: a position that no play reaches.
            PositionTooHardError: the node limit was met.
        """
        answers = self._ask(states, "scores", prefer)
        return np.where(answers < -self.game.cells, -np.inf, answers.astype(np.float64))

    def best(
        self, states: States, *, prefer: Prefer = "distance", ties: Ties = "uniform"
    ) -> NDArray[np.bool_]:
        """The best actions, or with `ties="first"` the first of them alone.

        Args:
            states: `(B,)` each.
            prefer: `"distance"` ranks actions by their score, `"outcome"` by its sign.
            ties: which of several best actions count.

        Returns:
            `(B, A)` bool, False everywhere once the game is over.

        Raises:
            UnknownPositionError: a position that no play reaches.
            PositionTooHardError: the node limit was met.
        """
        return self._ask(states, "first" if ties == "first" else "best", prefer) == 1

    def values(self, states: States, *, prefer: Prefer = "distance") -> FloatArray:
        """The score of each position, seen by its mover; of finished games too. `(B,)` float64.

        Raises:
            UnknownPositionError: a position that no play reaches.
            PositionTooHardError: the node limit was met.
        """
        values = self._ask(states, "value", prefer)[:, 0]
        over = values < -self.game.cells
        return np.where(over, final_scores(self.game, states, prefer), values.astype(np.float64))

    def forget(self) -> None:
        """Empty the tables, so that the next question starts from nothing."""
        self._engine.forget()

    @cached_property
    def _engine(self) -> "Engine":
        from mail_envs.board.search_engine import Engine  # noqa: PLC0415 - brings numba

        return Engine(self.game, table_bits=self.table_bits, threads=self.threads)

    def _ask(self, states: States, goal: Goal, prefer: Prefer) -> NDArray[np.int64]:
        """The engine's answers, `(B, A)`; `ILLEGAL`, below any score, where the game is over."""
        _check(self.game, states)
        distinct = _distinct(self.game, states, goal)
        answers, searched = self._engine.answer(
            distinct.states, goal=goal, outcome=prefer == "outcome", limit=self.node_limit
        )
        if (searched < 0).any():
            row = int(np.argmax((searched < 0)[distinct.rows]))
            raise PositionTooHardError(
                f"row {row}, ply {batch.plies(states)[row]}: expected an answer within "
                f"{self.node_limit} positions; a larger node_limit goes on from what is known"
            )
        answers = answers[distinct.rows]
        mirrored = distinct.mirrored[:, None]
        return np.where(mirrored, answers[:, ::-1], answers) if mirrored.any() else answers


def _solver(game: LineGame, node_limit: int | None, threads: int, table_bits: int) -> SearchSolver:
    return SearchSolver(game, node_limit=node_limit, threads=threads, table_bits=table_bits)


def _within(name: str, value: int | None, least: int, most: int | None) -> int | None:
    """An option that is a whole number in its range, or None."""
    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or (most is not None and number > most):
        bound = "" if most is None else f" to {most}"
        raise InvalidOptionError(
            f"{name}: expected a whole number from {least}{bound}, came {value!r}"
        )
    return number


def _cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# ---- positions


class Distinct(NamedTuple):
    """The different positions of a batch."""

    states: States  # (N,) each
    rows: NDArray[np.int64]  # (B,) which of them answers each row of the batch
    mirrored: NDArray[np.bool_]  # (B,) whether as its mirror image


def _distinct(game: LineGame, states: States, goal: Goal) -> Distinct:
    """Each position once; of mirror images one, unless the first action is asked for."""
    mirrored = np.zeros(len(states.mover), dtype=np.bool_)
    if len(mirrored) == 1:
        return Distinct(states, np.zeros(1, dtype=np.int64), mirrored)
    keys = batch.keys(game, states)
    if game.gravity and goal != "first":
        images = States(_mirrored(game, states.mover), _mirrored(game, states.other))
        keys_of_images = batch.keys(game, images)
        mirrored = keys_of_images < keys
        keys = np.minimum(keys, keys_of_images)
        states = States(
            np.where(mirrored, images.mover, states.mover),
            np.where(mirrored, images.other, states.other),
        )
    _, first, rows = np.unique(keys, return_index=True, return_inverse=True)
    return Distinct(States(states.mover[first], states.other[first]), rows, mirrored)


def _mirrored(game: LineGame, boards: NDArray[np.uint64]) -> NDArray[np.uint64]:
    column = np.uint64((1 << game.rows) - 1)
    image = np.zeros_like(boards)
    for left in range(game.columns):
        right = game.columns - 1 - left
        image |= (boards >> np.uint64(left * game.stride) & column) << np.uint64(
            right * game.stride
        )
    return image


def _check(game: LineGame, states: States) -> None:
    """Refuse what no play reaches: marks off the board, doubled, floating, of wrong numbers.

    Raises:
        UnknownPositionError: such marks, or a line of the player to move.
    """
    mover, other = states
    occupied = mover | other
    lead = np.bitwise_count(other).astype(np.int64) - np.bitwise_count(mover)
    wrong = (occupied & ~np.uint64(game.board)) | (mover & other) | game.has_line(mover)
    if game.gravity:
        wrong |= occupied & ~(occupied << np.uint64(1) | np.uint64(game.feet))
    bad = (wrong != 0) | (lead < 0) | (lead > 1)
    if bad.any():
        raise unknown_position(states, int(np.argmax(bad)))
