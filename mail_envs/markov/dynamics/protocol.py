r"""What every solver, environment and learner knows of a game's dynamics.

Every form of dynamics here is a factorisation through `K` *latents* `k`:

.. math:: P_h(s' \mid s, a) = \sum_k \phi_h(k \mid z(s), a) \, M_h(s' \mid k), \qquad
          r_{h,i}(s, a) = \bar r_{h,i}(z(s), a),

where `a = (a_1, …, a_n)` is a joint action and `z` maps the `S` states to `M` *blocks*: states
of one block have the same rewards and transitions.

========  =======  =======  ======================  =======================
form      M        K        φ                       M
========  =======  =======  ======================  =======================
dense     S        S        the transition table    the identity
sparse    S        S        the same as CSR         the identity
factored  S or M   d        the features            the (signed) measures
block     m        m        latent transitions      emission q(s'|z')
========  =======  =======  ======================  =======================

Hence four linear maps suffice: the two factors, applied to values (backwards in time) and to
weights (forwards). An expected next value is `mix(latent_values(V))`, an occupancy moves by
`emit(unmix(w))`, and nothing of size S × S is formed unless the game itself was given so.
Policy evaluation needs only the K × K matrix `latent_kernel`.

Steps `h` count from 0. Dynamics with `num_steps == 1` are the same at every step and accept
any `h`.
"""

from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Dynamics", "LatentKernel"]

LatentKernel: TypeAlias = "FloatArray | csr_array"
"""A K × K matrix: a NumPy array, or a scipy CSR array where the dynamics are sparse."""


@runtime_checkable
class Dynamics(Protocol):
    """Transitions and rewards of an n-player Markov game; immutable."""

    @property
    def num_states(self) -> int:
        """S."""
        ...

    @property
    def num_actions(self) -> tuple[int, ...]:
        """A_1, …, A_n."""
        ...

    @property
    def num_steps(self) -> int:
        """The number of distinct steps: 1 where every step is alike, otherwise the horizon."""
        ...

    @property
    def num_blocks(self) -> int:
        """M."""
        ...

    @property
    def num_latents(self) -> int:
        """K."""
        ...

    @property
    def blocks(self) -> IntArray | None:
        """z: `(S,)`, values in 0..M-1; None where every state is its own block (M = S)."""
        ...

    @property
    def reward_table(self) -> FloatArray:
        """r̄: `(n, 1 or H, M, A_1, …, A_n)`, read-only."""
        ...

    def latent_values(self, h: int, values: FloatArray) -> FloatArray:
        """Σ_s' M_h(s'|k) V(s'): `(…, S)` → `(…, K)`."""
        ...

    def mix(self, h: int, latent_values: FloatArray) -> FloatArray:
        """Σ_k φ_h(k|z, a) W(k): `(…, K)` → `(…, M, A_1, …, A_n)`."""
        ...

    def unmix(self, h: int, weights: FloatArray) -> FloatArray:
        """Σ_{z,a} w(z, a) φ_h(k|z, a), the adjoint of `mix`: `(…, M, A_1, …, A_n)` → `(…, K)`."""
        ...

    def emit(self, h: int, latent_weights: FloatArray) -> FloatArray:
        """Σ_k w(k) M_h(s'|k), the adjoint of `latent_values`: `(…, K)` → `(…, S)`."""
        ...

    def latent_kernel(self, h: int, joint: FloatArray) -> LatentKernel:
        """Σ_s M_h(s|k) Σ_a joint(s, a) φ_h(k'|z(s), a): `(S, A_1, …, A_n)` → `(K, K)`.

        With `joint` a policy, W = Σ_s M(s|·) V(s) of its discounted value V solves
        W = M r_π + γ · kernel · W.
        """
        ...

    def by_block(self) -> "Dynamics":
        """The dynamics of blocks, for players who see no more than the block: M states."""
        ...

    def sample_next(
        self, h: int | IntArray, states: IntArray, actions: IntArray, *, rng: np.random.Generator
    ) -> IntArray:
        """Draw s' ~ P_h(·|s, a) for a batch.

        Args:
            h: one step for the whole batch, or `(B,)`, one for each.
            states: `(B,)`.
            actions: `(B, n)`, in player order.
            rng: where the randomness comes from; the number of draws depends on B alone.

        Returns:
            `(B,)` next states.
        """
        ...
