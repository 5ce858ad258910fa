"""Checking plain arguments where they enter."""

import operator
import os
from pathlib import Path
from typing import Any

from mail_envs.errors import InvalidOptionError

__all__ = ["fraction_of", "path_of", "whole_number"]


def whole_number(name: str, value: Any, *, least: int, most: int | None = None) -> int:
    """An integer from `least` to `most`.

    Raises:
        InvalidOptionError: something else.
    """
    expected = f"an integer of at least {least}" if most is None else f"{least} to {most}"
    try:
        number = operator.index(value)
    except TypeError as error:
        raise InvalidOptionError(f"{name}: expected {expected}, came {value!r:.200}") from error
    if number < least or (most is not None and number > most):
        raise InvalidOptionError(f"{name}: expected {expected}, came {value!r:.200}")
    return number


def fraction_of(name: str, value: Any) -> float:
    """A number from 0 to 1.

    Raises:
        InvalidOptionError: something else.
    """
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidOptionError(f"{name}: expected 0 to 1, came {value!r:.200}") from error
    if not 0 <= number <= 1:
        raise InvalidOptionError(f"{name}: expected 0 to 1, came {value!r:.200}")
    return number


def path_of(name: str, value: Any) -> Path:
    """A path.

    Raises:
        InvalidOptionError: something else.
    """
    if not isinstance(value, str | os.PathLike) or not str(value) or "\0" in str(value):
        raise InvalidOptionError(f"{name}: expected a path, came {value!r:.200}")
    return Path(str(value))
