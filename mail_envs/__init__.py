"""Games whose every truth can be computed, seen through Gymnasium and PettingZoo.

Importing this package registers its environments with both libraries. Markov games
(`mail_envs.markov`, `mail_envs.solve`) are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mail_envs.board.best_response import PositionPolicy
from mail_envs.experts import PerfectExpert
from mail_envs.registration import register_environments
from mail_envs.truth import BestResponse, NashGap, best_response, loss_probability, nash_gap

if TYPE_CHECKING:
    from mail_envs.markov import solve

__all__ = [
    "BestResponse",
    "NashGap",
    "PerfectExpert",
    "PositionPolicy",
    "best_response",
    "loss_probability",
    "nash_gap",
    "solve",
]

__version__ = "0.1.0"

register_environments()


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type of what is asked for
    """Import `mail_envs.markov`, or what stands here for it, on first use."""
    if name in ("markov", "solve"):
        markov = import_module("mail_envs.markov")
        return markov if name == "markov" else markov.solve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
