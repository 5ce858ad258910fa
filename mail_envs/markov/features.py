r"""Feature maps of one player over states: φ_i(s, a_i) ∈ R^d.

Observations are states, `(B,)` integers. Maps with few distinct rows say so: states of one *feature
block* z(s) have the same features for every action, so that whatever is computed for each feature
vector (the bonus of an explorer, a regression's prediction) is computed for M blocks, not S states.

| map | φ(s, a) | Λ = Σ φφᵀ |
|---|---|---|
| `OneHotFeatures` | the unit vector of (z(s), a) | diagonal |
| `TableFeatures` | a row of a table `(M, A, d)` | full |
| `FunctionFeatures` | whatever the user's function says | full |
| `marginalised_features` | joint features, averaged over the others' moves; **knows them** | full |

An explorer does not know its opponents' policies, so marginalised features are not available to a
learner in general. They carry `knows_opponents = True`, and reports should show it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mail_envs.errors import GameTooLargeError, InvalidModelError, ShapeError
from mail_envs.markov.checks import IntArray, check_finite, check_shape, establish, frozen
from mail_envs.markov.dynamics import FactoredDynamics, lift
from mail_envs.markov.dynamics.tables import checked_blocks
from mail_envs.markov.marginal import others_policy
from mail_envs.markov.model import AnyFeatureMap, MarkovGame
from mail_envs.markov.tabular import at_step, policy_table
from mail_envs.protocols import FloatArray, Observations, OneHotFeatureMap
from mail_envs.protocols.asking import by_player

__all__ = [
    "FunctionFeatures",
    "OneHotFeatures",
    "StateFeatures",
    "TableFeatures",
    "feature_blocks",
    "feature_vectors",
    "marginalised_features",
]

Actions = NDArray[np.int64]

LARGEST_TABLE = 1 << 27
"""How many numbers a table of features may hold (1 GiB)."""


@runtime_checkable
class StateFeatures(Protocol):
    """A feature map that knows its feature blocks."""

    @property
    def dimension(self) -> int:
        """The length d of a feature vector."""
        ...

    @property
    def blocks(self) -> IntArray | None:
        """z(s), `(S,)`; None where every state is its own block."""
        ...

    @property
    def table(self) -> FloatArray:
        """φ by block, `(M, A, d)`, read-only."""
        ...


@dataclass(frozen=True, eq=False, init=False)
class OneHotFeatures:
    """The unit vector of (z(s), a); d = M A, and Λ stays diagonal.

    It answers with keys (`mail_envs.protocols.OneHotFeatureMap`), 1 + z(s) A + a, so that d may be
    larger than memory; `feature_vectors` writes them out.

    Args:
        num_states: S.
        num_actions: A, of the player.
        blocks: z, `(S,)`, values in 0..M-1; without it z(s) = s.

    Raises:
        ShapeError, InvalidModelError: as of a game's blocks.
    """

    num_states: int
    num_actions: int
    blocks: IntArray | None

    def __init__(
        self, num_states: int, num_actions: int, *, blocks: ArrayLike | None = None
    ) -> None:
        decoder = None
        if blocks is not None:
            decoder = checked_blocks(blocks, num_states, 1 + int(np.max(blocks, initial=0)))
        establish(self, num_states=num_states, num_actions=num_actions, blocks=decoder)

    @property
    def num_blocks(self) -> int:
        """M."""
        return self.num_states if self.blocks is None else 1 + int(self.blocks.max())

    @property
    def dimension(self) -> int:
        """M A."""
        return self.num_blocks * self.num_actions

    @property
    def knows_opponents(self) -> bool:
        """False: it is a function of the state and the player's own action."""
        return False

    @property
    def table(self) -> FloatArray:
        """The unit vectors, `(M, A, M A)`.

        Raises:
            GameTooLargeError: more than `LARGEST_TABLE` numbers.
        """
        _check_size(self.dimension * self.dimension, "one-hot features")
        table = np.eye(self.dimension).reshape(self.num_blocks, self.num_actions, self.dimension)
        table.setflags(write=False)
        return table

    def keys(self, observations: Observations, actions: Actions) -> NDArray[np.uint64]:
        """Map `(B,)` states and `(B,)` actions to `(B,)` keys in 1..d."""
        blocks = observations if self.blocks is None else self.blocks[observations]
        return (1 + blocks * self.num_actions + actions).astype(np.uint64)


@dataclass(frozen=True, eq=False, init=False, repr=False)
class TableFeatures:
    """Rows of a table.

    Args:
        table: `(S, A, d)`, or with `blocks` `(M, A, d)`.
        blocks: z, `(S,)`, values in 0..M-1.
        knows_opponents: whether the table was made with knowledge of the others' policies.

    Raises:
        ShapeError, InvalidModelError: another number of axes, NaN, or blocks that do not fit.
    """

    table: FloatArray  # (M, A, d)
    blocks: IntArray | None  # (S,)
    knows_opponents: bool

    def __init__(
        self,
        table: ArrayLike,
        *,
        blocks: ArrayLike | None = None,
        knows_opponents: bool = False,
    ) -> None:
        rows = frozen(table, "features")
        if rows.ndim != 3:
            raise ShapeError(f"features: expected 3 axes (s, a, d), came shape {rows.shape}")
        check_finite(rows, "features", ("s", "a", "d"))
        decoder = None if blocks is None else checked_blocks(blocks, np.size(blocks), len(rows))
        establish(self, table=rows, blocks=decoder, knows_opponents=knows_opponents)

    @property
    def dimension(self) -> int:
        """The length d of a feature vector."""
        return self.table.shape[2]

    def __call__(self, observations: Observations, actions: Actions) -> FloatArray:
        """Map `(B,)` states and `(B,)` actions to `(B, d)`."""
        rows = observations if self.blocks is None else self.blocks[observations]
        return self.table[rows, actions]


