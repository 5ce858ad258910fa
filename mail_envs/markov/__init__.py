"""Finite Markov games: models, what is exactly true of them, and their environments."""

from mail_envs.markov.best_response import cce_gap, published_nash_gap
from mail_envs.markov.correlated import CorrelatedEquilibrium, coarse_correlated_equilibrium
from mail_envs.markov.coverage import (
    Coefficient,
    Coefficients,
    Concentrability,
    Deviation,
    concentrability,
)
from mail_envs.markov.dynamics import BlockDynamics, DenseDynamics, Dynamics, FactoredDynamics
from mail_envs.markov.equilibrium import Equilibrium, ShapleyValues, shapley_iteration, solve
from mail_envs.markov.features import (
    FunctionFeatures,
    OneHotFeatures,
    StateFeatures,
    TableFeatures,
    feature_blocks,
    feature_vectors,
    marginalised_features,
)
from mail_envs.markov.linear import LinearMarkovGame
from mail_envs.markov.linearity import LinearityResidual, joint_residual, player_residual
from mail_envs.markov.matrix_game import MatrixSolution, matrix_game_values, solve_matrix_games
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import TabularPolicy

__all__ = [
    "BlockDynamics",
    "Coefficient",
    "Coefficients",
    "Concentrability",
    "CorrelatedEquilibrium",
    "DenseDynamics",
    "Deviation",
    "Dynamics",
    "Equilibrium",
    "FactoredDynamics",
    "FunctionFeatures",
    "LinearMarkovGame",
    "LinearityResidual",
    "MarkovGame",
    "MatrixSolution",
    "OneHotFeatures",
    "ShapleyValues",
    "StateFeatures",
    "TableFeatures",
    "TabularPolicy",
    "cce_gap",
    "coarse_correlated_equilibrium",
    "concentrability",
    "feature_blocks",
    "feature_vectors",
    "joint_residual",
    "marginalised_features",
    "matrix_game_values",
    "player_residual",
    "published_nash_gap",
    "shapley_iteration",
    "solve",
    "solve_matrix_games",
]
