"""Checks of what counts and limits questions."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from mail_envs.errors import ContractError
from mail_wrappers.checks.contract import require
from mail_wrappers.options import check_callable, check_whole

__all__ = ["Budget", "check_budget"]


class Budget(Protocol):
    """What grants questions; `mail_wrappers.QueryBudget` is one."""

    @property
    def used(self) -> int:
        """The questions granted so far."""
        ...

    @property
    def remaining(self) -> int | None:
        """The questions left; None for no limit."""
        ...

    def reserve(self, questions: int) -> int:
        """Take up to `questions`; returns how many are granted."""
        ...


def check_budget(make_budget: Callable[[int | None], Budget], *, seed: int = 0) -> None:
    """Check that a budget grants exactly its limit, whatever it is asked for.

    Every call grants what is asked or else what is left; `used` and `remaining` add up to the
    limit; refusals cost nothing; without a limit everything is granted and counted.

    Args:
        make_budget: limit, or None → a budget.
        seed: of the sizes of the questions.

    Raises:
        ContractError: the first promise that is broken.
    """
    check_callable("make_budget", make_budget)
    rng = np.random.default_rng(check_whole("seed", seed, least=0))
    for limit in (0, 1, 7, 100, None):
        budget, used = make_budget(limit), 0
        for name in ("reserve", "used", "remaining"):
            require(hasattr(budget, name), f"budget of {limit}", f"a budget with {name}", budget)
        for call, questions in enumerate([0, *rng.integers(0, 12, size=40).tolist()]):
            where = f"budget of {limit}, call {call} for {questions} with {used} used"
            due = questions if limit is None else min(questions, limit - used)
            granted = budget.reserve(questions)
            used += due
            require(granted == due, where, f"{due} granted", granted)
            require(budget.used == used, where, f"used = {used} afterwards", budget.used)
            left = None if limit is None else limit - used
            require(budget.remaining == left, where, f"remaining = {left}", budget.remaining)
        _refuses_negative(budget, f"budget of {limit}, a call for -1")


def _refuses_negative(budget: Budget, where: str) -> None:
    before = budget.used
    try:
        granted = budget.reserve(-1)
    except ValueError:
        require(budget.used == before, where, f"used = {before} afterwards", budget.used)
        return
    raise ContractError(f"{where}: expected a ValueError, came {granted!r} granted")
