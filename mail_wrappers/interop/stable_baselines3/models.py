"""Trained models as policies: opponents, experts, the input of `nash_gap`.

    nash_gap(TicTacToe(), [as_policy(first_model), as_policy(second_model)])
    SingleAgentEnv(env, "player_0", others=as_policy(model))

The other way, from a policy to what stable-baselines3 calls one, is `as_expert`.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.dqn.policies import QNetwork

from mail_envs.errors import InvalidPolicyError, ShapeError
from mail_envs.protocols import FloatArray, Mask, Observations
from mail_wrappers.interop.stable_baselines3.masks import action_number

__all__ = ["ModelPolicy", "as_policy"]

CHUNK = 4096
"""Observations put to a network in one call."""

Logits = Callable[[PyTorchObs], torch.Tensor]


class ModelPolicy:
    """A trained model as a `Policy`; made by `as_policy`."""

    def __init__(self, policy: BasePolicy, *, deterministic: bool) -> None:
        self._policy = policy
        self._actions = action_number(policy.action_space)
        self._logits, self._greedy = _logits_of(policy)
        self._greedy = self._greedy or deterministic

    def __call__(self, observations: Observations, action_masks: Mask | None, /) -> FloatArray:
        """Answer a batch: `(B, ...)`, `(B, A)` → `(B, A)`, zero outside the mask.

        Raises:
            ShapeError: observations that do not fit what the model was trained on.
        """
        seen, shape = np.asarray(observations), (len(observations), self._actions)
        masks = np.ones(shape, np.int8) if action_masks is None else np.asarray(action_masks)
        if masks.shape != shape:
            raise ShapeError(f"action masks: expected shape {shape}, came {masks.shape}")
        starts = range(0, len(seen), CHUNK)
        parts = [self._ask(seen[at : at + CHUNK], masks[at : at + CHUNK]) for at in starts]
        return np.concatenate(parts) if parts else np.zeros(shape)

    def _ask(self, seen: Observations, masks: Mask) -> FloatArray:
        space = self._policy.observation_space
        tensors, _ = self._policy.obs_to_tensor(model_input(space, seen, masks))
        self._policy.set_training_mode(False)
        with torch.no_grad():
            logits = self._logits(tensors).double().cpu().numpy()
        weights = np.where(masks != 0, logits, -np.inf)
        if self._greedy:
            return np.eye(self._actions)[weights.argmax(axis=1)]
        chances = np.exp(weights - weights.max(axis=1, keepdims=True))
        return chances / chances.sum(axis=1, keepdims=True)


def as_policy(model: BaseAlgorithm | BasePolicy, *, deterministic: bool = False) -> ModelPolicy:
    """A trained model as a policy, `(observations, action_masks) -> probabilities`, batched.

    Actor-critic models (PPO, A2C, sb3-contrib's MaskablePPO, `imitation`'s learners) answer with
    their distribution given that the action is legal: the softmax of their logits over the mask.
    DQN answers with its greedy action, or by the softmax at the temperature of `MaskedDQNPolicy`;
    ε does not count, being how it explored.

    Args:
        model: a model, or its `policy`, with discrete actions; trained on dictionaries with
            `observation` and `action_mask`, on flat vectors with the mask at their end, or on
            observations alone.
        deterministic: the most probable legal action, the lowest index among equals.

    Raises:
        InvalidPolicyError: a model of another kind, or one with a memory (RecurrentPPO).
        ShapeError: actions that are not discrete.
    """
    policy = model.policy if isinstance(model, BaseAlgorithm) else model
    if not isinstance(cast("Any", policy), BasePolicy):
        raise InvalidPolicyError(
            f"model: expected a model of stable-baselines3 or sb3-contrib, or its policy, came "
            f"{type(model).__name__}"
        )
    return ModelPolicy(policy, deterministic=deterministic)


def model_input(
    space: spaces.Space[Any], seen: Observations, masks: Mask
) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """A batch in the form that a model of this observation space takes.

    Args:
        space: a Dict with `observation` and perhaps `action_mask`, or an array's.
        seen: `(B, ...)`; flattened where the model takes flat vectors.
        masks: `(B, A)`; packed in where the vectors are longer by A.

    Raises:
        ShapeError: observations of another shape.
    """
    if isinstance(space, spaces.Dict) and set(space.spaces) <= {"observation", "action_mask"}:
        parts = {"observation": seen, "action_mask": masks}
        inner = {name: model_input(part, parts[name], masks) for name, part in space.items()}
        return cast("dict[str, NDArray[Any]]", inner)
    flat = seen.reshape(len(seen), -1)
    if space.shape == seen.shape[1:] or _is_transposed(space, seen):
        return seen
    if space.shape == flat.shape[1:]:
        return flat
    if space.shape == (flat.shape[1] + masks.shape[1],):
        return np.concatenate([flat, masks], axis=1, dtype=np.float32)
    raise ShapeError(
        f"observations: expected what the model was trained on, {space}, came arrays of shape "
        f"{seen.shape[1:]} with masks of shape {masks.shape[1:]}"
    )


def _is_transposed(space: spaces.Space[Any], seen: Observations) -> bool:
    """Whether the model sees images with their channels first; it turns them itself."""
    shape = seen.shape[1:]
    return is_image_space(space) and space.shape == (*shape[-1:], *shape[:-1])


def _logits_of(policy: BasePolicy) -> tuple[Logits, bool]:
    """What ranks a policy's actions, `(B, A)`, and whether it plays the best of them alone."""
    network = getattr(policy, "q_net", None)
    if isinstance(network, QNetwork):
        temperature = float(getattr(network, "temperature", 0.0))
        if temperature > 0:
            return lambda seen: network(seen) / temperature, False
        return network, True
    if not hasattr(policy, "get_distribution") or hasattr(policy, "lstm_actor"):
        raise InvalidPolicyError(
            f"model: expected a policy without memory that has a distribution over discrete "
            f"actions or values for them, came {type(policy).__name__}"
        )
    actor = cast("Any", policy)
    return lambda seen: actor.get_distribution(seen).distribution.logits, False
