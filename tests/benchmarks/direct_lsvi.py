"""LSVI the direct way, vectorised: before every episode everything is solved from scratch.

The same rules and the same random numbers as `mail_learners.markov.lsvi`, and no statistics: every
plan gathers all features seen so far, inverts Λ, and prices every state of the game. It serves as
the slow obvious twin in tests and as the peer in `bench_lsvi.py`.
"""

import numpy as np

from mail_learners.markov import LsviOptions, player_features
from mail_learners.markov.exploring import explore
from mail_learners.markov.options import episode_length
from mail_learners.markov.planning import TIE


class DirectExplorer:
    """Plans on `phi`, `(S, A, d)`; see `mail_learners.markov.exploring.Explorer`."""

    def __init__(self, phi, steps, options):
        self.phi, self.steps, self.options = phi, steps, options
        self.states = np.zeros((0, steps), dtype=np.int64)
        self.actions = np.zeros((0, steps), dtype=np.int64)

    def plan(self):
        states, actions, d = self.phi.shape
        rows = self.phi.reshape(-1, d)
        scale, cap = self.options.bonus_scale, self.steps
        self.bonus = np.empty((self.steps, states, actions))
        self.q = np.empty((self.steps, states, actions))
        values = np.zeros(states)
        for h in reversed(range(self.steps)):
            seen = self.phi[self.states[:, h], self.actions[:, h]]  # j d
            inverse = np.linalg.inv(self.options.ridge * np.eye(d) + seen.T @ seen)
            targets = np.zeros(len(seen)) if h + 1 == cap else values[self.states[:, h + 1]]
            w = inverse @ (seen.T @ targets)
            widths = ((rows @ inverse) * rows).sum(axis=1).reshape(states, actions)
            self.bonus[h] = scale * np.sqrt(np.maximum(widths, 0))
            u = np.minimum(self.bonus[h], cap)
            self.q[h] = np.minimum(self.phi @ w + u / self.steps + u, cap)
            values = self.q[h].max(axis=1)

    def choose(self, h, state, *, rng):
        q, bonus = self.q[h, state], self.bonus[h, state]
        best = q >= q.max() - TIE * self.steps
        if self.options.ties == "bonus":
            best &= bonus >= bonus[best].max() * (1 - TIE)
        alike = np.flatnonzero(best)
        return state, int(alike[int(rng.random() * len(alike))])

    def record(self, rows, actions):
        self.states = np.vstack([self.states, rows])
        self.actions = np.vstack([self.actions, actions])


def features_as_table(game, features, player):
    """φ of every state, one-hot features written out: `(S, A, d)`."""
    blocks = player_features(game, features)[player]
    if blocks.table is None:
        table = np.eye(blocks.dimension).reshape(blocks.num_blocks, blocks.num_actions, -1)
    else:
        table = blocks.at(0)
    return table[blocks.block_of(np.arange(blocks.num_states))]


def direct_episodes(game, tables, *, games, rng, features=None, options=None, keep=None):
    """As `lsvi_episodes`; `keep` collects the explorers."""
    options = options or LsviOptions()
    steps = episode_length(game, options.horizon)
    runs = []
    for player, child in enumerate(rng.spawn(game.num_players)):
        explorer = DirectExplorer(features_as_table(game, features, player), steps, options)
        if keep is not None:
            keep.append(explorer)
        runs.append(
            explore(game, tables, explorer, player=player, games=games, steps=steps, rng=child)
        )
    return tuple(runs)
