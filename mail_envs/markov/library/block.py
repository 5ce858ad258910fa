r"""Block games: a small latent game, shown through any number of states.

::

    latent   z ──(a, b)──> z'        m latent states: P̄_h(z'|z, a, b), r̄_h(z, a, b)
             │              │
    seen     s              s'       z(s) = s mod m, s' uniform among the states of block z'

.. math:: P_h(s' \mid s, a) = \bar P_h(z(s') \mid z(s), a) \; q(s' \mid z(s')), \qquad
          r_{h,i}(s, a) = \bar r_{h,i}(z(s), a).

The latent game depends on the seed alone, never on S, and so does its start, latent state 0: the
same game can be looked at through 10² or 10⁶ states. With φ_i(s, a_i) = one-hot(z(s), a_i),
d = m A_i, everything that linear theory asks for holds exactly: each player's problem against
opponents that are functions of z is linear in its own φ_i, and the equilibrium, solved on the m
latents and spread, is log-linear in φ_i (solved per state with ties broken anew it would not be).

**What it exposes.** The cost of not generalising. Whoever learns in φ needs as many questions at
S = 10⁶ as at S = 10²; whoever treats states as unrelated needs more with every state. Finite
horizon, so that clones have to be made per step.
"""

import numpy as np

from mail_envs.errors import InvalidModelError
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics import BlockDynamics
from mail_envs.markov.features import OneHotFeatures
from mail_envs.markov.library.draws import (
    dirichlet,
    duration,
    streams,
    uniform,
    zero_sum_pair,
)
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray

__all__ = ["block_features", "block_linear", "emitted_start", "modulo_blocks"]


def block_linear(
    seed: int,
    *,
    states: int = 100,
    latents: int = 10,
    actions: tuple[int, ...] = (2, 2),
    horizon: int | None = None,
    discount: float | None = None,
    zero_sum: bool = True,
    concentration: float = 0.1,
) -> MarkovGame:
    """A random block game with its feature maps.

    Args:
        seed: the same seed is the same latent game, whatever the number of states, everywhere.
        states: S, at least `latents`.
        latents: m.
        actions: A_1, …, A_n.
        horizon: H, with tables of its own at every step, or
        discount: γ; horizon 5 where neither is given.
        zero_sum: whether player 1 loses what player 0 wins; otherwise every player has rewards
            of its own, and any number may play.
        concentration: α of the Dirichlet distribution of latent transitions; the smaller, the
            harder some latent states are to reach.

    Raises:
        ShapeError: a zero-sum game of other than two players.
        ValueError: a concentration that is not positive.
        InvalidModelError: fewer states than latents; and as of `MarkovGame`.
    """
    horizon, discount = duration(horizon, discount, default={"horizon": 5})
    moves, payoffs = streams(seed, 2)
    shape = (latents, *actions) if horizon is None else (horizon, latents, *actions)
    rewards = uniform((1 if zero_sum else len(actions), *shape), rng=payoffs)
    blocks = modulo_blocks(states, latents)
    dynamics = BlockDynamics(
        dirichlet((*shape, latents), concentration, rng=moves),
        zero_sum_pair(rewards[0], len(actions)) if zero_sum else rewards,
        blocks,
    )
    return MarkovGame.from_dynamics(
        dynamics,
        emitted_start(blocks),
        horizon=horizon,
        discount=discount,
        feature_maps=block_features(blocks, actions),
        name="block_linear",
    )


def block_features(blocks: IntArray, actions: tuple[int, ...]) -> tuple[OneHotFeatures, ...]:
    """φ_i = one-hot(z, a_i), one map per player."""
    return tuple(OneHotFeatures(len(blocks), count, blocks=blocks) for count in actions)


def modulo_blocks(states: int, latents: int) -> IntArray:
    """z(s) = s mod m: `(S,)`.

    Raises:
        InvalidModelError: fewer states than latents.
    """
    if not 1 <= latents <= states:
        raise InvalidModelError(
            f"expected at least one latent state and a state for each, came {latents} latents and "
            f"{states} states"
        )
    return np.arange(states) % latents


def emitted_start(blocks: IntArray) -> FloatArray:
    """A start in latent state 0, uniform among its states: `(S,)`."""
    first = (blocks == 0).astype(np.float64)
    return first / first.sum()
