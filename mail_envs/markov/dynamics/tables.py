"""Checking transition and reward tables, alike for every form of dynamics."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.errors import InvalidModelError, ShapeError
from mail_envs.markov.checks import (
    IntArray,
    action_axes,
    check_finite,
    check_rows,
    check_shape,
    frozen,
    frozen_integers,
    refuse,
)
from mail_envs.protocols import FloatArray

__all__ = [
    "checked_blocks",
    "checked_rewards",
    "checked_transitions",
    "common_steps",
    "count_players",
    "finite_steps",
    "with_steps",
]


def with_steps(
    array: ArrayLike, name: str, axes: Sequence[str], *, position: int = 0
) -> tuple[FloatArray, tuple[str, ...]]:
    """A read-only copy with or without a step axis, and the names of the axes that came.

    Args:
        array: as the user gave it.
        name: how errors call it.
        axes: the axes of one step.
        position: where the step axis stands if there is one.

    Raises:
        ShapeError: neither `len(axes)` nor one axis more.
    """
    table = frozen(array, name)
    per_step = (*axes[:position], "h", *axes[position:])
    if table.ndim == len(axes):
        return table, tuple(axes)
    if table.ndim == len(per_step):
        return table, per_step
    raise ShapeError(
        f"{name}: expected {len(axes)} axes ({', '.join(axes)}) or {len(per_step)} "
        f"({', '.join(per_step)}), came shape {table.shape}"
    )


def finite_steps(
    array: ArrayLike, name: str, axes: Sequence[str], *, position: int = 0
) -> FloatArray:
    """As `with_steps`, entries checked to be finite, a step axis of length 1 added if none came."""
    table, given = with_steps(array, name, axes, position=position)
    check_finite(table, name, given)
    return table if len(given) > len(axes) else np.expand_dims(table, position)


def checked_blocks(blocks: ArrayLike, states: int, count: int) -> IntArray:
    """A read-only map from states to blocks, each of which has a state.

    Args:
        blocks: z, `(S,)`, values in 0..count-1.
        states: S.
        count: the number of blocks, M.

    Raises:
        ShapeError: no integers, or another length than S.
        InvalidModelError: a value outside 0..M-1, or a block without a state.
    """
    decoder = frozen_integers(blocks, "blocks")
    check_shape(decoder, (states,), "blocks", ("s",))
    refuse((decoder < 0) | (decoder >= count), decoder, f"blocks in 0..{count - 1}", "blocks", "s")
    sizes = np.bincount(decoder, minlength=count)
    refuse(sizes == 0, sizes, "at least one state in each block", "blocks", "z")
    return decoder


def checked_transitions(
    transitions: ArrayLike, num_players: int, *, name: str = "transitions", state: str = "s"
) -> FloatArray:
    """A read-only transition table with a step axis.

    Args:
        transitions: `(S, A_1, …, A_n, S)` or per step `(H, S, A_1, …, A_n, S)`.
        num_players: n.
        name: how errors call the table.
        state: how errors call the states.

    Returns:
        `(1 or H, S, A_1, …, A_n, S)`.

    Raises:
        ShapeError: another number of axes, or another number of next states than of states.
        InvalidModelError: NaN, negative probabilities, rows off one.
    """
    axes = (state, *action_axes(num_players), f"{state}'")
    table, axes = with_steps(transitions, name, axes)
    expected = (*table.shape[:-1], table.shape[axes.index(state)])
    check_shape(table, expected, name, axes)
    check_rows(table, name, axes)
    return table if axes[0] == "h" else table[None]


def checked_rewards(
    rewards: ArrayLike, rows: int, actions: tuple[int, ...], *, state: str = "s"
) -> FloatArray:
    """A read-only reward table with a step axis.

    Args:
        rewards: `(n, rows, A_1, …, A_n)` or per step `(n, H, rows, A_1, …, A_n)`.
        rows: the number of states, or of blocks.
        actions: A_1, …, A_n.
        state: how errors call the rows.

    Returns:
        `(n, 1 or H, rows, A_1, …, A_n)`.

    Raises:
        ShapeError: another shape.
        InvalidModelError: NaN or infinite entries.
    """
    n = len(actions)
    table, axes = with_steps(rewards, "rewards", ("i", state, *action_axes(n)), position=1)
    steps = table.shape[1:2] if axes[1] == "h" else ()
    check_shape(table, (n, *steps, rows, *actions), "rewards", axes)
    check_finite(table, "rewards", axes)
    return table if steps else table[:, None]


def count_players(rewards: ArrayLike) -> int:
    """n, the length of the first axis of the rewards.

    Raises:
        ShapeError: there is no such axis, or it is empty.
    """
    shape = frozen(rewards, "rewards").shape
    if not shape or shape[0] < 1:
        raise ShapeError(f"rewards: expected one table per player, came shape {shape}")
    return shape[0]


def common_steps(**counts: int) -> int:
    """The number of distinct steps of tables that have one step (alike at every h) or H.

    Raises:
        InvalidModelError: an empty step axis, or two tables with different numbers above one.
    """
    for name, count in counts.items():
        if count < 1:
            raise InvalidModelError(f"{name}: expected at least one step, came {count}")
    many = {name: count for name, count in counts.items() if count > 1}
    if len(set(many.values())) > 1:
        raise InvalidModelError(f"expected the same number of steps in every table, came {many}")
    return max(counts.values())
