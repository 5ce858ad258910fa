"""Low-rank games with hidden features and rich observations, the PettingZoo way.

>>> from mail_envs import low_rank_v0
>>> env = low_rank_v0.parallel_env(seed=3, observation="rich")
>>> env.observation_space("player_0").shape, env.game.num_states
((16,), 512)
"""

from typing import Any

from mail_envs.markov import library
from mail_envs.markov.environments import ParallelDoor, TurnDoor, doors
from mail_envs.markov.library.hidden import LowRankFeatures
from mail_envs.markov.rendering import block_text
from mail_envs.markov.setting import Setting

__all__ = ["env", "parallel_env", "setting"]


def setting(seed: int = 0, *, features: LowRankFeatures = "one-hot", **game: Any) -> Setting:
    """The game and what is known of it.

    Args:
        seed: of the game.
        features: the feature maps, see `library.low_rank_features`.
        game: further keywords of `library.low_rank`.
    """
    model = library.low_rank(seed, **game)
    return Setting(
        model,
        name="low_rank_v0",
        feature_maps=library.low_rank_features(model, features),
        tables={"rich": library.rich_observations(model)},
        text=block_text(model),
    )


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
