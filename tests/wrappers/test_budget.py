"""Queries: counted one by one, and never more than the budget grants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.errors import BudgetExhaustedError
from mail_wrappers import CountedExpert, QueryBudget

SEEN = np.arange(5.0)[:, None]
MASKS = np.ones((5, 3), dtype=np.int8)


def numbered(observations, action_masks):
    """Answers that show which rows were asked, and with which masks."""
    numbered.masks = action_masks
    return np.hstack([observations, observations, observations])


@given(st.integers(0, 20), st.lists(st.integers(0, 9)))
def test_a_budget_grants_exactly_its_limit(limit, questions):
    budget, granted = QueryBudget(limit), []
    for asked in questions:
        granted.append(budget.reserve(asked))
        assert budget.used == sum(granted) <= limit
        assert budget.remaining == limit - sum(granted)
    assert sum(granted) == min(limit, sum(questions))
    assert all(a <= b for a, b in zip(granted, questions, strict=True))


def test_without_a_limit_it_only_counts():
    budget = QueryBudget()
    assert (budget.reserve(10**9), budget.reserve(3)) == (10**9, 3)
    assert (budget.used, budget.remaining, budget.limit) == (10**9 + 3, None, None)


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError, match="limit: expected None or at least 0, came -1"):
        QueryBudget(-1)
    with pytest.raises(ValueError, match="questions: expected at least 0, came -2"):
        QueryBudget(3).reserve(-2)


def test_an_expert_answers_all_of_a_batch_or_none():
    budget = QueryBudget(7)
    expert = CountedExpert(numbered, budget, name="the expert of player_1")
    np.testing.assert_array_equal(expert(SEEN, MASKS)[:, 0], range(5))
    with pytest.raises(
        BudgetExhaustedError,
        match="player_1: expected at most 2 more questions of a budget of 7, came 5",
    ):
        expert(SEEN, MASKS)
    assert budget.used == 5
    expert(SEEN[:2], MASKS[:2])
    with pytest.raises(BudgetExhaustedError, match="at most 0 more"):
        expert(SEEN[:1], None)
    assert expert(SEEN[:0], None).shape == (0, 3)


def test_asking_for_what_is_left_takes_the_lowest_indices_first():
    budget = QueryBudget(8)
    expert = CountedExpert(numbered, budget)
    assert expert.ask(SEEN, MASKS)[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert expert.ask(SEEN, MASKS)[:, 0].tolist() == [0, 1, 2]
    assert len(numbered.masks) == 3
    assert len(expert.ask(SEEN, None)) == 0
    assert numbered.masks is None
    assert budget.remaining == 0


def test_experts_may_share_a_budget():
    budget = QueryBudget(6)
    first, second = CountedExpert(numbered, budget), CountedExpert(numbered, budget)
    first(SEEN, None)
    assert len(second.ask(SEEN, None)) == 1
