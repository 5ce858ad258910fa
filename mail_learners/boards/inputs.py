"""What networks see of a board: planes of cells, from the mover's view.

`"marks"`: the mover's marks, and the other's. A network over them must find out from examples what
a line is.

`"threats"`: these, the empty cells that would complete a line of the mover, those that would
complete one of the other, and the cells that can be marked now. All follow from the rules alone;
none says who is winning.
"""

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import LineGame
from mail_envs.board.batch import States
from mail_envs.errors import UnknownNameError

__all__ = ["INPUTS", "inputs", "open_cells", "winning_cells"]

INPUTS = {"threats": 5, "marks": 2}
"""The number of planes by name, the default first."""

ONE = np.uint64(1)
ALL = ~np.uint64(0)


def inputs(game: LineGame, states: States, name: str) -> NDArray[np.float32]:
    """The planes of `(B,)` states, one after the other: `(B, planes · cells)` float32, 0 or 1.

    Raises:
        UnknownNameError: no such planes.
    """
    if name not in INPUTS:
        raise UnknownNameError(f"inputs: expected one of {list(INPUTS)}, came {name!r}")
    boards = [states.mover, states.other]
    if name == "threats":
        empty = np.uint64(game.board) & ~(states.mover | states.other)
        boards += [winning_cells(game, side) & empty for side in states]
        boards.append(open_cells(game, states))
    bits = np.array(game.cell_bits, dtype=np.uint64)
    planes = np.stack(boards, axis=1)[:, :, None] >> bits & ONE  # B plane cell
    return planes.astype(np.float32).reshape(len(states.mover), -1)


def winning_cells(game: LineGame, marks: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The cells that would complete a line of `marks` `(B,)`, marked or not: bitboards `(B,)`.

    A cell is one where, in some direction, i marks end just before it and the others of the line
    begin just after it. Bits on the spare bits between columns are meaningless.
    """
    found = np.zeros_like(marks)
    for shift in sorted({1, game.stride - 1, game.stride, game.stride + 1}):
        before, after = [np.full_like(marks, ALL)], [np.full_like(marks, ALL)]
        for i in range(1, game.in_a_row):
            before.append(before[-1] & marks << np.uint64(i * shift))
            after.append(after[-1] & marks >> np.uint64(i * shift))
        for i in range(game.in_a_row):
            found |= before[i] & after[game.in_a_row - 1 - i]
    return found


def open_cells(game: LineGame, states: States) -> NDArray[np.uint64]:
    """Where the next mark may come to: bitboards `(B,)`."""
    occupied = states.mover | states.other
    if not game.gravity:
        return np.uint64(game.board) & ~occupied
    return occupied + np.uint64(game.feet) & np.uint64(game.board)
