"""Arguments of wrappers, checked where they enter."""

import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, SupportsIndex, cast

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv
from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import InvalidOptionError, ShapeError, UnknownNameError

__all__ = [
    "LARGEST",
    "array_of",
    "check_callable",
    "check_environment",
    "check_flag",
    "check_mapping",
    "check_multi_agent",
    "check_number",
    "check_path",
    "check_rng",
    "check_seed",
    "check_text",
    "check_whole",
    "check_word",
    "shown_value",
]

LARGEST = 2**62
"""Of whole numbers, so that they and their sums fit into 64 bits."""


def shown_value(value: object) -> str:
    """A value as errors show it: its first 200 characters."""
    return f"{value!r:.200}"


def check_word(name: str, word: object, known: tuple[str, ...]) -> None:
    """Refuse a word that is not among the known ones.

    Raises:
        UnknownNameError: such a word.
    """
    if not isinstance(word, str) or word not in known:
        raise UnknownNameError(f"{name}: expected one of {known}, came {shown_value(word)}")


def check_text(name: str, value: object) -> str:
    """Text that can be written as UTF-8.

    Raises:
        InvalidOptionError: anything else.
    """
    if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise InvalidOptionError(f"{name}: expected text, came {shown_value(value)}")
    return value


def check_whole(
    name: str,
    value: object,
    *,
    least: int,
    most: int = LARGEST,
    what: str = "an integer of ",
) -> int:
    """A whole number from `least` to `most`.

    Raises:
        InvalidOptionError: anything else.
    """
    try:
        whole = operator.index(cast("SupportsIndex", value))
    except TypeError:
        whole = least - 1
    if least <= whole <= most and not isinstance(value, bool):
        return whole
    bound = f"at most {most}" if whole > most else f"at least {least}"
    raise InvalidOptionError(f"{name}: expected {what}{bound}, came {shown_value(value)}")


def check_number(name: str, value: object, *, low: float = -np.inf, high: float = np.inf) -> float:
    """A finite number from `low` to `high`.

    Raises:
        InvalidOptionError: anything else.
    """
    try:
        number = float(cast("float", value)) if np.ndim(cast("Any", value)) == 0 else np.nan
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if isinstance(value, str | bytes) or not (low <= number <= high and np.isfinite(number)):
        within = "a finite number" if low == -np.inf else f"a number from {low:g} to {high:g}"
        raise InvalidOptionError(f"{name}: expected {within}, came {shown_value(value)}")
    return number


def check_path(name: str, value: object) -> Path:
    """A path.

    Raises:
        InvalidOptionError: something else.
    """
    path = str(value) if isinstance(value, str | os.PathLike) else ""
    if not path or "\0" in path:
        raise InvalidOptionError(f"{name}: expected a path, came {shown_value(value)}")
    return Path(check_text(name, path))


def check_seed(name: str, value: object, *, rows: int | None = None) -> Any:
    """A seed: None, or Python's own integer of at least 0.

    Args:
        name: how the error calls it.
        value: the seed.
        rows: of a vector environment, which takes a list of so many seeds too.

    Raises:
        InvalidOptionError: anything else.
    """
    if value is None:
        return None
    if rows is None or not isinstance(value, list | tuple):
        return check_whole(name, value, least=0, what="None or an integer of ")
    seeds = cast("list[object]", value)
    if len(seeds) != rows:
        raise InvalidOptionError(f"{name}: expected {rows}, one for each row, came {len(seeds)}")
    return [check_seed(name, one) for one in seeds]


def check_rng(name: str, value: object) -> None:
    """Refuse what is no generator of random numbers.

    Raises:
        InvalidOptionError: such a thing.
    """
    if not isinstance(value, np.random.Generator):
        raise InvalidOptionError(
            f"{name}: expected a numpy.random.Generator, came {shown_value(value)}"
        )


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False.

    Raises:
        InvalidOptionError: such a thing.
    """
    if not isinstance(value, bool | np.bool_):
        raise InvalidOptionError(f"{name}: expected True or False, came {shown_value(value)}")


def check_callable(name: str, value: object, *, what: str = "a function") -> None:
    """Refuse what cannot be called.

    Raises:
        InvalidOptionError: such a thing.
    """
    if not callable(value):
        raise InvalidOptionError(f"{name}: expected {what}, came {shown_value(value)}")


def check_mapping(name: str, value: object) -> None:
    """Refuse what is neither None nor a mapping from text, as the options of a reset are.

    Raises:
        InvalidOptionError: such a thing.
    """
    if value is None:
        return
    if not isinstance(value, Mapping) or not all(
        isinstance(key, str) for key in cast("Mapping[Any, Any]", value)
    ):
        raise InvalidOptionError(
            f"{name}: expected None or a dictionary, came {shown_value(value)}"
        )


def check_environment(env: Any, *, vector: bool = False) -> None:
    """Refuse what is no Gymnasium environment.

    Raises:
        InvalidOptionError: such a thing.
    """
    kind = VectorEnv if vector else gymnasium.Env
    if not isinstance(env, kind):
        name = "gymnasium.vector.VectorEnv" if vector else "gymnasium.Env"
        raise InvalidOptionError(f"env: expected a {name}, came {shown_value(env)}")
    if not (hasattr(env, "observation_space") and hasattr(env, "action_space")):
        raise InvalidOptionError(
            f"env: expected an environment with its spaces, came {shown_value(env)}"
        )


def check_multi_agent(env: object, *, turns: bool = False, named: bool = True) -> None:
    """Refuse what is no PettingZoo environment.

    Args:
        env: the environment.
        turns: whether it must be one in which agents take turns.
        named: whether it must say who its `possible_agents` are.

    Raises:
        InvalidOptionError: another thing.
    """
    kinds: Any = AECEnv if turns else (AECEnv, ParallelEnv)
    agents = getattr(env, "possible_agents", None) or not named
    if not isinstance(env, kinds) or not agents:
        name = "AECEnv" if turns else "AECEnv or ParallelEnv"
        raise InvalidOptionError(
            f"env: expected a PettingZoo {name} with possible_agents, came {type(env).__name__}"
        )


def array_of(name: str, value: object, *, kinds: str = "biuf") -> Any:
    """A value as an array of numbers of some kinds, NumPy's letters.

    Raises:
        ShapeError: something else.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"{name}: expected an array, came {shown_value(value)}") from error
    if array.dtype.kind not in kinds:
        raise ShapeError(
            f"{name}: expected an array of numbers of kind {kinds!r}, came {shown_value(value)}"
        )
    return array
