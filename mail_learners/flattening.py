"""Observations of any space as rows of numbers, by Gymnasium's own conventions.

A batch of observations is what Gymnasium's vector environments make of them: one array with a
leading axis for arrays and numbers, a dictionary or tuple of such arrays for compound spaces.
`gymnasium.spaces.flatten` says what a row is: numbers one-hot, parts one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from gymnasium import spaces

from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_wrappers.flattening import flatten_batch

__all__ = ["FlattenedPolicy", "batched", "empty", "is_plain", "seen_of", "seen_space"]

Space: TypeAlias = spaces.Space[Any]
MASK = "action_mask"


def seen_space(space: Space) -> Space:
    """The space of what a policy sees: without the mask that may stand beside it."""
    if not isinstance(space, spaces.Dict):
        return space
    if "observation" in space.spaces:
        return space["observation"]
    return spaces.Dict({name: part for name, part in space.items() if name != MASK})


def seen_of(observation: Any, info: Mapping[str, Any]) -> tuple[Any, Any]:  # noqa: ANN401
    """What a policy sees of an observation, and the mask that stands in it or in the info."""
    if not isinstance(observation, Mapping):
        return observation, info.get(MASK)
    mask = observation.get(MASK, info.get(MASK))
    if "observation" in observation:
        return observation["observation"], mask
    return {name: part for name, part in observation.items() if name != MASK}, mask


def is_plain(space: Space) -> bool:
    """Whether observations are arrays that are rows of numbers already, but for their shape."""
    return isinstance(space, spaces.Box | spaces.MultiBinary)


def batched(space: Space, observations: Sequence[Any]) -> Any:  # noqa: ANN401 - as the space has it
    """A batch of single observations."""
    if isinstance(space, spaces.Dict):
        return {
            name: batched(part, [each[name] for each in observations])
            for name, part in space.spaces.items()
        }
    if isinstance(space, spaces.Tuple):
        parts = zip(*observations, strict=True)
        return tuple(map(batched, space.spaces, map(list, parts)))
    return np.stack([np.asarray(each) for each in observations])


def empty(space: Space) -> Any:  # noqa: ANN401 - likewise
    """A batch of no observations."""
    if isinstance(space, spaces.Dict):
        return {name: empty(part) for name, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(map(empty, space.spaces))
    return np.empty((0, *(space.shape or ())), dtype=space.dtype)


@dataclass(frozen=True)
class FlattenedPolicy:
    """A policy over rows of numbers, asked about observations of any space.

    Attributes:
        policy: asked about `flatten_batch`.
        space: of one observation, without its mask.
    """

    policy: Policy
    space: Space

    def __call__(self, observations: Observations, action_masks: Mask | None = None) -> FloatArray:
        """Answer a batch of observations with `(B, A)` probabilities."""
        return self.policy(flatten_batch(self.space, observations), action_masks)
