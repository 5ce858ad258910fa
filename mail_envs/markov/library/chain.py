r"""The chain of despair: a long corridor at whose end one wrong habit is ruinous.

::

             b2          b2          b2             b2
    ┌──> s0 ────> s2 ────> s3 ────> …  ────> s_{N-2} ────> s_{N-1} ↺  a1: +10 to player 0
    │    │b1      │b1      │b1               │b1                      a2:  −2 to player 0
    │    ▼        │        │                 │
    │    s1 ↺ 0   │        │                 │
    └─────────────┴────────┴─────────────────┘

Two actions each; only player 1 (b) moves the state, only player 0 (a) is paid, at the end. Discount
0.9, start s0 (the chain of arXiv 2602.22810's experiments, recomputed from its published code).

**Known values.** V = 0 at s0: player 1 never walks to the end against an expert who plays a1 there.
A clone μ̂ of player 0 that plays a1 with probability p at the end loses, beside player 1's expert,

.. math:: \max(0, 2 - 12 p) \; \gamma^{N-2} / (1 - \gamma):

16.2, 10.63 and 4.575 for p = 0 and N = 4, 8, 16, and nothing for p ≥ 1/6. Uniform play ever reaches
the end with probability 1 / (2^(N-3) + 1).

**What it exposes.** The expert plays a2 wherever it does not matter and a1 at the end, where the
experts never go. A learner that has not seen the end generalises a2 to it. Undirected exploration
fails as N grows, directed exploration does not. (An untrained uniform clone is not exploitable: the
wrong habit has to be learned.)
"""

import numpy as np

from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import TabularPolicy

__all__ = ["chain_experts", "chain_of_despair"]


def chain_of_despair(length: int = 8, *, discount: float = 0.9) -> MarkovGame:
    """The chain with `length` states.

    Args:
        length: N, at least 3; the published sizes are 4, 8 and 16.
        discount: γ.

    Raises:
        ValueError: fewer than three states.
    """
    if length < 3:
        raise ValueError(f"length: expected at least 3 states, came {length}")
    following = _following(length)
    transitions = np.zeros((length, 2, 2, length))
    for b in range(2):
        transitions[np.arange(length), :, b, following[b]] = 1.0
    rewards = np.zeros((length, 2, 2))
    rewards[length - 1, 0] = 10.0
    rewards[length - 1, 1] = -2.0
    return MarkovGame.zero_sum(
        transitions, rewards, 0, discount=discount, name=f"chain_of_despair({length})"
    )


def chain_experts(game: MarkovGame) -> tuple[TabularPolicy, TabularPolicy]:
    """The published equilibrium of a chain: both experts are pure.

    Player 0 plays a1 at the end and a2 elsewhere; player 1 walks to s_{N-2} and turns back, for
    ever (for N = 3 it turns to s1 at once).
    """
    states = np.arange(game.num_states)
    end = game.num_states - 1
    first = np.where(states == end, 0, 1)
    last = 0 if end == 2 else end - 1  # of the corridor s0, s2, …, s_{N-2}
    second = np.where((states < last) & (states != 1), 1, 0)
    return TabularPolicy(np.eye(2)[first]), TabularPolicy(np.eye(2)[second])


def _following(length: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Where b1 and b2 lead from every state: `(2, N)`."""
    end = length - 1
    turn = np.zeros(length, dtype=np.int64)
    turn[[0, 1, end]] = 1, 1, end
    walk = np.arange(1, length + 1, dtype=np.int64)
    walk[[0, 1, end]] = 2, 1, end
    return np.stack([turn, walk])
