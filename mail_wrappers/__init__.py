"""Wrappers that turn any multi-agent environment into an interactive imitation task."""

from mail_wrappers.agents import AgentsVectorEnv
from mail_wrappers.batch import SingleAgentVectorEnv
from mail_wrappers.budget import CountedExpert, QueryBudget
from mail_wrappers.decisions import Decisions
from mail_wrappers.demonstrations import Demonstrations
from mail_wrappers.fixed_horizon import FixedHorizon
from mail_wrappers.flat import FlatObservation, VectorFlatObservation
from mail_wrappers.imitation import (
    GameReward,
    ImitationReward,
    SquaredDistanceReward,
    WeightedSum,
)
from mail_wrappers.labels import ExpertLabels
from mail_wrappers.mixing import ExponentialMix, LinearMix, MixedPlay
from mail_wrappers.novelty import NoveltyReward
from mail_wrappers.opening import RandomOpening
from mail_wrappers.players import ModelPlayer
from mail_wrappers.query_log import QueryLog
from mail_wrappers.recorded_play import record
from mail_wrappers.recording import RecordDemonstrations
from mail_wrappers.rewards import PricedReward, RewardSource, Transitions
from mail_wrappers.self_play import SelfPlayEnv
from mail_wrappers.single_agent import SingleAgentEnv
from mail_wrappers.vector_labels import VectorExpertLabels
from mail_wrappers.vector_mixing import VectorMixedPlay
from mail_wrappers.vector_rewards import VectorPricedReward

__all__ = [
    "AgentsVectorEnv",
    "CountedExpert",
    "Decisions",
    "Demonstrations",
    "ExpertLabels",
    "ExponentialMix",
    "FixedHorizon",
    "FlatObservation",
    "GameReward",
    "ImitationReward",
    "LinearMix",
    "MixedPlay",
    "ModelPlayer",
    "NoveltyReward",
    "PricedReward",
    "QueryBudget",
    "QueryLog",
    "RandomOpening",
    "RecordDemonstrations",
    "RewardSource",
    "SelfPlayEnv",
    "SingleAgentEnv",
    "SingleAgentVectorEnv",
    "SquaredDistanceReward",
    "Transitions",
    "VectorExpertLabels",
    "VectorFlatObservation",
    "VectorMixedPlay",
    "VectorPricedReward",
    "WeightedSum",
    "record",
]
