"""Rewards as choices: a wrapper that pays what a reward source says a transition is worth.

A **reward source** prices transitions, in batches. It is immutable; whoever holds the wrapper
renews it through `PricedReward.renew`. A source that asks experts (`mail_wrappers.imitation`) says
so by `questions`: the wrapper asks them, where each transition begins, before it is played.
"""

from typing import Any, NamedTuple, Protocol, cast, get_args, runtime_checkable

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import (
    BudgetExhaustedError,
    EpisodeOverError,
    InvalidOptionError,
    ShapeError,
)
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_wrappers.advice import ONE, Advice, advice_for
from mail_wrappers.advised import AdvisedWrapper
from mail_wrappers.batches import as_batch, part
from mail_wrappers.budget import QueryBudget
from mail_wrappers.options import array_of, check_word, shown_value
from mail_wrappers.spending import Spent, spent_error
from mail_wrappers.told import Step, check_rows

__all__ = [
    "AsksExperts",
    "PricedReward",
    "Question",
    "RewardSource",
    "Transitions",
    "check_transitions",
    "priced_action",
    "prices_of",
]


class Question(NamedTuple):
    """What a reward source asks about every transition: an expert, charged to a budget."""

    expert: Policy
    budget: QueryBudget


class Transitions(NamedTuple):
    """A batch of what an agent did and what it was paid for it.

    What a source does not need may be missing: None.
    """

    observations: Observations  # (B, ...)
    action_masks: Mask | None  # (B, A)
    actions: NDArray[Any]  # (B,) int64 from 0, or (B, ...) where not discrete
    rewards: FloatArray  # (B,), the environment's own
    next_observations: Observations | None = None  # (B, ...), at the agent's next turn or the end
    terminations: NDArray[np.bool_] | None = None  # (B,)
    truncations: NDArray[np.bool_] | None = None  # (B,)
    answers: tuple[tuple[Question, FloatArray], ...] = ()  # (B, A) each, paid for

    def answer(self, question: Question) -> FloatArray | None:
        """What an expert has already said of the observations, `(B, A)`; None if not asked.

        Raises:
            ShapeError: no question, or `answers` that are no pairs.
        """
        if not isinstance(question, Question):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ShapeError(f"question: expected a Question, came {shown_value(question)}")
        for asked, answer in _answers_of(self.answers):
            if asked.expert is question.expert and asked.budget is question.budget:
                return answer
        return None


class RewardSource(Protocol):
    """An object that prices transitions."""

    @property
    def reprice(self) -> bool:
        """Whether rewards already stored are priced again when a source is renewed."""
        ...

    def price(self, transitions: Transitions, /) -> FloatArray:
        """The reward of each transition, `(B,)`."""
        ...


