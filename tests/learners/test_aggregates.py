"""Interquartile means and probabilities of improvement, by hand and against rliable."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, trim_mean

from mail_envs.errors import InvalidMeasurementError
from mail_learners.aggregates import Estimate, interquartile_mean, probability_of_improvement

OURS = [[0.09, 0.80, 0.09, 0.48, 0.73, 0.39], [0.24, 0.58, 0.43, 0.16, 0.11, 0.52]]
THEIRS = [[0.34, 0.59, 0.23, 0.56, 0.0], [0.47, 0.77, 0.52, 0.23, 0.78]]
"""Drawn once; the golden figures below are rliable 1.2.0's on these (with pandas 2, arch 7.2)."""


def rng():
    return np.random.default_rng(7)


def test_as_rliable_has_it():
    assert interquartile_mean(OURS, rng=rng()).value == pytest.approx(0.37, abs=1e-12)
    assert interquartile_mean(THEIRS, rng=rng()).value == pytest.approx(0.45166666666666666)
    assert probability_of_improvement(OURS, THEIRS, rng=rng()).value == pytest.approx(0.425)


def test_intervals_as_rliable_has_them():
    # 20000 resamples there and here: quantiles agree to about a hundredth
    found = interquartile_mean(OURS, rng=rng(), resamples=20_000)
    assert (found.low, found.high) == pytest.approx((0.185, 0.53833333), abs=0.012)
    assert found.count == 12


def test_an_interquartile_mean_by_hand():
    # eight scores: two of each end go
    scores = [[100.0, 3.0, 1.0, -50.0], [4.0, 2.0, 0.0, 90.0]]
    assert interquartile_mean(scores, rng=rng()).value == (1 + 2 + 3 + 4) / 4


def test_a_probability_of_improvement_by_hand():
    # task 1: 2 > 1, 2 > 1.5, 0 < both: 2 of 4; task 2: a tie
    found = probability_of_improvement([[2.0, 0.0], [5.0]], [[1.0, 1.5], [5.0]], rng=rng())
    assert found.value == (0.5 + 0.5) / 2
    assert found.count == 3


def test_the_bootstrap_of_two_by_two_by_hand():
    # {0, 1} drawn twice: 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4: tails of 5 % reach the ends,
    # of 60 % they do not
    wide = interquartile_mean([[0.0, 1.0]], rng=rng())
    assert (wide.low, wide.value, wide.high) == (0.0, 0.5, 1.0)
    narrow = interquartile_mean([[0.0, 1.0]], rng=rng(), confidence=0.4)
    assert (narrow.low, narrow.high) == (0.5, 0.5)


def test_strata_are_drawn_by_themselves():
    """Between tasks that differ and runs that do not, there is nothing to be uncertain about."""
    scores = [[0.0] * 5, [1.0] * 5]
    found = interquartile_mean(scores, rng=rng())
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)
    pooled = interquartile_mean([[*scores[0], *scores[1]]], rng=rng())
    assert pooled.low < 0.5 < pooled.high


def test_single_runs_say_nothing_of_the_spread():
    assert interquartile_mean([[0.3], [0.5]], rng=rng()) == Estimate(0.4, None, None, 2)
    found = probability_of_improvement([[1.0]], [[0.0]], rng=rng())
    assert found == Estimate(1.0, None, None, 1)


@given(st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=7), min_size=1, max_size=3))
def test_as_scipy_trims(tasks):
    found = interquartile_mean(tasks, rng=rng(), resamples=50)
    flat = [score for task in tasks for score in task]
    assert found.value == pytest.approx(float(trim_mean(flat, 0.25)), abs=1e-9)
    if found.low is not None:
        assert min(flat) - 1e-9 <= found.low <= found.high <= max(flat) + 1e-9


@given(*[st.lists(st.integers(0, 5), min_size=2, max_size=8)] * 2)
def test_as_mann_and_whitney_count(x, y):
    found = probability_of_improvement([x], [y], rng=rng(), resamples=50)
    assert found.value == pytest.approx(
        mannwhitneyu(x, y, method="asymptotic").statistic / len(x) / len(y)
    )
    back = probability_of_improvement([y], [x], rng=rng(), resamples=50)
    assert found.value + back.value == pytest.approx(1)
    assert 0 <= found.low <= found.high <= 1


def test_the_same_seed_gives_the_same_interval():
    assert interquartile_mean(OURS, rng=rng()) == interquartile_mean(OURS, rng=rng())
    other = interquartile_mean(OURS, rng=np.random.default_rng(8))
    assert other != interquartile_mean(OURS, rng=rng())


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], "expected a task at least, came none"),
        ([[1.0], []], "expected runs of task 1, came none"),
        ([[1.0], [2.0, math.nan]], "expected finite numbers, came nan in task 1"),
    ],
)
def test_scores_that_are_none_are_refused(scores, message):
    with pytest.raises(InvalidMeasurementError, match=message):
        interquartile_mean(scores, rng=rng())
    with pytest.raises(InvalidMeasurementError, match=message):
        probability_of_improvement([[1.0]], scores, rng=rng())


def test_other_numbers_of_tasks_are_refused():
    with pytest.raises(InvalidMeasurementError, match="as many tasks of both, came 2 and 1"):
        probability_of_improvement(OURS, THEIRS[:1], rng=rng())
