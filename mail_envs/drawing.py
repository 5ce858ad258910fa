"""Drawing with NumPy alone: no window, no display, no font.

A picture is `(height, width, 3)` float64 while it is drawn, uint8 once it is finished. A shape is
its signed distance: for every pixel how far it lies outside the shape's edge, in pixels, negative
inside. `paint` covers what is inside with an edge one pixel soft, so that nothing looks jagged.
"""

from collections.abc import Callable
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from mail_envs.protocols import FloatArray

__all__ = [
    "Colour",
    "Picture",
    "blank",
    "circle",
    "digits",
    "digits_width",
    "finished",
    "paint",
    "patched",
    "pixels",
    "rectangle",
    "ring",
    "stroke",
]

Colour = tuple[int, int, int]
"""Red, green and blue, from 0 to 255."""

Picture = NDArray[np.uint8]
"""A finished picture, `(height, width, 3)`, row 0 on top."""

Point = tuple[float, float]
"""How far to the right and how far down, in pixels from the upper left corner."""

Grid = tuple[FloatArray, FloatArray]
"""The pixels' centres: how far to the right, how far down; `(height, width)` each."""

GAP = 0.3
"""Between two digits, in heights of a digit."""

_LEFT, _RIGHT, _TOP, _MIDDLE, _BOTTOM = 0.0, 0.5, 0.0, 0.5, 1.0
_SEGMENTS: dict[str, tuple[Point, Point]] = {
    "a": ((_LEFT, _TOP), (_RIGHT, _TOP)),
    "b": ((_RIGHT, _TOP), (_RIGHT, _MIDDLE)),
    "c": ((_RIGHT, _MIDDLE), (_RIGHT, _BOTTOM)),
    "d": ((_LEFT, _BOTTOM), (_RIGHT, _BOTTOM)),
    "e": ((_LEFT, _MIDDLE), (_LEFT, _BOTTOM)),
    "f": ((_LEFT, _TOP), (_LEFT, _MIDDLE)),
    "g": ((_LEFT, _MIDDLE), (_RIGHT, _MIDDLE)),
    "u": ((0.25, _TOP), (0.25, _BOTTOM)),
    "v": ((0.25, 0.25), (0.25, 0.75)),
}
"""The strokes of seven-segment digits, in heights of a digit, and the upright ones of 1 and +."""

_STROKES = {
    "0": "abcdef",
    "1": "u",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgecd",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
    "-": "g",
    "+": "gv",
}


def blank(height: int, width: int, colour: Colour) -> FloatArray:
    """A picture of one colour, to be drawn on."""
    return np.full((height, width, 3), colour, dtype=np.float64)


def pixels(height: int, width: int) -> Grid:
    """The centres of a picture's pixels."""
    down, right = np.indices((height, width), dtype=np.float64) + 0.5
    return right, down


def paint(
    picture: FloatArray, colour: Colour, distance: FloatArray, *, opacity: float = 1.0
) -> FloatArray:
    """A copy of a picture with a shape on it.

    Args:
        picture: `(height, width, 3)`.
        colour: of the shape.
        distance: the shape, `(height, width)`.
        opacity: from 0, unseen, to 1.
    """
    cover = opacity * np.clip(0.5 - distance, 0, 1)[..., None]
    return picture * (1 - cover) + np.array(colour, dtype=np.float64) * cover


def patched(
    picture: FloatArray,
    upper: int,
    left: int,
    size: tuple[int, int],
    draw: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """A copy of a picture with a part of it drawn anew.

    Args:
        picture: `(height, width, 3)`.
        upper: the first row of the part.
        left: its first column.
        size: its height and width.
        draw: makes the part of what it was.
    """
    rows, columns = slice(upper, upper + size[0]), slice(left, left + size[1])
    copy = picture.copy()
    copy[rows, columns] = draw(picture[rows, columns])
    return copy


def finished(picture: FloatArray) -> Picture:
    """The picture rounded to bytes."""
    return np.rint(picture).astype(np.uint8)


def circle(grid: Grid, centre: Point, radius: float) -> FloatArray:
    """A disc."""
    return np.hypot(grid[0] - centre[0], grid[1] - centre[1]) - radius


def ring(grid: Grid, centre: Point, radius: float, width: float) -> FloatArray:
    """A circle's line of the given width, its middle at `radius`."""
    return np.abs(circle(grid, centre, radius)) - width / 2


def rectangle(grid: Grid, corner: Point, opposite: Point, *, rounding: float = 0.0) -> FloatArray:
    """A rectangle between two corners, the upper left one first, its corners rounded."""
    across = np.abs(grid[0] - (corner[0] + opposite[0]) / 2) - (opposite[0] - corner[0]) / 2
    along = np.abs(grid[1] - (corner[1] + opposite[1]) / 2) - (opposite[1] - corner[1]) / 2
    across, along = across + rounding, along + rounding
    outside = np.hypot(np.maximum(across, 0), np.maximum(along, 0))
    return outside + np.minimum(np.maximum(across, along), 0) - rounding


def stroke(grid: Grid, start: Point, end: Point, width: float) -> FloatArray:
    """A straight line with round ends."""
    towards = (end[0] - start[0], end[1] - start[1])
    length = towards[0] ** 2 + towards[1] ** 2
    right, down = grid[0] - start[0], grid[1] - start[1]
    share = (right * towards[0] + down * towards[1]) / (length or 1.0)
    share = np.clip(share, 0, 1)
    return np.hypot(right - share * towards[0], down - share * towards[1]) - width / 2


def digits_width(text: str, height: float) -> float:
    """How wide `digits` are, in pixels."""
    return height * (len(text) * (_RIGHT + GAP) - GAP)


def digits(grid: Grid, text: str, centre: Point, height: float) -> FloatArray:
    """A number in seven-segment digits.

    Args:
        grid: the pixels.
        text: digits, with a sign or without; at least one character.
        centre: of the number.
        height: of a digit, in pixels; strokes are a seventh of it wide.

    Raises:
        KeyError: another character.
    """
    left, top = centre[0] - digits_width(text, height) / 2, centre[1] - height / 2
    shapes: list[FloatArray] = []
    for place, character in enumerate(text):
        begins = left + place * height * (_RIGHT + GAP)
        for name in _STROKES[character]:
            start, end = (
                (begins + height * right, top + height * down) for right, down in _SEGMENTS[name]
            )
            shapes.append(stroke(grid, start, end, height / 7))
    return reduce(np.minimum, shapes)
