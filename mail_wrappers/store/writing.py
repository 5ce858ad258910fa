"""Writing stores: part by part, each either whole or as if it had never been."""

import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import BusyFileError, ForeignResultsError, ShapeError
from mail_wrappers.columns import leaves
from mail_wrappers.decisions import Decisions
from mail_wrappers.store.locking import lock
from mail_wrappers.store.reading import examine
from mail_wrappers.store.schema import FORMAT, JOURNAL, SCHEMA, SEAL, Record, Schema, signed

__all__ = ["StoreWriter", "create_store", "resume_store", "save_store"]

ROWS_AT_ONCE = 1 << 16
"""Rows of an agent in one part of a saved recording: what a damaged byte costs."""


class StoreWriter:
    """Appends parts to a store; made by `create_store` and `resume_store`.

    Args:
        folder: of the store.
        schema: its columns.
        record: the state after its last part.
        records: the number of its parts.
        fsync: whether every part is flushed to the disk before `append` returns.

    Raises:
        BusyFileError: another writer has the store.
    """

    def __init__(
        self, folder: Path, schema: Schema, record: Record, records: int, *, fsync: bool
    ) -> None:
        self._folder = folder
        self._schema = schema
        self._record = record
        self._records = records
        self._fsync = fsync
        self._journal = _open(folder / JOURNAL)
        self._lock()
        self._columns = [_open(folder / column.file) for column in schema.files]
        (folder / SEAL).unlink(missing_ok=True)
        self._cut()

    @property
    def episodes(self) -> int:
        """The number of the next episode."""
        return self._record.episodes

    def append(self, part: Mapping[str, Decisions], *, episodes: int) -> None:
        """Append decisions of every agent; `episodes` is then the number of the next episode.

        Raises:
            ShapeError: other agents or columns than the store's.
        """
        arrays = self._arrays(part)
        rows = [
            number + len(part[who])
            for number, who in zip(self._record.rows, self._schema.layouts, strict=True)
        ]
        pieces = [np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays]
        sums = [zlib.crc32(piece, s) for piece, s in zip(pieces, self._record.sums, strict=True)]
        record = Record(episodes, tuple(rows), tuple(sums), self._record.sum)
        data, record = self._schema.pack(record)
        try:
            for file, piece in zip(self._columns, pieces, strict=True):
                _write(file, piece)
            if self._fsync:
                self._flush()
            _write(self._journal, memoryview(data))
            if self._fsync:
                os.fsync(self._journal)
        except BaseException:
            self._cut()
            raise
        self._record, self._records = record, self._records + 1

    def close(self) -> None:
        """Flush everything to the disk and seal the store."""
        if not self._columns and self._journal < 0:
            return
        self._flush()
        os.fsync(self._journal)
        _write_whole(self._folder / SEAL, signed({"format": FORMAT, "records": self._records}))
        for file in (*self._columns, self._journal):
            os.close(file)
        self._columns, self._journal = [], -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _arrays(self, part: Mapping[str, Decisions]) -> list[NDArray[Any]]:
        """The arrays of a part in the order of the store's files."""
        if tuple(part) != tuple(self._schema.layouts):
            raise ShapeError(
                f"part: expected agents {list(self._schema.layouts)}, came {list(part)}"
            )
        found: list[NDArray[Any]] = []
        for who, layout in self._schema.layouts.items():
            columns = part[who].columns()
            if list(columns) != list(layout):
                raise ShapeError(f"part of {who}: expected {list(layout)}, came {list(columns)}")
            found += [array for column in columns.values() for _, array in leaves(column)]
        for column, array in zip(self._schema.files, found, strict=True):
            kind, shape = column.leaf.dtype, column.leaf.shape
            if array.dtype != kind or array.shape[1:] != shape:
                raise ShapeError(
                    f"{column.name}: expected rows of {kind} and shape {shape}, came {array.dtype} "
                    f"and {array.shape[1:]}"
                )
        return found

    def _cut(self) -> None:
        """Cut off what the journal does not prove."""
        for column, file in zip(self._schema.files, self._columns, strict=True):
            os.ftruncate(file, column.size(self._record.rows[column.agent]))
        os.ftruncate(self._journal, self._records * self._schema.packing.size)

    def _flush(self) -> None:
        for file in self._columns:
            os.fsync(file)

    def _lock(self) -> None:
        try:
            lock(
                self._journal,
                f"{self._folder}: expected no other recording into it, came one that still runs; "
                f"stop it or record into another folder",
            )
        except BusyFileError:
            os.close(self._journal)
            raise


