r"""Which features the coefficients are about, and under which distribution they are taken.

**Own features** φ_i(s, a_i) of the imitated player i, under `d_h × π^E_i`: the version that matches
log-linear cloning, whose data are pairs of that player. As player i stays with its expert when
another deviates, second moments depend on the deviation through the states alone.

**Joint features** φ(s, a), under `d_h × π`, where the deviating player's own action counts too:
the version in which a linear game propagates errors from step to step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import ShapeError, UnknownNameError
from mail_envs.markov.checks import IntArray, action_axes, check_finite, check_shape
from mail_envs.markov.coverage.deviations import Deviations
from mail_envs.markov.coverage.vectors import UnitVectors, Vectors, as_vectors
from mail_envs.markov.dynamics import FactoredDynamics, block_of
from mail_envs.markov.dynamics.tables import finite_steps
from mail_envs.markov.features import OneHotFeatures
from mail_envs.markov.marginal import others_policy
from mail_envs.markov.model import AnyFeatureMap, MarkovGame
from mail_envs.markov.tabular import at_step
from mail_envs.protocols import FeatureMap, FloatArray, OneHotFeatureMap
from mail_envs.protocols.asking import by_player

__all__ = ["FeatureSource", "JointFeatures", "OwnFeatures", "resolve_features"]

NAMES = ("own", "one-hot", "joint")


class FeatureSource(Protocol):
    """Features as rows of a deviating player's problem."""

    @property
    def label(self) -> str:
        """What the features are, in words."""
        ...

    @property
    def distribution(self) -> str:
        """Under which distribution Λ is taken, in words."""
        ...

    def vectors(self, deviations: Deviations, imitated: int, h: int) -> Vectors:
        """φ of every row: `(R, N, J, d)`."""
        ...

    def weights(
        self, deviations: Deviations, tables: Sequence[FloatArray], imitated: int, h: int
    ) -> FloatArray:
        """With which probability the players that stay do n: `(R, N)`."""
        ...

    def in_blocks(self, game: MarkovGame, first: IntArray) -> "FeatureSource | None":
        """The same on blocks, told by their first states; None where they differ within some."""
        ...


@dataclass(frozen=True, eq=False)
class OwnFeatures:
    """φ_i(s, a_i) of the imitated player: N = A_i, J = 1.

    Attributes:
        maps: one per player.
        num_actions: A_1, …, A_n.
        label: what the features are, in words.
        first: the state as which the maps know state r, `(S,)`; None for r itself.
    """

    maps: tuple[AnyFeatureMap, ...]
    num_actions: tuple[int, ...]
    label: str
    first: IntArray | None = None

    @property
    def distribution(self) -> str:
        """See `FeatureSource`."""
        return "states as they are met, times π_i of the imitated player i's expert"

    def vectors(self, deviations: Deviations, imitated: int, h: int) -> Vectors:  # noqa: ARG002 - maps have no steps
        """See `FeatureSource`."""
        states = deviations.states if self.first is None else self.first[deviations.states]
        shape = (len(states), self.num_actions[imitated], 1)
        every = np.repeat(states, shape[1]), np.tile(np.arange(shape[1]), shape[0])
        feature_map = self.maps[imitated]
        if not isinstance(feature_map, OneHotFeatureMap):
            return as_vectors(_features(feature_map, *every, imitated).reshape(*shape, -1))
        keys = _keys(feature_map, *every, imitated)
        distinct, columns = np.unique(keys, return_inverse=True)
        values = (keys != 0).astype(np.float64)
        return UnitVectors(columns.reshape(shape), values.reshape(shape), len(distinct))

    def weights(
        self, deviations: Deviations, tables: Sequence[FloatArray], imitated: int, h: int
    ) -> FloatArray:
        """See `FeatureSource`."""
        return at_step(tables, h)[imitated][deviations.states]

    def in_blocks(self, game: MarkovGame, first: IntArray) -> "OwnFeatures | None":
        """See `FeatureSource`."""
        for i, feature_map in enumerate(self.maps):
            if not _alike_in_blocks(feature_map, game, first, i):
                return None
        return replace(self, first=first)


@dataclass(frozen=True, eq=False)
class JointFeatures:
    """φ(s, a): N what the players that stay do, J = A_j.

    Attributes:
        table: `(1 or H, M, A_1, …, A_n, d)`; None for the one-hot map of (block, a).
        blocks: which of the M rows a state has, `(S,)`; None where it is its own.
        num_actions: A_1, …, A_n.
        label: what the features are, in words.
    """

    table: FloatArray | None
    blocks: IntArray | None
    num_actions: tuple[int, ...]
    label: str

    @property
    def distribution(self) -> str:
        """See `FeatureSource`."""
        return "states and joint actions as they are met"

    def vectors(self, deviations: Deviations, imitated: int, h: int) -> Vectors:  # noqa: ARG002 - joint
        """See `FeatureSource`."""
        j, states = deviations.player, deviations.states
        rows = states if self.blocks is None else self.blocks[states]
        actions = (len(states), -1, self.num_actions[j])
        if self.table is None:
            joint = int(np.prod(self.num_actions))
            columns = rows[:, None] * joint + np.arange(joint)
            columns = np.moveaxis(columns.reshape(-1, *self.num_actions), 1 + j, -1)
            columns = columns.reshape(actions)
            return UnitVectors(columns, np.ones(columns.shape), int(rows.max() + 1) * joint)
        table = np.moveaxis(at_step([self.table], h)[0][rows], 1 + j, -2)
        table = table.reshape(*actions, table.shape[-1])
        return as_vectors(table)

    def weights(
        self,
        deviations: Deviations,
        tables: Sequence[FloatArray],
        imitated: int,  # noqa: ARG002 - joint
        h: int,
    ) -> FloatArray:
        """See `FeatureSource`."""
        rest = [t for i, t in enumerate(at_step(tables, h)) if i != deviations.player]
        rest = [table[deviations.states] for table in rest]
        return others_policy(rest, len(deviations.states))

    def in_blocks(self, game: MarkovGame, first: IntArray) -> "JointFeatures | None":
        """See `FeatureSource`."""
        rows = np.arange(game.num_states) if self.blocks is None else self.blocks
        blocks = block_of(game.dynamics, np.arange(game.num_states))
        merged = rows[first][blocks]
        if not np.array_equal(rows, merged) and (
            self.table is None or not np.array_equal(self.table[:, rows], self.table[:, merged])
        ):
            return None
        return JointFeatures(self.table, rows[first], self.num_actions, self.label)


