"""Columns of many decisions: one array each, or dictionaries and tuples of them.

A **column** is an array `(N, ...)`, or, where a space is a dictionary or a tuple, a dictionary or
a tuple of columns: a nested column. Its **layout** has the same nesting, with a `Leaf` for every
array. Layouts come from Gymnasium's spaces or from columns, and go to JSON and back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import ShapeError

__all__ = [
    "Column",
    "Layout",
    "Leaf",
    "copied",
    "empty",
    "joined",
    "layout_from_json",
    "layout_of_column",
    "layout_of_space",
    "layout_to_json",
    "leaves",
    "mapped",
    "stacked",
]

Column: TypeAlias = Any
"""An array `(N, ...)`, or a dictionary or tuple of columns."""
Layout: TypeAlias = Any
"""A `Leaf`, or a dictionary or tuple of layouts."""


@dataclass(frozen=True)
class Leaf:
    """What one row of an array holds.

    Attributes:
        dtype: numbers or truth values, little-endian.
        shape: of one row.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @staticmethod
    def of(array: NDArray[Any]) -> "Leaf":
        """What the rows of an array hold."""
        return Leaf(_little(array.dtype), array.shape[1:])

    def empty(self) -> NDArray[Any]:
        """An array without rows."""
        return np.empty((0, *self.shape), dtype=self.dtype)

    def stacked(self, *rows: Any) -> NDArray[Any]:
        """An array of some rows."""
        return np.array(rows, dtype=self.dtype)


def leaves(column: Column, path: str = "") -> list[tuple[str, Any]]:
    """The leaves of a nested column or layout in their order, each with its path.

    >>> [path for path, _ in leaves({"a": np.zeros(2), "b": (np.ones(2), np.ones(2))})]
    ["['a']", "['b'][0]", "['b'][1]"]
    """
    found: list[tuple[str, Any]] = []
    for step, child in _children(column):
        found += leaves(child, f"{path}[{step!r}]")
    return found if isinstance(column, dict | tuple) else [(path, column)]


def mapped(function: Callable[..., Any], column: Column, *others: Column) -> Any:
    """Apply a function to every leaf, and to those of `others` at the same places."""
    if isinstance(column, dict):
        named = cast("dict[str, Column]", column)
        return {key: mapped(function, named[key], *(o[key] for o in others)) for key in named}
    if isinstance(column, tuple):
        parts = cast("tuple[Column, ...]", column)
        return tuple(mapped(function, *each) for each in zip(parts, *others, strict=True))
    return function(column, *others)


def joined(parts: Sequence[Column]) -> Column:
    """Columns of one layout, one after the other."""
    return mapped(lambda *arrays: np.concatenate(arrays), *parts)


def empty(layout: Layout) -> Column:
    """A column without rows."""
    return mapped(Leaf.empty, layout)


def stacked(rows: Sequence[Any], layout: Layout) -> Column:
    """A column from its rows, each as `copied` gave them."""
    if not rows:
        return empty(layout)
    return mapped(Leaf.stacked, layout, *rows)


def copied(value: Any, layout: Layout, *, what: str) -> Any:
    """A value of a space as a row of its column: arrays of its own, which nobody else changes.

    Raises:
        ShapeError: a value of another nesting, shape or kind than `layout`; `what` names it.
    """
    if isinstance(layout, dict):
        named = cast("dict[str, Layout]", layout)
        if not isinstance(value, Mapping) or set(cast("Mapping[Any, Any]", value)) != set(named):
            raise ShapeError(f"{what}: expected a dictionary with {list(named)}, came {value!r}")
        return {key: copied(value[key], named[key], what=f"{what}[{key!r}]") for key in named}
    if isinstance(layout, tuple):
        parts = cast("tuple[Layout, ...]", layout)
        if not isinstance(value, tuple | list) or len(cast("list[Any]", value)) != len(parts):
            raise ShapeError(f"{what}: expected a tuple of {len(parts)}, came {value!r}")
        pairs = enumerate(zip(cast("list[Any]", value), parts, strict=True))
        return tuple(copied(each, part, what=f"{what}[{i}]") for i, (each, part) in pairs)
    return _row(value, layout, what)


