"""Intervals against numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from mail_envs.errors import InvalidMeasurementError
from mail_learners.statistics import (
    GeometricMean,
    Mean,
    geometric_interval,
    paired_difference,
    student_interval,
    welch_difference,
    wilson_interval,
)


def test_student_of_one_two_three():
    # mean 2, s = 1, half-width t / sqrt(3); with two degrees of freedom the quantile is
    # t(p; 2) = (2p - 1) / sqrt(2p (1 - p)) = 0.95 / sqrt(0.04875) = 4.30265 as in the tables
    t = 0.95 / math.sqrt(0.04875)
    assert t == pytest.approx(4.30265, abs=5e-6)
    found = student_interval([1.0, 2.0, 3.0])
    assert found.value == 2
    assert found.half_width == pytest.approx(t / math.sqrt(3), rel=1e-12)
    assert (found.low, found.high) == pytest.approx((-0.48413771, 4.48413771))


def test_student_of_two_values_has_the_quantile_of_cauchy():
    # one degree of freedom: t(0.975; 1) = tan(0.475 π); s = |x - y| / sqrt(2)
    found = student_interval([0.0, 1.0])
    assert found.half_width == pytest.approx(math.tan(0.475 * math.pi) / 2, rel=1e-9)


def test_degenerate_means():
    assert student_interval([0.3]) == Mean(0.3, None, 1)
    assert student_interval([0.1, 0.1, 0.1]) == Mean(0.1, 0.0, 3)
    assert student_interval([math.inf, math.inf]) == Mean(math.inf, 0.0, 2)
    assert student_interval([math.inf, 1.0]) == Mean(math.inf, math.inf, 2)
    with pytest.raises(InvalidMeasurementError, match="expected values, came none"):
        student_interval([])


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8), st.randoms())
def test_the_order_of_seeds_does_not_matter(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    assert student_interval(shuffled) == student_interval(values)


def test_wilson_of_eight_in_ten():
    # z² = 3.8414588207: (0.8 + 0.19207294 ± 1.95996398 sqrt(0.016 + 0.00960365)) / 1.38414588
    found = wilson_interval(8, 10)
    assert found.value == 0.8
    assert (found.low, found.high) == pytest.approx((0.49016250, 0.94331777), abs=1e-7)


def test_wilson_at_the_ends():
    # no success in n: from 0 to z² / (n + z²)
    z2 = 3.841458820694124
    assert wilson_interval(0, 10).low == 0
    assert wilson_interval(0, 10).high == pytest.approx(z2 / (10 + z2), rel=1e-12)
    assert wilson_interval(10, 10).high == 1
    assert wilson_interval(10, 10).low == pytest.approx(10 / (10 + z2), rel=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 5)])
def test_impossible_proportions_are_refused(successes, trials):
    with pytest.raises(InvalidMeasurementError, match=f"{successes} successes in {trials}"):
        wilson_interval(successes, trials)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_within_the_unit_interval(counts):
    found = wilson_interval(*counts)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_geometric_means_are_students_for_logarithms():
    found = geometric_interval([math.exp(1.0), math.exp(2.0), math.exp(3.0)])
    assert found.value == pytest.approx(math.exp(2))
    assert found.factor == pytest.approx(math.exp(2.48413771))
    assert (found.low, found.high) == pytest.approx((math.exp(-0.48413771), math.exp(4.48413771)))


def test_geometric_means_of_one_value_and_of_equal_ones_are_that_value():
    assert geometric_interval([10.0]) == GeometricMean(10.0, None, 1)
    assert geometric_interval([10.0, 10.0]) == GeometricMean(10.0, 1.0, 2)
    assert (geometric_interval([3.0]).low, geometric_interval([3.0]).high) == (3.0, 3.0)


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf])
def test_geometric_means_refuse_what_has_no_logarithm(value):
    with pytest.raises(InvalidMeasurementError, match=f"positive finite values, came {value}"):
        geometric_interval([1.0, value])


def test_paired_differences_by_hand():
    # differences 1, 2, 3: as student_interval of them
    assert paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]) == student_interval([1.0, 2.0, 3.0])
    assert paired_difference([math.inf, 2.0], [math.inf, 2.0]) == Mean(0.0, 0.0, 2)
    with pytest.raises(InvalidMeasurementError, match="as many of both, came 1 and 2"):
        paired_difference([1.0], [1.0, 2.0])


def test_welch_by_hand():
    # a = 1 / 3 of {1, 2, 3}, b = 0 of {5, 5}: all freedom is a's, n - 1 = 2
    t = 0.95 / math.sqrt(0.04875)
    found = welch_difference([1.0, 2.0, 3.0], [5.0, 5.0])
    assert (found.value, found.count) == (-3.0, 2)
    assert found.half_width == pytest.approx(t / math.sqrt(3), rel=1e-9)


@given(*[st.lists(st.integers(-50, 50), min_size=2, max_size=8, unique=True)] * 2)
def test_welch_as_scipy_has_it(x, y):
    low, high = ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    found = welch_difference([float(v) for v in x], [float(v) for v in y])
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_welch_of_little():
    assert welch_difference([1.0], [3.0, 4.0]) == Mean(-2.5, None, 1)
    assert welch_difference([1.0, 1.0], [3.0, 3.0]) == Mean(-2.0, 0.0, 2)
    assert welch_difference([math.inf, 1.0], [3.0, 4.0]) == Mean(math.inf, math.inf, 2)
    with pytest.raises(InvalidMeasurementError, match="came none"):
        welch_difference([], [1.0])
