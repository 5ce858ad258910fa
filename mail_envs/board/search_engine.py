"""The compiled search's working memory, its threads and its patience.

Nothing that `import mail_envs` loads imports this module: it brings numba.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mail_envs.board.batch import States, plies
from mail_envs.board.book_kernels import Book
from mail_envs.board.games import ConnectFour
from mail_envs.board.opening_book import EMPTY_BOOK, LAST_PLY, opening_book
from mail_envs.board.rules import LineGame
from mail_envs.board.search_bits import board_of
from mail_envs.board.search_memory import HEAD, Memory
from mail_envs.board.search_questions import GOALS, Actions, Batch, Question, answer_all

__all__ = ["Engine"]

NEAR_BITS = 15
"""The near table has 2¹⁵ words: 256 kB, for a processor's second cache."""

NEAR_CELLS = 20
"""Positions with at most so many empty cells go to the near table."""

PATIENCE = 2**24
"""Positions searched before Python is heard for the first time: about a second's worth."""

PIECES = 8
"""Into how many pieces per thread a batch is cut: positions take very different times."""

UNLIMITED = 2**62


class Workspace(NamedTuple):
    """What one thread works with."""

    near: NDArray[np.uint64]
    stack: NDArray[np.uint64]
    memory: Memory


class Engine:
    """The search on one board, with the tables that it fills.

    Args:
        game: the board.
        table_bits: the far table has 2 to this power words of 8 bytes, shared by all threads.
        threads: how many positions may be searched at a time.
    """

    def __init__(self, game: LineGame, *, table_bits: int, threads: int) -> None:
        self._game = game
        self._has_book = game == ConnectFour()
        self._board = board_of(game)
        self._actions, self._order = _actions(game)
        self._far = np.zeros(2**table_bits, dtype=np.uint64)
        self._table_bits = table_bits
        self._threads = threads
        self._idle = [self._workspace()]

    def answer(
        self, states: States, *, goal: str, outcome: bool, limit: int | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Answer a question about each of B positions.

        Args:
            states: `(B,)` each; positions that legal play could reach.
            goal: one of `GOALS`.
            outcome: whether outcomes will do.
            limit: positions that may be searched for one answer.

        Returns:
            Answers `(B, A)`, as `Batch` and `answer_all` describe them; and the positions searched,
            `(B,)`, −1 where the limit was met.
        """
        rows = len(states.mover)
        batch = Batch(
            np.ascontiguousarray(states.mover),
            np.ascontiguousarray(states.other),
            np.zeros((rows, self._game.actions), dtype=np.int64),
            np.zeros(rows, dtype=np.int64),
        )
        book = self._book(states)
        question = Question(GOALS[goal], outcome, UNLIMITED if limit is None else limit)
        threads = min(self._threads, rows)
        if threads < 2:
            self._answer(book, question, batch)
        else:
            size = -(-rows // (PIECES * threads))
            pieces = [_part(batch, slice(first, first + size)) for first in range(0, rows, size)]
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(partial(self._answer, book, question), pieces))
        return batch.answers, batch.searched

    def forget(self) -> None:
        """Empty the tables."""
        self._far[:] = 0
        for space in self._idle:
            space.near[:] = 0

    def _answer(self, book: Book, question: Question, batch: Batch) -> None:
        """Answer a piece of a batch, hearing of interrupts now and then."""
        limit = min(PATIENCE, question.limit)
        spent = 0
        while True:
            rows = np.flatnonzero(batch.searched < 0) if spent else slice(None)
            part = _part(batch, rows)
            with self._space() as memory:
                given = question._replace(limit=limit)
                answer_all(self._board, memory, book, self._actions, given, part)
            batch.answers[rows] = part.answers
            batch.searched[rows] = np.where(part.searched < 0, -1, part.searched + spent)
            spent += limit
            limit = min(2 * limit, question.limit - spent)
            if limit <= 0 or not (part.searched < 0).any():
                return

    def _book(self, states: States) -> Book:
        early = self._has_book and (plies(states) <= LAST_PLY).any()
        return opening_book() if early else EMPTY_BOOK

    @contextmanager
    def _space(self) -> Generator[Memory]:
        """Lend a workspace that no other thread has."""
        try:
            space = self._idle.pop()
        except IndexError:
            space = self._workspace()
        try:
            yield space.memory
        finally:
            self._idle.append(space)

    def _workspace(self) -> Workspace:
        near = np.zeros(2**NEAR_BITS, dtype=np.uint64)
        actions = self._game.actions
        stack = np.zeros((self._game.cells + 1) * (HEAD + 3 * actions), dtype=np.uint64)
        memory = Memory(
            order=self._order.ctypes.data,
            stack=stack.ctypes.data,
            near=near.ctypes.data,
            far=self._far.ctypes.data,
            near_shift=np.uint64(64 - NEAR_BITS),
            far_shift=np.uint64(64 - self._table_bits),
            near_ply=self._game.cells - NEAR_CELLS,
            actions=actions,
        )
        return Workspace(near, stack, memory)


def _part(batch: Batch, rows: slice | NDArray[np.int64]) -> Batch:
    """Rows of a batch: a slice shares its memory, an index copies."""
    return Batch(batch.movers[rows], batch.others[rows], batch.answers[rows], batch.searched[rows])


def _actions(game: LineGame) -> tuple[Actions, NDArray[np.uint64]]:
    """The game's actions, and the cells of each from the centre out."""
    column = (1 << game.rows) - 1
    masks = (
        [column << (action * game.stride) for action in range(game.columns)]
        if game.gravity
        else [1 << bit for bit in game.cell_bits]
    )
    row, at = np.divmod(np.arange(game.actions), game.columns)
    across = np.abs(2 * at - (game.columns - 1))
    down = np.abs(2 * row - (game.rows - 1)) if not game.gravity else 0
    outwards = np.argsort(np.maximum(across, down), kind="stable")
    centrality = np.empty(game.actions, dtype=np.int64)
    centrality[outwards] = np.arange(game.actions)[::-1]
    cells = np.array(masks, dtype=np.uint64)
    return Actions(cells, centrality), cells[outwards].copy()
