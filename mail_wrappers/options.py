"""Options of wrappers, checked where they enter."""

import operator
from typing import Any, SupportsIndex, cast

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv

from mail_envs.errors import InvalidOptionError, UnknownNameError

__all__ = ["check_environment", "check_number", "check_whole", "check_word"]

LARGEST = 2**62
"""Of whole numbers, so that they and their sums fit into 64 bits."""


def check_word(name: str, word: object, known: tuple[str, ...]) -> None:
    """Refuse a word that is not among the known ones.

    Raises:
        UnknownNameError: such a word.
    """
    if not isinstance(word, str) or word not in known:
        raise UnknownNameError(f"{name}: expected one of {known}, came {word!r}")


def check_whole(name: str, value: object, *, least: int, what: str = "an integer of ") -> int:
    """A whole number from `least` to `LARGEST`.

    Raises:
        InvalidOptionError: anything else.
    """
    try:
        whole = operator.index(cast("SupportsIndex", value))
    except TypeError:
        whole = least - 1
    if whole > LARGEST:
        raise InvalidOptionError(f"{name}: expected {what}at most {LARGEST}, came {value!r}")
    if whole < least or isinstance(value, bool):
        raise InvalidOptionError(f"{name}: expected {what}at least {least}, came {value!r}")
    return whole


def check_number(name: str, value: object, *, low: float = -np.inf, high: float = np.inf) -> float:
    """A finite number from `low` to `high`.

    Raises:
        InvalidOptionError: anything else.
    """
    try:
        number = float(cast("float", value))
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if isinstance(value, str | bytes) or not (low <= number <= high and np.isfinite(number)):
        within = "a finite number" if low == -np.inf else f"a number from {low:g} to {high:g}"
        raise InvalidOptionError(f"{name}: expected {within}, came {value!r}")
    return number


def check_environment(env: Any, *, vector: bool = False) -> None:
    """Refuse what is no Gymnasium environment.

    Raises:
        InvalidOptionError: such a thing.
    """
    kind = VectorEnv if vector else gymnasium.Env
    if not isinstance(env, kind):
        name = "gymnasium.vector.VectorEnv" if vector else "gymnasium.Env"
        raise InvalidOptionError(f"env: expected a {name}, came {env!r}")
    if not (hasattr(env, "observation_space") and hasattr(env, "action_space")):
        raise InvalidOptionError(f"env: expected an environment with its spaces, came {env!r}")
