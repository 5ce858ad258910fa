"""Perfect play: exact scores, best actions and values of positions.

The score of a position, seen by its mover, is

    outcome × (cells + 1 − plies played when the game ends under best play),

outcome being +1, 0 or −1: sooner wins and later losses are worth more, draws are 0. The score of an
action is minus the score of the position it leads to, −inf where it is illegal.

`TableSolver` holds the scores of all positions of a small board, computed once by a backward
sweep; `mail_envs.board.search` searches for those of larger ones. Both are `Solver`s.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.positions import positions
from mail_envs.board.rules import LineGame
from mail_envs.errors import UnknownPositionError
from mail_envs.protocols import FloatArray

__all__ = [
    "Prefer",
    "Solver",
    "TableSolver",
    "Ties",
    "final_scores",
    "solver",
    "table_solver",
    "unknown_position",
]

Prefer: TypeAlias = Literal["distance", "outcome"]
"""What ranks actions and positions: their score, or its sign alone."""

Ties: TypeAlias = Literal["first", "uniform"]
"""Which of several best actions count: that with the lowest index, or all."""


class Solver(Protocol):
    """Whatever knows the exact score of every action."""

    def scores(self, states: States, *, prefer: Prefer = "distance") -> FloatArray:
        """Scores of all actions, or their signs; `(B, A)` float64.

        −inf where illegal or once the game is over.
        """
        ...

    def best(
        self, states: States, *, prefer: Prefer = "distance", ties: Ties = "uniform"
    ) -> NDArray[np.bool_]:
        """The best actions, `(B, A)`, or the first of them; none once the game is over."""
        ...

    def values(self, states: States, *, prefer: Prefer = "distance") -> FloatArray:
        """Scores of the positions themselves, finished ones too; `(B,)` float64."""
        ...


def final_scores(game: LineGame, states: States, prefer: Prefer = "distance") -> FloatArray:
    """The scores of finished games, seen by who would be to move; 0 where the game goes on."""
    outcome = batch.outcomes(game, states)[1]
    lost = (outcome != 0) * -1.0  # who is to move once the game is over did not move last
    return lost if prefer == "outcome" else lost * (game.cells + 1 - batch.plies(states))


def unknown_position(states: States, row: int) -> UnknownPositionError:
    """The error that a row of states deserves which no play reaches."""
    return UnknownPositionError(
        f"scores: expected positions that legal play reaches, came marks "
        f"{int(states.mover[row]):#x} for the mover and {int(states.other[row]):#x} for the other "
        f"in row {row}"
    )


@dataclass(frozen=True, eq=False)
class TableSolver:
    """The scores of all positions in one table, in increasing order of the positions' keys."""

    game: LineGame
    keys: NDArray[np.uint64]  # (N,)
    states: States  # (N,) each
    table: FloatArray  # (N, A)

    def __post_init__(self) -> None:
        for array in (self.keys, *self.states, self.table):
            array.setflags(write=False)

    def scores(self, states: States, *, prefer: Prefer = "distance") -> FloatArray:
        """Look the scores up; `(B, A)`.

        Raises:
            UnknownPositionError: a position that no play reaches.
        """
        asked = batch.keys(self.game, states)
        row = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
        # A key tells positions apart, not a position from floating or doubled marks.
        same = [known[row] == board for known, board in zip(self.states, states, strict=True)]
        unknown = ~(same[0] & same[1])
        if unknown.any():
            raise unknown_position(states, int(np.argmax(unknown)))
        return _ranked(self.table[row], prefer)

    def best(
        self, states: States, *, prefer: Prefer = "distance", ties: Ties = "uniform"
    ) -> NDArray[np.bool_]:
        """The best actions, or the first of them; `(B, A)`. Errors as in `scores`."""
        scores = self.scores(states, prefer=prefer)
        best = (scores == scores.max(axis=1, keepdims=True)) & (scores > -np.inf)
        return best & (np.cumsum(best, axis=1) == 1) if ties == "first" else best

    def values(self, states: States, *, prefer: Prefer = "distance") -> FloatArray:
        """Scores of the positions themselves; `(B,)`. Errors as in `scores`."""
        best = self.scores(states, prefer=prefer).max(axis=1)
        return np.where(best > -np.inf, best, final_scores(self.game, states, prefer))


def _ranked(scores: FloatArray, prefer: Prefer) -> FloatArray:
    """Scores as they are, or their signs."""
    return np.where(scores > -np.inf, np.sign(scores), scores) if prefer == "outcome" else scores


@lru_cache(maxsize=4)
def solver(game: LineGame, node_limit: int | None = None) -> Solver:
    """The solver that suits a board: a table of all positions of small ones, else a search.

    Solvers are shared, so that what one expert has found out serves all.

    Args:
        game: the board.
        node_limit: positions that a search may visit for one answer; None for no limit.

    Raises:
        GameTooLargeError: a board that can be neither listed nor searched.
    """
    if game.cells <= LISTED_CELLS[game.gravity]:
        return table_solver(game)
    from mail_envs.board.search import SearchSolver  # noqa: PLC0415 - it imports this module

    return SearchSolver(game, node_limit=node_limit)


LISTED_CELLS = {False: 12, True: 16}
"""The largest boards that are listed, by gravity: 200 000 positions, in a tenth of a second."""


@lru_cache(maxsize=4)
def table_solver(game: LineGame) -> TableSolver:
    """Solve a game by one backward sweep over all its positions.

    Raises:
        GameTooLargeError: more positions than can be enumerated.
    """
    layers = positions(game)
    tables: list[FloatArray] = []
    following = np.zeros(1)  # the next layer's scores, seen by its movers
    for layer in reversed(layers):
        table = np.where(layer.masks == 1, 0.0 - following[layer.children], -np.inf)
        tables.append(table)
        final = final_scores(game, layer.states)
        following = np.where(layer.over, final, table.max(axis=1))
    keys = np.concatenate([layer.keys for layer in layers])
    order = np.argsort(keys)
    mover = np.concatenate([layer.states.mover for layer in layers])
    other = np.concatenate([layer.states.other for layer in layers])
    table = np.concatenate(tables[::-1])
    return TableSolver(game, keys[order], States(mover[order], other[order]), table[order])
