"""Bitboards for the compiled search: what one board's marks threaten, complete and leave open.

Bits are those of `mail_envs.board.rules`: columns from the bottom up, a spare bit above each, so
that a line runs along one of the shifts 1, rows, rows + 1 and rows + 2 and never wraps. Everything
here works on single `uint64` words, is compiled by numba when first used, and is used by other
compiled code only; nothing that `import mail_envs` loads imports this module.
"""

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np

from mail_envs.board.rules import LineGame

__all__ = [
    "ONE",
    "ZERO",
    "Board",
    "Node",
    "above",
    "beneath",
    "board_of",
    "compiled",
    "count",
    "entry",
    "has_line",
    "inlined",
    "lost_at",
    "lowest",
    "rest",
    "several",
    "signed",
    "spliced",
    "threats",
    "won_at",
]

ZERO, ONE, TWO, FOUR = (np.uint64(number) for number in (0, 1, 2, 4))
"""Bitboards as compiled code writes them: a plain number would be signed."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Let numba compile a function that compiled code calls, without Python's global lock."""
    return cast("Function", numba.njit(**_INTERNAL)(function))


def inlined(function: Function) -> Function:
    """The same for one that is to vanish in its callers."""
    return cast("Function", numba.njit(**_INTERNAL, forceinline=True)(function))


def spliced(function: Function) -> Function:
    """The same for a large one with one caller: no part of it is compiled twice."""
    return cast("Function", numba.njit(**_INTERNAL, inline="always")(function))


def entry(function: Function) -> Function:
    """Let numba compile a function for Python, and keep the code on disk.

    numba compiles again what it has kept when the file of that function changes; here also when
    another source of the search does, whose number goes into the name of what is kept.
    """
    function.__qualname__ += f"_{_sources():08x}"
    return cast("Function", numba.njit(cache=True, nogil=True)(function))


@cache
def _sources() -> int:
    """A number that changes with the sources of the compiled search."""
    folder = Path(__file__).parent
    names = ("search_*.py", "book_*.py")
    files = sorted(path for name in names for path in folder.glob(name))
    return zlib.crc32(b"".join(path.read_bytes() for path in files))


_INTERNAL: dict[str, Any] = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Python never calls these functions, so they need no entry for it: that halves compilation."""


class Board(NamedTuple):
    """What the compiled search knows of a game."""

    cells: int
    in_a_row: int
    rows: int
    shifts: tuple[np.uint64, np.uint64, np.uint64, np.uint64]  # along the four directions
    spread: np.uint64  # without gravity, bits from the mover's half of a key to the other's
    full: np.uint64  # every cell
    feet: np.uint64  # the lowest cell of each column
    rise: np.uint64  # the cells that a mark below opens: all with gravity, else none
    upper: np.uint64  # the cells an even number of cells below their column's top
    lower: np.uint64  # the others


def board_of(game: LineGame) -> Board:
    """What the compiled search knows of `game`.

    Machines shift by 63 at most, and need no more: where a line would take a larger step, as on a
    single column of 63 rows, 63 leaves nothing on the board either.
    """
    upper = sum(
        1 << game.cell_bits[row * game.columns + column]
        for row in range(0, game.rows, 2)
        for column in range(game.columns)
    )
    word = np.uint64

    def step(slope: int) -> np.uint64:
        return word(min(game.stride + slope, 63))

    return Board(
        cells=game.cells,
        in_a_row=game.in_a_row,
        rows=game.rows,
        shifts=(word(1), step(-1), step(0), step(1)),
        spread=word(min(game.bits, 63)),
        full=word(game.board),
        feet=word(game.feet),
        rise=word(game.board if game.gravity else 0),
        upper=word(upper),
        lower=word(game.board & ~upper),
    )


class Node(NamedTuple):
    """A position in which the mover cannot win at once."""

    mover: np.uint64
    other: np.uint64
    danger: np.uint64  # the empty cells that would complete a line of the other
    playable: np.uint64  # the empty cells that can be played
    ply: int


# ---- scores


@inlined
def won_at(board: Board, ply: int) -> int:
    """The score of a win by the mark that fills the board's `ply`-th cell."""
    return board.cells + 1 - ply


