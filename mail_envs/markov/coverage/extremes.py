r"""Every occupancy that is worth trying, where there are few.

The three feature-level coefficients are convex in the occupancy of the deviation, so they are
attained at its extreme points: deterministic Markov policies, stationary ones if discounted. Not
all of those A^(S H) policies need a look, only what they lead to:

**Horizon.** From the occupancies of step h, each choice of actions *where the occupancy is
positive* gives one of step h + 1, and actions with the same transitions count once; occupancies
met before (up to some units of the thirteenth digit) are dropped. Where the game is deterministic
there are no more than states.

**Discount.** A stationary policy matters only where it comes. Policies are completed state by
state, in the order in which states are reached, and are done when they never come to a state that
has no action yet. Where the game is deterministic these are the simple paths.

Both give up, with None, where more than a given number of candidates would have to be kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.coverage.deviations import BoolArray, Deviations
from mail_envs.markov.coverage.steering import state_action_visits
from mail_envs.protocols import FloatArray

__all__ = ["ENUMERATION_LIMIT", "Candidates", "Extremes"]

ENUMERATION_LIMIT = 20_000
"""Up to how many occupancies are tried one by one, for each step."""

MEMORY = 1 << 24
"""How many numbers the candidates of one step may hold (128 MiB)."""

DROPPED_BITS = 8
"""How many of the 52 bits of a probability are ignored where occupancies are compared."""


class Candidates(NamedTuple):
    """All extreme occupancies of one step, and how to find the choices behind each.

    `visits` is `(N, R, A)` if the last action counts and `(N, R, 1)` if it does not; `choices`
    maps an index 0..N-1 to `(K, R)`.
    """

    visits: FloatArray
    choices: Callable[[int], IntArray]


@dataclass(frozen=True, eq=False)
class _Options:
    """Which actions are tried where: `table[s, :counts[s]]`."""

    table: IntArray  # (R, the largest count)
    counts: IntArray  # (R,)


class _Layer(NamedTuple):
    """Occupancies of one step, `(N, R)`, from which of the step before each comes, and how."""

    points: FloatArray
    parents: IntArray  # (N,)
    choices: IntArray  # (N, R), of the step before


@dataclass(frozen=True, eq=False)
class Extremes:
    """The extreme occupancies of a deviating player.

    Attributes:
        deviations: its problem.
        limit: the largest number of candidates of a step.
    """

    deviations: Deviations
    limit: int

    def candidates(self, h: int, *, sees_action: bool) -> Candidates | None:
        """The occupancies of step h, or None where there are too many.

        Args:
            h: the step; 0 where the game is discounted.
            sees_action: whether what the player does at step h matters.
        """
        if self.deviations.discount is not None:
            return self._stationary(sees_action=sees_action)
        layers = self._layers
        if h >= len(layers):
            return None
        points = layers[h].points
        every = _every_action(self.deviations, h)
        options = every if sees_action else replace(every, counts=np.minimum(every.counts, 1))
        chosen = _choose(points > 0, options, self._room)
        if chosen is None:
            return None
        parents, last = chosen
        visits = points[parents][:, :, None]
        if sees_action:
            visits = visits * np.eye(self.deviations.kernels.shape[2])[last]

        def choices(index: int) -> IntArray:
            return self._trace(h, int(parents[index]), last[index])

        return Candidates(visits, choices)

    @property
    def _room(self) -> int:
        states, actions = self.deviations.kernels.shape[1:3]
        return min(self.limit, MEMORY // (states * max(states, actions)))

    @cached_property
    def _layers(self) -> list[_Layer]:
        """As many steps as stay within the limit."""
        d = self.deviations
        none = np.zeros((1, len(d.start)), dtype=np.int64)
        layers = [_Layer(d.start[None], np.zeros(1, dtype=np.int64), none)] if self._room else []
        while layers and len(layers) < d.num_occupancies:
            h = len(layers) - 1
            chosen = _choose(layers[h].points > 0, _distinct_moves(d, h), self._room)
            if chosen is None:
                break
            parents, choices = chosen
            points = _moved(layers[h].points[parents], d.kernel(h), choices)
            kept = _distinct(points)
            layers.append(_Layer(points[kept], parents[kept], choices[kept]))
        return layers

    def _trace(self, h: int, index: int, last: IntArray) -> IntArray:
        choices = [last]
        for layer in reversed(self._layers[1 : h + 1]):
            choices.append(layer.choices[index])
            index = int(layer.parents[index])
        return np.stack(choices[::-1])

    def _stationary(self, *, sees_action: bool) -> Candidates | None:
        d = self.deviations
        options = _every_action(d, 0) if sees_action else _distinct_moves(d, 0)
        policies = _complete_policies(d, options, self._room)
        if policies is None:
            return None
        size = max(1, MEMORY // (4 * len(d.start) ** 2))
        parts = [
            state_action_visits(d, 0, policies[first : first + size, None])
            for first in range(0, len(policies), size)
        ]
        visits = [part if sees_action else part.sum(axis=2, keepdims=True) for part in parts]

        def choices(index: int) -> IntArray:
            return policies[index : index + 1]

        return Candidates(np.concatenate(visits), choices)


def _choose(matters: BoolArray, options: _Options, limit: int) -> tuple[IntArray, IntArray] | None:
    """Every choice of an option in each state that matters: parents `(N,)`, choices `(N, R)`.

    Args:
        matters: which states each of the parents visits, `(P, R)`, P at most `limit`.
        options: what may be chosen.
        limit: the largest N; beyond it the answer is None.
    """
    parents = np.arange(len(matters))
    choices = np.repeat(options.table[None, :, 0], len(matters), axis=0)
    for state in np.flatnonzero(options.counts > 1):
        counts = np.where(matters[parents, state], options.counts[state], 1)
        if counts.sum() > limit:
            return None
        rows, which = _repeated(counts)
        parents, choices = parents[rows], choices[rows]
        choices[:, state] = options.table[state, which]
    return parents, choices


def _complete_policies(deviations: Deviations, options: _Options, limit: int) -> IntArray | None:
    """Stationary policies that differ where they come: `(N, R)`, or None beyond the limit."""
    edges = (deviations.kernel(0) > 0) & deviations.reached[0]  # s a s'
    reached = (deviations.start > 0)[None]
    choices = np.full(reached.shape, -1)
    while limit:
        pending = reached & (choices < 0)
        unfinished: BoolArray = np.any(pending, axis=1)
        if not unfinished.any():
            return np.where(choices < 0, options.table[:, 0], choices)
        state = pending.argmax(axis=1)
        counts = np.where(unfinished, options.counts[state], 1)
        if counts.sum() > limit:
            return None
        rows, which = _repeated(counts)
        reached, choices, state = reached[rows], choices[rows], state[rows]
        grown = np.flatnonzero(unfinished[rows])
        action = options.table[state[grown], which[grown]]
        choices[grown, state[grown]] = action
        reached[grown] |= edges[state[grown], action]
    return None


def _repeated(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Each index as often as it counts, and the number of the repetition."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)


def _moved(points: FloatArray, kernel: FloatArray, choices: IntArray) -> FloatArray:
    """Occupancies one step on: `(N, R)` → `(N, R)`."""
    moved = np.zeros_like(points)
    for state in np.flatnonzero(points.any(axis=0)):
        moved += points[:, state, None] * kernel[state, choices[:, state]]
    return moved


def _distinct(points: FloatArray) -> IntArray:
    """The first of each group of equal rows, up to rounding: indices, ascending."""
    bits = (np.ascontiguousarray(points).view(np.int64) + (1 << (DROPPED_BITS - 1))) >> DROPPED_BITS
    return np.sort(np.unique(bits, axis=0, return_index=True)[1])


def _every_action(deviations: Deviations, h: int) -> _Options:
    return _options([np.flatnonzero(row == 0) for row in deviations.penalty(h)])


def _distinct_moves(deviations: Deviations, h: int) -> _Options:
    """One of all actions that have the same transitions."""
    kernel, new = deviations.kernel(h), deviations.penalty(h) == 0  # s a s', s a
    for later in range(1, kernel.shape[1]):
        for earlier in range(later):
            same = (kernel[:, later] == kernel[:, earlier]).all(axis=-1)
            new[:, later] &= ~(same & new[:, earlier])
    return _options([np.flatnonzero(row) for row in new])


def _options(tried: list[IntArray]) -> _Options:
    counts = np.array([len(actions) for actions in tried])
    table = np.zeros((len(tried), int(counts.max())), dtype=np.int64)
    for row, actions in zip(table, tried, strict=True):
        row[: len(actions)] = actions
    return _Options(table, counts)
