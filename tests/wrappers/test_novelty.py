"""Novelty: the moment Λ against linear algebra from scratch, keys against vectors, immutability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.board import TicTacToe
from mail_envs.board.features import feature_map
from mail_envs.errors import MissingTruthError
from mail_wrappers import NoveltyReward, Transitions
from mail_wrappers.novelty import DenseMoment, DiagonalMoment

ACTIONS = 4


class Vectors:
    """Features from a table: φ(s, a) = table[s, a], the state being the observation's one entry."""

    def __init__(self, table):
        self.table = np.asarray(table, dtype=np.float64)  # S A d
        self.dimension = self.table.shape[-1]

    def __call__(self, observations, actions):
        return self.table[observations[:, 0].astype(int), actions]


class AllAtOnce(Vectors):
    """The same, and every action at once."""

    def every_action(self, observations):
        return self.table[observations[:, 0].astype(int)]


class Keys:
    """One-hot features told by keys from a table; 0 is the zero vector."""

    def __init__(self, table):
        self.table = np.asarray(table, dtype=np.uint64)  # S A
        self.dimension = int(self.table.max())

    def keys(self, observations, actions):
        return self.table[observations[:, 0].astype(int), actions]


def pairs(draws):
    states, actions = np.array(draws, dtype=np.int64).reshape(-1, 2).T
    return states[:, None].astype(np.float64), actions


visits = st.lists(st.tuples(st.integers(0, 5), st.integers(0, ACTIONS - 1)), max_size=30)
EVERYWHERE = pairs([(s, a) for s in range(6) for a in range(ACTIONS)])


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), visits, visits, st.floats(1e-3, 10))
def test_dense_moments_are_linear_algebra_from_scratch(seed, dimension, first, second, ridge):
    table = np.random.default_rng(seed).normal(size=(6, ACTIONS, dimension))
    features = Vectors(table)
    source = NoveltyReward.over(features, ridge=ridge)
    for batch in (first, second):
        source = source.visited(*pairs(batch))
    phi = features(*pairs(first + second))
    moment = ridge * np.eye(dimension) + phi.T @ phi
    found = source.moment
    np.testing.assert_allclose(found.inverse @ moment, np.eye(dimension), atol=1e-6)
    expected = np.linalg.slogdet(moment)[1] - dimension * np.log(ridge)
    assert found.log_determinant == pytest.approx(expected, abs=1e-8)
    assert found.ridge == ridge
    everywhere = features(*EVERYWHERE)
    norms = np.sqrt(ridge * np.einsum("bi,ij,bj->b", everywhere, np.linalg.inv(moment), everywhere))
    np.testing.assert_allclose(found.novelty(*EVERYWHERE), norms, atol=1e-6)


@given(visits, visits, st.floats(1e-3, 10))
def test_keys_count_as_one_hot_vectors_do(first, second, ridge):
    keys = np.random.default_rng(0).integers(0, 8, size=(6, ACTIONS))
    vectors = Vectors(np.eye(8)[keys] * (keys > 0)[..., None])
    sparse = NoveltyReward.over(Keys(keys), ridge=ridge)
    dense = NoveltyReward.over(vectors, ridge=ridge)
    assert (type(sparse.moment), type(dense.moment)) == (DiagonalMoment, DenseMoment)
    for batch in (first, second):
        sparse, dense = sparse.visited(*pairs(batch)), dense.visited(*pairs(batch))
    assert sparse.moment.log_determinant == pytest.approx(dense.moment.log_determinant, abs=1e-8)
    np.testing.assert_allclose(
        sparse.moment.novelty(*EVERYWHERE), dense.moment.novelty(*EVERYWHERE), atol=1e-7
    )


@given(visits)
def test_key_zero_never_counts_and_is_never_new(visited):
    source = NoveltyReward.over(Keys(np.zeros((6, ACTIONS))), ridge=0.1).visited(*pairs(visited))
    assert source.moment.log_determinant == 0
    assert not source.moment.novelty(*EVERYWHERE).any()


@pytest.mark.parametrize("features", [Vectors, AllAtOnce])
@given(visited=visits)
def test_every_action_at_once_is_each_in_turn(features, visited):
    table = np.random.default_rng(1).normal(size=(6, ACTIONS, 3))
    keys = Keys(np.random.default_rng(2).integers(0, 8, size=(6, ACTIONS)))
    states = np.arange(6.0)[:, None]
    for source in (NoveltyReward.over(f, ridge=0.3) for f in (features(table), keys)):
        now = source.visited(*pairs(visited))
        expected = now.moment.novelty(*EVERYWHERE).reshape(6, ACTIONS)
        np.testing.assert_allclose(now.price_actions(states, ACTIONS), expected, atol=1e-12)


