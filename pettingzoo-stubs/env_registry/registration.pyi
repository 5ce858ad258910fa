from collections.abc import Callable
from typing import Any, Literal, overload

from pettingzoo.utils.env import AECEnv, ParallelEnv

class EnvSpec: ...

aec_registry: dict[str, EnvSpec]
parallel_registry: dict[str, EnvSpec]

def register(
    env_type: Literal["aec", "parallel"],
    id: str,
    entry_point: Callable[..., Any] | str | None = None,
    *,
    max_cycles: int | None = None,
    kwargs: dict[str, Any] | None = None,
) -> None: ...
@overload
def make(
    env_type: Literal["aec"], id: str | EnvSpec, *, max_cycles: int | None = None, **kwargs: Any
) -> AECEnv[Any, Any, Any]: ...
@overload
def make(
    env_type: Literal["parallel"],
    id: str | EnvSpec,
    *,
    max_cycles: int | None = None,
    **kwargs: Any,
) -> ParallelEnv[Any, Any, Any]: ...
