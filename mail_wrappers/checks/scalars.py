"""Single numbers and truth values that environments answer with."""

import math
from typing import Any

import numpy as np

from mail_wrappers.checks.contract import require
from mail_wrappers.options import check_whole

__all__ = ["check_play", "finite", "truth_value"]


def check_play(episodes: int, most_steps: int, seed: int) -> int:
    """The seed of a play, as Python's own integer; its numbers are looked at.

    Raises:
        InvalidOptionError: such a number.
    """
    check_whole("episodes", episodes, least=0)
    check_whole("most_steps", most_steps, least=0)
    return check_whole("seed", seed, least=0)


def finite(value: Any, where: str) -> float:
    """A finite number as a float; NumPy's scalars and 0-d arrays count."""
    number = isinstance(value, int | float | np.number) or (
        isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "fiu"
    )
    require(number, where, "a number", f"{type(value).__name__} {value!r}")
    require(math.isfinite(value), where, "a finite number", value)
    return float(value)


def truth_value(value: Any, where: str) -> bool:
    """A truth value as a bool; NumPy's count."""
    kind = type(value).__name__
    require(isinstance(value, bool | np.bool_), where, "a truth value", f"{kind} {value!r}")
    return bool(value)
