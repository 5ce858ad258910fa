"""An expert's answers where the agents of a stack stand now: each question asked at most once.

Wrappers that ask the same expert on the same budget (`ExpertLabels`, `MixedPlay`, `PricedReward`
with a source that asks) share one `Advice`, which the lowest of them keeps up to date. What one has
asked at a turn the others read for nothing.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any, Literal, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv, VectorWrapper
from numpy.typing import NDArray

from mail_envs.errors import (
    InvalidOptionError,
    InvalidPolicyError,
    MissingTruthError,
    ShapeError,
)
from mail_envs.protocols import FloatArray, Mask, Policy, ScoringExpert
from mail_envs.protocols.asking import check_distributions
from mail_wrappers.batches import as_batch, latest_masks, part, rows_of
from mail_wrappers.budget import QueryBudget
from mail_wrappers.options import array_of, check_text, shown_value
from mail_wrappers.query_log import Purpose

__all__ = ["ONE", "Advice", "Form", "advice_for", "check_asked", "checked_answers"]

Form = Literal["distribution", "action", "scores"]
"""What an expert is asked for: probabilities or scores `(B, A)`, or the action itself."""
Flags = NDArray[np.bool_]
ONE = np.ones(1, dtype=np.bool_)
"""All rows of a single environment."""


class Advice:
    """What an expert says at the present turn of each of B rows.

    Args:
        expert: a policy; for actions that are not discrete, or of an expert that is no policy,
            whatever has stable-baselines3's `predict`, or sb3-contrib's, which takes masks.
        budget: what each question is charged to.
        rows: the number B of environments side by side.
        actions: the action space of one of them.
        agent: whom the questions concern, in the budget's log and costs.
    """

    def __init__(
        self,
        expert: Any,
        budget: QueryBudget,
        *,
        rows: int,
        actions: gymnasium.Space[Any],
        agent: str = "",
    ) -> None:
        self.expert = expert
        self.budget = budget
        self.agent = agent
        self._policy = isinstance(actions, spaces.Discrete) and callable(expert)
        self.first_action: int = int(actions.start) if isinstance(actions, spaces.Discrete) else 0
        self._rows = rows
        self._actions = actions
        self._observations: Any = None
        self._masks: Mask | None = None
        self._seen: Any = None
        self._episode = np.full(rows, -1, dtype=np.int64)
        self._step = np.zeros(rows, dtype=np.int64)
        self._known: dict[str, Flags] = {}
        self._answers: dict[str, NDArray[Any]] = {}

    def opens(self, observations: Any, infos: Any, *, begun: Flags, rows: Flags) -> None:
        """Begin the next turn of some rows: what was answered of them belongs to the last one.

        Args:
            observations: of all rows, `(B, ...)`, in any structure.
            infos: may hold the masks.
            begun: the rows `(B,)` whose episode begins.
            rows: the rows `(B,)` that have a new observation.
        """
        self._observations = observations
        self._seen, masks = part(observations, infos)
        if masks is not None and masks.shape[:1] != (self._rows,):
            raise ShapeError(f"action masks: expected ({self._rows}, A), came {masks.shape}")
        self._masks = latest_masks(self._masks, masks, infos)
        self._episode[begun] += 1
        self._step[rows] += 1
        self._step[begun] = 0
        for form, known in self._known.items():
            known[rows] = False
            self._answers[form][rows] = 0

    def opens_one(self, observation: Any, info: dict[str, Any], *, begun: bool) -> None:
        """Begin the next turn of a single environment; arguments as of `opens`."""
        mask = info.get("action_mask")
        infos = {} if mask is None else {"action_mask": array_of("action mask", mask)[None]}
        self.opens(as_batch(observation), infos, begun=np.array([begun]), rows=ONE)

    def known(self, form: Form) -> Flags:
        """The rows `(B,)` that have been answered at this turn."""
        known = self._known.get(self._told_by(form))
        return np.zeros(self._rows, dtype=np.bool_) if known is None else known.copy()

    def within_reach(self, form: Form) -> bool:
        """Whether every row is answered, or the budget affords one more question."""
        return bool(self.known(form).all()) or self.budget.affordable(agent=self.agent) != 0

    def ask(self, form: Form, rows: Flags, *, purpose: Purpose) -> Flags:
        """Ask about those of `rows` that are unanswered, the lowest first, as many as are granted.

        Returns:
            The rows of `rows` that are answered now, `(B,)`.

        Raises:
            MissingTruthError: scores of an expert that is no `ScoringExpert`, or a distribution of
                one that is no policy over discrete actions; nothing is charged.
            InvalidPolicyError, ShapeError: an answer that is no distribution over legal actions.
        """
        told_by = self._told_by(form)
        known = self.known(form)
        wanted = np.flatnonzero(rows & ~known)
        if not len(wanted):
            return rows & known
        asker = self._asker(told_by)
        granted = self.budget.reserve(
            len(wanted),
            agent=self.agent,
            episode=self._episode[wanted].tolist(),
            step=self._step[wanted].tolist(),
            purpose=purpose,
        )
        asked = wanted[:granted]
        if granted:
            self._keep(told_by, asked, asker(asked))
        return rows & self.known(form)

    def answers(self, form: Form) -> NDArray[Any]:
        """A copy of the answers `(B, ...)`; of rows that are not `known`, zeros."""
        told = self._answers.get(self._told_by(form))
        if told is None:
            return self._unanswered(form)
        if form == "action" and self._policy:
            return told.argmax(axis=1) + self.first_action
        return told.copy()

    def _unanswered(self, form: Form) -> NDArray[Any]:
        """Zeros where nobody has been asked yet."""
        space = self._actions
        if form != "action" and isinstance(space, spaces.Discrete):
            return np.zeros((self._rows, int(space.n)))
        return np.zeros((self._rows, *(space.shape or ())), dtype=space.dtype)

    def _told_by(self, form: Form) -> Form:
        """The answer that holds another: a policy's most probable action is in its distribution."""
        return "distribution" if form == "action" and self._policy else form

    def _asker(self, form: Form) -> Callable[[NDArray[np.int64]], NDArray[Any]]:
        if form == "action":
            if not hasattr(self.expert, "predict"):
                raise MissingTruthError(
                    f"the expert: expected predict() for its actions, came {self.expert!r}"
                )
            return self._predicted
        if form == "scores":
            if not isinstance(self.expert, ScoringExpert):
                raise MissingTruthError(
                    f"the expert: expected scores_of() for its scores, came {self.expert!r}"
                )
            return self._scores
        if not self._policy:
            raise MissingTruthError(
                f"the expert: expected a policy over discrete actions for its distribution, came "
                f"{self.expert!r}; ask for its action"
            )
        return self._distributions

    def _distributions(self, rows: NDArray[np.int64]) -> FloatArray:
        masks = None if self._masks is None else self._masks[rows]
        answer = cast("Policy", self.expert)(rows_of(self._seen, rows), masks)
        return checked_answers(answer, masks, len(rows), who="the expert's label")

    def _scores(self, rows: NDArray[np.int64]) -> FloatArray:
        masks = None if self._masks is None else self._masks[rows]
        scores = cast("ScoringExpert", self.expert).scores_of(rows_of(self._seen, rows), masks)
        answer = array_of("the expert's scores", scores).astype(np.float64)
        if answer.ndim != 2 or len(answer) != len(rows):
            raise ShapeError(f"the expert's scores: expected ({len(rows)}, A), came {answer.shape}")
        return answer

    def _predicted(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        predict, masks = self.expert.predict, self._masks
        masked = masks is not None and "action_masks" in signature(predict).parameters
        options = {"action_masks": cast("Mask", masks)[rows]} if masked else {}
        told: Any = predict(rows_of(self._observations, rows), deterministic=True, **options)
        if not isinstance(told, tuple) or len(cast("tuple[Any, ...]", told)) != 2:
            raise InvalidPolicyError(
                f"the expert's predict: expected a pair (actions, state), came {shown_value(told)}"
            )
        answer = array_of("the expert's actions", told[0])
        if len(np.atleast_1d(answer)) != len(rows):
            raise ShapeError(
                f"the expert's actions: expected {len(rows)}, one a row, came {answer.shape}"
            )
        return answer

    def _keep(self, form: Form, rows: NDArray[np.int64], answer: NDArray[Any]) -> None:
        if form not in self._answers:
            self._answers[form] = np.zeros((self._rows, *answer.shape[1:]), dtype=answer.dtype)
            self._known[form] = np.zeros(self._rows, dtype=np.bool_)
        self._answers[form][rows] = answer
        self._known[form][rows] = True


def advice_for(
    env: gymnasium.Env[Any, Any] | VectorEnv[Any, Any, Any],
    expert: Any,
    budget: QueryBudget | Any,
    *,
    agent: str | None = None,
) -> tuple[Advice, tuple[Advice, ...]]:
    """The advice of `expert` on `budget` that a wrapper beneath keeps, or a new one.

    Returns:
        The advice, and once more if it is new: whoever made it keeps it up to date.

    Raises:
        InvalidOptionError: no budget, or no expert.
    """
    check_asked(expert, budget)
    if agent is not None:
        check_text("agent", agent)
    beneath: Any = env
    while isinstance(beneath, gymnasium.Wrapper | VectorWrapper):
        for advice in getattr(beneath, "advices", ()):
            if advice.expert is expert and advice.budget is budget:
                return advice, ()
        beneath = beneath.env
    vector = isinstance(env, VectorEnv)
    rows = env.num_envs if vector else 1
    actions = env.single_action_space if vector else env.action_space
    name = _agent_of(env) if agent is None else agent
    advice = Advice(expert, budget, rows=rows, actions=actions, agent=name)
    return advice, (advice,)


def check_asked(expert: object, budget: object) -> None:
    """Refuse what cannot be asked, or nothing to charge questions to.

    Raises:
        InvalidOptionError: no budget, or no expert.
    """
    if not isinstance(budget, QueryBudget):
        raise InvalidOptionError(f"budget: expected a QueryBudget, came {shown_value(budget)}")
    if not callable(expert) and not callable(getattr(expert, "predict", None)):
        raise InvalidOptionError(
            f"expert: expected a policy, or what has predict(), came {shown_value(expert)}"
        )


def checked_answers(answer: Any, masks: Mask | None, count: int, *, who: str) -> FloatArray:
    """A policy's answers about `count` observations, `(B, A)`; without masks all is legal.

    Raises:
        InvalidPolicyError, ShapeError: answers that are no distributions over legal actions.
    """
    if masks is None:
        table = array_of(who, answer)
        masks = np.ones((count, *table.shape[-1:]), dtype=np.int8)
    if masks.ndim != 2:
        raise ShapeError(f"{who}: expected probabilities ({count}, A), came {shown_value(answer)}")
    return check_distributions(answer, masks, who=who)


def _agent_of(env: Any) -> str:
    """Whose view an environment is, or each of a batch; "" where it does not say."""
    one = next(iter(getattr(env.unwrapped, "envs", ())), env)
    return str(getattr(one.unwrapped, "agent", ""))
