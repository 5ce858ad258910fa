"""Openings of Connect Four: the exact score of every position of up to 12 marks.

The scores at 12 marks are data of the package `bitbully-databases` (MIT licence). Its file holds a
record of 5 bytes for each position from which the mover cannot win at once, one of each mirror
pair: the position's code in 32 bits, most significant byte first, and a signed byte, 0 for a draw,
else ±(100 − plies to the end), positive if the mover wins. The code is that of
`mail_envs.board.book_kernels` without its leading 1, and with a 0 behind. Earlier positions follow
by backward induction,

    score(s) = max over actions a of −score(s after a),

exactly. That takes some seconds, once: the book is then kept in the user's cache folder, with a
checksum. A file that is damaged, or of another version, is made again.
"""

import hashlib
import os
import sys
import warnings
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from numpy.typing import NDArray

from mail_envs.board.book_kernels import (
    MISSING,
    WON_AT_ONCE,
    Book,
    back_up,
    common_codes,
    successors,
)
from mail_envs.board.games import ConnectFour
from mail_envs.board.search_bits import Board, board_of
from mail_envs.errors import ForeignResultsError

__all__ = ["EMPTY_BOOK", "cache_folder", "opening_book"]

LAST_PLY = 12
RECORD = 5  # bytes
DIGEST = 32  # bytes of a SHA-256 checksum at the head of the cached file
FILE = "connect-four-openings-1.npy"

ADVICE = (
    "no opening book: Connect Four's first 12 plies will be searched, which may take minutes for "
    "one position; `pip install bitbully-databases` brings the book (MIT licence)"
)


def _book(codes: NDArray[np.uint32], scores: NDArray[np.int8], last_ply: int) -> Book:
    """A book of read-only arrays: compiled code tells these from others."""
    frozen = codes.astype(np.uint32), scores.astype(np.int8)
    for array in frozen:
        array.setflags(write=False)
    return Book(*frozen, last_ply)


EMPTY_BOOK = _book(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int8), -1)
"""A book without positions."""


@lru_cache(maxsize=1)
def opening_book() -> Book:
    """Connect Four's book: from the cache, or from the data, or empty and with a warning.

    It is asked for once in a process, so it warns once.
    """
    path = cache_folder() / FILE
    book = _read(path)
    if book is None and find_spec("bitbully_databases") is not None:
        book = _all_plies(board_of(ConnectFour()), _published(), LAST_PLY)
        _write(path, book)
    if book is None:
        warnings.warn(ADVICE, stacklevel=2)
        return EMPTY_BOOK
    return book


# ---- the data


def _published() -> Path:
    """Where the data are."""
    databases = import_module("bitbully_databases").BitBullyDatabases
    return Path(databases.get_database_path("12-ply-dist"))


def _last(board: Board, path: Path, last_ply: int) -> Book:
    """The book's last ply, from the data.

    Raises:
        ForeignResultsError: a file of another kind.
    """
    content = np.fromfile(path, dtype=np.uint8)
    record = np.dtype([("code", ">u4"), ("score", "i1")])
    records = content[: len(content) // RECORD * RECORD].view(record)
    codes, scores = records["code"], records["score"]
    won = np.sign(scores.astype(np.int64))
    plies = 100 - np.abs(scores.astype(np.int64))  # to the end
    left = board.cells - last_ply
    one = 1 << board.cells // board.rows + 2 * last_ply  # in front of a code of so many bits
    fits = (won == 0) | ((plies > 1) & (plies <= left) & ((plies % 2 == 1) == (won > 0)))
    if len(content) % RECORD or not len(content) or not (fits & (codes >> 1 < one)).all():
        raise ForeignResultsError(
            f"opening book: expected records of {RECORD} bytes, a code and a score of 0 or "
            f"±(100 − plies), plies from 2 to {left}, came {len(content)} bytes in {path}"
        )
    common = common_codes(board, (codes >> 1 | one).astype(np.uint32))
    order = np.argsort(common)
    return _book(common[order], (won * (left + 1 - plies))[order].astype(np.int8), last_ply)


# ---- backward induction


def _all_plies(board: Board, data: Path, last_ply: int) -> Book:
    """The whole book: positions forward from the empty board, scores backward from the data.

    Raises:
        ForeignResultsError: data of another kind, or without some position.
    """
    layer = np.array([1 << board.cells // board.rows], dtype=np.uint32)  # a 1, and a 0 per column
    layers = [layer]
    for _ in range(last_ply - 1):
        layer = np.unique(successors(board, layer))
        layer = layer[layer > 0]
        layers.append(layer)
    following = _last(board, data, last_ply)
    parts = [following]
    for ply in reversed(range(last_ply)):
        scores = back_up(board, following, layers[ply])
        if (scores == MISSING).any():
            raise ForeignResultsError(
                f"opening book: expected every position of {last_ply} marks, came {data} without "
                f"some that follow from {np.count_nonzero(scores == MISSING)} of {ply} marks"
            )
        kept = scores != WON_AT_ONCE
        following = _book(layers[ply][kept], scores[kept], ply)
        parts.append(following)
    codes, scores = (
        np.concatenate([part[column] for part in reversed(parts)]) for column in (0, 1)
    )
    return _book(codes, scores, last_ply)


# ---- the cache


def cache_folder() -> Path:
    """The folder for what this project computes once per user.

    `$XDG_CACHE_HOME`, or else the platform's own place, and `mail-envs` in it.
    """
    home = os.environ.get("XDG_CACHE_HOME")
    if home is None and sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA")
    if home is None:
        home = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return Path(home) / "mail-envs"


def _pack(book: Book) -> NDArray[np.uint8]:
    """A checksum, codes with the least significant byte first, scores: `(32 + 5 N,)`."""
    parts = [book.codes.astype("<u4").view(np.uint8), book.scores.view(np.uint8)]
    body = np.concatenate(parts)
    digest = np.frombuffer(hashlib.sha256(body.data).digest(), dtype=np.uint8)
    return np.concatenate([digest, body])


def _read(path: Path) -> Book | None:
    """The cached book, or None where there is none that is whole."""
    try:
        content = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if content.dtype != np.uint8 or content.ndim != 1 or len(content) % RECORD != DIGEST % RECORD:
        return None
    digest, body = content[:DIGEST], content[DIGEST:]
    if hashlib.sha256(body.data).digest() != digest.tobytes():
        return None
    positions = len(body) // RECORD
    codes, scores = body[: 4 * positions], body[4 * positions :]
    return _book(codes.view("<u4"), scores.view(np.int8), LAST_PLY)


def _write(path: Path, book: Book) -> None:
    """Keep the book, whole or not at all. Where that cannot be done, it is made anew next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            written = Path(file.name)
            try:
                np.save(file, _pack(book), allow_pickle=False)
            except OSError:
                written.unlink()
                raise
        written.replace(path)
    except OSError:
        return
