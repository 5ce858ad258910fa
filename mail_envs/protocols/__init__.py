"""What the rooms agree on: policies, experts, feature maps, and environments that tell the truth.

Everything here is structural: whatever has the right methods fits, ours or not. How a policy is
asked, and its answer checked, stands in `mail_envs.protocols.asking`.

Notation of shapes: `B` a batch, `A` the number of actions of one player, `d` the dimension of
a feature map, `...` the shape of one observation.
"""

from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Expert",
    "FeatureMap",
    "FloatArray",
    "Mask",
    "Observations",
    "OneHotFeatureMap",
    "Policy",
    "ProvidesTruth",
    "ScoringExpert",
]

FloatArray: TypeAlias = NDArray[np.float64]
"""Numbers of theory and probabilities: float64."""
Observations: TypeAlias = NDArray[Any]
"""A batch of observations, `(B, ...)`."""
Mask: TypeAlias = NDArray[np.int8]
"""A batch of action masks, `(B, A)`, 1 where legal."""


class Policy(Protocol):
    """A distribution over actions for each observation of a batch."""

    def __call__(self, observations: Observations, action_masks: Mask | None, /) -> FloatArray:
        """Answer a batch.

        Args:
            observations: `(B, ...)`.
            action_masks: `(B, A)`, 1 where legal; None where every action always is.

        Returns:
            `(B, A)`: non-negative, rows summing to one, zero outside the mask.
        """
        ...


@runtime_checkable
class Expert(Protocol):
    """A policy that may be asked; each question put while data is gathered is a query.

    `predict` is stable-baselines3's, so that an expert fits wherever a trained model does.
    """

    def __call__(self, observations: Observations, action_masks: Mask | None, /) -> FloatArray:
        """Answer a batch, as a `Policy` does."""
        ...

    def predict(
        self,
        observation: Any,  # noqa: ANN401 - an array or a dictionary of arrays, as the library gives it
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        """Choose actions; one observation or a batch. Returns `(actions, state)`."""
        ...


@runtime_checkable
class ScoringExpert(Protocol):
    """An expert that also tells how good every action is."""

    def scores_of(
        self, observations: Observations, action_masks: Mask | None = None, /
    ) -> FloatArray:
        """Score a batch.

        Args:
            observations: `(B, ...)`.
            action_masks: `(B, A)`, 1 where legal; None where every action always is.

        Returns:
            `(B, A)`: higher is better for whoever is to act; −inf for illegal actions.
        """
        ...


@runtime_checkable
class FeatureMap(Protocol):
    """φ: (observation, action of one player) → R^d, on batches."""

    @property
    def dimension(self) -> int:
        """The length d of a feature vector."""
        ...

    def __call__(self, observations: Observations, actions: NDArray[np.int64], /) -> FloatArray:
        """Map `(B, ...)` observations and `(B,)` actions to `(B, d)` features."""
        ...


@runtime_checkable
class OneHotFeatureMap(Protocol):
    """A feature map whose vectors are unit vectors or zero, told by a key instead of by d numbers.

    Its second-moment matrix Λ is diagonal; with keys its diagonal is a table of counts, so that
    d may be far larger than memory.
    """

    @property
    def dimension(self) -> int:
        """The number of keys that may occur, or a bound on it."""
        ...

    def keys(self, observations: Observations, actions: NDArray[np.int64], /) -> NDArray[np.uint64]:
        """Map `(B, ...)` observations and `(B,)` actions to `(B,)` keys; 0 is the zero vector."""
        ...


@runtime_checkable
class ProvidesTruth(Protocol):
    """An environment that exposes what is exactly true of it.

    `env.unwrapped` of every registered environment fits; wrappers forward it when the
    environment beneath has it, and know no game of ours.
    """

    @property
    def game(self) -> Any:  # noqa: ANN401 - a game of any family
        """The immutable game behind the environment."""
        ...

    def expert(self, agent: str) -> Policy:
        """The built-in expert that plays for `agent`."""
        ...

    def feature_map(self, agent: str) -> FeatureMap | OneHotFeatureMap:
        """The built-in feature map of `agent`'s state-action pairs."""
        ...
