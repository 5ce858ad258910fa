r"""Drawing situations from the occupancy of a joint policy: exactly, or by playing.

A **situation** is a step and a state. Discounted games have one step, and situations are states
from `d(s) = (1-γ) Σ_t γ^t Pr(s_t = s)`: the state in which play is when it is stopped with
probability `1 - γ` before each step. In games with a horizon the step is uniform.
"""

from collections.abc import Sequence

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.markov.checks import IntArray
from mail_envs.markov.evaluation import occupancy, product
from mail_envs.protocols import FloatArray
from mail_envs.protocols.asking import sample_actions
from mail_learners.markov.mirror import Lead

__all__ = ["draw_situations", "play_situations"]


def draw_situations(
    game: MarkovGame, tables: Sequence[FloatArray], *, count: int, rng: np.random.Generator
) -> Lead:
    """Draw from the exact occupancy, computed from the known game.

    Args:
        game: any game.
        tables: `(1 or H, S, A_i)` per player.
        count: B.
        rng: where the randomness comes from.
    """
    visits = np.cumsum(occupancy(game, product(tables)).reshape(-1))
    draws = np.minimum(rng.random(count) * visits[-1], np.nextafter(visits[-1], 0))
    cells = visits.searchsorted(draws, side="right").astype(np.int64)
    return Lead(cells // game.num_states, cells % game.num_states)


def play_situations(
    game: MarkovGame, tables: Sequence[FloatArray], *, count: int, rng: np.random.Generator
) -> Lead:
    """Draw by playing `count` episodes; arguments as of `draw_situations`."""
    last = _lengths(game, count, rng=rng) - 1
    found = game.sample_initial_states(count, rng=rng)
    current = found
    for h in range(int(last.max(initial=0))):
        actions = _moves(tables, h, current, rng=rng)
        step = h if game.horizon is not None else 0
        current = game.dynamics.sample_next(step, current, actions, rng=rng)
        found = np.where(last > h, current, found)
    steps = np.zeros_like(last) if game.horizon is None else last
    return Lead(steps, found)


def _lengths(game: MarkovGame, count: int, *, rng: np.random.Generator) -> IntArray:
    """How many states each episode shows: geometric, or uniform on 1..H."""
    if game.horizon is None:
        return rng.geometric(1 - (game.discount or 0.0), size=count).astype(np.int64)
    return rng.integers(1, game.horizon + 1, size=count)


def _moves(
    tables: Sequence[FloatArray], h: int, states: IntArray, *, rng: np.random.Generator
) -> IntArray:
    """One move of every player in each state: `(B, n)`."""
    moves = [sample_actions(table[h if len(table) > 1 else 0, states], rng=rng) for table in tables]
    return np.stack(moves, axis=1)
