from typing import Any, TypeVar

from pettingzoo.utils.env import AECEnv, ParallelEnv

AgentID = TypeVar("AgentID")
ObsType = TypeVar("ObsType")

def parallel_to_aec(
    par_env: ParallelEnv[AgentID, ObsType, Any],
) -> AECEnv[AgentID, ObsType, Any]: ...
