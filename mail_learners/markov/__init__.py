"""Learners of Markov games, as plain functions on games and experts given as arrays.

| function | gathers | clones |
|---|---|---|
| `bc_tabular` | experts among themselves | frequencies |
| `bc_linear` | experts among themselves | log-linear |
| `uniform_bc` | a uniform explorer among experts | log-linear |
| `lsvi_ucb_zero_bc` | an LSVI explorer among experts | log-linear |
| `mail_warm` | an explorer with an empirical model among experts | frequencies |
| `mail_bro` | where best responses lead, online | mirror descent |
| `murmail` | where the clone is most uncertain, online | mirror descent |

The first five are compositions of a way to gather episodes (`expert_episodes`, `uniform_episodes`,
`lsvi_episodes`, `warm_episodes`) and a way to clone (`tabular_clones`, `linear_clones`); the first
k episodes of a longer run are a run of k, so one run gives a whole curve.

Every function takes `rng`, and the same generator gives the same result. A **query** is one expert
move asked for. Torch is not needed here.
"""

from mail_learners.markov.bro import mail_bro
from mail_learners.markov.episodes import Episodes, MarkovDemonstrations, demonstrations_of
from mail_learners.markov.feature_blocks import FeatureBlocks, player_features
from mail_learners.markov.log_linear import CloneOptions, bc_linear, linear_clones
from mail_learners.markov.lsvi import LsviOptions, lsvi_episodes, lsvi_ucb_zero_bc
from mail_learners.markov.max_uncertainty import MurmailOptions, murmail
from mail_learners.markov.mirror import MirrorOptions, MirrorRecord, OnlineImitation
from mail_learners.markov.play import expert_episodes, uniform_episodes
from mail_learners.markov.results import Clones, Imitation, first_games
from mail_learners.markov.tabular import bc_tabular, tabular_clones
from mail_learners.markov.uniform import uniform_bc
from mail_learners.markov.warm import mail_warm, warm_episodes

__all__ = [
    "CloneOptions",
    "Clones",
    "Episodes",
    "FeatureBlocks",
    "Imitation",
    "LsviOptions",
    "MarkovDemonstrations",
    "MirrorOptions",
    "MirrorRecord",
    "MurmailOptions",
    "OnlineImitation",
    "bc_linear",
    "bc_tabular",
    "demonstrations_of",
    "expert_episodes",
    "first_games",
    "linear_clones",
    "lsvi_episodes",
    "lsvi_ucb_zero_bc",
    "mail_bro",
    "mail_warm",
    "murmail",
    "player_features",
    "tabular_clones",
    "uniform_bc",
    "uniform_episodes",
    "warm_episodes",
]
