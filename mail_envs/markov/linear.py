r"""Linear Markov games, and how far any game is from being one.

A game is **linear** in joint features φ: (s, a) → R^d if there are signed measures and weights with

.. math:: P_h(s' \mid s, a) = \phi_h(s, a)^\top M_h(s'), \qquad
          r_{h,i}(s, a) = \phi_h(s, a)^\top \theta_{h,i}

(Xie, Chen, Wang, Yang 2020, arXiv 2002.07066). Then Q of *every* joint policy is linear in φ. The
normalisation is `‖φ‖₂ ≤ 1`, `‖θ‖₂ ≤ √d` and `‖Σ_s' M(s')‖₂ ≤ √d`: sample-complexity bounds are
stated in its units, so a `LinearMarkovGame` has it. For other scales, or states that share rows of
features, use `MarkovGame.from_dynamics(FactoredDynamics(…))`.

Against fixed policies of the others, player i's problem is a linear MDP in the marginalised
features `E_{a_-i}[φ(s, a)]`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.markov.checks import establish, refuse
from mail_envs.markov.dynamics import FactoredDynamics
from mail_envs.markov.model import AnyFeatureMap, MarkovGame, game_fields
from mail_envs.protocols import FloatArray

__all__ = ["NORM_TOLERANCE", "LinearMarkovGame"]

NORM_TOLERANCE = 1e-9
"""How far a norm may exceed its bound by rounding."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class LinearMarkovGame(MarkovGame):
    """A Markov game given by joint features, measures and reward weights.

    Args:
        features: φ, `(S, A_1, …, A_n, d)` or per step `(H, S, A_1, …, A_n, d)`.
        measures: M, `(d, S)` or per step `(H, d, S)`.
        reward_weights: θ, `(n, d)` or per step `(n, H, d)`.
        initial_distribution: d_0, `(S,)`, or the number of the one state where play starts.
        horizon: H, or
        discount: γ, as of `MarkovGame`.
        feature_maps: one per player (not the joint φ), if the game comes with them.
        name: what reports and errors call the game.

    Raises:
        ShapeError: shapes that do not fit together.
        InvalidModelError: as of `MarkovGame`; products `φᵀM` that are no distributions; norms
            above their bounds. Messages name the first offending index.
    """

    dynamics: FactoredDynamics

    def __init__(
        self,
        features: ArrayLike,
        measures: ArrayLike,
        reward_weights: ArrayLike,
        initial_distribution: ArrayLike,
        *,
        horizon: int | None = None,
        discount: float | None = None,
        feature_maps: Sequence[AnyFeatureMap] | None = None,
        name: str = "",
    ) -> None:
        dynamics = FactoredDynamics(features, measures, reward_weights)
        _check_norms(dynamics)
        fields = game_fields(dynamics, initial_distribution, horizon, discount, feature_maps, name)
        establish(self, **fields)

    @property
    def dimension(self) -> int:
        """The length d of a joint feature vector."""
        return self.dynamics.dimension

    @property
    def features(self) -> FloatArray:
        """φ: `(1 or H, S, A_1, …, A_n, d)`, read-only."""
        return self.dynamics.features

    @property
    def measures(self) -> FloatArray:
        """M: `(1 or H, d, S)`, read-only."""
        return self.dynamics.measures

    @property
    def reward_weights(self) -> FloatArray:
        """θ: `(n, 1 or H, d)`, read-only."""
        return self.dynamics.reward_weights


def _check_norms(dynamics: FactoredDynamics) -> None:
    root = float(np.sqrt(dynamics.dimension))
    actions = tuple(f"a_{i + 1}" for i in range(len(dynamics.num_actions)))
    totals = dynamics.measures.sum(axis=-1)  # (h d s') -> (h d)
    _check_norm(dynamics.features, 1.0, "features", ("h", "s", *actions))
    _check_norm(dynamics.reward_weights, root, "reward_weights", ("i", "h"))
    _check_norm(totals, root, "measures summed over s'", ("h",))


def _check_norm(vectors: FloatArray, bound: float, name: str, axes: tuple[str, ...]) -> None:
    norms = np.linalg.norm(vectors, axis=-1)
    expected = f"vectors of Euclidean norm at most {bound:.6g}"
    refuse(norms > bound + NORM_TOLERANCE, norms, expected, name, axes)
