"""Novelty over a feature map, as an immutable reward source.

With Λ = λ I + Σ φ φᵀ over what has been visited, a state-action pair is worth

    r(s, a) = √λ · ‖φ(s, a)‖_{Λ⁻¹}  ∈ [0, ‖φ‖₂],

1 for a unit feature in a direction never visited, about √(λ/n) after n visits. This is the bonus of
LSVI-UCB and of arXiv 2602.22810's deep explorer up to the constant factor √λ, which keeps its scale
when λ is chosen. For one-hot features Λ is diagonal, and a table of counts.

Rewards stay frozen until log det Λ has grown by log 2 (`doubled`): then the learner renews them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import InvalidOptionError, MissingTruthError, ShapeError
from mail_envs.protocols import FeatureMap, FloatArray, Observations, OneHotFeatureMap
from mail_wrappers.options import array_of, check_callable, check_number, check_whole
from mail_wrappers.rewards import Transitions, check_transitions
from mail_wrappers.told import check_rows

__all__ = ["DenseMoment", "DiagonalMoment", "Moment", "NoveltyReward"]

Actions = NDArray[np.int64]
Features = Callable[[Observations, Actions], FloatArray]
"""From observations `(B, ...)` and actions `(B,)` to vectors `(B, d)`."""


class Moment(Protocol):
    """Λ of a feature map: what has been visited, and how far from it a feature lies."""

    @property
    def ridge(self) -> float:
        """λ."""
        ...

    @property
    def log_determinant(self) -> float:
        """Log det(Λ / λ), 0 before the first visit."""
        ...

    def add(self, observations: Observations, actions: Actions) -> "Moment":
        """Λ after further visits; this one is unchanged."""
        ...

    def novelty(self, observations: Observations, actions: Actions) -> FloatArray:
        """√λ ‖φ‖_{Λ⁻¹} of each pair, `(B,)`."""
        ...

    def every_action(self, observations: Observations, actions: int) -> FloatArray:
        """√λ ‖φ‖_{Λ⁻¹} of each of A actions at each observation, `(B, A)`."""
        ...


@runtime_checkable
class _EveryAction(Protocol):
    """A feature map that gives all actions at once more cheaply than one by one."""

    def every_action(self, observations: Observations, /) -> FloatArray:
        """φ of all actions, `(B, A, d)`."""
        ...


@dataclass(frozen=True, eq=False)
class DenseMoment:
    """Λ as a matrix and its inverse, d × d."""

    features: Features
    ridge: float
    inverse: FloatArray  # (d, d)
    log_determinant: float = 0.0

    def add(self, observations: Observations, actions: Actions) -> "DenseMoment":
        """Λ + ΦᵀΦ, by the Woodbury identity and the determinant lemma, d rows at a time."""
        moment, most = self, len(self.inverse)
        for start in range(0, len(actions), most):
            rows = slice(start, start + most)
            moment = moment._updated(self._phi(observations[rows], actions[rows]))
        return moment

    def _updated(self, phi: FloatArray) -> "DenseMoment":
        """Λ + ΦᵀΦ for `(B, d)` features; O(d² B + B³)."""
        spread = phi @ self.inverse  # B d
        gram = np.eye(len(phi)) + spread @ phi.T  # B B
        inverse = self.inverse - spread.T @ np.linalg.solve(gram, spread)
        grown = self.log_determinant + float(np.linalg.slogdet(gram)[1])
        return replace(self, inverse=(inverse + inverse.T) / 2, log_determinant=grown)

    def novelty(self, observations: Observations, actions: Actions) -> FloatArray:
        """√λ ‖φ‖_{Λ⁻¹} of each pair, `(B,)`."""
        return self._norms(self._phi(observations, actions))

    def every_action(self, observations: Observations, actions: int) -> FloatArray:
        """√λ ‖φ‖_{Λ⁻¹} of each of A actions at each observation, `(B, A)`."""
        if isinstance(self.features, _EveryAction):
            phi = array_of("features", self.features.every_action(observations))
            return self._norms(_of_shape(phi, (len(observations), actions, len(self.inverse))))
        return _one_by_one(self.novelty, observations, actions)

    def _phi(self, observations: Observations, actions: Actions) -> FloatArray:
        phi = array_of("features", self.features(observations, actions))
        return _of_shape(phi, (len(actions), len(self.inverse)))

    def _norms(self, phi: FloatArray) -> FloatArray:
        squared = ((phi @ self.inverse) * phi).sum(axis=-1)
        return np.sqrt(self.ridge * np.maximum(squared, 0.0))


@dataclass(frozen=True, eq=False)
class DiagonalMoment:
    """Λ of one-hot features: how often each key has been visited."""

    features: OneHotFeatureMap
    ridge: float
    keys: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(1, np.uint64))  # increasing
    counts: FloatArray = field(default_factory=lambda: np.zeros(1))

    @property
    def log_determinant(self) -> float:
        """Log det(Λ / λ)."""
        return float(np.log1p(self.counts / self.ridge).sum())

    def add(self, observations: Observations, actions: Actions) -> "DiagonalMoment":
        """Count further visits; key 0, the zero vector, never counts."""
        asked = self._asked(observations, actions)
        asked = asked[asked != 0]
        keys, index = np.unique(np.concatenate([self.keys, asked]), return_inverse=True)
        weights = np.concatenate([self.counts, np.ones(len(asked))])
        return replace(self, keys=keys, counts=np.bincount(index, weights, minlength=len(keys)))

    def novelty(self, observations: Observations, actions: Actions) -> FloatArray:
        """√(λ / (λ + n)) of each pair visited n times, 0 for the zero vector; `(B,)`."""
        asked = self._asked(observations, actions)
        row = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
        counts = np.where(self.keys[row] == asked, self.counts[row], 0.0)
        return np.where(asked == 0, 0.0, np.sqrt(self.ridge / (self.ridge + counts)))

    def _asked(self, observations: Observations, actions: Actions) -> NDArray[np.uint64]:
        keys = array_of("keys", self.features.keys(observations, actions), kinds="u")
        if keys.shape != (len(actions),):
            raise ShapeError(f"keys: expected shape ({len(actions)},), came {keys.shape}")
        return keys

    def every_action(self, observations: Observations, actions: int) -> FloatArray:
        """√(λ / (λ + n)) of each of A actions at each observation, `(B, A)`."""
        return _one_by_one(self.novelty, observations, actions)


def _of_shape(phi: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    if phi.shape != shape:
        raise ShapeError(f"features: expected shape {shape}, came {phi.shape}")
    return phi


def _one_by_one(
    novelty: Callable[[Observations, Actions], FloatArray], observations: Observations, actions: int
) -> FloatArray:
    repeated = np.repeat(observations, actions, axis=0)
    chosen = np.tile(np.arange(actions), len(observations))
    return novelty(repeated, chosen).reshape(len(observations), actions)


@dataclass(frozen=True, eq=False)
class NoveltyReward:
    """How new a transition's state-action pair is, relative to a frozen Λ.

    Args:
        moment: Λ; `NoveltyReward.over` makes the empty one of a feature map.
        reprice: whether rewards already stored are priced again when this source is renewed.
    """

    moment: Moment
    reprice: bool = True

    def __post_init__(self) -> None:
        for name in ("novelty", "every_action", "add"):
            check_callable(f"moment.{name}", getattr(self.moment, name, None), what="a method")

    @classmethod
    def over(
        cls,
        features: FeatureMap | OneHotFeatureMap | Features,
        *,
        ridge: float,
        reprice: bool = True,
        dimension: int | None = None,
    ) -> "NoveltyReward":
        """Start with nothing visited: Λ = λ I.

        Args:
            features: a feature map, with vectors or with keys; or any function from observations
                `(B, ...)` and actions `(B,)` to vectors `(B, d)`, with its `dimension`.
            ridge: λ > 0. The smaller, the sharper a first visit stands out.
            reprice: see the class.
            dimension: d of a function that does not know it.

        Raises:
            InvalidOptionError: a ridge that is not positive, a dimension below 1, or features that
                cannot be called.
            MissingTruthError: a function without a dimension.
        """
        if check_number("ridge", ridge) <= 0:
            raise InvalidOptionError(f"ridge: expected a finite number above 0, came {ridge!r}")
        if isinstance(features, OneHotFeatureMap):
            return cls(DiagonalMoment(features, ridge), reprice)
        check_callable("features", features, what="a feature map, or a function")
        size = features.dimension if isinstance(features, FeatureMap) else dimension
        if size is None:
            raise MissingTruthError(
                f"features: expected a feature map or a dimension beside a function, came "
                f"{features!r} alone"
            )
        inverse = np.eye(check_whole("dimension", size, least=1)) / ridge
        return cls(DenseMoment(features, ridge, inverse), reprice)

    def price(self, transitions: Transitions) -> FloatArray:
        """The novelty of each transition, `(B,)`.

        Raises:
            ShapeError: transitions without observations and actions, or features of another shape.
        """
        check_transitions(transitions, "observations", "actions")
        return self.moment.novelty(transitions.observations, transitions.actions)

    def price_actions(self, observations: Observations, actions: int) -> FloatArray:
        """The novelty of each of A actions at each observation, `(B, A)`, before any is taken.

        Raises:
            InvalidOptionError, ShapeError: no number of actions, or no batch of observations.
        """
        check_rows("observations", observations)
        check_whole("actions", actions, least=1)
        return self.moment.every_action(observations, actions)

    def visited(self, observations: Observations, actions: Actions) -> "NoveltyReward":
        """The source after further visits; this one is unchanged.

        Raises:
            ShapeError: another number of actions than of observations.
        """
        check_rows("actions", actions, check_rows("observations", observations))
        return replace(self, moment=self.moment.add(observations, actions))

    def doubled(self, since: "NoveltyReward") -> bool:
        """Whether det Λ has at least doubled since another state of this source.

        Raises:
            InvalidOptionError: no such source.
        """
        if not isinstance(since, NoveltyReward):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidOptionError(f"since: expected a NoveltyReward, came {since!r:.200}")
        return self.moment.log_determinant >= since.moment.log_determinant + np.log(2.0)
