"""Single numbers and truth values that environments answer with."""

import math
from typing import Any

import numpy as np

from mail_wrappers.checks.contract import require

__all__ = ["finite", "truth_value"]


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
