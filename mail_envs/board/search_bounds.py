"""Bounds on scores by a strategy that needs no search: following, on boards with gravity.

F has just played and M is to move. F *follows*: wherever M plays, F plays the cell above. If every
column has an even number of empty cells, F always can, and gets the upper cell of each pair while
M gets the lower one. So M wins only if a line fits into M's marks and the lower cells; if none
does, M's score is at most 0, whatever M tries.

Two things make the bound useful away from such boards.

- *Odd columns.* Where the number of empty cells is odd the first of them, the column's base, stands
  alone, and pairs above it. F answers a base by another base, so that of two bases paired M gets
  one; their number must be even. (Allis's "claimeven" and "baseinverse".)
- *Poison.* Let F threaten cell t, and the cell s below t be empty. Once M plays s, F wins. F never
  plays s, and counts the column as ending below s. If the columns so counted pair up, M runs out of
  other moves at the latest when they are full, and must play s: F wins two plies later. A threat t
  that is an upper cell of its column leaves the parity of the column as it is; one at a lower cell
  turns it round, and then F follows with one such column (a third could not be worth a search).

M may also complete a line with the poisoned cell s itself, by one such cell at most, which ends
the game; so lines through it count too. Nothing else that M can do matters: a line needs its cells.

Reference: L. V. Allis, A Knowledge-based Approach of Connect-Four (1988), rules claimeven and
baseinverse; the columns cut short by threats are its zugzwang.
"""

import numpy as np

from mail_envs.board.search_bits import (
    ZERO,
    Board,
    Node,
    above,
    beneath,
    compiled,
    count,
    has_line,
    inlined,
    lost_at,
    lowest,
)

__all__ = ["UNKNOWN", "following"]

UNKNOWN = 1000
"""A bound that says nothing: more than any score."""


@inlined
def following(board: Board, node: Node, even: bool, beta: int) -> int:
    """A bound below β on the score of the mover, M, if the other, F, can prove one by following.

    Args:
        board: the game, with gravity.
        node: the position.
        even: whether an even number of columns has an odd number of empty cells.
        beta: bounds that are not below β are of no use, and not looked for.

    Returns:
        An upper bound on the score, or `UNKNOWN`.
    """
    return _follow_even(board, node, beta) if even else _follow_odd(board, node, beta)


@compiled
def _follow_even(board: Board, node: Node, beta: int) -> int:
    """The bound of `following` where an even number of columns is odd: no threat is needed."""
    mover, other, danger, playable, ply = node
    empty = board.full & ~(mover | other)
    bases = playable & board.upper
    poisoned = beneath(board, danger & board.upper & ~playable)
    bound = 0
    if poisoned:
        empty &= ~above(board, poisoned)
        bases &= empty
        bound = lost_at(board, ply + count(empty) + 2)
    if bound >= beta or not _holds(board, mover | (empty & board.lower), bases, poisoned):
        return UNKNOWN
    if poisoned == ZERO and has_line(board, other | (empty & board.upper & ~bases)):
        return lost_at(board, board.cells)  # F completes this line at the latest with the last mark
    return bound


@compiled
def _follow_odd(board: Board, node: Node, beta: int) -> int:
    """The bound of `following` where an odd number is: with one threat at a lower cell."""
    mover, other, danger, playable, ply = node
    empty = board.full & ~(mover | other)
    best = UNKNOWN
    turning = danger & board.lower & ~playable
    while turning:
        poison = beneath(board, lowest(turning))
        column = _column(board, poison)
        turning &= ~column
        poisoned = beneath(board, danger & board.upper & ~playable & ~column) | poison
        open_cells = empty & ~above(board, poisoned)
        bound = lost_at(board, ply + count(open_cells) + 2)
        if bound >= beta or bound >= best:
            continue
        # In this column, counted to below the poison, lower and upper change places.
        base = playable & open_cells & ((board.upper & ~column) | (board.lower & column))
        mine = open_cells & ((board.lower & ~column) | (board.upper & column))
        if _holds(board, mover | mine, base, poisoned):
            best = bound
    return best


@inlined
def _column(board: Board, cell: np.uint64) -> np.uint64:
    """The column of a cell, up and down."""
    column = above(board, cell)
    for _ in range(board.rows - 1):
        cell = beneath(board, cell) & board.full
        column |= cell
    return column


@compiled
def _holds(board: Board, marks: np.uint64, bases: np.uint64, poisoned: np.uint64) -> bool:
    """Whether M gets no line from `marks`, one base of each pair, and one poisoned cell.

    Up to four bases are paired as suits F best; more, which is rare, are all counted as M's.
    """
    if has_line(board, marks):
        return False
    if bases | poisoned == ZERO or not has_line(board, marks | bases | poisoned):
        return True
    number = count(bases)
    if number == 0:
        return _none_of(board, marks, poisoned)
    if number == 2:
        return _none_of(board, marks | poisoned, bases)
    return number == 4 and _some_pairing(board, marks | poisoned, bases)


@compiled
def _none_of(board: Board, marks: np.uint64, cells: np.uint64) -> bool:
    """Whether none of `cells` alone brings a line."""
    while cells:
        if has_line(board, marks | lowest(cells)):
            return False
        cells &= cells - np.uint64(1)
    return True


@compiled
def _some_pairing(board: Board, marks: np.uint64, bases: np.uint64) -> bool:
    """Whether four bases can be paired so that no line takes one of each pair."""
    a = lowest(bases)
    b = lowest(bases ^ a)
    c = lowest(bases ^ a ^ b)
    d = bases ^ a ^ b ^ c
    ab_cd = not (has_line(board, marks | a | b) or has_line(board, marks | c | d))
    ac_bd = not (has_line(board, marks | a | c) or has_line(board, marks | b | d))
    ad_bc = not (has_line(board, marks | a | d) or has_line(board, marks | b | c))
    # The pairing {ab, cd} is safe if M cannot use a with c or d, nor b with c or d; and so on.
    return (ac_bd and ad_bc) or (ab_cd and ad_bc) or (ab_cd and ac_bd)
