"""A replay buffer that prices what it hands out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.buffers import DictReplayBuffer
from stable_baselines3.common.type_aliases import DictReplayBufferSamples

from mail_wrappers.rewards import Transitions

__all__ = ["RepricedReplayBuffer"]


class RepricedReplayBuffer(DictReplayBuffer):
    """A replay buffer whose rewards are priced when they are sampled, not when they are stored.

    Args:
        price: from transitions to rewards, `(B,)`; None to hand out what was stored.
        args: as for stable-baselines3's `DictReplayBuffer`.
        kwargs: likewise.
    """

    def __init__(
        self,
        *args: Any,
        price: Callable[[Transitions], NDArray[np.float64]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._price = price
        self._seen_kind = self.observations["observation"].dtype

    def transitions(self, start: int = 0) -> Transitions:
        """What has been stored from place `start` on, in order; needs a buffer not yet full."""
        rows = slice(start, self.pos)
        return Transitions(
            observations=self.observations["observation"][rows, 0],
            action_masks=self.observations["action_mask"][rows, 0],
            actions=self.actions[rows, 0, 0].astype(np.int64),
            rewards=self.rewards[rows, 0].astype(np.float64),
        )

    def _get_samples(self, batch_inds: NDArray[Any], env: Any = None) -> DictReplayBufferSamples:
        samples = super()._get_samples(batch_inds, env)
        if self._price is None:
            return samples
        observations = samples.observations
        transitions = Transitions(
            observations=observations["observation"].cpu().numpy().astype(self._seen_kind),
            action_masks=observations["action_mask"].cpu().numpy().astype(np.int8),
            actions=samples.actions.cpu().numpy()[:, 0].astype(np.int64),
            rewards=samples.rewards.cpu().numpy()[:, 0].astype(np.float64),
        )
        rewards = torch.as_tensor(self._price(transitions), dtype=samples.rewards.dtype)
        return samples._replace(rewards=rewards[:, None].to(samples.rewards.device))
