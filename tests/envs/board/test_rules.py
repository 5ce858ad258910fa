"""The rules over bitboards against the rules over lists of cells, and the errors they raise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.board import LineGame, TicTacToe
from mail_envs.errors import EpisodeOverError, IllegalActionError, InvalidModelError
from tests.boards import LARGEST, SlowBoard, line_games, played


@given(played(st.one_of(line_games(), st.sampled_from(LARGEST))))
def test_bitboards_and_lists_of_cells_agree(drawn):
    game, moves = drawn
    state, slow = game.play(moves), SlowBoard(game, moves)
    assert game.outcome(state) == slow.outcome()
    assert list(game.legal_actions(state)) == slow.legal()
    assert game.player_to_move(state) == slow.mover
    assert game.plies(state) == len(moves)
    assert game.text(state) == slow.text()


@given(played(st.one_of(line_games(), st.sampled_from(LARGEST))))
def test_the_movers_view_is_that_of_the_slow_rules(drawn):
    game, moves = drawn
    state, slow = game.play(moves), SlowBoard(game, moves)
    observation, mask = game.observation(state), game.action_mask(state)
    assert observation.shape == (game.rows, game.columns, 2)
    assert observation.dtype == mask.dtype == np.int8
    np.testing.assert_array_equal(observation, slow.observation())
    np.testing.assert_array_equal(np.flatnonzero(mask), slow.legal())


@given(played())
def test_no_mark_ever_touches_a_spare_bit(drawn):
    game, moves = drawn
    state = game.play(moves)
    assert (state.mover | state.other) & ~game.board == 0
    assert state.mover & state.other == 0


def test_the_picture_of_the_bits_in_the_docstring():
    game = LineGame(rows=4, columns=4, in_a_row=4, gravity=False)
    bits = np.array(game.cell_bits).reshape(4, 4)
    np.testing.assert_array_equal(
        bits, [[3, 8, 13, 18], [2, 7, 12, 17], [1, 6, 11, 16], [0, 5, 10, 15]]
    )
    assert (game.bits, game.stride, game.board.bit_count()) == (20, 5, 16)


def test_actions_are_cells_without_gravity_and_columns_with_it():
    assert TicTacToe().text(TicTacToe().play([1, 6])) == ". X .\n. . .\nO . ."
    drop = LineGame(3, 3, 3, gravity=True)
    assert drop.text(drop.play([1, 1, 2])) == ". . .\n. O .\n. X X"


def test_tictactoe_is_what_it_says():
    game = TicTacToe()
    assert game == LineGame(3, 3, 3, gravity=False)
    assert game.agents == ("player_0", "player_1")
    assert (game.cells, game.actions) == (9, 9)


@pytest.mark.parametrize(
    ("moves", "outcome"),
    [
        ([0, 3, 1, 4, 2], 1),  # the top row
        ([8, 0, 7, 3, 5, 6], -1),  # the left column
        ([0, 1, 4, 2, 8], 1),  # one diagonal
        ([0, 2, 1, 4, 8, 6], -1),  # the other
        ([0, 1, 2, 4, 3, 5, 7, 6, 8], 0),
        ([0, 1, 2, 4, 3, 5, 7, 6], None),
    ],
)
def test_outcomes_of_known_games(moves, outcome):
    assert TicTacToe().outcome(TicTacToe().play(moves)) == outcome


@pytest.mark.parametrize("kind", [int, np.int8, np.uint64, np.array])
def test_integers_of_every_kind_are_actions(kind):
    game = TicTacToe()
    assert game.play([kind(4)]) == game.play([4])


@pytest.mark.parametrize("action", [-1, 9, 4, 2.0, "2", None, np.array([2]), np.array(2.0)])
def test_illegal_actions_raise(action):
    game = TicTacToe()
    with pytest.raises(
        IllegalActionError, match=r"expected one of \(0, 1, 2, 3, 5, 6, 7, 8\), came "
    ):
        game.step(game.play([4]), action)


def test_a_full_column_is_illegal():
    game = LineGame(2, 3, 3, gravity=True)
    with pytest.raises(IllegalActionError, match=r"expected one of \(1, 2\), came 0"):
        game.play([0, 0, 0])


@pytest.mark.parametrize("moves", [[0, 3, 1, 4, 2], [0, 1, 2, 4, 3, 5, 7, 6, 8]])
def test_stepping_after_the_end_raises(moves):
    game = TicTacToe()
    with pytest.raises(EpisodeOverError, match="the game is over, came action 6"):
        game.step(game.play(moves), 6)
    assert game.legal_actions(game.play(moves)) == ()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 3, 1), "rows >= 1"),
        ((3, 0, 1), "columns >= 1"),
        ((8, 8, 4), r"columns \* \(rows \+ 1\) <= 64, came rows=8, columns=8"),
        ((3, 3, 0), "in_a_row from 1 to 3, came 0"),
        ((3, 4, 5), "in_a_row from 1 to 4, came 5"),
        ((3.0, 3, 3), "rows: expected a whole number, came 3.0"),
        ((3, "3", 3), "columns: expected a whole number, came '3'"),
        ((3, 3, None), "in_a_row: expected a whole number, came None"),
    ],
)
def test_impossible_boards_are_refused(sizes, message):
    with pytest.raises(InvalidModelError, match=message):
        LineGame(*sizes, gravity=False)


def test_games_are_immutable_values():
    game = LineGame(np.int64(3), np.int64(3), np.int64(3), gravity=False)
    assert game == TicTacToe()
    assert hash(game) == hash(TicTacToe())
    assert type(game.rows) is int
    with pytest.raises(AttributeError):
        game.rows = 4
    with pytest.raises(ValueError, match="read-only"):
        game.symmetries.cells[0, 0] = 1
