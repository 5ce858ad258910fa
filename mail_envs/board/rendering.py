"""Pictures of boards, drawn with NumPy alone: no window, no display, no font."""

import numpy as np
from numpy.typing import NDArray

from mail_envs.board.rules import LineGame, State

__all__ = ["picture"]

CELL = 64
"""Pixels per cell, each way."""

PAPER = (250, 248, 243)
RULE = (120, 118, 112)
CROSS = (38, 70, 130)
RING = (196, 78, 60)
FRAME = (40, 84, 160)
DISCS = ((222, 76, 62), (246, 200, 68))


def picture(game: LineGame, state: State) -> NDArray[np.uint8]:
    """Draw a state: `(rows · 64, columns · 64, 3)` uint8.

    Crosses and rings on paper without gravity, discs in a frame with it; player 0 has the crosses
    or the red discs.
    """
    view = game.observation(state)
    first = game.player_to_move(state)
    tiles = _disc_tiles() if game.gravity else _paper_tiles()
    rows = [
        np.hstack([tiles[_owner(view[row, column], first)] for column in range(game.columns)])
        for row in range(game.rows)
    ]
    return np.vstack(rows)


def _owner(marks: NDArray[np.int8], first: int) -> int:
    """0 for an empty cell, 1 for player 0's mark, 2 for player 1's."""
    if not marks.any():
        return 0
    return 1 + (first if marks[0] else 1 - first)


def _grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    axis = np.linspace(-1, 1, CELL)
    return np.meshgrid(axis, axis)


def _paint(
    tile: NDArray[np.float64], colour: tuple[int, int, int], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cover where `distance` (in half cells) is negative, with an edge one pixel soft."""
    cover = np.clip(0.5 - distance * CELL / 2, 0, 1)[..., None]
    return tile * (1 - cover) + np.array(colour, dtype=np.float64) * cover


def _blank(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    return np.broadcast_to(np.array(colour, dtype=np.float64), (CELL, CELL, 3)).copy()


def _bytes(tiles: list[NDArray[np.float64]]) -> list[NDArray[np.uint8]]:
    return [np.rint(tile).astype(np.uint8) for tile in tiles]


def _paper_tiles() -> list[NDArray[np.uint8]]:
    x, y = _grid()
    edge = 0.985 - np.maximum(np.abs(x), np.abs(y))
    empty = _paint(_blank(PAPER), RULE, edge)
    arms = np.minimum(np.abs(x - y), np.abs(x + y)) / np.sqrt(2)
    cross = np.maximum(arms - 0.1, np.maximum(np.abs(x), np.abs(y)) - 0.6)
    ring = np.abs(np.hypot(x, y) - 0.55) - 0.1
    return _bytes([empty, _paint(empty, CROSS, cross), _paint(empty, RING, ring)])


def _disc_tiles() -> list[NDArray[np.uint8]]:
    x, y = _grid()
    hole = np.hypot(x, y) - 0.8
    frame = _blank(FRAME)
    return _bytes([_paint(frame, colour, hole) for colour in (PAPER, *DISCS)])