def create_store(path: Path | str, schema: Schema, *, fsync: bool = False) -> StoreWriter:
    """Begin a store at a path where nothing is; missing folders are made.

    Raises:
        ForeignResultsError: something is there.
    """
    folder = Path(path)
    if folder.exists():
        raise ForeignResultsError(
            f"{folder}: expected nothing there, came a {'folder' if folder.is_dir() else 'file'}; "
            f"choose another path, or continue a recording with resume=True"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _beside(folder) as begun:
        _begin(begun, schema)
        begun.rename(folder)
    return StoreWriter(folder, schema, schema.start, 0, fsync=fsync)


def resume_store(path: Path | str, schema: Schema, *, fsync: bool = False) -> StoreWriter:
    """Continue a store where its journal ends; begin one where nothing is.

    Raises:
        ForeignResultsError: no store, one of another version, or one of other columns.
        DamagedFileError: a store that was cut short or altered.
        BusyFileError: another writer has it.
    """
    folder = Path(path)
    if not folder.exists():
        return create_store(path, schema, fsync=fsync)
    found = examine(folder, verify=True)
    if found.schema.to_bytes() != schema.to_bytes():
        raise ForeignResultsError(
            f"{folder / SCHEMA}: expected the columns {schema.layouts}, came "
            f"{found.schema.layouts}; record into another folder"
        )
    return StoreWriter(folder, schema, found.last, len(found.records) - 1, fsync=fsync)


def save_store(path: Path | str, decisions: Mapping[str, Decisions]) -> None:
    """Write a whole store, or none, to a path where nothing is.

    Raises:
        ForeignResultsError: something is there.
    """
    folder = Path(path)
    if folder.exists():
        raise ForeignResultsError(f"{folder}: expected nothing there; choose another path")
    schema = Schema({name: each.layout() for name, each in decisions.items()})
    folder.parent.mkdir(parents=True, exist_ok=True)
    episodes = max([0, *(int(d.episodes.max()) + 1 for d in decisions.values() if len(d))])
    longest = max([0, *(len(each) for each in decisions.values())])
    with _beside(folder) as begun:
        _begin(begun, schema)
        with StoreWriter(begun, schema, schema.start, 0, fsync=False) as writer:
            for start in range(0, longest, ROWS_AT_ONCE):
                rows = slice(start, start + ROWS_AT_ONCE)
                part = {name: each.take(rows) for name, each in decisions.items()}
                writer.append(part, episodes=episodes)
        begun.rename(folder)
        _sync_folder(folder.parent)


# ---- files


class _beside:  # noqa: N801 - a context manager, named as it reads
    """A folder under a temporary name beside `folder`, gone afterwards unless it was renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Path:
        name = tempfile.mkdtemp(
            prefix=f".{self._folder.name}-", suffix=".tmp", dir=self._folder.parent
        )
        self._begun = Path(name)
        return self._begun

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._begun, ignore_errors=True)


def _begin(folder: Path, schema: Schema) -> None:
    """The files of a store without rows."""
    for name in (JOURNAL, *(column.file for column in schema.files)):
        (folder / name).touch()
    _write_whole(folder / SCHEMA, schema.to_bytes())
    _sync_folder(folder)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))


def _write(file: int, data: memoryview) -> None:
    while len(data):
        data = data[os.write(file, data) :]


def _write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`, wholly or not at all."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
