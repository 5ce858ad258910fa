r"""The grid game: two tokens race to one corner, and block each other.

::

    .  .  *        0, 1: the tokens of player 0 and player 1 where play starts
    0  .  .        *: the goal, top right
    .  1  .        actions: 0 left, 1 right, 2 up, 3 down; no staying

Both move at once, deterministically: (i) a move off the board leaves the token in place; (ii) a
token on the goal never moves; (iii) if the targets coincide, or the tokens would swap, both stay.
The reward of a step depends on where it leads: +1 to player 0 if its token is on the goal, -1 if
player 1's is. The holder cannot be displaced, so the reward comes again at every step, up to
1/(1-γ) in all; the game itself never ends. States are the ordered pairs of distinct cells, player
0's cell first, cells in row-major order: 72 for n = 3, 600 for n = 5, state 30 the start of n = 3.
This is the grid game of arXiv 2602.22810's experiments, recomputed from its published code.

**Known values** (γ = 0.9). V(start) = 0 and every stage game has a saddle point. For n = 3 with the
published experts: play goes (1,0), (2,1) → (0,0), (1,1), where the tokens block each other for
ever, so the pair visits 2 states, while deviations of player 1 reach 19 and of player 0 reach 17
(140 and 99 for n = 5). Uniform play against uniform play: each gains 7.99727 by deviating. Perfect
clones on the 2 visited states, uniform elsewhere: player 0 gains 4.560 and player 1 gains 8.035.
Experts on the 19 and 17 states, uniform elsewhere: nothing is gained; ε of uniform mixed in there
costs about 138 ε in all.

**What it exposes.** Deterministic experts in a deterministic game: concentrability is infinite, and
behaviour cloning stays near a gap of 8 however many demonstrations it sees. Exploring against the
experts repairs it.
"""

import numpy as np

from mail_envs.errors import UnknownNameError
from mail_envs.markov.checks import IntArray
from mail_envs.markov.library.grid_published import PUBLISHED
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import TabularPolicy

__all__ = ["GRID_MOVES", "grid_cells", "grid_experts", "grid_game", "grid_size"]

GRID_MOVES = ((0, -1), (0, 1), (-1, 0), (1, 0))
"""Row and column of the moves left, right, up, down."""


def grid_game(size: int = 3, *, discount: float = 0.9) -> MarkovGame:
    """The grid game on `size` × `size` cells.

    Args:
        size: n, at least 2; the published sizes are 3 and 5.
        discount: γ.

    Raises:
        ValueError: a size below 2.
    """
    if size < 2:
        raise ValueError(f"size: expected at least 2, came {size}")
    from scipy.sparse import csr_array  # noqa: PLC0415 - scipy is slow to import

    following = _following(size)  # s a b
    outcomes = following.reshape(-1)
    states = len(following)
    transitions = csr_array(
        (np.ones(len(outcomes)), outcomes, np.arange(len(outcomes) + 1)),
        shape=(len(outcomes), states),
    )
    first, second = grid_cells(size)
    goal = size - 1
    worth = (first == goal).astype(np.float64) - (second == goal)
    start = _pair_index(size, np.array((size - 2) * size), np.array((size - 1) * size + 1))[()]
    return MarkovGame.zero_sum(
        transitions, worth[following], start, discount=discount, name=f"grid_game({size})"
    )


def grid_size(game: MarkovGame) -> int:
    """The n of a grid game: it has n² (n² - 1) states."""
    return round(np.sqrt((1 + np.sqrt(1 + 4 * game.num_states)) / 2))


def grid_cells(size: int) -> tuple[IntArray, IntArray]:
    """The cells of player 0's and player 1's tokens in every state, `(S,)` each, row-major."""
    cells = np.arange(size * size)
    first, second = np.meshgrid(cells, cells, indexing="ij")
    apart = first != second
    return first[apart], second[apart]


def grid_experts(game: MarkovGame) -> tuple[TabularPolicy, TabularPolicy]:
    """The published experts of a grid game, a pure equilibrium.

    They follow no rule of their own: where moves tie, they play the vertex that a solver of linear
    programs happened to return, so they are kept as data. `mail_envs.solve` gives experts with a
    rule, at every size.

    Raises:
        UnknownNameError: a size without published experts.
    """
    size = grid_size(game)
    if size not in PUBLISHED:
        known = tuple(PUBLISHED)
        raise UnknownNameError(f"published experts: expected a size in {known}, came {size}")
    first, second = (np.array(list(text), dtype=np.int64) for text in PUBLISHED[size])
    return TabularPolicy(np.eye(4)[first]), TabularPolicy(np.eye(4)[second])


def _following(size: int) -> IntArray:
    """The next state of every state and joint action: `(S, 4, 4)`."""
    first, second = grid_cells(size)
    left = _targets(size, first)[:, :, None]  # s a 1
    right = _targets(size, second)[:, None, :]  # s 1 b
    own, other = first[:, None, None], second[:, None, None]
    blocked = (left == right) | ((left == other) & (right == own))
    return _pair_index(size, np.where(blocked, own, left), np.where(blocked, other, right))


def _targets(size: int, cells: IntArray) -> IntArray:
    """Where each move would take a token that stands alone: `(S,)` → `(S, 4)`."""
    moves = np.array(GRID_MOVES)
    row = np.clip(cells[:, None] // size + moves[:, 0], 0, size - 1)
    column = np.clip(cells[:, None] % size + moves[:, 1], 0, size - 1)
    return np.where(cells[:, None] == size - 1, size - 1, row * size + column)


def _pair_index(size: int, first: IntArray, second: IntArray) -> IntArray:
    """The number of the state with these cells."""
    return first * (size * size - 1) + second - (second > first)
