"""Compiled rules against the scalar ones, board by board and mark by mark."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.board import LineGame, State, TicTacToe, batch, kernels
from mail_envs.board.lockstep import Boards, random_actions
from mail_envs.errors import ShapeError
from tests.boards import LARGEST, line_games

GAMES = st.one_of(line_games(), st.sampled_from(LARGEST))
RESULTS = {None: kernels.GOES_ON, 0: kernels.DRAWN, 1: kernels.WON, -1: kernels.WON}


def states_of(boards, first=0):
    return [State(int(m), int(o)) for m, o in zip(*boards.states(first), strict=True)]


def check_seen(boards, states, plies):
    """Observations and masks of both sides, side 0 having begun."""
    game, rows = boards.game, np.arange(len(boards))
    views = batch.observations(game, batch.stack(states))
    turned = views[..., ::-1]
    ours = np.where(plies[:, None, None, None] % 2 == 0, views, turned)
    np.testing.assert_array_equal(boards.seen_by_us(), ours)
    np.testing.assert_array_equal(boards.seen_by_us(rows[::-1]), ours[::-1])
    np.testing.assert_array_equal(boards.seen_by_them(rows), ours[..., ::-1])
    over = np.array([game.outcome(state) is not None for state in states])
    masks = np.array([game.action_mask(state) for state in states])
    np.testing.assert_array_equal(boards.legal, np.where(over[:, None], 1, masks))
    return over


@given(game=GAMES, count=st.integers(1, 5), seed=st.integers(0, 2**32))
def test_boards_play_as_the_scalar_rules_have_it(game, count, seed):
    """Each board waits at random, plays at random, and is emptied once it is over, or sooner."""
    rng, boards = np.random.default_rng(seed), Boards(game, count)
    states, plies = [game.initial_state()] * count, np.zeros(count, dtype=int)
    for _ in range(2 * game.cells):
        over = check_seen(boards, states, plies)
        emptied = (over & (rng.random(count) < 0.5)) | (rng.random(count) < 0.02)
        boards.clear(emptied)
        states = [game.initial_state() if e else s for e, s in zip(emptied, states, strict=True)]
        plies[emptied] = 0
        actions = random_actions(boards.legal, rng=rng)
        for side in (0, 1):
            going = np.array([game.outcome(state) is None for state in states])
            turn = going & (plies % 2 == side) & (rng.random(count) < 0.8)
            results = boards.place(side, turn, actions)
            moved = [
                game.step(s, a) if t else s for s, a, t in zip(states, actions, turn, strict=True)
            ]
            expected = [RESULTS[game.outcome(s)] for s in moved] * turn
            np.testing.assert_array_equal(results, expected)
            states, plies = moved, plies + turn
            if side == 0:
                actions = random_actions(boards.legal, rng=rng)
        assert states_of(boards) == states


def test_who_moves_first_decides_whose_marks_are_the_movers():
    boards = Boards(TicTacToe(), 2)
    boards.place(1, np.array([True, False]), np.array([4, 0]))
    bit = 1 << TicTacToe().cell_bits[4]
    assert states_of(boards, first=1) == [State(0, bit), State(0, 0)]
    boards.place(0, np.array([True, False]), np.array([0, 0]))
    assert states_of(boards, first=1)[0] == TicTacToe().play([4, 0])


def test_closed_boards_count_every_action_as_legal():
    boards = Boards(TicTacToe(), 2)
    boards.place(0, np.array([True, True]), np.array([4, 5]))
    boards.close(np.array([False, True]))
    assert boards.legal.tolist() == [[1, 1, 1, 1, 0, 1, 1, 1, 1], [1] * 9]


@given(st.integers(1, 9), st.integers(0, 2**32))
def test_choosing_is_inversion_of_the_uniform_distribution(count, seed):
    rng = np.random.default_rng(seed)
    masks = (rng.random((count, 7)) < 0.5).astype(np.int8)
    masks[np.arange(count), rng.integers(7, size=count)] = 1
    draws = np.random.default_rng(seed).random(count)
    expected = [np.flatnonzero(m)[int(d * m.sum())] for m, d in zip(masks, draws, strict=True)]
    chosen = random_actions(masks, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(chosen, expected)
    assert chosen.dtype == np.int64


@pytest.mark.parametrize("draw", [0.0, np.nextafter(1, 0)])
def test_extreme_draws_choose_the_first_and_the_last(draw):
    for legal in (1, 3, 5, 7, 64):
        masks, actions = np.zeros((1, 64), np.int8), np.empty(1, np.int64)
        masks[0, :legal] = 1
        kernels.choose(masks, np.array([draw]), actions)
        assert actions[0] == (0 if draw == 0 else legal - 1)


def test_rows_without_a_legal_action_and_other_shapes_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ShapeError, match="legal action in every row, came none in row 1"):
        random_actions(np.array([[1, 0], [0, 0]], np.int8), rng=rng)
    with pytest.raises(ShapeError, match=r"expected masks \(B, A\), came shape \(2,\)"):
        random_actions(np.ones(2, np.int8), rng=rng)
    assert random_actions(np.ones((0, 3), np.int8), rng=rng).shape == (0,)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_kernels_are_compiled_once_for_boards_of_all_sizes():
    """Another board compiles nothing anew: only another number of rounds in `has_line` does."""
    before = len(kernels.place.signatures)
    for game in (TicTacToe(), *LARGEST, LineGame(2, 2, 1, gravity=True)):
        boards = Boards(game, 3)
        turn = np.array([True, False, True])
        boards.place(0, turn, boards.choose(np.zeros(3)))
        boards.clear(turn)
    assert len(kernels.choose.signatures) == len(kernels.clear.signatures) == 1
    assert len(kernels.place.signatures) <= max(before, 6)  # lines of up to 63
    assert len({signature[0] for signature in kernels.place.signatures}) == len(
        kernels.place.signatures
    )


def test_what_cannot_be_kept_on_disk_is_compiled_all_the_same():
    space = {}
    exec("def twice(x): return 2 * x", space)  # noqa: S102 - a function of no file
    assert kernels.compiled(space["twice"])(4) == 8
