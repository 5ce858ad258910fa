"""Questions to experts: counted, and limited by a budget.

A **query** is one question put to an expert for a move or a label while data is gathered, whether
it plays as an opponent or labels for a learner. Evaluation asks the bare expert and counts nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mail_envs.errors import BudgetExhaustedError, InvalidOptionError, UnknownAgentError
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_wrappers.batches import rows_of
from mail_wrappers.options import check_callable, check_text, check_whole, check_word
from mail_wrappers.query_log import PURPOSES, UNKNOWN, Purpose, QueryLog, QueryLogWriter
from mail_wrappers.told import check_rows

__all__ = ["CountedExpert", "QueryBudget"]


class QueryBudget:
    """What may be spent on questions, what has been, and a log of them.

    Exact, and not for several threads at once: every question is taken from the budget before it is
    asked, and what is not left is not granted.

    Args:
        limit: what may be spent in all; with a cost of 1, the questions granted. None for no limit,
            only counting.
        cost: of a question, an integer of at least 1, in the units of `limit`: one for all, or a
            mapping from agent (whom the question concerns) to its cost.
        log: whether to log every question. A row, one call's questions at one place, takes 48
            bytes; a number keeps that many rows, the latest.

    Raises:
        InvalidOptionError: a negative limit, a cost below 1, a log of fewer than 1 row.

    >>> budget = QueryBudget(3)
    >>> budget.reserve(2), budget.reserve(2), budget.reserve(1)
    (2, 1, 0)
    >>> budget.used
    3
    """

    def __init__(
        self,
        limit: int | None = None,
        *,
        cost: int | Mapping[str, int] = 1,
        log: bool | int = True,
    ) -> None:
        if limit is not None:
            limit = check_whole("limit", limit, least=0, what="None or ")
        self._limit = limit
        self._used = 0
        self._asked = 0
        if isinstance(cost, Mapping):
            self._costs = {agent: _check_cost(each) for agent, each in cost.items()}
        else:
            self._costs = _check_cost(cost)
        if not isinstance(log, bool):
            check_whole("log", log, least=1, what="True, False or ")
        bound = None if isinstance(log, bool) else log
        self._writer = None if log is False else QueryLogWriter(bound)

    @property
    def limit(self) -> int | None:
        """What may be spent in all; None for no limit."""
        return self._limit

    @property
    def used(self) -> int:
        """What has been spent so far; with a cost of 1, the questions asked."""
        return self._used

    @property
    def asked(self) -> int:
        """The questions granted so far, whatever they cost."""
        return self._asked

    @property
    def remaining(self) -> int | None:
        """What is left to spend; None for no limit."""
        return None if self._limit is None else self._limit - self._used

    @property
    def log(self) -> QueryLog:
        """The questions granted so far; empty under `log=False`."""
        return (self._writer or QueryLogWriter(None)).log()

    def cost_of(self, agent: str = "") -> int:
        """The cost of a question that concerns `agent`.

        Raises:
            UnknownAgentError: costs by agent, and none for this one.
        """
        if isinstance(self._costs, int):
            return self._costs
        if not isinstance(agent, str) or agent not in self._costs:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UnknownAgentError(
                f"cost of agent {agent!r}: expected one of {list(self._costs)}, came {agent!r}"
            )
        return self._costs[agent]

    def affordable(self, *, agent: str = "", cost: int | None = None) -> int | None:
        """How many questions are left; None for no limit; arguments as of `reserve`."""
        each = self.cost_of(agent) if cost is None else _check_cost(cost)
        return None if self.remaining is None else self.remaining // each

    def reserve(
        self,
        questions: int,
        *,
        agent: str = "",
        episode: int | Sequence[int] = UNKNOWN,
        step: int | Sequence[int] = UNKNOWN,
        purpose: Purpose = "label",
        cost: int | None = None,
    ) -> int:
        """Take up to `questions` from the budget; returns how many are granted.

        A batch whose first k rows are granted asks those rows, the lowest indices first.

        Args:
            questions: how many are wanted.
            agent: whom they concern; it may set the cost.
            episode: for the log: of all, or one number per question; -1 for unknown.
            step: for the log, likewise.
            purpose: for the log: `"label"` or `"move"`.
            cost: of each of these questions, instead of the budget's own.

        Raises:
            InvalidOptionError: a negative number of questions; a cost below 1; fewer episodes or
                steps than questions.
            UnknownNameError: another purpose.
            UnknownAgentError: costs by agent, and none for this one.
        """
        questions = check_whole("questions", questions, least=0, what="")
        check_word("purpose", purpose, PURPOSES)
        if not isinstance(cast("Any", agent), str):
            raise UnknownAgentError(f"agent: expected a name, came {agent!r}")
        each = self.cost_of(agent) if cost is None else _check_cost(cost)
        _check_places("episode", episode, questions)
        _check_places("step", step, questions)
        check_whole("cost of all questions", questions * each, least=0)
        left = self.affordable(cost=each)
        granted = questions if left is None else min(questions, left)
        self._used += granted * each
        self._asked += granted
        if granted and self._writer is not None:
            self._writer.append(
                agent, purpose, episodes=episode, steps=step, questions=granted, cost=each
            )
        return granted


class CountedExpert:
    """An expert whose every answer is charged to a budget as a move; a policy as the expert is.

    Args:
        expert: whom to ask.
        budget: what the questions are charged to.
        name: how errors call the expert.
        agent: whom the questions concern, in the budget's log and costs; None for `name`.
    """

    def __init__(
        self,
        expert: Policy,
        budget: QueryBudget,
        *,
        name: str = "expert",
        agent: str | None = None,
    ) -> None:
        check_callable("expert", expert, what="a policy")
        if not isinstance(budget, QueryBudget):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidOptionError(f"budget: expected a QueryBudget, came {budget!r:.200}")
        self._expert = expert
        self._budget = budget
        self._name = check_text("name", name)
        self._agent = name if agent is None else check_text("agent", agent)

    def __call__(self, observations: Observations, action_masks: Mask | None, /) -> FloatArray:
        """Answer all of a batch, or none of it.

        Raises:
            BudgetExhaustedError: fewer questions are left than rows; nothing is charged.
        """
        asked, left = _asked(observations, action_masks), self._budget.affordable(agent=self._agent)
        if left is not None and asked > left:
            raise BudgetExhaustedError(
                f"{self._name}: expected at most {left} more questions of a budget of "
                f"{self._budget.limit}, came {asked}; use ask() for what is left"
            )
        return self.ask(observations, action_masks)

    def ask(self, observations: Observations, action_masks: Mask | None) -> FloatArray:
        """Answer the first rows of a batch, as many as the budget grants: `(granted, A)`."""
        asked = _asked(observations, action_masks)
        granted = self._budget.reserve(asked, agent=self._agent, purpose="move")
        masks = None if action_masks is None else action_masks[:granted]
        return self._expert(rows_of(observations, slice(granted)), masks)


def _asked(observations: Observations, action_masks: Mask | None) -> int:
    """How many questions a batch holds; as many masks as observations."""
    count = check_rows("observations", observations)
    return count if action_masks is None else check_rows("action_masks", action_masks, count)


def _check_cost(cost: int) -> int:
    return check_whole("cost", cost, least=1)


def _check_places(name: str, places: int | Sequence[int], questions: int) -> None:
    """Refuse what cannot be logged."""
    if isinstance(places, str | bytes) or not isinstance(places, Sequence):
        check_whole(name, places, least=UNKNOWN)
        return
    if len(places) < questions:
        raise InvalidOptionError(f"{name}: expected {questions}, one a question, came {places!r}")
    for place in places[:questions]:
        check_whole(name, place, least=UNKNOWN)
