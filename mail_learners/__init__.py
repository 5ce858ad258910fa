"""Reference learners: the papers' algorithms as compositions of environments and wrappers."""

from mail_learners.cloning import CloneConfig, ClonedPolicy, clone, load_policy
from mail_learners.dqn_explore import ExploreConfig, dqn_explore
from mail_learners.learning import LEARNERS, Options, Result, learn

__all__ = [
    "LEARNERS",
    "CloneConfig",
    "ClonedPolicy",
    "ExploreConfig",
    "Options",
    "Result",
    "clone",
    "dqn_explore",
    "learn",
    "load_policy",
]
