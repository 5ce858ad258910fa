"""Questions about positions, answered by as few and as cheap windows as will do; compiled.

Each action has a lower and an upper bound on its score, from the rules, from an opening book, and
then from windows of `mail_envs.board.search_kernels.search`. What is asked decides which bounds
must meet:

- scores: those of every action;
- value: the best lower and the best upper one;
- best: enough to tell for each action whether it is among the best;
- first: enough to tell the first of the best actions.

If only outcomes are asked for, bounds are rounded to −1, 0 and 1.

A window that halves the interval of possible scores is tried first towards its ends, because long
games cost more to search than short ones.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mail_envs.board.book_kernels import Book, book_score
from mail_envs.board.search_bits import (
    ZERO,
    Board,
    Node,
    compiled,
    count,
    entry,
    has_line,
    lost_at,
    rest,
    spliced,
    threats,
    won_at,
)
from mail_envs.board.search_bounds import UNKNOWN
from mail_envs.board.search_kernels import GAVE_UP, after, ceiling, floor, search
from mail_envs.board.search_memory import Memory

__all__ = ["GOALS", "ILLEGAL", "Actions", "Batch", "Question", "answer_all"]

SCORES, VALUE, BEST, FIRST = range(4)
GOALS = {"scores": SCORES, "value": VALUE, "best": BEST, "first": FIRST}
"""What can be asked."""

ILLEGAL = -1000
"""Both bounds of an illegal action: less than any score."""


class Question(NamedTuple):
    """What is asked about each position of a batch."""

    goal: int  # one of `GOALS`
    outcome: bool  # whether outcomes will do
    limit: int  # positions that may be searched for one answer


class Actions(NamedTuple):
    """The A actions of a game."""

    cells: NDArray[np.uint64]  # (A,)
    centrality: NDArray[np.int64]  # (A,) from 0 to A − 1, most in the centre


class Batch(NamedTuple):
    """B positions and room for what is found out about them."""

    movers: NDArray[np.uint64]  # (B,)
    others: NDArray[np.uint64]  # (B,)
    answers: NDArray[np.int64]  # (B, A) scores; or the value; or 1 for the best and 0 for others
    searched: NDArray[np.int64]  # (B,)


class Root(NamedTuple):
    """A position that is asked about, with its A actions."""

    node: Node
    actions: Actions
    ranks: NDArray[np.int64]  # (A,) which to try first
    low: NDArray[np.int64]  # (A,) bounds on the scores
    high: NDArray[np.int64]  # (A,)


@compiled
def _round(score: int, outcome: bool) -> int:
    return int(score > 0) - int(score < 0) if outcome else score


# ---- what rules and book tell


@spliced
def _begin(board: Board, book: Book, root: Root, outcome: bool) -> int:
    """Set the bounds that need no search; the position's score if the book has it, or `UNKNOWN`."""
    node = root.node
    ply = node.ply
    wins = threats(board, node.mover) & node.playable
    known = book_score(board, book, node.mover, node.other)
    for action in range(len(root.low)):
        move = node.playable & root.actions.cells[action]
        if move == ZERO:
            root.low[action] = root.high[action] = ILLEGAL
            continue
        low, high = floor(board, ply), ceiling(board, ply)
        if move & wins:
            low = high = won_at(board, ply + 1)
        elif rest(board, node.playable, move) & node.danger:
            low = high = lost_at(board, ply + 2)
        elif ply + 1 == board.cells:
            low = high = 0
        elif ply < book.last_ply:
            reply = book_score(board, book, node.other, node.mover | move)
            if reply != UNKNOWN:
                low = high = -reply
        root.low[action] = _round(low, outcome)
        root.high[action] = _round(min(high, known), outcome)
        danger = threats(board, node.mover | move) & ~(node.mover | node.other | move)
        root.ranks[action] = count(danger) * len(root.low) + root.actions.centrality[action]
    return known if known == UNKNOWN else _round(known, outcome)


# ---- what is still to be found out


@compiled
def _most(bounds: NDArray[np.int64]) -> int:
    most = ILLEGAL
    for bound in bounds:
        most = max(most, bound)
    return most


@compiled
def _settled(root: Root, goal: int) -> bool:
    """Whether the bounds answer the question."""
    low = _most(root.low)
    if goal == VALUE:
        return low == _most(root.high)
    if goal == FIRST:
        return _first(root) >= 0
    contenders, unknown = 0, 0
    for action in range(len(root.low)):
        if goal == SCORES or root.high[action] >= low:
            contenders += 1
            unknown += root.low[action] < root.high[action]
    return unknown == 0 or (goal == BEST and contenders == 1)


