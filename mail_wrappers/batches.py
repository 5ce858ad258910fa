"""Observations of any structure (arrays, dictionaries, tuples), one or a batch; and their masks."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper
from numpy.typing import NDArray

from mail_envs.errors import MissingTruthError, ShapeError
from mail_envs.protocols import Mask
from mail_wrappers.options import array_of

__all__ = [
    "as_batch",
    "forwarded_masks",
    "forwarded_vector_masks",
    "latest_masks",
    "part",
    "rows_of",
]

Rows = Any  # an index, a slice, or an array of indices or flags


def rows_of(batch: Any, rows: Rows) -> Any:
    """The given rows of a batch of observations, structure kept; new arrays where rows is one."""
    if isinstance(batch, Mapping):
        return {name: rows_of(each, rows) for name, each in batch.items()}
    if isinstance(batch, tuple):
        return tuple(rows_of(each, rows) for each in batch)
    return batch[rows]


def with_rows(batch: Any, rows: Rows, values: Any) -> Any:
    """A copy of a batch of observations with other `values` in some rows, structure kept."""
    if isinstance(batch, Mapping):
        return {name: with_rows(each, rows, values[name]) for name, each in batch.items()}
    if isinstance(batch, tuple):
        return tuple(
            with_rows(*pair) for pair in zip(batch, [rows] * len(batch), values, strict=True)
        )
    changed = np.array(batch)
    changed[rows] = values
    return changed


def row_count(batch: Any) -> int:
    """The number of rows of a batch of observations, whatever it is nested in."""
    while isinstance(batch, Mapping | tuple):
        nested = cast("Any", batch)
        batch = next(iter(nested.values() if isinstance(nested, Mapping) else nested))
    return len(batch)


def as_batch(observation: Any) -> Any:
    """One observation as a batch of one.

    Raises:
        ShapeError: a list whose rows have different lengths.
    """
    if isinstance(observation, Mapping):
        return {name: as_batch(each) for name, each in observation.items()}
    if isinstance(observation, tuple):
        return tuple(as_batch(each) for each in observation)
    try:
        return np.asarray(observation)[None]
    except ValueError as error:
        raise ShapeError(f"observation: expected an array, came {observation!r:.200}") from error


def part(observation: Any, info: Mapping[str, Any]) -> tuple[Any, Mask | None]:
    """What is seen, and the mask: of one observation and its info, or of a batch.

    Of a dictionary with `observation` that entry is what is seen, of any other all but the mask.
    The mask is the observation's `action_mask`, or else the info's.
    """
    seen, mask = observation, None
    if isinstance(observation, Mapping):
        mask = observation.get("action_mask")
        rest = {name: each for name, each in observation.items() if name != "action_mask"}
        seen = observation.get("observation", rest)
    mask = info.get("action_mask") if mask is None else mask
    return seen, None if mask is None else array_of("action mask", mask)


def latest_masks(before: Mask | None, masks: Mask | None, infos: Mapping[str, Any]) -> Mask | None:
    """The masks of a batch, `(B, A)`: where infos tell some rows', the others' as before."""
    told = infos.get("_action_mask")
    if masks is None or before is None or told is None or np.shape(masks) != before.shape:
        return masks
    return np.where(np.asarray(told, dtype=np.bool_)[:, None], masks, before)


def forwarded_masks(env: gymnasium.Env[Any, Any]) -> NDArray[np.bool_]:
    """`action_masks()` of the environment beneath a wrapper, which Gymnasium does not forward.

    Raises:
        MissingTruthError: an environment that has none.
    """
    try:
        masks = cast("Callable[[], NDArray[np.bool_]]", env.get_wrapper_attr("action_masks"))
    except AttributeError:
        raise MissingTruthError(f"action_masks: {env} provides no action mask") from None
    return masks()


def forwarded_vector_masks(env: VectorEnv[Any, Any, Any], last: Mask | None) -> NDArray[np.bool_]:
    """The same of a vector environment, `(B, A)`; `last`, the masks last seen, where it has none.

    Raises:
        MissingTruthError: neither.
    """
    beneath: Any = env
    while True:
        masks = getattr(beneath, "action_masks", None)
        if masks is not None:
            return masks()
        if not isinstance(beneath, VectorWrapper):
            break
        beneath = beneath.env
    if last is None:
        raise MissingTruthError(f"action_masks: {env} provides no action mask")
    return last.astype(np.bool_)
