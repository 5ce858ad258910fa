"""Rewards of imitation, and sums of rewards: reward sources that any learner can be paid by.

All are immutable. Those that ask an expert ask once about each observation that a transition begins
at, and charge every question to a budget: in `PricedReward` and its vector form the wrapper asks,
sharing what has been asked at that turn already; priced by themselves they ask at once, or raise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

import numpy as np

from mail_envs.errors import InvalidOptionError, ShapeError
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_wrappers.advice import check_asked, checked_answers
from mail_wrappers.batches import row_count
from mail_wrappers.budget import QueryBudget
from mail_wrappers.options import check_callable, check_number, check_word, shown_value
from mail_wrappers.rewards import (
    AsksExperts,
    Question,
    RewardSource,
    Transitions,
    check_transitions,
    prices_of,
)
from mail_wrappers.spending import spent_error

__all__ = ["Agreement", "GameReward", "ImitationReward", "SquaredDistanceReward", "WeightedSum"]

Agreement = Literal["probability", "log", "best"]
"""What an action is paid: the expert's probability of it, its logarithm, or 1 if it is best."""


@dataclass(frozen=True)
class GameReward:
    """The environment's own reward."""

    reprice: bool = field(default=False, init=False)

    def price(self, transitions: Transitions, /) -> FloatArray:
        """What the environment paid for each transition, `(B,)`."""
        check_transitions(transitions, "rewards")
        return transitions.rewards


@dataclass(frozen=True, eq=False)
class ImitationReward:
    """How far the expert agrees with the action that was taken where it was taken.

    Args:
        expert: a policy over discrete actions.
        budget: what each question is charged to.
        agreement: with p the probability that the expert gives to the action: `"probability"` p,
            from 0 to 1; `"log"` log max(p, `floor`), from log `floor` to 0; `"best"` 1 where no
            action is more probable, else 0.
        floor: of probabilities under `"log"`, above 0 and below 1.

    Raises:
        UnknownNameError: another `agreement`.
        InvalidOptionError: a floor outside its range.
    """

    expert: Policy
    budget: QueryBudget
    agreement: Agreement = "probability"
    floor: float = 1e-6
    reprice: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        check_asked(self.expert, self.budget)
        check_word("agreement", self.agreement, get_args(Agreement))
        if check_number("floor", self.floor, low=0, high=1) in {0.0, 1.0}:
            raise InvalidOptionError(f"floor: expected above 0 and below 1, came {self.floor!r}")

    @property
    def questions(self) -> tuple[Question, ...]:
        """Whom it asks."""
        return (Question(self.expert, self.budget),)

    def price(self, transitions: Transitions, /) -> FloatArray:
        """The agreement with each action, `(B,)`.

        Raises:
            BudgetExhaustedError: fewer questions are left than unanswered transitions; nothing is
                charged.
            ShapeError: actions that are no `(B,)` integers.
        """
        check_transitions(transitions, "observations", "actions", "rewards")
        table = _told(self.questions[0], transitions)
        actions = transitions.actions
        if actions.shape != (len(table),) or actions.dtype.kind not in "iu":
            raise ShapeError(
                f"actions: expected integers of shape ({len(table)},), came {actions.dtype} of "
                f"shape {actions.shape}"
            )
        if len(actions) and not 0 <= actions.min() <= actions.max() < table.shape[1]:
            raise ShapeError(
                f"actions: expected integers from 0 to {table.shape[1] - 1}, came "
                f"{shown_value(actions)}"
            )
        chosen = table[np.arange(len(table)), actions]
        if self.agreement == "best":
            return (chosen == table.max(axis=1)).astype(np.float64)
        return np.log(np.maximum(chosen, self.floor)) if self.agreement == "log" else chosen


