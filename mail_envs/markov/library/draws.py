r"""Random tables that are the same everywhere: on every run, machine and platform.

A seed becomes independent streams by `SeedSequence`, a stream numbers by `PCG64`, whose output
NumPy promises to keep. Uniform numbers are exact functions of it. Distributions are normalised
gammas,

.. math:: \text{Dir}(\alpha): \quad p_j = g_j / \sum_k g_k, \qquad
          \log g_j = \log \Gamma_{\alpha + 1} + \tfrac{1}{\alpha} \log U,

drawn through logarithms because small α underflow otherwise, and then rounded to multiples of 2⁻³²
(or coarser, where products of such numbers shall be exact), the largest remainders up. So
differences in the last bits of logarithms, which mathematical libraries do have, vanish; rows sum
to exactly one in whatever order they are added; and entries that are as good as zero are zero.
"""

from collections.abc import Sequence

import numpy as np

from mail_envs.errors import InvalidModelError, ShapeError
from mail_envs.protocols import FloatArray

__all__ = ["dirichlet", "duration", "round_rows", "streams", "uniform", "zero_sum_pair"]

BITS = 32
"""Probabilities are multiples of 2⁻³² unless fewer bits are asked for."""


def streams(seed: int, count: int) -> list[np.random.Generator]:
    """`count` independent generators of one seed: what is drawn from one moves no other.

    Raises:
        ValueError: a negative seed.
    """
    if seed < 0:
        raise ValueError(f"seed: expected an integer of at least 0, came {seed!r}")
    children = np.random.SeedSequence(seed).spawn(count)
    return [np.random.Generator(np.random.PCG64(child)) for child in children]


def uniform(shape: Sequence[int], *, rng: np.random.Generator, bits: int = 52) -> FloatArray:
    """Numbers in [-1, 1), uniform, multiples of 2^-bits (rounded down)."""
    unit = 2.0**bits
    return np.floor((2 * rng.random(tuple(shape)) - 1) * unit) / unit


def dirichlet(
    shape: Sequence[int], concentration: float, *, rng: np.random.Generator, bits: int = BITS
) -> FloatArray:
    """Distributions along the last axis, from the symmetric Dirichlet distribution.

    Row by row: a longer table of the same seed begins with the rows of a shorter one.

    Args:
        shape: of the table.
        concentration: α > 0; small for rows near one-hot, 1 for uniform on the simplex.
        rng: where the randomness comes from.
        bits: entries are multiples of 2^-bits.

    Raises:
        ValueError: a concentration that is not a positive number.
    """
    if not 0 < concentration < np.inf:
        raise ValueError(f"concentration: expected a finite number above 0, came {concentration!r}")
    first, second = rng.spawn(2)  # so that more rows continue the same streams
    gammas = first.standard_gamma(concentration + 1, size=tuple(shape))
    logs = np.log(gammas) + np.log1p(-second.random(tuple(shape))) / concentration
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return round_rows(weights / weights.sum(axis=-1, keepdims=True), bits=bits)


def round_rows(table: FloatArray, *, bits: int = BITS) -> FloatArray:
    """Round distributions (along the last axis) to multiples of 2^-bits that sum to exactly one."""
    unit = 2.0**bits
    scaled = table * unit
    floors = np.floor(scaled)
    missing = unit - floors.sum(axis=-1, keepdims=True)  # sums of integers are exact
    order = np.argsort(floors - scaled, axis=-1, kind="stable")  # largest remainders first
    ranks = np.argsort(order, axis=-1, kind="stable")
    return (floors + (ranks < missing)) / unit


def duration(
    horizon: int | None, discount: float | None, *, default: dict[str, float]
) -> tuple[int | None, float | None]:
    """Horizon and discount of a game: the family's default where neither is given.

    Raises:
        InvalidModelError: both are given, or a horizon below 1.
    """
    if horizon is not None and horizon < 1:
        raise InvalidModelError(f"horizon: expected an integer of at least 1, came {horizon}")
    if horizon is not None and discount is not None:
        raise InvalidModelError(
            f"expected a horizon or a discount, came horizon={horizon}, discount={discount}"
        )
    if horizon is None and discount is None:
        steps = default.get("horizon")
        return None if steps is None else int(steps), default.get("discount")
    return horizon, discount


def zero_sum_pair(first: FloatArray, players: int) -> FloatArray:
    """The rewards of both players of a zero-sum game: `(…)` → `(2, …)`.

    Raises:
        ShapeError: not two players.
    """
    if players != 2:
        raise ShapeError(f"actions: expected two players for a zero-sum game, came {players}")
    return np.stack([first, -first])
