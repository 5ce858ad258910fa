"""A flat observation with the mask packed in, for learners that refuse dictionaries; its inverse.

The layout is fixed: first what is seen, flattened as Gymnasium's `flatten` does it (boxes row by
row, discrete values one-hot, dictionaries and tuples entry by entry), then the action mask.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mail_envs.errors import ShapeError
from mail_wrappers.batches import (
    as_batch,
    forwarded_masks,
    forwarded_vector_masks,
    latest_masks,
    part,
    rows_of,
)
from mail_wrappers.episodes import final_of
from mail_wrappers.flattening import as_float32, check_flattens, flatten_batch, unflatten_batch
from mail_wrappers.options import array_of, check_environment
from mail_wrappers.told import check_actions, check_info, checked_reset, reward_of

__all__ = ["FlatLayout", "FlatObservation", "VectorFlatObservation"]

Flat = NDArray[np.float32]


class FlatLayout:
    """Where what is seen and the mask stand in a flat observation, and the way back.

    Args:
        observation_space: of one environment.
        action_space: of one environment; where it is discrete and the observation has no mask,
            the info's is packed in, or ones.

    Raises:
        ShapeError: a space without a fixed flat length.
    """

    def __init__(
        self, observation_space: gymnasium.Space[Any], action_space: gymnasium.Space[Any]
    ) -> None:
        self._seen, self._mask = _parts(observation_space, action_space)
        for each in (self._seen, self._mask):
            if each is not None:
                check_flattens(each)
        self.observation_size: int = spaces.flatdim(self._seen)
        self.mask_size: int = 0 if self._mask is None else spaces.flatdim(self._mask)
        box = spaces.flatten_space(self._seen)
        low, high = (as_float32(bound) for bound in (box.low, box.high))  # pyright: ignore[reportAttributeAccessIssue]
        self.space: spaces.Box[np.float32] = spaces.Box(
            np.concatenate([low, np.zeros(self.mask_size, np.float32)]),
            np.concatenate([high, np.ones(self.mask_size, np.float32)]),
            dtype=np.float32,
        )

    def flatten(self, observations: Any, infos: Mapping[str, Any]) -> Flat:
        """A batch of observations as `(B, observation_size + mask_size)` float32.

        Raises:
            ShapeError: a mask of another length, or integers that float32 does not hold.
        """
        seen, mask = part(observations, infos)
        flat = flatten_batch(self._seen, seen)
        if self._mask is None:
            return flat
        mask = np.ones((len(flat), self.mask_size)) if mask is None else array_of("mask", mask)
        if mask.size != len(flat) * self.mask_size:
            raise ShapeError(
                f"action mask: expected {self.mask_size} entries, came "
                f"{mask.size // max(len(flat), 1)}"
            )
        mask = mask.reshape(len(flat), -1)
        return np.concatenate([flat, mask.astype(np.float32)], axis=1)

    def unflatten(self, flat: NDArray[Any]) -> dict[str, Any]:
        """`{"observation": ..., "action_mask": ...}` of one flat observation or a batch.

        Values and kinds are those that the environment gave; floats of 64 bits come back rounded
        to 32. Without a mask (see the class) the entry `action_mask` is missing.

        Raises:
            ShapeError: arrays of another length, or values that are none of the space's kind.
        """
        given = _numbers(flat)
        size = self.observation_size + self.mask_size
        if given.ndim not in {1, 2} or given.shape[-1] != size:
            raise ShapeError(
                f"flat observation: expected ({size},) or (B, {size}), came {given.shape}"
            )
        rows = np.atleast_2d(given)
        parts: dict[str, Any] = {
            "observation": unflatten_batch(self._seen, rows[:, : self.observation_size])
        }
        if self._mask is not None:
            parts["action_mask"] = unflatten_batch(self._mask, rows[:, self.observation_size :])
        return parts if given.ndim == 2 else rows_of(parts, 0)


class FlatObservation(gymnasium.ObservationWrapper[Any, Any, Any], RecordConstructorArgs):
    """Observations as one float32 vector: what is seen, then the action mask.

    Args:
        env: a single-agent environment with `Box`, `Discrete`, `MultiBinary`, `MultiDiscrete`,
            `Tuple` or `Dict` observations; the mask stands in the observation, in the info, or
            nowhere.

    Raises:
        ShapeError: an observation space without a fixed flat length.
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        check_environment(env)
        RecordConstructorArgs.__init__(self)
        gymnasium.ObservationWrapper.__init__(self, env)
        self.layout: FlatLayout = FlatLayout(env.observation_space, env.action_space)
        self.observation_space = self.layout.space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Flat, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._flat(observation, info), info

    def step(self, action: Any) -> tuple[Flat, float, bool, bool, dict[str, Any]]:
        """Step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        paid = reward_of(reward, "the agent")
        return self._flat(observation, info), paid, terminated, truncated, info

    def observation(self, observation: Any) -> Flat:
        """The flat form of an observation without an info."""
        return self._flat(observation, {})

    def unflatten(self, flat: NDArray[Any]) -> dict[str, Any]:
        """The exact inverse, of one or a batch; see `FlatLayout.unflatten`."""
        return self.layout.unflatten(flat)

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(A,)` bool, as the environment beneath tells them."""
        return forwarded_masks(self.env)

    def _flat(self, observation: Any, info: Mapping[str, Any]) -> Flat:
        check_info(info, "the agent")
        return self.layout.flatten(as_batch(observation), _batched_mask(info))[0]