def resolve_features(game: MarkovGame, features: Any) -> FeatureSource:  # noqa: ANN401 - see below
    """Bring whatever tells features into one form.

    Args:
        game: says how many states, actions and steps there are.
        features: `"own"`, the game's own feature maps, or the one-hot map of (block, a_i) where
            it has none; `"one-hot"`, that of (s, a_i); `"joint"`, in which the dynamics are linear
            as they are given: the φ of factored dynamics, otherwise the one-hot map of (block, a);
            one feature map per player, in player order or by agent name; or an array of joint
            features, `(S, A_1, …, A_n, d)` or `(H, S, A_1, …, A_n, d)`.

    Raises:
        UnknownNameError: another name.
        ShapeError, UnknownAgentError: an array or a number of maps that do not fit the game.
        InvalidModelError: features that are not finite.
    """
    if isinstance(features, str):
        return _named(game, features)
    if isinstance(features, np.ndarray):
        return JointFeatures(
            _joint_table(game, features), None, game.num_actions, "the given joint φ(s, a)"
        )
    if isinstance(features, (Sequence, Mapping)):
        maps = by_player(features, game.agents, what="features")
        return OwnFeatures(maps, game.num_actions, _own_label("the given φ_i(s, a_i)", maps))
    raise ShapeError(
        f"features: expected one of {NAMES}, one feature map per player, or an array of joint "
        f"features, came {type(features).__name__}"
    )


def _named(game: MarkovGame, name: str) -> FeatureSource:
    if name not in NAMES:
        raise UnknownNameError(f"features: expected one of {NAMES}, came {name!r}")
    d = game.dynamics
    if name == "joint":
        if isinstance(d, FactoredDynamics):
            label = "the game's joint φ(s, a)"
            return JointFeatures(d.features, d.blocks, game.num_actions, label)
        what = "s" if d.blocks is None else "z(s)"
        label = f"joint one-hot of ({what}, a)"
        return JointFeatures(None, d.blocks, game.num_actions, label)
    if name == "own" and game.feature_maps is not None:
        maps = game.feature_maps
        return OwnFeatures(maps, game.num_actions, _own_label("the game's own φ_i(s, a_i)", maps))
    blocks = d.blocks if name == "own" else None
    maps = tuple(OneHotFeatures(d.num_states, count, blocks=blocks) for count in d.num_actions)
    label = f"one-hot of ({'s' if blocks is None else 'z(s)'}, a_i)"
    return OwnFeatures(maps, game.num_actions, label)


def _own_label(label: str, maps: Sequence[AnyFeatureMap]) -> str:
    knowing = any(getattr(feature_map, "knows_opponents", False) for feature_map in maps)
    return f"{label}, which know the others' policies" if knowing else label


def _joint_table(game: MarkovGame, features: FloatArray) -> FloatArray:
    axes = ("s", *action_axes(game.num_players), "d")
    table = finite_steps(features, "features", axes)
    steps = game.horizon if len(table) > 1 else 1
    shape = (steps or 1, game.num_states, *game.num_actions, table.shape[-1])
    check_shape(table, shape, "features", ("h", *axes))
    return table


def _keys(
    feature_map: OneHotFeatureMap, states: IntArray, actions: IntArray, player: int
) -> NDArray[np.uint64]:
    """Keys of a batch, checked: `(B,)`."""
    keys = np.asarray(feature_map.keys(states, actions), dtype=np.uint64)
    check_shape(keys, (len(states),), f"features of player_{player}", ("B",))
    return keys


def _features(
    feature_map: FeatureMap, states: IntArray, actions: IntArray, player: int
) -> FloatArray:
    """Features of a batch, checked: `(B, d)`."""
    who, axes = f"features of player_{player}", ("B", "d")
    table = np.asarray(feature_map(states, actions), dtype=np.float64)
    check_shape(table, (len(states), feature_map.dimension), who, axes)
    check_finite(table, who, axes)
    return table


def _alike_in_blocks(
    feature_map: AnyFeatureMap, game: MarkovGame, first: IntArray, player: int
) -> bool:
    """Whether states of one block have the same features, a chunk of states at a time."""
    blocks = block_of(game.dynamics, np.arange(game.num_states))
    size = max(1, (1 << 22) // max(1, feature_map.dimension))
    for action in range(game.num_actions[player]):
        for begin in range(0, game.num_states, size):
            states = np.arange(begin, min(begin + size, game.num_states))
            chosen = np.full(len(states), action)
            one, other = (states, chosen, player), (first[blocks[states]], chosen, player)
            if isinstance(feature_map, OneHotFeatureMap):
                alike = np.array_equal(_keys(feature_map, *one), _keys(feature_map, *other))
            else:
                alike = np.array_equal(_features(feature_map, *one), _features(feature_map, *other))
            if not alike:
                return False
    return True
