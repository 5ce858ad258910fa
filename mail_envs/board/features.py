"""Feature maps φ(s, a) of board games, by name. None of them knows who is winning: no solver here.

| name | φ(s, a) | d |
|---|---|---|
| `"planes"` | the cells of the position that a leaves, and a constant | 2 cells + 1 |
| `"lines"` | how many lines hold i marks of one player alone there | 2 k + 2 |
| `"one-hot"` | the state-action pair, up to the board's symmetries | its number of classes |
| `"afterstates"` | the position that a leaves, up to symmetry; zero if play ends there | likewise |

The first two are scaled to ‖φ‖₂ ≤ 1. The last two are one-hot and answer with keys
(`mail_envs.protocols.OneHotFeatureMap`). `"afterstates"` merges pairs that leave the opponent with
the same question, and gives nothing for moves that leave no question at all: an explorer that
counts afterstates counts what the expert has been asked.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.rules import LineGame
from mail_envs.errors import InvalidModelError, UnknownNameError
from mail_envs.protocols import FeatureMap, FloatArray, Observations, OneHotFeatureMap

__all__ = ["FEATURES", "Afterstates", "Lines", "Planes", "StateActions", "feature_map"]

Actions = NDArray[np.int64]


@dataclass(frozen=True)
class Planes:
    """The cells of the position that the action leaves, and a constant; ‖φ‖₂ ≤ 1."""

    game: LineGame

    @property
    def dimension(self) -> int:
        """2 cells + 1."""
        return 2 * self.game.cells + 1

    def __call__(self, observations: Observations, actions: Actions) -> FloatArray:
        """Map `(B, rows, columns, 2)` and `(B,)` to `(B, d)`."""
        after = batch.place(self.game, batch.encode(self.game, observations), actions)
        own_first = States(after.other, after.mover)
        cells = batch.observations(self.game, own_first).reshape(len(actions), -1)
        constant = np.ones((len(actions), 1))
        return np.hstack([cells, constant]) / np.sqrt(self.game.cells + 1)


@dataclass(frozen=True)
class Lines:
    """Shares of lines by what they hold in the position that the action leaves; ‖φ‖₂ ≤ 1.

    Coordinates: lines with 1 … k of the mover's marks alone, then of the other's, then mixed
    ones, then empty ones.
    """

    game: LineGame

    @property
    def dimension(self) -> int:
        """2 k + 2."""
        return 2 * self.game.in_a_row + 2

    @cached_property
    def _lines(self) -> NDArray[np.int64]:
        """Every line's cells, `(L, k)`, row-major cell numbers."""
        game, reach = self.game, range(self.game.in_a_row)
        lines = [
            [(row + i * down) * game.columns + column + i * right for i in reach]
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1))
            for row in range(game.rows)
            for column in range(game.columns)
            if row + (game.in_a_row - 1) * down < game.rows
            and 0 <= column + (game.in_a_row - 1) * right < game.columns
        ]
        return np.array(lines, dtype=np.int64)

    def __call__(self, observations: Observations, actions: Actions) -> FloatArray:
        """Map `(B, rows, columns, 2)` and `(B,)` to `(B, d)`."""
        after = batch.place(self.game, batch.encode(self.game, observations), actions)
        cells = batch.observations(self.game, after).reshape(len(actions), self.game.cells, 2)
        held = cells[:, self._lines].sum(axis=2)  # B L plane; plane 1 is who has just moved
        own, other = held[..., 1], held[..., 0]
        k = self.game.in_a_row
        kind = np.where(own > 0, np.where(other > 0, 2 * k, own - 1), k + other - 1)
        kind = np.where((own == 0) & (other == 0), 2 * k + 1, kind)
        counts = (kind[..., None] == np.arange(2 * k + 2)).sum(axis=1)
        return counts / len(self._lines)


@dataclass(frozen=True)
class StateActions:
    """One-hot of the state-action pair, up to the board's symmetries."""

    game: LineGame

    def __post_init__(self) -> None:
        if _key_bound(self.game) * self.game.actions >= 2**64:
            raise InvalidModelError(f"one-hot: the pairs of {self.game} do not fit 64-bit keys")

    @property
    def dimension(self) -> int:
        """A bound on the number of classes: 3^cells · A."""
        return 3**self.game.cells * self.game.actions

    def keys(self, observations: Observations, actions: Actions) -> NDArray[np.uint64]:
        """Map `(B, rows, columns, 2)` and `(B,)` to `(B,)` keys."""
        boards = batch.keys(self.game, batch.images(self.game, observations))  # B G
        moved = np.argsort(self.game.symmetries.actions, axis=1)[:, actions].T  # B G
        pairs = boards * np.uint64(self.game.actions) + moved.astype(np.uint64)
        return pairs.min(axis=1)


@dataclass(frozen=True)
class Afterstates:
    """One-hot of the position that the action leaves, up to symmetry; zero if the game ends."""

    game: LineGame

    @property
    def dimension(self) -> int:
        """A bound on the number of classes: 3^cells."""
        return 3**self.game.cells

    def keys(self, observations: Observations, actions: Actions) -> NDArray[np.uint64]:
        """Map `(B, rows, columns, 2)` and `(B,)` to `(B,)` keys."""
        after = batch.place(self.game, batch.encode(self.game, observations), actions)
        images = batch.images(self.game, batch.observations(self.game, after))
        least = batch.keys(self.game, images).min(axis=1)
        over, _ = batch.outcomes(self.game, after)
        return np.where(over, np.uint64(0), least)


def _key_bound(game: LineGame) -> int:
    if game.gravity:
        return 2 ** (game.bits + 1)
    return 2 ** (2 * game.bits) if 2 * game.bits < 64 else 3**game.cells


FEATURES: dict[str, type[Planes] | type[Lines] | type[StateActions] | type[Afterstates]] = {
    "planes": Planes,
    "lines": Lines,
    "one-hot": StateActions,
    "afterstates": Afterstates,
}
"""The feature maps of boards by name."""


@lru_cache(maxsize=32)
def feature_map(game: LineGame, name: str = "afterstates") -> FeatureMap | OneHotFeatureMap:
    """The feature map of that name for `game`, the same for both players.

    Raises:
        UnknownNameError: no such feature map.
    """
    if name not in FEATURES:
        raise UnknownNameError(f"features: expected one of {sorted(FEATURES)}, came {name!r}")
    return FEATURES[name](game)
