"""Perfect play by a full solve: every position's exact score, once.

The score of a position, seen by its mover, is

    outcome × (cells + 1 − plies played when the game ends under best play),

outcome being +1, 0 or −1: sooner wins and later losses are worth more, draws are 0. The score of an
action is minus the score of the position it leads to, −inf where it is illegal.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.positions import positions
from mail_envs.board.rules import LineGame
from mail_envs.errors import UnknownPositionError
from mail_envs.protocols import FloatArray

__all__ = ["Solver", "TableSolver", "solver"]


class Solver(Protocol):
    """Whatever knows the exact score of every action."""

    def scores(self, states: States) -> FloatArray:
        """Scores of all actions, `(B, A)` float64, −inf where illegal or once the game is over."""
        ...


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

    def scores(self, states: States) -> FloatArray:
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
            first = int(np.argmax(unknown))
            raise UnknownPositionError(
                f"scores: expected positions that legal play reaches, came marks "
                f"{int(states.mover[first]):#x} for the mover and {int(states.other[first]):#x} "
                f"for the other in row {first}"
            )
        return self.table[row]


@lru_cache(maxsize=4)
def solver(game: LineGame) -> TableSolver:
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
        # Who is to move once the game is over did not move last: over means lost or drawn.
        lost = (layer.outcome != 0) * -float(game.cells + 1 - layer.ply)
        following = np.where(layer.over, lost, table.max(axis=1))
    keys = np.concatenate([layer.keys for layer in layers])
    order = np.argsort(keys)
    mover = np.concatenate([layer.states.mover for layer in layers])
    other = np.concatenate([layer.states.other for layer in layers])
    table = np.concatenate(tables[::-1])
    return TableSolver(game, keys[order], States(mover[order], other[order]), table[order])
