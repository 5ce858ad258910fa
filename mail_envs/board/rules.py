"""k in a row on an m × n board, with or without gravity: the rules, as pure functions.

A state is two bitboards, the mover's marks and the other player's. Cell (row, column), row 0 on
top, is bit `column * (rows + 1) + (rows - 1 - row)`: columns one after the other from the bottom
up, each with one spare bit on top that is never set, so that a shifted board cannot wrap into the
next column and four shifts find every line::

    vertical 1, horizontal rows + 1, diagonals rows and rows + 2

    5 x 4 board   4 9 14 19   <- spare bits
    (bit numbers) 3 8 13 18
                  2 7 12 17
                  1 6 11 16
                  0 5 10 15

Bitboards are Python integers for one state and `uint64` arrays `(B,)` for a batch; what is written
with `&`, `|` and `>>` alone serves both. The batched functions stand in `mail_envs.board.batch`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import index
from typing import NamedTuple, SupportsIndex, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import EpisodeOverError, IllegalActionError, InvalidModelError

__all__ = ["LineGame", "State", "Symmetries"]

Bits = TypeVar("Bits", int, NDArray[np.uint64])


class State(NamedTuple):
    """A position: the marks of the player to move and those of the other, as bitboards."""

    mover: int
    other: int


class Symmetries(NamedTuple):
    """The board's symmetries, the identity first, as index arrays to gather with.

    `cells[g, i]` is the cell (row-major) whose content comes to cell i under symmetry g;
    `actions[g, a]` is the action that becomes action a.
    """

    cells: NDArray[np.int64]  # (G, rows * columns)
    actions: NDArray[np.int64]  # (G, A)


@dataclass(frozen=True)
class LineGame:
    """`in_a_row` marks in a line win; a full board without a line is a draw. Player 0 moves first.

    Without gravity action a is cell `(a // columns, a % columns)`; with gravity it is a column,
    and the mark falls to its lowest empty cell.

    Args:
        rows: at least 1.
        columns: at least 1; `columns * (rows + 1)` at most 64.
        in_a_row: from 1 to the longer side.
        gravity: whether marks fall.

    Raises:
        InvalidModelError: sizes outside these ranges, or none that are whole numbers.

    >>> game = LineGame(rows=3, columns=3, in_a_row=3, gravity=False)
    >>> state = game.play([0, 4, 1, 5, 2])
    >>> print(game.text(state))
    X X X
    . O O
    . . .
    >>> game.outcome(state)
    1
    """

    rows: int
    columns: int
    in_a_row: int
    gravity: bool

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "in_a_row"):
            object.__setattr__(self, name, _whole(name, getattr(self, name)))
        if self.rows < 1 or self.columns < 1 or self.columns * (self.rows + 1) > 64:
            raise InvalidModelError(
                "LineGame: expected rows >= 1, columns >= 1 and columns * (rows + 1) <= 64, "
                f"came rows={self.rows}, columns={self.columns}"
            )
        if not 1 <= self.in_a_row <= max(self.rows, self.columns):
            raise InvalidModelError(
                f"LineGame: expected in_a_row from 1 to {max(self.rows, self.columns)}, "
                f"came {self.in_a_row}"
            )

    # ---- sizes and names

    @property
    def agents(self) -> tuple[str, str]:
        """The players' names, in player order."""
        return ("player_0", "player_1")

    @property
    def cells(self) -> int:
        """The number of cells, which is the longest possible game in plies."""
        return self.rows * self.columns

    @property
    def actions(self) -> int:
        """The number of actions A."""
        return self.columns if self.gravity else self.cells

    @property
    def stride(self) -> int:
        """Bits from one column to the next."""
        return self.rows + 1

    @property
    def bits(self) -> int:
        """The number of bits of a bitboard, spare bits included."""
        return self.columns * self.stride

    @property
    def board(self) -> int:
        """The bitboard with every cell set."""
        return self._board

    @cached_property
    def _board(self) -> int:
        column = (1 << self.rows) - 1
        return sum(column << (c * self.stride) for c in range(self.columns))

    @cached_property
    def feet(self) -> int:
        """The bitboard with the lowest cell of each column set."""
        return sum(1 << (c * self.stride) for c in range(self.columns))

    @cached_property
    def cell_bits(self) -> tuple[int, ...]:
        """The bit number of each cell, row-major."""
        return tuple(
            column * self.stride + self.rows - 1 - row
            for row in range(self.rows)
            for column in range(self.columns)
        )

    @cached_property
    def bit_cells(self) -> tuple[int, ...]:
        """The cell of each bit number, the inverse of `cell_bits`; -1 for the spare bits."""
        cells = {bit: cell for cell, bit in enumerate(self.cell_bits)}
        return tuple(cells.get(bit, -1) for bit in range(self.bits))

    # ---- playing

    def initial_state(self) -> State:
        """The empty board, player 0 to move."""
        return State(0, 0)

    def plies(self, state: State) -> int:
        """The number of marks on the board."""
        return (state.mover | state.other).bit_count()

    def player_to_move(self, state: State) -> int:
        """The index of the player whose turn it is (or would be, once the game is over)."""
        return self.plies(state) % 2

    @cached_property
    def line_shifts(self) -> tuple[tuple[int, int, int, int], ...]:
        """How far `has_line` shifts in each of the four directions, one round after the other.

        Where runs of n marks begin, `run & (run >> n * shift)` says where runs of 2 n begin, and a
        smaller multiple fills up to `in_a_row`: 1, 2 for four in a row; 1, 2, 1 for five.
        """
        multiples: list[int] = []
        while (length := 1 + sum(multiples)) < self.in_a_row:
            multiples.append(min(length, self.in_a_row - length))
        return tuple(
            (n, n * (self.stride - 1), n * self.stride, n * (self.stride + 1)) for n in multiples
        )

    def has_line(self, marks: Bits) -> Bits:
        """Where `in_a_row` marks begin, as a bitboard (0: nowhere); one board or a batch."""
        vertical = falling = horizontal = rising = marks
        for up, down_right, right, up_right in self.line_shifts:
            vertical = vertical & (vertical >> up)
            falling = falling & (falling >> down_right)
            horizontal = horizontal & (horizontal >> right)
            rising = rising & (rising >> up_right)
        return cast("Bits", vertical | falling | horizontal | rising)

    def outcome(self, state: State) -> int | None:
        """The result for player 0: 1 won, −1 lost, 0 drawn, None while the game goes on."""
        if state.other.bit_count() >= self.in_a_row and self.has_line(state.other):
            return -1 if self.player_to_move(state) == 0 else 1
        return 0 if (state.mover | state.other) == self._board else None

    def legal_actions(self, state: State) -> tuple[int, ...]:
        """The legal actions in increasing order; none once the game is over."""
        if self.outcome(state) is not None:
            return ()
        occupied = state.mover | state.other
        return tuple(a for a in range(self.actions) if not occupied >> self._entry_bits[a] & 1)

    def step(self, state: State, action: SupportsIndex) -> State:
        """The state after the mover plays `action`, an integer of any kind.

        Raises:
            EpisodeOverError: the game is over.
            IllegalActionError: the action is not legal here.
        """
        if self.outcome(state) is not None:
            raise EpisodeOverError(f"step: the game is over, came action {action!r}")
        return self.place(state, action)

    def place(self, state: State, action: SupportsIndex) -> State:
        """As `step`, where the caller knows that the game goes on.

        Raises:
            IllegalActionError: the action is not legal here.
        """
        mover, other = state
        occupied = mover | other
        try:
            chosen = index(action)  # NumPy's integers and 0-d arrays serve as well
        except TypeError:
            chosen = -1
        cells = self._action_cells[chosen] if 0 <= chosen < len(self._action_cells) else 0
        # With gravity, the carry from a column's lowest cell runs to its first empty one.
        mark = (occupied + (cells & -cells)) & cells if self.gravity else cells & ~occupied
        if not mark:
            raise IllegalActionError(
                f"action: expected one of {self.legal_actions(state)}, came {action!r}"
            )
        return State(other, mover | mark)

    @cached_property
    def _action_cells(self) -> tuple[int, ...]:
        """Per action, the cells that its mark may come to, as a bitboard."""
        if not self.gravity:
            return tuple(1 << bit for bit in self.cell_bits)
        column = (1 << self.rows) - 1
        return tuple(column << (c * self.stride) for c in range(self.columns))

    def play(self, moves: Iterable[SupportsIndex]) -> State:
        """The state after a sequence of actions from the empty board; errors as in `step`."""
        state = self.initial_state()
        for action in moves:
            state = self.step(state, action)
        return state

    @cached_property
    def _entry_bits(self) -> tuple[int, ...]:
        """Per action, the bit that is empty exactly where the action is possible."""
        return self.cell_bits[: self.actions]

    # ---- seeing

    def observation(self, state: State) -> NDArray[np.int8]:
        """The mover's view, `(rows, columns, 2)` int8: own marks, the other's; row 0 on top."""
        planes = [[marks >> bit & 1 for bit in self.cell_bits] for marks in state]
        return np.array(planes, dtype=np.int8).T.reshape(self.rows, self.columns, 2)

    def action_mask(self, state: State) -> NDArray[np.int8]:
        """The legal actions as `(A,)` int8; all zeros once the game is over."""
        mask = np.zeros(self.actions, dtype=np.int8)
        mask[list(self.legal_actions(state))] = 1
        return mask

    @cached_property
    def symmetries(self) -> Symmetries:
        """The symmetries of board and rules: 8 for squares, 4 for rectangles, 2 with gravity."""
        board = np.arange(self.cells).reshape(self.rows, self.columns)
        if self.gravity:
            cells = [board, board[:, ::-1]]
            actions = [np.arange(self.columns), np.arange(self.columns)[::-1]]
            return _frozen_symmetries(cells, actions)
        turns = range(4) if self.rows == self.columns else range(0, 4, 2)
        cells = [np.rot90(side, turn) for side in (board, board[:, ::-1]) for turn in turns]
        return _frozen_symmetries(cells, cells)

    def text(self, state: State) -> str:
        """The board as text, X for player 0, O for player 1, row 0 on top."""
        marks = (state.mover, state.other)
        first, second = marks if self.player_to_move(state) == 0 else marks[::-1]
        letters = [
            "X" if first >> bit & 1 else "O" if second >> bit & 1 else "." for bit in self.cell_bits
        ]
        rows = [letters[i : i + self.columns] for i in range(0, self.cells, self.columns)]
        return "\n".join(" ".join(row) for row in rows)


def _whole(name: str, size: SupportsIndex) -> int:
    try:
        return index(size)
    except TypeError:
        raise InvalidModelError(f"{name}: expected a whole number, came {size!r}") from None


def _frozen_symmetries(
    cells: list[NDArray[np.int64]], actions: list[NDArray[np.int64]]
) -> Symmetries:
    tables = (np.stack([part.ravel() for part in parts]) for parts in (cells, actions))
    frozen = Symmetries(*tables)
    for table in frozen:
        table.setflags(write=False)
    return frozen
