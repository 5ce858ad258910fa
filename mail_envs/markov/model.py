r"""Markov games: immutable, and right once built.

A Markov game has players `i = 1 … n`, states `s`, joint actions `a = (a_1, …, a_n)`, transitions
`P_h(s'|s, a)`, rewards `r_{h,i}(s, a)` and a start `d_0`. All players move at once. The return of
player `i` under a joint policy is

.. math:: V_i = E \sum_{h=0}^{H-1} r_{h,i}(s_h, a_h) \quad\text{(horizon H)} \qquad\text{or}\qquad
          V_i = E \sum_{t \ge 0} \gamma^t r_i(s_t, a_t) \quad\text{(discount γ)}.

A game has a horizon, and then its tables may depend on the step, or a discount, and then they do
not. In a two-player zero-sum game `r_2 = -r_1`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.errors import InvalidModelError, ShapeError, UnknownAgentError
from mail_envs.markov.checks import IntArray, check_rows, check_shape, establish, frozen
from mail_envs.markov.dynamics import DenseDynamics, Dynamics, aggregate
from mail_envs.markov.dynamics.sampling import RowSampler
from mail_envs.protocols import FeatureMap, FloatArray, OneHotFeatureMap

__all__ = ["AnyFeatureMap", "MarkovGame", "agent_names", "game_fields"]

AnyFeatureMap = FeatureMap | OneHotFeatureMap
"""A feature map in either form, by numbers or by keys."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class MarkovGame:
    """A finite n-player Markov game with simultaneous moves.

    Args:
        transitions: `(S, A_1, …, A_n, S)` or per step `(H, S, A_1, …, A_n, S)`, rows summing to
            one; or a scipy sparse `(S·A_1⋯A_n, S)`, rows in C order of `(s, a_1, …, a_n)`, or
            a sequence of H of them.
        rewards: `(n, S, A_1, …, A_n)` or per step `(n, H, S, A_1, …, A_n)`.
        initial_distribution: d_0, `(S,)`, or the number of the one state where play starts.
        horizon: H, for games that end; `h` counts 0..H-1.
        discount: γ in [0, 1), for games that do not. Give one of the two.
        feature_maps: one per player, if the game comes with them.
        name: what reports and errors call the game.

    Raises:
        ShapeError: shapes that do not fit together, or not as many feature maps as players.
        InvalidModelError: NaN, negative probabilities, rows off one, a horizon below 1, a
            discount outside [0, 1), neither or both, per-step tables that the horizon does not
            match. Messages name the first offending index.
    """

    dynamics: Dynamics
    initial_distribution: FloatArray  # (S,)
    horizon: int | None
    discount: float | None
    feature_maps: tuple[AnyFeatureMap, ...] | None
    name: str

    def __init__(
        self,
        transitions: ArrayLike | object,
        rewards: ArrayLike,
        initial_distribution: ArrayLike,
        *,
        horizon: int | None = None,
        discount: float | None = None,
        feature_maps: Sequence[AnyFeatureMap] | None = None,
        name: str = "",
    ) -> None:
        dynamics = tabular_dynamics(transitions, rewards)
        fields = game_fields(dynamics, initial_distribution, horizon, discount, feature_maps, name)
        establish(self, **fields)

    @staticmethod
    def from_dynamics(
        dynamics: Dynamics,
        initial_distribution: ArrayLike,
        *,
        horizon: int | None = None,
        discount: float | None = None,
        feature_maps: Sequence[AnyFeatureMap] | None = None,
        name: str = "",
    ) -> "MarkovGame":
        """A game over dynamics of any form; arguments and errors as of the class."""
        game = MarkovGame.__new__(MarkovGame)
        fields = game_fields(dynamics, initial_distribution, horizon, discount, feature_maps, name)
        establish(game, **fields)
        return game

    @classmethod
    def zero_sum(
        cls,
        transitions: ArrayLike | object,
        rewards: ArrayLike,
        initial_distribution: ArrayLike,
        **options: Any,  # noqa: ANN401 - the keywords of the class itself
    ) -> Self:
        """A two-player game in which player 1 loses what player 0 wins.

        Args:
            transitions: as of the class, with two action axes.
            rewards: of player 0 alone, `(S, A_1, A_2)` or per step `(H, S, A_1, A_2)`.
            initial_distribution: as of the class.
            **options: the keywords of the class.
        """
        first = frozen(rewards, "rewards")
        return cls(transitions, np.stack([first, -first]), initial_distribution, **options)

    def __repr__(self) -> str:
        duration = (
            f"discount={self.discount}" if self.horizon is None else f"horizon={self.horizon}"
        )
        return (
            f"{type(self).__name__}({self.name or type(self.dynamics).__name__}: "
            f"states={self.num_states}, actions={self.num_actions}, {duration})"
        )

    @property
    def num_states(self) -> int:
        """S."""
        return self.dynamics.num_states

    @property
    def num_actions(self) -> tuple[int, ...]:
        """A_1, …, A_n."""
        return self.dynamics.num_actions

    @property
    def num_players(self) -> int:
        """The number n of players."""
        return len(self.num_actions)

    @cached_property
    def agents(self) -> tuple[str, ...]:
        """The players' names, `player_0, player_1, …`."""
        return agent_names(self.num_players)

    @property
    def reward_bound(self) -> float:
        """The largest absolute reward of any player."""
        return float(np.abs(self.dynamics.reward_table).max())

    @cached_property
    def is_zero_sum(self) -> bool:
        """Whether there are two players and one loses what the other wins, to a rounding error."""
        table = self.dynamics.reward_table
        return len(table) == 2 and bool(np.abs(table.sum(axis=0)).max() <= self._rounding)

    @cached_property
    def is_identical_interest(self) -> bool:
        """Whether all players have the same rewards, to a rounding error."""
        table = self.dynamics.reward_table
        return bool(np.abs(table - table[:1]).max() <= self._rounding)

    @property
    def _rounding(self) -> float:
        return 1e-13 * self.reward_bound

    @cached_property
    def by_block(self) -> "MarkovGame":
        """The game of players who see no more than the block of a state: M states.

        Policies that are alike within each block, and they alone, are policies of this game, with
        the same values. Where every state is its own block it is the game itself.
        """
        if self.dynamics.blocks is None:
            return self
        return MarkovGame.from_dynamics(
            self.dynamics.by_block(),
            aggregate(self.dynamics, self.initial_distribution),
            horizon=self.horizon,
            discount=self.discount,
            name=self.name,
        )

    def player_index(self, player: int | str) -> int:
        """The index 0..n-1 of a player told by index or agent name.

        Raises:
            UnknownAgentError: the game has no such player.
        """
        if isinstance(player, str):
            if player in self.agents:
                return self.agents.index(player)
        elif 0 <= player < self.num_players:
            return int(player)
        raise UnknownAgentError(
            f"{self.name or 'game'}: expected one of {list(self.agents)} or an index in "
            f"0..{self.num_players - 1}, came {player!r}"
        )

    def sample_initial_states(self, count: int, *, rng: np.random.Generator) -> IntArray:
        """Draw `(count,)` states from d_0."""
        return self._start_sampler.draw(np.zeros(count, dtype=np.int64), rng=rng)

    @cached_property
    def _start_sampler(self) -> RowSampler:
        return RowSampler.of_table(self.initial_distribution[None])


