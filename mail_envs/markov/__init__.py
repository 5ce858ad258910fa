"""Finite Markov games: models, what is exactly true of them, and their environments."""

from mail_envs.markov.dynamics import BlockDynamics, DenseDynamics, Dynamics, FactoredDynamics
from mail_envs.markov.linear import LinearMarkovGame
from mail_envs.markov.model import MarkovGame

__all__ = [
    "BlockDynamics",
    "DenseDynamics",
    "Dynamics",
    "FactoredDynamics",
    "LinearMarkovGame",
    "MarkovGame",
]
