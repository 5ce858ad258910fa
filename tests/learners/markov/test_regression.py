"""Statistics kept incrementally say what a regression from scratch says."""

import numpy as np
import pytest

from mail_learners.markov import FeatureBlocks
from mail_learners.markov.regression import DenseRegression, DiagonalRegression, regression_of
from mail_learners.markov.regression.dense import REFRESH

STEPS, BLOCKS, ACTIONS, DIMENSION = 3, 6, 2, 4


def dense_features(seed=0, *, per_step=False):
    lead = (STEPS,) if per_step else ()
    table = np.random.default_rng(seed).normal(size=(*lead, BLOCKS, ACTIONS, DIMENSION))
    return FeatureBlocks(BLOCKS, ACTIONS, table=table)


def one_hot_as_table():
    table = np.eye(BLOCKS * ACTIONS).reshape(BLOCKS, ACTIONS, -1)
    return FeatureBlocks(BLOCKS, ACTIONS, table=table)


def feed(statistics, rng, episodes):
    """Random episodes; returns their blocks and actions."""
    states = rng.integers(BLOCKS, size=(episodes, STEPS))
    actions = rng.integers(ACTIONS, size=(episodes, STEPS))
    for path, moves in zip(states, actions, strict=True):
        rows = np.array([statistics.row(h, int(s)) for h, s in enumerate(path)])
        statistics.record(rows, moves)
    return states, actions


def from_scratch(features, ridge, states, actions, h, values):
    """Ê[V] and ‖φ‖² of every block at step h; `values` by block of step h + 1."""
    phi = features.at(h)
    seen = phi[states[:, h], actions[:, h]]
    inverse = np.linalg.inv(ridge * np.eye(phi.shape[2]) + seen.T @ seen)
    targets = 0 * states[:, h] if h + 1 == STEPS else values[states[:, h + 1]]
    predicted = phi @ (inverse @ (seen.T @ targets))
    return predicted, np.einsum("zad,de,zae->za", phi, inverse, phi)


def check(statistics, features, ridge, states, actions, values, tolerance=1e-9):
    orders = [[statistics.row(h, block) for block in range(BLOCKS)] for h in range(STEPS)]
    widths = statistics.widths()
    for h, order in enumerate(orders):
        ahead = np.zeros(statistics.size)
        if h + 1 < STEPS:
            ahead[orders[h + 1]] = values
        statistics.fit(h, ahead)
        predicted, squares = from_scratch(features, ridge, states, actions, h, values)
        assert np.abs(statistics.predict(h, slice(BLOCKS))[order] - predicted).max() < tolerance
        assert np.abs(widths[h, order] - squares).max() < tolerance
        assert np.abs(statistics.width(h, order[2]) - squares[2]).max() < tolerance


def test_a_transition_by_hand():
    features = FeatureBlocks(2, 1, table=[[[1.0, 0.0]], [[1.0, 1.0]]])
    statistics = DenseRegression(features, steps=2, ridge=1.0)
    first, second = statistics.row(0, 0), statistics.row(1, 1)
    statistics.record(np.array([first, second]), np.array([0, 0]))
    # step 0 saw φ = (1, 0): Λ = diag(2, 1); step 1 saw (1, 1): Λ = [[2, 1], [1, 2]]
    other = statistics.row(0, 1)
    widths = statistics.widths()
    assert widths[0, [first, other], 0] == pytest.approx([1 / 2, 3 / 2])
    assert widths[1, second, 0] == pytest.approx(2 / 3)
    statistics.fit(0, np.array([5.0]))  # the value of block 1 at step 1
    assert statistics.predict(0, slice(2))[:, 0] == pytest.approx([5 / 2, 5 / 2])


