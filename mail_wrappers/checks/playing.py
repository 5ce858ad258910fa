"""Random legal play of anybody's environments, reproducible without their help."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import UnknownAgentError
from mail_envs.protocols import Mask, Observations
from mail_wrappers.checks.contract import require, told
from mail_wrappers.options import array_of, check_multi_agent, check_whole
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.told import check_info

__all__ = ["Chooser", "decisions_of", "flat_mask", "mask_of"]


class Chooser:
    """Random legal actions of one space: uniform over a mask, otherwise as the space samples.

    The space is copied before it is seeded, so that an environment's own stays as it is.
    """

    def __init__(self, space: spaces.Space[Any], *, seed: int) -> None:
        self._space = deepcopy(space)
        self._space.seed(seed)
        self._rng = np.random.default_rng(seed)

    def __call__(self, mask: Any = None) -> Any:
        """Draw an action; `mask` as the environment gives it, or None."""
        if mask is None:
            return self._space.sample()
        if isinstance(self._space, spaces.Discrete):
            legal = np.flatnonzero(mask)
            require(len(legal), "action mask", "a legal action", mask)
            return int(self._space.start) + int(self._rng.choice(legal))
        return self._space.sample(mask=mask)


def mask_of(observation: Any, info: Mapping[str, Any]) -> Any:
    """The action mask where it stands, in the observation or in the info; None without one."""
    check_info(info, "an agent")
    if isinstance(observation, Mapping) and "action_mask" in observation:
        return observation["action_mask"]
    return info.get("action_mask")


def flat_mask(mask: Any, space: spaces.Space[Any], where: str) -> NDArray[Any] | None:
    """The mask of a discrete space, `(A,)` of 0 and 1, checked; None for other spaces."""
    if not isinstance(space, spaces.Discrete):
        return None
    with told(where, "an action mask"):
        flags = np.asarray(mask)
    shape = (int(space.n),)
    require(flags.shape == shape, where, f"an action mask of shape {shape}", flags.shape)
    require(np.isin(flags, (0, 1)).all(), where, "an action mask of 0 and 1", flags.tolist())
    return flags


def decisions_of(
    env: MultiAgentEnv, agent: str, count: int, *, seed: int
) -> tuple[Observations, Mask]:
    """The first `count` decisions of an agent in random play: `(count, ...)` and `(count, A)`.

    Where infos hold an `expert_observation`, it stands for the observation: it is what the
    environment says that experts have to be asked about.

    Raises:
        UnknownAgentError: an agent that the environment does not have.
        ContractError: no decision of the agent in as many episodes.
    """
    check_multi_agent(env)
    check_whole("positions", count, least=1)
    seed = check_whole("seed", seed, least=0)
    if not isinstance(agent, str) or agent not in env.possible_agents:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UnknownAgentError(f"agent: expected one of {env.possible_agents}, came {agent!r}")
    observations: list[Any] = []
    masks: list[Any] = []
    for episode in range(count):
        for name, seen, info in _decisions(env, seed + episode):
            if name == agent and len(masks) < count:
                check_info(info, name)
                bare = seen.get("observation", seen) if isinstance(seen, Mapping) else seen
                asked = info.get("expert_observation", bare)
                observations.append(array_of(f"observation of {name}", asked).copy())
                masks.append(_legal(env, name, mask_of(seen, info)))
        if len(masks) == count:
            break
    require(masks, f"{count} episodes of random play", f"decisions of {agent}", "none")
    return np.stack(observations), np.stack(masks)


def _legal(env: MultiAgentEnv, agent: str, mask: Any) -> NDArray[np.int8]:
    space = env.action_space(agent)
    with told(f"the action space of {agent}", "Discrete"):
        count = int(space.n)  # pyright: ignore[reportAttributeAccessIssue]
    if mask is None:
        return np.ones(count, np.int8)
    with told(f"the action mask of {agent}", f"({count},) of 0 and 1"):
        return np.array(mask, dtype=np.int8).reshape(count)


Decision = tuple[str, Any, Mapping[str, Any]]
"""An agent, what it sees, and its info."""


def _decisions(env: MultiAgentEnv, seed: int) -> Iterator[Decision]:
    """Every decision of one episode of random legal play."""
    names = enumerate(env.possible_agents)
    choosers = {name: Chooser(env.action_space(name), seed=seed + i) for i, name in names}
    if isinstance(env, ParallelEnv):
        yield from _parallel_decisions(env, choosers, seed)
    else:
        yield from _aec_decisions(env, choosers, seed)


def _aec_decisions(
    env: AECEnv[str, Any, Any], choosers: dict[str, Chooser], seed: int
) -> Iterator[Decision]:
    env.reset(seed=seed)
    while env.agents:
        name = str(env.agent_selection)
        seen, _, terminated, truncated, info = env.last()
        if terminated or truncated:
            env.step(None)
            continue
        yield name, seen, info
        env.step(choosers[name](mask_of(seen, info)))


def _parallel_decisions(
    env: ParallelEnv[str, Any, Any], choosers: dict[str, Chooser], seed: int
) -> Iterator[Decision]:
    seen, infos = env.reset(seed=seed)
    while env.agents:
        for name in env.agents:
            yield name, seen[name], infos[name]
        actions = {a: choosers[a](mask_of(seen[a], infos[a])) for a in env.agents}
        seen, _, _, _, infos = env.step(actions)
