"""Pictures and texts of states of Markov games, drawn with NumPy alone: no window, no font."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mail_envs.markov.library.grid import grid_cells, grid_size
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray

__all__ = [
    "block_text",
    "chain_picture",
    "chain_text",
    "grid_picture",
    "grid_text",
    "lower_bound_text",
]

CELL = 64
"""Pixels per cell, each way."""

PAPER = (250, 248, 243)
RULE = (196, 192, 184)
INK = (120, 118, 112)
BLUE = (38, 70, 130)
RED = (196, 78, 60)
GOLD = (246, 214, 120)
GREY = (225, 222, 214)

Colour = tuple[int, int, int]
Text = Callable[[int], str]
Picture = Callable[[int], NDArray[np.uint8]]


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


def grid_picture(game: MarkovGame) -> Picture:
    """The board of a grid game: the tokens blue and red, the goal golden; 64 pixels a cell."""
    size = grid_size(game)
    first, second = grid_cells(size)

    def picture(state: int) -> NDArray[np.uint8]:
        tiles = [_tile(PAPER)] * (size * size)
        tiles[size - 1] = _tile(GOLD)
        for colour, cell in ((BLUE, first[state]), (RED, second[state])):
            tiles[cell] = _with_disc(tiles[cell], colour)
        return _sheet(tiles, size)

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


def chain_picture(game: MarkovGame) -> Picture:
    """The corridor s0, s2, … above, s1 below s0, the end golden; a disc where play is."""
    width = game.num_states - 1
    places = {0: 0, 1: width, **{s: s - 1 for s in range(2, game.num_states)}}

    def picture(state: int) -> NDArray[np.uint8]:
        tiles = [_tile(PAPER)] * width + [_tile(PAPER)] + [_blank(GREY)] * (width - 1)
        tiles[places[game.num_states - 1]] = _tile(GOLD)
        tiles[places[state]] = _with_disc(tiles[places[state]], BLUE)
        return _sheet(tiles, width)

    return picture


def lower_bound_text(game: MarkovGame) -> Text:
    """What a state of a lower-bound game is for."""
    names = ("start", "safe", "fork", "good", "bad")[: game.num_states]
    return lambda state: f"state {state} ({names[state]})"


def block_text(game: MarkovGame) -> Text:
    """The state and its latent."""
    blocks = game.dynamics.blocks
    return lambda state: (
        f"state {state}" if blocks is None else f"state {state} (latent {blocks[state]})"
    )


def _blank(colour: Colour) -> FloatArray:
    return np.broadcast_to(np.array(colour, dtype=np.float64), (CELL, CELL, 3)).copy()


def _tile(colour: Colour) -> FloatArray:
    """A cell with a thin border."""
    tile = _blank(colour)
    tile[[0, -1]] = tile[:, [0, -1]] = RULE
    return tile


def _with_disc(tile: FloatArray, colour: Colour) -> FloatArray:
    """A copy with a disc on it, ringed, its edges one pixel soft."""
    axis = np.linspace(-1, 1, CELL)
    radius = np.hypot(*np.meshgrid(axis, axis))
    for ink, size in ((INK, 0.66), (colour, 0.62)):
        cover = np.clip(0.5 - (radius - size) * CELL / 2, 0, 1)[..., None]
        tile = tile * (1 - cover) + np.array(ink, dtype=np.float64) * cover
    return tile


def _sheet(tiles: Sequence[FloatArray], width: int) -> NDArray[np.uint8]:
    rows = [np.hstack(tiles[start : start + width]) for start in range(0, len(tiles), width)]
    return np.rint(np.vstack(rows)).astype(np.uint8)
