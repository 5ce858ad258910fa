"""DQN over legal actions alone: a masked policy, and a learner whose random moves are masked too.

`MaskedDQNPolicy` goes wherever DQN takes a policy. Illegal actions get a finite floor instead of a
value, so that greedy choice, exploration and bootstrap targets range over legal actions alone and
nothing becomes NaN at an episode's end. `mail_wrappers.interop.stable_baselines3.masks` says where
observations carry their masks.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.torch_layers import create_mlp
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import nn

from mail_wrappers.interop.stable_baselines3.masks import (
    FLOOR,
    ObservationOnly,
    action_number,
    random_legal,
    split,
)

__all__ = ["LateFusionQNetwork", "MaskedDQN", "MaskedDQNPolicy"]

Bonus = Callable[[NDArray[Any]], NDArray[np.float64]]
"""From observations `(B, ...)` to what each action is worth beforehand, `(B, A)`."""


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
        self.q_net: nn.Sequential = nn.Sequential(*layers)
        self.state_part: nn.Linear = nn.Linear(trunk[-1] if trunk else self.features_dim, width)
        self.action_part: nn.Parameter = nn.Parameter(torch.empty(actions, width))
        nn.init.normal_(self.action_part, std=width**-0.5)
        self.value: nn.Linear = nn.Linear(width, 1)
        self.temperature = temperature
        self.bonus = bonus
        space = self.observation_space
        seen = space["observation"] if isinstance(space, spaces.Dict) else space
        self.seen_type: np.dtype[Any] | None = seen.dtype

    def penultimate(self, obs: PyTorchObs) -> torch.Tensor:
        """ψ(s, a) of every action, `(B, A, width)`."""
        hidden = self.q_net(self.extract_features(obs, self.features_extractor))
        return torch.relu(self.state_part(hidden)[:, None, :] + self.action_part)

    def forward(self, obs: PyTorchObs) -> torch.Tensor:
        """The value of every action, `(B, A)`, `FLOOR` where illegal."""
        values = self.value(self.penultimate(obs)).squeeze(-1)
        seen, legal = split(obs, int(self.action_space.n))
        if self.bonus is not None:
            known = self.bonus(seen.cpu().numpy().astype(self.seen_type))
            values = values + torch.as_tensor(known, dtype=values.dtype, device=values.device)
        return values.masked_fill(~legal, FLOOR)

    def _predict(self, observation: PyTorchObs, deterministic: bool = True) -> torch.Tensor:
        values = self(observation)
        if deterministic or self.temperature == 0:
            return values.argmax(dim=1)
        chances = torch.softmax(values / self.temperature, dim=1)
        return torch.multinomial(chances, num_samples=1).squeeze(1)


class MaskedDQNPolicy(DQNPolicy):
    """DQN over legal actions alone: masked greedy choice, exploration and targets.

    stable-baselines3's `DQN` draws its random moves outside the policy, from all actions. Under it,
    explore by the temperature, with `exploration_initial_eps=0`, `exploration_final_eps=0` and
    `learning_starts=0`; `MaskedDQN` draws them from the legal ones, so that its usual ε serves.

    Args:
        temperature: of the softmax over values by which `predict(deterministic=False)` draws; 0
            for the greedy action.
        bonus: see `LateFusionQNetwork`.
        args: as for stable-baselines3's `DQNPolicy`.
        kwargs: likewise; `net_arch` lists at least the width of ψ.

    Raises:
        ShapeError: observations that carry no mask, or actions that are not discrete.
    """

    def __init__(
        self, *args: Any, temperature: float = 0.0, bonus: Bonus | None = None, **kwargs: Any
    ) -> None:
        self._temperature = temperature
        self._bonus = bonus
        if "features_extractor_class" not in kwargs:
            space = args[1] if len(args) > 1 else kwargs["action_space"]
            kwargs["features_extractor_class"] = ObservationOnly
            kwargs["features_extractor_kwargs"] = {"actions": action_number(space)}
        super().__init__(*args, **kwargs)

    def make_q_net(self) -> LateFusionQNetwork:
        """Make the network or its target twin."""
        arguments = self._update_features_extractor(self.net_args, features_extractor=None)
        network = LateFusionQNetwork(**arguments, temperature=self._temperature, bonus=self._bonus)
        return network.to(self.device)


class MaskedDQN(DQN):
    """stable-baselines3's DQN, whose random moves are legal: while it warms up, and by ε.

    Arguments as for `DQN`; `MaskedDQNPolicy` is the policy that fits, and what `"MlpPolicy"` and
    `"MultiInputPolicy"` name here. The draws come from torch's generator, which `seed` seeds.

    >>> import gymnasium, mail_envs
    >>> env = gymnasium.make("mail_envs/TicTacToe-v0", opponent="random")
    >>> model = MaskedDQN("MultiInputPolicy", env, learning_starts=20, seed=0).learn(50)
    >>> bool(model.replay_buffer.observations["action_mask"][range(50), 0,
    ...     model.replay_buffer.actions[:50, 0, 0]].all())
    True
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {
        "MlpPolicy": MaskedDQNPolicy,
        "MultiInputPolicy": MaskedDQNPolicy,
    }

    def predict(
        self,
        observation: Any,
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], tuple[NDArray[Any], ...] | None]:
        """Choose actions, `(B,)` or `()`; unless `deterministic`, with ε a random legal one."""
        if deterministic or torch.rand(1).item() >= self.exploration_rate:
            return self.policy.predict(observation, state, episode_start, deterministic)
        return self._random(observation), state

    def _sample_action(
        self, learning_starts: int, action_noise: Any = None, n_envs: int = 1
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        if self.num_timesteps >= learning_starts:
            return super()._sample_action(learning_starts, action_noise, n_envs)
        actions = self._random(self._last_obs)
        return actions, actions

    def _random(self, observation: Any) -> NDArray[Any]:
        tensors, batched = self.policy.obs_to_tensor(observation)
        _, legal = split(tensors, action_number(self.action_space))
        drawn = random_legal(legal).cpu().numpy()
        return drawn if batched else drawn[0]
