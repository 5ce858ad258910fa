"""Features as blocks: one-hot ones stay counts, equal rows become one."""

import numpy as np
import pytest

from mail_envs.errors import InvalidModelError, ShapeError
from mail_envs.markov.features import FunctionFeatures, OneHotFeatures, TableFeatures
from mail_envs.markov.library import block_linear, random_game
from mail_learners.markov import FeatureBlocks, player_features

GAME = random_game(0, states=4, actions=(2, 2), discount=0.5)


class Keys:
    """A one-hot map given by a table of keys."""

    def __init__(self, table):
        self.table = np.array(table, dtype=np.uint64)
        self.dimension = int(self.table.max())

    def keys(self, observations, actions):
        return self.table[observations, actions]


def one(features):
    other = FeatureBlocks(4, 2)
    return player_features(GAME, [features, other])[0]


def test_without_maps_every_state_is_its_own_block():
    blocks = player_features(GAME, None)[1]
    assert (blocks.num_blocks, blocks.dimension, blocks.table, blocks.blocks) == (4, 8, None, None)
    assert blocks.block_of(np.array([3, 1])).tolist() == [3, 1]
    with pytest.raises(ShapeError, match="came one-hot features"):
        blocks.at(0)


def test_the_maps_of_a_block_game_are_its_blocks():
    game = block_linear(0, states=50)
    blocks = player_features(game, game.feature_maps)[0]
    assert (blocks.num_blocks, blocks.dimension, blocks.table) == (10, 20, None)
    assert blocks.block_of(np.array([13, 49])).tolist() == [3, 9]


def test_tables_keep_their_blocks():
    table = np.arange(12.0).reshape(2, 2, 3)
    blocks = one(TableFeatures(table, blocks=[0, 1, 1, 0]))
    assert blocks.dimension == 3
    assert (blocks.at(0) == table).all()
    assert blocks.lift(np.array([[1.0, 2], [3, 4]])).tolist() == [[1, 2], [3, 4], [3, 4], [1, 2]]


def test_states_with_equal_features_become_one_block():
    rows = np.array([[1.0, 0], [0, 1], [1, 0], [2, 2]])
    blocks = one(FunctionFeatures(lambda s, a: rows[s] * (1 + a[:, None]), 2))
    assert blocks.num_blocks == 3
    assert blocks.block_of(np.array([0]))[0] == blocks.block_of(np.array([2]))[0]
    states, actions = np.arange(4), np.ones(4, dtype=int)
    assert (blocks.at(0)[blocks.block_of(states), actions] == rows * 2).all()


def test_one_hot_maps_by_keys():
    apart = one(Keys([[1, 2], [3, 4], [1, 2], [5, 6]]))
    assert (apart.num_blocks, apart.table) == (3, None)
    assert apart.block_of(np.array([0]))[0] == apart.block_of(np.array([2]))[0]
    shared = one(Keys([[1, 2], [3, 2], [1, 2], [0, 3]]))  # key 2 in two blocks, 0 for nothing
    assert shared.dimension == 3
    gram = np.einsum("sad,tbd->satb", *[shared.at(0)[shared.block_of(np.arange(4))]] * 2)
    keys = np.array([[1, 2], [3, 2], [1, 2], [0, 3]])
    expected = (keys[:, :, None, None] == keys) & (keys > 0)
    assert (gram == expected).all()


def test_features_per_step():
    blocks = FeatureBlocks(4, 2, table=np.zeros((3, 4, 2, 5)))
    assert (blocks.num_steps, blocks.dimension) == (3, 5)
    assert "table: states=4, blocks=4" in repr(blocks)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="one map for each of 2 players, came 1"):
        player_features(GAME, [FeatureBlocks(4, 2)])
    with pytest.raises(ShapeError, match=r"expected \(S, A\) = \(4, 2\), came \(5, 2\)"):
        one(OneHotFeatures(5, 2))
    with pytest.raises(ShapeError, match=r"axis 1 \(z\) has 3 entries instead of 4"):
        one(TableFeatures(np.zeros((3, 2, 1))))
    with pytest.raises(ShapeError, match=r"expected \(M, A, d\)"):
        FeatureBlocks(4, 2, table=np.zeros((4, 2)))
    table = np.zeros((4, 2, 3))
    table[1, 0, 2] = np.nan
    with pytest.raises(InvalidModelError, match=r"came nan at \(h=0, z=1, a=0, d=2\)"):
        FeatureBlocks(4, 2, table=table)
    with pytest.raises(InvalidModelError, match="blocks"):
        FeatureBlocks(4, 2, table=np.zeros((2, 2, 3)), blocks=[0, 1, 2, 0])


def test_tables_are_copied_unless_they_are_read_only():
    table = np.zeros((4, 2, 3))
    blocks = FeatureBlocks(4, 2, table=table)
    table[0, 0, 0] = 7
    assert blocks.at(0)[0, 0, 0] == 0
    table.setflags(write=False)
    assert np.shares_memory(FeatureBlocks(4, 2, table=table).at(0), table)
