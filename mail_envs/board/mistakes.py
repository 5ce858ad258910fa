"""The first mistake of a deterministic policy, on boards too large to enumerate.

Against a fixed deterministic policy only the opponent branches, so that the positions that can
arise are few beside all of the game's: at most one per sequence of the opponent's moves. They are
swept breadth first, ply by ply and each once; the perfect expert prices the positions after the
policy's moves, by batches, and the first that is worth less than the game itself ends the search.
All plies before it were searched in full, so no mistake comes earlier. What counts as a mistake,
and for a seat that is lost from the start, is told in `mail_envs.board.certificates`.

Positions are kept in lexicographic order of the first line that leads to them. Of several mistakes
at the same ply the one reported drops most, and of equals it has the first line. No symmetry of the
policy is assumed: a position and its mirror image are asked about each; the solver, whose answers
are symmetric, may share them.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.best_response import player_index
from mail_envs.board.certificates import Mistake, NoMistake, chosen
from mail_envs.board.rules import LineGame, State
from mail_envs.board.solver import Prefer, Solver
from mail_envs.board.solver import solver as solver_of
from mail_envs.errors import InvalidOptionError
from mail_envs.protocols import Policy

__all__ = ["find_mistake"]

CHUNK = 2048
"""Positions put to the policy, and then to the solver, in one call."""

Progress = Callable[[int, int, int], None]
"""Called with the ply, and how many of how many of its positions have been searched."""


def find_mistake(
    game: LineGame,
    policy: Policy,
    player: int | str,
    *,
    solver: Solver | None = None,
    max_ply: int | None = None,
    max_positions: int | None = None,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Mistake | NoMistake:
    """Search the positions that an opponent can bring about for the policy's first mistake.

    Args:
        game: a board.
        policy: batched, deterministic: one action of probability 1 in every row
            (`mail_envs.protocols.asking.greedy` makes one of any).
        player: the seat of the policy, by index or name.
        solver: what prices positions; None for the one that experts on this board share.
        max_ply: only moves made after fewer plies are searched; None for all.
        max_positions: how many positions the policy may be asked about; None for no limit.
        time_limit: seconds of wall-clock time after which no further batch of positions is begun.
            How far the search comes then depends on the machine; what it proved is in its result.
        progress: called after each batch with the ply, and how many of how many of its positions
            have been searched.

    Returns:
        A `Mistake`, whose ply is the least; or a `NoMistake`, which says how far that is proved.
        Both are the same on every run, apart from the time limit's effect. A ply that was begun but
        not finished counts only if a mistake was found there.

    Raises:
        InvalidPolicyError: a policy that is not deterministic, or plays illegal actions.
        ShapeError: an answer of another shape.
        UnknownAgentError: a player that the game does not have.
        InvalidOptionError: a limit out of range.
        GameTooLargeError, PositionTooHardError: from the solver, on boards that are too hard.

    >>> from mail_envs.board import LineGame, find_mistake
    >>> from mail_envs.protocols.asking import greedy, uniform_policy
    >>> game = LineGame(rows=3, columns=4, in_a_row=3, gravity=True)
    >>> print(find_mistake(game, greedy(uniform_policy), "player_0").text())
    player_0 errs after 2 plies with action 0: a win becomes a draw.
    Line: 0 0 0. Continuation: 2 1 2 1 2.
    Before:
    . . . .
    O . . .
    X . . .
    After 8 plies, a loss:
    X . O .
    O X O .
    X X O .
    """
    seat = player_index(game, player)
    limits = _limits(game, max_ply, max_positions, time_limit)
    question = _question(game, policy, seat, solver_of(game) if solver is None else solver)
    plies, asked = [_start(game)], 0
    while (now := plies[-1]).size and (ply := len(plies) - 1) < limits.plies:
        actions = None
        if ply % 2 == seat:
            actions, values = _own_moves(question, now, limits.after(asked), ply, progress)
            asked += len(actions)
            if (values < question.value).any():
                return _mistake(question, plies, actions, values)
            if len(actions) < now.size:
                break
        plies.append(_next(game, now, actions))
    complete = not plies[-1].size
    depth = game.cells if complete else len(plies) - 1
    return NoMistake(game, seat, question.prefer, question.value, depth, complete, asked)


class Question(NamedTuple):
    """Who is examined, and by which standard."""

    game: LineGame
    policy: Policy
    seat: int
    solver: Solver
    prefer: Prefer
    value: int  # the game's, for the seat


class Frontier(NamedTuple):
    """The N positions that can arise after some plies, in the order of their first lines."""

    states: States  # (N,) each
    parents: NDArray[np.int64]  # (N,) rows of the frontier a ply earlier
    actions: NDArray[np.int64]  # (N,) what leads here from there

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.actions)


class Limits(NamedTuple):
    """How far to go."""

    plies: int
    positions: int | None
    deadline: float  # on the clock of `time.monotonic`

    def after(self, asked: int) -> "Limits":
        """What is left once some positions have been searched."""
        left = None if self.positions is None else self.positions - asked
        return self._replace(positions=left)


def _question(game: LineGame, policy: Policy, seat: int, solver: Solver) -> Question:
    """By outcome, or by distance where the seat is lost from the start."""
    empty = batch.stack([game.initial_state()])
    sign = 1 if seat == 0 else -1
    value = sign * int(solver.values(empty, prefer="outcome")[0])
    if value >= 0:
        return Question(game, policy, seat, solver, "outcome", value)
    score = sign * int(solver.values(empty, prefer="distance")[0])
    return Question(game, policy, seat, solver, "distance", score)


def _limits(
    game: LineGame, max_ply: int | None, max_positions: int | None, time_limit: float | None
) -> Limits:
    for name, limit in (("max_ply", max_ply), ("max_positions", max_positions)):
        if limit is not None and (not _is_whole(limit) or limit < 0):
            raise InvalidOptionError(f"{name}: expected a whole number >= 0, came {limit!r}")
    if time_limit is not None and not time_limit >= 0:
        raise InvalidOptionError(f"time_limit: expected seconds >= 0, came {time_limit!r}")
    plies = game.cells if max_ply is None else min(int(max_ply), game.cells)
    deadline = math.inf if time_limit is None else time.monotonic() + time_limit
    return Limits(plies, max_positions, deadline)


def _is_whole(number: object) -> bool:
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool)


# ---- the sweep


def _start(game: LineGame) -> Frontier:
    nowhere = np.zeros(1, dtype=np.int64)
    return Frontier(batch.stack([game.initial_state()]), nowhere, nowhere)


def _own_moves(
    question: Question, now: Frontier, limits: Limits, ply: int, progress: Progress | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The policy's actions and the values after them, of as many first rows as limits allow."""
    count = now.size if limits.positions is None else min(now.size, limits.positions)
    actions, values = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for first in range(0, count, CHUNK):
        if time.monotonic() >= limits.deadline:
            break
        rows = slice(first, min(first + CHUNK, count))
        states = States(now.states.mover[rows], now.states.other[rows])
        who = f"the policy of {question.game.agents[question.seat]}, ply {ply}, from row {first}"
        actions.append(chosen(question.game, question.policy, states, who=who))
        after = batch.place(question.game, states, actions[-1])
        values.append(-question.solver.values(after, prefer=question.prefer).astype(np.int64))
        if progress is not None:
            progress(ply, rows.stop, now.size)
    return np.concatenate(actions), np.concatenate(values)


