"""The search against sweeps, plain minimax and the literature, and against itself."""

import copy
import json
import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs import PerfectExpert
from mail_envs.board import ConnectFour, LineGame, State, batch, search_engine
from mail_envs.board.batch import States
from mail_envs.board.search import SearchSolver
from mail_envs.board.solver import table_solver
from mail_envs.errors import (
    GameTooLargeError,
    InvalidOptionError,
    PositionTooHard,
    PositionTooHardError,
    UnknownPositionError,
)
from tests.boards import LARGEST, slow_scores

LISTED = (
    LineGame(4, 4, 4, gravity=True),
    LineGame(3, 5, 4, gravity=True),
    LineGame(5, 3, 3, gravity=True),
    LineGame(4, 4, 3, gravity=True),
    LineGame(2, 5, 2, gravity=True),
    LineGame(1, 8, 3, gravity=True),
    LineGame(5, 1, 3, gravity=True),
    LineGame(2, 3, 1, gravity=True),
    LineGame(3, 3, 3, gravity=False),
    LineGame(3, 4, 3, gravity=False),
    LineGame(2, 4, 2, gravity=False),
)
"""Boards small enough for a sweep over all positions."""


FOUR = ConnectFour()


def one(states, row):
    return States(states.mover[[row]], states.other[[row]])


def each(states):
    """The positions of a batch, one by one."""
    return [State(*pair) for pair in zip(*(side.tolist() for side in states), strict=True)]


def random_state(game, ply, *, rng):
    """A position of `ply` marks that goes on, by random play that ends no game; None at a loss."""
    state = game.initial_state()
    for _ in range(ply):
        after = [game.step(state, action) for action in game.legal_actions(state)]
        quiet = [child for child in after if game.outcome(child) is None]
        if not quiet:
            return None
        state = quiet[rng.integers(len(quiet))]
    return state


def random_states(game, plies, number, *, rng):
    """`number` such positions of each of `plies` marks."""
    found = []
    for ply in plies:
        wanted = len(found) + number
        while len(found) < wanted:
            state = random_state(game, ply, rng=rng)
            found += [] if state is None else [state]
    return batch.stack(found)


# ---- exact


@pytest.mark.parametrize("game", LISTED, ids=str)
@pytest.mark.parametrize("prefer", ["distance", "outcome"])
def test_every_position_of_small_boards_is_priced_as_by_a_sweep(game, prefer):
    sweep, search = table_solver(game), SearchSolver(game, table_bits=16)
    states = sweep.states
    np.testing.assert_array_equal(
        search.scores(states, prefer=prefer), sweep.scores(states, prefer=prefer)
    )
    np.testing.assert_array_equal(
        search.values(states, prefer=prefer), sweep.values(states, prefer=prefer)
    )
    for ties in ("first", "uniform"):
        np.testing.assert_array_equal(
            search.best(states, prefer=prefer, ties=ties),
            sweep.best(states, prefer=prefer, ties=ties),
        )


@pytest.mark.parametrize(
    "game",
    [*(game for game in LARGEST if game.gravity), LineGame(5, 5, 4, gravity=False)],
    ids=str,
)
def test_the_last_plies_of_the_largest_boards(game):
    """Boards of 64 bits and lines in all directions: no shift wraps, no mark is lost."""
    late = range(game.cells - 7, game.cells - 3)
    states = random_states(game, late, 3, rng=np.random.default_rng(1))
    expected = [slow_scores(game, state)[state] for state in each(states)]
    np.testing.assert_array_equal(SearchSolver(game, table_bits=14).scores(states), expected)


def test_the_last_plies_of_connect_four():
    states = random_states(FOUR, range(32, 42), 4, rng=np.random.default_rng(2))
    expected = [slow_scores(FOUR, state)[state] for state in each(states)]
    np.testing.assert_array_equal(SearchSolver(FOUR).scores(states), expected)


