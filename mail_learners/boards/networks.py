"""Networks over planes of a board."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

__all__ = ["perceptron"]


def perceptron(inputs: int, widths: Sequence[int], outputs: int) -> nn.Sequential:
    """Hidden layers with ReLU, then a linear one: `(B, inputs)` → `(B, outputs)`."""
    sizes = [inputs, *widths]
    hidden = [
        layer
        for before, after in pairwise(sizes)
        for layer in (nn.Linear(before, after), nn.ReLU())
    ]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))
