"""Refusing malformed models: every check names the first offending index.

Axes are named in the messages as in the docstrings: `h` a step, `s` a state, `a_1 … a_n` the
players' actions, `s'` a next state, `i` a player.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mail_envs.errors import InvalidModelError, MailError, ShapeError
from mail_envs.protocols import FloatArray

__all__ = [
    "ROW_TOLERANCE",
    "IntArray",
    "action_axes",
    "check_finite",
    "check_rows",
    "check_shape",
    "establish",
    "frozen",
    "frozen_integers",
    "refuse",
]

IntArray = NDArray[np.int64]
"""Whole numbers: states, steps, actions."""

ROW_TOLERANCE = 1e-9
"""How far from one the sum of a row of probabilities may be; rows are never repaired."""


def frozen(array: ArrayLike, what: str) -> FloatArray:
    """A read-only float64 copy of `array`.

    Raises:
        ShapeError: `array` is no rectangular array of numbers.
    """
    try:
        copy = np.array(array, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{what}: expected an array of numbers, came {type(array)}") from error
    copy.setflags(write=False)
    return copy


def frozen_integers(array: ArrayLike, what: str) -> IntArray:
    """A read-only int64 copy of `array`.

    Raises:
        ShapeError: `array` is no rectangular array of integers.
    """
    given = np.asarray(array)
    if given.dtype.kind not in "iu":
        raise ShapeError(f"{what}: expected integers, came an array of {given.dtype}")
    copy = np.array(given, dtype=np.int64, order="C")
    copy.setflags(write=False)
    return copy


def action_axes(num_players: int) -> tuple[str, ...]:
    """The names of the players' action axes: `a_1 … a_n`."""
    return tuple(f"a_{i + 1}" for i in range(num_players))


def refuse(
    bad: NDArray[np.bool_],
    values: NDArray[np.generic],
    expected: str,
    name: str,
    axes: Sequence[str],
    *,
    error: type[MailError] = InvalidModelError,
) -> None:
    """Raise on the first true entry of `bad`.

    Args:
        bad: which entries are wrong; without axes, one answer about the whole.
        values: what came, of the same shape.
        expected: what should have come, in words.
        name: how the message calls the array.
        axes: the names of the axes of `bad`.
        error: what is raised.

    Raises:
        InvalidModelError: some entry is wrong (or another `error`).
    """
    if not bad.any():
        return
    index = np.unravel_index(int(np.argmax(bad)), bad.shape)
    place = ", ".join(f"{axis}={int(i)}" for axis, i in zip(axes, index, strict=True))
    raise error(
        f"{name}: expected {expected}, came {values[index]!s}" + (f" at ({place})" if place else "")
    )


def check_shape(
    array: NDArray[np.generic], expected: Sequence[int], name: str, axes: Sequence[str]
) -> None:
    """Raise unless `array` has exactly the shape `expected`; its axes are called `axes`.

    Raises:
        ShapeError: another shape; the message names the first axis that differs.
    """
    expected = tuple(expected)
    if array.shape == expected:
        return
    message = f"{name}: expected shape {expected} ({', '.join(axes)}), came {array.shape}"
    if array.ndim == len(expected):
        axis = int(np.argmax(np.array(array.shape) != np.array(expected)))
        message += (
            f"; axis {axis} ({axes[axis]}) has {array.shape[axis]} entries "
            f"instead of {expected[axis]}"
        )
    raise ShapeError(message)


def check_finite(array: FloatArray, name: str, axes: Sequence[str]) -> None:
    """Raise on the first NaN or infinite entry.

    Raises:
        InvalidModelError: some entry is not finite.
    """
    refuse(~np.isfinite(array), array, "finite numbers", name, axes)


def check_rows(array: FloatArray, name: str, axes: Sequence[str]) -> None:
    """Raise unless every row (along the last axis) is a distribution.

    Raises:
        InvalidModelError: an entry that is not finite or negative, or a row whose sum is
            farther than `ROW_TOLERANCE` from one.
    """
    check_finite(array, name, axes)
    refuse(array < 0, array, "probabilities of at least 0", name, axes)
    sums = np.asarray(array.sum(axis=-1))
    off = np.asarray(np.abs(sums - 1) > ROW_TOLERANCE)
    refuse(off, sums, f"probabilities that sum to 1 within {ROW_TOLERANCE:g}", name, axes[:-1])


def establish(target: object, **fields: object) -> None:
    """Set the fields of a frozen dataclass while it is being built, and never after."""
    for name, value in fields.items():
        object.__setattr__(target, name, value)
