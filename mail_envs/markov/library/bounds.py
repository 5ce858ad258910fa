r"""The games behind the lower bounds: what the experts do not visit can not be cloned.

::

          b1: s2 with probability y            good a
    s0 ──────────────────────────> s2 ─────────────────────> s3 ↺  0 a step (+1, separating)
     │    b2: s2 with probability x │       any other a
     │                              └──────────────────────> s4 ↺  −1 a step
     └── otherwise ──> s1 ↺  0

Player 1 moves at s0 (b1, b2), player 0 at s2 (A actions, one of them good); rewards are player 0's,
paid by the absorbing states, first at t = 2. This is the construction of arXiv 2505.17610 and
2510.09325, rebuilt from their summaries. With p = μ̂(good|s2), q = ν̂(b2|s0), r = q x + (1-q) y and
G = γ² / (1-γ), the sum of both players' gains against (μ̂, ν̂) is exactly

- `plain`: max(x, y) (1-p) G. Any ρ = P(b2|s0) with good at s2 is an equilibrium.
- `separating` (s3 pays +1): [r + max(x (1-2p), y (1-2p))] G, which is [q + max(0, 1-2p)] G for
  (x, y) = (1, 0). Player 1's expert prefers the move that leads to s2 less often.
- `matrix`: γ [r max_i(U ĉ)_i - max(x, y) min_j(p̂ᵀU)_j], where s2 pays the stage game
  U = [[1+δ, -1], [-1, 1/(1+δ)]] of value 0 once, at t = 1, and leads to s1; p̂ and ĉ are the
  mixtures that (μ̂, ν̂) play there. The experts' are 1/(2+δ) on the first action, with any ρ.

**Concentrability.** The experts are at s2 with probability d = ρ x + (1-ρ) y, so deviations of
player 1 make state-level concentrability

.. math:: C = \max_{w \in \{x, y\}} \max( w / d, \; (1-w) / (1-d) ):

1 for x = y, max(1/ρ, 1/(1-ρ)) for (x, y) = (1, 0), infinite for ρ = 0; `dial` gives a game and an
equilibrium of any C ≥ 1. (Deviations of player 0 lead to s4, which no expert visits; nothing
depends on what player 1 does there.)

**What it exposes.** `plain`: over a uniformly random good action, whoever has not seen s2 has an
expected gap of at least (1-1/A) G, however many demonstrations there are: with C = ∞ cloning cannot
learn, interaction can. `separating`: there b2 is no best response, so single-policy concentrability
is exactly 1 while the all-policy one is infinite and the gap at least (1-2/A) G (A ≥ 3). `matrix`:
the gap is linear in the error of a mixture that a share 1/C of the games shows, hence Ω(C/ε²).
"""

from typing import Literal, NamedTuple

import numpy as np

from mail_envs.errors import UnknownNameError
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import TabularPolicy
from mail_envs.protocols import FloatArray

__all__ = ["Dial", "dial", "lower_bound", "lower_bound_experts"]

VARIANTS = ("plain", "separating", "matrix")
START, SAFE, FORK, GOOD, BAD = range(5)


class Dial(NamedTuple):
    """A game and an equilibrium of a given concentrability."""

    reach: tuple[float, float]
    """(x, y): the probability of s2 after b2 and after b1."""
    mixing: float
    """ρ: the expert's probability of b2 at s0."""


def dial(concentrability: float) -> Dial:
    """The `reach` of `lower_bound` and the `mixing` of its experts that make C what is asked.

    From 1 to 2 the moves of player 1 become more telling, (x, y) = (C/2, 1-C/2) at ρ = 1/2; above
    2 they tell everything and ρ = 1/C, down to ρ = 0 for infinity.

    Raises:
        ValueError: below 1.

    >>> dial(1), dial(1000.0)
    (Dial(reach=(0.5, 0.5), mixing=0.5), Dial(reach=(1.0, 0.0), mixing=0.001))
    """
    if not concentrability >= 1:
        raise ValueError(f"concentrability: expected at least 1, came {concentrability}")
    x = min(concentrability / 2, 1.0)
    return Dial(reach=(x, 1 - x), mixing=1 / max(concentrability, 2.0))


