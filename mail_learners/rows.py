"""Observations of any space as rows of numbers, by Gymnasium's own conventions.

`gymnasium.spaces.flatten` says what a row is: numbers one-hot, parts one after the other.
"""

from dataclasses import dataclass
from typing import Any

from gymnasium import spaces

from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_wrappers.flattening import flatten_batch

__all__ = ["FlattenedPolicy", "is_plain"]


def is_plain(space: spaces.Space[Any]) -> bool:
    """Whether observations are arrays that are rows of numbers already, but for their shape."""
    return isinstance(space, spaces.Box | spaces.MultiBinary)


@dataclass(frozen=True)
class FlattenedPolicy:
    """A policy over rows of numbers, asked about observations of any space.

    Attributes:
        policy: asked about `flatten_batch`.
        space: of one observation, without its mask.
    """

    policy: Policy
    space: spaces.Space[Any]

    def __call__(self, observations: Observations, action_masks: Mask | None = None) -> FloatArray:
        """Answer a batch of observations with `(B, A)` probabilities."""
        return self.policy(flatten_batch(self.space, observations), action_masks)