@runtime_checkable
class AsksExperts(Protocol):
    """A reward source that asks experts about the observations of transitions."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """Whom it asks, and what that is charged to."""
        ...


class PricedReward(AdvisedWrapper):
    """Pay the agent what a reward source says; its own reward stays in `info["reward"]`.

    The action that is priced is the one that this wrapper is given: over `MixedPlay` the learner's
    choice, beneath it what was played.

    Args:
        env: a single-agent environment.
        source: what prices the transitions.
        spent: what a step does where the source's question is not granted. `"error"`: it raises
            `BudgetExhaustedError`; `"truncate"`: it plays nothing, pays 0 and truncates the
            episode, with `info["budget_spent"]` True; so does a step in which an expert inside the
            environment finds its budget spent.

    Raises:
        UnknownNameError: another word than those above.
    """

    def __init__(
        self, env: gymnasium.Env[Any, Any], source: RewardSource, *, spent: Spent = "error"
    ) -> None:
        super().__init__(env, source=source, spent=spent)
        check_word("spent", spent, get_args(Spent))
        self._ask = Askers(env, source)
        self._advices = self._kept = self._ask.kept

    @property
    def source(self) -> RewardSource:
        """What prices the transitions now."""
        return self._ask.source

    def renew(self, source: RewardSource) -> None:
        """Price by another source from the next transition on.

        Raises:
            EpisodeOverError: a source that asks another expert or budget, within an episode.
        """
        self._ask.renew(source)

    def step(self, action: Any) -> Step:
        """Step, and price the transition.

        Raises:
            BudgetExhaustedError: see `spent`.
            EpisodeOverError: a step after an end of this wrapper's making.
        """
        self._check_step()
        if not self._begun:
            raise EpisodeOverError("step: no episode has begun; call reset()")
        before, (answers, unanswered) = self._last, self._ask(ONE)
        if unanswered is not None:
            return self._end(spent_error("reward", unanswered.budget))
        try:
            observation, paid, terminated, truncated, info = self._play(action)
        except BudgetExhaustedError as error:
            return self._end(error)
        seen, mask = part(*before)
        transition = Transitions(
            observations=as_batch(seen),
            action_masks=None if mask is None else mask[None],
            actions=priced_action(action, self.action_space)[None],
            rewards=np.array([paid]),
            next_observations=as_batch(part(observation, info)[0]),
            terminations=np.array([terminated], dtype=np.bool_),
            truncations=np.array([truncated], dtype=np.bool_),
            answers=answers,
        )
        priced = float(prices_of(self._ask.source, transition, 1)[0])
        return observation, priced, terminated, truncated, {**info, "reward": paid}


class Askers:
    """What a reward source asks, through the advice that a stack of wrappers shares.

    Attributes:
        source: for whom it asks now.
        kept: the advice that no wrapper beneath keeps.
    """

    def __init__(self, env: Any, source: RewardSource) -> None:
        self._active = _questions(source)
        self.source: RewardSource = source
        self.kept: tuple[Advice, ...] = ()
        self._pairs: list[tuple[Question, Advice]] = []
        for question in self._active:
            advice, new = advice_for(env, question.expert, question.budget)
            self._pairs.append((question, advice))
            self.kept += new

    def renew(self, source: RewardSource) -> None:
        """Ask for another source; its questions are the same, or it asks none."""
        known = [(id(asked.expert), id(asked.budget)) for asked, _ in self._pairs]
        wanted = _questions(source)
        if any((id(asked.expert), id(asked.budget)) not in known for asked in wanted):
            raise EpisodeOverError(
                "renew: expected a source that asks the same experts on the same budgets, came "
                f"{source!r}; wrap the environment anew"
            )
        self._active, self.source = wanted, source

    def __call__(
        self, rows: NDArray[np.bool_]
    ) -> tuple[tuple[tuple[Question, FloatArray], ...], Question | None]:
        """Ask about rows; the answers `(B, A)`, and the first question not granted everywhere."""
        answers: list[tuple[Question, FloatArray]] = []
        for question in self._active:
            advice = self._advice(question)
            known = advice.ask("distribution", rows, purpose="label")
            if not known[rows].all():
                return (), question
            if rows.any():
                answers.append((question, advice.answers("distribution")))
        return tuple(answers), None

    def _advice(self, question: Question) -> Advice:
        return next(
            advice
            for asked, advice in self._pairs
            if asked.expert is question.expert and asked.budget is question.budget
        )


def priced_action(action: Any, space: gymnasium.Space[Any]) -> NDArray[Any]:
    """Actions as sources take them: where they are discrete int64, counted from 0."""
    if isinstance(space, spaces.Discrete):
        return np.asarray(action, dtype=np.int64) - int(space.start)
    return np.asarray(action)


def prices_of(source: RewardSource, transitions: Transitions, count: int | None) -> FloatArray:
    """What a source pays for transitions, `(B,)`.

    Raises:
        ShapeError: an answer that is not `count` numbers; None for any number of them.
    """
    answer: Any = source.price(transitions)
    prices = array_of(f"prices of {type(source).__name__}", answer)
    if prices.ndim != 1 or count not in (None, len(prices)):
        raise ShapeError(
            f"prices of {type(source).__name__}: expected ({'B' if count is None else count},), "
            f"came {prices.shape}"
        )
    return prices


def check_transitions(transitions: Any, *needed: str) -> None:
    """Refuse transitions without the columns that a source needs, `(B, ...)` each.

    Raises:
        ShapeError: no `Transitions`, a column missing, of another length or kind.
    """
    if not isinstance(transitions, Transitions):
        raise ShapeError(f"transitions: expected Transitions, came {shown_value(transitions)}")
    masks: Any = transitions.action_masks
    optional = () if masks is None else ("action_masks",)
    count: int | None = None
    for name in (*needed, *optional):
        count = check_rows(name, getattr(transitions, name), count)
    fits = isinstance(masks, np.ndarray) and masks.ndim == 2 and masks.dtype.kind in "biuf"
    if masks is not None and not fits:
        raise ShapeError(f"action_masks: expected (B, A), came {shown_value(masks)}")
    if "rewards" in needed and (
        transitions.rewards.ndim != 1 or transitions.rewards.dtype.kind not in "biuf"
    ):
        raise ShapeError(f"rewards: expected (B,), came {shown_value(transitions.rewards)}")


def _answers_of(answers: Any) -> tuple[tuple[Question, FloatArray], ...]:
    pairs = cast("tuple[Any, ...]", answers if isinstance(answers, tuple) else (answers,))
    for pair in pairs:
        asked = pair[0] if isinstance(pair, tuple) and len(cast("Any", pair)) == 2 else None
        if not isinstance(asked, Question):
            raise ShapeError(
                f"answers: expected pairs of a Question and its answer, came {shown_value(answers)}"
            )
    return pairs


def _questions(source: RewardSource) -> tuple[Question, ...]:
    if not callable(getattr(source, "price", None)):
        raise InvalidOptionError(f"source: expected a reward source with price(), came {source!r}")
    return source.questions if isinstance(source, AsksExperts) else ()
