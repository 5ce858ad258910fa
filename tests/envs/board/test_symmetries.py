"""Symmetries commute with the rules: who turns the board before or after playing sees the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.board import LineGame, TicTacToe, batch
from tests.boards import line_games, played


@pytest.mark.parametrize(
    ("game", "count"),
    [
        (TicTacToe(), 8),
        (LineGame(4, 4, 3, gravity=False), 8),
        (LineGame(3, 4, 3, gravity=False), 4),
        (LineGame(4, 4, 3, gravity=True), 2),
    ],
)
def test_the_symmetries_are_a_group_with_the_identity_first(game, count):
    cells = [tuple(row) for row in game.symmetries.cells.tolist()]
    assert len(set(cells)) == len(cells) == count
    assert cells[0] == tuple(range(game.cells))
    products = {tuple(first[i] for i in second) for first in cells for second in cells}
    assert products == set(cells)


# Quarter turns, which are not their own inverses, are symmetries of squares alone.
ANY = played(
    st.one_of(line_games(), st.just(TicTacToe()), st.just(LineGame(4, 4, 4, gravity=False)))
)


def comes_to(game, g, action):
    """The action that `action` becomes under symmetry g."""
    return game.symmetries.actions[g].tolist().index(action)


@given(ANY)
def test_turned_play_is_play_on_the_turned_board(drawn):
    game, moves = drawn
    state = game.play(moves)
    cells = game.observation(state).reshape(game.cells, 2)
    for g, gather in enumerate(game.symmetries.cells):
        turned = game.play([comes_to(game, g, action) for action in moves])
        np.testing.assert_array_equal(game.observation(turned).reshape(-1, 2), cells[gather])
        assert game.outcome(turned) == game.outcome(state)
        expected = game.action_mask(state)[game.symmetries.actions[g]]
        np.testing.assert_array_equal(game.action_mask(turned), expected)


@given(ANY)
def test_images_are_the_turned_states(drawn):
    game, moves = drawn
    images = batch.images(game, game.observation(game.play(moves))[None])
    turned = [
        game.play([comes_to(game, g, action) for action in moves])
        for g in range(len(game.symmetries.cells))
    ]
    assert [(int(m), int(o)) for m, o in zip(*(x[0] for x in images), strict=True)] == turned


@given(ANY, st.data())
def test_symmetric_decisions_keep_the_images_of_a_decision_together(drawn, data):
    game, moves = drawn
    if game.outcome(game.play(moves)) is not None:
        moves = moves[:-1]
    states = [game.play(moves[:n]) for n in range(len(moves) + 1)]
    chosen = [data.draw(st.sampled_from(game.legal_actions(state))) for state in states]
    observations = np.array([game.observation(state) for state in states])
    masks = np.array([game.action_mask(state) for state in states])
    seen, legal, actions = batch.symmetric_decisions(game, observations, masks, np.array(chosen))
    count = len(game.symmetries.cells)
    assert len(seen) == len(legal) == len(actions) == count * len(states)
    for row, action in enumerate(actions.tolist()):
        before, g = divmod(row, count)
        turned = game.play([comes_to(game, g, move) for move in moves[:before]])
        np.testing.assert_array_equal(seen[row], game.observation(turned))
        np.testing.assert_array_equal(legal[row], game.action_mask(turned))
        assert action == comes_to(game, g, chosen[before])


@given(line_games())
def test_decisions_of_nobody_have_no_images(game):
    nothing = np.zeros((0, game.rows, game.columns, 2), np.int8)
    masks = np.zeros((0, game.actions), np.int8)
    parts = batch.symmetric_decisions(game, nothing, masks, np.zeros(0, np.int64))
    assert [part.shape for part in parts] == [nothing.shape, masks.shape, (0,)]
