"""Wrappers that turn any multi-agent environment into an interactive imitation task."""

from mail_wrappers.budget import CountedExpert, QueryBudget
from mail_wrappers.decisions import Decisions
from mail_wrappers.demonstrations import Demonstrations
from mail_wrappers.labels import ExpertLabels
from mail_wrappers.novelty import NoveltyReward
from mail_wrappers.recording import RandomOpening, RecordDemonstrations
from mail_wrappers.rewards import PricedReward, RewardSource, Transitions
from mail_wrappers.single_agent import SingleAgentEnv

__all__ = [
    "CountedExpert",
    "Decisions",
    "Demonstrations",
    "ExpertLabels",
    "NoveltyReward",
    "PricedReward",
    "QueryBudget",
    "RandomOpening",
    "RecordDemonstrations",
    "RewardSource",
    "SingleAgentEnv",
    "Transitions",
]
