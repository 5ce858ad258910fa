r"""Low-rank games: linear in features that nobody is shown, under observations rich in noise.

::

    latent z ──φ(z, a)──> mixture of d measures ──> z'         hidden
        │                                            │
      (z, noise bits) = state s                   (z', fresh bits)
        │                                            │
        o = R [one-hot(z); bits]                     o'        shown

A random linear game over m latents (φ, M, θ as in the family `random_linear`) in which every latent
comes with k fair noise bits. **The noise is part of the state**: drawn afresh at every step, the
same for all players, of no influence on anything. So S = m 2^k, and the game is linear,

.. math:: P_h(s' \mid s, a) = \phi(z(s), a)^\top M_h(z(s')) \, 2^{-k}, \qquad
          r_{h,i}(s, a) = \phi(z(s), a)^\top \theta_{h,i},

of rank at most d. Everything exact that this project computes (best responses, gaps,
concentrability) holds for policies of what is shown, enumerated over all patterns.

`rich_observations` gives o(s), a rotation of (one-hot(z), bits, zeros) by a Hadamard matrix of the
next power of two: a linear map decodes the latent, but no single coordinate shows it. States are
numbered z 2^k + bits.

**What it exposes.** Representation learning (Ni et al. 2022, arXiv 2210.16976): the features exist,
of dimension d, but have to be found; learners in raw states or raw observations pay for the noise.
No exact value is known in advance; `mail_envs.solve` computes it on the latents.
"""

from typing import Literal, TypeAlias

import numpy as np

from mail_envs.markov.dynamics import FactoredDynamics
from mail_envs.markov.library.block import block_features, emitted_start
from mail_envs.markov.library.draws import (
    dirichlet,
    duration,
    streams,
    uniform,
    zero_sum_pair,
)
from mail_envs.markov.library.named import named_features
from mail_envs.markov.model import AnyFeatureMap, MarkovGame
from mail_envs.protocols import FloatArray

__all__ = [
    "LOW_RANK_FEATURES",
    "LowRankFeatures",
    "low_rank",
    "low_rank_features",
    "rich_observations",
]

LowRankFeatures: TypeAlias = Literal["one-hot", "latent"]
"""The name of a feature map of low-rank games."""
LOW_RANK_FEATURES = ("one-hot", "latent")
"""The names of the feature maps of low-rank games."""

LARGEST_NOISE = 20
"""How many noise bits a game may have."""


def low_rank(
    seed: int,
    *,
    latents: int = 8,
    noise_bits: int = 6,
    actions: tuple[int, ...] = (2, 2),
    dimension: int = 3,
    horizon: int | None = None,
    discount: float | None = None,
    zero_sum: bool = True,
) -> MarkovGame:
    """A random low-rank game. It has no feature maps of its own: they are hidden.

    Play starts in latent 0.

    Args:
        seed: the same seed is the same latent game everywhere, with any number of noise bits.
        latents: m.
        noise_bits: k, at most 20; S = m 2^k.
        actions: A_1, …, A_n.
        dimension: d, of the hidden joint features.
        horizon: H, with measures and weights of its own at every step, or
        discount: γ; horizon 5 where neither is given.
        zero_sum: whether player 1 loses what player 0 wins; otherwise every player has weights
            of its own, and any number may play.

    Raises:
        ShapeError: a zero-sum game of other than two players.
        ValueError: a number of noise bits outside 0..20.
        InvalidModelError: as of `MarkovGame`.
    """
    if not 0 <= noise_bits <= LARGEST_NOISE:
        raise ValueError(f"noise_bits: expected a number in 0..{LARGEST_NOISE}, came {noise_bits}")
    horizon, discount = duration(horizon, discount, default={"horizon": 5})
    mixing, moves, payoffs = streams(seed, 3)
    lead = () if horizon is None else (horizon,)
    weights = uniform((1 if zero_sum else len(actions), *lead, dimension), rng=payoffs)
    patterns = 1 << noise_bits
    blocks = np.repeat(np.arange(latents), patterns)
    latent_measures = dirichlet((*lead, dimension, latents), 0.3, rng=moves)  # h d z
    dynamics = FactoredDynamics(
        dirichlet((latents, *actions, dimension), 0.3, rng=mixing),
        latent_measures[..., blocks] / patterns,
        zero_sum_pair(weights[0], len(actions)) if zero_sum else weights,
        blocks=blocks,
    )
    return MarkovGame.from_dynamics(
        dynamics, emitted_start(blocks), horizon=horizon, discount=discount, name="low_rank"
    )


def low_rank_features(
    game: MarkovGame, name: LowRankFeatures = "one-hot"
) -> tuple[AnyFeatureMap, ...]:
    """One feature map per player of a low-rank game.

    Args:
        game: from `low_rank`.
        name: `"one-hot"` of (s, a), or `"latent"`, one-hot of (z, a): what a learner would have
            to find, for comparison.

    Raises:
        UnknownNameError: another name.
    """
    if name == "latent" and game.dynamics.blocks is not None:
        return block_features(game.dynamics.blocks, game.num_actions)
    return named_features(game, name, LOW_RANK_FEATURES)


def rich_observations(game: MarkovGame) -> FloatArray:
    """What players of a low-rank game are shown: o(s), `(S, D)`.

    o = R x / √D, x = (one-hot(z), bits, zeros) of length D, the smallest power of two that holds
    latents and bits, R the Hadamard matrix of Sylvester's construction.
    """
    latents = game.dynamics.num_blocks
    noise_bits = (game.num_states // latents).bit_length() - 1
    width = 1 << (latents + noise_bits - 1).bit_length()
    states = np.arange(game.num_states)
    patterns = states[:, None] >> np.arange(noise_bits) & 1
    plain: FloatArray = np.zeros((game.num_states, width))
    plain[states, states >> noise_bits] = 1
    plain[:, latents : latents + noise_bits] = patterns
    return plain @ _hadamard(width) / float(np.sqrt(width))  # R is symmetric


def _hadamard(width: int) -> FloatArray:
    """Sylvester's matrix of a power of two, entries ±1: `(D, D)`."""
    matrix: FloatArray = np.ones((1, 1))
    while len(matrix) < width:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix
