"""`imitation`: environments, policies and experts that its BC, DAgger, GAIL and AIRL take.

`imitation` refuses dictionaries, never passes masks, and wants an expert of stable-baselines3's
kind. Around any single-agent environment, ours or not:

    venv = vector_view(lambda: gymnasium.make("mail_envs/ConnectFour-v0", opponent="random"), 8)
    bc = BC(policy=masked_policy(venv), ...)
    SimpleDAggerTrainer(venv=venv, expert_policy=as_expert(policy, venv), bc_trainer=bc, ...)

Nothing here imports `imitation`. `docs/tutorials/imitation.md` says how it is installed.
"""

from collections.abc import Callable
from typing import Any

import gymnasium
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from mail_envs.errors import InvalidOptionError
from mail_wrappers.fixed_horizon import FixedHorizon
from mail_wrappers.flat import FlatObservation
from mail_wrappers.interop.stable_baselines3 import MaskedActorCriticPolicy, as_expert

__all__ = ["as_expert", "masked_policy", "vector_view"]


def vector_view(
    make: Callable[[], gymnasium.Env[Any, Any]],
    num_envs: int = 1,
    *,
    horizon: int | None = None,
    seed: int | None = None,
) -> VecEnv:
    """Flat observations with packed masks, in stable-baselines3's kind of batch.

    Args:
        make: makes one environment.
        num_envs: how many are made.
        horizon: the number of steps of every episode, by `FixedHorizon`; None for the game's own.
            GAIL and AIRL want one.
        seed: seeds the environments' first resets, with `seed`, `seed` + 1, ….

    Raises:
        InvalidOptionError: fewer environments than one, or a horizon below 1.
        ShapeError: observations without a flat form of one length.
    """
    if num_envs < 1:
        raise InvalidOptionError(f"num_envs: expected at least 1, came {num_envs!r}")

    def one() -> gymnasium.Env[Any, Any]:
        flat = FlatObservation(make())
        return flat if horizon is None else FixedHorizon(flat, horizon)

    batch = DummyVecEnv([one] * num_envs)
    batch.seed(seed)
    return batch


def masked_policy(
    env: gymnasium.Env[Any, Any] | VecEnv, *, learning_rate: float = 3e-4, **kwargs: Any
) -> MaskedActorCriticPolicy:
    """An untrained masked policy for the observations and actions of `env`.

    Args:
        env: an environment, or a batch, whose observations carry their masks.
        learning_rate: of the policy's own optimizer; `imitation`'s BC brings another.
        kwargs: as for `MaskedActorCriticPolicy`, for example `net_arch`.

    Raises:
        ShapeError: observations that carry no mask, or actions that are not discrete.
    """

    def schedule(progress: float) -> float:
        del progress
        return learning_rate

    return MaskedActorCriticPolicy(env.observation_space, env.action_space, schedule, **kwargs)