@dataclass(frozen=True, eq=False)
class FunctionFeatures:
    """Any function of a batch of states and actions.

    Attributes:
        function: `(B,)` states, `(B,)` actions → `(B, d)`.
        dimension: d.
        knows_opponents: whether the function was made with knowledge of the others' policies.
    """

    function: Callable[[Observations, Actions], FloatArray]
    dimension: int
    knows_opponents: bool = False

    def __call__(self, observations: Observations, actions: Actions) -> FloatArray:
        """Map `(B,)` states and `(B,)` actions to `(B, d)`.

        Raises:
            ShapeError: the function answers with another shape.
            InvalidModelError: it answers with NaN or infinite numbers.
        """
        answer = np.asarray(self.function(observations, actions), dtype=np.float64)
        check_shape(answer, (len(actions), self.dimension), "features", ("B", "d"))
        check_finite(answer, "features", ("B", "d"))
        return answer


def marginalised_features(
    game: MarkovGame,
    policies: Sequence[Any] | Mapping[str, Any],
    player: int | str,
    *,
    h: int = 0,
    features: ArrayLike | None = None,
) -> TableFeatures:
    """Joint features averaged over the others' moves: φ_i(s, a_i) = E_{a_-i}[φ(s, a)].

    Against these policies player i's problem is a linear MDP in them. They **know the others'
    policies**.

    Args:
        game: a linear game, or any with `features`.
        policies: as in `mail_envs.nash_gap`; the entry of `player` is not used and may be None.
        player: index or agent name.
        h: the step, where policies or features have steps.
        features: φ, `(S, A_1, …, A_n, d)`; None for the game's own.

    Raises:
        InvalidModelError: no features given to a game that has none.
        ShapeError, InvalidPolicyError, UnknownAgentError: as of their parts.
    """
    i = game.player_index(player)
    table = _own_features(game, h) if features is None else frozen(features, "features")
    expected = (game.num_states, *game.num_actions, table.shape[-1])
    axes = ("s", *(f"a_{j + 1}" for j in range(game.num_players)), "d")
    check_shape(table, expected, "features", axes)
    ordered = by_player(policies, game.agents)
    rest = [policy_table(game, policy, j) for j, policy in enumerate(ordered) if j != i]
    others = others_policy(at_step(rest, h), game.num_states)  # s n
    rows = np.moveaxis(table, 1 + i, 1).reshape(
        game.num_states, game.num_actions[i], -1, expected[-1]
    )
    return TableFeatures(np.einsum("sand,sn->sad", rows, others), knows_opponents=True)


def _own_features(game: MarkovGame, h: int) -> FloatArray:
    dynamics = game.dynamics
    if not isinstance(dynamics, FactoredDynamics):
        raise InvalidModelError(f"{game!r}: expected features, as the game itself has none")
    return lift(dynamics, dynamics.features[h if len(dynamics.features) > 1 else 0])


def feature_vectors(
    feature_map: AnyFeatureMap, observations: Observations, actions: Actions
) -> FloatArray:
    """φ of a batch as numbers, one-hot maps written out: `(B, d)`.

    Args:
        feature_map: in either form.
        observations: `(B, ...)`.
        actions: `(B,)`, of one player.

    Raises:
        GameTooLargeError: more than `LARGEST_TABLE` numbers.
    """
    _check_size(len(actions) * feature_map.dimension, "feature vectors")
    if not isinstance(feature_map, OneHotFeatureMap):
        return feature_map(observations, actions)
    keys = feature_map.keys(observations, actions).astype(np.int64)
    vectors = np.zeros((len(keys), feature_map.dimension))
    known = np.flatnonzero(keys)
    vectors[known, keys[known] - 1] = 1
    return vectors


def feature_blocks(
    feature_map: AnyFeatureMap, num_states: int, num_actions: int
) -> tuple[IntArray, FloatArray]:
    """The distinct rows of a feature map, and which states have them.

    Args:
        feature_map: of one player.
        num_states: S.
        num_actions: A, of the player.

    Returns:
        z, `(S,)`, and φ by block, `(M, A, d)`: φ(s, a) = table[z[s], a].

    Raises:
        ShapeError: a map over other states or actions.
        GameTooLargeError: a map without blocks of its own whose table would hold more than
            `LARGEST_TABLE` numbers.
    """
    if isinstance(feature_map, StateFeatures):
        blocks, table = feature_map.blocks, feature_map.table
        blocks = np.arange(len(table)) if blocks is None else blocks
        check_shape(blocks, (num_states,), "features", ("s",))
        check_shape(table, (len(table), num_actions, table.shape[2]), "features", ("z", "a", "d"))
        return blocks, table
    _check_size(num_states * num_actions * feature_map.dimension, "the table of features")
    states = np.repeat(np.arange(num_states), num_actions)
    actions = np.tile(np.arange(num_actions), num_states)
    rows = feature_vectors(feature_map, states, actions).reshape(num_states, -1)
    distinct, blocks = np.unique(rows, axis=0, return_inverse=True)
    return blocks.reshape(-1), distinct.reshape(-1, num_actions, feature_map.dimension)


def _check_size(numbers: int, what: str) -> None:
    if numbers > LARGEST_TABLE:
        raise GameTooLargeError(f"{what}: expected at most {LARGEST_TABLE} numbers, came {numbers}")
