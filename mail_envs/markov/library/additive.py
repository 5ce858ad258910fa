r"""Additive games: each player brings a part of the reward and of the transitions (ARAT).

::

    r = φ_0(s, a)ᵀθ_0 + φ_1(s, b)ᵀθ_1        P = ½ φ_0(s, a)ᵀM_0 + ½ φ_1(s, b)ᵀM_1

(additive rewards, additive transitions: Raghavan, Tijs, Vrieze 1985). Jointly linear in
φ(s, a, b) = [½ φ_0; ½ φ_1] on the simplex. Since Q(s, a, b) is a sum of what each player brings,

.. math:: Q(s, a, b) = \phi_0(s, a)^\top w_0 + \phi_1(s, b)^\top w_1, \qquad
          w_i = \theta_i + \tfrac12 M_i V',

each player has a dominant action in every stage game: the equilibrium is pure, argmax_a φ_0ᵀw_0 and
argmin_b φ_1ᵀw_1, the limit of log-linear policies in the player's **own** φ_i, for any S.

Features differ in every state: φ_i(s, a) mixes a prototype of the state's latent, (1-v) p_i(z, a),
z = s mod m, with v of a distribution of the state's own; measures are spread evenly over the states
of a latent. Prototypes, measures over latents and weights depend on the seed alone, and the first
states are the same at every S, so that games of one seed are comparable at all sizes.

**What it exposes.** Cloning is exactly right in a player's own features, exploring is not: its
problem against the experts is linear only in [φ_0(s, a); φ_1(s, b)] with the other's action at its
expert's move, features marginalised by the expert, which an explorer does not know
(`additive_features` names them so).
"""

from typing import Literal, TypeAlias

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.equilibrium import solve
from mail_envs.markov.features import TableFeatures
from mail_envs.markov.library.block import emitted_start, modulo_blocks
from mail_envs.markov.library.draws import dirichlet, duration, round_rows, streams, uniform
from mail_envs.markov.library.named import named_features
from mail_envs.markov.linear import LinearMarkovGame
from mail_envs.markov.model import AnyFeatureMap, MarkovGame
from mail_envs.protocols import FloatArray

__all__ = ["ADDITIVE_FEATURES", "AdditiveFeatures", "additive_features", "additive_linear"]

AdditiveFeatures: TypeAlias = Literal["own", "one-hot", "marginalised-by-expert"]
"""The name of a feature map of additive games."""
ADDITIVE_FEATURES = ("own", "one-hot", "marginalised-by-expert")
"""The names of the feature maps of additive games."""


def additive_linear(
    seed: int,
    *,
    states: int = 100,
    latents: int = 10,
    actions: tuple[int, int] = (2, 2),
    dimension: int = 5,
    horizon: int | None = None,
    discount: float | None = None,
    variety: float = 0.3,
) -> LinearMarkovGame:
    """A random additive game, two-player zero-sum, with each player's own feature map.

    Args:
        seed: the same seed is the same game everywhere, and its states are the first ones of
            the larger games of that seed.
        states: S, at least `latents`.
        latents: m.
        actions: A_1, A_2.
        dimension: d_i, of each player's features; the joint ones have 2 d_i.
        horizon: H, with measures and weights of its own at every step, or
        discount: γ; horizon 5 where neither is given.
        variety: v in [0, 1], how much of a state's features is its own.

    Raises:
        ValueError: a variety outside [0, 1].
        InvalidModelError: fewer states than latents; and as of `LinearMarkovGame`.
    """
    if not 0 <= variety <= 1:
        raise ValueError(f"variety: expected a number from 0 to 1, came {variety}")
    horizon, discount = duration(horizon, discount, default={"horizon": 5})
    moves, payoffs, *mixing = streams(seed, 6)
    blocks = modulo_blocks(states, latents)
    own = [
        _features(blocks, actions[i], dimension, variety, prototypes, details)
        for i, (prototypes, details) in enumerate((mixing[:2], mixing[2:]))
    ]
    lead = () if horizon is None else (horizon,)
    latent = dirichlet((*lead, 2 * dimension, latents), 0.3, rng=moves)  # h d z
    weights = uniform((*lead, 2 * dimension), rng=payoffs)  # 2 θ_i, as features carry the half
    return LinearMarkovGame(
        _joint_features(*own),
        latent[..., blocks] / np.bincount(blocks)[blocks],
        np.stack([weights, -weights]),
        emitted_start(blocks),
        horizon=horizon,
        discount=discount,
        feature_maps=[TableFeatures(table) for table in own],
        name="additive_linear",
    )


def additive_features(
    game: MarkovGame, name: AdditiveFeatures = "own"
) -> tuple[AnyFeatureMap, ...]:
    """One feature map per player of an additive game.

    Args:
        game: from `additive_linear`.
        name: `"one-hot"` of (s, a); `"own"`, φ_i, in which experts are log-linear;
            `"marginalised-by-expert"`, φ_i(s, a_i) and beside it the other's features at its
            expert's moves at every step, in which the player's problem against that expert is
            linear. The last knows the experts.

    Raises:
        UnknownNameError: another name.
    """
    if name != "marginalised-by-expert":
        return named_features(game, name, ADDITIVE_FEATURES)
    experts = solve(game).policies
    first, second = (m.table for m in game.feature_maps or () if isinstance(m, TableFeatures))
    return (
        _beside_expert(first, second, experts[1]),
        _beside_expert(second, first, experts[0]),
    )


def _beside_expert(own: FloatArray, other: FloatArray, expert: FloatArray) -> TableFeatures:
    """[φ_i(s, a); φ_j(s, π_h(s)) for every step h], on the simplex: `(S, A_i, d_i + H d_j)`."""
    steps = expert if expert.ndim == 3 else expert[None]
    seen = np.einsum("hsb,sbd->shd", steps, other).reshape(len(own), -1)
    beside = np.broadcast_to(seen[:, None], (*own.shape[:2], seen.shape[1]))
    table = np.concatenate([own, beside], axis=-1) / (1 + len(steps))
    return TableFeatures(table, knows_opponents=True)


def _features(
    blocks: IntArray,
    actions: int,
    dimension: int,
    variety: float,
    prototypes: np.random.Generator,
    details: np.random.Generator,
) -> FloatArray:
    """φ_i of one player: `(S, A_i, d_i)`."""
    shared = dirichlet((int(blocks.max()) + 1, actions, dimension), 1.0, rng=prototypes)
    single = dirichlet((len(blocks), actions, dimension), 1.0, rng=details)
    return round_rows((1 - variety) * shared[blocks] + variety * single)


def _joint_features(first: FloatArray, second: FloatArray) -> FloatArray:
    """[½ φ_0(s, a); ½ φ_1(s, b)]: `(S, A_1, A_2, 2 d_i)`."""
    shape = (len(first), first.shape[1], second.shape[1], first.shape[2])
    left = np.broadcast_to(first[:, :, None], shape)
    right = np.broadcast_to(second[:, None], shape)
    return np.concatenate([left, right], axis=-1) / 2