@cache
def recorded():
    """Positions over all plies of Connect Four, and the scores of their actions."""
    path = Path(__file__).parents[2] / "golden" / "connect_four_scores.json"
    positions = json.loads(path.read_text(encoding="utf-8"))["positions"]
    states = batch.stack([FOUR.play([int(move) for move in moves]) for moves, _ in positions])
    rows = [[-np.inf if score is None else score for score in scores] for _, scores in positions]
    return states, np.array(rows, dtype=np.float64)


def test_connect_four_is_priced_as_recorded():
    states, scores = recorded()
    np.testing.assert_array_equal(SearchSolver(FOUR).scores(states), scores)


def test_the_first_move_is_the_centre_and_wins_on_ply_41():
    expert, state, moves = PerfectExpert(FOUR), FOUR.initial_state(), []
    np.testing.assert_array_equal(expert.scores(state), [-3, -1, 0, 2, 0, -1, -3])
    while FOUR.outcome(state) is None:
        moves.append(int(expert(FOUR.observation(state)[None])[0].argmax()))
        state = FOUR.step(state, moves[-1])
    assert (moves[0], len(moves), FOUR.outcome(state)) == (3, 41, 1)


# ---- what is asked does not matter


@pytest.mark.parametrize("prefer", ["distance", "outcome"])
def test_every_question_about_connect_four_agrees_with_the_scores(prefer):
    states, _ = recorded()
    scores = SearchSolver(FOUR).scores(states, prefer="distance")
    if prefer == "outcome":
        scores = np.where(np.isinf(scores), scores, np.sign(scores))
        np.testing.assert_array_equal(SearchSolver(FOUR).scores(states, prefer=prefer), scores)
    best = scores == scores.max(axis=1, keepdims=True)
    fresh = [SearchSolver(FOUR) for _ in range(3)]
    np.testing.assert_array_equal(fresh[0].values(states, prefer=prefer), scores.max(axis=1))
    np.testing.assert_array_equal(fresh[1].best(states, prefer=prefer), best)
    first = best & (np.cumsum(best, axis=1) == 1)
    np.testing.assert_array_equal(fresh[2].best(states, prefer=prefer, ties="first"), first)


def test_answers_do_not_depend_on_what_was_asked_before_nor_on_threads_nor_on_tables():
    states, _ = recorded()
    late = batch.plies(states) >= 16
    states = States(states.mover[late], states.other[late])
    together = SearchSolver(FOUR, threads=2).scores(states)
    small, rows = SearchSolver(FOUR, threads=1, table_bits=14), []
    for row in reversed(range(len(states.mover))):
        small.best(one(states, row), ties="first")
        rows.append(small.scores(one(states, row))[0])
    np.testing.assert_array_equal(rows[::-1], together)


@settings(max_examples=30)
@given(st.integers(18, 40), st.integers(0, 2**32))
def test_scores_are_minus_the_values_of_the_next_positions_and_mirror(ply, seed):
    rng, state = np.random.default_rng(seed), None
    while state is None:
        state = random_state(FOUR, ply, rng=rng)
    solver = SearchSolver(FOUR, table_bits=14)
    scores = solver.scores(batch.stack([state]))[0]
    image = SearchSolver(FOUR, table_bits=14)
    for action in range(FOUR.actions):
        if action not in FOUR.legal_actions(state):
            assert scores[action] == -np.inf
            continue
        child = batch.stack([FOUR.step(state, action)])
        assert scores[action] == -solver.values(child)[0]
    mirrored = batch.encode(FOUR, FOUR.observation(state)[None, :, ::-1])
    np.testing.assert_array_equal(image.scores(mirrored)[0], scores[::-1])


def test_equal_positions_and_mirror_images_of_a_batch_are_searched_once(monkeypatch):
    asked = []
    answer = search_engine.Engine.answer

    def counted(engine, states, **options):
        asked.append(len(states.mover))
        return answer(engine, states, **options)

    monkeypatch.setattr(search_engine.Engine, "answer", counted)
    state = random_state(FOUR, 24, rng=np.random.default_rng(3))
    seen = FOUR.observation(state)
    states = batch.encode(FOUR, np.stack([seen, seen[:, ::-1], seen]))
    scores = SearchSolver(FOUR).scores(states)
    np.testing.assert_array_equal(scores, [scores[0], scores[0, ::-1], scores[0]])
    assert asked == [1]


