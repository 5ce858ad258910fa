"""The expert's labels beside an agent's own observations, within a query budget."""

from typing import Any, Literal, get_args

import gymnasium
from numpy.typing import NDArray

from mail_envs.errors import BudgetExhaustedError, EpisodeOverError
from mail_wrappers.advice import ONE, Form, advice_for
from mail_wrappers.advised import AdvisedWrapper
from mail_wrappers.budget import QueryBudget
from mail_wrappers.options import check_word
from mail_wrappers.spending import Spent, spent_error
from mail_wrappers.told import Step

__all__ = ["ExpertLabels", "When"]

When = Literal["demand", "every_step"]
"""Whether labels are asked for on demand or at every step."""


class ExpertLabels(AdvisedWrapper):
    """What the expert would play where the agent stands, asked on demand or at every step.

    No state is asked about twice: what has been answered at a turn is remembered until the next,
    also for other wrappers over this one with the same expert and budget (`mail_wrappers.advice`).

    Args:
        env: a single-agent environment.
        expert: whom to ask: a policy, where actions are discrete; otherwise whatever has
            stable-baselines3's `predict`, with `kind="action"`. For `"scores"`, a `ScoringExpert`.
        budget: what each question is charged to.
        when: `"every_step"`: ask at every observation of a turn, and put the answer into `info`;
            `"demand"`: only `label()` asks.
        kind: what is asked: `"distribution"` `(A,)` probabilities, `info["expert_distribution"]`;
            `"action"`, the most probable one (the lowest index among equals) or what `predict`
            says, `info["expert_action"]`; `"scores"` `(A,)`, `info["expert_scores"]`.
        spent: what a question does that the budget does not grant. `"error"`: it raises
            `BudgetExhaustedError`. `"truncate"`: the step that arrives where the budget affords no
            question truncates the episode, with `info["budget_spent"]` True and no label; so does a
            step in which an expert inside the environment finds its budget spent. An episode begun
            with nothing left is truncated by its first step, which plays nothing.
        agent: whom the questions concern, in the budget's log and costs; None for the view's agent.

    Raises:
        UnknownNameError: another word than those above.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        expert: Any,
        budget: QueryBudget,
        *,
        when: When = "demand",
        kind: Form = "distribution",
        spent: Spent = "error",
        agent: str | None = None,
    ) -> None:
        super().__init__(
            env, expert=expert, budget=budget, when=when, kind=kind, spent=spent, agent=agent
        )
        check_word("when", when, get_args(When))
        check_word("kind", kind, get_args(Form))
        check_word("spent", spent, get_args(Spent))
        self._advice, self._kept = advice_for(env, expert, budget, agent=agent)
        self._advices = (self._advice,)
        self._every_step = when == "every_step"
        self._kind: Form = kind
        self._over = True
        self._spent = False

    def label(self) -> NDArray[Any]:
        """What the expert says of the current observation, in the wrapper's `kind`; one query.

        Asked again at the same turn it costs nothing.

        Raises:
            EpisodeOverError: no turn of the agent to ask about; nothing is charged.
            BudgetExhaustedError: no question is left.
            InvalidPolicyError, ShapeError: an answer that is no distribution over legal actions.
            MissingTruthError: an expert that does not answer in this kind.
        """
        if self._over:
            raise EpisodeOverError("label: the episode is over or has not begun; call reset()")
        if not self._advice.ask(self._kind, ONE, purpose="label")[0]:
            raise spent_error("label", self._advice.budget)
        return self._advice.answers(self._kind)[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = super().reset(seed=seed, options=options)
        return observation, self._told(info, over=False)

    def step(self, action: Any) -> Step:
        """Step; with `when="every_step"` the answer about the next observation comes in `info`.

        Raises:
            EpisodeOverError: a step after an end of this wrapper's making.
            BudgetExhaustedError: see `spent`.
        """
        self._check_step()
        if self._spent:
            return self._unplayed(spent_error("label", self._advice.budget))
        try:
            observation, paid, terminated, truncated, info = self._play(action)
        except BudgetExhaustedError as error:
            return self._unplayed(error)
        info = self._told(info, over=terminated or truncated)
        if self._spent:
            self._over = self._cut = truncated = True
        return observation, paid, terminated, truncated, info

    def _told(self, info: dict[str, Any], *, over: bool) -> dict[str, Any]:
        """Ask what is due at this turn; the info with what there is to tell of it."""
        self._over, self._spent = over, False
        if over:
            return info
        if self._every_step:
            if self._advice.ask(self._kind, ONE, purpose="label")[0]:
                return {**info, f"expert_{self._kind}": self._advice.answers(self._kind)[0]}
            if not self._truncates:
                raise spent_error("label", self._advice.budget)
            self._spent = True
        else:
            self._spent = self._truncates and not self._advice.within_reach(self._kind)
        return {**info, "budget_spent": True} if self._spent else info

    def _unplayed(self, error: BudgetExhaustedError) -> Step:
        step = self._end(error)
        self._over = True
        return step
