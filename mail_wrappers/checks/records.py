"""Checks of demonstrations: that an environment could have brought them forth."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.protocols.asking import SUM_TOLERANCE
from mail_wrappers.checks.contract import inside, require
from mail_wrappers.options import check_multi_agent, check_whole
from mail_wrappers.others import MultiAgentEnv

__all__ = ["check_demonstrations"]


class Recorded(Protocol):
    """Decisions by agent; `mail_wrappers.Demonstrations` are such."""

    @property
    def agent_names(self) -> Sequence[str]:
        """The agents."""
        ...

    def of(self, agent: str, /) -> Any:
        """The columns of one agent's decisions."""
        ...


def check_demonstrations(
    demonstrations: Recorded, env: MultiAgentEnv, *, most_rows: int = 1000
) -> None:
    """Check that demonstrations are decisions of an environment's agents.

    Observations and actions lie in the agents' spaces; every action is one that its mask allows;
    no two decisions of an agent stand at the same step of an episode; experts' distributions, where
    they are kept, are distributions over legal actions; rewards are finite.

    Args:
        demonstrations: decisions by agent.
        env: the PettingZoo environment that they are said to come from.
        most_rows: how many rows of an agent are held against its spaces, evenly spread.

    Raises:
        ContractError: the first promise that is broken, with the agent and the row.
    """
    check_multi_agent(env)
    check_whole("most_rows", most_rows, least=0)
    for name in ("agent_names", "of"):
        require(hasattr(demonstrations, name), "demonstrations", f"{name}", demonstrations)
    for agent in demonstrations.agent_names:
        known = list(env.possible_agents)
        require(agent in known, "agent_names", f"agents among {known}", agent)
        each = demonstrations.of(agent)
        space = _bare(env.observation_space(agent))
        count = len(each.actions)
        for row in np.unique(np.linspace(0, count - 1, min(count, most_rows)).astype(np.int64)):
            where = f"{agent}, row {row}"
            inside(space, _row(each.observations, int(row)), f"{where}, observation")
            inside(env.action_space(agent), each.actions[row], f"{where}, action")
        _check_masks(each, env.action_space(agent), agent)
        _check_places(each, agent)
        rewards = getattr(each, "rewards", None)
        if rewards is not None:
            off = np.flatnonzero(~np.isfinite(rewards))
            require(not len(off), f"{agent}, rewards", "finite numbers", f"others: rows {off[:3]}")


def _bare(space: spaces.Space[Any]) -> spaces.Space[Any]:
    """What is observed beside the mask."""
    if not isinstance(space, spaces.Dict):
        return space
    parts = {key: part for key, part in space.items() if key != "action_mask"}
    return parts["observation"] if set(parts) == {"observation"} else spaces.Dict(parts)


def _row(column: Any, row: int) -> Any:
    if isinstance(column, Mapping):
        return {key: _row(part, row) for key, part in column.items()}
    return column[row]


def _check_masks(each: Any, space: spaces.Space[Any], agent: str) -> None:
    if each.action_masks is None or not isinstance(space, spaces.Discrete):
        return
    masks, actions = np.asarray(each.action_masks), np.asarray(each.actions) - int(space.start)
    shape = (len(actions), int(space.n))
    require(masks.shape == shape, f"{agent}, action masks", f"shape {shape}", masks.shape)
    illegal = np.flatnonzero(masks[np.arange(len(actions)), actions] == 0)
    came = [int(each.actions[row]) for row in illegal[:1]]
    require(not len(illegal), f"{agent}, row {illegal[:1]}", "an action that its mask allows", came)
    table = getattr(each, "distributions", None)
    if table is not None:
        _check_table(np.asarray(table), masks, agent)


def _check_table(table: NDArray[Any], masks: NDArray[Any], agent: str) -> None:
    where = f"{agent}, distributions"
    require(table.shape == masks.shape, where, f"shape {masks.shape}", table.shape)
    legal = (table >= 0).all(axis=1) & (table[masks == 0] == 0).all()
    wrong = np.flatnonzero(~legal | (np.abs(table.sum(axis=1) - 1) > SUM_TOLERANCE))
    require(not len(wrong), where, "distributions over legal actions", f"others: rows {wrong[:3]}")


def _check_places(each: Any, agent: str) -> None:
    places = np.stack([each.episodes, each.steps], axis=1)
    require((places >= 0).all(), f"{agent}, episodes and steps", "numbers of at least 0", "others")
    _, first, counts = np.unique(places, axis=0, return_index=True, return_counts=True)
    again = first[counts > 1]
    came = f"more: {places[again[:1]].tolist()}"
    require(not len(again), f"{agent}, episode and step", "one decision at each", came)
