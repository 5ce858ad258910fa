"""Playing episodes in batches: experts among themselves, or a uniform explorer among experts.

Games are played in chunks of `CHUNK` at once, each chunk with a random stream of its own, spawned
in order from the caller's generator; the last chunk is played in full and cut. So the same
generator gives the same games, and the first k games of a longer run are the games of a run of k.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.markov.checks import IntArray
from mail_envs.markov.tabular import policy_tables
from mail_envs.protocols import FloatArray
from mail_envs.protocols.asking import sample_actions
from mail_learners.markov.episodes import Episodes
from mail_learners.markov.options import at_least, episode_length

__all__ = ["CHUNK", "Experts", "expert_episodes", "uniform_episodes"]

CHUNK = 256
"""How many games are played at once."""

Experts = Sequence[Any] | Mapping[str, Any]
"""One policy per player, in player order or by agent name; see `mail_envs.nash_gap`."""


def expert_episodes(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    horizon: int | None = None,
) -> tuple[Episodes, ...]:
    """Let the experts play among themselves.

    Args:
        game: any game.
        experts: one policy per player.
        games: K, the number of episodes.
        rng: where the randomness comes from.
        horizon: steps an episode; see `mail_learners.markov.options.episode_length`.

    Returns:
        One run of K episodes in which nobody explores.

    Raises:
        InvalidOptionError: `games` below 1, or a horizon that the game does not have.
        ShapeError, InvalidPolicyError, UnknownAgentError: experts that are no joint policy.
    """
    tables = policy_tables(game, experts)
    steps = episode_length(game, horizon)
    return (_play(game, tables, games=games, steps=steps, rng=rng.spawn(1)[0], explorer=None),)


def uniform_episodes(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    horizon: int | None = None,
) -> tuple[Episodes, ...]:
    """Let each player in turn move uniformly at random among the others' experts.

    Errors as of `expert_episodes`.

    Args:
        game: any game.
        experts: one policy per player.
        games: K, the number of episodes of each player.
        rng: where the randomness comes from.
        horizon: steps an episode; see `mail_learners.markov.options.episode_length`.

    Returns:
        One run of K episodes per player.
    """
    tables = policy_tables(game, experts)
    steps = episode_length(game, horizon)
    runs: list[Episodes] = []
    for player, child in enumerate(rng.spawn(game.num_players)):
        playing = list(tables)
        playing[player] = np.full_like(tables[player][:1], 1 / game.num_actions[player])
        runs.append(_play(game, playing, games=games, steps=steps, rng=child, explorer=player))
    return tuple(runs)


def _play(
    game: MarkovGame,
    tables: Sequence[FloatArray],
    *,
    games: int,
    steps: int,
    rng: np.random.Generator,
    explorer: int | None,
) -> Episodes:
    games = at_least(1, games, "games")
    chunks = [_chunk(game, tables, steps, rng=child) for child in rng.spawn(-(-games // CHUNK))]
    states, actions = (np.concatenate(parts)[:games] for parts in zip(*chunks, strict=True))
    return Episodes(states, actions, explorer)


def _chunk(
    game: MarkovGame, tables: Sequence[FloatArray], steps: int, *, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    states = np.empty((CHUNK, steps), dtype=np.int64)
    actions = np.empty((CHUNK, steps, game.num_players), dtype=np.int64)
    current = game.sample_initial_states(CHUNK, rng=rng)
    for h in range(steps):
        states[:, h] = current
        for i, table in enumerate(tables):
            rows = table[h if len(table) > 1 else 0, current]
            actions[:, h, i] = sample_actions(rows, rng=rng)
        if h + 1 < steps:
            current = game.dynamics.sample_next(h, current, actions[:, h], rng=rng)
    return states, actions