@compiled
def _first(root: Root) -> int:
    """The first of the best actions, or −1 while the bounds do not tell."""
    for action in range(len(root.low)):
        least = root.low[action]
        first = least > ILLEGAL
        for rival in range(len(root.low)):
            if rival != action and root.high[rival] + (rival < action) > least:
                first = False
        if first:
            return action
    return -1


@compiled
def _middle(low: int, high: int) -> int:
    """A β that splits the scores from `low` to `high`, the shorter games first."""
    middle = (low + high) // 2
    if middle <= 0 and -(-low // 4) < middle:
        middle = -(-low // 4)
    elif middle >= 0 and high // 4 > middle:
        middle = high // 4
    return middle + 1


@compiled
def _leading(root: Root, beta: int) -> int:
    """The action to try first among those that may score β and are not known."""
    best = -1
    for action in range(len(root.low)):
        is_open = root.low[action] < root.high[action] and root.high[action] >= beta
        if is_open and (best < 0 or root.ranks[action] > root.ranks[best]):
            best = action
    return best


@compiled
def _deduce(root: Root, value: int) -> None:
    """If one action alone may still reach the position's score, it does."""
    able, last = 0, 0
    for action in range(len(root.low)):
        if root.high[action] >= value:
            able += 1
            last = action
    if able == 1:
        root.low[last] = root.high[last] = value


@spliced
def _next(root: Root, goal: int, value: int, beta: int) -> tuple[int, int]:
    """The action and the β to ask about, after a window at `beta`.

    The position's score, where it is known, is `value`.
    """
    if goal == SCORES:
        action = _leading(root, ILLEGAL)
        return action, _middle(root.low[action], root.high[action])
    low, high = _most(root.low), _most(root.high)
    if value != UNKNOWN:
        low = high = value
    if low < high:
        if not low < beta <= high:  # that window is answered
            beta = _middle(low, high)
        return _leading(root, beta), beta
    for action in range(len(root.low)):
        if root.low[action] < low and root.high[action] >= low:
            return action, low
    return -1, low  # not reached: the question would be settled


@spliced
def _ask(board: Board, memory: Memory, root: Root, value: int, question: Question) -> int:
    """Raise and lower bounds until they answer; the number of positions searched, −1 at the limit.

    The position's score, where it is known, is `value`.
    """
    node, beta, searched = root.node, ILLEGAL, 0
    while True:
        if value != UNKNOWN:
            _deduce(root, value)
        if _settled(root, question.goal):
            return searched
        action, beta = _next(root, question.goal, value, beta)
        move = node.playable & root.actions.cells[action]
        marks = node.mover | move
        child = after(board, node, move, threats(board, marks) & ~(marks | node.other))
        bound, spent = search(board, memory, child, 1 - beta, question.limit - searched)
        searched += spent
        if bound == GAVE_UP:
            return -1
        score = _round(-bound, question.outcome)
        if score >= beta:
            root.low[action] = max(root.low[action], score)
        else:
            root.high[action] = min(root.high[action], score)


@spliced
def _tell(root: Root, goal: int, answer: NDArray[np.int64]) -> None:
    """Write what the bounds say."""
    low = _most(root.low)
    for action in range(len(root.low)):
        if goal == SCORES:
            answer[action] = root.low[action]
        elif goal == VALUE:
            answer[action] = low
        elif goal == BEST:
            answer[action] = root.high[action] >= low
        else:
            answer[action] = 0
    if goal == FIRST:
        answer[_first(root)] = 1


# ---- batches


@entry
def answer_all(
    board: Board, memory: Memory, book: Book, actions: Actions, question: Question, batch: Batch
) -> None:
    """Answer a question about each position of a batch, one after the other.

    Answers about finished games are `ILLEGAL` throughout. `batch.searched` tells how many positions
    each answer took, −1 where the limit was met: such a row has no answer.
    """
    ranks = np.empty(len(actions.cells), dtype=np.int64)
    low, high = np.empty_like(ranks), np.empty_like(ranks)
    for row in range(len(batch.movers)):
        mover, other = batch.movers[row], batch.others[row]
        empty = board.full & ~(mover | other)
        playable = ((mover | other) + board.feet) & board.full if board.rise else empty
        danger = threats(board, other) & empty
        node = Node(mover, other, danger, playable, board.cells - count(empty))
        root = Root(node, actions, ranks, low, high)
        batch.searched[row] = 0
        if empty == ZERO or has_line(board, other):
            batch.answers[row] = ILLEGAL
            continue
        value = _begin(board, book, root, question.outcome)
        if question.goal == VALUE and value != UNKNOWN:
            batch.answers[row] = value
            continue
        batch.searched[row] = _ask(board, memory, root, value, question)
        if batch.searched[row] >= 0:
            _tell(root, question.goal, batch.answers[row])
