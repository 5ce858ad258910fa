"""Behaviour cloning: cross-entropy on what an expert did, with the illegal actions masked out.

The sample of one agent's decisions is first brought to its distinct situations s (observation and
mask), with the empirical distribution p̂(a|s) = n(s, a) / n(s) as the target in each, so that a
stochastic expert keeps its frequencies. The clone minimises

    (1 / |S|) Σ_s KL(p̂(·|s) ‖ π_θ(·|s)),

every distinct situation weighing the same: an opponent chooses where play goes, so how often the
data went there is no measure of what matters. (With arXiv 2602.22810's frequency weights instead,
the optimum is the same wherever the class can fit the targets; the rare situations are only reached
later.) Training stops when the worst situation's KL is below a tolerance, so that the amount of
data and the amount of optimisation are not confounded.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mail_envs.errors import ShapeError
from mail_envs.protocols import FloatArray, Mask, Observations

__all__ = ["CloneConfig", "ClonedPolicy", "clone", "load_policy"]

FORMAT = "mail-envs cloned policy 1"


@dataclass(frozen=True)
class CloneConfig:
    """How a clone is trained.

    Attributes:
        widths: hidden layers.
        learning_rate: of Adam, full batch.
        tolerance: training stops once every situation's KL is below it, in nats.
        max_steps: or after this many steps.
    """

    widths: tuple[int, ...] = (128, 128)
    learning_rate: float = 3e-3
    tolerance: float = 1e-3
    max_steps: int = 3000


class ClonedPolicy:
    """A masked softmax network over flattened observations; a policy as others are.

    Args:
        network: from `(B, features)` to `(B, A)` logits.
        shape: of one observation.
        widths: hidden layers, to rebuild the network from its file.
    """

    def __init__(self, network: nn.Module, shape: tuple[int, ...], widths: tuple[int, ...]) -> None:
        self._network = network.double().eval()
        self._shape = shape
        self._widths = widths

    def __call__(self, observations: Observations, action_masks: Mask | None = None) -> FloatArray:
        """Answer `(B, ...)` observations with `(B, A)` probabilities.

        Raises:
            ShapeError: observations of another shape.
        """
        seen = np.asarray(observations)
        if seen.shape[1:] != self._shape:
            raise ShapeError(f"observations: expected (B, {self._shape}), came {seen.shape}")
        inputs = torch.from_numpy(seen.reshape(len(seen), -1).astype(np.float64))
        with torch.no_grad():
            logits: FloatArray = self._network(inputs).numpy()
        legal = np.ones_like(logits) if action_masks is None else np.asarray(action_masks)
        logits = np.where(legal == 1, logits, -np.inf)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)
