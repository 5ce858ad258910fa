"""Draws: distributions to the last bit, streams that do not disturb each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.errors import InvalidModelError, ShapeError
from mail_envs.markov.library.draws import (
    dirichlet,
    duration,
    round_rows,
    streams,
    uniform,
    zero_sum_pair,
)


@given(
    st.integers(0, 2**63),
    st.integers(1, 50),
    st.sampled_from([1e-3, 0.1, 1.0, 30.0]),
    st.sampled_from([8, 32]),
)
def test_rows_sum_to_exactly_one_in_any_order(seed, width, concentration, bits):
    (rng,) = streams(seed, 1)
    table = dirichlet((3, width), concentration, rng=rng, bits=bits)
    assert (table >= 0).all()
    assert (table.sum(axis=1) == 1).all()
    assert (table[:, ::-1].cumsum(axis=1)[:, -1] == 1).all()
    assert (table * 2.0**bits == np.floor(table * 2.0**bits)).all()


def test_rounding_is_to_the_nearest_by_largest_remainders():
    rows = np.array([[0.3, 0.3, 0.4], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_array_equal(round_rows(rows, bits=2), [[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]])


def test_a_small_concentration_makes_rows_nearly_one_hot_and_a_large_one_level():
    first, second = streams(0, 2)
    assert (dirichlet((200, 5), 0.01, rng=first).max(axis=1) > 0.99).mean() > 0.8
    assert np.abs(dirichlet((200, 5), 1e4, rng=second) - 0.2).max() < 0.02


def test_dirichlet_has_the_right_moments():
    (rng,) = streams(0, 1)
    table, n, alpha = dirichlet((20_000, 3), 0.5, rng=rng), 20_000, 0.5
    variance = (1 / 3) * (2 / 3) / (3 * alpha + 1)
    assert np.abs(table.mean(axis=0) - 1 / 3).max() < 5 * np.sqrt(variance / n)
    assert np.abs(table.var(axis=0) - variance).max() < 0.01


def test_a_longer_table_begins_with_the_shorter_one():
    short, long = (dirichlet((n, 4), 0.3, rng=streams(5, 1)[0]) for n in (10, 1000))
    np.testing.assert_array_equal(short, long[:10])


def test_streams_are_independent_of_each_other():
    one, other = streams(3, 2), streams(3, 2)
    one[0].random(100)
    assert one[1].random() == other[1].random()
    assert streams(4, 1)[0].random() != streams(5, 1)[0].random()


def test_uniform_numbers_are_multiples_of_what_was_asked():
    numbers = uniform((1000,), rng=streams(0, 1)[0], bits=10)
    assert (numbers * 1024 == np.floor(numbers * 1024)).all()
    assert numbers.min() >= -1
    assert numbers.max() < 1
    assert abs(numbers.mean()) < 0.1


def test_durations():
    assert duration(None, None, default={"horizon": 5}) == (5, None)
    assert duration(None, None, default={"discount": 0.9}) == (None, 0.9)
    assert duration(3, None, default={"discount": 0.9}) == (3, None)
    assert duration(None, 0.5, default={"horizon": 5}) == (None, 0.5)
    with pytest.raises(InvalidModelError, match=r"horizon=3, discount=0\.5"):
        duration(3, 0.5, default={"horizon": 5})


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="seed: expected an integer of at least 0, came -1"):
        streams(-1, 1)
    for wrong in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="concentration: expected a finite number above 0"):
            dirichlet((2, 2), wrong, rng=streams(0, 1)[0])
    with pytest.raises(ShapeError, match="expected two players for a zero-sum game, came 3"):
        zero_sum_pair(np.zeros(2), 3)
