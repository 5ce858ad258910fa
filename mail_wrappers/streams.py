"""Random streams: children of a seed, told apart by where they are used; and seeds of rows."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from mail_wrappers.options import check_seed

__all__ = ["foreign_seed", "row_seeds", "stream_seed"]


def stream_seed(*path: int) -> int:
    """A seed, from 0 to 2³² - 1, for the random stream that `path` names: `(seed, episode)`, say.

    Streams of different paths are independent.
    """
    return int(np.random.SeedSequence(path).generate_state(1)[0])


def foreign_seed(*path: int) -> int:
    """The same from 0 to 2³¹ - 1: environments written in C take no more."""
    return stream_seed(*path) >> 1


def row_seeds(seed: int | Sequence[int | None] | None, rows: int) -> list[int | None]:
    """The seed of each row of a batch: row i gets `seed + i`, or the i-th of a sequence.

    Raises:
        InvalidOptionError: seeds that are none, or another number of them than rows.
    """
    seeds = check_seed("seed", seed, rows=rows)
    if isinstance(seeds, list):
        return cast("list[int | None]", seeds)
    return [None if seeds is None else seeds + row for row in range(rows)]