def _row(value: Any, leaf: Leaf, what: str) -> NDArray[Any]:
    try:
        given = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"{what}: expected an array of {leaf}, came {value!r}") from error
    fits = given.shape == leaf.shape and np.can_cast(given.dtype, leaf.dtype, "same_kind")
    if fits and given.dtype == leaf.dtype:
        return given.copy()
    row = given.astype(leaf.dtype) if fits else given
    if not fits or (leaf.dtype.kind in "iu" and (row != given).any()):
        raise ShapeError(
            f"{what}: expected an array of shape {leaf.shape} and kind {leaf.dtype}, as its space "
            f"says, came {given.dtype} of shape {given.shape}: {value!r}"
        )
    return row


# ---- layouts


def layout_of_space(space: spaces.Space[Any], *, what: str) -> Layout:
    """The layout of a column of a space's values.

    Raises:
        ShapeError: a space whose values are no arrays of one shape (`Text`, `Sequence`, `Graph`,
            `OneOf`), or a dictionary whose keys are no text; `what` names it.
    """
    if isinstance(space, spaces.Dict):
        if not all(isinstance(key, str) for key in space.spaces):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ShapeError(f"{what}: expected text as keys, came {list(space.spaces)}")
        return {
            key: layout_of_space(child, what=f"{what}[{key!r}]")
            for key, child in space.spaces.items()
        }
    if isinstance(space, spaces.Tuple):
        pairs = enumerate(space.spaces)
        return tuple(layout_of_space(child, what=f"{what}[{i}]") for i, child in pairs)
    if space.shape is None or space.dtype is None or space.dtype.kind not in "biuf":
        raise ShapeError(f"{what}: expected a space of arrays of one shape, came {space}")
    return Leaf(_little(space.dtype), tuple(space.shape))


def layout_of_column(column: Column, *, what: str) -> Layout:
    """The layout of a column.

    Raises:
        ShapeError: a leaf that is no array of numbers or truth values; `what` names the column.
    """
    for path, array in leaves(column, what):
        if not isinstance(array, np.ndarray) or not array.ndim or array.dtype.kind not in "biuf":
            raise ShapeError(f"{path}: expected an array (N, ...) of numbers, came {array!r:.200}")
    return mapped(Leaf.of, column)


def layout_to_json(layout: Layout) -> Any:
    """A layout as JSON; dictionaries as lists of pairs, which keep their order."""
    if isinstance(layout, dict):
        pairs = cast("dict[str, Layout]", layout).items()
        return {"dict": [[key, layout_to_json(child)] for key, child in pairs]}
    if isinstance(layout, tuple):
        return {"tuple": [layout_to_json(child) for child in cast("tuple[Layout, ...]", layout)]}
    return {"dtype": layout.dtype.str, "shape": list(layout.shape)}


def layout_from_json(found: Any) -> Layout:
    """The layout that `layout_to_json` described; ValueError, TypeError or KeyError otherwise."""
    if "dict" in found:
        return {str(key): layout_from_json(child) for key, child in found["dict"]}
    if "tuple" in found:
        return tuple(layout_from_json(child) for child in found["tuple"])
    dtype = np.dtype(found["dtype"])
    if dtype.kind not in "biuf":
        raise ValueError(f"numbers of kind {dtype}")
    return Leaf(dtype, tuple(int(length) for length in found["shape"]))


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype.newbyteorder("<")


def _children(column: Column) -> list[tuple[Any, Column]]:
    if isinstance(column, dict):
        return list(cast("dict[str, Column]", column).items())
    if isinstance(column, tuple):
        return list(enumerate(cast("tuple[Column, ...]", column)))
    return []
