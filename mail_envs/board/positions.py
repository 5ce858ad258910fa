"""Every position of a board game, ply by ply, each once.

`positions(game)` enumerates forward from the empty board and merges transpositions; all exact
computations on boards small enough are sweeps over its layers.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.rules import LineGame
from mail_envs.errors import GameTooLargeError

__all__ = ["Layer", "positions"]

POSITION_LIMIT = 5_000_000
"""Positions that an exact computation may enumerate: on 5 columns × 4 rows there are 3 945 711, and
a Nash gap takes 1 GB."""


@dataclass(frozen=True, eq=False)
class Layer:
    """The N positions after a number of plies, in increasing order of their keys."""

    ply: int
    states: States  # (N,) each
    keys: NDArray[np.uint64]  # (N,)
    over: NDArray[np.bool_]  # (N,)
    outcome: NDArray[np.int8]  # (N,), for player 0, 0 where the game goes on
    masks: NDArray[np.int8]  # (N, A), zero where the game is over
    children: NDArray[np.int32]  # (N, A), index into the next layer, 0 where illegal

    @property
    def player(self) -> int:
        """The player to move."""
        return self.ply % 2


@lru_cache(maxsize=4)
def positions(game: LineGame, limit: int = POSITION_LIMIT) -> tuple[Layer, ...]:
    """All layers of a game, ply 0 first.

    Raises:
        GameTooLargeError: more than `limit` positions.
    """
    layers: list[Layer] = []
    states, keys = _merged(game, batch.stack([game.initial_state()]))[:2]
    count = 0
    while len(keys):
        count += len(keys)
        if count > limit:
            raise GameTooLargeError(
                f"positions: expected a game of at most {limit} positions, {game} has more by ply "
                f"{len(layers)}"
            )
        layer, states, keys = _expand(game, len(layers), states, keys)
        layers.append(layer)
    return tuple(layers)


def _expand(
    game: LineGame, ply: int, states: States, keys: NDArray[np.uint64]
) -> tuple[Layer, States, NDArray[np.uint64]]:
    """Complete a layer with its children; returns it and the next layer's states and keys."""
    over, outcome = batch.outcomes(game, states)
    masks = np.where(over[:, None], np.int8(0), batch.action_masks(game, states))
    rows, actions = np.nonzero(masks)
    after = batch.place(game, States(states.mover[rows], states.other[rows]), actions)
    next_states, next_keys, index = _merged(game, after)
    children = np.zeros(masks.shape, dtype=np.int32)
    children[rows, actions] = index
    layer = Layer(ply, states, keys, over, outcome, masks, children)
    for array in (*states, keys, over, outcome, masks, children):
        array.setflags(write=False)
    return layer, next_states, next_keys


def _merged(game: LineGame, states: States) -> tuple[States, NDArray[np.uint64], NDArray[np.int64]]:
    """The distinct states in key order, their keys, and each state's index among them."""
    keys, first, index = np.unique(batch.keys(game, states), return_index=True, return_inverse=True)
    return States(states.mover[first], states.other[first]), keys, index
