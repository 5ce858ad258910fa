"""What wrappers do at a question that the budget does not grant."""

from typing import Any, Literal

from mail_envs.errors import BudgetExhaustedError, UnknownNameError
from mail_wrappers.budget import QueryBudget

__all__ = ["Spent", "check_word", "cut_short", "spent_error"]

Spent = Literal["error", "truncate"]
"""Raise `BudgetExhaustedError`, or truncate the episode with `info["budget_spent"]`."""


def spent_error(who: str, budget: QueryBudget) -> BudgetExhaustedError:
    """The error of a question that the budget does not grant."""
    left = f"all {budget.limit} are spent"
    if budget.remaining:
        left = f"{budget.remaining} of {budget.limit} are left, less than it costs"
    return BudgetExhaustedError(f"{who}: expected a question left, {left}")


def cut_short(
    observation: Any, info: dict[str, Any]
) -> tuple[Any, float, bool, bool, dict[str, Any]]:
    """A step that plays nothing and truncates where the agent stands, the budget being spent."""
    return observation, 0.0, False, True, {**info, "budget_spent": True}


def check_word(name: str, word: str, known: tuple[str, ...]) -> None:
    """Refuse a word that is not among the known ones.

    Raises:
        UnknownNameError: such a word.
    """
    if word not in known:
        raise UnknownNameError(f"{name}: expected one of {known}, came {word!r}")