def test_the_price_of_a_unit_feature_visited_n_times():
    source = NoveltyReward.over(Keys([[1, 2], [3, 0]]), ridge=0.01)
    visited = source.visited(*pairs([(0, 0)] * 3))
    transitions = Transitions(
        np.array([[0.0], [0.0], [1.0]]), None, np.array([0, 1, 1]), np.zeros(3)
    )
    np.testing.assert_allclose(source.price(transitions), [1, 1, 0])
    np.testing.assert_allclose(visited.price(transitions), [(0.01 / 3.01) ** 0.5, 1, 0])
    # In [0, ‖φ‖]: half a unit feature is worth half.
    half = NoveltyReward.over(Vectors([[[0.5, 0.0]]]), ridge=0.01)
    assert half.moment.novelty(*pairs([(0, 0)])) == pytest.approx(0.5)


@pytest.mark.parametrize("features", [Keys([[1, 2]] * 6), Vectors(np.eye(2)[[[0, 1]] * 6])])
def test_sources_are_immutable(features):
    source = NoveltyReward.over(features, ridge=0.5, reprice=False)
    before = source.moment.novelty(*pairs([(0, 0), (0, 1)]))
    after = source.visited(*pairs([(0, 0)]))
    assert after.moment.log_determinant == pytest.approx(np.log(3))
    assert source.moment.log_determinant == 0
    np.testing.assert_array_equal(source.moment.novelty(*pairs([(0, 0), (0, 1)])), before)
    assert after.reprice is False
    with pytest.raises(AttributeError):
        source.moment = after.moment


def test_the_determinant_has_doubled_when_it_has():
    start = NoveltyReward.over(Keys([[1, 2, 3]]), ridge=2.0)
    assert not start.doubled(start)
    once = start.visited(*pairs([(0, 0)]))  # det × 3/2
    assert not once.doubled(start)
    twice = once.visited(*pairs([(0, 0)]))  # det × 2
    assert twice.moment.log_determinant == pytest.approx(np.log(2))
    assert twice.visited(*pairs([(0, 1)])).doubled(start)
    assert not twice.visited(*pairs([(0, 1)])).doubled(twice)


def test_order_and_batches_of_visits_do_not_matter():
    table = np.random.default_rng(3).normal(size=(6, ACTIONS, 5))
    visited = [(s, a) for s in range(6) for a in range(ACTIONS)] * 4
    for features in (Vectors(table), Keys(np.arange(24).reshape(6, 4))):
        start = NoveltyReward.over(features, ridge=0.1)
        at_once = start.visited(*pairs(visited)).moment  # more rows than dimensions
        one_by_one = start
        for pair in reversed(visited):
            one_by_one = one_by_one.visited(*pairs([pair]))
        expected = one_by_one.moment
        assert at_once.log_determinant == pytest.approx(expected.log_determinant, abs=1e-9)
        np.testing.assert_allclose(
            at_once.novelty(*EVERYWHERE), expected.novelty(*EVERYWHERE), atol=1e-9
        )


def test_moments_stay_exact_over_many_visits():
    rng = np.random.default_rng(4)
    table = rng.normal(size=(6, ACTIONS, 8))
    source = NoveltyReward.over(Vectors(table), ridge=0.01)
    draws = [
        (int(s), int(a))
        for s, a in zip(rng.integers(6, size=3000), rng.integers(4, size=3000), strict=True)
    ]
    for start in range(0, 3000, 5):
        source = source.visited(*pairs(draws[start : start + 5]))
    phi = Vectors(table)(*pairs(draws))
    moment = 0.01 * np.eye(8) + phi.T @ phi
    np.testing.assert_allclose(source.moment.inverse @ moment, np.eye(8), atol=1e-6)


@pytest.mark.parametrize("ridge", [0.0, -1.0, np.inf, np.nan])
def test_ridges_that_are_none(ridge):
    with pytest.raises(ValueError, match=f"ridge: expected a finite number.*, came {ridge}"):
        NoveltyReward.over(Keys([[1]]), ridge=ridge)


def test_the_features_of_boards_serve():
    game = TicTacToe()
    observations = game.observation(game.initial_state())[None]
    for name in ("planes", "lines", "one-hot", "afterstates"):
        source = NoveltyReward.over(feature_map(game, name), ridge=0.01)
        fresh = source.price_actions(observations, 9)
        visited = source.visited(observations, np.array([0])).price_actions(observations, 9)
        assert fresh.shape == (1, 9)
        assert (visited <= fresh + 1e-12).all()
        assert visited[0, 0] < 0.15 < fresh[0, 0]


def test_any_function_may_be_the_features():
    def last(observations, actions):
        return np.eye(3)[actions] * observations[:, :1]

    fresh = NoveltyReward.over(last, ridge=1.0, dimension=3)
    seen, actions = np.ones((2, 4)), np.array([0, 2])
    visited = fresh.visited(seen, actions)
    asked = np.array([0, 1])
    np.testing.assert_allclose(visited.moment.novelty(seen, asked), [0.5**0.5, 1.0])
    with pytest.raises(MissingTruthError, match="a dimension beside a function"):
        NoveltyReward.over(last, ridge=1.0)
