r"""Optimistic planning without rewards, and the choice among actions that look alike.

An explorer without rewards plans for its own uncertainty: with a bonus `b_h(s, a)`, what it is paid
`p_h = p(b_h)` for meeting it, and a cap `c_h`,

.. math:: Q_h(s, a) = \min\{\hat E[V_{h+1}](s, a) + p_h(s, a),\; c_h\}, \qquad
          V_h(s) = \max_a Q_h(s, a), \qquad V_H = 0,

and then plays greedily. At the cap all actions look alike, and what is done about it decides what
the explorer sees: with the published constants nearly all of Q is at the cap, and an explorer that
breaks ties uniformly is a random walk. **Ties** therefore go to the largest bonus by default
(unclipped), and only remaining ones are broken uniformly.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray
from mail_learners.markov.regression import Regression

__all__ = ["TIE", "Bonus", "Planner", "Ties"]

TIE = 1e-9
"""Two values are alike if they differ by no more than this, relative to the larger."""

Ties = Literal["bonus", "published"]
"""`bonus`: towards the largest bonus; `published`: uniform among the greedy actions."""


class Bonus(Protocol):
    """How uncertainty is priced."""

    def size(self, widths: FloatArray) -> FloatArray:
        """b, unclipped: any shape `‖φ‖²_{Λ⁻¹}` → the same shape."""
        ...

    def pay(self, bonus: FloatArray) -> FloatArray:
        """p(b)."""
        ...

    def cap(self, h: int) -> float:
        """c_h."""
        ...


@dataclass
class Planner:
    """One explorer's plan; mutable.

    Args:
        regression: what it learns transitions by.
        bonus: how it prices uncertainty.
        steps: H.
        ties: the rule among equals.
    """

    regression: Regression
    bonus: Bonus
    steps: int
    ties: Ties = "bonus"

    def __post_init__(self) -> None:
        self._q = self._bonus = np.zeros((self.steps, 0, 0))
        self._planned = [0] * self.steps

    def plan(self) -> None:
        """Backward induction over every row visited so far."""
        regression, n = self.regression, self.regression.size
        self._bonus = self.bonus.size(regression.widths())
        self._q = self.bonus.pay(self._bonus)  # h row a
        values = np.zeros(n)
        for h in reversed(range(self.steps)):
            regression.fit(h, values)
            q = self._q[h]
            q += regression.predict(h, slice(n))
            np.minimum(q, self.bonus.cap(h), out=q)
            values = _highest(q)
            self._planned[h] = regression.rows_at(h)

    def choose(self, h: int, state: int, *, rng: np.random.Generator) -> tuple[int, int]:
        """The row of a state at step h, and the action to take there.

        One uniform number is drawn, whether or not there is a tie.
        """
        row = self.regression.row(h, state)
        if row < self._planned[h]:
            worth, bonus = self._q[h, row].tolist(), self._bonus[h, row].tolist()
        else:
            worth, bonus = self._price(h, row)
        return row, self._greedy(worth, bonus, self.bonus.cap(h), rng.random())

    def record(self, rows: IntArray, actions: IntArray) -> None:
        """Learn from one episode: `(H,)` rows and own actions."""
        self.regression.record(rows, actions)

    def _price(self, h: int, row: int) -> tuple[list[float], list[float]]:
        """Q and b of a row that was first visited after the plan was made."""
        bonus = self.bonus.size(self.regression.width(h, row))
        q = self.bonus.pay(bonus) + self.regression.predict(h, slice(row, row + 1))[0]
        return np.minimum(q, self.bonus.cap(h)).tolist(), bonus.tolist()

    def _greedy(self, worth: list[float], bonus: list[float], cap: float, draw: float) -> int:
        best = max(worth) - TIE * cap
        alike = [a for a, w in enumerate(worth) if w >= best]
        if len(alike) > 1 and self.ties == "bonus":
            largest = max(bonus[a] for a in alike) * (1 - TIE)
            alike = [a for a in alike if bonus[a] >= largest]
        return alike[int(draw * len(alike))]


def _highest(q: FloatArray) -> FloatArray:
    """max_a: `(n, A)` → `(n,)`; one action at a time, which is faster along a short axis."""
    values = q[:, 0].copy()
    for action in range(1, q.shape[1]):
        np.maximum(values, q[:, action], out=values)
    return values
