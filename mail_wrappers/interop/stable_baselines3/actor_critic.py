"""An actor-critic policy that takes its masks from what it observes.

For learners that never pass masks: PPO and A2C, and `imitation`'s behaviour cloning, DAgger, GAIL
and AIRL. sb3-contrib's MaskablePPO asks the environment for them and needs no such policy.
"""

from typing import Any

import torch
from stable_baselines3.common.distributions import Distribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.type_aliases import PyTorchObs

from mail_wrappers.interop.stable_baselines3.masks import (
    FLOOR,
    ObservationOnly,
    action_number,
    split,
)

__all__ = ["MaskedActorCriticPolicy"]


class MaskedActorCriticPolicy(ActorCriticPolicy):
    """stable-baselines3's `ActorCriticPolicy` over legal actions alone.

    The logits of illegal actions are set to a finite floor, so that their probability is exactly 0
    in draws, log-probabilities and entropy. `mail_wrappers.interop.stable_baselines3.masks` says
    where observations carry their masks.

    Args:
        args: as for `ActorCriticPolicy`: observation space, action space, learning-rate schedule.
        kwargs: likewise.

    Raises:
        ShapeError: observations that carry no mask, or actions that are not discrete.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "features_extractor_class" not in kwargs:
            space = args[1] if len(args) > 1 else kwargs["action_space"]
            kwargs["features_extractor_class"] = ObservationOnly
            kwargs["features_extractor_kwargs"] = {"actions": action_number(space)}
        super().__init__(*args, **kwargs)

    def forward(
        self, obs: PyTorchObs, deterministic: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Actions `(B,)`, values `(B, 1)` and log-probabilities `(B,)`."""
        distribution, values = self._both(obs)
        actions = distribution.get_actions(deterministic=deterministic)
        return actions, values, distribution.log_prob(actions)

    def evaluate_actions(
        self, obs: PyTorchObs, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Values `(B, 1)`, log-probabilities `(B,)` of `actions`, and entropies `(B,)`."""
        distribution, values = self._both(obs)
        return values, distribution.log_prob(actions), distribution.entropy()

    def get_distribution(self, obs: PyTorchObs) -> Distribution:
        """The distribution over legal actions."""
        return self._both(obs)[0]

    def _both(self, obs: PyTorchObs) -> tuple[Distribution, torch.Tensor]:
        features = self.extract_features(obs)
        actor, critic = features if isinstance(features, tuple) else (features, features)
        logits = self.action_net(self.mlp_extractor.forward_actor(actor))
        _, legal = split(obs, action_number(self.action_space))
        distribution = self.action_dist.proba_distribution(
            action_logits=logits.masked_fill(~legal, FLOOR)
        )
        return distribution, self.value_net(self.mlp_extractor.forward_critic(critic))
