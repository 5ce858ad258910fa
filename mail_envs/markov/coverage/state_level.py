r"""Concentrability at the level of states.

**All-policy** (arXiv 2505.17610, C_max in arXiv 2510.09325): when player j deviates in any way,

.. math:: C_h = \max_s \max_{\pi_j} \frac{d_h^{\pi_j, \pi^E_{-j}}(s)}{d_h^{\pi^E}(s)},
          \qquad 0/0 = 0, \quad x/0 = \infty,

discounted the same with the discounted occupancy. On pairs of a state and an action of the imitated
player the ratio is the same, as that player is the expert on both sides.

**Single-policy** (C(μ, ν) in arXiv 2510.09325): the same over best responses alone. A policy is a
best response exactly if it plays optimally wherever it comes, so the inner maximum is over policies
that choose among optimal actions (up to `OPTIMAL`); what the expert itself plays is always kept,
also where rounding, or an expert that is no equilibrium, makes it fall short. Hence
`1 ≤ single-policy ≤ all-policy`.

Each maximum is one dynamic program with the indicator of a state as its payoff
(`mail_envs.markov.coverage.steering`), all states in one batch. Infinity is decided first, on the
pattern of transitions; its witness is the deviation that stays longest where no expert ever is.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.coverage.deviations import BoolArray, Deviations
from mail_envs.markov.coverage.steering import best_ratios, state_action_visits, steer
from mail_envs.markov.dynamics import expected_next_value, rewards
from mail_envs.markov.evaluation import policy_values, product
from mail_envs.markov.marginal import expect_others
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import at_step
from mail_envs.protocols import FloatArray
from mail_envs.truth import best_response

__all__ = ["OPTIMAL", "StateRatio", "optimal_actions", "state_ratios"]

OPTIMAL = 1e-9
"""How far below the best an optimal action may be, relative to the largest |Q| or 1."""

ROUNDING = 1e-12
"""How far above 1 a ratio may be by rounding."""


class StateRatio(NamedTuple):
    """The largest ratio of occupancies, its state (an index 0..R-1), and its choices `(K, R)`."""

    value: float
    state: int
    choices: IntArray


def state_ratios(deviations: Deviations) -> list[StateRatio]:
    """The largest ratio of occupancies for each of the T occupancies.

    Args:
        deviations: what is allowed decides which of the two coefficients it is.
    """
    outside = deviations.unvisited  # t s
    infinite: BoolArray = np.any(outside, axis=1)
    denominators = np.where(infinite[:, None], 0.0, deviations.visits)
    indicators = np.eye(len(deviations.states))[:, :, None]
    finite = best_ratios(deviations, indicators, denominators)
    found: list[StateRatio] = []
    for h, best in enumerate(finite):
        if best is None:
            found.append(_escape(deviations, h, outside[h]))
        else:  # not to deviate at all has ratio 1, and what differs from it by rounding is 1
            value = best.value if best.value > 1 + ROUNDING else 1.0
            found.append(StateRatio(value, best.which, best.choices))
    return found


def _escape(deviations: Deviations, h: int, outside: BoolArray) -> StateRatio:
    """The deviation that is most often outside, and the state outside where it most often is."""
    choices = steer(deviations, h, outside.astype(np.float64)[None, :, None]).choices
    visits = state_action_visits(deviations, h, choices)[0].sum(axis=-1)
    return StateRatio(np.inf, int((visits * outside).argmax()), choices[0])


def optimal_actions(game: MarkovGame, tables: Sequence[FloatArray], player: int) -> BoolArray:
    """What best responses of `player` to the other experts may play, and what its expert plays.

    Args:
        game: any game.
        tables: the experts, `(1 or H, S, A_i)` per player.
        player: who responds.

    Returns:
        `(1 or H, S, A)`: optimal from the state on, or in the expert's support.
    """
    response = np.asarray(best_response(game, tables, player).policy)
    playing = [*tables]
    playing[player] = response if game.horizon is not None else response[None]
    values = policy_values(game, product(playing))[player]
    if game.horizon is None:
        worth = [_worth(game, tables, player, 0, game.discount or 0.0, values)]
    else:
        following = np.concatenate([values[1:], np.zeros((1, game.num_states))])
        worth = [_worth(game, tables, player, h, 1.0, v) for h, v in enumerate(following)]
    slack = OPTIMAL * max(1.0, float(np.abs(worth).max()))
    optimal = np.stack([q >= q.max(axis=-1, keepdims=True) - slack for q in worth])
    return optimal | (tables[player] > 0)


def _worth(
    game: MarkovGame,
    tables: Sequence[FloatArray],
    player: int,
    h: int,
    discount: float,
    following: FloatArray,
) -> FloatArray:
    """Q_h(s, a_j): `(S, A)`."""
    d = game.dynamics
    table = rewards(d, h)[player] + discount * expected_next_value(d, h, following)
    return expect_others(d, table, at_step(tables, h), player)
