"""Playing policies out: estimates, with everything sampled from one generator."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import LineGame, batch
from mail_envs.experts import PerfectExpert
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_learners.boards.rounds import by_policy, play_round

__all__ = ["perturbed_expert", "play_out"]


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
    movers = [by_policy(game, policy) for policy in policies]
    for turn in play_round(game, movers, games=games, rng=rng):
        results[turn.games] = batch.outcomes(game, turn.after)[1]
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