def lower_bound(
    variant: Literal["plain", "separating", "matrix"] = "plain",
    *,
    actions: int = 3,
    good_action: int = 0,
    reach: tuple[float, float] = (1.0, 0.0),
    delta: float = 1.0,
    discount: float = 0.9,
) -> MarkovGame:
    """A lower-bound game.

    Args:
        variant: `"plain"`, `"separating"` or `"matrix"`, see the module.
        actions: A, of player 0, at least 2; `"matrix"` has 2 whatever is asked.
        good_action: which of them is good; not of `"matrix"`.
        reach: (x, y), the probability of s2 after b2 and after b1.
        delta: δ > 0, of `"matrix"` alone.
        discount: γ.

    Raises:
        UnknownNameError: another variant.
        ValueError: fewer than 2 actions, a good action outside them, a reach that is no pair of
            probabilities, a delta that is not positive.
    """
    if variant not in VARIANTS:
        raise UnknownNameError(f"variant: expected one of {VARIANTS}, came {variant!r}")
    _check(actions, good_action, reach, delta)
    matrix = variant == "matrix"
    choices, states = (2, 3) if matrix else (actions, 5)
    transitions = np.zeros((states, choices, 2, states))
    for b, share in enumerate((reach[1], reach[0])):
        transitions[START, :, b, FORK] = share
        transitions[START, :, b, SAFE] = 1 - share
    for absorbing in {SAFE, GOOD, BAD} & set(range(states)):
        transitions[absorbing, :, :, absorbing] = 1.0
    rewards = np.zeros((states, choices, 2))
    if matrix:
        transitions[FORK, :, :, SAFE] = 1.0
        rewards[FORK] = [[1 + delta, -1.0], [-1.0, 1 / (1 + delta)]]
    else:
        good = np.arange(actions) == good_action
        transitions[FORK, good, :, GOOD] = 1.0
        transitions[FORK, ~good, :, BAD] = 1.0
        rewards[GOOD] = 1.0 if variant == "separating" else 0.0
        rewards[BAD] = -1.0
    name = f"lower_bound({variant})"
    return MarkovGame.zero_sum(transitions, rewards, START, discount=discount, name=name)


def lower_bound_experts(
    game: MarkovGame, mixing: float | None = None
) -> tuple[TabularPolicy, TabularPolicy]:
    """An equilibrium of a lower-bound game.

    Where the players have no influence they play their first action.

    Args:
        game: from `lower_bound`.
        mixing: ρ = P(b2|s0). None: 1/2 where player 1 is indifferent, otherwise the move that
            leads to s2 less often.

    Raises:
        ValueError: a mixing outside [0, 1], or of a game in which player 1 is not indifferent.
    """
    dynamics = game.dynamics
    to_fork = dynamics.mix(0, np.eye(game.num_states)[FORK])[START, 0]  # b: P(s2|s0, b)
    to_good = dynamics.mix(0, np.eye(game.num_states)[-2])[FORK, :, 0]  # a: P(s3|s2, a)
    indifferent = game.num_states == 3 or not dynamics.reward_table[0, 0, GOOD].any()
    first = np.eye(game.num_actions[0])[np.zeros(game.num_states, dtype=np.int64)]
    second = np.eye(2)[np.zeros(game.num_states, dtype=np.int64)]
    if game.num_states == 3:
        first[FORK] = second[FORK] = _stage_mixture(dynamics.reward_table[0, 0, FORK])
    else:
        first[FORK] = to_good
    if mixing is None:
        mixing = 0.5 if indifferent else float(to_fork[1] < to_fork[0])
    elif not indifferent:
        raise ValueError(f"mixing: expected None, as player 1 is not indifferent, came {mixing}")
    if not 0 <= mixing <= 1:
        raise ValueError(f"mixing: expected a probability, came {mixing}")
    second[START] = 1 - mixing, mixing
    return TabularPolicy(first), TabularPolicy(second)


def _stage_mixture(stage: FloatArray) -> FloatArray:
    """1/(2+δ) on the first action, of either player: U is symmetric."""
    share = 1 / (1 + stage[0, 0])
    return np.array([share, 1 - share])


def _check(actions: int, good_action: int, reach: tuple[float, float], delta: float) -> None:
    if actions < 2:
        raise ValueError(f"actions: expected at least 2, came {actions}")
    if not 0 <= good_action < actions:
        raise ValueError(f"good_action: expected one of 0..{actions - 1}, came {good_action}")
    if not all(0 <= share <= 1 for share in reach):
        raise ValueError(f"reach: expected two probabilities, came {reach}")
    if not 0 < delta < np.inf:
        raise ValueError(f"delta: expected a finite number above 0, came {delta}")
