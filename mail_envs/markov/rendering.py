"""Pictures and texts of states of Markov games, drawn with NumPy alone: no window, no font."""

from collections.abc import Callable
from functools import cache, reduce
from typing import NamedTuple

import numpy as np

from mail_envs.drawing import (
    Colour,
    Picture,
    blank,
    circle,
    digits,
    digits_width,
    finished,
    paint,
    patched,
    pixels,
    rectangle,
    stroke,
)
from mail_envs.markov.library.grid import grid_cells, grid_size
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray

__all__ = [
    "block_text",
    "chain_picture",
    "chain_text",
    "grid_picture",
    "grid_text",
    "lower_bound_picture",
    "lower_bound_text",
    "state_picture",
]

CELL = 64
"""Pixels per cell, each way."""

PAPER: Colour = (250, 248, 243)
TILE: Colour = (255, 255, 255)
RULE: Colour = (206, 202, 192)
INK: Colour = (120, 118, 112)
BLUE: Colour = (38, 70, 130)
RED: Colour = (196, 78, 60)
GOLD: Colour = (246, 214, 120)
GREY: Colour = (225, 222, 214)
WHITE: Colour = (255, 255, 255)

Text = Callable[[int], str]
StatePicture = Callable[[int], Picture]

STRIP = 40
"""So many parts the strip below a state's number has at most."""


class _Place(NamedTuple):
    """A cell of a sheet: how far down, how far right."""

    row: int
    column: int


def grid_text(game: MarkovGame) -> Text:
    """The board of a grid game: 0 and 1 are the tokens, * the goal.

    >>> from mail_envs.markov.library import grid_game
    >>> print(grid_text(grid_game(3))(30))
    . . *
    0 . .
    . 1 .
    """
    size = grid_size(game)
    first, second = grid_cells(size)

    def text(state: int) -> str:
        marks = ["."] * (size * size)
        marks[size - 1] = "*"
        marks[first[state]], marks[second[state]] = "0", "1"
        return "\n".join(" ".join(marks[row : row + size]) for row in range(0, size * size, size))

    return text


def grid_picture(game: MarkovGame) -> StatePicture:
    """The board of a grid game: tokens 0 blue and 1 red, the goal golden; 64 pixels a cell."""
    size = grid_size(game)
    first, second = grid_cells(size)

    @cache
    def board() -> FloatArray:
        sheet = blank(size * CELL, size * CELL, PAPER)
        for cell in range(size * size):
            sheet = _tiled(sheet, _Place(*divmod(cell, size)), GOLD if cell == size - 1 else TILE)
        return sheet

    def picture(state: int) -> Picture:
        places = [_Place(*divmod(int(cells[state]), size)) for cells in (first, second)]
        shown = _with_token(board(), places[0], BLUE, "0")
        return finished(_with_token(shown, places[1], RED, "1"))

    return picture


def chain_text(game: MarkovGame) -> Text:
    """The corridor of a chain, s1 beside it; the state in brackets.

    >>> from mail_envs.markov.library import chain_of_despair
    >>> print(chain_text(chain_of_despair(5))(3))
    s0 s2 [s3] s4   s1
    """
    corridor = [0, *range(2, game.num_states)]

    def text(state: int) -> str:
        names = {s: f"[s{s}]" if s == state else f"s{s}" for s in range(game.num_states)}
        return " ".join(names[s] for s in corridor) + f"   {names[1]}"

    return text


def chain_picture(game: MarkovGame) -> StatePicture:
    """The corridor s0, s2, … above, s1 below s0, the end golden; a disc where play is."""
    last = game.num_states - 1
    corridor = {0: _Place(0, 0), **{s: _Place(0, s - 1) for s in range(2, game.num_states)}}
    places = {**corridor, 1: _Place(1, 0)}

    @cache
    def sheet() -> FloatArray:
        empty = blank(2 * CELL, last * CELL, PAPER)
        for state, place in places.items():
            colour = GREY if state == 1 else GOLD if state == last else TILE
            empty = _tiled(empty, place, colour, str(state))
        return empty

    return lambda state: finished(_with_token(sheet(), places[state], BLUE, str(state)))


def lower_bound_text(game: MarkovGame) -> Text:
    """What a state of a lower-bound game is for."""
    names = ("start", "safe", "fork", "good", "bad")[: game.num_states]
    return lambda state: f"state {state} ({names[state]})"


