"""stable-baselines3 over a native Gymnasium `VectorEnv`, which it refuses by itself.

stable-baselines3 wants its own `VecEnv`: games that begin anew in the step that ends them, what was
seen at the end as `terminal_observation`, and one info per environment. `GymnasiumVecEnv` gives it
that from any vector environment with `AutoresetMode.SAME_STEP`::

    boards = gymnasium.make_vec(
        "mail_envs/ConnectFour-v0", num_envs=64, opponent="random", autoreset_mode="SameStep"
    )
    MaskablePPO("MultiInputPolicy", GymnasiumVecEnv(boards)).learn(100_000)
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import (
    VecEnv,
    VecEnvIndices,
    VecEnvObs,
)

from mail_envs.errors import EpisodeOverError, InvalidOptionError, MissingTruthError

__all__ = ["GymnasiumVecEnv"]

MASKS = "action_masks"
"""The method by which sb3-contrib asks for masks."""


class GymnasiumVecEnv(VecEnv):
    """A Gymnasium vector environment as stable-baselines3's `VecEnv`.

    `action_masks`, which sb3-contrib's masked learners ask every environment for, answers with the
    present `action_mask` of the observations or infos.

    Args:
        env: a vector environment that begins episodes anew in the step that ends them.

    Raises:
        InvalidOptionError: another autoreset mode.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise InvalidOptionError(
                f"autoreset_mode of {env}: expected {AutoresetMode.SAME_STEP}, came {mode}"
            )
        self.env = env
        self._actions: Any = None
        self._masks: NDArray[np.bool_] | None = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)

    def reset(self) -> VecEnvObs:
        """Begin every episode, with the seed and options set before; observations `(B, ...)`."""
        options = self._options[0] or None
        observations, infos = self.env.reset(seed=self._seeds[0], options=options)
        self._keep_masks(observations, infos)
        self.reset_infos: list[dict[str, Any]] = _by_environment(infos, self.num_envs)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the actions `(B, ...)` of the next `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[VecEnvObs, NDArray[Any], NDArray[Any], list[dict[str, Any]]]:
        """Step: observations, rewards `(B,)` float32, dones `(B,)`, one info per environment.

        Where an episode has ended, the observation and `reset_infos` are the next one's, and the
        info is the last of the old one, with `terminal_observation`.
        """
        observations, rewards, terminations, truncations, infos = self.env.step(self._actions)
        self._keep_masks(observations, infos)
        dones = terminations | truncations
        told = _by_environment(infos, self.num_envs)
        final = _by_environment(infos.get("final_info", {}), self.num_envs)
        for i in np.flatnonzero(dones).tolist():
            self.reset_infos[i] = told[i]
            told[i] = {
                **told[i],
                **final[i],
                "terminal_observation": infos["final_obs"][i],
                "TimeLimit.truncated": bool(truncations[i] and not terminations[i]),
            }
        return observations, rewards.astype(np.float32), dones, told

    def close(self) -> None:
        """Close the vector environment."""
        self.env.close()

    # ---- what is asked of single environments

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of each environment; of the vector environment where they share it.

        Raises:
            AttributeError: no such attribute; `action_masks` of an environment without masks.
        """
        rows = list(self._get_indices(indices))
        if attr_name == MASKS:
            if not self._has_masks():
                raise AttributeError(f"{self.env} has no action masks")
            return [partial(self._mask, row) for row in rows]
        each = getattr(self.env.unwrapped, "get_attr", None)
        if each is None:
            return [getattr(self.env.unwrapped, attr_name)] * len(rows)
        values = each(attr_name)
        return [values[row] for row in rows]

    def set_attr(self, attr_name: str, value: object, indices: VecEnvIndices = None) -> None:
        """Refuse: the environments of a batch have no attributes of their own.

        Raises:
            AttributeError: always.
        """
        del value, indices
        raise AttributeError(f"{attr_name}: cannot be set on single environments of {self.env}")

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: VecEnvIndices = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Call a method of each environment: `action_masks`, `render`, or any that it has.

        Raises:
            AttributeError: no such method of single environments.
        """
        rows = list(self._get_indices(indices))
        if method_name == MASKS:
            return [self._mask(row) for row in rows]
        if method_name == "render":
            answers = self.get_images()
        else:
            answers = self._call(method_name)(method_name, *method_args, **method_kwargs)
        return [answers[row] for row in rows]

    def env_is_wrapped(
        self,
        wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]],
        indices: VecEnvIndices = None,
    ) -> list[bool]:
        """No environment of a batch is wrapped alone."""
        del wrapper_class
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Any:
        """What the vector environment renders, one entry per environment."""
        frames = self.env.render()
        return [None] * self.num_envs if frames is None else frames

    def _call(self, method_name: str) -> Any:
        call = getattr(self.env.unwrapped, "call", None)
        if call is None:
            raise AttributeError(
                f"{method_name}: the environments of {self.env} have no methods of their own"
            )
        return call

    # ---- masks

    def _has_masks(self) -> bool:
        space = self.observation_space
        in_space = isinstance(space, spaces.Dict) and "action_mask" in space.spaces
        return in_space or self._masks is not None

    def _keep_masks(self, observations: Any, infos: Mapping[str, Any]) -> None:
        seen = observations if isinstance(observations, Mapping) else {}
        masks = seen.get("action_mask", infos.get("action_mask"))
        self._masks = None if masks is None else np.asarray(masks, dtype=np.bool_)

    def _mask(self, row: int) -> NDArray[np.bool_]:
        if not self._has_masks():
            raise MissingTruthError(f"action_masks: {self.env} provides no action mask")
        if self._masks is None:
            raise EpisodeOverError("action_masks: no episode has begun; call reset()")
        return self._masks[row]


def _by_environment(infos: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Gymnasium's one dictionary of columns as one dictionary per environment.

    `_name` says which environments have `name`; all have what has no such column.
    """
    split: list[dict[str, Any]] = [{} for _ in range(count)]
    for name, column in infos.items():
        if name.startswith(("_", "final_")):
            continue
        rows = _by_environment(column, count) if isinstance(column, Mapping) else column
        present = infos.get(f"_{name}")
        for i in range(count) if present is None else np.flatnonzero(present).tolist():
            split[i][name] = rows[i]
    return split
