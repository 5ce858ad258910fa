"""Random tabular games, the PettingZoo way.

>>> from mail_envs import random_game_v0
>>> env = random_game_v0.parallel_env(seed=3, max_cycles=20)
>>> observations, infos = env.reset(seed=0)
>>> observations, rewards, terminations, truncations, infos = env.step(
...     {"player_0": 0, "player_1": 2}
... )
>>> env.observation_space("player_0"), env.game.discount
(Discrete(10), 0.9)
"""

from typing import Any

from mail_envs.markov import library
from mail_envs.markov.environments import ParallelDoor, TurnDoor, doors
from mail_envs.markov.setting import Setting

__all__ = ["env", "parallel_env", "setting"]


def setting(seed: int = 0, **game: Any) -> Setting:
    """The game and what is known of it.

    Args:
        seed: of the game.
        game: further keywords of `library.random_game`.
    """
    return Setting(library.random_game(seed, **game), name="random_game_v0")


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
