"""Games whose every truth can be computed, seen through Gymnasium and PettingZoo.

Importing this package registers its environments with both libraries.
"""

from mail_envs.board.best_response import PositionPolicy
from mail_envs.experts import PerfectExpert
from mail_envs.markov import solve
from mail_envs.registration import register_environments
from mail_envs.truth import BestResponse, NashGap, best_response, loss_probability, nash_gap

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
