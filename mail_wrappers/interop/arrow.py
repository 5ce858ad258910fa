"""Arrow and pandas: decisions as tables.

A table of Arrow has a column per array: numbers where a row holds one, lists of fixed length where
it holds more. Its schema says how they fit together, so that `from_arrow` gives back what
`to_arrow` was given, byte by byte, also through a Parquet file. Needs
`pip install "mail-envs[arrow]"`.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import ForeignResultsError
from mail_wrappers.columns import Leaf, layout_from_json, layout_to_json, leaves, mapped
from mail_wrappers.decisions import Decisions
from mail_wrappers.demonstrations import Demonstrations
from mail_wrappers.interop.optional import needed

__all__ = ["from_arrow", "read_parquet", "to_arrow", "to_frame", "write_parquet"]

INSTALL = '"mail-envs[arrow]"'
KEY = b"mail-envs decisions"
"""Under which a table's schema holds our layouts."""


def to_arrow(decisions: Decisions) -> Any:
    """One agent's decisions as a `pyarrow.Table`.

    Columns are named as the fields of `Decisions`, those of nested spaces with their path:
    `observations['board']`.

    Raises:
        MissingPackageError: pyarrow is not installed.
    """
    arrow = needed("pyarrow", INSTALL)
    arrays = {
        path: _to_array(arrow, array)
        for name, column in decisions.columns().items()
        for path, array in leaves(column, name)
    }
    layouts = [[name, layout_to_json(layout)] for name, layout in decisions.layout().items()]
    return arrow.table(arrays).replace_schema_metadata({KEY: json.dumps(layouts)})


def from_arrow(table: Any) -> Decisions:
    """The decisions of a table that `to_arrow` made; it may have been filtered or sorted since.

    Raises:
        ForeignResultsError: another table, or one with columns taken away or changed.
    """
    layouts = (table.schema.metadata or {}).get(KEY)
    if layouts is None:
        raise ForeignResultsError(
            f"table: expected one made by to_arrow, came one with columns {table.column_names}"
        )
    try:
        columns = {name: layout_from_json(layout) for name, layout in json.loads(layouts)}
        named = {
            name: iter([_from_array(table.column(path), leaf) for path, leaf in leaves(c, name)])
            for name, c in columns.items()
        }
        return Decisions(
            **{name: mapped(lambda _, n=name: next(named[n]), c) for name, c in columns.items()}  # pyright: ignore[reportUnknownLambdaType]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ForeignResultsError(
            f"table: expected the columns that to_arrow made, came {table.column_names}: {error!r}"
        ) from error


def write_parquet(decisions: Decisions, path: Path | str) -> None:
    """Write one agent's decisions to a Parquet file, compressed.

    Raises:
        MissingPackageError: pyarrow is not installed.
    """
    needed("pyarrow.parquet", INSTALL).write_table(to_arrow(decisions), str(path))


def read_parquet(path: Path | str) -> Decisions:
    """Read what `write_parquet` wrote.

    Raises:
        MissingPackageError: pyarrow is not installed.
        FileNotFoundError: no such file.
        ForeignResultsError: another file.
    """
    parquet, arrow = needed("pyarrow.parquet", INSTALL), needed("pyarrow", INSTALL)
    try:
        table = parquet.read_table(str(path))
    except arrow.ArrowInvalid as error:
        raise ForeignResultsError(f"{path}: expected a Parquet file, came {error}") from error
    return from_arrow(table)


def to_frame(demonstrations: Demonstrations) -> Any:
    """All agents' decisions as one `pandas.DataFrame`, in the order of `Demonstrations.order`.

    Its columns are `agent` and those of `to_arrow`. Rows of several numbers are arrays in columns
    of objects; what an agent's decisions lack is None or NaN.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    pandas = needed("pandas", INSTALL)
    frames = [
        pandas.DataFrame(
            {
                "agent": [agent] * len(decisions),
                **{
                    path: array if array.ndim == 1 else list(array)
                    for name, column in decisions.columns().items()
                    for path, array in leaves(column, name)
                },
            }
        )
        for agent, decisions in demonstrations.decisions.items()
    ]
    if not frames:
        return pandas.DataFrame({"agent": []})
    agents, rows = demonstrations.order()
    starts = np.cumsum([0, *(len(frame) for frame in frames)])
    return (
        pandas.concat(frames, ignore_index=True).iloc[starts[agents] + rows].reset_index(drop=True)
    )


def _to_array(arrow: Any, array: NDArray[Any]) -> Any:
    """An array as one of Arrow's."""
    flat = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    values = arrow.array(flat.reshape(-1))
    if array.ndim == 1:
        return values
    return arrow.FixedSizeListArray.from_arrays(values, math.prod(array.shape[1:]))


def _from_array(column: Any, leaf: Leaf) -> NDArray[Any]:
    """And back; ValueError where it is of another kind or shape."""
    whole = column.combine_chunks()
    if whole.null_count:
        raise ValueError("missing values")
    if leaf.shape:
        if whole.type.num_fields != 1:
            raise ValueError(f"{whole.type} in place of lists")
        whole = whole.flatten()
    values: NDArray[Any] = whole.to_numpy(zero_copy_only=False)
    if values.dtype != leaf.dtype:
        raise ValueError(f"{values.dtype} in place of {leaf.dtype}")
    return values.reshape(len(column), *leaf.shape)
