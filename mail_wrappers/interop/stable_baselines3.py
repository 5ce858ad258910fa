"""stable-baselines3: a masked DQN policy, and a replay buffer that prices what it hands out.

`MaskedDQNPolicy` goes wherever DQN takes a policy. Illegal actions get a finite floor instead of a
value, so that greedy choice, exploration and bootstrap targets range over legal actions alone and
nothing becomes NaN at an episode's end. Observations are dictionaries with `observation` and
`action_mask`, as `mail_wrappers.SingleAgentEnv` and `gymnasium.make("mail_envs/...")` give them.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.buffers import DictReplayBuffer
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, create_mlp
from stable_baselines3.common.type_aliases import DictReplayBufferSamples, PyTorchObs
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import nn

from mail_wrappers.rewards import Transitions

__all__ = [
    "FLOOR",
    "LateFusionQNetwork",
    "MaskedDQNPolicy",
    "ObservationOnly",
    "RepricedReplayBuffer",
]

FLOOR = -1e6
"""The value of an illegal action: finite, and below any that a bounded reward can bring about."""

TensorDict = dict[str, torch.Tensor]
Bonus = Callable[[NDArray[Any]], NDArray[np.float64]]
"""From observations `(B, ...)` to what each action is worth beforehand, `(B, A)`."""


class ObservationOnly(BaseFeaturesExtractor):
    """The `observation` entry, flattened to float32; the mask is no input of the network."""

    def __init__(self, observation_space: spaces.Dict) -> None:
        super().__init__(observation_space, spaces.flatdim(observation_space["observation"]))

    def forward(self, observations: TensorDict) -> torch.Tensor:
        """Flatten `(B, ...)` to `(B, features)`."""
        return observations["observation"].float().flatten(start_dim=1)


class LateFusionQNetwork(QNetwork):
    """Q(s, a) = b(s, a) + w · ψ(s, a), with the action entering at the last hidden layer.

    ψ(s, a) = ReLU(U h(s) + v_a) is the penultimate layer, a feature map of state-action pairs; h is
    a ReLU network. b is a bonus known before the action is taken, as in LSVI-UCB (arXiv 2602.22810,
    its linear explorer): the network has only to learn what follows. Without one, b = 0.
    """

    def __init__(
        self, *args: Any, temperature: float = 0.0, bonus: Bonus | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        actions = int(self.action_space.n)
        *trunk, width = self.net_arch
        layers = create_mlp(self.features_dim, -1, trunk, self.activation_fn)
        self.q_net = nn.Sequential(*layers)
        self.state_part = nn.Linear(trunk[-1] if trunk else self.features_dim, width)
        self.action_part = nn.Parameter(torch.empty(actions, width))
        nn.init.normal_(self.action_part, std=width**-0.5)
        self.value = nn.Linear(width, 1)
        self.temperature = temperature
        self.bonus = bonus

    def penultimate(self, obs: TensorDict) -> torch.Tensor:
        """ψ(s, a) of every action, `(B, A, width)`."""
        hidden = self.q_net(self.extract_features(obs, self.features_extractor))
        return torch.relu(self.state_part(hidden)[:, None, :] + self.action_part)

    def forward(self, obs: PyTorchObs) -> torch.Tensor:
        """The value of every action, `(B, A)`, `FLOOR` where illegal."""
        parts = cast("TensorDict", obs)
        values = self.value(self.penultimate(parts)).squeeze(-1)
        if self.bonus is not None:
            known = self.bonus(parts["observation"].cpu().numpy().astype(np.int8))
            values = values + torch.as_tensor(known, dtype=values.dtype, device=values.device)
        return values.masked_fill(parts["action_mask"] == 0, FLOOR)

    def _predict(self, observation: PyTorchObs, deterministic: bool = True) -> torch.Tensor:
        values = self(observation)
        if deterministic or self.temperature == 0:
            return values.argmax(dim=1)
        chances = torch.softmax(values / self.temperature, dim=1)
        return torch.multinomial(chances, num_samples=1).squeeze(1)


class MaskedDQNPolicy(DQNPolicy):
    """DQN over legal actions alone: masked greedy choice, exploration and targets.

    Explore by the temperature, with `exploration_initial_eps=0` and `exploration_final_eps=0`:
    DQN's own random moves, drawn outside the policy, know no mask.

    Args:
        temperature: of the softmax over values by which `predict(deterministic=False)` draws; 0
            for the greedy action.
        bonus: see `LateFusionQNetwork`.
        args: as for stable-baselines3's `DQNPolicy`.
        kwargs: likewise; `net_arch` lists at least the width of ψ.
    """

    def __init__(
        self, *args: Any, temperature: float = 0.0, bonus: Bonus | None = None, **kwargs: Any
    ) -> None:
        self._temperature = temperature
        self._bonus = bonus
        kwargs.setdefault("features_extractor_class", ObservationOnly)
        super().__init__(*args, **kwargs)

    def make_q_net(self) -> LateFusionQNetwork:
        """Make the network or its target twin."""
        arguments = self._update_features_extractor(self.net_args, features_extractor=None)
        network = LateFusionQNetwork(**arguments, temperature=self._temperature, bonus=self._bonus)
        return network.to(self.device)


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
            observations=observations["observation"].cpu().numpy().astype(np.int8),
            action_masks=observations["action_mask"].cpu().numpy().astype(np.int8),
            actions=samples.actions.cpu().numpy()[:, 0].astype(np.int64),
            rewards=samples.rewards.cpu().numpy()[:, 0].astype(np.float64),
        )
        rewards = torch.as_tensor(self._price(transitions), dtype=samples.rewards.dtype)
        return samples._replace(rewards=rewards[:, None].to(samples.rewards.device))
