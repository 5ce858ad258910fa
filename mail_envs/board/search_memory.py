"""The memory of the compiled search: transposition tables and a stack, as plain 64-bit words.

The search touches memory at every step, and numba's counting of references to arrays would cost
more there than the search itself; so it is given addresses, in a tuple of numbers. Whoever calls it
keeps the arrays alive and large enough (`mail_envs.board.search_engine.Workspace`).

*Tables.* An entry is one word: the low 50 bits of a hash of 64, and two bounds of 7 bits each. The
hash is a bijection and a table has at least 2¹⁴ slots, numbered by the high bits of the hash, so an
entry never speaks for another position; being one word, it is never half written either, whichever
threads share the table. Late positions, many and cheap, go to a near table that fits a processor's
cache, early ones to the far table.

*Stack.* A frame for each position of the line that is looked at: `HEAD` numbers, then its moves,
the threats after each, and their ranks.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from mail_envs.board.search_bits import ZERO, inlined, signed

__all__ = [
    "HEAD",
    "Memory",
    "field",
    "insert",
    "keep",
    "load",
    "look",
    "move_at",
    "put",
    "threats_at",
]

SEVEN, FOURTEEN, BOUND = np.uint64(7), np.uint64(14), np.uint64(127)

HEAD = 12
"""Words at the head of a frame."""


class Memory(NamedTuple):
    """Where the words stand."""

    order: int  # address of A words: the cells of each action, from the centre out
    stack: int  # address of a frame of HEAD + 3 A words for each cell of the board
    near: int  # address of 2ⁿ words
    far: int
    near_shift: np.uint64  # 64 − n
    far_shift: np.uint64
    near_ply: int  # the first ply that goes to the near table
    actions: int  # A


def _pointer(builder: Any, address: Any, index: Any) -> Any:  # noqa: ANN401 - llvmlite's own
    start = builder.inttoptr(address, ir.IntType(64).as_pointer())
    return builder.gep(start, [index])


def _load(typing: Any, address: Any, index: Any) -> Any:  # noqa: ANN401, ARG001 - numba's protocol
    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        return builder.load(_pointer(builder, *args))

    return types.uint64(types.int64, types.int64), build


def _store(typing: Any, address: Any, index: Any, word: Any) -> Any:  # noqa: ANN401, ARG001
    def build(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        builder.store(args[2], _pointer(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.uint64), build


load: Callable[[int, int], np.uint64] = cast("Callable[[int, int], np.uint64]", intrinsic(_load))
"""The 64 bits at an address and an offset, compiled."""

store: Callable[[int, int, np.uint64], None] = cast(
    "Callable[[int, int, np.uint64], None]", intrinsic(_store)
)
"""Set that word."""


# ---- tables


@inlined
def look(memory: Memory, key: np.uint64, ply: int) -> tuple[int, int]:
    """The lower and the upper bound that a table holds; (−63, 63) where it holds none."""
    if ply >= memory.near_ply:
        word = load(memory.near, signed(key >> memory.near_shift))
    else:
        word = load(memory.far, signed(key >> memory.far_shift))
    known = word ^ (key << FOURTEEN)
    if known >> FOURTEEN:
        known = ZERO
    return signed(known >> SEVEN) - 63, 63 - signed(known & BOUND)


@inlined
def keep(memory: Memory, key: np.uint64, ply: int, low: int, high: int) -> None:
    """Enter two bounds of a position in place of whatever its slot held."""
    word = (key << FOURTEEN) | (np.uint64(low + 63) << SEVEN) | np.uint64(63 - high)
    if ply >= memory.near_ply:
        store(memory.near, signed(key >> memory.near_shift), word)
    else:
        store(memory.far, signed(key >> memory.far_shift), word)


# ---- stack


@inlined
def _frame(memory: Memory, depth: int) -> int:
    return depth * (HEAD + 3 * memory.actions)


@inlined
def field(memory: Memory, depth: int, number: int) -> np.uint64:
    """A number at the head of a frame."""
    return load(memory.stack, _frame(memory, depth) + number)


@inlined
def put(memory: Memory, depth: int, number: int, value: int | np.uint64) -> None:
    """Set that number."""
    store(memory.stack, _frame(memory, depth) + number, np.uint64(np.int64(value)))


@inlined
def move_at(memory: Memory, depth: int, place: int) -> np.uint64:
    """A move of a frame."""
    return load(memory.stack, _frame(memory, depth) + HEAD + place)


@inlined
def threats_at(memory: Memory, depth: int, place: int) -> np.uint64:
    """The threats after it."""
    return load(memory.stack, _frame(memory, depth) + HEAD + memory.actions + place)


@inlined
def insert(
    memory: Memory, depth: int, number: int, move: np.uint64, danger: np.uint64, rank: int
) -> None:
    """Put a move with threats `danger` among the `number` before it, behind its equals."""
    actions = memory.actions
    moves = memory.stack + 8 * (_frame(memory, depth) + HEAD)
    place = number
    while place > 0 and signed(load(moves, place - 1 + 2 * actions)) < rank:
        store(moves, place, load(moves, place - 1))
        store(moves, place + actions, load(moves, place - 1 + actions))
        store(moves, place + 2 * actions, load(moves, place - 1 + 2 * actions))
        place -= 1
    store(moves, place, move)
    store(moves, place + actions, danger)
    store(moves, place + 2 * actions, np.uint64(rank))
