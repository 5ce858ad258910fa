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

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import nn

from mail_envs.errors import ForeignResultsError, ShapeError
from mail_envs.protocols import FloatArray, Mask, Observations
from mail_learners.files import canonical_json, checksum, write_atomically
from mail_learners.networks import perceptron, softmax
from mail_wrappers import Decisions

__all__ = [
    "Augment",
    "CloneConfig",
    "ClonedPolicy",
    "action_shares",
    "clone",
    "load_policy",
    "spread",
    "weighted",
]

FORMAT = "mail-envs cloned policy 1"

Augment = Callable[
    [NDArray[Any], NDArray[np.int8], NDArray[np.int64]],
    tuple[NDArray[Any], NDArray[np.int8], NDArray[np.int64]],
]
"""From decisions (observations, masks, actions) to more decisions."""


@dataclass(frozen=True)
class CloneConfig:
    """How a clone is trained.

    Attributes:
        widths: of the hidden layers.
        learning_rate: of Adam, full batch.
        tolerance: training stops once every situation's KL is below it, in nats.
        max_steps: or after this many steps.
    """

    widths: tuple[int, ...] = (256,)
    learning_rate: float = 1e-2
    tolerance: float = 1e-3
    max_steps: int = 4000


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
        flat = seen.reshape(len(seen), math.prod(self._shape)).astype(np.float64)
        with torch.no_grad():
            logits: FloatArray = self._network(torch.from_numpy(flat)).numpy()
        legal = np.ones_like(logits) if action_masks is None else np.asarray(action_masks)
        return softmax(np.where(legal == 1, logits, -np.inf))

    def save(self, path: Path | str) -> None:
        """Write the policy to a safetensors file, its description as JSON inside; atomically."""
        weights = {name: part.contiguous() for name, part in self._network.state_dict().items()}
        description = _description(self._shape, self._widths, weights)
        data = save(weights, metadata={"mail-envs": canonical_json(description)})
        write_atomically(Path(path), data)


def load_policy(path: Path | str) -> ClonedPolicy:
    """Read a policy that `ClonedPolicy.save` wrote.

    Raises:
        FileNotFoundError: no such file.
        ForeignResultsError: a file of another kind, or a damaged one.
    """
    try:
        with safetensors.safe_open(str(path), "pt") as file:
            found = json.loads((file.metadata() or {}).get("mail-envs", "{}"))
        return _rebuilt(found, load_file(str(path)))
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ForeignResultsError(
            f"{path}: expected a policy of format {FORMAT!r}, came a damaged or foreign file "
            f"({error!r}); save it again with ClonedPolicy.save"
        ) from error


def _description(
    shape: tuple[int, ...], widths: tuple[int, ...], weights: dict[str, torch.Tensor]
) -> dict[str, Any]:
    """What stands in a file beside the weights, as JSON; a checksum tells damage from training."""
    arrays = {name: part.numpy() for name, part in weights.items()}
    sums = {
        name: hashlib.sha256(repr((part.dtype.str, part.shape)).encode() + part.tobytes())
        for name, part in arrays.items()
    }
    described = {"format": FORMAT, "shape": list(shape), "widths": list(widths)}
    whole = {**described, "weights": {name: digest.hexdigest() for name, digest in sums.items()}}
    return {**described, "checksum": checksum(whole)}


def _rebuilt(found: dict[str, Any], weights: dict[str, torch.Tensor]) -> ClonedPolicy:
    """The policy of a description and its weights; ValueError where they do not match."""
    shape, widths = tuple(found["shape"]), tuple(found["widths"])
    if found != _description(shape, widths, weights):
        raise ValueError("another format, or contents that do not match their checksum")
    actions = len(weights[f"{2 * len(widths)}.weight"])  # of the last layer
    network = perceptron(math.prod(shape), widths, actions).double()
    network.load_state_dict(weights)
    return ClonedPolicy(network, shape, widths)


