"""Boards as pictures, drawn with NumPy alone, and as text."""

from functools import cache
from typing import NamedTuple

import numpy as np

from mail_envs.board.rules import LineGame, State
from mail_envs.drawing import (
    Colour,
    Picture,
    blank,
    circle,
    finished,
    paint,
    pixels,
    rectangle,
    ring,
    stroke,
)
from mail_envs.protocols import FloatArray

__all__ = ["CELL", "board_text", "marks", "picture", "winning_cells"]

CELL = 64
"""Pixels per cell, each way."""

PAPER: Colour = (250, 248, 243)
RULE: Colour = (176, 172, 162)
CROSS: Colour = (38, 70, 130)
RING: Colour = (196, 78, 60)
FRAME: Colour = (40, 84, 160)
SHADE: Colour = (28, 62, 124)
DISCS: tuple[Colour, Colour] = ((222, 76, 62), (246, 200, 68))
RIMS: tuple[Colour, Colour] = ((184, 54, 44), (218, 166, 38))
WON: Colour = (252, 226, 140)
LAST: Colour = (228, 234, 246)
WHITE: Colour = (255, 255, 255)

LETTERS = (".", "X", "O")

_MIDDLE = (CELL / 2, CELL / 2)


class _Cell(NamedTuple):
    """How one cell looks: 0 empty, 1 player 0's, 2 player 1's; the last mark; of a winning line."""

    owner: int
    last: bool
    won: bool


def picture(game: LineGame, state: State, last: int | None = None) -> Picture:
    """Draw a state: `(rows · 64, columns · 64, 3)` uint8.

    Crosses and rings on paper without gravity, discs in a frame with it; player 0 has the crosses
    or the red discs. The cells of a winning line stand out.

    Args:
        game: the board.
        state: the position.
        last: the cell (row-major) of the mark that came last, to be made out; None for no matter.
    """
    won = winning_cells(game, state)
    draw = _frame_tile if game.gravity else _paper_tile
    tiles = [
        draw(_Cell(owner, cell == last, cell in won))
        for cell, owner in enumerate(marks(game, state))
    ]
    rows = [np.hstack(tiles[i : i + game.columns]) for i in range(0, game.cells, game.columns)]
    whole = np.vstack(rows)
    return finished(whole if game.gravity else _ruled(whole))


def board_text(game: LineGame, state: State, last: int | None = None) -> str:
    """A state as text: X for player 0, O for player 1, row 0 on top, columns numbered from 0.

    The mark that came last stands in brackets, those of a winning line in parentheses.

    >>> from mail_envs.board import LineGame
    >>> game = LineGame(rows=3, columns=4, in_a_row=3, gravity=True)
    >>> print(board_text(game, game.play([1, 1, 2, 2, 3]), last=11))
    | .  .  .  . |
    | .  O  O  . |
    | . (X)(X)[X]|
    +------------+
      0  1  2  3
    """
    won = winning_cells(game, state)
    shown = [
        _bracketed(LETTERS[owner], last=cell == last, won=cell in won)
        for cell, owner in enumerate(marks(game, state))
    ]
    rows = [shown[i : i + game.columns] for i in range(0, game.cells, game.columns)]
    if not game.gravity:
        rule = "\n" + "+".join(["---"] * game.columns) + "\n"
        return rule.join("|".join(row) for row in rows)
    numbers = "".join(f"{column:^3}" for column in range(game.columns))
    lines = [f"|{''.join(row)}|" for row in rows]
    return "\n".join([*lines, f"+{'---' * game.columns}+", f" {numbers}".rstrip()])


def _bracketed(letter: str, *, last: bool, won: bool) -> str:
    return f"[{letter}]" if last else f"({letter})" if won else f" {letter} "


def marks(game: LineGame, state: State) -> tuple[int, ...]:
    """Whose mark is in each cell, row-major: 0 nobody's, 1 player 0's, 2 player 1's."""
    players = state if game.player_to_move(state) == 0 else state[::-1]
    return tuple((players[0] >> bit & 1) + 2 * (players[1] >> bit & 1) for bit in game.cell_bits)


def winning_cells(game: LineGame, state: State) -> frozenset[int]:
    """The cells (row-major) of every line that was completed; none while nobody has won."""
    won, made = 0, state.other  # who has won moved last
    for shift in (1, game.stride - 1, game.stride, game.stride + 1):
        begins = made
        for place in range(1, game.in_a_row):
            begins &= made >> place * shift
        for place in range(game.in_a_row):
            won |= begins << place * shift
    return frozenset(cell for cell, bit in enumerate(game.cell_bits) if won >> bit & 1)


@cache
def _paper_tile(cell: _Cell) -> FloatArray:
    grid, low, high = pixels(CELL, CELL), CELL * 0.24, CELL * 0.76
    tile = blank(CELL, CELL, PAPER)
    if cell.won or cell.last:
        plate = rectangle(grid, (6, 6), (CELL - 6, CELL - 6), rounding=8)
        tile = paint(tile, WON if cell.won else LAST, plate)
    if cell.owner == 1:
        tile = paint(tile, CROSS, stroke(grid, (low, low), (high, high), 8))
        tile = paint(tile, CROSS, stroke(grid, (low, high), (high, low), 8))
    if cell.owner == 2:
        tile = paint(tile, RING, ring(grid, _MIDDLE, 0.55 * CELL / 2, 8))
    return tile


def _ruled(whole: FloatArray) -> FloatArray:
    """The lines between the cells."""
    height, width = whole.shape[:2]
    grid = pixels(height, width)
    for column in range(CELL, width, CELL):
        whole = paint(whole, RULE, stroke(grid, (column, 8), (column, height - 8), 3))
    for row in range(CELL, height, CELL):
        whole = paint(whole, RULE, stroke(grid, (8, row), (width - 8, row), 3))
    return whole


@cache
def _frame_tile(cell: _Cell) -> FloatArray:
    grid, radius = pixels(CELL, CELL), 0.8 * CELL / 2
    tile = paint(blank(CELL, CELL, FRAME), SHADE, circle(grid, _MIDDLE, radius + 2.5))
    if not cell.owner:
        return paint(tile, PAPER, circle(grid, _MIDDLE, radius))
    colour, rim = DISCS[cell.owner - 1], RIMS[cell.owner - 1]
    tile = paint(tile, colour, circle(grid, _MIDDLE, radius))
    tile = paint(tile, rim, ring(grid, _MIDDLE, 0.66 * radius, 3))
    if cell.won:
        tile = paint(tile, WHITE, ring(grid, _MIDDLE, radius, 5))
    if cell.last:
        tile = paint(tile, WHITE, circle(grid, _MIDDLE, 6))
    return tile
