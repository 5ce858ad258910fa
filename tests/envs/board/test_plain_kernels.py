"""The compiled search and book on few positions, so that they also run where nothing is compiled.

With `NUMBA_DISABLE_JIT=1` the same lines are Python's, for whoever counts or debugs them; words at
addresses, which numba alone can reach, are then read and written by `ctypes`.
"""

import ctypes

import numba
import numpy as np
import pytest

from mail_envs.board import (
    ConnectFour,
    LineGame,
    batch,
    search_engine,
    search_kernels,
    search_memory,
)
from mail_envs.board.batch import States
from mail_envs.board.book_kernels import (
    MISSING,
    WON_AT_ONCE,
    back_up,
    common_codes,
    successors,
)
from mail_envs.board.opening_book import _book
from mail_envs.board.search import SearchSolver
from mail_envs.board.search_bits import board_of
from mail_envs.board.solver import table_solver
from mail_envs.errors import PositionTooHardError
from tests.boards import slow_scores

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")

FOUR = ConnectFour()


def word_at(address, index):
    return ctypes.c_uint64.from_address(int(address) + 8 * int(index))


def load(address, index):
    return np.uint64(word_at(address, index).value)


def store(address, index, word):
    word_at(address, index).value = int(word)


@pytest.fixture(autouse=True)
def words(monkeypatch):
    """Words at addresses, where nothing is compiled."""
    if numba.config.DISABLE_JIT:
        monkeypatch.setattr(search_memory, "load", load)
        monkeypatch.setattr(search_memory, "store", store)
        monkeypatch.setattr(search_kernels, "load", load)


def some(states, number, *, rng):
    rows = rng.permutation(len(states.mover))[:number]
    return States(states.mover[rows], states.other[rows])


@pytest.mark.parametrize("prefer", ["distance", "outcome"])
@pytest.mark.parametrize(
    "game",
    [
        LineGame(3, 4, 3, gravity=True),
        LineGame(4, 4, 4, gravity=True),
        LineGame(2, 5, 2, gravity=True),
        LineGame(3, 3, 3, gravity=False),
        LineGame(1, 8, 3, gravity=True),
        LineGame(2, 3, 1, gravity=True),
    ],
    ids=str,
)
def test_some_positions_of_small_boards_are_priced_as_by_a_sweep(game, prefer):
    sweep, search = table_solver(game), SearchSolver(game, table_bits=14)
    late = States(*(side[len(side) // 2 :] for side in sweep.states))
    states = some(late, 8, rng=np.random.default_rng(3))
    rows = {"prefer": prefer}
    np.testing.assert_array_equal(search.scores(states, **rows), sweep.scores(states, **rows))
    np.testing.assert_array_equal(search.values(states, **rows), sweep.values(states, **rows))
    for ties in ("first", "uniform"):
        np.testing.assert_array_equal(
            search.best(states, ties=ties, **rows), sweep.best(states, ties=ties, **rows)
        )


def code_of(moves):
    """A position's own code, written column by column as the module's first lines have it."""
    columns = [""] * FOUR.columns
    for ply, column in enumerate(moves):
        columns[column] += "10" if (len(moves) - ply) % 2 == 0 else "11"
    return int("1" + "".join(f"{column}0" for column in columns), 2)


def both(moves):
    """The smaller of the codes of a position and its mirror image."""
    return min(code_of(moves), code_of([FOUR.columns - 1 - column for column in moves]))


def codes(*games):
    return np.array([code_of(moves) for moves in games], dtype=np.uint32)


def test_a_position_and_its_mirror_image_share_a_code():
    found = common_codes(board_of(FOUR), codes([0, 1, 1], [6, 5, 5], [3]))
    assert found.tolist() == [both([0, 1, 1])] * 2 + [both([3])]


def test_the_positions_after_each_action():
    reached = successors(board_of(FOUR), codes([], [3, 3]))
    assert reached[0].tolist() == [both([column]) for column in range(7)]
    assert reached[1].tolist() == [both([3, 3, column]) for column in range(7)]
    won = successors(board_of(FOUR), codes([0, 1] * 3))[0]  # column 0 would win
    assert won.tolist() == [both([0, 1] * 3 + [column]) for column in range(1, 7)] + [0]


def test_scores_are_backed_up_from_a_book():
    after = sorted({both([column]) for column in range(7)})
    scores = {both([column]): score for column, score in enumerate((2, 1, 0, -1))}
    book = _book(np.array(after), np.array([scores[c] for c in after]), 1)
    known = back_up(board_of(FOUR), book, codes([], [0, 1] * 3))
    assert known.tolist() == [1, WON_AT_ONCE]
    short = _book(book.codes[1:], book.scores[1:], 1)
    assert back_up(board_of(FOUR), short, codes([])).tolist() == [MISSING]


def random_positions(ply, number, *, rng):
    """Positions of Connect Four that go on, by random play."""
    found = []
    while len(found) < number:
        state = FOUR.initial_state()
        for _ in range(ply):
            if FOUR.outcome(state) is None:
                state = FOUR.step(state, rng.choice(list(FOUR.legal_actions(state))))
        found += [state] if FOUR.outcome(state) is None else []
    return found


@pytest.mark.parametrize("ply", [33, 34])
def test_the_last_plies_of_connect_four(ply):
    """Where following proves scores: six rows, lines of four, odd and even columns."""
    states = random_positions(ply, 10, rng=np.random.default_rng(ply))
    expected = np.array([slow_scores(FOUR, state)[state] for state in states])
    search = SearchSolver(FOUR, threads=1, table_bits=14)
    np.testing.assert_array_equal(search.scores(batch.stack(states)), expected)
    values = search.values(batch.stack(states))
    np.testing.assert_array_equal(values, expected.max(axis=1))
    search.forget()
    first = search.best(batch.stack(states), ties="first")
    np.testing.assert_array_equal(first.argmax(axis=1), expected.argmax(axis=1))


def test_what_a_book_tells_is_not_searched(monkeypatch):
    told = dict(zip([both([column]) for column in range(4)], (3, -2, 1, -5), strict=True))
    after = sorted(told)
    book = _book(np.array(after), np.array([told[c] for c in after]), 1)
    monkeypatch.setattr(search_engine, "opening_book", lambda: book)
    search = SearchSolver(FOUR, node_limit=1, threads=1, table_bits=14)
    start, end = FOUR.initial_state(), FOUR.play([0, 1] * 3 + [0])
    expected = [-3, 2, -1, 5, -1, 2, -3]
    ended = search.scores(batch.stack([start, end]))
    assert ended[0].tolist() == expected
    assert search.values(batch.stack([FOUR.play([1])])).tolist() == [-2]
    assert search.best(batch.stack([start]), ties="first").argmax() == 3


def test_a_node_limit_ends_the_search():
    states = batch.stack(random_positions(20, 6, rng=np.random.default_rng(0)))
    with pytest.raises(PositionTooHardError):
        SearchSolver(FOUR, node_limit=2, threads=1, table_bits=14).scores(states)
