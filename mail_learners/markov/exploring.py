"""One learning explorer among experts: the loop over episodes."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray
from mail_learners.markov.episodes import Episodes

__all__ = ["Explorer", "explore"]


class Explorer(Protocol):
    """Plans before an episode, chooses within it, learns from it."""

    def plan(self) -> None:
        """Think before an episode."""
        ...

    def choose(self, h: int, state: int, *, rng: np.random.Generator) -> tuple[int, int]:
        """The row under which the state is remembered, and the action."""
        ...

    def record(self, rows: IntArray, actions: IntArray) -> None:
        """Learn from an episode: `(H,)` each."""
        ...


def explore(
    game: MarkovGame,
    tables: Sequence[FloatArray],
    explorer: Explorer,
    *,
    player: int,
    games: int,
    steps: int,
    rng: np.random.Generator,
) -> Episodes:
    """Let `explorer` play for `player` among the others' experts, one episode after the other.

    Episodes draw from one stream in order, so that the first k of a longer run are a run of k.

    Args:
        game: any game.
        tables: the experts', `(1 or H, S, A_i)`; that of `player` is not used.
        explorer: what it learns in an episode, it knows in the next one.
        player: whom the explorer plays for.
        games: K.
        steps: H.
        rng: where the randomness comes from.

    Returns:
        K episodes.
    """
    states = np.empty((games, steps), dtype=np.int64)
    actions = np.empty((games, steps, game.num_players), dtype=np.int64)
    rows = np.empty(steps, dtype=np.int64)
    experts = [(i, table) for i, table in enumerate(tables) if i != player]
    starts = game.sample_initial_states(games, rng=rng.spawn(1)[0])
    for k in range(games):
        explorer.plan()
        current = starts[k : k + 1]
        for h in range(steps):
            states[k, h] = state = int(current[0])
            rows[h], actions[k, h, player] = explorer.choose(h, state, rng=rng)
            for i, table in experts:
                row = table[h if len(table) > 1 else 0, state]
                actions[k, h, i] = _draw(row, rng.random())
            if h + 1 < steps:
                current = game.dynamics.sample_next(h, current, actions[k, h : h + 1], rng=rng)
        explorer.record(rows, actions[k, :, player])
    return Episodes(states, actions, player)


def _draw(probabilities: FloatArray, uniform: float) -> int:
    """One action by inversion; actions of probability zero are never drawn."""
    cumulative = probabilities.cumsum()
    total = cumulative[-1]
    target = min(uniform * total, np.nextafter(total, 0))
    return int(cumulative.searchsorted(target, side="right"))
