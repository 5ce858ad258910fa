"""What an agent of a PettingZoo AEC environment sees at its turn, and what it may do."""

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv

from mail_envs.errors import ShapeError
from mail_envs.protocols import Mask, Observations
from mail_envs.protocols.asking import split_observation
from mail_wrappers.moves import mask_of

__all__ = ["action_count", "decision", "no_observations"]


def decision(env: AECEnv[str, Any, Any], agent: str) -> tuple[Observations, Mask]:
    """The observation of `agent`, and its action mask `(A,)` int8.

    The mask comes from the observation or from `infos`, as PettingZoo allows; all ones where the
    environment has none.
    """
    observation, count = env.observe(agent), action_count(env, agent)
    mask = mask_of(observation, env.infos[agent], count, agent)
    seen, _ = split_observation(observation)
    return seen, np.ones(count, np.int8) if mask is None else mask.astype(np.int8)


def action_count(env: AECEnv[str, Any, Any], agent: str) -> int:
    """The number A of actions of `agent`.

    Raises:
        ShapeError: an action space that is not discrete.
    """
    space = env.action_space(agent)
    if not isinstance(space, spaces.Discrete):
        raise ShapeError(f"action space of {agent}: expected Discrete, came {space}")
    return int(space.n)


def no_observations(env: AECEnv[str, Any, Any], agent: str) -> Observations:
    """An empty batch of what `agent` sees, `(0, ...)`, of the space's shape and kind.

    Raises:
        ShapeError: an observation space whose arrays have no one shape.
    """
    space = env.observation_space(agent)
    seen = space["observation"] if isinstance(space, spaces.Dict) else space
    if seen.shape is None:
        raise ShapeError(f"observation space of {agent}: expected arrays of one shape, came {seen}")
    return np.empty((0, *seen.shape), dtype=seen.dtype)
