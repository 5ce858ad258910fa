r"""Independent linear games: n players, each with a feature map of its own (Cui, Zhang, Du 2023).

::

    s, latent z = z(s) ──(a_1 … a_n)──> with probability w_j, z' from player j's measures

.. math:: \phi_i(s, a_i) = e_{z(s)} \otimes \psi_i(a_i), \qquad
          P(s' \mid s, a) = \sum_j w_j \, \phi_j(s, a_j)^\top \mu_j(s'), \qquad
          r_i(s, a) = \sum_j \phi_j(s, a_j)^\top \theta_{ij},

with ψ_i(a_i) and the measures on simplices and w on the simplex of players. As ψ_i spans the
constants, Q_i marginalised over the others' policies is linear in φ_i, d_i = m k, whatever the
others do as functions of z (independent linear approximation, arXiv 2302.03673). Against policies
of raw states it is not: one-hot clones leave the class.

**Known equilibrium.** What a player adds to anybody's reward or to the transitions does not depend
on the others' moves, so at every stage each player has a dominant action, given the values of the
next step: backward induction finds a pure Nash equilibrium for any number of players with rewards
of their own, the maximiser of ψ_i(a_i)ᵀ[θ_ii(z) + w_i μ_i(z) V_i]. With a discount that holds for
identical interests (`common_interest`), where the best joint policy is one.

**What it exposes.** Imitation of more than two players, in general-sum games whose equilibrium is
known to be a product; the cost of treating states as unrelated (see the block family).
"""

from functools import reduce

import numpy as np

from mail_envs.errors import InvalidModelError
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics import BlockDynamics
from mail_envs.markov.features import TableFeatures
from mail_envs.markov.library.block import emitted_start, modulo_blocks
from mail_envs.markov.library.draws import dirichlet, duration, streams, uniform
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray

__all__ = ["independent_linear"]


def independent_linear(
    seed: int,
    *,
    states: int = 60,
    latents: int = 6,
    actions: tuple[int, ...] = (3, 3, 3),
    dimension: int = 2,
    horizon: int | None = None,
    discount: float | None = None,
    common_interest: bool = False,
) -> MarkovGame:
    """A random independent linear game with its feature maps.

    Args:
        seed: the same seed is the same latent game, whatever the number of states, everywhere.
        states: S, at least `latents`.
        latents: m.
        actions: A_1, …, A_n.
        dimension: k, of ψ_i; a player's features have m k coordinates.
        horizon: H, with weights and measures of its own at every step, or
        discount: γ, for common interests only; horizon 5 where neither is given.
        common_interest: whether all players have the same rewards.

    Raises:
        InvalidModelError: a discount without common interests, fewer states than latents.
    """
    horizon, discount = duration(horizon, discount, default={"horizon": 5})
    if discount is not None and not common_interest:
        raise InvalidModelError(
            f"expected common interests with a discount, came {discount=} without: no equilibrium "
            "is known then"
        )
    n, lead = len(actions), () if horizon is None else (horizon,)
    moves, payoffs, mixing, shares = streams(seed, 4)
    # 8, 12 and 32 bits: products of the three are exact, and so are their sums, in any order
    portions = dirichlet((n,), 5.0, rng=shares, bits=8)  # w
    psi = [dirichlet((count, dimension), 0.5, rng=mixing, bits=12) for count in actions]  # a k
    measures = dirichlet((n, *lead, latents, dimension, latents), 0.3, rng=moves)  # j h z k z'
    tables = 1 if common_interest else n
    weights = uniform((tables, n, *lead, latents, dimension), rng=payoffs, bits=24)  # i j h z k
    brought = [w * (p @ m) for w, p, m in zip(portions, psi, measures, strict=True)]
    paid = [
        _summed([t @ p.T for t, p in zip(own, psi, strict=True)], trailing=0) for own in weights
    ]
    rewards = np.stack(paid * (n // tables)) / n
    blocks = modulo_blocks(states, latents)
    return MarkovGame.from_dynamics(
        BlockDynamics(_summed(brought, trailing=1), rewards, blocks),
        emitted_start(blocks),
        horizon=horizon,
        discount=discount,
        feature_maps=[_features(p, blocks) for p in psi],
        name="independent_linear",
    )


def _summed(parts: list[FloatArray], *, trailing: int) -> FloatArray:
    """Add up what the players bring, an action axis for each.

    Args:
        parts: player j's, `(…, m, A_j)` and `trailing` axes more.
        trailing: how many axes follow the action.

    Returns:
        `(…, m, A_1, …, A_n)` and the trailing axes.
    """
    spread: list[FloatArray] = []
    for j, part in enumerate(parts):
        place = part.ndim - 1 - trailing  # of the action axis
        axes = [1] * len(parts)
        axes[j] = part.shape[place]
        spread.append(part.reshape(*part.shape[:place], *axes, *part.shape[place + 1 :]))
    return reduce(np.add, spread)


def _features(psi: FloatArray, blocks: IntArray) -> TableFeatures:
    """φ_i = e_z ⊗ ψ_i(a_i), by block: `(m, A_i, m k)`."""
    latents = int(blocks.max()) + 1
    table = np.einsum("yz,ak->yazk", np.eye(latents), psi)
    return TableFeatures(table.reshape(latents, len(psi), -1), blocks=blocks)
