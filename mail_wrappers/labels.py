"""The expert's labels beside an agent's own observations, within a query budget."""

from typing import Any

import gymnasium

from mail_envs.errors import BudgetExhaustedError
from mail_envs.protocols import FloatArray, Policy
from mail_envs.protocols.asking import check_distributions, split_observation
from mail_wrappers.budget import QueryBudget

__all__ = ["ExpertLabels"]


class ExpertLabels(gymnasium.Wrapper[Any, Any, Any, Any]):
    """What the expert would play where the agent stands, asked on demand or at every step.

    Args:
        env: a single-agent environment with discrete actions.
        expert: whom to ask; a policy.
        budget: what each question is charged to.
        every_step: ask at every observation and put the answer, `(A,)` probabilities, into
            `info["expert_distribution"]`; otherwise only `label()` asks.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        expert: Policy,
        budget: QueryBudget,
        *,
        every_step: bool = False,
    ) -> None:
        super().__init__(env)
        self._expert = expert
        self._budget = budget
        self._every_step = every_step
        self._observation: Any = None

    def label(self) -> FloatArray:
        """Ask the expert about the current observation: `(A,)` probabilities; one query.

        Raises:
            BudgetExhaustedError: no question is left.
        """
        if not self._budget.reserve(1):
            raise BudgetExhaustedError(
                f"label: expected a question left, all {self._budget.limit} are spent"
            )
        seen, mask = split_observation(self._observation)
        masks = None if mask is None else mask[None]
        answer = self._expert(seen[None], masks)
        if masks is None:
            return answer[0]
        return check_distributions(answer, masks, who="the expert's label")[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        self._observation, info = self.env.reset(seed=seed, options=options)
        return self._observation, self._labelled(info)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step; with `every_step` the answer about the next observation comes in `info`."""
        self._observation, reward, terminated, truncated, info = self.env.step(action)
        if not (terminated or truncated):
            info = self._labelled(info)
        return self._observation, float(reward), terminated, truncated, info

    def _labelled(self, info: dict[str, Any]) -> dict[str, Any]:
        return {**info, "expert_distribution": self.label()} if self._every_step else info
