"""Transitions and rewards behind one protocol: dense, sparse, factored and block.

`SparseDynamics` is imported when it is first asked for, because scipy is.
"""

from typing import TYPE_CHECKING

from mail_envs.markov.dynamics.block import BlockDynamics
from mail_envs.markov.dynamics.dense import DenseDynamics
from mail_envs.markov.dynamics.factored import FactoredDynamics
from mail_envs.markov.dynamics.operations import (
    aggregate,
    block_of,
    expected_next_value,
    joint_actions,
    lift,
    push,
    rewards,
    rewards_at,
    step_index,
)
from mail_envs.markov.dynamics.protocol import Dynamics, LatentKernel

if TYPE_CHECKING:
    from mail_envs.markov.dynamics.sparse import SparseDynamics

__all__ = [
    "BlockDynamics",
    "DenseDynamics",
    "Dynamics",
    "FactoredDynamics",
    "LatentKernel",
    "SparseDynamics",
    "aggregate",
    "block_of",
    "expected_next_value",
    "joint_actions",
    "lift",
    "push",
    "rewards",
    "rewards_at",
    "step_index",
]


def __getattr__(name: str) -> object:
    if name == "SparseDynamics":
        from mail_envs.markov.dynamics.sparse import SparseDynamics  # noqa: PLC0415 - scipy is slow to import

        return SparseDynamics
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
