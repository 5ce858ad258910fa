"""Queries: counted one by one, and never more than the budget grants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.errors import (
    BudgetExhaustedError,
    InvalidOptionError,
    UnknownAgentError,
    UnknownNameError,
)
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


def test_a_question_may_cost_more_than_one():
    budget = QueryBudget(7, cost=2)
    assert (budget.affordable(), budget.reserve(5), budget.used, budget.asked) == (3, 3, 6, 3)
    assert (budget.reserve(1), budget.reserve(1, cost=1), budget.remaining) == (0, 1, 0)


@given(st.integers(0, 40), st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9))))
def test_costs_by_agent_are_never_overdrawn(limit, questions):
    costs = {"a": 1, "b": 3}
    budget, spent = QueryBudget(limit, cost=costs), 0
    for agent, asked in questions:
        granted = budget.reserve(asked, agent=agent)
        assert granted == min(asked, (limit - spent) // costs[agent])
        spent += granted * costs[agent]
        assert budget.used == spent <= limit
    assert budget.log.cost.sum() == spent
    assert budget.log.questions.sum() == budget.asked


def test_costs_of_whom_nobody_knows_are_refused():
    with pytest.raises(UnknownAgentError, match="cost of agent 'c': expected one of"):
        QueryBudget(cost={"a": 1}).reserve(1, agent="c")
    for make in (
        lambda: QueryBudget(cost=0),
        lambda: QueryBudget(cost={"a": 0}),
        lambda: QueryBudget().reserve(1, cost=-1),
    ):
        with pytest.raises(ValueError, match="cost: expected an integer of at least 1"):
            make()
    with pytest.raises(UnknownNameError, match="purpose: expected one of"):
        QueryBudget().reserve(1, purpose="fun")


def test_the_log_says_who_was_asked_what_and_when(tmp_path):
    budget = QueryBudget(6, cost={"x": 1, "the other": 2})
    budget.reserve(3, agent="x", episode=[4, 4, 5], step=[0, 1, 0])
    CountedExpert(numbered, budget, name="the other")(SEEN[:1], None)
    budget.reserve(2, agent="x", episode=6, step=0)
    log = budget.log
    assert log.agent.tolist() == ["x", "x", "x", "the other", "x"]
    assert log.episode.tolist() == [4, 4, 5, -1, 6]
    assert log.step.tolist() == [0, 1, 0, -1, 0]
    assert log.purpose.tolist() == ["label", "label", "label", "move", "label"]
    assert log.questions.tolist() == [1] * 5
    assert log.cost.tolist() == [1, 1, 1, 2, 1]
    assert len(log) == 5
    with pytest.raises(ValueError, match="read-only"):
        log.step[0] = 3
    log.save(tmp_path / "log.csv")
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert rows[0] == "agent,episode,step,purpose,questions,cost"
    assert rows[4] == "the other,-1,-1,move,1,2"
    assert len(rows) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_log_is_as_long_as_it_may_be():
    bounded, without = QueryBudget(log=3), QueryBudget(log=False)
    for step in range(20):
        for budget in (bounded, without):
            budget.reserve(1, step=step)
    assert bounded.log.step.tolist() == [17, 18, 19]
    assert bounded.log.dropped == 17
    assert len(without.log) == 0
    assert without.used == bounded.used == 20
    with pytest.raises(InvalidOptionError, match="log: expected True, False or at least 1 row"):
        QueryBudget(log=-1)


def test_many_questions_at_one_place_are_one_row():
    budget = QueryBudget(10**12)
    budget.reserve(10**9)
    assert budget.log.questions.tolist() == [10**9]
