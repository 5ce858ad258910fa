"""The window search of `mail_envs.board.search`, compiled.

`search` answers "is the score at least β?" with a bound on the score: a value ≥ β bounds it from
below, a value < β from above. It is negamax with windows of no width. Scores are those of
`mail_envs.board.solver`, so a window also bounds the length of the game, and most of the tree is
cut without looking:

- *Settling.* Who can win does, who must block does, who has a single move that does not lose at
  once plays it; such moves cost no place in a table. Two threats that can be played, or one upon
  another, decide the game, and so do threats above every cell that is left (`settle`, `grow`).
- *Lines left.* Who could not complete a line even with every empty cell does not win.
- *Following.* On boards with gravity `mail_envs.board.search_bounds` proves how the game ends if
  one player answers each mark with the one above it.
- *Tables.* A position met again is not searched again (`mail_envs.board.search_memory`).
- *Order.* The move that leaves most threats first, then from the centre out; a move that a table
  proves good enough before all.

Whatever the tables hold, the bounds hold: scores depend on the position alone. The search keeps
its own stack instead of recursing.
"""

import numpy as np

from mail_envs.board.search_bits import (
    ZERO,
    Board,
    Node,
    beneath,
    compiled,
    count,
    has_line,
    inlined,
    lost_at,
    rest,
    several,
    signed,
    spliced,
    threats,
    won_at,
)
from mail_envs.board.search_bounds import UNKNOWN, following
from mail_envs.board.search_memory import (
    HEAD,
    Memory,
    field,
    insert,
    keep,
    load,
    look,
    move_at,
    put,
    threats_at,
)

__all__ = ["GAVE_UP", "after", "ceiling", "floor", "search"]

GAVE_UP = 2000
"""What `search` returns when it has met its node limit."""

HASH = np.uint64(0x9E3779B97F4A7C15)  # odd: multiplying by it is a bijection of 64-bit words
MOVER, OTHER, PLAYABLE, KEY, PLY, BETA, SIGN, BEST, LOW, HIGH, NEXT, MOVES = range(HEAD)
"""What stands at the head of a frame."""


# ---- one position


@inlined
def after(board: Board, node: Node, move: np.uint64, danger: np.uint64) -> Node:
    """The position after `move`, which leaves the threats `danger`; the players change places."""
    return Node(
        node.other, node.mover | move, danger, rest(board, node.playable, move), node.ply + 1
    )


@inlined
def ceiling(board: Board, ply: int) -> int:
    """The best score of a mover who cannot win at once: the win two plies later, or a draw."""
    return max(won_at(board, ply + 3), 0)


@inlined
def floor(board: Board, ply: int) -> int:
    """The worst score of a mover who need not block and has a move that does not lose at once."""
    return min(lost_at(board, ply + 4), 0)


@inlined
def _settled(board: Board, node: Node, moves: np.uint64, beta: int) -> int:
    """The score, or a bound that answers β, where rules alone tell; else `UNKNOWN`."""
    if moves == ZERO:
        return lost_at(board, node.ply + 2) if node.playable else 0
    if node.ply >= board.cells - 2:
        return 0
    high, low = ceiling(board, node.ply), floor(board, node.ply)
    if high < beta:
        return high
    return low if low >= beta else UNKNOWN


@spliced
def settle(board: Board, node: Node, beta: int) -> tuple[Node, int, int, np.uint64, int]:
    """Play while there is no choice.

    Returns:
        The position where play stops; β and the sign of scores there; the moves that do not lose
        at once; and the value if it is known, else `UNKNOWN`.
    """
    sign = 1
    while True:
        forced = node.danger & node.playable
        if forced:
            if several(forced) or rest(board, ZERO, forced) & node.danger:
                return node, beta, sign, ZERO, lost_at(board, node.ply + 2)
            move = forced
        else:
            moves = node.playable & ~beneath(board, node.danger)
            value = _settled(board, node, moves, beta)
            if value != UNKNOWN or several(moves):
                return node, beta, sign, moves, value
            move = moves
        marks = node.mover | move
        node = after(board, node, move, threats(board, marks) & ~(marks | node.other))
        beta, sign = 1 - beta, -sign


@inlined
def _decides(board: Board, danger: np.uint64, playable: np.uint64) -> bool:
    """Whether threats `danger` win at the next turn, whatever the next player does."""
    now = danger & playable
    if now:
        return several(now) or rest(board, ZERO, now) & danger != ZERO
    return playable != ZERO and playable & ~beneath(board, danger) == ZERO


@inlined
def _key(board: Board, mover: np.uint64, other: np.uint64) -> np.uint64:
    """A word that tells positions apart, hashed."""
    if board.rise:
        return (mover ^ ((mover | other) + board.feet)) * HASH
    return (mover | (other << board.spread)) * HASH


# ---- moves


@spliced
def _grow(
    board: Board, memory: Memory, depth: int, node: Node, moves: np.uint64, beta: int
) -> tuple[int, int]:
    """Set up the moves of a node in order, unless one of them answers β at once.

    Returns:
        A bound that answers β, or `UNKNOWN`; and the number of moves.
    """
    occupied = node.mover | node.other
    empty = board.full & ~occupied
    even = count(node.playable & board.upper) % 2 == 1  # as the children will be
    # Where lower cells give the other a line, following cannot hold unless something changes that.
    reach = even and has_line(board, node.other | (empty & board.lower))
    number = 0
    for index in range(memory.actions):
        move = moves & load(memory.order, index)
        if move == ZERO:
            continue
        danger = threats(board, node.mover | move) & ~(occupied | move)
        child = after(board, node, move, danger)
        if _decides(board, danger, child.playable):
            return won_at(board, node.ply + 3), 0
        if board.rise and not (reach and move & board.upper and danger & board.upper == ZERO):
            bound = -following(board, child, even, 1 - beta)
            if bound >= beta:
                return bound, 0
        insert(memory, depth, number, move, danger, count(danger))
        number += 1
    return UNKNOWN, number


