"""Many boards of one game, played in lockstep: the mutable part of the vector environment.

Sides rather than players: side 0 is whoever looks at the boards, so that an observation of its own
is what lies there already, whichever seat it plays from.
"""

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import kernels
from mail_envs.board.batch import States
from mail_envs.board.rules import LineGame
from mail_envs.errors import ShapeError
from mail_envs.protocols import FloatArray, Mask

__all__ = ["Boards", "random_actions"]

Flags = NDArray[np.bool_]
Actions = NDArray[np.int64]


class Boards:
    """B boards of `game`, empty at first.

    Attributes:
        game: the rules.
        legal: `(B, A)` int8, the open actions; all ones where a game is over.
    """

    def __init__(self, game: LineGame, count: int) -> None:
        self.game = game
        self.legal: NDArray[np.int8] = np.ones((count, game.actions), dtype=np.int8)
        self._marks = np.zeros((count, 2), dtype=np.uint64)
        self._cells = np.zeros((count, game.cells, 2), dtype=np.int8)
        self._layout = kernels.layout_of(game)

    def __len__(self) -> int:
        return len(self.legal)

    def clear(self, turn: Flags) -> None:
        """Empty the boards where `turn` `(B,)` is true."""
        kernels.clear(turn, self._marks, self._cells, self.legal)

    def place(self, side: int, turn: Flags, actions: Actions) -> NDArray[np.int8]:
        """Set a mark of `side` by `actions` `(B,)` where `turn` `(B,)`; legality is the caller's.

        Returns:
            `(B,)` int8, for `side`: `kernels.WON`, `DRAWN`, or `GOES_ON`, which is 0.
        """
        results = np.empty(len(self), dtype=np.int8)
        arrays = (self._marks, self._cells, self.legal, results)
        kernels.place(self._layout, side, turn, actions, *arrays)
        return results

    def choose(self, draws: FloatArray) -> Actions:
        """The legal actions `(B,)` at the fractions `draws` `(B,)`, from 0 to 1 (excluded)."""
        return _at(self.legal, draws)

    def close(self, turn: Flags) -> None:
        """Mark games as over that no mark has ended: every action counts as legal there."""
        self.legal[turn] = 1

    def seen_by_us(self, rows: NDArray[np.int64] | None = None) -> NDArray[np.int8]:
        """What side 0 sees, a copy: `(B, rows, columns, 2)` int8, or of the boards in `rows`."""
        cells = self._cells.copy() if rows is None else self._cells[rows]
        return cells.reshape(-1, self.game.rows, self.game.columns, 2)

    def seen_by_them(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """What side 1 sees of the boards in `rows`, a copy: `(len(rows), rows, columns, 2)`."""
        return np.ascontiguousarray(self.seen_by_us(rows)[..., ::-1])

    def states(self, first: int) -> States:
        """The positions, where `first` is the side that moves first."""
        ours, theirs = self._marks.T.copy()
        we_move = np.bitwise_count(ours | theirs) % 2 == first
        return States(np.where(we_move, ours, theirs), np.where(we_move, theirs, ours))


def random_actions(action_masks: Mask, *, rng: np.random.Generator) -> Actions:
    """A legal action of each row, all alike: `(B, A)` int8 → `(B,)`; one draw of `rng` a row.

    Raises:
        ShapeError: masks of another shape, or a row without a legal action.
    """
    masks = np.ascontiguousarray(action_masks, dtype=np.int8)
    if masks.ndim != 2:
        raise ShapeError(f"random_actions: expected masks (B, A), came shape {masks.shape}")
    actions = _at(masks, rng.random(len(masks)))
    beyond = actions >= masks.shape[1]
    if beyond.any():
        raise ShapeError(
            f"random_actions: expected a legal action in every row, came none in row "
            f"{int(np.argmax(beyond))}"
        )
    return actions


def _at(masks: Mask, draws: FloatArray) -> Actions:
    actions = np.empty(len(masks), dtype=np.int64)
    kernels.choose(masks, draws, actions)
    return actions
