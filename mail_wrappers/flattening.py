"""Batches of structured values as rows of float32, and back: Gymnasium's `flatten`, batched."""

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import ShapeError
from mail_wrappers.options import array_of

__all__ = ["as_float32", "check_flattens", "flatten_batch", "unflatten_batch"]

Flat = NDArray[np.float32]
EXACT = 2**24
"""Up to this size float32 holds every integer."""


def check_flattens(space: gymnasium.Space[Any]) -> None:
    """Refuse a space whose values have no flat form of one length.

    Raises:
        ShapeError: such a space, or one inside.
    """
    for each in _inside(space):
        check_flattens(each)
    known = (
        spaces.Box,
        spaces.Discrete,
        spaces.MultiBinary,
        spaces.MultiDiscrete,
        spaces.Tuple,
        spaces.Dict,
    )
    if not isinstance(space, known):
        raise ShapeError(
            f"observation space: expected Box, Discrete, MultiBinary, MultiDiscrete, Tuple or "
            f"Dict, came {space}"
        )


def flatten_batch(space: gymnasium.Space[Any], values: Any) -> Flat:
    """A batch of values of `space` as rows `(B, spaces.flatdim(space))`.

    Raises:
        ShapeError: what is no batch of such values, or integers that float32 does not hold.
    """
    if isinstance(space, spaces.Dict):
        if not isinstance(values, Mapping) or not set(space.spaces) <= set(values):
            raise ShapeError(f"observation: expected {list(space.spaces)}, came {values!r:.200}")
        parts = [flatten_batch(each, values[name]) for name, each in space.spaces.items()]
        return np.concatenate(parts, axis=1)
    if isinstance(space, spaces.Tuple):
        if not isinstance(values, tuple) or len(values) != len(space.spaces):
            raise ShapeError(
                f"observation: expected a tuple of {len(space.spaces)}, came {values!r:.200}"
            )
        pairs = zip(space.spaces, values, strict=True)
        return np.concatenate([flatten_batch(each, value) for each, value in pairs], axis=1)
    given = _batch_of(space, values)
    if isinstance(space, spaces.Discrete):
        return np.eye(int(space.n), dtype=np.float32)[given.reshape(-1) - int(space.start)]
    if isinstance(space, spaces.MultiDiscrete):
        columns = (given - space.start).reshape(len(given), -1)
        sizes = space.nvec.ravel().tolist()
        parts = [np.eye(size, dtype=np.float32)[columns[:, i]] for i, size in enumerate(sizes)]
        return np.concatenate(parts, axis=1)
    if given.dtype.kind in "iu" and given.dtype.itemsize > 2 and (np.abs(given) > EXACT).any():
        raise ShapeError(
            f"observation: expected integers of at most 2**24, which float32 holds, came "
            f"{given.dtype} up to {given.max()}"
        )
    flat = as_float32(given.reshape(len(given), spaces.flatdim(space)))
    if given.dtype.itemsize > 4 and (np.isinf(flat) & np.isfinite(given).reshape(flat.shape)).any():
        raise ShapeError(
            f"observation: expected numbers that float32 holds, came {given.dtype} up to "
            f"{np.abs(given).max()}"
        )
    return flat


def unflatten_batch(space: gymnasium.Space[Any], rows: NDArray[Any]) -> Any:
    """The inverse: rows `(B, spaces.flatdim(space))` as a batch of values of `space`.

    Raises:
        ShapeError: fractions and the like, where the space holds integers.
    """
    if isinstance(space, spaces.Dict):
        parts = _split(list(space.spaces.values()), rows, spaces.flatdim)
        pairs = zip(space.spaces.items(), parts, strict=True)
        return {name: unflatten_batch(each, columns) for (name, each), columns in pairs}
    if isinstance(space, spaces.Tuple):
        parts = _split(list(space.spaces), rows, spaces.flatdim)
        return tuple(unflatten_batch(*pair) for pair in zip(space.spaces, parts, strict=True))
    if isinstance(space, spaces.Discrete):
        return rows.argmax(axis=1).astype(np.int64) + int(space.start)
    if isinstance(space, spaces.MultiDiscrete):
        parts = _split(space.nvec.ravel().tolist(), rows, int)
        chosen = np.stack([columns.argmax(axis=1) for columns in parts], axis=1)
        return (chosen.reshape(len(rows), *space.nvec.shape) + space.start).astype(space.dtype)
    with np.errstate(invalid="ignore"):
        values = rows.reshape(len(rows), *(space.shape or ())).astype(space.dtype)
    if values.dtype.kind not in "fc" and (values.ravel() != rows.ravel()).any():
        wrong = rows.ravel()[np.argmax(values.ravel() != rows.ravel())]
        raise ShapeError(
            f"flat observation: expected values of {values.dtype} for {space}, came {wrong}"
        )
    return values


def _batch_of(space: gymnasium.Space[Any], values: Any) -> NDArray[Any]:
    """An array `(B, ...)` of values of a space that is no nested one.

    Raises:
        ShapeError: something else; entries of a discrete space outside it.
    """
    given = array_of("observation", values, kinds="biufc")
    if not given.ndim or given.shape[1:] != (space.shape or ()):
        raise ShapeError(f"observation: expected (B, *{space.shape}), came {given.shape}")
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        sizes = space.n if isinstance(space, spaces.Discrete) else space.nvec
        places = given - space.start if given.dtype.kind in "biu" else np.full(1, -1)
        if ((places < 0) | (places >= sizes)).any():
            raise ShapeError(f"observation: expected members of {space}, came {given!r:.200}")
    return given


def as_float32(values: NDArray[Any]) -> Flat:
    """Numbers as float32; what is beyond its range becomes infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float32)


def _split(parts: list[Any], rows: NDArray[Any], size: Callable[[Any], int]) -> list[NDArray[Any]]:
    return np.split(rows, np.cumsum([size(each) for each in parts])[:-1], axis=1)


def _inside(space: gymnasium.Space[Any]) -> tuple[gymnasium.Space[Any], ...]:
    if isinstance(space, spaces.Dict):
        return tuple(space.spaces.values())
    return tuple(space.spaces) if isinstance(space, spaces.Tuple) else ()
