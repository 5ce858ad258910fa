"""Shapes by their distances, digits, and what boards and Markov games look like in them."""

import subprocess
import sys

import numpy as np
import pettingzoo
import pytest
from hypothesis import given

from mail_envs.board import ConnectFour, LineGame, TicTacToe
from mail_envs.board.rendering import CELL, board_text, picture, winning_cells
from mail_envs.drawing import (
    blank,
    circle,
    digits,
    digits_width,
    finished,
    paint,
    patched,
    pixels,
    rectangle,
    ring,
    stroke,
)
from mail_envs.markov import library
from mail_envs.markov.environments import MarkovGameEnv
from mail_envs.registration import PARALLEL_ENTRIES
from tests.boards import SlowBoard, played

GRID = pixels(40, 60)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def area(distance):
    """The share of pixels that are covered, edges counted in part."""
    return np.clip(0.5 - distance, 0, 1).sum()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (circle(GRID, (30, 20), 10), np.pi * 100),
        (ring(GRID, (30, 20), 10, 4), np.pi * (144 - 64)),
        (rectangle(GRID, (10, 5), (50, 35)), 40 * 30),
        (rectangle(GRID, (10, 5), (50, 35), rounding=6), 40 * 30 - (4 - np.pi) * 36),
        (stroke(GRID, (10, 10), (40, 30), 6), 6 * np.hypot(30, 20) + np.pi * 9),
        (stroke(GRID, (20, 20), (20, 20), 8), np.pi * 16),
    ],
)
def test_shapes_cover_their_areas(shape, expected):
    assert area(shape) == pytest.approx(expected, rel=0.01)


def test_paint_covers_inside_alone_and_leaves_the_old_picture():
    old = blank(40, 60, WHITE)
    new = paint(old, BLACK, circle(GRID, (30, 20), 10))
    assert (old == 255).all()
    assert (new[20, 30] == 0).all()
    assert (new[0, 0] == 255).all()
    half = paint(old, BLACK, circle(GRID, (30, 20), 10), opacity=0.5)
    assert finished(half)[20, 30].tolist() == [128, 128, 128]
    part = patched(old, 10, 20, (5, 6), lambda cell: cell * 0)
    assert (part == 0).sum() == 5 * 6 * 3
    assert (part[10:15, 20:26] == 0).all()


def test_digits_differ_and_stay_in_their_width():
    seen = {}
    for character in "0123456789+-":
        shape = digits(GRID, character, (30, 20), 28)
        rows, columns = np.nonzero(shape < 0)
        assert columns.max() - columns.min() <= digits_width(character, 28) + 28 / 7
        assert rows.max() - rows.min() <= 28 * 8 / 7
        seen[character] = (shape < 0).tobytes()
    assert len(set(seen.values())) == 12
    assert area(digits(GRID, "8", (30, 20), 28)) > area(digits(GRID, "7", (30, 20), 28))
    with pytest.raises(KeyError):
        digits(GRID, "x", (30, 20), 28)


# ---- boards


def slow_line_cells(board):
    """The cells of every full line, cell by cell."""
    game, cells = board.game, set()
    for row in range(game.rows):
        for column in range(game.columns):
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                line = [(row + i * down, column + i * right) for i in range(game.in_a_row)]
                owners = {board.at(*cell) for cell in line}
                if owners in ({0}, {1}):
                    cells |= {r * game.columns + c for r, c in line}
    return cells


@given(played())
def test_winning_cells_are_those_of_the_slow_board(game_and_moves):
    game, moves = game_and_moves
    assert winning_cells(game, game.play(moves)) == slow_line_cells(SlowBoard(game, moves))


@given(played())
def test_text_has_every_mark_and_brackets_the_last(game_and_moves):
    game, moves = game_and_moves
    state, board = game.play(moves), SlowBoard(game, moves[:-1])
    last = None
    if moves:
        row, column = board.target(moves[-1])
        last = row * game.columns + column
    text = board_text(game, state, last)
    plain = game.text(state)
    rows = text.splitlines()
    rows = rows[: game.rows] if game.gravity else rows[::2]
    assert "".join(c for row in rows for c in row if c in "XO.") == "".join(plain.split())
    assert text.count("[") == bool(moves)
    assert text.count("(") == max(0, len(winning_cells(game, state)) - 1)


def test_a_winning_line_and_the_last_mark_change_their_cells_alone():
    game = ConnectFour()
    state = game.play([0, 1, 0, 1, 0, 1])
    plain, marked = picture(game, state), picture(game, state, last=22)
    changed = np.argwhere((plain != marked).any(axis=2)) // CELL
    assert set(map(tuple, changed.tolist())) == {(3, 1)}
    won = picture(game, game.play([0, 1, 0, 1, 0, 1, 0]))
    changed = np.argwhere((plain != won).any(axis=2)) // CELL
    assert set(map(tuple, changed.tolist())) == {(row, 0) for row in (2, 3, 4, 5)}


@pytest.mark.parametrize("game", [TicTacToe(), LineGame(2, 5, 2, gravity=True)])
def test_pictures_are_mirrored_as_boards_are(game):
    mirrored = game.symmetries.actions[-1] if game.gravity else [2, 1, 0, 5, 4, 3, 8, 7, 6]
    moves = [0, 1]
    one = picture(game, game.play(moves))
    other = picture(game, game.play([mirrored[move] for move in moves]))
    np.testing.assert_array_equal(one[:, ::-1], other)


# ---- Markov games


@pytest.mark.parametrize("entry", PARALLEL_ENTRIES, ids=lambda entry: entry.door)
def test_states_look_different(entry):
    env = pettingzoo.make("parallel", entry.multi_agent_id, render_mode="rgb_array").unwrapped
    seen = set()
    states = np.linspace(0, env.game.num_states - 1, min(env.game.num_states, 12)).astype(int)
    for state in states:
        env.reset(options={"state": int(state)})
        frame = env.render()
        assert (frame.dtype, frame.ndim, frame.shape[2]) == (np.uint8, 3, 3)
        seen.add(frame.tobytes())
    assert len(seen) == len(set(states.tolist()))


def test_a_bare_game_of_a_million_states_has_pictures():
    game = library.block_linear(0, states=1_000_000)
    env = MarkovGameEnv(game, render_mode="rgb_array")
    env.reset(options={"state": 999_999})
    assert env.render().shape == (192, 384, 3)


def test_pictures_need_no_pygame():
    code = (
        "import sys, numpy\n"
        "from mail_envs import connect_four_v0, grid_game_v0\n"
        "for env in (connect_four_v0.env('rgb_array'), grid_game_v0.env(render_mode='ansi')):\n"
        "    env.reset(seed=0)\n"
        "    env.render()\n"
        "print('pygame' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