def test_counts_by_hand():
    statistics = DiagonalRegression(FeatureBlocks(3, 2), steps=2, ridge=0.5)
    for following, action in ((1, 0), (2, 0), (1, 0), (2, 1)):
        rows = np.array([statistics.row(0, 0), statistics.row(1, following)])
        statistics.record(rows, np.array([action, 0]))
    assert statistics.widths()[0, 0] == pytest.approx([1 / 3.5, 1 / 1.5])
    statistics.fit(0, np.array([10.0, 1.0]))  # of blocks 1 and 2, in the order of their visits
    assert statistics.predict(0, slice(1))[0] == pytest.approx([21 / 3.5, 1 / 1.5])


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("episodes", [1, 20, REFRESH + 30])
def test_dense_statistics_are_those_from_scratch(episodes, per_step):
    rng = np.random.default_rng(episodes)
    features = dense_features(per_step=per_step)
    statistics = DenseRegression(features, steps=STEPS, ridge=0.1)
    states, actions = feed(statistics, rng, episodes)
    check(statistics, features, 0.1, states, actions, rng.normal(size=BLOCKS))


def test_drift_does_not_build_up():
    rng = np.random.default_rng(1)
    features = dense_features(1)
    statistics = DenseRegression(features, steps=STEPS, ridge=1e-4)  # ill conditioned at first
    states, actions = feed(statistics, rng, 3 * REFRESH - 1)
    check(statistics, features, 1e-4, states, actions, rng.normal(size=BLOCKS))


def test_diagonal_statistics_are_dense_ones_of_unit_vectors():
    rng = np.random.default_rng(2)
    statistics = DiagonalRegression(FeatureBlocks(BLOCKS, ACTIONS), steps=STEPS, ridge=0.1)
    states, actions = feed(statistics, rng, 200)
    check(statistics, one_hot_as_table(), 0.1, states, actions, rng.normal(size=BLOCKS))


def test_blocks_that_share_features_share_their_row():
    features = FeatureBlocks(4, 1, table=np.ones((2, 1, 3)), blocks=[0, 1, 0, 1])
    statistics = DenseRegression(features, steps=1, ridge=1.0)
    assert [statistics.row(0, state) for state in (3, 0, 1, 2)] == [0, 1, 0, 1]
    assert statistics.rows_at(0) == statistics.size == 2


def test_without_a_ridge_what_was_never_tried_is_wide_open():
    statistics = DiagonalRegression(FeatureBlocks(2, 2), steps=1, ridge=0.0)
    row = statistics.row(0, 1)
    statistics.record(np.array([row]), np.array([1]))
    statistics.fit(0, np.zeros(1))
    assert statistics.widths()[0, 0].tolist() == [np.inf, 1]
    assert statistics.predict(0, slice(1)).tolist() == [[0, 0]]


def test_the_statistics_follow_the_features():
    dense = regression_of(dense_features(), steps=2, ridge=1.0)
    diagonal = regression_of(FeatureBlocks(4, 2), steps=2, ridge=1.0)
    assert (type(dense), type(diagonal)) == (DenseRegression, DiagonalRegression)
    assert dense.size == diagonal.size == 0


def test_many_blocks_make_the_arrays_grow():
    table = np.random.default_rng(3).normal(size=(100, 2, 3))
    features = FeatureBlocks(100, 2, table=table)
    statistics = DenseRegression(features, steps=2, ridge=0.5)
    twin = DiagonalRegression(FeatureBlocks(100, 2), steps=2, ridge=0.5)
    for s in range(100):
        for each in (statistics, twin):
            each.record(np.array([each.row(0, 0), each.row(1, s)]), np.array([0, s % 2]))
    values = np.random.default_rng(4).normal(size=100)
    statistics.fit(0, values)
    twin.fit(0, values)
    phi = table[0, 0]
    weights = np.linalg.solve(0.5 * np.eye(3) + 100 * np.outer(phi, phi), phi * values.sum())
    assert statistics.predict(0, slice(1))[0] == pytest.approx(table[0] @ weights)
    assert twin.predict(0, slice(1))[0] == pytest.approx([values.sum() / 100.5, 0])
