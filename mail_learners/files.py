"""Files that are either whole or absent.

A file is written beside its place under a temporary name, flushed to the disk and renamed:
`os.replace` is atomic within one folder, so that a process killed at any instant leaves the old
file, or the new one, or a leftover with a temporary name, which the next run removes.
"""

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

__all__ = ["canonical_json", "checksum", "is_leftover", "remove_leftovers", "write_atomically"]

_PREFIX, _SUFFIX = ".mail-bench-", ".tmp"


def write_atomically(path: Path, content: str | bytes) -> None:
    """Put `content` (text as UTF-8) at `path`, wholly or not at all; missing folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
    try:
        with temporary.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_leftover(path: Path) -> bool:
    """Whether `path` bears the temporary name of a write that never ended."""
    return path.name.startswith(_PREFIX) and path.name.endswith(_SUFFIX)


def remove_leftovers(*folders: Path) -> None:
    """Remove what killed writes left in these folders, which need not exist."""
    for folder in folders:
        for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            path.unlink(missing_ok=True)


def canonical_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """The one JSON text of a value: sorted keys, no spaces, ASCII, shortest floats, no NaN.

    >>> canonical_json({"b": 0.1, "a": [1, None]})
    '{"a":[1,null],"b":0.1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def checksum(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
