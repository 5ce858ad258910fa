"""The library of games: functions that return models, each with the failure that it exposes.

================  ====================  ==================================================
game              steps                 known exactly
================  ====================  ==================================================
random_game       γ = 0.9               nothing in advance
random_linear     H = 5                 linear in joint φ, rank ≤ d
block_linear      H = 5                 log-linear equilibrium in φ_i = one-hot(z, a_i)
additive_linear   H = 5                 pure equilibrium, log-linear in each player's own φ_i
independent_…     H = 5                 pure equilibrium of n players
low_rank          H = 5                 linear in hidden φ, rank ≤ d
grid_game         γ = 0.9               published experts, reach, gaps
chain_of_despair  γ = 0.9               exploitability in closed form
lower_bound       γ = 0.9               gap in closed form, any concentrability
================  ====================  ==================================================

Generated games take a seed; the same seed is the same game everywhere (`draws`). Experts are those
of `mail_envs.solve`, which is exact for every game here with a horizon or zero sum; grid, chain and
lower bounds have published or closed-form ones beside it.
"""

from mail_envs.markov.library.additive import additive_features, additive_linear
from mail_envs.markov.library.block import block_linear
from mail_envs.markov.library.bounds import Dial, dial, lower_bound, lower_bound_experts
from mail_envs.markov.library.chain import chain_experts, chain_of_despair
from mail_envs.markov.library.grid import grid_experts, grid_game
from mail_envs.markov.library.grid_features import grid_features
from mail_envs.markov.library.hidden import low_rank, low_rank_features, rich_observations
from mail_envs.markov.library.independent import independent_linear
from mail_envs.markov.library.linear import linear_features, random_linear
from mail_envs.markov.library.named import named_features
from mail_envs.markov.library.tabular import random_game

__all__ = [
    "Dial",
    "additive_features",
    "additive_linear",
    "block_linear",
    "chain_experts",
    "chain_of_despair",
    "dial",
    "grid_experts",
    "grid_features",
    "grid_game",
    "independent_linear",
    "linear_features",
    "low_rank",
    "low_rank_features",
    "lower_bound",
    "lower_bound_experts",
    "named_features",
    "random_game",
    "random_linear",
    "rich_observations",
]