def game_fields(
    dynamics: Dynamics,
    initial_distribution: ArrayLike,
    horizon: int | None,
    discount: float | None,
    feature_maps: Sequence[AnyFeatureMap] | None,
    name: str,
) -> dict[str, object]:
    """The checked fields of a `MarkovGame`; arguments and errors as of the class."""
    _check_duration(horizon, discount, dynamics.num_steps)
    return {
        "dynamics": dynamics,
        "initial_distribution": _start(initial_distribution, dynamics.num_states),
        "horizon": None if horizon is None else int(horizon),
        "discount": None if discount is None else float(discount),
        "feature_maps": _one_per_player(feature_maps, len(dynamics.num_actions)),
        "name": name,
    }


def agent_names(num_players: int) -> tuple[str, ...]:
    """PettingZoo's names of n players: `player_0 … player_{n-1}`."""
    return tuple(f"player_{i}" for i in range(num_players))


def tabular_dynamics(transitions: ArrayLike | object, rewards: ArrayLike) -> Dynamics:
    """Dense dynamics of an array, sparse ones of scipy matrices; errors as of `MarkovGame`."""
    first = (
        transitions[0] if isinstance(transitions, (list, tuple)) and transitions else transitions
    )
    if hasattr(first, "tocsr"):
        from mail_envs.markov.dynamics.sparse import SparseDynamics  # noqa: PLC0415 - scipy is slow to import

        return SparseDynamics(transitions, rewards)
    return DenseDynamics(np.asarray(transitions), rewards)


def _check_duration(horizon: int | None, discount: float | None, steps: int) -> None:
    if (horizon is None) == (discount is None):
        raise InvalidModelError(
            f"expected either a horizon or a discount, came horizon={horizon}, discount={discount}"
        )
    if horizon is not None and (horizon != int(horizon) or horizon < 1):
        raise InvalidModelError(f"horizon: expected an integer of at least 1, came {horizon}")
    if discount is not None and not 0 <= discount < 1:
        raise InvalidModelError(f"discount: expected a number in [0, 1), came {discount}")
    if steps > 1 and steps != horizon:
        raise InvalidModelError(
            f"expected tables of one step or of horizon={horizon} steps, came {steps} steps"
        )


def _start(initial_distribution: ArrayLike, states: int) -> FloatArray:
    given = np.asarray(initial_distribution)
    if given.ndim == 0 and given.dtype.kind in "iu":
        if not 0 <= int(given) < states:
            raise InvalidModelError(
                f"initial_distribution: expected a state in 0..{states - 1}, came {int(given)}"
            )
        given = np.arange(states) == given
    start = frozen(given, "initial_distribution")
    check_shape(start, (states,), "initial_distribution", ("s",))
    check_rows(start, "initial_distribution", ("s",))
    return start


def _one_per_player(
    feature_maps: Sequence[AnyFeatureMap] | None, players: int
) -> tuple[AnyFeatureMap, ...] | None:
    if feature_maps is None:
        return None
    if len(feature_maps) != players:
        raise ShapeError(
            f"feature_maps: expected one for each of {players} players, came {len(feature_maps)}"
        )
    return tuple(feature_maps)
