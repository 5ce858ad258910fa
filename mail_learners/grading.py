"""Graded measures of board policies: estimates from sampled games, every one with its interval.

What is exact of a policy is its best response on boards that can be enumerated
(`mail_envs.best_response`) and its first mistake on larger ones (`mail_envs.board.find_mistake`).
Both look for the worst that can happen; the measures here say how a policy fares on the way,
against opponents that are named with them. Games are independent, so shares of games, and shares of
the moves at one ply, to which a game contributes one at most, have Wilson's 95 % intervals.

**The published opponents** of arXiv 2602.22810 on Connect Four play by a softmax of the
literature's scores over a temperature of 0 to 5. The literature's score is half of ours, rounded
away from zero: one more than the marks that the winner has left when it wins. At temperature 0 the
published rule reads: if all scores are negative, a softmax at temperature 1; else the best move
where the learner could win right after it, and a softmax at temperature 1 where it could not. After
a best move whose score is not negative nobody can win at once, so the middle clause never applies,
and temperature 0 is temperature 1 by another name. A truly optimal opponent therefore stands beside
it: exact distance, ties drawn alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mail_envs import PerfectExpert
from mail_envs.board import LineGame, batch
from mail_envs.board.best_response import player_index
from mail_envs.board.solver import Solver
from mail_envs.board.solver import solver as solver_of
from mail_envs.errors import InvalidOptionError
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_learners.boards.rounds import by_policy, play_round
from mail_learners.evaluation import play_out
from mail_learners.statistics import Proportion, wilson_interval

__all__ = [
    "OPTIMAL",
    "TEMPERATURES",
    "MoveGrades",
    "PlyGrade",
    "ResultShares",
    "grade_moves",
    "published_opponent",
    "results_by_opponent",
]

TEMPERATURES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
"""Those of the published evaluation."""

OPTIMAL = "optimal"
"""The name of the opponent that plays perfectly."""


@dataclass(frozen=True)
class PlyGrade:
    """A policy's moves at one ply, judged by the perfect expert; estimates.

    Attributes:
        ply: the plies played before.
        moves: how many games came so far, and so how many moves were judged.
        drops_outcome: the share of moves that give away a result under best play of both.
        not_best: the share of moves that are not best by distance: those, and later wins or sooner
            losses.
    """

    ply: int
    moves: int
    drops_outcome: Proportion
    not_best: Proportion


@dataclass(frozen=True)
class MoveGrades:
    """How often a policy errs in games against a given opponent; estimates.

    Attributes:
        plies: by ply, where at least one game came so far.
        erring_games: the share of games with at least one move that drops the outcome.
    """

    plies: tuple[PlyGrade, ...]
    erring_games: Proportion


@dataclass(frozen=True)
class ResultShares:
    """How games against one opponent ended for the player; estimates from `games` games."""

    games: int
    wins: Proportion
    draws: Proportion
    losses: Proportion


def grade_moves(
    game: LineGame,
    policy: Policy,
    player: int | str,
    opponent: Policy,
    *,
    games: int,
    rng: np.random.Generator,
    solver: Solver | None = None,
) -> MoveGrades:
    """Estimate the share of a policy's moves that are mistakes, by ply.

    A move is measured against the position in which it is made, whatever led there; what the
    opponent gave away and the policy gives back counts too, unlike in `find_mistake`.

    Args:
        game: a board.
        policy: the policy, batched; its moves are drawn.
        player: its seat, by index or name.
        opponent: whom it plays, batched.
        games: how many games, at least 1, all at once.
        rng: where every move is drawn from.
        solver: who judges; None for the solver that experts on this board share.

    Raises:
        InvalidOptionError: no games.
        UnknownAgentError: a player that the game does not have.
    """
    seat = player_index(game, player)
    judge = solver_of(game) if solver is None else solver
    pair = (policy, opponent) if seat == 0 else (opponent, policy)
    erred = np.zeros(_positive(games), dtype=np.bool_)
    grades: list[PlyGrade] = []
    movers = [by_policy(game, each) for each in pair]
    for turn in play_round(game, movers, games=games, rng=rng):
        if turn.ply % 2 != seat:
            continue
        moves = len(turn.games)
        played = np.arange(moves), turn.actions
        drops = ~judge.best(turn.states, prefer="outcome")[played]
        not_best = ~judge.best(turn.states, prefer="distance")[played]
        erred[turn.games] |= drops
        shares = (wilson_interval(int(kind.sum()), moves) for kind in (drops, not_best))
        grades.append(PlyGrade(turn.ply, moves, *shares))
    return MoveGrades(tuple(grades), wilson_interval(int(erred.sum()), games))


def published_opponent(
    game: LineGame, temperature: float, *, solver: Solver | None = None
) -> Policy:
    """The softened expert of arXiv 2602.22810's Connect Four evaluation; see the module.

    Args:
        game: a board.
        temperature: at least 0, in units of the literature's score; 0 is the published odd rule.
        solver: what knows the scores; None for the one that experts on this board share.

    Raises:
        InvalidOptionError: a negative or infinite temperature.
    """
    if not 0 <= temperature < np.inf:
        raise InvalidOptionError(f"temperature: expected a finite number >= 0, came {temperature}")
    known = solver_of(game) if solver is None else solver
    scale = temperature or 1.0

    def softened(observations: Observations, action_masks: Mask | None) -> FloatArray:
        del action_masks  # the scores know what is legal
        scores = known.scores(batch.encode(game, observations))
        halved = np.sign(scores) * np.ceil(np.abs(scores) / 2)
        weights = np.exp((halved - halved.max(axis=1, keepdims=True)) / scale)
        return weights / weights.sum(axis=1, keepdims=True)

    return softened


def results_by_opponent(
    game: LineGame,
    policy: Policy,
    player: int | str,
    *,
    rng: np.random.Generator,
    games: int = 100,
    temperatures: Sequence[float] = TEMPERATURES,
    solver: Solver | None = None,
) -> dict[float | str, ResultShares]:
    """Estimate how a policy fares against the published opponents and an optimal one.

    Args:
        game: a board.
        policy: the policy, batched; its moves are drawn.
        player: its seat, by index or name.
        rng: each opponent's games draw from a child of its own, in order, the optimal one's first.
        games: how many games against each, at least 1.
        temperatures: of the published opponents.
        solver: what knows the scores; None for the one that experts on this board share.

    Returns:
        `OPTIMAL`, then each temperature → shares of results with 95 % intervals.

    Raises:
        InvalidOptionError: no games, or a temperature out of range.
        UnknownAgentError: a player that the game does not have.
    """
    seat = player_index(game, player)
    _positive(games)
    opponents: dict[float | str, Policy] = {
        OPTIMAL: PerfectExpert(game, ties="uniform", solver=solver)
    }
    for temperature in temperatures:
        opponents[temperature] = published_opponent(game, temperature, solver=solver)
    found: dict[float | str, ResultShares] = {}
    for child, (name, opponent) in zip(rng.spawn(len(opponents)), opponents.items(), strict=True):
        pair = (policy, opponent) if seat == 0 else (opponent, policy)
        results = play_out(game, pair, games=games, rng=child) * (1 if seat == 0 else -1)
        shares = (wilson_interval(int((results == r).sum()), games) for r in (1, 0, -1))
        found[name] = ResultShares(games, *shares)
    return found


def _positive(games: int) -> int:
    if games < 1:
        raise InvalidOptionError(f"games: expected at least 1, came {games}")
    return games
