"""The opening book: against sweeps, against the search, and its data and cache when damaged."""

import numpy as np
import pytest

from mail_envs import PerfectExpert
from mail_envs.board import ConnectFour, LineGame, batch, opening_book
from mail_envs.board.batch import States
from mail_envs.board.book_kernels import book_score
from mail_envs.board.opening_book import EMPTY_BOOK
from mail_envs.board.search import SearchSolver
from mail_envs.board.search_bits import board_of, entry
from mail_envs.board.search_bounds import UNKNOWN
from mail_envs.board.solver import table_solver
from mail_envs.errors import ForeignResultsError, PositionTooHardError

FOUR = ConnectFour()
SMALL = LineGame(4, 4, 4, gravity=True)
LAST = 5
"""Where the small board's book ends."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_data(folder, monkeypatch):
    """As if the data were not installed, and never had been."""
    monkeypatch.setattr(opening_book, "find_spec", lambda name: None)
    opening_book.opening_book.cache_clear()
    yield folder
    opening_book.opening_book.cache_clear()


def code(game, state, *, mirrored):
    """The code of a position, as the module's documentation tells it."""
    bits = "1"
    columns = range(game.columns)
    for column in reversed(columns) if mirrored else columns:
        for row in range(game.rows):
            cell = 1 << column * game.stride + row
            bits += "10" if state[0] & cell else "11" if state[1] & cell else ""
        bits += "0"
    return int(bits, 2)


def small_positions(ply):
    """The positions of so many marks on the small board that go on: pairs of marks, and scores."""
    sweep = table_solver(SMALL)
    going = (batch.plies(sweep.states) == ply) & (sweep.table.max(axis=1) > -np.inf)
    states = States(sweep.states.mover[going], sweep.states.other[going])
    return list(zip(*(side.tolist() for side in states), strict=True)), sweep.values(states)


def published(path, *, spoil=None):
    """Data as the package has them, for the small board: a file of records; `spoil` edits them."""
    records = {}
    for state, score in zip(*small_positions(LAST), strict=True):
        left = SMALL.cells + 1 - LAST - abs(int(score))  # plies to the end
        if score > 0 and left == 1:
            continue  # won at once: left out
        common = min(code(SMALL, state, mirrored=mirrored) for mirrored in (False, True))
        short = (common << 1) - (1 << SMALL.columns + 2 * LAST + 1)
        records[short] = int(np.sign(score)) * (100 - left) if score else 0
    rows = sorted(records.items())
    rows = spoil(rows) if spoil else rows
    array = np.array(rows, dtype=[("code", ">u4"), ("score", "i1")])
    path.write_bytes(array.tobytes())
    return path


@entry
def look_up(board, book, movers, others):
    scores = np.empty(len(movers), dtype=np.int64)
    for row in range(len(movers)):
        scores[row] = book_score(board, book, movers[row], others[row])
    return scores


def test_a_book_of_a_small_board_is_its_sweep(tmp_path):
    board = board_of(SMALL)
    book = opening_book._all_plies(board, published(tmp_path / "data"), LAST)
    assert (np.diff(book.codes.astype(np.int64)) > 0).all()
    for ply in range(LAST + 1):
        pairs, scores = small_positions(ply)
        states = np.array(pairs, dtype=np.uint64).reshape(-1, 2).T.copy()
        np.testing.assert_array_equal(look_up(board, book, *states), scores)
    beyond = np.array(small_positions(LAST + 1)[0], dtype=np.uint64).T.copy()
    assert (look_up(board, book, *beyond) == UNKNOWN).all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: [], "came 0 bytes"),
        (lambda rows: [(1 << 20, 0), *rows], "records of 5 bytes"),
        (lambda rows: [(rows[0][0], 50), *rows[1:]], r"plies from 2 to 11, came \d+ bytes"),
        (lambda rows: [(rows[0][0], 97), *rows[1:-1], (rows[-1][0], 98)], "records of 5 bytes"),
        (lambda rows: rows[1:], r"without some that follow from [12] of 4 marks"),
    ],
)
def test_data_of_another_kind_or_with_holes_are_refused(tmp_path, spoil, message):
    path = published(tmp_path / "data", spoil=spoil)
    with pytest.raises(ForeignResultsError, match=message):
        opening_book._all_plies(board_of(SMALL), path, LAST)


