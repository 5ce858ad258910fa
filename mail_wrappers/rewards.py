"""Rewards as choices: a wrapper that pays what a reward source says a transition is worth.

A **reward source** prices transitions, in batches. It is immutable; whoever holds the wrapper
renews it through `PricedReward.renew`.
"""

from typing import Any, NamedTuple, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray

from mail_envs.protocols import FloatArray, Mask, Observations
from mail_envs.protocols.asking import split_observation

__all__ = ["PricedReward", "RewardSource", "Transitions"]


class Transitions(NamedTuple):
    """A batch of what an agent did and what it was paid for it."""

    observations: Observations  # (B, ...)
    action_masks: Mask | None  # (B, A)
    actions: NDArray[np.int64]  # (B,)
    rewards: FloatArray  # (B,), the environment's own


class RewardSource(Protocol):
    """An object that prices transitions."""

    @property
    def reprice(self) -> bool:
        """Whether rewards already stored are priced again when a source is renewed."""
        ...

    def price(self, transitions: Transitions, /) -> FloatArray:
        """The reward of each transition, `(B,)`."""
        ...


class PricedReward(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Pay the agent what a reward source says; its own reward stays in `info["reward"]`.

    Args:
        env: a single-agent environment with discrete actions.
        source: what prices the transitions.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], source: RewardSource) -> None:
        super().__init__(env)
        self._source = source
        self._observation: Any = None

    @property
    def source(self) -> RewardSource:
        """What prices the transitions now."""
        return self._source

    def renew(self, source: RewardSource) -> None:
        """Price by another source from the next transition on."""
        self._source = source

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        self._observation, info = self.env.reset(seed=seed, options=options)
        return self._observation, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step, and price the transition."""
        before = self._observation
        self._observation, reward, terminated, truncated, info = self.env.step(action)
        seen, mask = split_observation(before)
        transition = Transitions(
            observations=seen[None],
            action_masks=None if mask is None else mask[None],
            actions=np.array([action], dtype=np.int64),
            rewards=np.array([reward], dtype=np.float64),
        )
        priced = float(self._source.price(transition)[0])
        info = {**info, "reward": float(reward)}
        return self._observation, priced, terminated, truncated, info
