"""Coefficients as values: bounds, where they are attained, and the deviation that attains them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray

__all__ = ["Coefficient", "Coefficients", "Deviation"]


@dataclass(frozen=True, eq=False)
class Deviation:
    """A deterministic policy by which one player deviates from the experts.

    It is array-like, and so a policy wherever Markov games take one, `mail_envs.nash_gap` among
    them. Where the deviation never comes, and after the step at which its coefficient is
    attained, it plays as the expert.

    Attributes:
        player: who deviates, 0..n-1.
        choices: action numbers by step and place, `(K, R)`; one step where the game is discounted.
        places: where a state stands among the columns of `choices`, `(S,)`; -1 if nowhere.
        expert: what the player plays otherwise, `(1 or H, S, A)`.
        horizon: H; None where the game is discounted.
    """

    player: int
    choices: IntArray = field(repr=False)
    places: IntArray = field(repr=False)
    expert: FloatArray = field(repr=False)
    horizon: int | None

    def __post_init__(self) -> None:
        self.choices.setflags(write=False)

    @property
    def table(self) -> FloatArray:
        """`(H, S, A)`, or `(S, A)` where the game is discounted; a new array."""
        steps = 1 if self.horizon is None else self.horizon
        table = np.repeat(self.expert, steps if len(self.expert) == 1 else 1, axis=0)
        known = np.flatnonzero(self.places >= 0)
        units = np.eye(table.shape[-1])
        for h, row in enumerate(self.choices):
            table[h, known] = units[row[self.places[known]]]
        return table[0] if self.horizon is None else table

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.generic]:
        return np.array(self.table, dtype=dtype, copy=copy)


@dataclass(frozen=True)
class Coefficient:
    """One coefficient: exact where both bounds are the same, otherwise an interval.

    Attributes:
        lower: what the witness attains.
        upper: what no deviation exceeds.
        imitated: the player whose clone is judged, 0..n-1.
        deviator: the player who deviates from the experts, 0..n-1.
        step: h, 0..H-1; None for the discounted occupancy.
        witness: the deviation that attains `lower`.
        state: where a ratio of occupancies is the largest; None for other coefficients.

    >>> coefficient = Coefficient(lower=2.0, upper=3.5, imitated=0, deviator=1, step=None)
    >>> coefficient.exact, coefficient.value, str(coefficient)
    (False, 2.0, '[2, 3.5]')
    """

    lower: float
    upper: float
    imitated: int
    deviator: int
    step: int | None
    witness: Deviation | None = field(default=None, repr=False)
    state: int | None = None

    @property
    def exact(self) -> bool:
        """Whether the coefficient is known, up to rounding."""
        return self.lower == self.upper

    @property
    def value(self) -> float:
        """The coefficient where it is exact, otherwise the largest value found (`lower`)."""
        return self.lower

    def __str__(self) -> str:
        """The value with four digits, or the interval."""
        if self.exact:
            return _shown(self.lower)
        return f"[{_shown(self.lower)}, {_shown(self.upper)}]"


@dataclass(frozen=True, repr=False)
class Coefficients:
    """Coefficients of one kind: one for each imitated player, deviating player and step.

    Attributes:
        entries: in the order of imitated player, deviating player, step.
        num_players: n.
    """

    entries: tuple[Coefficient, ...]
    num_players: int

    def __repr__(self) -> str:
        return f"Coefficients(largest {self.overall} of {len(self.entries)})"

    def at(
        self,
        *,
        imitated: int | None = None,
        deviator: int | None = None,
        step: int | None = None,
    ) -> Coefficient:
        """The largest coefficient among those asked for; None asks for all.

        Raises:
            LookupError: there is none: a player that deviates from its own clone, or another step.
        """
        wanted = {"imitated": imitated, "deviator": deviator, "step": step}
        asked = {name: value for name, value in wanted.items() if value is not None}
        chosen = [e for e in self.entries if all(getattr(e, k) == v for k, v in asked.items())]
        if not chosen:
            raise LookupError(f"expected some of the coefficients, came {asked}, of which none is")
        return largest(chosen)

    @property
    def overall(self) -> Coefficient:
        """The largest of all."""
        return largest(self.entries)

    @property
    def per_player(self) -> tuple[Coefficient, ...]:
        """The largest for each imitated player, in player order."""
        return tuple(self.at(imitated=i) for i in range(self.num_players))

    @property
    def per_step(self) -> tuple[Coefficient, ...]:
        """The largest for each step; one where the game is discounted."""
        steps = dict.fromkeys(e.step for e in self.entries)
        return tuple(self.at(step=h) for h in steps)

    @property
    def value(self) -> float:
        """That of the largest."""
        return self.overall.value

    @property
    def lower(self) -> float:
        """That of the largest."""
        return self.overall.lower

    @property
    def upper(self) -> float:
        """That of the largest."""
        return self.overall.upper

    @property
    def exact(self) -> bool:
        """Whether the largest is known."""
        return self.overall.exact

    @property
    def witness(self) -> Deviation | None:
        """The deviation that attains the lower bound of the largest."""
        return self.overall.witness


def largest(coefficients: Iterable[Coefficient]) -> Coefficient:
    """The maximum of coefficients: the first with the largest lower bound, under the largest upper.

    It is exact where the largest lower bound is also the largest upper bound, even if smaller ones
    are not.
    """
    every = tuple(coefficients)
    found = max(every, key=lambda c: c.lower)
    return replace(found, upper=max(c.upper for c in every))


def _shown(value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:.4g}"