def test_finished_games_have_no_action_and_keep_their_score():
    won = batch.stack([FOUR.play([0, 1, 0, 1, 0, 1, 0])])
    solver = SearchSolver(FOUR)
    assert (solver.scores(won) == -np.inf).all()
    assert not solver.best(won).any()
    np.testing.assert_array_equal(solver.values(won), [7 - 43])


# ---- options


def test_a_node_limit_is_kept_and_a_larger_one_goes_on():
    states = random_states(FOUR, [14], 2, rng=np.random.default_rng(4))
    exact = SearchSolver(FOUR).scores(states)
    limited = SearchSolver(FOUR, node_limit=50)
    with pytest.raises(PositionTooHard, match=r"row 0, ply 14: expected an answer within 50 pos"):
        limited.scores(states)
    limited.node_limit = 10**8
    np.testing.assert_array_equal(limited.scores(states), exact)
    assert PositionTooHard is PositionTooHardError


def test_a_long_search_hears_interrupts_and_answers_the_same(monkeypatch):
    states = random_states(FOUR, [16], 4, rng=np.random.default_rng(5))
    exact = SearchSolver(FOUR).scores(states)
    monkeypatch.setattr(search_engine, "PATIENCE", 16)
    np.testing.assert_array_equal(SearchSolver(FOUR, threads=1).scores(states), exact)


def test_an_emptied_solver_begins_anew():
    states = random_states(FOUR, [14], 1, rng=np.random.default_rng(4))
    solver = SearchSolver(FOUR)
    exact = solver.scores(states)
    solver.node_limit = 20
    np.testing.assert_array_equal(solver.scores(states), exact)  # it remembers
    solver.forget()
    with pytest.raises(PositionTooHardError):
        solver.scores(states)


def test_copies_have_the_options_but_not_the_tables():
    solver = SearchSolver(FOUR, node_limit=20, threads=1, table_bits=15)
    for twin in (copy.deepcopy(solver), pickle.loads(pickle.dumps(solver))):  # noqa: S301 - ours
        options = (twin.game, twin.node_limit, twin.threads, twin.table_bits)
        assert options == (FOUR, 20, 1, 15)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"node_limit": 0}, "node_limit: expected a whole number from 1, came 0"),
        ({"node_limit": 2.5}, "node_limit: expected a whole number from 1, came 2.5"),
        ({"threads": -1}, "threads: expected a whole number from 1, came -1"),
        ({"table_bits": 13}, "table_bits: expected a whole number from 14 to 34, came 13"),
        ({"table_bits": 35}, "table_bits: expected a whole number from 14 to 34, came 35"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InvalidOptionError, match=message):
        SearchSolver(FOUR, **options)


def test_boards_whose_positions_do_not_fit_into_a_word():
    with pytest.raises(GameTooLargeError, match="without gravity of at most 31 bits"):
        SearchSolver(LineGame(6, 7, 4, gravity=False))


@pytest.mark.parametrize(
    ("mover", "other"),
    [
        (1 << 6, 0b11),  # in the spare bit above a column
        (0b1, 0b1),  # both in one cell
        (0b100, 0b1),  # floating
        (0b1, 0),  # the mover ahead
        (0, 0b11),  # the other two ahead
        (0b1111, 0b1111 << 7),  # the mover has a line
    ],
)
def test_positions_that_no_play_reaches(mover, other):
    word = np.uint64
    states = States(np.array([0, mover], word), np.array([0, other], word))
    with pytest.raises(UnknownPositionError, match=rf"{mover:#x} for the mover .* in row 1"):
        SearchSolver(FOUR).scores(states)
