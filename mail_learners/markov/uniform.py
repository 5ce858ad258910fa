"""A uniform explorer against experts, then cloning: what every directed explorer has to beat."""

import numpy as np

from mail_envs.markov import MarkovGame
from mail_learners.markov.feature_blocks import Features, player_features
from mail_learners.markov.log_linear import CloneOptions, linear_clones
from mail_learners.markov.play import Experts, uniform_episodes
from mail_learners.markov.results import Imitation

__all__ = ["uniform_bc"]


def uniform_bc(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    features: Features = None,
    horizon: int | None = None,
    options: CloneOptions | None = None,
) -> Imitation:
    """Let each player in turn move uniformly at random among experts, then clone log-linearly.

    Args:
        game: any game.
        experts: one policy per player.
        games: K, the number of episodes of each player.
        rng: where the randomness comes from.
        features: of the clones, one map per player; None for one-hot ones.
        horizon: steps an episode; see `mail_learners.markov.options.episode_length`.
        options: of the clones' fit; None for the defaults.

    Raises:
        InvalidOptionError, ShapeError, InvalidPolicyError, UnknownAgentError: as
            `uniform_episodes` and `linear_clones`.
    """
    maps = player_features(game, features)
    episodes = uniform_episodes(game, experts, games=games, rng=rng, horizon=horizon)
    return Imitation(linear_clones(game, episodes, features=maps, options=options), episodes)
