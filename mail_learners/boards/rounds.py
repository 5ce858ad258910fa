"""Rounds of games in lockstep: all of a round's games are at the same ply.

A round is played by two movers, one per player, who choose for all running games at once. What
happened is kept as one `Turn` per ply. Rounds are numbered, and each has a random stream of its
own, so that the first n games of a longer run are the games of a run of n.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import LineGame, batch
from mail_envs.board.batch import States
from mail_envs.protocols import Policy
from mail_envs.protocols.asking import ask, sample_actions
from mail_wrappers import Decisions, Demonstrations

__all__ = ["Mover", "Turn", "by_policy", "play_round", "recorded", "rows_of"]

Actions = NDArray[np.int64]
Mover = Callable[[States, NDArray[np.int64], np.random.Generator], Actions]
"""From `(B,)` states, the numbers of their games and a generator to `(B,)` legal actions."""


class Turn(NamedTuple):
    """What the mover of one ply did in every game that had not ended."""

    ply: int
    states: States  # (B,) each
    games: NDArray[np.int64]  # (B,), increasing, counted from 0 in each round
    actions: Actions  # (B,)
    after: States  # (B,) each

    def where(self, rows: NDArray[np.bool_]) -> "Turn":
        """What was done in some of the games, `(B,)`."""
        states, after = rows_of(self.states, rows), rows_of(self.after, rows)
        return Turn(self.ply, states, self.games[rows], self.actions[rows], after)


def play_round(
    game: LineGame, movers: Sequence[Mover], *, games: int, rng: np.random.Generator
) -> Iterator[Turn]:
    """Play games from the empty board to their end, ply by ply.

    Args:
        game: a board.
        movers: one per player, in player order.
        games: how many.
        rng: given to the movers, in the order of their turns.
    """
    states = States(np.zeros(games, dtype=np.uint64), np.zeros(games, dtype=np.uint64))
    numbers = np.arange(games)
    for ply in range(game.cells):
        going = ~batch.outcomes(game, states)[0]
        states, numbers = rows_of(states, going), numbers[going]
        if not len(numbers):
            break
        actions = movers[ply % 2](states, numbers, rng)
        after = batch.place(game, states, actions)
        yield Turn(ply, states, numbers, actions, after)
        states = after


def by_policy(game: LineGame, policy: Policy, *, who: str = "policy") -> Mover:
    """A mover that draws its actions from a policy."""

    def move(states: States, games: NDArray[np.int64], rng: np.random.Generator) -> Actions:
        del games
        seen, masks = batch.observations(game, states), batch.action_masks(game, states)
        return sample_actions(ask(policy, seen, masks, who=who), rng=rng)

    return move


def recorded(game: LineGame, rounds: Sequence[Iterable[Turn]], *, per_round: int) -> Demonstrations:
    """The turns of some rounds as recorded decisions, ordered by ply within each round."""
    turns = [(number, turn) for number, each in enumerate(rounds) for turn in each]
    states = States(
        *(np.concatenate([turn.states[side] for _, turn in turns]) for side in range(2))
    )
    plies = batch.plies(states)
    everything = Decisions(
        observations=batch.observations(game, states),
        action_masks=batch.action_masks(game, states),
        actions=np.concatenate([turn.actions for _, turn in turns]),
        episodes=np.concatenate([turn.games + number * per_round for number, turn in turns]),
        steps=plies,
    )
    return Demonstrations(
        {agent: everything.take(plies % 2 == player) for player, agent in enumerate(game.agents)}
    )


def rows_of(states: States, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> States:
    """Some rows of a batch of states."""
    return States(states.mover[rows], states.other[rows])
