"""Finite Markov games: models, what is exactly true of them, and their environments."""

from mail_envs.markov.best_response import cce_gap, published_nash_gap
from mail_envs.markov.correlated import CorrelatedEquilibrium, coarse_correlated_equilibrium
from mail_envs.markov.dynamics import BlockDynamics, DenseDynamics, Dynamics, FactoredDynamics
from mail_envs.markov.equilibrium import Equilibrium, ShapleyValues, shapley_iteration, solve
from mail_envs.markov.linear import LinearMarkovGame
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import TabularPolicy

__all__ = [
    "BlockDynamics",
    "CorrelatedEquilibrium",
    "DenseDynamics",
    "Dynamics",
    "Equilibrium",
    "FactoredDynamics",
    "LinearMarkovGame",
    "MarkovGame",
    "ShapleyValues",
    "TabularPolicy",
    "cce_gap",
    "coarse_correlated_equilibrium",
    "published_nash_gap",
    "shapley_iteration",
    "solve",
]
