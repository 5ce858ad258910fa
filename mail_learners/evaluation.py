"""Playing policies out: estimates, with everything sampled from one generator."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import LineGame, batch
from mail_envs.board.batch import States
from mail_envs.experts import PerfectExpert
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_envs.protocols.asking import ask, sample_actions

__all__ = ["Ply", "perturbed_expert", "play_out", "plies_played"]


class Ply(NamedTuple):
    """One ply of those games that go on, R of them."""

    number: int  # plies played before
    games: NDArray[np.int64]  # (R,) which games
    states: States  # (R,) each
    actions: NDArray[np.int64]  # (R,)
    after: States  # (R,) each


def plies_played(
    game: LineGame, policies: Sequence[Policy], *, games: int, rng: np.random.Generator
) -> Iterator[Ply]:
    """Play games to their end, all at once, ply by ply; arguments as in `play_out`."""
    blank = np.zeros(games, dtype=np.uint64)
    states = States(blank, blank.copy())
    for number in range(game.cells):
        running = np.flatnonzero(~batch.outcomes(game, states)[0])
        if not len(running):
            break
        now = States(states.mover[running], states.other[running])
        masks = batch.action_masks(game, now)
        table = ask(policies[number % 2], batch.observations(game, now), masks)
        actions = sample_actions(table, rng=rng)
        after = batch.place(game, now, actions)
        states.mover[running], states.other[running] = after
        yield Ply(number, running, now, actions, after)


def play_out(
    game: LineGame, policies: Sequence[Policy], *, games: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Play games to their end, all at once; returns the results for player 0, `(games,)`.

    Args:
        game: a board game.
        policies: one per player, in player order.
        games: how many.
        rng: where every move is drawn from, ply by ply.
    """
    results = np.zeros(games, dtype=np.int8)
    for ply in plies_played(game, policies, games=games, rng=rng):
        results[ply.games] = batch.outcomes(game, ply.after)[1]
    return results


def perturbed_expert(game: LineGame) -> Policy:
    """The opponent of arXiv 2602.22810's Tic-Tac-Toe score.

    With probability 0.1, and unless the perfect expert's move wins at once, a move is drawn from
    0.6 expert + 0.4 uniform over the legal actions; otherwise it is the expert's.
    """
    expert = PerfectExpert(game)

    def policy(observations: Observations, action_masks: Mask | None) -> FloatArray:
        states = batch.encode(game, observations)
        played = expert(observations, action_masks)
        legal = batch.action_masks(game, states)
        uniform = legal / legal.sum(axis=1, keepdims=True)
        best = expert.batch_scores(states).max(axis=1)
        wins_at_once = best == game.cells - batch.plies(states)
        noise = np.where(wins_at_once, 0.0, 0.1 * 0.4)[:, None]
        return (1 - noise) * played + noise * uniform

    return policy
