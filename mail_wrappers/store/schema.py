"""What stands in a store: agents, columns, files, and the records of its journal."""

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

from mail_envs.errors import DamagedFileError, ForeignResultsError
from mail_wrappers.columns import Layout, Leaf, layout_from_json, layout_to_json, leaves

__all__ = [
    "JOURNAL",
    "RECOVER",
    "SCHEMA",
    "SEAL",
    "ColumnFile",
    "Record",
    "Schema",
    "signed",
    "unsigned",
]

FORMAT, VERSION = "mail-envs demonstrations", 1
SCHEMA, JOURNAL, SEAL = "schema.json", "journal.bin", "seal.json"
"""The files beside the columns of a store."""
RECOVER = "read what is proven with Demonstrations.recover(path), or restore a copy"
"""What error messages tell whoever meets a damaged store."""


class ColumnFile(NamedTuple):
    """One array of one agent."""

    file: str
    agent: int
    name: str  # how errors call it
    leaf: Leaf

    def size(self, rows: int) -> int:
        """The bytes of some rows."""
        length = self.leaf.dtype.itemsize
        for axis in self.leaf.shape:
            length *= axis
        return rows * length


class Record(NamedTuple):
    """One record of the journal."""

    episodes: int  # the number of the next episode
    rows: tuple[int, ...]  # of each agent
    sums: tuple[int, ...]  # CRC-32 of each column file up to these rows
    sum: int  # of this record and all before it


@dataclass(frozen=True)
class Schema:
    """Agents, and the layouts of their columns by name, in the order of `Decisions`."""

    layouts: Mapping[str, Mapping[str, Layout]]

    @cached_property
    def files(self) -> tuple[ColumnFile, ...]:
        """Every array of every agent."""
        found: list[ColumnFile] = []
        for agent, (who, columns) in enumerate(self.layouts.items()):
            for column, layout in columns.items():
                for place, (path, leaf) in enumerate(leaves(layout)):
                    file = f"{agent}.{column}.{place}.bin"
                    found.append(ColumnFile(file, agent, f"{column}{path} of {who}", leaf))
        return tuple(found)

    @cached_property
    def packing(self) -> struct.Struct:
        """How a record lies on the disk."""
        return struct.Struct(f"<{1 + len(self.layouts)}q{len(self.files) + 1}I")

    @cached_property
    def start(self) -> Record:
        """Before the first part."""
        return Record(
            0, (0,) * len(self.layouts), (0,) * len(self.files), zlib.crc32(self.to_bytes())
        )

    def pack(self, record: Record) -> tuple[bytes, Record]:
        """A record's bytes, and the record with the right `sum`; given is that of the former."""
        body = self.packing.pack(record.episodes, *record.rows, *record.sums, 0)[:-4]
        total = zlib.crc32(body, record.sum)
        return body + struct.pack("<I", total), record._replace(sum=total)

    def unpack(self, data: bytes) -> list[Record]:
        """The records up to the first that is not right, without an incomplete one at the end."""
        agents, size = len(self.layouts), self.packing.size
        records = [self.start]
        for place in range(0, len(data) - size + 1, size):
            each = self.packing.unpack_from(data, place)
            rows, sums = each[1 : 1 + agents], each[1 + agents : -1]
            right = zlib.crc32(data[place : place + size - 4], records[-1].sum)
            if each[-1] != right:
                break
            records.append(Record(each[0], rows, sums, right))
        return records

    def to_bytes(self) -> bytes:
        """`schema.json`."""
        agents = [
            {"name": agent, "columns": [[name, layout_to_json(c)] for name, c in columns.items()]}
            for agent, columns in self.layouts.items()
        ]
        return signed({"format": FORMAT, "version": VERSION, "agents": agents})

    @staticmethod
    def read(folder: Path) -> "Schema":
        """The schema of a store.

        Raises:
            ForeignResultsError: no store, or one of another version.
            DamagedFileError: a schema that was altered.
        """
        path = folder / SCHEMA
        if not path.is_file():
            raise ForeignResultsError(
                f"{folder}: expected a folder of demonstrations with {SCHEMA}, came "
                f"{'a folder without it' if folder.is_dir() else 'a file'}; give the folder that "
                f"Demonstrations.save or a recorder wrote"
            )
        data = path.read_bytes()
        found = unsigned(path, data)
        if found.get("version") != VERSION:
            raise ForeignResultsError(
                f"{path}: expected version {VERSION}, came {found.get('version')!r}; read it with "
                f"the version of mail-envs that wrote it"
            )
        try:
            schema = Schema(
                {
                    str(each["name"]): {str(n): layout_from_json(c) for n, c in each["columns"]}
                    for each in found["agents"]
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ForeignResultsError(
                f"{path}: expected agents and columns, came {error!r}"
            ) from error
        return schema


def signed(content: dict[str, Any]) -> bytes:
    """A dictionary as JSON with a checksum of it."""
    return _json({**content, "checksum": _checksum(content)})


def unsigned(path: Path, data: bytes) -> dict[str, Any]:
    """The dictionary that `signed` wrote to `path`.

    Raises:
        ForeignResultsError: something else.
        DamagedFileError: it was altered.
    """
    try:
        found: Any = json.loads(data)
    except ValueError as error:  # no JSON, or no UTF-8
        if FORMAT.encode() in data:
            raise _damaged(path, repr(error)) from error
        raise _foreign(path) from error
    if not isinstance(found, dict) or cast("dict[str, Any]", found).get("format") != FORMAT:
        raise _damaged(path, "its format is misspelt") if b"checksum" in data else _foreign(path)
    content = cast("dict[str, Any]", found)
    told = content.pop("checksum", None)
    if told != _checksum(content) or signed(content) != data:
        raise _damaged(path, "its checksum does not fit its content")
    return content


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def _checksum(value: Any) -> str:
    return hashlib.sha256(_json(value)).hexdigest()


def _damaged(path: Path, why: str) -> DamagedFileError:
    return DamagedFileError(
        f"{path} was cut short or altered ({why}); restore this file from a copy: without it the "
        f"columns cannot be read"
    )


def _foreign(path: Path) -> ForeignResultsError:
    return ForeignResultsError(
        f"{path}: expected JSON of format {FORMAT!r}, came something else; give the folder that "
        f"Demonstrations.save or a recorder wrote"
    )
