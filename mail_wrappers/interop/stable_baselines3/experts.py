"""Policies as stable-baselines3's kind of policy, for libraries that want one.

`imitation`'s DAgger and rollouts, and stable-baselines3's `evaluate_policy`, want a `BasePolicy`:
`predict`, an observation space and an action space. The other way is `as_policy`.
"""

from collections.abc import Callable
from typing import Any, Literal, cast

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from mail_envs.errors import MissingTruthError, UnknownNameError
from mail_envs.protocols import FloatArray, Mask, Policy
from mail_envs.protocols.asking import check_distributions, sample_actions, split_observation
from mail_wrappers.interop.stable_baselines3.masks import action_number

__all__ = ["ExpertPolicy", "as_expert"]

Environment = gymnasium.Env[Any, Any] | VecEnv
Unflatten = Callable[[NDArray[Any]], Any]


class ExpertPolicy(BasePolicy):
    """A policy as stable-baselines3 means the word; made by `as_expert`. It does not learn."""

    def __init__(self, policy: Policy, env: Environment, *, rng: np.random.Generator) -> None:
        super().__init__(env.observation_space, cast("Any", env.action_space))
        self._actions = action_number(env.action_space)
        self._policy = policy
        self._rng = rng
        self._unflatten: Unflatten | None = None
        if not isinstance(env.observation_space, spaces.Dict):
            self._unflatten = _attribute(env, "unflatten")
        self._is_absorbing = _attribute(env, "is_absorbing")

    def predict(
        self,
        observation: Any,
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        """Choose actions, of one observation or a batch.

        In the absorbing state of `FixedHorizon` nobody is asked: the lowest action, or any.

        Args:
            observation: as the environment gives it: a dictionary, or flat.
            state: passed through.
            episode_start: not used: policies have no memory.
            deterministic: the most probable action, the lowest index among equals.

        Returns:
            `(actions, state)`: `(B,)` for a batch and `()` for one observation.
        """
        del episode_start
        _, batched = self.obs_to_tensor(observation)
        rows = observation if batched else _as_batch(observation)
        table = self._distributions(rows)
        drawn = table.argmax(axis=1) if deterministic else sample_actions(table, rng=self._rng)
        actions = drawn.astype(np.int64)
        return (actions if batched else actions[0]), state

    def _distributions(self, rows: Any) -> FloatArray:
        if self._is_absorbing is None:
            return self._ask(rows)
        playing = ~self._is_absorbing(rows)
        table = np.full((len(rows), self._actions), 1 / self._actions)
        if playing.any():
            table[playing] = self._ask(rows[playing])
        return table

    def _ask(self, rows: Any) -> FloatArray:
        seen, mask = split_observation(rows if self._unflatten is None else self._unflatten(rows))
        masks: Mask = np.ones((len(seen), self._actions), np.int8) if mask is None else mask
        return check_distributions(self._policy(seen, masks), masks, who="the expert")

    def _predict(self, observation: PyTorchObs, deterministic: bool = False) -> torch.Tensor:
        if isinstance(observation, torch.Tensor):
            arrays: Any = observation.cpu().numpy()
        else:
            arrays = {name: part.cpu().numpy() for name, part in observation.items()}
        return torch.as_tensor(self.predict(arrays, deterministic=deterministic)[0])


def as_expert(
    policy: Policy | Literal["expert"], env: Environment, *, seed: int | None = None
) -> ExpertPolicy:
    """A policy as an expert with stable-baselines3's `predict`, for the observations of `env`.

    Args:
        policy: `(observations, action_masks) -> probabilities`, batched; a `CountedExpert` where
            questions are counted; `"expert"` for the environment's own, of the agent whose view it
            is, where it provides one.
        env: a Gymnasium environment, or stable-baselines3's `VecEnv` of such, with discrete
            actions. Its observations are dictionaries with `observation` and `action_mask`,
            or flat, under `FlatObservation` and perhaps `FixedHorizon`.
        seed: of the draws when the policy is not asked to be deterministic.

    Raises:
        ShapeError: actions that are not discrete.
        MissingTruthError: observations that are no dictionaries, from an environment that does not
            say what they were before (`unflatten`); `"expert"` from one that provides none.
        UnknownNameError: another word.
        Exception: in `predict`, as `mail_envs.protocols.asking.ask` raises them.
    """
    if not isinstance(env.observation_space, spaces.Dict) and _attribute(env, "unflatten") is None:
        raise MissingTruthError(
            f"as_expert: expected dictionaries with 'observation' and 'action_mask', or flat "
            f"observations of an environment with unflatten(), came {env.observation_space} of "
            f"{env}; put mail_wrappers.FlatObservation around it"
        )
    asked = _own_expert(env, policy) if isinstance(policy, str) else policy
    return ExpertPolicy(asked, env, rng=np.random.default_rng(seed))


def _own_expert(env: Environment, word: str) -> Policy:
    if word != "expert":
        raise UnknownNameError(f"policy: expected 'expert' or a policy, came {word!r}")
    expert, agent = _attribute(env, "expert"), _attribute(env, "agent")
    if expert is None or agent is None:
        raise MissingTruthError(f"policy: expected an environment with an expert, came {env}")
    return cast("Policy", expert(agent))


def _attribute(env: Environment, name: str) -> Any:
    """An attribute of an environment's wrappers, or of a batch's first environment; else None."""
    if isinstance(env, VecEnv):
        return env.get_attr(name, indices=0)[0] if env.has_attr(name) else None
    return env.get_wrapper_attr(name) if env.has_wrapper_attr(name) else None


def _as_batch(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {name: np.asarray(part)[None] for name, part in observation.items()}
    return np.asarray(observation)[None]
