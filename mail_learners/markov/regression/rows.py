"""Which feature blocks were visited at each step, and arrays that grow with them."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mail_learners.markov.feature_blocks import FeatureBlocks

__all__ = ["RowNumbers", "grown"]


Number = TypeVar("Number", np.float64, np.int64)


class RowNumbers:
    """At each step, the visited blocks in the order of their first visits.

    Args:
        features: say which block a state lies in.
        steps: H.
    """

    def __init__(self, features: FeatureBlocks, steps: int) -> None:
        self._blocks = features.blocks
        self._numbers: list[dict[int, int]] = [{} for _ in range(steps)]
        self.size = 0
        """The largest number of rows at any step."""

    def block(self, state: int) -> int:
        """z(s)."""
        return state if self._blocks is None else int(self._blocks[state])

    def count(self, h: int) -> int:
        """How many rows there are at step h."""
        return len(self._numbers[h])

    def get(self, h: int, block: int) -> int | None:
        """The row of a block at step h, if it has one."""
        return self._numbers[h].get(block)

    def add(self, h: int, block: int) -> int:
        """Give a block the next row of step h."""
        numbers = self._numbers[h]
        row = numbers[block] = len(numbers)
        self.size: int = max(self.size, len(numbers))
        return row


def grown(array: NDArray[Number], axis: int, size: int) -> NDArray[Number]:
    """`array`, or a copy with axis `axis` at least doubled, zeros behind, that holds `size`."""
    length = array.shape[axis]
    if size <= length:
        return array
    missing = [(0, 0)] * array.ndim
    missing[axis] = (0, max(size, 2 * length) - length)
    return np.pad(array, missing)
