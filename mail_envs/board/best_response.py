"""Exact best responses on boards small enough to enumerate.

With the others' policies fixed, the responder faces a tree-like decision process over positions.
Its layers are swept once forward, to ask each policy only where play can arrive, and once backward:

    V(x) = u(x)                                   where the game is over,
    V(x) = max over legal a of V(x·a)             where the responder moves,
    V(x) = Σ_a π(a|x) V(x·a)                      where another moves.

Everything is a finite sum of products of the policies' own probabilities: exact up to rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.positions import Layer, positions
from mail_envs.board.rules import LineGame
from mail_envs.errors import GameTooLargeError, ShapeError, UnknownAgentError
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_envs.protocols.asking import ask, by_player
from mail_envs.truth import (
    BestResponse,
    NashGap,
    Policies,
    Utility,
    best_response,
    loss_probability,
    nash_gap,
)

__all__ = ["PositionPolicy", "player_index"]

CHUNK = 65_536
"""Positions put to a policy in one call."""

Tables = tuple[FloatArray, ...]
"""One array per layer: `(N, A)` action probabilities, or `(N,)` values."""


@dataclass(frozen=True, eq=False)
class PositionPolicy:
    """A table over positions as a policy; uniform over the legal actions where it has no row."""

    game: LineGame
    keys: NDArray[np.uint64]  # (N,), increasing
    probabilities: FloatArray  # (N, A)

    def __post_init__(self) -> None:
        for array in (self.keys, self.probabilities):
            array.setflags(write=False)

    def __call__(self, observations: Observations, action_masks: Mask | None = None) -> FloatArray:
        """Answer `(B, rows, columns, 2)` observations with `(B, A)` probabilities."""
        states = batch.encode(self.game, observations)
        asked = batch.keys(self.game, states)
        row = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
        known = self.keys[row] == asked
        legal = batch.action_masks(self.game, states) if action_masks is None else action_masks
        uniform = legal / np.maximum(legal.sum(axis=1, keepdims=True), 1)
        return np.where(known[:, None], self.probabilities[row], uniform)


def player_index(game: LineGame, player: int | str) -> int:
    """The index of a player given by index or name.

    Raises:
        UnknownAgentError: neither.
    """
    if isinstance(player, str) and player in game.agents:
        return game.agents.index(player)
    if isinstance(player, (int, np.integer)) and 0 <= player < len(game.agents):
        return int(player)
    raise UnknownAgentError(
        f"player: expected an index below {len(game.agents)} or one of {game.agents}, "
        f"came {player!r}"
    )


@nash_gap.register
def _(game: LineGame, policies: Policies) -> NashGap:
    layers = _all_positions(game)
    ordered = by_player(policies, game.agents)
    tables = [_tabulate(game, layers, policy, i) for i, policy in enumerate(ordered)]
    value = float(_evaluate(layers, tables, None, _returns)[0][0])
    responses = tuple(_respond(game, layers, tables, i, _returns) for i in range(2))
    values = np.array([value, -value])
    gains = np.array([response.value for response in responses]) - values
    return NashGap(per_player=gains, values=values, best_responses=responses)


@best_response.register
def _(
    game: LineGame, policies: Policies, player: int | str, utility: Utility | None = None
) -> BestResponse:
    layers = _all_positions(game)
    responder = player_index(game, player)
    ordered = by_player(policies, game.agents)
    tables = [
        None if i == responder else _tabulate(game, layers, policy, i)
        for i, policy in enumerate(ordered)
    ]
    return _respond(game, layers, tables, responder, utility or _returns)


@loss_probability.register
def _(game: LineGame, policies: Policies, player: int | str) -> float:
    """How often the best opponent wins."""
    return best_response(game, policies, 1 - player_index(game, player), _won).value


def _all_positions(game: LineGame) -> tuple[Layer, ...]:
    """All positions, ply by ply.

    Raises:
        GameTooLargeError: more than can be enumerated; it says what else can be asked.
    """
    try:
        return positions(game)
    except GameTooLargeError as error:
        raise GameTooLargeError(
            f"{error}; mail_envs.board.find_mistake searches larger boards for the first mistake "
            "of a deterministic policy"
        ) from error


def _returns(returns: FloatArray) -> FloatArray:
    return returns


def _won(returns: FloatArray) -> FloatArray:
    return (returns > 0).astype(np.float64)


def _respond(
    game: LineGame,
    layers: Sequence[Layer],
    tables: Sequence[Tables | None],
    responder: int,
    utility: Utility,
) -> BestResponse:
    fixed = [None if i == responder else table for i, table in enumerate(tables)]
    values = _evaluate(layers, fixed, responder, utility)
    following = (*values[1:], np.zeros(1))
    own = layers[responder::2]
    keys = np.concatenate([layer.keys for layer in own])
    greedy = np.concatenate([_greedy(layer, following[layer.ply]) for layer in own])
    order = np.argsort(keys)
    policy = PositionPolicy(game, keys[order], greedy[order])
    return BestResponse(player=responder, value=float(values[0][0]), policy=policy)


def _greedy(layer: Layer, next_values: FloatArray) -> FloatArray:
    """One of the best legal actions, the lowest index, with probability one; `(N, A)`."""
    worth = np.where(layer.masks == 1, next_values[layer.children], -np.inf)
    table = np.zeros(worth.shape)
    table[np.arange(len(worth)), worth.argmax(axis=1)] = 1.0
    return table * layer.masks  # nothing to choose where the game is over


def _evaluate(
    layers: Sequence[Layer],
    tables: Sequence[Tables | None],
    responder: int | None,
    utility: Utility,
) -> Tables:
    """Values by layer: of the responder who maximises, or of player 0 when all are fixed."""
    sign = -1.0 if responder == 1 else 1.0
    values: list[FloatArray] = []
    following = np.zeros(1)
    for layer in reversed(layers):
        worth = following[layer.children]  # (N, A)
        table = tables[layer.player]
        if table is None:
            best = np.where(layer.masks == 1, worth, -np.inf).max(axis=1)
        else:
            best = (table[layer.ply] * worth).sum(axis=1)
        wanted = _wanted(utility, sign * layer.outcome.astype(np.float64))
        following = np.where(layer.over, wanted, best)
        values.append(following)
    return tuple(reversed(values))


def _wanted(utility: Utility, returns: FloatArray) -> FloatArray:
    """The utilities of returns, `(N,)`, checked: an infinite one would make 0 · ∞ of a sum."""
    wanted = np.asarray(utility(returns), dtype=np.float64)
    if wanted.shape != returns.shape:
        raise ShapeError(f"utility: expected shape {returns.shape}, came {wanted.shape}")
    if not np.isfinite(wanted).all():
        first = int(np.argmin(np.isfinite(wanted)))
        raise ValueError(
            f"utility: expected finite numbers, came {float(wanted[first])!r} for a return of "
            f"{float(returns[first])!r}"
        )
    return wanted


def _tabulate(game: LineGame, layers: Sequence[Layer], policy: Policy, player: int) -> Tables:
    """Ask `policy` wherever play can arrive while it moves for `player`; zeros elsewhere."""
    tables: list[FloatArray] = []
    reached = np.ones(1, dtype=np.bool_)
    for layer in layers:
        possible = layer.masks.astype(np.float64)
        if layer.player == player:
            rows = np.flatnonzero(reached & ~layer.over)
            possible[:] = 0.0
            possible[rows] = _ask_all(game, layer, rows, policy)
        tables.append(possible)
        ahead = np.zeros(len(layers[layer.ply + 1].keys) if layer is not layers[-1] else 1, bool)
        ahead[layer.children[(possible > 0) & reached[:, None]]] = True
        reached = ahead
    return tuple(tables)


def _ask_all(game: LineGame, layer: Layer, rows: NDArray[np.int64], policy: Policy) -> FloatArray:
    """The policy's checked answers at some rows of a layer, `(len(rows), A)`."""
    answers = [np.empty((0, game.actions))]
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        states = States(layer.states.mover[part], layer.states.other[part])
        who = f"the policy of {game.agents[layer.player]}, ply {layer.ply}"
        answers.append(ask(policy, batch.observations(game, states), layer.masks[part], who=who))
    return np.concatenate(answers)