@spliced
def _foreseen(board: Board, memory: Memory, depth: int, node: Node, number: int, beta: int) -> int:
    """A bound ≥ β that a table holds for one of the node's moves, or `UNKNOWN`."""
    for index in range(number):
        marks = node.mover | move_at(memory, depth, index)
        bound = -look(memory, _key(board, node.other, marks), node.ply + 1)[1]
        if bound >= beta:
            return bound
    return UNKNOWN


# ---- the search


@spliced
def _enter(board: Board, memory: Memory, depth: int, node: Node, beta: int, check: bool) -> int:
    """Answer β at a node, or set up the frame in which its moves will be searched.

    Args:
        board: the game.
        memory: tables and stack.
        depth: the frame to set up.
        node: the position.
        beta: the window.
        check: whether following is still to be looked at; after a move that was chosen it has been.

    Returns:
        A bound that answers β, or `UNKNOWN`.
    """
    node, beta, sign, moves, value = settle(board, node, beta)
    if value != UNKNOWN:
        return sign * value
    if board.rise and (check or sign < 0):
        even = count(node.playable & board.upper) % 2 == 0
        bound = following(board, node, even, beta)
        if bound < beta:
            return sign * bound
    key = _key(board, node.mover, node.other)
    low, high = look(memory, key, node.ply)
    low, high = max(low, floor(board, node.ply)), min(high, ceiling(board, node.ply))
    if low >= beta or high < beta:
        return sign * (low if low >= beta else high)
    empty = board.full & ~(node.mover | node.other)
    if not has_line(board, (node.mover if beta > 0 else node.other) | empty):
        return 0  # who would have to win has no line left
    value, number = _grow(board, memory, depth, node, moves, beta)
    if value == UNKNOWN:
        high = min(high, ceiling(board, node.ply + 2))  # no move decides the game at once
        value = high if high < beta else _foreseen(board, memory, depth, node, number, beta)
    if value != UNKNOWN:
        return sign * value
    put(memory, depth, MOVER, node.mover)
    put(memory, depth, OTHER, node.other)
    put(memory, depth, PLAYABLE, node.playable)
    put(memory, depth, KEY, key)
    put(memory, depth, PLY, node.ply)
    put(memory, depth, BETA, beta)
    put(memory, depth, SIGN, sign)
    put(memory, depth, BEST, -UNKNOWN)
    put(memory, depth, LOW, low)
    put(memory, depth, HIGH, high)
    put(memory, depth, NEXT, 0)
    put(memory, depth, MOVES, number)
    return UNKNOWN


@inlined
def _number(memory: Memory, depth: int, which: int) -> int:
    return signed(field(memory, depth, which))


@spliced
def _leave(memory: Memory, depth: int, value: int) -> tuple[int, int]:
    """Hand a child's value up the stack, as far as it settles positions.

    Returns:
        The value of the last position that it settled, and the depth that is left.
    """
    while depth > 0:
        above = depth - 1
        best = max(_number(memory, above, BEST), -value)
        low, high = _number(memory, above, LOW), _number(memory, above, HIGH)
        if best >= _number(memory, above, BETA):
            low = max(low, best)
        elif _number(memory, above, NEXT) < _number(memory, above, MOVES):
            put(memory, above, BEST, best)
            break
        else:
            high = min(high, best)
        keep(memory, field(memory, above, KEY), _number(memory, above, PLY), low, high)
        value = _number(memory, above, SIGN) * best
        depth = above
    return value, depth


@spliced
def _next(board: Board, memory: Memory, depth: int) -> tuple[Node, int]:
    """The position after the next move of the last frame, and its β."""
    above = depth - 1
    place = _number(memory, above, NEXT)
    put(memory, above, NEXT, place + 1)
    node = Node(
        field(memory, above, MOVER),
        field(memory, above, OTHER),
        ZERO,
        field(memory, above, PLAYABLE),
        _number(memory, above, PLY),
    )
    child = after(board, node, move_at(memory, above, place), threats_at(memory, above, place))
    return child, 1 - _number(memory, above, BETA)


@compiled
def search(board: Board, memory: Memory, node: Node, beta: int, limit: int) -> tuple[int, int]:
    """Whether the score of `node` is at least β: a lower bound ≥ β on it, or an upper bound < β.

    Args:
        board: the game.
        memory: tables, which the search reads and fills, and its stack.
        node: the position.
        beta: the window; only from above the worst score to the best is it worth asking.
        limit: how many positions may be searched.

    Returns:
        The bound, or `GAVE_UP` at the limit; and the number of positions searched.
    """
    depth, searched = 0, 0
    check = True
    while searched < limit:
        searched += 1
        value = _enter(board, memory, depth, node, beta, check)
        if value == UNKNOWN:
            depth += 1
        else:
            value, depth = _leave(memory, depth, value)
            if depth == 0:
                return value, searched
        node, beta = _next(board, memory, depth)
        check = False
    return GAVE_UP, searched
