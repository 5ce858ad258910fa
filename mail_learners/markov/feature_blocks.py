"""One player's features of states and actions, states grouped by what their features are.

Learners see a state only through its features `φ(s, a)`, `a = 0 … A-1`: states with the same rows
are one **feature block** `z(s)`. Statistics are kept by block, so that a game of a million states
with ten blocks costs what a game of ten states costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.errors import ShapeError
from mail_envs.markov import MarkovGame
from mail_envs.markov.checks import IntArray, check_finite, check_shape, establish, frozen
from mail_envs.markov.dynamics.tables import checked_blocks
from mail_envs.markov.features import OneHotFeatures, StateFeatures, feature_blocks
from mail_envs.markov.model import AnyFeatureMap
from mail_envs.protocols import FloatArray, OneHotFeatureMap

__all__ = ["FeatureBlocks", "Features", "player_features"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class FeatureBlocks:
    """φ by block: either one-hot in (block, action), or a table.

    Args:
        num_states: S.
        num_actions: A.
        table: φ, `(M, A, d)` or per step `(H, M, A, d)`; None for unit vectors, one for each block
            and action: d = M A.
        blocks: z, `(S,)` with values in 0..M-1; None where every state is its own block.

    Raises:
        ShapeError: shapes that do not fit together.
        InvalidModelError: NaN, or a block without a state.
    """

    num_states: int
    num_actions: int
    num_blocks: int
    table: FloatArray | None  # (1 or H, M, A, d)
    blocks: IntArray | None  # (S,)

    def __init__(
        self,
        num_states: int,
        num_actions: int,
        *,
        table: ArrayLike | None = None,
        blocks: ArrayLike | None = None,
    ) -> None:
        features = None if table is None else _checked_table(table)
        count = num_states if blocks is None else int(np.max(blocks)) + 1
        if features is not None:
            count = count if blocks is None else features.shape[1]
            expected = (len(features), count, num_actions, features.shape[3])
            check_shape(features, expected, "features", ("h", "z", "a", "d"))
        decoder = None if blocks is None else checked_blocks(blocks, num_states, count)
        establish(self, num_states=num_states, num_actions=num_actions, num_blocks=count)
        establish(self, table=features, blocks=decoder)

    def __repr__(self) -> str:
        kind = "one-hot" if self.table is None else "table"
        return (
            f"{type(self).__name__}({kind}: states={self.num_states}, blocks={self.num_blocks}, "
            f"actions={self.num_actions}, dimension={self.dimension})"
        )

    @property
    def dimension(self) -> int:
        """The length d of a feature vector."""
        return self.num_blocks * self.num_actions if self.table is None else self.table.shape[3]

    @property
    def num_steps(self) -> int:
        """1 where the features are the same at every step, otherwise H."""
        return 1 if self.table is None else len(self.table)

    def block_of(self, states: IntArray) -> IntArray:
        """z(s): `(B,)` → `(B,)`."""
        return states if self.blocks is None else self.blocks[states]

    def lift(self, table: FloatArray) -> FloatArray:
        """Spread `(…, M, A)` over blocks to `(…, S, A)`."""
        return table if self.blocks is None else np.take(table, self.blocks, axis=-2)

    def at(self, h: int) -> FloatArray:
        """The table of step h, `(M, A, d)`; only where there is a table."""
        if self.table is None:
            raise ShapeError("features: expected a table, came one-hot features")
        return self.table[h if len(self.table) > 1 else 0]


Features = Sequence[AnyFeatureMap | FeatureBlocks] | None
"""One feature map per player, in player order; None for one-hot features of the states."""


def player_features(game: MarkovGame, features: Features) -> tuple[FeatureBlocks, ...]:
    """Bring feature maps into blocks, one per player.

    Args:
        game: says how many states and actions there are.
        features: one per player. States in which a map gives the same features become one block; a
            one-hot map stays one-hot, unless different blocks share a key.

    Raises:
        ShapeError: not as many maps as players, or maps over other states or actions.
        GameTooLargeError: a map without blocks of its own, too large to be written out.
    """
    states, actions = game.num_states, game.num_actions
    if features is None:
        return tuple(FeatureBlocks(states, a) for a in actions)
    if len(features) != game.num_players:
        raise ShapeError(
            f"features: expected one map for each of {game.num_players} players, came "
            f"{len(features)}"
        )
    return tuple(_blocks_of(f, states, a) for f, a in zip(features, actions, strict=True))


def _blocks_of(features: AnyFeatureMap | FeatureBlocks, states: int, actions: int) -> FeatureBlocks:
    if isinstance(features, FeatureBlocks):
        sizes = (features.num_states, features.num_actions)
        if sizes != (states, actions):
            raise ShapeError(f"features: expected (S, A) = {(states, actions)}, came {sizes}")
        return features
    if isinstance(features, OneHotFeatures):
        blocks = FeatureBlocks(features.num_states, features.num_actions, blocks=features.blocks)
        return _blocks_of(blocks, states, actions)
    if isinstance(features, OneHotFeatureMap):
        return _blocks_of_keys(features, states, actions)
    if isinstance(features, StateFeatures) and features.blocks is None:
        return FeatureBlocks(states, actions, table=features.table)
    blocks, table = feature_blocks(features, states, actions)
    return FeatureBlocks(states, actions, table=table, blocks=blocks)


def _blocks_of_keys(features: OneHotFeatureMap, states: int, actions: int) -> FeatureBlocks:
    pairs = np.repeat(np.arange(states), actions), np.tile(np.arange(actions), states)
    keys = features.keys(*pairs).reshape(states, actions)
    rows, blocks = np.unique(keys, axis=0, return_inverse=True)
    coordinates, places = np.unique(rows, return_inverse=True)
    if len(coordinates) == rows.size and coordinates[0] != 0:
        return FeatureBlocks(states, actions, blocks=blocks.reshape(-1))
    table = np.eye(len(coordinates))[places.reshape(rows.shape)]
    table = table[..., coordinates != 0]  # key 0 is the zero vector
    return FeatureBlocks(states, actions, table=table, blocks=blocks.reshape(-1))


def _checked_table(table: ArrayLike) -> FloatArray:
    given = _read_only(table)
    if given.ndim not in (3, 4):
        raise ShapeError(f"features: expected (M, A, d) or (H, M, A, d), came {given.shape}")
    features = given if given.ndim == 4 else given[None]
    check_finite(features, "features", ("h", "z", "a", "d"))
    return features


def _read_only(table: ArrayLike) -> FloatArray:
    """The table itself if it is read-only already: it may be large; otherwise a copy."""
    if isinstance(table, np.ndarray) and table.dtype == np.float64 and not table.flags.writeable:
        return table
    return frozen(table, "features")