@inlined
def lost_at(board: Board, ply: int) -> int:
    """The score of a loss by that mark."""
    return ply - board.cells - 1


# ---- words


@inlined
def count(bits: np.uint64) -> int:
    """The number of bits that are set (compilers know this form and use one instruction)."""
    pairs = bits - ((bits >> ONE) & np.uint64(0x5555555555555555))
    fours = (pairs & np.uint64(0x3333333333333333)) + (
        (pairs >> TWO) & np.uint64(0x3333333333333333)
    )
    bytes_ = (fours + (fours >> FOUR)) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return signed((bytes_ * np.uint64(0x0101010101010101)) >> np.uint64(56))


@inlined
def _signed(word: np.uint64) -> np.int64:
    return np.int64(word)


signed: Callable[[np.uint64], int] = cast("Callable[[np.uint64], int]", _signed)
"""A bitboard as a signed number of the same bits, compiled."""


@inlined
def several(bits: np.uint64) -> bool:
    """Whether more than one bit is set."""
    return bits & (bits - ONE) != ZERO


@inlined
def lowest(bits: np.uint64) -> np.uint64:
    """The lowest bit that is set."""
    return bits & (~bits + ONE)


# ---- moves


@inlined
def rest(board: Board, playable: np.uint64, move: np.uint64) -> np.uint64:
    """The cells that can be played after `move`, one of `playable`."""
    return (playable & ~move) | ((move << ONE) & board.rise)


@inlined
def beneath(board: Board, cells: np.uint64) -> np.uint64:
    """The places that open `cells`: marks there let the next player have them."""
    return (cells & board.rise) >> ONE


@inlined
def above(board: Board, cells: np.uint64) -> np.uint64:
    """`cells` and all cells above them in their columns."""
    reached = cells
    for _ in range(board.rows - 1):
        cells = (cells << ONE) & board.full
        reached |= cells
    return reached


# ---- lines


@inlined
def threats(board: Board, marks: np.uint64) -> np.uint64:
    """The cells with which `marks` complete a line, occupied ones included."""
    vertical, falling, level, rising = board.shifts
    if board.in_a_row == 4:
        found = _fourth_along(marks, vertical) | _fourth_along(marks, falling)
        found |= _fourth_along(marks, level) | _fourth_along(marks, rising)
        return found & board.full
    return _last_cells(board, marks)


@inlined
def _fourth_along(marks: np.uint64, shift: np.uint64) -> np.uint64:
    """The cells that lie in a line of four with three marks, along one direction."""
    behind = marks << shift
    behind2 = behind << shift
    ahead = marks >> shift
    ahead2 = ahead >> shift
    two_behind, two_ahead = behind & behind2, ahead & ahead2
    return (two_behind & ((behind2 << shift) | ahead)) | (two_ahead & ((ahead2 >> shift) | behind))


@compiled
def _last_cells(board: Board, marks: np.uint64) -> np.uint64:
    """`threats` for lines of any length."""
    found = ZERO
    for shift in board.shifts:
        for behind in range(board.in_a_row):
            cells = board.full
            near = marks
            for _ in range(behind):
                near = near << shift
                cells &= near
            near = marks
            for _ in range(board.in_a_row - 1 - behind):
                near = near >> shift
                cells &= near
            found |= cells
    return found


@inlined
def has_line(board: Board, marks: np.uint64) -> bool:
    """Whether `marks` hold a line."""
    vertical, falling, level, rising = board.shifts
    if board.in_a_row == 4:
        found = _four_along(marks, vertical) | _four_along(marks, falling)
        found |= _four_along(marks, level) | _four_along(marks, rising)
        return found != ZERO
    return _has_run(board, marks)


@inlined
def _four_along(marks: np.uint64, shift: np.uint64) -> np.uint64:
    """Where four marks in a row begin, along one direction."""
    pair = marks & (marks >> shift)
    return pair & ((pair >> shift) >> shift)


@compiled
def _has_run(board: Board, marks: np.uint64) -> bool:
    """`has_line` for lines of any length."""
    found = ZERO
    for shift in board.shifts:
        run, near = marks, marks
        for _ in range(board.in_a_row - 1):
            near = near >> shift
            run &= near
        found |= run
    return found != ZERO
