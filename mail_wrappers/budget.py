"""Questions to experts: counted, and limited by a budget.

A **query** is one question put to an expert for a move or a label while data is gathered, whether
it plays as an opponent or labels for a learner. Evaluation asks the bare expert and counts nothing.
"""

from mail_envs.errors import BudgetExhaustedError
from mail_envs.protocols import FloatArray, Mask, Observations, Policy

__all__ = ["CountedExpert", "QueryBudget"]


class QueryBudget:
    """A number of questions that may be asked, and how many have been.

    Args:
        limit: the questions granted in all; None for no limit, only counting.

    Raises:
        ValueError: a negative limit.

    >>> budget = QueryBudget(3)
    >>> budget.reserve(2), budget.reserve(2), budget.reserve(1)
    (2, 1, 0)
    >>> budget.used
    3
    """

    def __init__(self, limit: int | None = None) -> None:
        if limit is not None and limit < 0:
            raise ValueError(f"limit: expected None or at least 0, came {limit!r}")
        self._limit = limit
        self._used = 0

    @property
    def limit(self) -> int | None:
        """The questions granted in all; None for no limit."""
        return self._limit

    @property
    def used(self) -> int:
        """The questions asked so far."""
        return self._used

    @property
    def remaining(self) -> int | None:
        """The questions left; None for no limit."""
        return None if self._limit is None else self._limit - self._used

    def reserve(self, questions: int) -> int:
        """Take up to `questions` from the budget; returns how many are granted.

        A batch whose first k rows are granted asks those rows, the lowest indices first.

        Raises:
            ValueError: a negative number of questions.
        """
        if questions < 0:
            raise ValueError(f"questions: expected at least 0, came {questions!r}")
        granted = questions if self.remaining is None else min(questions, self.remaining)
        self._used += granted
        return granted


class CountedExpert:
    """An expert whose every answer is charged to a budget; a policy as the expert is.

    Args:
        expert: whom to ask.
        budget: what the questions are charged to.
        name: how errors call the expert.
    """

    def __init__(self, expert: Policy, budget: QueryBudget, *, name: str = "expert") -> None:
        self._expert = expert
        self._budget = budget
        self._name = name

    def __call__(self, observations: Observations, action_masks: Mask | None, /) -> FloatArray:
        """Answer all of a batch, or none of it.

        Raises:
            BudgetExhaustedError: fewer questions are left than rows; nothing is charged.
        """
        asked, left = len(observations), self._budget.remaining
        if left is not None and asked > left:
            raise BudgetExhaustedError(
                f"{self._name}: expected at most {left} more questions of a budget of "
                f"{self._budget.limit}, came {asked}; use ask() for what is left"
            )
        return self.ask(observations, action_masks)

    def ask(self, observations: Observations, action_masks: Mask | None) -> FloatArray:
        """Answer the first rows of a batch, as many as the budget grants: `(granted, A)`."""
        granted = self._budget.reserve(len(observations))
        masks = None if action_masks is None else action_masks[:granted]
        return self._expert(observations[:granted], masks)
