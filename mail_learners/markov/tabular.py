r"""Tabular behaviour cloning: the empirical frequencies of what the expert did.

With `n_h(s, a)` demonstrations of action a in state s at step h, the maximum-likelihood clone is

.. math:: \hat\pi_h(a \mid s) = n_h(s, a) / n_h(s), \qquad \text{uniform where } n_h(s) = 0,

(arXiv 2505.17610, 2510.09325). In games with a horizon each step is cloned by itself, because their
equilibria depend on the step; in discounted games all steps are pooled.
"""

from collections.abc import Sequence

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.protocols import FloatArray
from mail_learners.markov.episodes import (
    Counts,
    Episodes,
    MarkovDemonstrations,
    count_actions,
    demonstrations_of,
)
from mail_learners.markov.feature_blocks import FeatureBlocks, player_features
from mail_learners.markov.play import Experts, expert_episodes
from mail_learners.markov.results import Clones, Imitation

__all__ = ["bc_tabular", "clone_steps", "count_blocks", "most_probable", "tabular_clones"]

ALIKE = 1e-9
"""How far, relatively, a probability may be below the largest to count as equal to it."""


def bc_tabular(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    horizon: int | None = None,
) -> Imitation:
    """Clone experts from games among themselves; errors as of `expert_episodes`.

    Args:
        game: the game.
        experts: one policy per player.
        games: how many they play.
        rng: of their actions and the game's moves.
        horizon: the length of a game, where the game does not set it.
    """
    episodes = expert_episodes(game, experts, games=games, rng=rng, horizon=horizon)
    return Imitation(tabular_clones(game, episodes), episodes)


def tabular_clones(game: MarkovGame, episodes: Sequence[Episodes]) -> Clones:
    """One clone per player from what was played; see `demonstrations_of` for who learns of what.

    Args:
        game: the game that was played.
        episodes: one run per explorer, or one in which nobody explored.
    """
    tables = [
        frequencies(game, demonstrations_of(episodes, player), features)
        for player, features in enumerate(player_features(game, None))
    ]
    return clones_of(game, tables)


def frequencies(
    game: MarkovGame, demonstrations: MarkovDemonstrations, features: FeatureBlocks
) -> FloatArray:
    """π̂ by step and block, `(1 or H, M, A)`, uniform where nothing was seen."""
    shape = (clone_steps(game), features.num_blocks, features.num_actions)
    table = np.full(shape, 1 / features.num_actions)
    seen = count_blocks(game, demonstrations, features)
    rows = seen.counts / seen.counts.sum(axis=1, keepdims=True)
    table.reshape(-1, features.num_actions)[seen.rows] = rows
    return features.lift(table)


def count_blocks(
    game: MarkovGame, demonstrations: MarkovDemonstrations, features: FeatureBlocks
) -> Counts:
    """How often each action was taken at each step in each block; rows are `h M + z`."""
    steps = demonstrations.steps if clone_steps(game) > 1 else np.zeros_like(demonstrations.steps)
    rows = steps * features.num_blocks + features.block_of(demonstrations.states)
    return count_actions(rows, demonstrations.actions, features.num_actions)


def clone_steps(game: MarkovGame) -> int:
    """How many steps are cloned apart: H, or 1 for discounted games."""
    return game.horizon or 1


def clones_of(game: MarkovGame, tables: Sequence[FloatArray]) -> Clones:
    """Clones from tables with a step axis, `(1 or H, S, A_i)`, which discounted games drop."""
    policies = [table if game.discount is None else table[0] for table in tables]
    return Clones(tuple(policies), tuple(most_probable(policy) for policy in policies))


def most_probable(table: FloatArray) -> FloatArray:
    """The most probable action with probability one, equally probable ones alike: `(…, A)`."""
    best = table >= table.max(axis=-1, keepdims=True) * (1 - ALIKE)
    return best / best.sum(axis=-1, keepdims=True)
