"""Where the action masks of observations stand, and what an illegal action is worth.

Two forms of observation carry their mask: dictionaries with `observation` and `action_mask`, as
`mail_wrappers.SingleAgentEnv` and `gymnasium.make("mail_envs/...")` give them, and flat vectors
whose last A entries are the mask, A the number of actions, for libraries that refuse dictionaries.
"""

from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import PyTorchObs

from mail_envs.errors import ShapeError

__all__ = [
    "FLOOR",
    "ObservationOnly",
    "action_number",
    "check_masked",
    "random_legal",
    "seen_of",
    "split",
]

FLOOR = -1e6
"""The value or logit of an illegal action: finite, and below any that learning can bring about."""


def action_number(space: spaces.Space[Any]) -> int:
    """The number A of actions.

    Raises:
        ShapeError: an action space that is not Discrete, or does not start at 0.
    """
    if not isinstance(space, spaces.Discrete) or space.start != 0:
        raise ShapeError(f"action space: expected Discrete, from 0 on, for masks, came {space}")
    return int(space.n)


def check_masked(space: spaces.Space[Any], actions: int) -> None:
    """Check that observations of `space` carry the mask of `actions` actions, in either form.

    Raises:
        ShapeError: they do not.
    """
    if isinstance(space, spaces.Dict):
        entries = space.spaces
        mask = entries.get("action_mask")
        if "observation" in entries and mask is not None and mask.shape == (actions,):
            return
    elif isinstance(space, spaces.Box) and len(space.shape) == 1 and space.shape[0] > actions:
        low, high = space.low[-actions:], space.high[-actions:]
        if (low == 0).all() and (high == 1).all():
            return
    raise ShapeError(
        f"observation space: expected a Dict with 'observation' and 'action_mask' of {actions} "
        f"actions, or a flat Box whose last {actions} entries, from 0 to 1, are the mask, came "
        f"{space}; see mail_wrappers.FlatObservation"
    )


def split(observations: PyTorchObs, actions: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Split a batch into what was seen, `(B, ...)`, and whether actions are legal, `(B, A)` bool.

    Args:
        observations: a dictionary of tensors, or flat `(B, features + A)`.
        actions: the number A of actions.
    """
    mask = observations if isinstance(observations, torch.Tensor) else observations["action_mask"]
    return seen_of(observations, actions), mask[:, -actions:] != 0


def seen_of(observations: PyTorchObs, actions: int) -> torch.Tensor:
    """What was seen, `(B, ...)`, without the mask; arguments as in `split`."""
    if isinstance(observations, torch.Tensor):
        return observations[:, :-actions]
    return observations["observation"]


def random_legal(legal: torch.Tensor) -> torch.Tensor:
    """Draw uniformly among the legal actions of each row: `(B, A)` → `(B,)`."""
    return torch.multinomial(legal.float(), num_samples=1).squeeze(1)


class ObservationOnly(BaseFeaturesExtractor):
    """What was seen, flattened to float32; the mask is no input of the network.

    Args:
        observation_space: of either form.
        actions: the number A of actions.

    Raises:
        ShapeError: observations that carry no mask of as many actions.
    """

    def __init__(self, observation_space: spaces.Space[Any], actions: int) -> None:
        check_masked(observation_space, actions)
        if isinstance(observation_space, spaces.Dict):
            features = spaces.flatdim(observation_space["observation"])
        else:
            features = spaces.flatdim(observation_space) - actions
        super().__init__(observation_space, features)
        self._actions = actions

    def forward(self, observations: PyTorchObs) -> torch.Tensor:
        """Flatten `(B, ...)` to `(B, features)`."""
        return seen_of(observations, self._actions).float().flatten(start_dim=1)