def test_data_cut_short_are_refused(tmp_path):
    path = published(tmp_path / "data")
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ForeignResultsError, match="records of 5 bytes"):
        opening_book._all_plies(board_of(SMALL), path, LAST)


# ---- Connect Four's own


def test_the_book_agrees_with_the_search():
    """Where the book ends, a search that has none gives the same."""
    lines = ([3, 3, 2, 1, 4, 4, 0, 5, 6, 2, 2, 1], [3, 3, 3, 3, 3, 2, 3, 2, 2, 4, 2, 4])
    states = batch.stack([FOUR.play(moves) for moves in lines])
    bare = SearchSolver(FOUR)
    bare._engine._has_book = False
    np.testing.assert_array_equal(SearchSolver(FOUR).values(states), bare.values(states))


# ---- the cache


def small_book(tmp_path):
    return opening_book._all_plies(board_of(SMALL), published(tmp_path / "data"), LAST)


def test_the_book_is_kept_and_read_back(folder):
    book, path = small_book(folder), opening_book.cache_folder() / "book.npy"
    assert path.parent == folder / "mail-envs"
    assert opening_book._read(path) is None
    opening_book._write(path, book)
    again = opening_book._read(path)
    np.testing.assert_array_equal(again.codes, book.codes)
    np.testing.assert_array_equal(again.scores, book.scores)
    assert [array.flags.writeable for array in again[:2]] == [False, False]
    assert [entry.name for entry in path.parent.iterdir()] == ["book.npy"]  # nothing half-written


@pytest.mark.parametrize("place", [3, 140, 1000, -1])
def test_a_damaged_cache_is_not_read(folder, place):
    path = folder / "book.npy"
    opening_book._write(path, small_book(folder))
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert opening_book._read(path) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\x93NUMPY", np.zeros(40, np.uint8).tobytes()],
)
def test_another_file_is_not_read(folder, content):
    (folder / "book.npy").write_bytes(content)
    assert opening_book._read(folder / "book.npy") is None


@pytest.mark.parametrize("array", [np.zeros(37), np.zeros((37, 1), np.uint8), np.zeros(36, "u1")])
def test_another_array_is_not_read(folder, array):
    np.save(folder / "book.npy", array)
    assert opening_book._read(folder / "book.npy") is None


def test_a_cache_that_cannot_be_written_is_done_without(folder):
    (folder / "mail-envs").write_text("a file where the folder should be")
    opening_book._write(opening_book.cache_folder() / "book.npy", EMPTY_BOOK)
    assert opening_book._read(opening_book.cache_folder() / "book.npy") is None


# ---- without the data


def test_without_the_data_the_expert_warns_once_and_still_answers(no_data):
    states = batch.stack([FOUR.play([3, 3, 3, 3, 3, 2, 3, 2, 2, 4, 2, 4])])
    with pytest.warns(UserWarning, match="pip install bitbully-databases") as caught:
        first, second = (SearchSolver(FOUR).scores(states) for _ in range(2))
    assert len(caught) == 1
    np.testing.assert_array_equal(first, second)


def test_without_the_data_a_node_limit_refuses_openings(no_data):
    expert = PerfectExpert(FOUR, node_limit=1000)
    with (
        pytest.warns(UserWarning, match="may take minutes"),
        pytest.raises(PositionTooHardError, match="row 0, ply 0: expected an answer within 1000"),
    ):
        expert.scores(FOUR.initial_state())