def clone(
    decisions: Decisions,
    *,
    seed: int,
    config: CloneConfig | None = None,
    augment: Augment | None = None,
    weights: FloatArray | None = None,
) -> ClonedPolicy:
    """Clone one agent's expert; the same arguments give the same policy.

    Args:
        decisions: one agent's; with none the clone is an untrained network.
        seed: of the network's initial weights.
        config: see `CloneConfig`; None for its defaults.
        augment: further decisions that the given ones imply, for example a board's symmetric
            images; None for none. What a decision implies stands together, in its order.
        weights: `(N,)`, what each decision counts among those of its situation, for labels that
            are distributions: one row per action, its probability the weight. None for 1 each.

    Returns:
        A stochastic policy; its argmax is the deterministic clone.
    """
    config = config or CloneConfig()
    columns = (decisions.observations, decisions.masks(), decisions.actions)
    observations, masks, actions = augment(*columns) if augment else columns
    shape = decisions.observations.shape[1:]
    inputs = observations.reshape(len(observations), math.prod(shape)).astype(np.float32)
    inputs, masks, targets = _situations(inputs, masks, actions, spread(weights, len(actions)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = perceptron(math.prod(shape), config.widths, masks.shape[1])
    _fit(network, inputs, masks, targets, config)
    return ClonedPolicy(network, shape, config.widths)


def _situations(
    inputs: NDArray[np.float32],
    masks: NDArray[np.int8],
    actions: NDArray[np.int64],
    weights: FloatArray | None,
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float32]]:
    """The distinct rows (input, mask) and the empirical distribution of actions in each."""
    width = inputs.shape[1]
    rows, index = np.unique(np.hstack([inputs, masks]), axis=0, return_inverse=True)
    shape = (len(rows), masks.shape[1])
    targets = action_shares(index.ravel(), actions, shape=shape, weights=weights)
    return (
        rows[:, :width].astype(np.float32),
        rows[:, width:].astype(np.int8),
        targets.astype(np.float32),
    )


def action_shares(
    rows: NDArray[np.int64],
    actions: NDArray[np.int64],
    *,
    shape: tuple[int, int],
    weights: FloatArray | None = None,
) -> FloatArray:
    """The distributions of actions `(B,)` by row `(B,)`: `shape`, 0 in rows without.

    Args:
        rows: of each decision.
        actions: likewise.
        shape: the rows, and the actions.
        weights: `(B,)`, what each decision counts; None for 1 each.
    """
    counts = np.zeros(shape)
    np.add.at(counts, (rows, actions), 1 if weights is None else weights)
    totals = counts.sum(axis=1, keepdims=True)
    return counts / np.where(totals > 0, totals, 1)


def spread(weights: FloatArray | None, count: int) -> FloatArray | None:
    """The weights of `count` decisions that as many weighted ones, each alike, stand for."""
    return None if weights is None else np.repeat(weights, count // max(len(weights), 1))


def weighted(decisions: Decisions) -> tuple[Decisions, FloatArray]:
    """Decisions with distributions as weighted decisions, which is how `clone` takes them.

    Returns:
        A decision for every action of positive probability, and `(M,)` these probabilities.

    Raises:
        ShapeError: decisions without distributions.
    """
    chances = decisions.distributions
    if chances is None:
        raise ShapeError("weighted: expected decisions with distributions, came some without")
    rows, actions = np.nonzero(chances)
    return replace(decisions.take(rows), actions=actions.astype(np.int64)), chances[rows, actions]


def _fit(
    network: nn.Module,
    inputs: NDArray[np.float32],
    masks: NDArray[np.int8],
    targets: NDArray[np.float32],
    config: CloneConfig,
) -> None:
    """Minimise the mean KL until the worst is below the tolerance."""
    if not len(inputs):
        return
    seen, aim = torch.from_numpy(inputs), torch.from_numpy(targets)
    illegal = torch.from_numpy(masks == 0)
    negative_entropy = torch.special.xlogy(aim, aim).sum(dim=1)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    for _ in range(config.max_steps):
        log_chances = torch.log_softmax(network(seen).masked_fill(illegal, -1e9), dim=1)
        divergences = negative_entropy - (aim * log_chances).sum(dim=1)
        if divergences.detach().max() < config.tolerance:
            return
        optimiser.zero_grad()
        divergences.mean().backward()
        optimiser.step()
