"""The expert's labels beside an agent's own observations, within a query budget."""

from typing import Any, Literal, get_args

import gymnasium
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from mail_envs.errors import BudgetExhaustedError, EpisodeOverError
from mail_wrappers.advice import ONE, Advice, Form, advice_for
from mail_wrappers.batches import forwarded_masks
from mail_wrappers.budget import QueryBudget
from mail_wrappers.options import check_environment, check_word
from mail_wrappers.spending import Spent, cut_short, spent_error
from mail_wrappers.told import check_info, reward_of

__all__ = ["ExpertLabels", "When"]

When = Literal["demand", "every_step"]
"""Whether labels are asked for on demand or at every step."""


class ExpertLabels(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
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
        check_environment(env)
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            expert=expert,
            budget=budget,
            when=when,
            kind=kind,
            spent=spent,
            agent=agent,
        )
        gymnasium.Wrapper.__init__(self, env)
        check_word("when", when, get_args(When))
        check_word("kind", kind, get_args(Form))
        check_word("spent", spent, get_args(Spent))
        self._advice, self._keeps = advice_for(env, expert, budget, agent=agent)
        self._every_step = when == "every_step"
        self._kind: Form = kind
        self._truncates = spent == "truncate"
        self._last: tuple[Any, dict[str, Any]] = (None, {})
        self._over = True
        self._spent = False

    @property
    def advices(self) -> tuple[Advice, ...]:
        """The expert's answers at the present turn."""
        return (self._advice,)

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

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(A,)` bool, as the environment beneath tells them."""
        return forwarded_masks(self.env)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        info = self._arrive(observation, info, over=False, begun=True)
        return observation, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step; with `when="every_step"` the answer about the next observation comes in `info`.

        Raises:
            EpisodeOverError: a step after an end of this wrapper's making.
            BudgetExhaustedError: see `spent`.
        """
        if self._spent:
            if self._over:
                raise EpisodeOverError("step: the budget ended the episode; call reset()")
            return self._cut()
        try:
            observation, reward, terminated, truncated, info = self.env.step(action)
        except BudgetExhaustedError:
            if not self._truncates:
                raise
            return self._cut()
        paid = reward_of(reward, "the agent")
        info = self._arrive(observation, info, over=terminated or truncated, begun=False)
        if self._spent:
            self._over = truncated = True
        return observation, paid, terminated, truncated, info

    def _arrive(
        self, observation: Any, info: dict[str, Any], *, over: bool, begun: bool
    ) -> dict[str, Any]:
        """Take the next turn in; the info with what there is to tell of it."""
        check_info(info, "the agent")
        self._over, self._spent = over, False
        self._last = observation, info
        if self._keeps:
            self._advice.opens_one(observation, info, begun=begun)
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

    def _cut(self) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._over = self._spent = True
        return cut_short(*self._last)
