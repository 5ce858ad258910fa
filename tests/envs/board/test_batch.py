"""Batches of states: each row as the scalar rules have it; and keys that tell positions apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.board import LineGame, TicTacToe, batch
from mail_envs.board.positions import positions
from mail_envs.errors import InvalidModelError, ShapeError
from tests.boards import LARGEST, line_games, played


@st.composite
def batches(draw):
    """A game and all states along one play."""
    game, moves = draw(played(st.one_of(line_games(), st.sampled_from(LARGEST))))
    return game, [game.play(moves[:n]) for n in range(len(moves) + 1)], moves


@given(batches())
def test_each_row_is_as_the_scalar_rules_have_it(drawn):
    game, states, _ = drawn
    many = batch.stack(states)
    over, outcome = batch.outcomes(game, many)
    expected = [game.outcome(state) for state in states]
    np.testing.assert_array_equal(over, [value is not None for value in expected])
    np.testing.assert_array_equal(outcome, [value or 0 for value in expected])
    np.testing.assert_array_equal(batch.plies(many), [game.plies(state) for state in states])
    masks = batch.action_masks(game, many) * ~over[:, None]
    np.testing.assert_array_equal(masks, [game.action_mask(state) for state in states])
    views = batch.observations(game, many)
    np.testing.assert_array_equal(views, [game.observation(state) for state in states])
    assert views.dtype == np.int8


@given(batches())
def test_placing_a_mark_is_a_step(drawn):
    game, states, moves = drawn
    after = batch.place(game, batch.stack(states[:-1]), np.array(moves, dtype=np.int64))
    assert [(int(m), int(o)) for m, o in zip(*after, strict=True)] == states[1:]


@given(batches())
def test_encoding_is_the_inverse_of_observing(drawn):
    game, states, _ = drawn
    many = batch.stack(states)
    again = batch.encode(game, batch.observations(game, many))
    np.testing.assert_array_equal(again.mover, many.mover)
    np.testing.assert_array_equal(again.other, many.other)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.float64])
def test_observations_of_other_dtypes_are_read_alike(dtype):
    game = TicTacToe()
    seen = game.observation(game.play([4, 0, 8]))[None]
    assert [int(x[0]) for x in batch.encode(game, seen.astype(dtype))] == list(game.play([4, 0, 8]))


@pytest.mark.parametrize("shape", [(3, 3, 2), (1, 3, 3), (1, 3, 3, 3), (1, 4, 3, 2), (1, 18)])
@pytest.mark.parametrize("read", [batch.encode, batch.images])
def test_observations_of_another_shape_are_refused(read, shape):
    with pytest.raises(ShapeError, match=r"expected shape \(B, 3, 3, 2\), came \("):
        read(TicTacToe(), np.zeros(shape, np.int8))


@pytest.mark.parametrize("entry", [2.0, -1.0, 0.5, np.nan])
def test_entries_other_than_marks_are_refused(entry):
    seen = np.zeros((2, 3, 3, 2))
    seen[1, 0, 2, 1] = entry
    with pytest.raises(ShapeError, match=rf"expected 0 or 1, came {entry} at \(1, 0, 2, 1\)"):
        batch.encode(TicTacToe(), seen)


SMALL = (
    TicTacToe(),
    LineGame(3, 4, 3, gravity=True),
    LineGame(4, 3, 2, gravity=True),
    LineGame(2, 4, 3, gravity=False),
)


@pytest.mark.parametrize("game", SMALL, ids=str)
def test_keys_tell_all_positions_apart_and_are_never_zero(game):
    layers = positions(game)
    keys = np.concatenate([layer.keys for layer in layers])
    boards = {
        pair for layer in layers for pair in zip(*map(np.ndarray.tolist, layer.states), strict=True)
    }
    assert len(np.unique(keys)) == len(keys) == len(boards)
    assert keys.min() > 0


def slow_key(game, state):
    """The documented base-3 number of the cells, and one: exact integers."""
    digit = [(state.mover >> bit & 1) + 2 * (state.other >> bit & 1) for bit in game.cell_bits]
    return sum(d * 3**i for i, d in enumerate(digit)) + 1


@given(
    played(st.sampled_from([LineGame(5, 8, 4, gravity=False), LineGame(6, 6, 4, gravity=False)]))
)
def test_keys_of_larger_boards_without_gravity_are_their_base_3_numbers(drawn):
    game, moves = drawn
    state = game.play(moves)
    assert int(batch.keys(game, batch.stack([state]))[0]) == slow_key(game, state)


def test_boards_too_large_for_keys_are_refused():
    game = LineGame(6, 7, 4, gravity=False)
    with pytest.raises(
        InvalidModelError, match="at most 40 cells on a board without gravity, came 42"
    ):
        batch.keys(game, batch.stack([game.initial_state()]))


@given(played(st.sampled_from([game for game in LARGEST if game.gravity])))
def test_keys_of_the_largest_boards_do_not_overflow(drawn):
    game, moves = drawn
    state = game.play(moves)
    occupied, feet = (
        state.mover | state.other,
        sum(1 << c * game.stride for c in range(game.columns)),
    )
    expected = state.mover + occupied + feet
    assert expected < 2**64
    assert int(batch.keys(game, batch.stack([state]))[0]) == expected


def test_an_empty_batch_is_a_batch():
    game = TicTacToe()
    states = batch.encode(game, np.zeros((0, 3, 3, 2), np.int8))
    assert batch.keys(game, states).shape == (0,)
    assert batch.observations(game, states).shape == (0, 3, 3, 2)
    assert batch.action_masks(game, states).shape == (0, 9)
