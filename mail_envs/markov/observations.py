"""What agents of a Markov game are shown.

A **lens** turns a batch of steps and states into observations and knows their space. Players of a
Markov game see the state, all of them; lenses say in which form.

================== ====================== ==================================================
name               space                  observation
================== ====================== ==================================================
`"state"`          Discrete(S)            s
`"step-and-state"` MultiDiscrete(H+1, S)  (h, s), for games with a horizon; h = H at the end
`"one-hot"`        Box (S,)               the unit vector of s
`"features"`       Box (A_i, d_i)         φ_i(s, a) of every action of the agent's own
================== ====================== ==================================================

A family may have further ones, tables with a row for each state. Float observations are float32.
"""

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import InvalidModelError
from mail_envs.markov.checks import IntArray
from mail_envs.markov.features import feature_blocks
from mail_envs.markov.model import AnyFeatureMap
from mail_envs.protocols import FeatureMap, FloatArray, Observations, OneHotFeatureMap

__all__ = [
    "FeatureLens",
    "Lens",
    "OneHotLens",
    "SeenFeatures",
    "SeenKeys",
    "StateLens",
    "StepLens",
    "TableLens",
    "seen_features",
]

Actions = NDArray[np.int64]
Space: TypeAlias = spaces.Space[Any]


class Lens(Protocol):
    """What an agent is shown of a step and a state."""

    @property
    def space(self) -> Space:
        """The space of one observation."""
        ...

    def __call__(self, steps: IntArray, states: IntArray) -> Observations:
        """Show `(B,)` steps and `(B,)` states: `(B, …)`, an array of its own."""
        ...

    def states(self, observations: Observations) -> IntArray:
        """Which states observations show: the inverse, `(B, …)` → `(B,)`."""
        ...


@dataclass(frozen=True)
class StateLens:
    """The number of the state."""

    num_states: int

    @property
    def space(self) -> Space:
        """Discrete(S)."""
        return spaces.Discrete(self.num_states)

    def __call__(self, steps: IntArray, states: IntArray) -> Observations:
        """States: `(B,)`."""
        del steps
        return states.copy()

    def states(self, observations: Observations) -> IntArray:
        """States: `(B,)`."""
        return observations.astype(np.int64, copy=False)


@dataclass(frozen=True)
class StepLens:
    """The step and the number of the state."""

    horizon: int
    num_states: int

    @property
    def space(self) -> Space:
        """MultiDiscrete(H + 1, S)."""
        return spaces.MultiDiscrete([self.horizon + 1, self.num_states])

    def __call__(self, steps: IntArray, states: IntArray) -> Observations:
        """Pairs of step and state: `(B, 2)`."""
        return np.stack([steps, states], axis=1)

    def states(self, observations: Observations) -> IntArray:
        """`(B, 2)` → `(B,)`."""
        return observations[:, 1].astype(np.int64, copy=False)


@dataclass(frozen=True)
class OneHotLens:
    """The unit vector of the state."""

    num_states: int

    @property
    def space(self) -> Space:
        """Box (S,)."""
        return spaces.Box(0.0, 1.0, (self.num_states,), np.float32)

    def __call__(self, steps: IntArray, states: IntArray) -> Observations:
        """Unit vectors: `(B, S)`."""
        del steps
        seen = np.zeros((len(states), self.num_states), dtype=np.float32)
        seen[np.arange(len(states)), states] = 1
        return seen

    def states(self, observations: Observations) -> IntArray:
        """`(B, S)` → `(B,)`."""
        return observations.argmax(axis=1)


class TableLens:
    """A row of a table for each state.

    Args:
        table: `(S, …)`, rows different from each other.
    """

    def __init__(self, table: FloatArray) -> None:
        self._table = table.astype(np.float32)
        self._table.setflags(write=False)
        low, high = float(self._table.min()), float(self._table.max())
        self._space = spaces.Box(low, high, self._table.shape[1:], np.float32)

    @property
    def space(self) -> Space:
        """Box, as wide as the table."""
        return self._space

    def __call__(self, steps: IntArray, states: IntArray) -> Observations:
        """Rows: `(B, …)`."""
        del steps
        return self._table[states]

    def states(self, observations: Observations) -> IntArray:
        """The nearest rows: `(B, …)` → `(B,)`."""
        rows = self._table.reshape(len(self._table), -1)
        seen = observations.reshape(len(observations), -1)
        distance = (rows**2).sum(axis=1) - 2 * seen @ rows.T  # ‖row - seen‖² up to a constant
        return distance.argmin(axis=1)


class FeatureLens:
    """φ_i(s, a) of every action of the agent's own; states of one feature block look alike.

    Args:
        feature_map: φ_i.
        num_states: S.
        num_actions: A_i.

    Raises:
        GameTooLargeError: a table of features that is too large to write out.
    """

    def __init__(self, feature_map: AnyFeatureMap, num_states: int, num_actions: int) -> None:
        self._blocks, table = feature_blocks(feature_map, num_states, num_actions)
        self._rows = TableLens(table)

    @property
    def space(self) -> Space:
        """Box (A_i, d_i)."""
        return self._rows.space

    def __call__(self, steps: IntArray, states: IntArray) -> Observations:
        """Features: `(B, A_i, d_i)`."""
        return self._rows(steps, self._blocks[states])

    def states(self, observations: Observations) -> IntArray:
        """Features do not tell states apart.

        Raises:
            InvalidModelError: always.
        """
        raise InvalidModelError(
            f"expected observations that tell states apart, came features of shape "
            f"{observations.shape}"
        )


@dataclass(frozen=True, eq=False)
class SeenFeatures:
    """A feature map of states, asked about observations through another lens."""

    feature_map: FeatureMap
    lens: Lens

    @property
    def dimension(self) -> int:
        """The length d of a feature vector."""
        return self.feature_map.dimension

    def __call__(self, observations: Observations, actions: Actions) -> FloatArray:
        """Map `(B, …)` observations and `(B,)` actions to `(B, d)`."""
        if isinstance(self.lens, FeatureLens):  # they are the features themselves
            return observations[np.arange(len(actions)), actions].astype(np.float64)
        return self.feature_map(self.lens.states(observations), actions)


@dataclass(frozen=True, eq=False)
class SeenKeys:
    """A one-hot feature map of states, asked about observations through another lens."""

    feature_map: OneHotFeatureMap
    lens: Lens

    @property
    def dimension(self) -> int:
        """The number of keys that may occur."""
        return self.feature_map.dimension

    def keys(self, observations: Observations, actions: Actions) -> NDArray[np.uint64]:
        """Map `(B, …)` observations and `(B,)` actions to `(B,)` keys."""
        if isinstance(self.lens, FeatureLens):  # unit vectors: key 1 + the place of the one
            chosen = observations[np.arange(len(actions)), actions]
            return (1 + chosen.argmax(axis=1)).astype(np.uint64)
        return self.feature_map.keys(self.lens.states(observations), actions)


def seen_features(feature_map: AnyFeatureMap, lens: Lens) -> AnyFeatureMap:
    """The feature map of an environment whose observations are seen through `lens`."""
    if isinstance(lens, StateLens):
        return feature_map
    if isinstance(feature_map, OneHotFeatureMap):
        return SeenKeys(feature_map, lens)
    return SeenFeatures(feature_map, lens)