def _next(game: LineGame, now: Frontier, actions: NDArray[np.int64] | None) -> Frontier:
    """The positions after one action in each, or after every legal one; finished ones left out."""
    if actions is None:
        parents, actions = np.nonzero(batch.action_masks(game, now.states))
    else:
        parents = np.arange(now.size)
    before = States(now.states.mover[parents], now.states.other[parents])
    states = batch.place(game, before, actions)
    first = np.sort(np.unique(batch.keys(game, states), return_index=True)[1])
    kept = first[~batch.outcomes(game, States(states.mover[first], states.other[first]))[0]]
    return Frontier(States(states.mover[kept], states.other[kept]), parents[kept], actions[kept])


# ---- the certificate


def _mistake(
    question: Question,
    plies: Sequence[Frontier],
    actions: NDArray[np.int64],
    values: NDArray[np.int64],
) -> Mistake:
    """The certificate of the worst of the values after the last frontier's first rows."""
    game, seat = question.game, question.seat
    row = int(values.argmin())
    states = plies[-1].states
    before = State(int(states.mover[row]), int(states.other[row]))
    line = (*_line(plies, row), int(actions[row]))
    continuation = _continuation(question, game.step(before, line[-1]))
    outcome = game.outcome(game.play(line + continuation)) or 0
    worth = question.solver.values(batch.stack([before]), prefer=question.prefer)[0]
    return Mistake(
        game=game,
        player=seat,
        prefer=question.prefer,
        value=question.value,
        before=int(worth),
        after=int(values[row]),
        line=line,
        continuation=continuation,
        result=outcome if seat == 0 else -outcome,
    )


def _line(plies: Sequence[Frontier], row: int) -> tuple[int, ...]:
    """The actions that lead to a row of the last frontier."""
    line: list[int] = []
    for frontier in reversed(plies[1:]):
        line.append(int(frontier.actions[row]))
        row = int(frontier.parents[row])
    return tuple(reversed(line))


def _continuation(question: Question, state: State) -> tuple[int, ...]:
    """From the opponent's move to the end: the expert, by distance, against the policy."""
    game, actions = question.game, list[int]()
    while game.outcome(state) is None:
        now = batch.stack([state])
        if game.player_to_move(state) == question.seat:
            action = int(chosen(game, question.policy, now, who="the policy, punished")[0])
        else:
            action = int(question.solver.best(now, ties="first")[0].argmax())
        actions.append(action)
        state = game.step(state, action)
    return tuple(actions)
