"""Networks, and distributions from what they answer."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from torch import nn

from mail_envs.protocols import FloatArray

__all__ = ["perceptron", "softmax"]


def perceptron(inputs: int, widths: Sequence[int], outputs: int) -> nn.Sequential:
    """Hidden layers with ReLU, then a linear one: `(B, inputs)` → `(B, outputs)`."""
    sizes = [inputs, *widths]
    hidden = [
        layer
        for before, after in pairwise(sizes)
        for layer in (nn.Linear(before, after), nn.ReLU())
    ]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))


def softmax(logits: FloatArray) -> FloatArray:
    """The softmax of every row; 0 where a logit is −inf, which not all of a row may be."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)
