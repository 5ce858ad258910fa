"""The planes that networks see, beside a slow and obvious twin."""

import numpy as np
import pytest

from mail_envs.board import ConnectFour, LineGame, TicTacToe, batch
from mail_envs.errors import UnknownNameError
from mail_learners.boards.inputs import INPUTS, inputs, open_cells, winning_cells

GAMES = (
    ConnectFour(),
    LineGame(rows=4, columns=5, in_a_row=3, gravity=True),
    LineGame(rows=1, columns=6, in_a_row=3, gravity=True),
    TicTacToe(),
)


def reached(game, count, seed):
    """Positions of random play, one per game."""
    rng = np.random.default_rng(seed)
    states = []
    for _ in range(count):
        state = game.initial_state()
        for _ in range(rng.integers(0, game.cells)):
            after = game.step(state, rng.choice(game.legal_actions(state)))
            if game.outcome(after) is not None:
                break
            state = after
        states.append(state)
    return states


def completes(game, board, row, column):
    """Whether a mark there completes a line of a boolean board."""
    marked = board.copy()
    marked[row, column] = True
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        for first in range(-game.in_a_row + 1, 1):
            cells = [
                (row + (first + i) * down, column + (first + i) * right)
                for i in range(game.in_a_row)
            ]
            if all(0 <= r < game.rows and 0 <= c < game.columns for r, c in cells) and all(
                marked[cell] for cell in cells
            ):
                return True
    return False


@pytest.mark.parametrize("game", GAMES, ids=str)
def test_threats_are_the_empty_cells_that_complete_a_line(game):
    states = reached(game, 40, seed=1)
    planes = inputs(game, batch.stack(states), "threats")
    assert planes.dtype == np.float32
    planes = planes.reshape(-1, INPUTS["threats"], game.rows, game.columns)
    found = 0
    for state, (own, other, wins, losses, _) in zip(states, planes, strict=True):
        np.testing.assert_array_equal(np.stack([own, other], axis=2), game.observation(state))
        for row in range(game.rows):
            for column in range(game.columns):
                empty = not own[row, column] and not other[row, column]
                for marks, threats in ((own, wins), (other, losses)):
                    due = empty and completes(game, marks > 0, row, column)
                    assert threats[row, column] == due
                    found += due
    assert found


@pytest.mark.parametrize("game", GAMES, ids=str)
def test_open_cells_are_where_legal_actions_lead(game):
    states = reached(game, 40, seed=2)
    for state, cells in zip(states, open_cells(game, batch.stack(states)), strict=True):
        due = 0
        for action in game.legal_actions(state):
            due |= game.step(state, action).other ^ state.mover
        assert int(cells) == due


def test_marks_alone_are_the_first_planes():
    game = ConnectFour()
    states = batch.stack(reached(game, 10, seed=3))
    some, every = inputs(game, states, "marks"), inputs(game, states, "threats")
    np.testing.assert_array_equal(some, every[:, : some.shape[1]])
    assert winning_cells(game, states.mover).dtype == np.uint64


def test_unknown_planes_are_refused():
    with pytest.raises(UnknownNameError, match=r"expected one of .*'marks'.*, came 'x'"):
        inputs(ConnectFour(), batch.stack([ConnectFour().initial_state()]), "x")
