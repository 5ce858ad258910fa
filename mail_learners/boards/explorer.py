r"""A deep explorer of boards on novelty rewards, playing its games in lockstep.

The deep interactive explorer of arXiv 2602.22810, as `mail_learners.dqn_explorer` has it, for
games too large to play one by one. Per round of games: play all of them at once, then take gradient
steps on the replay of everything played, then count the round's visits. With s·a the position that
action a leaves, r the novelty of a visit (`mail_wrappers.novelty`) and N a network,

    Q(s, a) = r(s, a) + N(s·a),          N(s·a) = 0 where s·a is over,
    N(s·a) ← γ max_{a'} Q(s', a'),       0 where the expert's answer ended the game,

s' being the explorer's next turn and a' legal there. Actions are drawn from a softmax of Q over
legal actions.

On a board with more positions than can be visited nearly every position is new, so that what such
an explorer is paid for is to stay in the game: it learns to parry the expert, and asks it about
positions that only a strong opponent reaches, while the early positions, which do repeat, lose
their novelty and send it elsewhere. Each game of a round has a temperature of its own, as actors
have in Ape-X (arXiv 1803.00933): cool games resist for long, hot ones spread over the openings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mail_envs.board import LineGame, batch
from mail_envs.board.batch import States
from mail_envs.protocols import FeatureMap, FloatArray, OneHotFeatureMap
from mail_envs.protocols.asking import sample_actions
from mail_learners.boards.inputs import INPUTS, inputs
from mail_learners.boards.rounds import Turn, rows_of
from mail_learners.networks import perceptron, softmax
from mail_wrappers import NoveltyReward

__all__ = ["BoardExploreConfig", "BoardExplorer"]

Actions = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class BoardExploreConfig:
    """How the explorer learns.

    Attributes:
        ridge: λ of the novelty.
        temperatures: of the softmax over values, in units of the novelty of a first visit: those of
            the first and the last game of a round, geometrically spaced between.
        discount: γ of the explorer's own return.
        gradient_steps: after each round.
        batch_size: transitions per gradient step.
        learning_rate: of Adam.
        widths: hidden layers.
        inputs: what the network sees, a name of `mail_learners.boards.inputs`.
    """

    ridge: float = 0.1
    temperatures: tuple[float, float] = (0.05, 1.0)
    discount: float = 0.95
    gradient_steps: int = 20
    batch_size: int = 128
    learning_rate: float = 2e-3
    widths: tuple[int, ...] = (128, 128)
    inputs: str = "threats"


class Replay(NamedTuple):
    """Everything that the explorer did, in the order in which it was done."""

    states: States  # (N,) each, at its turn
    actions: Actions  # (N,)
    following: States  # (N,) each, its next turn; anything where there is none
    over: Flags  # (N,) whether there is none


class BoardExplorer:
    """A mover that learns between rounds.

    Args:
        game: a board.
        features: of its state-action pairs, what novelty is novelty over.
        games: how many a round has.
        seed: of the network's initial weights.
        config: see `BoardExploreConfig`.
    """

    def __init__(
        self,
        game: LineGame,
        features: FeatureMap | OneHotFeatureMap,
        *,
        games: int,
        seed: int,
        config: BoardExploreConfig,
    ) -> None:
        self._game = game
        self._games = games
        self._config = config
        self._novelty = NoveltyReward.over(features, ridge=config.ridge)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._network = perceptron(INPUTS[config.inputs] * game.cells, config.widths, 1)
        self._optimiser = torch.optim.Adam(self._network.parameters(), lr=config.learning_rate)
        self._replay: Replay | None = None

    def __call__(
        self, states: States, games: NDArray[np.int64], rng: np.random.Generator
    ) -> Actions:
        """Choose an action in each of `(B,)` states."""
        coldest, hottest = self._config.temperatures
        heat = np.exp(np.log(hottest / coldest) * games / max(self._games - 1, 1))
        values = self.values(states) / (coldest * heat)[:, None]
        return sample_actions(softmax(values), rng=rng)

    def values(self, states: States) -> FloatArray:
        """Q of every action, −inf where illegal: `(B, A)`."""
        game, count = self._game, self._game.actions
        legal = batch.action_masks(game, states) == 1
        rows, actions = np.nonzero(legal)
        after = batch.place(game, rows_of(states, rows), actions)
        with torch.no_grad():
            ahead = self._network(self._see(after))[:, 0].double().numpy()
        values = np.full(legal.shape, -np.inf)
        values[rows, actions] = np.where(batch.outcomes(game, after)[0], 0.0, ahead)
        return values + self._novelty.price_actions(batch.observations(game, states), count)

    def learn(self, turns: Sequence[Turn], *, rng: np.random.Generator) -> None:
        """Learn from the explorer's own turns of one more round, and count its visits."""
        new = _transitions(turns)
        replay = new if self._replay is None else _joined(self._replay, new)
        for _ in range(self._config.gradient_steps):
            self._step(replay, rng.integers(0, len(replay.actions), self._config.batch_size))
        self._replay = replay
        seen = batch.observations(self._game, new.states)
        self._novelty = self._novelty.visited(seen, new.actions)

    def _step(self, replay: Replay, rows: NDArray[np.int64]) -> None:
        """One gradient step on some rows of the replay; moves that end the game teach nothing."""
        after = batch.place(self._game, rows_of(replay.states, rows), replay.actions[rows])
        going = ~batch.outcomes(self._game, after)[0]
        rows, after = rows[going], rows_of(after, going)
        if not len(rows):
            return
        answered = ~replay.over[rows]
        aims = np.zeros(len(rows))
        if answered.any():
            following = rows_of(replay.following, rows[answered])
            aims[answered] = self._config.discount * self.values(following).max(axis=1)
        loss = nn.functional.smooth_l1_loss(
            self._network(self._see(after))[:, 0], torch.from_numpy(aims).float()
        )
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()

    def _see(self, states: States) -> torch.Tensor:
        return torch.from_numpy(inputs(self._game, states, self._config.inputs))


def _transitions(turns: Sequence[Turn]) -> Replay:
    """From each of the explorer's turns of a round to the next one of the same game."""
    parts: list[Replay] = []
    for turn, following in zip(turns, [*turns[1:], None], strict=True):
        over, place = np.ones(len(turn.games), dtype=np.bool_), turn.games * 0
        after = turn.states
        if following is not None:
            place = np.minimum(
                np.searchsorted(following.games, turn.games), len(following.games) - 1
            )
            over = following.games[place] != turn.games
            after = rows_of(following.states, place)
        parts.append(Replay(turn.states, turn.actions, after, over))
    return _joined(*parts)


def _joined(*parts: Replay) -> Replay:
    def states(name: str) -> States:
        sides = [[getattr(part, name)[side] for part in parts] for side in range(2)]
        return States(*map(np.concatenate, sides))

    return Replay(
        states("states"),
        np.concatenate([part.actions for part in parts]),
        states("following"),
        np.concatenate([part.over for part in parts]),
    )
