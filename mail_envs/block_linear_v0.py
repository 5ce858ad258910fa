"""Block games, the PettingZoo way.

>>> from mail_envs import block_linear_v0
>>> env = block_linear_v0.parallel_env(states=1000, seed=3)
>>> observations, infos = env.reset(seed=0)
>>> env.observation_space("player_0"), infos["player_0"]["step"]
(Discrete(1000), 0)
"""

from typing import Any, Unpack

from pettingzoo import AECEnv
from pettingzoo.utils import parallel_to_aec

from mail_envs.markov.environments import EnvironmentOptions, MarkovGameEnv
from mail_envs.markov.features import OneHotFeatures
from mail_envs.markov.library import block_linear
from mail_envs.markov.setting import Setting

__all__ = ["env", "parallel_env"]


def parallel_env(**kwargs: Any) -> MarkovGameEnv:
    return MarkovGameEnv(Setting(block_linear(kwargs.pop("seed", 0), **{k: kwargs.pop(k) for k in list(kwargs) if k in ("states",)}), name="block_linear_v0"), **kwargs)