@dataclass(frozen=True, eq=False)
class SquaredDistanceReward:
    """MURMAIL's reward: `‖μ^E(·|s) − μ(·|s)‖₂²` in the state s where a transition begins.

    From 0, where the clone μ plays as the expert μ^E does, to 2. It pays an explorer for going
    where the clone is wrong, whatever it does there (arXiv 2505.17610). The expert's distribution
    tells it at one question a state; the paper's expert, that shows actions alone, is asked two.

    Args:
        learner: the clone μ, a policy; renewed by `dataclasses.replace` and `PricedReward.renew`.
        expert: a policy over discrete actions.
        budget: what each question is charged to.
    """

    learner: Policy
    expert: Policy
    budget: QueryBudget
    reprice: bool = field(default=False, init=False)

    @property
    def questions(self) -> tuple[Question, ...]:
        """Whom it asks."""
        return (Question(self.expert, self.budget),)

    def __post_init__(self) -> None:
        check_callable("learner", self.learner, what="a policy")
        check_asked(self.expert, self.budget)

    def price(self, transitions: Transitions, /) -> FloatArray:
        """The squared distance where each transition begins, `(B,)`.

        Raises:
            BudgetExhaustedError: as in `ImitationReward`.
            InvalidPolicyError, ShapeError: the learner's answer is no distribution.
        """
        check_transitions(transitions, "observations", "rewards")
        table = _told(self.questions[0], transitions)
        masks = transitions.action_masks
        own = _checked(self.learner, transitions.observations, masks, "the learner's policy")
        if own.shape != table.shape:
            raise ShapeError(f"the learner's policy: expected {table.shape}, came {own.shape}")
        return np.square(table - own).sum(axis=1)


class WeightedSum:
    """A sum of reward sources, each with a weight.

    Args:
        terms: a mapping from source to weight, or pairs of them.

    Raises:
        InvalidOptionError: no term, or a weight that is not finite.
    """

    def __init__(self, terms: Mapping[Any, float] | Iterable[tuple[RewardSource, float]]) -> None:
        given = terms.items() if isinstance(terms, Mapping) else terms
        pairs = cast("Iterable[tuple[RewardSource, float]]", given)
        try:
            self._terms: tuple[tuple[RewardSource, float], ...] = tuple(
                (source, check_number("terms: weight", weight)) for source, weight in pairs
            )
        except (TypeError, ValueError) as error:
            if isinstance(error, InvalidOptionError):
                raise
            raise InvalidOptionError(
                f"terms: expected sources with weights, came {terms!r}"
            ) from None
        wrong = [source for source, _ in self._terms if not hasattr(source, "price")]
        if wrong or not self._terms:
            raise InvalidOptionError(
                f"terms: expected reward sources, at least one, came {wrong or 'none'}"
            )

    @property
    def terms(self) -> tuple[tuple[RewardSource, float], ...]:
        """The sources and their weights."""
        return self._terms

    @property
    def reprice(self) -> bool:
        """Whether every term is priced again."""
        return all(source.reprice for source, _ in self._terms)

    @property
    def questions(self) -> tuple[Question, ...]:
        """Whom the terms ask, each pair of expert and budget once."""
        asked: dict[tuple[int, int], Question] = {}
        for source, _ in self._terms:
            for question in source.questions if isinstance(source, AsksExperts) else ():
                asked.setdefault((id(question.expert), id(question.budget)), question)
        return tuple(asked.values())

    def price(self, transitions: Transitions, /) -> FloatArray:
        """The weighted sum of the terms' prices, `(B,)`; terms that share an expert ask once.

        Raises:
            BudgetExhaustedError: as in `ImitationReward`.
        """
        check_transitions(transitions)
        answers = tuple((asked, _told(asked, transitions)) for asked in self.questions)
        told = transitions._replace(answers=(*transitions.answers, *answers))
        total = np.zeros(1)
        count: int | None = None
        for source, weight in self._terms:
            prices = prices_of(source, told, count)
            count, total = len(prices), total + weight * prices
        return total


def _told(question: Question, transitions: Transitions) -> FloatArray:
    """What an expert says of the observations, `(B, A)`: as told already, or asked now."""
    check_transitions(transitions, "observations", "rewards")
    known = transitions.answer(question)
    if known is not None:
        return known
    count = len(transitions.rewards)
    left = question.budget.affordable()
    if left is not None and left < count:
        raise spent_error(f"reward: {count} questions", question.budget)
    question.budget.reserve(count, purpose="label")
    observations, masks = transitions.observations, transitions.action_masks
    return _checked(question.expert, observations, masks, "the expert of a reward")


def _checked(
    policy: Policy, observations: Observations, masks: Mask | None, who: str
) -> FloatArray:
    return checked_answers(policy(observations, masks), masks, row_count(observations), who=who)
