"""Codes and scores of an opening book, compiled; see `mail_envs.board.opening_book`.

The code of a position is a bit 1, then for each column, left to right, `10` for each mark of the
mover and `11` for each of the other, from the bottom up, and `0`. No two positions share a code,
codes grow with the number of marks, and those of up to 12 marks on seven columns fit into 32 bits.
A position and its mirror image share the smaller of their codes, which a book goes by.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mail_envs.board.search_bits import (
    ONE,
    TWO,
    ZERO,
    Board,
    compiled,
    count,
    entry,
    lowest,
    threats,
    won_at,
)
from mail_envs.board.search_bounds import UNKNOWN

__all__ = ["MISSING", "WON_AT_ONCE", "Book", "back_up", "book_score", "common_codes", "successors"]

THREE = np.uint64(3)

WON_AT_ONCE, MISSING = 127, 126
"""What `back_up` gives for positions that a book leaves out, and where it lacks a successor."""


class Book(NamedTuple):
    """The mover's scores of all positions up to some ply, unless the mover can win at once."""

    codes: NDArray[np.uint32]  # (N,), increasing
    scores: NDArray[np.int8]  # (N,)
    last_ply: int  # −1 for an empty book


# ---- codes


@compiled
def _code(board: Board, mover: np.uint64, other: np.uint64, mirrored: bool) -> np.uint64:
    columns = board.cells // board.rows
    code = ONE
    for index in range(columns):
        column = columns - 1 - index if mirrored else index
        cell = ONE << np.uint64(column * (board.rows + 1))
        while (mover | other) & cell:
            code = (code << TWO) | (TWO if mover & cell else THREE)
            cell = cell << ONE
        code = code << ONE
    return code


@compiled
def _common_code(board: Board, mover: np.uint64, other: np.uint64) -> np.uint64:
    """The code that a position shares with its mirror image."""
    return min(_code(board, mover, other, False), _code(board, mover, other, True))


@compiled
def _decode(board: Board, code: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The marks of the mover and of the other."""
    mover, other, column = ZERO, ZERO, ZERO
    place = np.uint64(63)
    while (code >> place) == ZERO:
        place -= ONE
    cell = ONE
    while place > ZERO:
        place -= ONE
        if (code >> place) & ONE == ZERO:
            column += np.uint64(board.rows + 1)
            cell = ONE << column
            continue
        place -= ONE
        if (code >> place) & ONE == ZERO:
            mover |= cell
        else:
            other |= cell
        cell = cell << ONE
    return mover, other


# ---- scores


@compiled
def book_score(board: Board, book: Book, mover: np.uint64, other: np.uint64) -> int:
    """The mover's score of a position that goes on, or `UNKNOWN`."""
    occupied = mover | other
    ply = count(occupied)
    if ply > book.last_ply:
        return UNKNOWN
    if threats(board, mover) & (occupied + board.feet) & board.full:
        return won_at(board, ply + 1)
    code = np.uint32(_common_code(board, mover, other))
    row = np.searchsorted(book.codes, code)
    if row == len(book.codes) or book.codes[row] != code:
        return UNKNOWN
    return book.scores[row]


# ---- batches


@entry
def common_codes(board: Board, codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The codes that positions share with their mirror images; `(N,)` to `(N,)`."""
    common = np.empty_like(codes)
    for row in range(len(codes)):
        mover, other = _decode(board, np.uint64(codes[row]))
        common[row] = _common_code(board, mover, other)
    return common


@entry
def successors(board: Board, codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The common codes of the positions after each action that does not end the game, else 0.

    `(N,)` to `(N, columns)`.
    """
    columns = board.cells // board.rows
    reached = np.zeros((len(codes), columns), dtype=np.uint32)
    for row in range(len(codes)):
        mover, other = _decode(board, np.uint64(codes[row]))
        playable = ((mover | other) + board.feet) & board.full & ~threats(board, mover)
        action = 0
        while playable:
            move = lowest(playable)
            playable ^= move
            reached[row, action] = _common_code(board, other, mover | move)
            action += 1
    return reached


@entry
def back_up(board: Board, book: Book, codes: NDArray[np.uint32]) -> NDArray[np.int8]:
    """The scores of positions whose successors are all in a book; `(N,)` to `(N,)`.

    `WON_AT_ONCE` where the mover can win at once, `MISSING` where the book lacks a successor.
    """
    scores = np.full(len(codes), WON_AT_ONCE, dtype=np.int8)
    for row in range(len(codes)):
        mover, other = _decode(board, np.uint64(codes[row]))
        playable = ((mover | other) + board.feet) & board.full
        if threats(board, mover) & playable:
            continue
        best = -UNKNOWN
        while playable:
            move = lowest(playable)
            playable ^= move
            score = -book_score(board, book, other, mover | move)
            best = MISSING if score == -UNKNOWN else max(best, score)
            if best == MISSING:
                break
        scores[row] = best
    return scores
