"""The rules of `mail_envs.board.rules` over batches of states.

A batch is a pair of `uint64` arrays `(B,)`: the movers' marks and the others'.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mail_envs.board.rules import LineGame, State
from mail_envs.errors import InvalidModelError, ShapeError

__all__ = [
    "States",
    "action_masks",
    "encode",
    "images",
    "keys",
    "observations",
    "outcomes",
    "place",
    "plies",
    "stack",
    "symmetric_decisions",
]

Bitboards = NDArray[np.uint64]
ONE = np.uint64(1)


class States(NamedTuple):
    """A batch of positions, as `State` is one."""

    mover: Bitboards  # (B,)
    other: Bitboards  # (B,)


def stack(states: list[State]) -> States:
    """Make a batch of a list of states."""
    table = np.array(states, dtype=np.uint64).reshape(-1, 2)
    return States(table[:, 0].copy(), table[:, 1].copy())


def plies(states: States) -> NDArray[np.int64]:
    """The number of marks on each board, `(B,)`."""
    return np.bitwise_count(states.mover | states.other).astype(np.int64)


def outcomes(game: LineGame, states: States) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
    """Which games are over, `(B,)` bool, and their result for player 0, `(B,)` int8 (else 0)."""
    won = game.has_line(states.other) != 0
    full = (states.mover | states.other) == np.uint64(game.board)
    winner_sign = np.where(plies(states) % 2 == 0, -1, 1)  # the mover of the last ply has won
    return won | full, np.where(won, winner_sign, 0).astype(np.int8)


def action_masks(game: LineGame, states: States) -> NDArray[np.int8]:
    """Where each action's entry cell is empty, `(B, A)` int8, whether or not the game is over."""
    entry = np.array(game.cell_bits[: game.actions], dtype=np.uint64)
    occupied = states.mover | states.other
    return ((occupied[:, None] >> entry & ONE) ^ ONE).astype(np.int8)


def place(game: LineGame, states: States, actions: NDArray[np.int64]) -> States:
    """The states after legal `actions`, `(B,)`; legality is the caller's to know."""
    occupied = states.mover | states.other
    if game.gravity:
        foot = ONE << (actions * game.stride).astype(np.uint64)
        column = np.uint64((1 << game.rows) - 1) * foot
        mark = (occupied + foot) & column & ~occupied
    else:
        mark = ONE << np.array(game.cell_bits, dtype=np.uint64)[actions]
    return States(states.other, states.mover | mark)


def observations(game: LineGame, states: States) -> NDArray[np.int8]:
    """The movers' views, `(B, rows, columns, 2)` int8."""
    bits = np.array(game.cell_bits, dtype=np.uint64)
    marks = np.stack(states, axis=1)  # B plane
    planes = (marks[:, None, :] >> bits[:, None] & ONE).astype(np.int8)  # B cell plane
    return planes.reshape(-1, game.rows, game.columns, 2)


def encode(game: LineGame, observations: NDArray[np.int8]) -> States:
    """The states that `(B, rows, columns, 2)` observations show: the inverse of `observations`.

    Raises:
        ShapeError: another shape, or entries other than 0 and 1.
    """
    return _weigh(_cells(game, observations), _cell_weights(game))


def images(game: LineGame, observations: NDArray[np.int8]) -> States:
    """The states that all symmetric images of `(B, rows, columns, 2)` show: `(B, G)` each.

    Raises:
        ShapeError: as `encode`.
    """
    return _weigh(_cells(game, observations), _image_weights(game))


def _cells(game: LineGame, observations: NDArray[np.int8]) -> NDArray[np.int8]:
    """The observations by cell, `(B, cells, 2)`, checked."""
    seen = np.asarray(observations)
    expected = (game.rows, game.columns, 2)
    if seen.ndim != 4 or seen.shape[1:] != expected:
        rows, columns, planes = expected
        raise ShapeError(
            f"observations: expected shape (B, {rows}, {columns}, {planes}), came {seen.shape}"
        )
    wrong = (seen != 0) & (seen != 1)
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ShapeError(f"observations: expected 0 or 1, came {seen[first].item()!r} at {first}")
    return seen.reshape(len(seen), game.cells, 2)


def _weigh(cells: NDArray[np.int8], weights: NDArray[np.uint64]) -> States:
    """Sum the weights of the marked cells: `(B, cells, 2)` and `(cells, ...)` → `(B, ...)`."""
    boards = (np.ascontiguousarray(cells[..., plane]) for plane in range(2))
    if weights.max() < 2**40:  # float64 sums of up to 64 such weights are exact, and BLAS is fast
        real = weights.astype(np.float64)
        return States(*((board.astype(np.float64) @ real).astype(np.uint64) for board in boards))
    return States(*(board.astype(np.uint64) @ weights for board in boards))


@lru_cache(maxsize=32)
def _cell_weights(game: LineGame) -> NDArray[np.uint64]:
    return ONE << np.array(game.cell_bits, dtype=np.uint64)


@lru_cache(maxsize=32)
def _image_weights(game: LineGame) -> NDArray[np.uint64]:
    """Per cell and symmetry, the bit that the cell's mark comes to: `(cells, G)`."""
    comes_to = np.argsort(game.symmetries.cells, axis=1)  # G cell
    return _cell_weights(game)[comes_to].T.copy()


def symmetric_decisions(
    game: LineGame,
    observations: NDArray[np.int8],
    action_masks: NDArray[np.int8],
    actions: NDArray[np.int64],
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int64]]:
    """All symmetric images of decisions: N rows in, N · G rows out, an N's images together."""
    symmetries = game.symmetries
    cells = observations.reshape(len(observations), game.cells, 2)[:, symmetries.cells]
    comes_to = np.argsort(symmetries.actions, axis=1)  # G action
    return (
        cells.reshape(-1, game.rows, game.columns, 2),
        action_masks[:, symmetries.actions].reshape(-1, game.actions),
        comes_to[:, actions].T.reshape(-1),
    )


def keys(game: LineGame, states: States) -> NDArray[np.uint64]:
    """One number per position, different for different positions, never 0; any shape.

    With gravity the mover's marks plus the heights of the columns, else both bitboards in one
    word or, on larger boards, the base-3 number of the cells.

    Raises:
        InvalidModelError: a board without gravity of more than 40 cells, which fits none.
    """
    occupied = states.mover | states.other
    if game.gravity:
        return states.mover + occupied + np.uint64(game.feet)
    if 2 * game.bits < 64:
        return (states.mover << np.uint64(game.bits) | states.other) + ONE
    if game.cells > 40:
        raise InvalidModelError(
            f"keys: expected at most 40 cells on a board without gravity, came {game.cells}"
        )
    bits = np.array(game.cell_bits, dtype=np.uint64)
    digits = (states.mover[..., None] >> bits & ONE) + 2 * (states.other[..., None] >> bits & ONE)
    powers = np.array([3**i for i in range(game.cells)], dtype=np.uint64)
    return (digits * powers).sum(axis=-1, dtype=np.uint64) + ONE
