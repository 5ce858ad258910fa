"""The rules of `mail_envs.board.rules`, compiled: one pass over many boards that change in place.

Compiled code stays on disk beside this file (or where `NUMBA_CACHE_DIR` says), so that only the
first process that uses a kernel waits for the compiler. Nothing that `import mail_envs` loads
imports this module.

B boards are three arrays that say the same, each as its readers want it:

    marks  (B, 2)         uint64, the bitboards of both sides
    cells  (B, cells, 2)  int8, the same as 0 and 1, row-major: an observation
    legal  (B, A)         int8, the actions that are open; all ones once a game is over

A side is a column of `marks` and a plane of `cells`, whoever moves first. `turn` `(B,)` bool picks
the boards that a kernel works on; the others stay as they are. The kernels check nothing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from mail_envs.board.rules import LineGame

__all__ = ["DRAWN", "GOES_ON", "WON", "Layout", "choose", "clear", "layout_of", "place"]

GOES_ON, WON, DRAWN = 0, 1, 2
"""What a mark makes of a game, for the side that sets it."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile with numba at the first call, or load what an earlier process compiled.

    Where there is no folder to write to, every process compiles for itself.
    """
    try:
        return cast("Function", numba.njit(cache=True)(function))
    except RuntimeError:
        return cast("Function", numba.njit(function))


class Layout(NamedTuple):
    """What the kernels know of a game."""

    rows: int
    columns: int
    gravity: bool
    full: np.uint64  # the bitboard with every cell set
    cell_bits: NDArray[np.uint64]  # (cells,)
    line_shifts: tuple[tuple[np.uint64, ...], ...]  # (rounds, 4): a tuple, so that loops unroll


def layout_of(game: LineGame) -> Layout:
    """What the kernels know of `game`.

    Shifts by 64 and more, which machines take modulo 64, stand as shifts by 63: bit 63 is a spare
    bit or beyond the board, so that either leaves nothing. For `in_a_row` 1 a shift by 0 stands.
    """
    rounds = game.line_shifts or ((0, 0, 0, 0),)
    return Layout(
        rows=game.rows,
        columns=game.columns,
        gravity=bool(game.gravity),
        full=np.uint64(game.board),
        cell_bits=np.array(game.cell_bits, dtype=np.uint64),
        line_shifts=tuple(tuple(np.uint64(min(by, 63)) for by in shifts) for shifts in rounds),
    )


@compiled
def place(
    layout: Layout,
    side: int,
    turn: NDArray[np.bool_],
    actions: NDArray[np.int64],
    marks: NDArray[np.uint64],
    cells: NDArray[np.int8],
    legal: NDArray[np.int8],
    results: NDArray[np.int8],
) -> None:
    """Set a mark of `side` by a legal action `(B,)`, and tell what it makes of each game `(B,)`."""
    for b in range(len(turn)):
        results[b] = GOES_ON
        if not turn[b]:
            continue
        action = actions[b]
        occupied = marks[b, 0] | marks[b, 1]
        cell = _landing(layout, occupied, action) if layout.gravity else action
        mark = np.uint64(1) << layout.cell_bits[cell]
        own = marks[b, side] | mark
        marks[b, side] = own
        cells[b, cell, side] = 1
        if cell < legal.shape[1]:  # an action's entry cell has the action's own number
            legal[b, cell] = 0
        if _has_line(layout, own):
            results[b] = WON
            legal[b, :] = 1
        elif (occupied | mark) == layout.full:
            results[b] = DRAWN
            legal[b, :] = 1


@compiled
def _landing(layout: Layout, occupied: np.uint64, column: np.int64) -> np.int64:
    """The cell that a mark in `column` falls to: above as many marks as the column holds."""
    one = np.uint64(1)
    stack = occupied >> np.uint64(column * (layout.rows + 1))
    stack &= (one << np.uint64(layout.rows)) - one
    height = np.int64(0)
    while stack:  # the compiler knows this loop: it becomes one instruction that counts bits
        stack &= stack - one
        height += 1
    return (layout.rows - 1 - height) * layout.columns + column


@compiled
def _has_line(layout: Layout, marks: np.uint64) -> bool:
    """`LineGame.has_line`, as a truth value."""
    vertical = falling = horizontal = rising = marks
    for up, down_right, right, up_right in layout.line_shifts:
        vertical &= vertical >> up
        falling &= falling >> down_right
        horizontal &= horizontal >> right
        rising &= rising >> up_right
    return (vertical | falling | horizontal | rising) != 0


@compiled
def choose(legal: NDArray[np.int8], draws: NDArray[np.float64], actions: NDArray[np.int64]) -> None:
    """Write the legal action at the fraction `draws` `(B,)`, from 0 to 1 (excluded), of its row.

    Uniform draws give uniform actions, by inversion as in `protocols.asking.sample_actions`.
    """
    for b in range(len(legal)):
        count = 0
        for action in range(legal.shape[1]):
            count += legal[b, action]
        wanted = np.int64(draws[b] * count)
        if count == legal.shape[1]:
            actions[b] = wanted
            continue
        passed = chosen = 0
        for action in range(legal.shape[1]):
            passed += legal[b, action]
            chosen += passed <= wanted
        actions[b] = chosen


@compiled
def clear(
    turn: NDArray[np.bool_],
    marks: NDArray[np.uint64],
    cells: NDArray[np.int8],
    legal: NDArray[np.int8],
) -> None:
    """Empty boards."""
    for b in range(len(turn)):
        if turn[b]:
            marks[b, :] = 0
            cells[b, :, :] = 0
            legal[b, :] = 1
