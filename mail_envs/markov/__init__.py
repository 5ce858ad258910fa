"""Finite Markov games: models, what is exactly true of them, and their environments."""

from mail_envs.markov.best_response import cce_gap, published_nash_gap
from mail_envs.markov.dynamics import BlockDynamics, DenseDynamics, Dynamics, FactoredDynamics
from mail_envs.markov.linear import LinearMarkovGame
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import TabularPolicy

__all__ = [
    "BlockDynamics",
    "DenseDynamics",
    "Dynamics",
    "FactoredDynamics",
    "LinearMarkovGame",
    "MarkovGame",
    "TabularPolicy",
    "cce_gap",
    "published_nash_gap",
]
