r"""Random linear Markov games: convex mixtures of d measures (Xie et al. 2020, arXiv 2002.07066).

::

            φ(s, a, b) ∈ Δ(d)              M_j ∈ Δ(S), j = 1 … d
    (s, a, b) ─────────────> mixture of d ─────────────────────> s'        r = φᵀθ

With φ and the measures on simplices every product φᵀM is a distribution, and the normalisation
‖φ‖₂ ≤ 1, ‖θ‖₂ ≤ √d, ‖Σ_s' M(s')‖₂ ≤ √d holds. P_h has rank at most d, Q of every joint policy is
linear in φ, and against fixed opponents the marginalised features are on the simplex again.

**What it exposes.** Concentrability at the level of features can be finite and small where that of
states is infinite: unvisited states lie in the span of visited ones. But there is no feature map of
one player alone in which the equilibrium is log-linear (most stage equilibria have partial
support), so cloning in a linear class is misspecified here; the block and additive families are
the ones where it is not. No exact value is known in advance; `mail_envs.solve` computes it.
"""

from typing import Literal, TypeAlias

import numpy as np

from mail_envs.markov.equilibrium import solve
from mail_envs.markov.features import TableFeatures, marginalised_features
from mail_envs.markov.library.draws import (
    dirichlet,
    duration,
    streams,
    uniform,
    zero_sum_pair,
)
from mail_envs.markov.library.named import named_features
from mail_envs.markov.linear import LinearMarkovGame
from mail_envs.markov.model import AnyFeatureMap, MarkovGame

__all__ = ["LINEAR_FEATURES", "LinearFeatures", "linear_features", "random_linear"]

LinearFeatures: TypeAlias = Literal["one-hot", "marginalised-by-expert"]
"""The name of a feature map of random linear games."""
LINEAR_FEATURES = ("one-hot", "marginalised-by-expert")
"""The names of the feature maps of random linear games."""


def random_linear(
    seed: int,
    *,
    states: int = 20,
    actions: tuple[int, ...] = (2, 2),
    dimension: int = 5,
    horizon: int | None = None,
    discount: float | None = None,
    zero_sum: bool = True,
    concentration: float = 0.3,
) -> LinearMarkovGame:
    """A random linear game with Dirichlet features and measures.

    Features are the same at every step; with a horizon, measures and weights differ from step to
    step. θ is uniform in [-1, 1)^d. Play starts in state 0.

    Args:
        seed: the same seed is the same game everywhere.
        states: S.
        actions: A_1, …, A_n.
        dimension: d, of the joint features.
        horizon: H, or
        discount: γ; horizon 5 where neither is given.
        zero_sum: whether player 1 loses what player 0 wins; otherwise every player has weights
            of its own, and any number may play.
        concentration: α of the Dirichlet distributions; small for features near one-hot and
            measures on few states.

    Raises:
        ShapeError: a zero-sum game of other than two players.
        ValueError: a concentration that is not positive.
        InvalidModelError: as of `LinearMarkovGame`.
    """
    horizon, discount = duration(horizon, discount, default={"horizon": 5})
    mixing, moves, payoffs = streams(seed, 3)
    lead = () if horizon is None else (horizon,)
    tables = 1 if zero_sum else len(actions)
    weights = uniform((tables, *lead, dimension), rng=payoffs)
    return LinearMarkovGame(
        dirichlet((states, *actions, dimension), concentration, rng=mixing),
        dirichlet((*lead, dimension, states), concentration, rng=moves),
        zero_sum_pair(weights[0], len(actions)) if zero_sum else weights,
        0,
        horizon=horizon,
        discount=discount,
        name="random_linear",
    )


def linear_features(
    game: MarkovGame, name: LinearFeatures = "one-hot"
) -> tuple[AnyFeatureMap, ...]:
    """One feature map per player of a linear game.

    Args:
        game: a linear game that `mail_envs.solve` solves.
        name: `"one-hot"` of (s, a), or `"marginalised-by-expert"`, the joint features averaged
            over the experts' moves, those of every step side by side (d H coordinates): in them
            a player's problem against the experts is linear. They know the experts.

    Raises:
        UnknownNameError: another name.
        UnsolvedGameError: a game whose equilibrium is not known.
    """
    if name != "marginalised-by-expert":
        return named_features(game, name, LINEAR_FEATURES)
    experts, steps = solve(game).policies, game.horizon or 1
    return tuple(
        TableFeatures(
            np.concatenate(
                [marginalised_features(game, experts, i, h=h).table for h in range(steps)], axis=-1
            )
            / steps,
            knows_opponents=True,
        )
        for i in range(game.num_players)
    )
