"""The expert's labels beside an agent's own observations, within a query budget."""

from typing import Any

import gymnasium
import numpy as np

from mail_envs.errors import BudgetExhaustedError, EpisodeOverError
from mail_envs.protocols import FloatArray, Mask, Policy
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
        self._mask: Mask | None = None
        self._over = True

    def label(self) -> FloatArray:
        """Ask the expert about the current observation: `(A,)` probabilities; one query.

        Raises:
            EpisodeOverError: no turn of the agent to ask about; nothing is charged.
            BudgetExhaustedError: no question is left.
            InvalidPolicyError, ShapeError: an answer that is no distribution over legal actions.
        """
        if self._over:
            raise EpisodeOverError("label: the episode is over or has not begun; call reset()")
        if not self._budget.reserve(1):
            raise BudgetExhaustedError(
                f"label: expected a question left, all {self._budget.limit} are spent"
            )
        seen, _ = split_observation(self._observation)
        mask = self._mask
        answer = self._expert(seen[None], None if mask is None else mask[None])
        legal = np.ones(np.shape(answer), dtype=np.int8) if mask is None else mask[None]
        return check_distributions(answer, legal, who="the expert's label")[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._keep(observation, info, over=False)
        return observation, self._labelled(info)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step; with `every_step` the answer about the next observation comes in `info`."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._keep(observation, info, over=terminated or truncated)
        return observation, float(reward), terminated, truncated, self._labelled(info)

    def _keep(self, observation: Any, info: dict[str, Any], *, over: bool) -> None:
        """Keep what a label would be asked about; the mask may stand in the observation or info."""
        _, mask = split_observation(observation)
        self._observation, self._over = observation, over
        self._mask = info.get("action_mask") if mask is None else mask

    def _labelled(self, info: dict[str, Any]) -> dict[str, Any]:
        if self._over or not self._every_step:
            return info
        return {**info, "expert_distribution": self.label()}
