"""Feature maps, their blocks, and how linear games are in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs.errors import GameTooLargeError, InvalidModelError, ShapeError
from mail_envs.markov import (
    FunctionFeatures,
    OneHotFeatures,
    StateFeatures,
    TableFeatures,
    features,
    joint_residual,
    linearity,
    marginalised_features,
    player_residual,
)
from mail_envs.markov.features import feature_blocks, feature_vectors
from mail_envs.protocols import FeatureMap, OneHotFeatureMap
from tests.strategies import forms_of_block_game, linear_game, random_game, random_policies, seeds

BLOCKS = np.array([1, 0, 1, 2, 0])
STATES, ACTIONS = np.array([0, 2, 4, 3]), np.array([1, 1, 0, 1])


def test_one_hot_features_are_keys_that_can_be_written_out():
    plain, blocked = OneHotFeatures(5, 2), OneHotFeatures(5, 2, blocks=BLOCKS)
    assert isinstance(plain, OneHotFeatureMap)
    assert isinstance(plain, StateFeatures)
    assert (plain.dimension, blocked.dimension) == (10, 6)
    assert plain.keys(STATES, ACTIONS).tolist() == [2, 6, 9, 8]
    assert blocked.keys(STATES, ACTIONS).tolist() == [4, 4, 1, 6]
    vectors = feature_vectors(blocked, STATES, ACTIONS)
    np.testing.assert_array_equal(vectors, blocked.table[BLOCKS[STATES], ACTIONS])
    assert not blocked.knows_opponents
    large = OneHotFeatures(10**6, 2)
    assert large.keys(np.array([999_999]), np.array([1])).tolist() == [2 * 10**6]
    with pytest.raises(GameTooLargeError, match="one-hot features"):
        _ = large.table
    with pytest.raises(InvalidModelError, match=r"at \(z=1\)"):
        OneHotFeatures(2, 2, blocks=[0, 2])


def test_tables_and_functions_are_feature_maps():
    rng = np.random.default_rng(0)
    table = rng.random((3, 2, 4))
    by_table = TableFeatures(table, blocks=BLOCKS)
    by_function = FunctionFeatures(lambda s, a: table[BLOCKS[s], a], 4)
    for feature_map in (by_table, by_function):
        assert isinstance(feature_map, FeatureMap)
        assert not isinstance(feature_map, OneHotFeatureMap)
        assert not feature_map.knows_opponents
        assert feature_map.dimension == 4
        expected = table[BLOCKS[STATES], ACTIONS]
        np.testing.assert_array_equal(feature_map(STATES, ACTIONS), expected)
        np.testing.assert_array_equal(feature_vectors(feature_map, STATES, ACTIONS), expected)
        blocks, rows = feature_blocks(feature_map, 5, 2)
        assert rows.shape == (3, 2, 4)
        np.testing.assert_array_equal(rows[blocks], table[BLOCKS])
    with pytest.raises(ValueError, match="read-only"):
        by_table.table[0] = 0
    flat = TableFeatures(table)
    np.testing.assert_array_equal(flat([2], [1]), table[[2], [1]])
    assert feature_blocks(flat, 3, 2)[0].tolist() == [0, 1, 2]


def test_one_hot_maps_of_others_have_blocks_too():
    class Parity:
        dimension = 2

        def keys(self, observations, actions):
            return np.where(actions == 0, 0, 1 + observations % 2).astype(np.uint64)

    blocks, rows = feature_blocks(Parity(), 4, 2)
    assert blocks[0] == blocks[2] != blocks[1] == blocks[3]
    np.testing.assert_array_equal(rows[blocks[1]], [[0, 0], [0, 1]])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: TableFeatures(np.zeros((2, 3))), ShapeError, r"3 axes \(s, a, d\)"),
        (lambda: TableFeatures([[[0.0, np.nan]]]), InvalidModelError, r"at \(s=0, a=0, d=1\)"),
        (lambda: TableFeatures(np.zeros((2, 1, 1)), blocks=[0, 0]), InvalidModelError, "z=1"),
        (
            lambda: FunctionFeatures(lambda s, a: np.zeros((4, 3)), 2)(STATES, ACTIONS),
            ShapeError,
            r"axis 1 \(d\) has 3 entries instead of 2",
        ),
        (
            lambda: FunctionFeatures(lambda s, a: np.full((4, 1), np.inf), 1)(STATES, ACTIONS),
            InvalidModelError,
            r"came inf at \(B=0, d=0\)",
        ),
    ],
)
def test_malformed_features_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_large_maps_without_blocks_are_refused(monkeypatch):
    monkeypatch.setattr(features, "LARGEST_TABLE", 100)
    slow = FunctionFeatures(lambda s, a: np.zeros((len(s), 11)), 11)
    with pytest.raises(GameTooLargeError, match="the table of features"):
        feature_blocks(slow, 5, 2)


@given(seeds, st.sampled_from([1, 2, 3]), st.booleans())
@settings(max_examples=50)
def test_linear_games_are_linear_in_their_features_and_marginals(seed, players, per_step):
    rng = np.random.default_rng(seed)
    game = linear_game(rng, players=players, steps=3 if per_step else 1)
    assert joint_residual(game, game.features).maximum <= 1e-9
    policies = random_policies(rng, game)
    for i in range(players):
        marginal = marginalised_features(game, [*policies[:i], None, *policies[i + 1 :]], i)
        assert marginal.knows_opponents
        assert player_residual(game, marginal, policies, i).maximum <= 1e-9


def test_marginals_are_averages_and_follow_the_step():
    rng = np.random.default_rng(0)
    game = linear_game(rng, players=2, steps=1)
    policies = random_policies(rng, game, per_step=True)
    marginal = marginalised_features(game, policies, "player_1", h=2)
    expected = np.einsum("sabd,sa->sbd", game.features[0], policies[0][2])
    np.testing.assert_allclose(marginal.table, expected, atol=1e-15)
    given_table = marginalised_features(game, policies, 1, h=2, features=game.features[0])
    np.testing.assert_array_equal(given_table.table, marginal.table)
    with pytest.raises(InvalidModelError, match="has none"):
        marginalised_features(random_game(rng), policies, 0)
    with pytest.raises(ShapeError, match=r"\(a_1\)"):
        marginalised_features(game, policies, 1, features=np.zeros((game.num_states, 9, 2, 3)))


@given(seeds, st.booleans())
@settings(max_examples=25)
def test_block_games_are_linear_for_a_player_whose_opponent_sees_blocks(seed, uniform):
    rng = np.random.default_rng(seed)
    games = forms_of_block_game(rng, steps=3, uniform=uniform)
    game = games["block"]
    own = OneHotFeatures(9, 2, blocks=game.dynamics.blocks)
    by_block = random_policies(rng, game.by_block)
    lifted = [policy[game.dynamics.blocks] for policy in by_block]
    assert player_residual(game, own, lifted, 0).maximum <= 1e-9
    small = player_residual(game.by_block, OneHotFeatures(3, 2), by_block, 0)
    assert small.maximum <= 1e-9
    raw = random_policies(rng, game)
    residual = player_residual(game, own, raw, 0)
    assert residual.maximum > 1e-4
    dense = player_residual(games["dense"], own, raw, 0)
    assert dense.transitions == pytest.approx(residual.transitions, abs=1e-12)
    assert dense.rewards == pytest.approx(residual.rewards, abs=1e-12)


def test_residuals_are_errors_of_the_best_fit():
    rng = np.random.default_rng(0)
    game = random_game(rng, states=3, actions=(2, 2), steps=3)
    constant = np.ones((3, 2, 2, 1))
    residual = joint_residual(game, constant)
    table = game.dynamics.transitions.reshape(3, 12, 3)
    expected = np.abs(table - table.mean(axis=1, keepdims=True)).max()
    assert residual.transitions == pytest.approx(expected)
    assert residual.rewards > 0
    assert joint_residual(game, np.eye(12).reshape(3, 2, 2, 12)).maximum <= 1e-12
    steps = np.stack([np.eye(12).reshape(3, 2, 2, 12)] * 3)
    assert joint_residual(game, steps).maximum <= 1e-12
    with pytest.raises(ShapeError, match=r"axis 0 \(s\) has 4 entries instead of 3"):
        joint_residual(game, np.ones((4, 2, 2, 1)))
    with pytest.raises(InvalidModelError, match="nan"):
        joint_residual(game, constant * np.nan)


def test_chunks_change_nothing_and_the_largest_are_refused(monkeypatch):
    game = random_game(np.random.default_rng(0), states=5)
    whole = joint_residual(game, np.ones((5, 2, 2, 1)))
    monkeypatch.setattr(linearity, "CHUNK", 7)
    assert joint_residual(game, np.ones((5, 2, 2, 1))) == whole
    monkeypatch.setattr(linearity, "LARGEST", 99)
    with pytest.raises(GameTooLargeError, match="20 rows of 5 states"):
        joint_residual(game, np.ones((5, 2, 2, 1)))


def test_a_players_features_must_fit_its_game():
    table = TableFeatures(np.zeros((5, 2, 3)))
    with pytest.raises(ShapeError, match=r"axis 0 \(s\) has 5 entries instead of 4"):
        feature_blocks(table, 4, 2)
    with pytest.raises(ShapeError, match=r"axis 1 \(a\) has 2 entries instead of 3"):
        feature_blocks(table, 5, 3)
