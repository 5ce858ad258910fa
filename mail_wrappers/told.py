"""What environments, policies and callers hand over at play, checked where it comes in."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array, iterate

from mail_envs.errors import ContractError, InvalidOptionError, ShapeError
from mail_wrappers.options import check_mapping, check_seed, shown_value

__all__ = [
    "Step",
    "actions_of",
    "batched",
    "check_actions",
    "check_info",
    "check_rows",
    "checked_reset",
    "holds",
    "reward_of",
]

Step: TypeAlias = tuple[Any, float, bool, bool, dict[str, Any]]
"""What a step of one environment returns, as Gymnasium has it."""


def check_info(info: object, who: str) -> None:
    """Refuse an info that is no dictionary.

    Raises:
        ContractError: such an info.
    """
    if type(info) is not dict and not isinstance(info, Mapping):  # the first is faster
        raise ContractError(f"info of {who}: expected a dictionary, came {shown_value(info)}")


def reward_of(value: Any, who: str) -> float:
    """A reward as a float.

    Raises:
        ContractError: what is no number.
    """
    if type(value) is float:
        return value
    number: float | None = None
    if not isinstance(value, str | bytes):
        with suppress(TypeError, ValueError, OverflowError):
            number = float(value)
    if number is None:
        raise ContractError(f"reward of {who}: expected a number, came {shown_value(value)}")
    return number


def holds(space: gymnasium.Space[Any], value: Any) -> bool:
    """Whether a space contains a value; some spaces raise at what is no array."""
    try:
        return bool(space.contains(value))
    except (TypeError, ValueError, OverflowError):
        return False


def batched(space: gymnasium.Space[Any], shown: Sequence[Any]) -> Any:
    """Observations of one space as a batch.

    Raises:
        ShapeError: one that is none of the space's.
    """
    try:
        return concatenate(space, shown, create_empty_array(space, len(shown)))
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise ShapeError(
            f"observations: expected members of {space}, came {shown_value(shown)}: {error}"
        ) from error


def actions_of(space: gymnasium.Space[Any], actions: Any, rows: int) -> list[Any]:
    """A batch of actions, row by row.

    Args:
        space: of the batch.
        actions: of all rows.
        rows: how many there must be.

    Raises:
        ShapeError: another number of actions, or no batch.
    """
    try:
        named = isinstance(actions, Mapping) and not isinstance(space, spaces.Dict)
        other = named or isinstance(actions, str | bytes)
        given = [] if other else list(iterate(space, actions))
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise ShapeError(
            f"actions: expected {rows}, one for each row, came {shown_value(actions)}"
        ) from error
    if len(given) != rows:
        raise ShapeError(f"actions: expected {rows}, one for each row, came {len(given)}")
    return given


def check_actions(env: VectorEnv[Any, Any, Any], actions: Any) -> None:
    """Refuse what is no batch of actions of an environment.

    Raises:
        ShapeError: as of `actions_of`.
    """
    if not isinstance(actions, np.ndarray) or actions.shape[:1] != (env.num_envs,):
        actions_of(env.action_space, actions, env.num_envs)


def check_rows(name: str, batch: Any, count: int | None = None) -> int:
    """The number of rows of a batch of arrays, whatever it is nested in.

    Args:
        name: how the error calls it.
        batch: an array `(B, ...)`, or a dictionary or tuple of such.
        count: how many there must be; None for any.

    Raises:
        ShapeError: another number, or what is no batch.
    """
    if isinstance(batch, Mapping | tuple) and batch:
        nested = cast("Any", batch)
        for part in nested.values() if isinstance(nested, Mapping) else nested:
            count = check_rows(name, part, count)
        return cast("int", count)
    shape = getattr(batch, "shape", None)
    if not isinstance(shape, tuple) or not shape or count not in (None, shape[0]):
        expected = "B" if count is None else count
        raise ShapeError(f"{name}: expected arrays ({expected}, ...), came {shown_value(batch)}")
    return int(cast("tuple[int, ...]", shape)[0])


def checked_reset(
    env: VectorEnv[Any, Any, Any], seed: object, options: Mapping[str, Any] | None
) -> Any:
    """The seed of a vector environment's reset, its options looked at.

    Raises:
        InvalidOptionError: a seed or options that are none; a `reset_mask` that is no `(B,)` bool
            array with a row to reset.
    """
    check_mapping("options", options)
    told = options is not None and "reset_mask" in options
    mask = cast("Mapping[str, Any]", options)["reset_mask"] if told else None
    if told and not (
        isinstance(mask, np.ndarray)
        and mask.shape == (env.num_envs,)
        and mask.dtype == np.bool_
        and mask.any()
    ):
        raise InvalidOptionError(
            f"reset_mask: expected ({env.num_envs},) bool with a row to reset, came "
            f"{shown_value(mask)}"
        )
    return check_seed("seed", seed, rows=env.num_envs)
