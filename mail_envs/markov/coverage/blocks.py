r"""Large block games on their blocks, where that is exact.

Let the dynamics be of blocks, `P_h(s'|s, a) = P̄_h(z'|z(s), a) q(s'|z')`, and let every expert play
alike within blocks. Then no deviation of player j, not even one that tells states of a block apart,
reaches other state ratios than deviations that see blocks alone:

1. *Blocks move as in the game of blocks.* The others act by the block, so that the next block
   depends on (z(s), a_j) only. A deviation π_j that sees states moves the blocks as its average
   `π̄_{j,h}(a|z) = Pr(a_h = a | z_h = z)` does, a policy of the game of blocks, and
   `Pr(z(s_h) = z)` is its occupancy `d̄_h(z)`.
2. *States are emitted regardless.* For h ≥ 1, `d_h(s) = d̄_h(z(s)) q(s|z(s))` for every deviation,
   so that `d_h^π(s) / d_h^E(s) = d̄_h^π(z) / d̄_h^E(z)` where q(s|z) > 0, and 0/0 elsewhere.
3. *The start is everybody's.* At h = 0 all ratios are 1, of states and of blocks. A discounted
   occupancy mixes h = 0 with the rest; it has the same ratios if the start is emitted too,
   `d_0(s) = d̄_0(z(s)) q(s|z(s))`, and otherwise the game is treated state by state.

Optimal actions are those of the block, and features that are alike within blocks have the same
moments. So everything here is computed on the M blocks; states are named by the first of their
block.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mail_envs.markov.checks import ROW_TOLERANCE, IntArray
from mail_envs.markov.coverage.features import FeatureSource
from mail_envs.markov.dynamics import BlockDynamics, aggregate
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray

__all__ = ["View", "smallest_view"]


@dataclass(frozen=True, eq=False)
class View:
    """A game, its experts and features, and how its states are those of the game asked about.

    Attributes:
        game: the game itself, or that of its blocks.
        tables: the experts there, `(1 or H, S or M, A_i)` per player.
        features: the features there.
        blocks: which of its states a state of the game asked about is, `(S,)`.
        first: the first such state of each of its own, `(S or M,)`.
    """

    game: MarkovGame
    tables: tuple[FloatArray, ...]
    features: FeatureSource
    blocks: IntArray
    first: IntArray


def smallest_view(game: MarkovGame, tables: Sequence[FloatArray], features: FeatureSource) -> View:
    """The game of blocks where coefficients are the same there, otherwise the game itself.

    Args:
        game: any game.
        tables: the experts, `(1 or H, S, A_i)` per player.
        features: of the game.
    """
    d = game.dynamics
    if isinstance(d, BlockDynamics) and _starts_in_blocks(game, d):
        _, first = np.unique(d.blocks, return_index=True)
        alike = all(np.array_equal(table, table[:, first[d.blocks]]) for table in tables)
        merged = features.in_blocks(game, first) if alike else None
        if merged is not None:
            small = tuple(table[:, first] for table in tables)
            return View(game.by_block, small, merged, d.blocks, first)
    every = np.arange(game.num_states)
    return View(game, tuple(tables), features, every, every)


def _starts_in_blocks(game: MarkovGame, dynamics: BlockDynamics) -> bool:
    if game.horizon is not None:
        return True
    emitted = aggregate(dynamics, game.initial_distribution)[dynamics.blocks] * dynamics.emission
    return np.allclose(emitted, game.initial_distribution, rtol=ROW_TOLERANCE, atol=0)
