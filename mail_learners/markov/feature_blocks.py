"""One player's features of states and actions, states grouped by what their features are.

Learners see a state only through its features `φ(s, a)`, `a = 0 … A-1`: states with the same rows
are one **feature block** `z(s)`. Statistics are kept by block, so that a game of a million states
with ten blocks costs what a game of ten states costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mail_envs.errors import ShapeError
from mail_envs.markov import MarkovGame
from mail_envs.markov.checks import IntArray, check_finite, check_shape, establish, frozen
from mail_envs.markov.dynamics.tables import checked_blocks
from mail_envs.markov.model import AnyFeatureMap
from mail_envs.protocols import FeatureMap, FloatArray

__all__ = ["FeatureBlocks", "Features", "feature_blocks"]

CHUNK = 1 << 22
"""How many numbers of features are formed at once (32 MiB)."""


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
        """d."""
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


def feature_blocks(game: MarkovGame, features: Features) -> tuple[FeatureBlocks, ...]:
    """Bring feature maps into blocks, one per player.

    Args:
        game: says how many states and actions there are.
        features: one per player. A map `(states, actions) -> (B, d)` is asked about all pairs, and
            states with the same answers become one block. Of a one-hot map that answers with keys,
            states with the same keys become one block; where different blocks share a key, its
            distinct keys become coordinates of a table.

    Returns:
        One `FeatureBlocks` per player.

    Raises:
        ShapeError: not as many maps as players, or answers of another shape than `(B, d)`.
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


def _checked_table(table: ArrayLike) -> FloatArray:
    given = frozen(table, "features")
    if given.ndim not in (3, 4):
        raise ShapeError(f"features: expected (M, A, d) or (H, M, A, d), came {given.shape}")
    features = given if given.ndim == 4 else given[None]
    check_finite(features, "features", ("h", "z", "a", "d"))
    return features


def _blocks_of(features: AnyFeatureMap | FeatureBlocks, states: int, actions: int) -> FeatureBlocks:
    if isinstance(features, FeatureBlocks):
        sizes = (features.num_states, features.num_actions)
        if sizes != (states, actions):
            raise ShapeError(f"features: expected (S, A) = {(states, actions)}, came {sizes}")
        return features
    if isinstance(features, FeatureMap):
        blocks, table = _distinct_rows(features, states, actions)
        return FeatureBlocks(states, actions, table=table, blocks=blocks)
    pairs = np.repeat(np.arange(states), actions), np.tile(np.arange(actions), states)
    keys = features.keys(*pairs).reshape(states, actions)
    rows, blocks = np.unique(keys, axis=0, return_inverse=True)
    coordinates, places = np.unique(rows, return_inverse=True)
    if len(coordinates) == rows.size and coordinates[0] != 0:
        return FeatureBlocks(states, actions, blocks=blocks.reshape(-1))
    table = np.eye(len(coordinates))[places.reshape(rows.shape)]
    table = table[..., coordinates != 0]  # key 0 is the zero vector
    return FeatureBlocks(states, actions, table=table, blocks=blocks.reshape(-1))


def _distinct_rows(features: FeatureMap, states: int, actions: int) -> tuple[IntArray, FloatArray]:
    """Number the distinct rows φ(s, ·) by first appearance; `(S,)` and `(M, A, d)`."""
    length = actions * features.dimension
    chunk = max(1, CHUNK // length)
    known: dict[bytes, int] = {}
    rows: list[FloatArray] = []
    blocks = np.empty(states, dtype=np.int64)
    for first in range(0, states, chunk):
        part = _rows(features, np.arange(first, min(first + chunk, states)), actions)
        _, sample, inverse = np.unique(_as_bytes(part), return_index=True, return_inverse=True)
        order = np.argsort(sample)
        numbers = np.empty(len(sample), dtype=np.int64)
        for i in order:
            key = part[sample[i]].tobytes()
            numbers[i] = known.setdefault(key, len(known))
            if numbers[i] == len(rows):
                rows.append(part[sample[i]])
        blocks[first : first + chunk] = numbers[inverse.reshape(-1)]
    return blocks, np.stack(rows).reshape(len(rows), actions, features.dimension)


def _rows(features: FeatureMap, states: IntArray, actions: int) -> FloatArray:
    pairs = np.repeat(states, actions), np.tile(np.arange(actions), len(states))
    answer = np.asarray(features(*pairs), dtype=np.float64)
    check_shape(answer, (len(pairs[0]), features.dimension), "features", ("s a", "d"))
    return np.ascontiguousarray(answer.reshape(len(states), -1)) + 0.0  # no negative zeros


def _as_bytes(rows: FloatArray) -> NDArray[np.void]:
    return rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).reshape(-1)
