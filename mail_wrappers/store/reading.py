"""Reading stores: what the journal proves, memory-mapped; everything else is refused."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import DamagedFileError, MissingFileError
from mail_wrappers.columns import mapped
from mail_wrappers.decisions import Decisions
from mail_wrappers.store.schema import (
    JOURNAL,
    RECOVER,
    SEAL,
    ColumnFile,
    Record,
    Schema,
    unsigned,
)

__all__ = ["Contents", "examine", "read_store", "recover_store"]

AT_ONCE = 1 << 24
"""Bytes that are summed at once."""


@dataclass(frozen=True)
class Contents:
    """What a store was found to hold.

    Attributes:
        folder: of the store.
        schema: its columns.
        records: the records of its journal, the state before the first part in front.
    """

    folder: Path
    schema: Schema
    records: Sequence[Record]

    @property
    def last(self) -> Record:
        """The state after the last part."""
        return self.records[-1]


def read_store(path: Path | str, *, mmap: bool, verify: bool) -> dict[str, Decisions]:
    """Read a store; see `Demonstrations.load`."""
    contents = examine(Path(path), verify=verify)
    return _decisions(contents, contents.last, mmap=mmap)


def recover_store(path: Path | str) -> dict[str, Decisions]:
    """Read the parts of a damaged store that are proven; see `Demonstrations.recover`."""
    folder = _existing(Path(path))
    schema = Schema.read(folder)
    journal = folder / JOURNAL
    records = schema.unpack(journal.read_bytes() if journal.is_file() else b"")
    whole = min(
        [
            len(records),
            *(_whole(folder / f.file, f, records, k) for k, f in enumerate(schema.files)),
        ]
    )
    return _decisions(Contents(folder, schema, records), records[whole - 1], mmap=False)


def examine(folder: Path, *, verify: bool) -> Contents:
    """Check a store from end to end.

    Args:
        folder: of the store.
        verify: whether to sum the columns; otherwise only their lengths are checked.

    Raises:
        MissingFileError: there is nothing.
        ForeignResultsError: it is no store, or one of another version.
        DamagedFileError: a file of it was cut short or altered.
    """
    schema = Schema.read(_existing(folder))
    journal = folder / JOURNAL
    data = _bytes(journal)
    records = schema.unpack(data)
    read = (len(records) - 1) * schema.packing.size
    if len(data) - read >= schema.packing.size:
        raise _damaged(journal, f"record {len(records) - 1} does not fit its checksum")
    contents = Contents(folder, schema, records)
    sealed = _check_seal(contents, len(data))
    for number, file in enumerate(schema.files):
        _check_column(contents, file, number, sealed=sealed, verify=verify)
    if not sealed:
        _check_tail(contents)
    return contents


# ---- checks


def _check_seal(contents: Contents, size: int) -> bool:
    """Whether the recording was closed; then the journal is as long as it was."""
    path = contents.folder / SEAL
    if not path.exists():
        return False
    told = unsigned(path, path.read_bytes()).get("records")
    parts = len(contents.records) - 1
    if told != parts or size != parts * contents.schema.packing.size:
        raise _damaged(
            contents.folder / JOURNAL,
            f"expected {told} records as {SEAL} says, came {parts} in {size} bytes",
        )
    return True


def _check_column(
    contents: Contents, column: ColumnFile, number: int, *, sealed: bool, verify: bool
) -> None:
    path, last = contents.folder / column.file, contents.last
    expected, size = column.size(last.rows[column.agent]), _size(path)
    if size < expected or (sealed and size != expected):
        raise _damaged(
            path,
            f"{column.name}: expected {expected} bytes as {JOURNAL} says, came {size}",
        )
    if verify and _sum(path, expected) != last.sums[number]:
        raise _damaged(path, f"{column.name}: its bytes do not fit the checksum in {JOURNAL}")


def _check_tail(contents: Contents) -> None:
    """Rows beyond the journal are of one unfinished episode; more, and records are missing."""
    numbers: set[int] = set()
    for column in contents.schema.files:
        if ".episodes." in column.file:
            path, rows = contents.folder / column.file, contents.last.rows[column.agent]
            whole = _size(path) // column.leaf.dtype.itemsize
            tail = _array(path, column, whole, mmap=True)[rows:]
            numbers |= set(np.unique(tail).tolist())
    if len(numbers) > 1:
        raise _damaged(
            contents.folder / JOURNAL,
            f"expected records of the episodes {sorted(numbers)[:3]}..., which the columns hold, "
            f"came none after {len(contents.records) - 1} records",
        )


def _whole(path: Path, column: ColumnFile, records: Sequence[Record], number: int) -> int:
    """How many records, from the first, a column bears out."""
    size = _size(path) if path.is_file() else 0
    data = np.memmap(path, np.uint8, "r") if size else np.zeros(0, np.uint8)
    total = start = 0
    for place, record in enumerate(records):
        stop = column.size(record.rows[column.agent])
        if stop > size:
            return place
        total = zlib.crc32(data[start:stop].data, total) if stop > start else total
        if total != record.sums[number]:
            return place
        start = stop
    return len(records)


# ---- files


def _decisions(contents: Contents, record: Record, *, mmap: bool) -> dict[str, Decisions]:
    files = iter(contents.schema.files)
    found: dict[str, Decisions] = {}
    for (who, columns), rows in zip(contents.schema.layouts.items(), record.rows, strict=True):

        def array(_: Any, rows: int = rows) -> NDArray[Any]:
            column = next(files)
            return _array(contents.folder / column.file, column, rows, mmap=mmap)

        found[who] = Decisions(**{name: mapped(array, c) for name, c in columns.items()})
    return found


def _array(path: Path, column: ColumnFile, rows: int, *, mmap: bool) -> NDArray[Any]:
    shape, dtype = (rows, *column.leaf.shape), column.leaf.dtype
    if not column.size(rows):
        return np.empty(shape, dtype)
    if mmap:
        return np.memmap(path, dtype, "r", shape=shape)
    return np.fromfile(path, dtype, count=int(np.prod(shape))).reshape(shape)


def _sum(path: Path, size: int) -> int:
    """The CRC-32 of the first bytes of a file."""
    total = 0
    with path.open("rb") as file:
        while size > 0 and (data := file.read(min(size, AT_ONCE))):
            total = zlib.crc32(data, total)
            size -= len(data)
    return total


def _existing(folder: Path) -> Path:
    if not folder.exists():
        raise MissingFileError(f"{folder}: expected a folder of demonstrations, came nothing")
    return folder


def _bytes(path: Path) -> bytes:
    _size(path)
    return path.read_bytes()


def _size(path: Path) -> int:
    if not path.is_file():
        raise _damaged(path, "expected a file, came nothing")
    return path.stat().st_size


def _damaged(path: Path, why: str) -> DamagedFileError:
    return DamagedFileError(f"{path} was cut short or altered ({why}); {RECOVER}")