def lower_bound_picture(game: MarkovGame) -> StatePicture:
    """The ways from s0, on the left, to safe s1 or the fork s2, and on to good s3 or bad s4."""
    places = (_Place(1, 0), _Place(2, 2), _Place(0, 2), _Place(0, 4), _Place(2, 4))
    colours = (TILE, TILE, TILE, GOLD, GREY)
    known = range(game.num_states)

    @cache
    def sheet() -> FloatArray:
        empty = blank(3 * CELL, (5 if len(known) > 3 else 3) * CELL, PAPER)
        grid = pixels(*empty.shape[:2])
        for start, end in ((0, 1), (0, 2), (2, 3), (2, 4)):
            if end in known:
                line = stroke(grid, _centre(places[start]), _centre(places[end]), 3)
                empty = paint(empty, RULE, line)
        for state in known:
            empty = _tiled(empty, places[state], colours[state], str(state))
        return empty

    return lambda state: finished(_with_token(sheet(), places[state], BLUE, str(state)))


def block_text(game: MarkovGame) -> Text:
    """The state and its latent."""
    blocks = game.dynamics.blocks
    return lambda state: (
        f"state {state}" if blocks is None else f"state {state} (latent {blocks[state]})"
    )


def state_picture(game: MarkovGame) -> StatePicture:
    """Any state of any game: its number, and below it where it stands among the states.

    The strip below shows blocks instead of states where the game has blocks, and shares of all
    where there are more than 40.
    """
    blocks = game.dynamics.blocks
    count = game.num_states if blocks is None else int(np.max(blocks)) + 1
    parts = min(count, STRIP)

    def with_part(drawn: FloatArray, part: int, colour: Colour) -> FloatArray:
        """One part of the strip, in the lower half of the sheet."""
        width = 5 * CELL / parts
        left = CELL / 2 + part * width
        shape = rectangle(
            pixels(CELL // 2, 6 * CELL), (left + 1, 0), (left + width - 1, CELL / 2), rounding=3
        )
        size = (CELL // 2, 6 * CELL)
        return patched(drawn, 2 * CELL, 0, size, lambda band: paint(band, colour, shape))

    @cache
    def sheet() -> FloatArray:
        empty = blank(3 * CELL, 6 * CELL, PAPER)
        return reduce(lambda drawn, part: with_part(drawn, part, GREY), range(parts), empty)

    def picture(state: int) -> Picture:
        place = state if blocks is None else int(blocks[state])
        number = str(state)
        height = min(CELL, 5 * CELL / digits_width(number, 1))
        size, middle = (2 * CELL, 6 * CELL), (3.0 * CELL, 1.0 * CELL)
        shape = digits(pixels(*size), number, middle, height)
        shown = with_part(sheet(), place * parts // count, BLUE)
        return finished(patched(shown, 0, 0, size, lambda band: paint(band, BLUE, shape)))

    return picture


# ---- parts: sheets of cells, on which cells are drawn one by one


def _centre(place: _Place) -> tuple[float, float]:
    return (place.column + 0.5) * CELL, (place.row + 0.5) * CELL


def _drawn(
    sheet: FloatArray, place: _Place, draw: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """A copy of the sheet with one cell drawn anew from what it was."""
    return patched(sheet, place.row * CELL, place.column * CELL, (CELL, CELL), draw)


def _tiled(sheet: FloatArray, place: _Place, colour: Colour, number: str = "") -> FloatArray:
    """A cell, its corners rounded, with a thin border and perhaps a number."""

    def draw(cell: FloatArray) -> FloatArray:
        grid = pixels(CELL, CELL)
        for ink, edge in ((RULE, 2.0), (colour, 3.5)):
            corners = (edge, edge), (CELL - edge, CELL - edge)
            cell = paint(cell, ink, rectangle(grid, *corners, rounding=8))
        return _numbered(cell, number, INK)

    return _drawn(sheet, place, draw)


def _with_token(sheet: FloatArray, place: _Place, colour: Colour, number: str) -> FloatArray:
    """A numbered disc, ringed in white."""

    def draw(cell: FloatArray) -> FloatArray:
        grid, middle = pixels(CELL, CELL), (CELL / 2, CELL / 2)
        for ink, radius in ((WHITE, 23.0), (colour, 21.0)):
            cell = paint(cell, ink, circle(grid, middle, radius))
        return _numbered(cell, number, WHITE)

    return _drawn(sheet, place, draw)


def _numbered(cell: FloatArray, number: str, colour: Colour) -> FloatArray:
    if not number:
        return cell
    return paint(cell, colour, digits(pixels(CELL, CELL), number, (CELL / 2, CELL / 2), 14))
