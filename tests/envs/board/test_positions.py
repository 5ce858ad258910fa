"""How many games and positions there are, and what the layers hold."""

from itertools import pairwise

import numpy as np
import pytest

from mail_envs.board import LineGame, TicTacToe, batch
from mail_envs.board.batch import States
from mail_envs.board.positions import positions
from mail_envs.errors import GameTooLargeError
from tests.boards import all_states

CONNECT_FOUR = LineGame(6, 7, 4, gravity=True)
PATHS_BY_PLY = (7, 49, 343, 2401, 16807, 117649, 823536)
"""Move sequences of n plies: 7^n while no column can be full, and 7^7 − 7 at seven plies, by when
only the seven sequences that stay in one column are illegal; nobody has won before."""
POSITIONS_BY_PLY = (1, 7, 49, 238, 1120, 4263, 16422, 54859)
"""OEIS A212693."""


def perft(game, state, plies):
    if plies == 0:
        return 1
    return sum(perft(game, game.step(state, a), plies - 1) for a in game.legal_actions(state))


@pytest.mark.parametrize("plies", range(1, 6))
def test_move_sequences_of_connect_four(plies):
    assert perft(CONNECT_FOUR, CONNECT_FOUR.initial_state(), plies) == PATHS_BY_PLY[plies - 1]


def test_positions_and_paths_of_connect_four_in_batches():
    states, paths = batch.stack([CONNECT_FOUR.initial_state()]), np.ones(1, dtype=np.int64)
    for ply, count in enumerate(POSITIONS_BY_PLY):
        assert len(paths) == count
        assert ply == 0 or paths.sum() == PATHS_BY_PLY[ply - 1]
        over, _ = batch.outcomes(CONNECT_FOUR, states)
        rows, actions = np.nonzero(batch.action_masks(CONNECT_FOUR, states) & ~over[:, None])
        after = batch.place(CONNECT_FOUR, States(states.mover[rows], states.other[rows]), actions)
        _, first, index = np.unique(
            batch.keys(CONNECT_FOUR, after), return_index=True, return_inverse=True
        )
        states = States(after.mover[first], after.other[first])
        paths = np.bincount(index, weights=paths[rows]).astype(np.int64)


def test_tictactoe_has_255168_games_and_5478_positions():
    layers = positions(TicTacToe())
    assert [len(layer.keys) for layer in layers] == [1, 9, 72, 252, 756, 1260, 1520, 1140, 390, 78]
    assert sum(len(layer.keys) for layer in layers) == 5478
    games, paths = 0, np.ones(1, dtype=np.int64)
    for layer in layers:
        games += int(paths[layer.over].sum())
        rows, actions = np.nonzero(layer.masks)
        paths = np.bincount(layer.children[rows, actions], weights=paths[rows]).astype(np.int64)
    assert games == 255_168


def test_tictactoe_has_765_positions_up_to_symmetry_138_of_them_over():
    game, classes, over = TicTacToe(), set(), set()
    for layer in positions(game):
        images = batch.images(game, batch.observations(game, layer.states))
        least = batch.keys(game, images).min(axis=1)
        classes |= set(least.tolist())
        over |= set(least[layer.over].tolist())
    assert (len(classes), len(over)) == (765, 138)


GAMES = (
    TicTacToe(),
    LineGame(3, 3, 2, gravity=True),
    LineGame(3, 4, 3, gravity=True),
    LineGame(2, 3, 3, gravity=False),
    LineGame(1, 1, 1, gravity=False),
)


@pytest.mark.parametrize("game", GAMES, ids=str)
def test_layers_hold_what_recursion_over_the_scalar_rules_finds(game):
    layers = positions(game)
    found = [(int(m), int(o)) for x in layers for m, o in zip(*x.states, strict=True)]
    assert sorted(found) == [tuple(state) for state in all_states(game)]


@pytest.mark.parametrize("game", GAMES, ids=str)
def test_children_are_the_states_after_the_actions(game):
    layers = positions(game)
    for layer, following in pairwise(layers):
        rows, actions = np.nonzero(layer.masks)
        parents = States(layer.states.mover[rows], layer.states.other[rows])
        after = batch.place(game, parents, actions)
        index = layer.children[rows, actions]
        np.testing.assert_array_equal(following.states.mover[index], after.mover)
        np.testing.assert_array_equal(following.states.other[index], after.other)


@pytest.mark.parametrize("game", GAMES, ids=str)
def test_layers_are_in_key_order_and_read_only(game):
    for ply, layer in enumerate(positions(game)):
        assert (layer.ply, layer.player) == (ply, ply % 2)
        assert (np.diff(layer.keys.astype(object)) > 0).all()
        assert not layer.masks[layer.over].any()
        assert layer.masks[~layer.over].any(axis=1).all()
        for array in (
            *layer.states,
            layer.keys,
            layer.over,
            layer.outcome,
            layer.masks,
            layer.children,
        ):
            assert not array.flags.writeable


def test_too_many_positions_are_refused():
    with pytest.raises(
        GameTooLargeError, match=r"at most 1000 positions, LineGame\(.*\) has more by ply 4"
    ):
        positions(CONNECT_FOUR, limit=1000)
    assert sum(len(layer.keys) for layer in positions(TicTacToe(), limit=5478)) == 5478
