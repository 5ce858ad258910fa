r"""Random tabular games: no structure but finiteness.

::

    s ──(a, b)──> s'   next states of every (s, a, b), and rewards, drawn independently

**What it exposes.** The ordinary case of the theory: every state can be reached, concentrability
(arXiv 2505.17610) is finite, and cloning works in the limit, at a rate that the coefficient sets.
With few possible next states (`branching`) deviations reach states that the equilibrium leaves out.
No exact value is known in advance; `mail_envs.solve` computes it.
"""

import numpy as np

from mail_envs.markov.library.draws import (
    dirichlet,
    duration,
    streams,
    uniform,
    zero_sum_pair,
)
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray

__all__ = ["random_game"]


def random_game(
    seed: int,
    *,
    states: int = 10,
    actions: tuple[int, ...] = (3, 3),
    horizon: int | None = None,
    discount: float | None = None,
    zero_sum: bool = True,
    branching: int | None = None,
) -> MarkovGame:
    """A random game; the defaults are the random game of arXiv 2505.17610's experiment.

    Transition rows are uniform on the simplex over their possible next states, rewards uniform in
    [-1, 1). Play starts in state 0. With a horizon every step has tables of its own.

    Args:
        seed: the same seed is the same game everywhere.
        states: S.
        actions: A_1, …, A_n.
        horizon: H, or
        discount: γ; 0.9 where neither is given.
        zero_sum: whether player 1 loses what player 0 wins; otherwise every player has rewards
            of its own, and any number may play.
        branching: how many next states a joint action may have, chosen anew for each; None: all.

    Raises:
        ShapeError: a zero-sum game of other than two players.
        ValueError: a branching outside 1..S.
        InvalidModelError: as of `MarkovGame`.
    """
    horizon, discount = duration(horizon, discount, default={"discount": 0.9})
    moves, places, payoffs = streams(seed, 3)
    lead = () if horizon is None else (horizon,)
    shape = (*lead, states, *actions)
    if branching is None:
        transitions = dirichlet((*shape, states), 1.0, rng=moves)
    else:
        transitions = _scattered(shape, states, branching, moves, places)
    tables = 1 if zero_sum else len(actions)
    rewards = uniform((tables, *shape), rng=payoffs)
    return MarkovGame(
        transitions,
        zero_sum_pair(rewards[0], len(actions)) if zero_sum else rewards,
        0,
        horizon=horizon,
        discount=discount,
        name="random_game",
    )


def _scattered(
    shape: tuple[int, ...],
    states: int,
    branching: int,
    moves: np.random.Generator,
    places: np.random.Generator,
) -> FloatArray:
    """Rows over `branching` next states each: `(*shape, S)`."""
    if not 1 <= branching <= states:
        raise ValueError(f"branching: expected a number in 1..{states}, came {branching}")
    rows = dirichlet((*shape, branching), 1.0, rng=moves)
    ranks = np.argsort(places.random((*shape, states)), axis=-1, kind="stable")
    table = np.zeros((*shape, states))
    np.put_along_axis(table, ranks[..., :branching], rows, axis=-1)
    return table
