"""How a broken contract is told: where it broke, what was expected, and what came."""

import hashlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import ContractError

__all__ = [
    "broken",
    "fingerprint",
    "first_difference",
    "inside",
    "require",
    "same",
    "shared",
    "told",
]

LONGEST = 200
"""Characters of a value that a message shows."""


def broken(where: str, expected: str, came: object) -> NoReturn:
    """Raise a `ContractError`."""
    raise ContractError(f"{where}: expected {expected}, came {_short(came)}")


def require(kept: object, where: str, expected: str, came: object) -> None:
    """Raise a `ContractError` unless `kept`."""
    if not kept:
        broken(where, expected, came)


@contextmanager
def told(where: str, expected: str) -> Generator[None]:
    """Turn whatever is raised within into a `ContractError` that says where it was."""
    try:
        yield
    except ContractError:
        raise
    except Exception as error:
        came = f"{type(error).__name__}: {error}"
        raise ContractError(f"{where}: expected {expected}, came {_short(came)}") from error


def same(one: Any, other: Any) -> bool:
    """Whether two values of nested dictionaries, sequences and arrays agree to the byte."""
    return fingerprint(one) == fingerprint(other)


def shared(one: Any, other: Any) -> bool:
    """Whether two values of nested dictionaries and sequences hold an array in common."""
    theirs = list(_arrays(other))
    return any(np.shares_memory(array, their) for array in _arrays(one) for their in theirs)


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    if isinstance(value, np.ndarray):
        yield value
        return
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _arrays(part)


def fingerprint(value: Any) -> bytes:
    """16 bytes that tell values of nested dictionaries, sequences and arrays apart."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, value)
    return digest.digest()


def first_difference(one: list[bytes], other: list[bytes]) -> int | None:
    """The first index at which two lists differ, one's end included; None where they agree."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return None if len(one) == len(other) else min(len(one), len(other))


def inside(space: spaces.Space[Any], value: Any, where: str) -> None:
    """Require that a space contains a value, and say what speaks against it."""
    with told(where, f"a member of {space}"):  # some spaces raise at what is no array
        if not space.contains(value):
            broken(where, f"a member of {space}", _why(space, value))


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        digest.update(b"{")
        for key in sorted(value, key=str):
            digest.update(str(key).encode())
            _feed(digest, value[key])
        return
    if isinstance(value, list | tuple):
        digest.update(b"[")
        for part in value:
            _feed(digest, part)
        return
    array = np.asarray(value)
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    digest.update(repr(value).encode() if array.dtype.hasobject else array.tobytes())


def _why(space: spaces.Space[Any], value: Any) -> str:
    """What keeps a value out of a space: its kind, its shape, or its first entry out of bounds."""
    if isinstance(space, spaces.Dict) and isinstance(value, Mapping):
        if set(value) != set(space):
            return f"a dictionary with the keys {sorted(value, key=str)}"
        wrong = [key for key in space if not space[key].contains(value[key])]
        return "; ".join(f"at {key!r} {_why(space[key], value[key])}" for key in wrong)
    if isinstance(space, spaces.Box) and isinstance(value, np.ndarray):
        if value.dtype != space.dtype or value.shape != space.shape:
            return f"an array of {value.dtype} of shape {value.shape}"
        out = np.argwhere(~((value >= space.low) & (value <= space.high)))
        if len(out):
            index = tuple(int(i) for i in out[0])
            return f"{value[index]!r} at index {index}"
    return f"{type(value).__name__} {_short(value)}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
