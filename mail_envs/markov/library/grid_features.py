r"""Feature maps of the grid game: what a token sees around it.

Twenty concepts c, each for the action a that it is seen with: coordinate 20 a + c of φ_i(s, a) is 1
where concept c holds for player i, d = 80, ‖φ‖₂ ≤ 2 (the published scale).

======  ==================================================================
c       holds when
======  ==================================================================
0-7     the other token lies in direction N, NE, E, SE, S, SW, W, NW
8-15    the goal lies in that direction; none if the token is on it
16      the other token is adjacent (also diagonally)
17      the goal is adjacent (also diagonally), the token not on it
18      the token is on the goal
19      the token is in a corner, the goal's included
======  ==================================================================

A direction is the pair of signs of the way there. `relational` tells all eight apart.
`relational-aliased` is the published map, whose code sends NE and SW to E, SE and NW to W, kept as
the legacy option that published figures need: 40 of its 80 coordinates are ever used for n = 3, of
rank 36 (60 and 56 with eight directions).

Neither map makes a player's problem against the experts linear: they are informative, not exact.
The published experts are separable in `relational` on all states that deviations reach; in
`relational-aliased` player 0's are on its 19 states, player 1's on its 17 are not, so no amount of
data makes that clone right.
"""

from typing import Literal, TypeAlias

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.features import TableFeatures
from mail_envs.markov.library.grid import grid_cells, grid_size
from mail_envs.markov.library.named import named_features
from mail_envs.markov.model import AnyFeatureMap, MarkovGame
from mail_envs.protocols import FloatArray

__all__ = ["GRID_FEATURES", "GridFeatures", "grid_features"]

GridFeatures: TypeAlias = Literal["one-hot", "relational", "relational-aliased"]
"""The name of a feature map of the grid game."""
GRID_FEATURES = ("one-hot", "relational", "relational-aliased")
"""The names of the feature maps of the grid game."""

NORTH, NORTH_EAST, EAST, SOUTH_EAST, SOUTH, SOUTH_WEST, WEST, NORTH_WEST = range(8)

EIGHT_WAYS = np.array(  # by the signs of (row, column) + 1; -1 for no way at all
    [
        [NORTH_WEST, NORTH, NORTH_EAST],
        [WEST, -1, EAST],
        [SOUTH_WEST, SOUTH, SOUTH_EAST],
    ]
)
ALIASED_WAYS = np.array([[WEST, NORTH, EAST], [WEST, -1, EAST], [EAST, SOUTH, WEST]])

CONCEPTS = 20


def grid_features(game: MarkovGame, name: GridFeatures = "relational") -> tuple[AnyFeatureMap, ...]:
    """One feature map per player of a grid game.

    Args:
        game: from `grid_game`.
        name: `"one-hot"` of (s, a), `"relational"` or `"relational-aliased"`.

    Raises:
        UnknownNameError: another name.
    """
    if name not in {"relational", "relational-aliased"}:
        return named_features(game, name, GRID_FEATURES)
    size = grid_size(game)
    cells = grid_cells(size)
    ways = EIGHT_WAYS if name == "relational" else ALIASED_WAYS
    return tuple(
        TableFeatures(_for_each_action(_concepts(size, own, other, ways)))
        for own, other in (cells, cells[::-1])
    )


def _concepts(size: int, own: IntArray, other: IntArray, ways: IntArray) -> FloatArray:
    """Which concepts hold for a token in every state: `(S, 20)`."""
    goal = np.full_like(own, size - 1)
    corners = np.isin(own, [0, size - 1, size * (size - 1), size * size - 1])
    concepts = np.zeros((len(own), CONCEPTS))
    for first, target in ((0, other), (8, goal)):
        way = ways[tuple(np.sign(_offset(size, own, target)) + 1)]
        seen = np.flatnonzero(way >= 0)
        concepts[seen, first + way[seen]] = 1
    concepts[:, 16] = np.abs(_offset(size, own, other)).max(axis=0) == 1
    concepts[:, 17] = np.abs(_offset(size, own, goal)).max(axis=0) == 1
    concepts[:, 18] = own == goal
    concepts[:, 19] = corners
    return concepts


def _offset(size: int, own: IntArray, target: IntArray) -> IntArray:
    """Rows down and columns right from one cell to another: `(2, S)`."""
    return np.stack([target // size - own // size, target % size - own % size])


def _for_each_action(concepts: FloatArray) -> FloatArray:
    """`(S, 20)` → `(S, 4, 80)`: the concepts in the place of the action, zero elsewhere."""
    table = np.zeros((len(concepts), 4, 4, CONCEPTS))
    for a in range(4):
        table[:, a, a] = concepts
    return table.reshape(len(concepts), 4, 4 * CONCEPTS)
