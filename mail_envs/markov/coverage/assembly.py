"""The door to concentrability: one report about a game and the experts of its players."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mail_envs.errors import InvalidModelError
from mail_envs.markov.checks import IntArray
from mail_envs.markov.coverage.blocks import View, smallest_view
from mail_envs.markov.coverage.coefficients import Coefficient, Coefficients, Deviation
from mail_envs.markov.coverage.deviations import Deviations, deviations_of
from mail_envs.markov.coverage.extremes import ENUMERATION_LIMIT, Extremes
from mail_envs.markov.coverage.feature_level import feature_bounds
from mail_envs.markov.coverage.features import OwnFeatures, resolve_features
from mail_envs.markov.coverage.moments import moments_of
from mail_envs.markov.coverage.report import Concentrability
from mail_envs.markov.coverage.state_level import StateRatio, optimal_actions, state_ratios
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import policy_tables
from mail_envs.protocols import FloatArray

__all__ = ["concentrability"]

KINDS = ("all_policy", "single_policy", "mean", "rayleigh", "trace")


def concentrability(
    game: MarkovGame,
    policies: Sequence[Any] | Mapping[str, Any],
    *,
    features: Any = "own",  # noqa: ANN401 - names, maps or an array
    enumeration_limit: int = ENUMERATION_LIMIT,
) -> Concentrability:
    """How badly deviations can leave the experts' data, at the level of states and of features.

    While player i is imitated it stays with its expert, and another player j deviates, alone: with
    n players that is each pair i ≠ j, everybody else staying with the experts too.

    Args:
        game: any Markov game of at least two players. K of a deviating player, see
            `mail_envs.markov.coverage.deviations`, must fit into memory, except for block games
            whose policies and features are alike within blocks, which may have any size.
        policies: the experts, as in `mail_envs.nash_gap`.
        features: `"own"`, the game's own feature maps φ_i(s, a_i) of the imitated player, the
            version that matches log-linear cloning (where the game has none, the one-hot map of
            its block, or state, and a_i); `"one-hot"`, that of (s, a_i); `"joint"`, the joint
            features in which the dynamics are linear as they are given; one feature map per
            player; or an array of joint features, `(S, A_1, …, A_n, d)` or per step.
        enumeration_limit: up to how many extreme occupancies per step C_ray and C_mean are found
            by trying them all; beyond, they may be intervals.

    Returns:
        An immutable report. Without chance: the same input gives the same bytes.

    Raises:
        InvalidModelError: a game of one player; features that are not finite.
        GameTooLargeError: too many states are reached, see `game`.
        ShapeError, InvalidPolicyError, UnknownAgentError, UnknownNameError: as of their parts.

    A coin that player 1 turns over or not, and the experts hardly ever see the other side:

    >>> import numpy as np
    >>> from mail_envs.markov import MarkovGame
    >>> turn = np.zeros((2, 1, 2, 2))
    >>> turn[:, 0, 0], turn[:, 0, 1] = np.eye(2), 1 - np.eye(2)
    >>> game = MarkovGame(turn, np.zeros((2, 2, 1, 2)), 0, horizon=2, name="coin")
    >>> report = concentrability(game, [[[1], [1]], [[0.99, 0.01], [0.5, 0.5]]])
    >>> report.all_policy.at(imitated=0).value, report.all_policy.at(imitated=1).value
    (100.0, 1.0)
    >>> report.all_policy.witness.table[0, 0].tolist()  # turn it over
    [0.0, 1.0]
    >>> print(report)
    concentrability of MarkovGame(coin: states=2, actions=(1, 2), horizon=2)
    experts visit: 2 states
    features: one-hot of (s, a_i)
    distribution: states as they are met, times π_i of the imitated player i's expert
    <BLANKLINE>
    imitated  deviator  reached  all-policy  single-policy  mean  Rayleigh  trace
    player_0  player_1        2         100            100   100       100    100
    player_1  player_0        2           1              1     1         1      4
    largest                             100            100   100       100    100
    """
    tables = policy_tables(game, policies)
    if game.num_players < 2:
        raise InvalidModelError(f"{game!r}: expected at least two players, came one")
    view = smallest_view(game, tables, resolve_features(game, features))
    sides = [_side(view, j, enumeration_limit) for j in range(game.num_players)]
    pairs = [(i, side) for i in range(game.num_players) for side in sides if side.player != i]
    entries = [_pair(_Namer(game, tables, view, i, side), view) for i, side in pairs]
    kinds = {
        kind: Coefficients(tuple(c for pair in entries for c in pair[kind]), game.num_players)
        for kind in KINDS
    }
    return Concentrability(
        **kinds,
        features=view.features.label,
        distribution=view.features.distribution,
        game=repr(game),
        agents=game.agents,
        visited=int((sides[0].deviations.visits > 0).any(axis=0).sum()),
        counted="states" if view.game is game else "blocks",
        reached=tuple(int(side.deviations.reached.any(axis=0).sum()) for side in sides),
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """A deviating player, and what is true of states whoever is imitated."""

    deviations: Deviations
    extremes: Extremes
    all_policy: list[StateRatio]
    single_policy: list[StateRatio]

    @property
    def player(self) -> int:
        return self.deviations.player


@dataclass(frozen=True, eq=False)
class _Namer:
    """Turns numbers of a view into coefficients of the game asked about."""

    game: MarkovGame
    tables: Sequence[FloatArray]
    view: View
    imitated: int
    side: _Side

    def name(
        self, h: int, lower: float, upper: float, choices: IntArray, state: int | None = None
    ) -> Coefficient:
        deviations, player = self.side.deviations, self.side.player
        return Coefficient(
            lower=lower,
            upper=upper,
            imitated=self.imitated,
            deviator=player,
            step=None if self.game.horizon is None else h,
            witness=Deviation(player, choices, self.places, self.tables[player], self.game.horizon),
            state=None if state is None else int(self.view.first[deviations.states[state]]),
        )

    @cached_property
    def places(self) -> IntArray:
        states = self.side.deviations.states
        places = np.full(self.view.game.num_states, -1)
        places[states] = np.arange(len(states))
        return places[self.view.blocks]


def _side(view: View, player: int, enumeration_limit: int) -> _Side:
    deviations = deviations_of(view.game, view.tables, player)
    optimal = optimal_actions(view.game, view.tables, player)
    restricted = deviations.restricted(optimal)
    every = state_ratios(deviations)
    return _Side(
        deviations=deviations,
        extremes=Extremes(deviations, enumeration_limit),
        all_policy=every,
        single_policy=every if restricted.allowed.all() else state_ratios(restricted),
    )


def _pair(namer: _Namer, view: View) -> dict[str, list[Coefficient]]:
    """All kinds of coefficients of one imitated and one deviating player, step by step."""
    side, own = namer.side, isinstance(view.features, OwnFeatures)
    found: dict[str, list[Coefficient]] = {kind: [] for kind in KINDS}
    for h in range(side.deviations.num_occupancies):
        ratio, single = side.all_policy[h], side.single_policy[h]
        moments = moments_of(side.deviations, view.features, view.tables, namer.imitated, h)
        bounds = feature_bounds(moments, side.extremes, ratio, own=own)
        for kind, one in (("all_policy", ratio), ("single_policy", single)):
            found[kind].append(namer.name(h, one.value, one.value, one.choices, one.state))
        for kind, three in zip(KINDS[2:], bounds, strict=True):
            found[kind].append(namer.name(h, *three))
    return found
