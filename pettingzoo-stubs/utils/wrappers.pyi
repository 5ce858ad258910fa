from typing import Any

from pettingzoo.utils.env import ActionType, AECEnv, AgentID, ObsType, ParallelEnv

class BaseWrapper(AECEnv[AgentID, ObsType, ActionType]):
    env: AECEnv[AgentID, ObsType, ActionType]

    def __init__(self, env: AECEnv[AgentID, ObsType, ActionType]) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class BaseParallelWrapper(ParallelEnv[AgentID, ObsType, ActionType]):
    env: ParallelEnv[AgentID, ObsType, ActionType]

    def __init__(self, env: ParallelEnv[AgentID, ObsType, ActionType]) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