class VectorFlatObservation(VectorWrapper[Any, Any, Any, Any, Any]):
    """`FlatObservation` for a batch: `(B, observation_size + mask_size)` float32.

    What is seen at the end, `infos["final_obs"]`, becomes flat too.

    Args:
        env: a vector environment; see `FlatObservation`.

    Raises:
        ShapeError: an observation space without a fixed flat length.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        check_environment(env, vector=True)
        super().__init__(env)
        self.layout: FlatLayout = FlatLayout(env.single_observation_space, env.single_action_space)
        self.single_observation_space = self.layout.space
        self.observation_space = batch_space(self.layout.space, env.num_envs)
        self._masks: NDArray[np.int8] | None = None

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Flat, dict[str, Any]]:
        """Begin episodes."""
        seed = checked_reset(self.env, seed, options)
        observations, infos = self.env.reset(seed=seed, options=options)  # pyright: ignore[reportArgumentType]
        return self._flat(observations, infos), infos

    def step(self, actions: Any) -> tuple[Flat, Any, Any, Any, dict[str, Any]]:
        """Step."""
        check_actions(self.env, actions)
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        flat = self._flat(observations, infos)
        if "final_obs" in infos:
            infos = {**infos, "final_obs": self._final(infos)}
        return flat, rewards, terminations, truncations, infos

    def unflatten(self, flat: NDArray[Any]) -> dict[str, Any]:
        """The exact inverse, of one or a batch; see `FlatLayout.unflatten`."""
        return self.layout.unflatten(flat)

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(B, A)` bool, as the environment beneath tells them."""
        return forwarded_vector_masks(self.env, self._masks)

    def _flat(self, observations: Any, infos: Mapping[str, Any]) -> Flat:
        self._masks = latest_masks(self._masks, part(observations, infos)[1], infos)
        masks = {} if self._masks is None else {"action_mask": self._masks}
        return self.layout.flatten(observations, masks)

    def _final(self, infos: Mapping[str, Any]) -> NDArray[Any]:
        """What was seen at the end, flat; its mask, of no more use, all ones where none is seen."""
        final = np.full(self.num_envs, None, dtype=object)
        for row in np.flatnonzero(infos["_final_obs"]).tolist():
            last = infos.get("final_info", {})
            info = {} if "action_mask" not in last else {"action_mask": last["action_mask"][row]}
            final[row] = self.layout.flatten(as_batch(final_of(infos, row)), _batched_mask(info))[0]
        return final


def _parts(
    observation_space: gymnasium.Space[Any], action_space: gymnasium.Space[Any]
) -> tuple[gymnasium.Space[Any], gymnasium.Space[Any] | None]:
    """The spaces of what is seen and of the mask; see `mail_wrappers.batches.part`."""
    seen, mask = observation_space, None
    if isinstance(observation_space, spaces.Dict):
        entries = dict(observation_space.spaces)
        mask = entries.pop("action_mask", None)
        seen = entries["observation"] if "observation" in entries else spaces.Dict(entries)
    if mask is None and isinstance(action_space, spaces.Discrete):
        mask = spaces.MultiBinary(int(action_space.n))
    return seen, mask


def _batched_mask(info: Mapping[str, Any]) -> dict[str, Any]:
    mask = info.get("action_mask")
    return {} if mask is None else {"action_mask": array_of("action mask", mask)[None]}


def _numbers(flat: object) -> NDArray[Any]:
    """An array of numbers as float32; what is beyond its range becomes infinite."""
    try:
        given = np.asarray(flat)
    except ValueError:  # rows of different lengths
        given = np.empty(0, dtype=object)
    if given.dtype.kind not in "biuf":
        raise ShapeError(f"flat observation: expected an array of numbers, came {flat!r}")
    return as_float32(given)
