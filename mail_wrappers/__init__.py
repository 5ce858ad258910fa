"""Wrappers that turn any multi-agent environment into an interactive imitation task."""

from mail_wrappers.agents import AgentsVectorEnv
from mail_wrappers.batch import SingleAgentVectorEnv
from mail_wrappers.budget import CountedExpert, QueryBudget
from mail_wrappers.demonstrations import Demonstrations
from mail_wrappers.labels import ExpertLabels
from mail_wrappers.novelty import NoveltyReward
from mail_wrappers.players import ModelPlayer
from mail_wrappers.recording import RandomOpening, RecordDemonstrations
from mail_wrappers.rewards import PricedReward, RewardSource, Transitions
from mail_wrappers.self_play import SelfPlayEnv
from mail_wrappers.single_agent import SingleAgentEnv

__all__ = [
    "AgentsVectorEnv",
    "CountedExpert",
    "Demonstrations",
    "ExpertLabels",
    "ModelPlayer",
    "NoveltyReward",
    "PricedReward",
    "QueryBudget",
    "RandomOpening",
    "RecordDemonstrations",
    "RewardSource",
    "SelfPlayEnv",
    "SingleAgentEnv",
    "SingleAgentVectorEnv",
    "Transitions",
]
