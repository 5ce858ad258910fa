"""Behaviour cloning on boards with more decisions than fit into one batch.

As `mail_learners.cloning`: cross-entropy with the illegal actions masked out, every distinct
situation weighing the same, a perceptron; but over planes of the board, by minibatches, for a given
number of gradient steps, the same for every learner and every amount of data, with the learning
rate annealed to zero along half a cosine.

A network so small does not fit tens of thousands of situations, and one slip in the opening is a
lost game. So a clone **remembers**: in a situation that it was shown it answers with the shares of
the actions it was shown there, the maximum-likelihood estimate, and asks the network elsewhere
alone. The amount of data and the amount of optimisation are then not confounded.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mail_envs.board import LineGame, batch
from mail_envs.board.batch import States
from mail_envs.protocols import FloatArray, Mask, Observations
from mail_learners.boards.inputs import INPUTS, inputs
from mail_learners.boards.rounds import rows_of
from mail_learners.cloning import action_shares, spread
from mail_learners.networks import perceptron, softmax
from mail_wrappers import Decisions

__all__ = ["BoardClone", "BoardCloneConfig", "Situations", "clone_board", "situations"]


@dataclass(frozen=True)
class BoardCloneConfig:
    """How a clone is trained.

    Attributes:
        widths: hidden layers.
        learning_rate: of Adam at the start.
        batch_size: situations per gradient step.
        steps: gradient steps.
        inputs: what the network sees, a name of `mail_learners.boards.inputs`.
        symmetry: whether it is taught the symmetric images of every decision.
        memory: whether it remembers the situations that it was shown.
    """

    widths: tuple[int, ...] = (256, 256)
    learning_rate: float = 2e-3
    batch_size: int = 512
    steps: int = 1500
    inputs: str = "threats"
    symmetry: bool = True
    memory: bool = True


class Situations(NamedTuple):
    """N distinct situations, and how often each action was chosen there."""

    states: States  # (N,) each
    keys: NDArray[np.uint64]  # (N,), increasing
    shares: FloatArray  # (N, A), rows summing to one

    def find(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The rows of `(B,)` keys, and whether they are among them."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.bool_)
        row = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return row, self.keys[row] == keys


class BoardClone:
    """A masked softmax network over planes of the board, and a memory; a policy as others are.

    Args:
        game: the board.
        network: from `(B, planes · cells)` to `(B, A)` logits.
        inputs: what it sees.
        memory: situations in which it answers by heart.
    """

    def __init__(self, game: LineGame, network: nn.Module, inputs: str, memory: Situations) -> None:
        self._game = game
        self._network = network.double().eval()
        self._inputs = inputs
        self._memory = memory

    def __call__(self, observations: Observations, action_masks: Mask | None = None) -> FloatArray:
        """Answer `(B, rows, columns, 2)` observations with `(B, A)` probabilities."""
        states = batch.encode(self._game, observations)
        seen = inputs(self._game, states, self._inputs).astype(np.float64)
        with torch.no_grad():
            logits: FloatArray = self._network(torch.from_numpy(seen)).numpy()
        legal = batch.action_masks(self._game, states) if action_masks is None else action_masks
        answers = softmax(np.where(np.asarray(legal) == 1, logits, -np.inf))
        row, known = self._memory.find(batch.keys(self._game, states))
        answers[known] = self._memory.shares[row[known]]
        return answers


def situations(
    game: LineGame,
    decisions: Decisions,
    *,
    symmetry: bool,
    weights: FloatArray | None = None,
) -> Situations:
    """The distinct situations of some decisions, with their images where `symmetry` says so."""
    columns = (decisions.observations, decisions.masks(), decisions.actions)
    if symmetry:
        columns = batch.symmetric_decisions(game, *columns)
    states, actions = batch.encode(game, columns[0]), columns[2]
    every = batch.keys(game, states)
    keys, first, row = np.unique(every, return_index=True, return_inverse=True)
    counted = spread(weights, len(actions))
    shares = action_shares(row.ravel(), actions, shape=(len(keys), game.actions), weights=counted)
    return Situations(rows_of(states, first), keys, shares)


def clone_board(
    game: LineGame,
    decisions: Decisions,
    *,
    seed: int,
    config: BoardCloneConfig | None = None,
    weights: FloatArray | None = None,
) -> BoardClone:
    """Clone one agent's expert; the same arguments give the same policy.

    Args:
        game: the board.
        decisions: one agent's; with none the clone is an untrained network.
        seed: of the network's initial weights, and of the minibatches.
        config: see `BoardCloneConfig`; None for its defaults.
        weights: `(N,)`, what each decision counts, as in `mail_learners.clone`; None for 1 each.

    Returns:
        A stochastic policy; its argmax is the deterministic clone.
    """
    config = config or BoardCloneConfig()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        width = INPUTS[config.inputs] * game.cells
        network = perceptron(width, config.widths, game.actions)
    shown = situations(game, decisions, symmetry=config.symmetry, weights=weights)
    if len(decisions):
        _fit(network, game, shown, config, rng=np.random.default_rng(seed))
    nothing = Situations(rows_of(shown.states, slice(0)), shown.keys[:0], shown.shares[:0])
    return BoardClone(game, network, config.inputs, shown if config.memory else nothing)


def _fit(
    network: nn.Module,
    game: LineGame,
    shown: Situations,
    config: BoardCloneConfig,
    *,
    rng: np.random.Generator,
) -> None:
    """Minimise the mean cross-entropy."""
    seen = torch.from_numpy(inputs(game, shown.states, config.inputs))
    aims = torch.from_numpy(shown.shares).float()
    illegal = torch.from_numpy(batch.action_masks(game, shown.states) == 0)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    for step in range(config.steps):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _annealed(step / config.steps)
        rows = torch.from_numpy(_minibatch(len(seen), config.batch_size, rng))
        logits = network(seen[rows]).masked_fill(illegal[rows], -1e9)
        loss = -(aims[rows] * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _annealed(progress: float) -> float:
    """From 1 to 0 along half a cosine."""
    return (1 + math.cos(math.pi * progress)) / 2


def _minibatch(count: int, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Some rows, drawn with replacement; all of them where they are no more than asked for."""
    return np.arange(count) if count <= size else rng.integers(0, count, size)
