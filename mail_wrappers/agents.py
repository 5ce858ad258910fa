"""Parameter sharing: the agents of one parallel environment as the rows of a vector environment."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space, create_empty_array, iterate
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from mail_envs.errors import (
    AbsentAgentError,
    EpisodeOverError,
    InvalidOptionError,
    MissingTruthError,
)
from mail_wrappers.moves import checked_move, mask_of, mask_width
from mail_wrappers.options import check_mapping, check_seed
from mail_wrappers.seats import MOST_SKIPPED, check_equal_spaces
from mail_wrappers.told import actions_of, batched, reward_of

if TYPE_CHECKING:
    from gymnasium import spaces

__all__ = ["AgentsVectorEnv"]

Flags = NDArray[np.bool_]


class AgentsVectorEnv(VectorEnv[Any, Any, Any]):
    """All agents of a parallel environment, a row each: one policy learns from every seat.

    Rows are `env.possible_agents`, in this order. The environment begins anew in the step in which
    its last agent is done (`AutoresetMode.SAME_STEP`): `infos["final_obs"]` and
    `infos["final_info"]` hold what the rows saw at the end.

    `infos["active"]` `(B,)` bool says which rows move next. A row whose agent is done before the
    others, or has not joined yet, waits: its action is not looked at, its reward is what the
    environment still pays it, as a rule 0, its mask is all ones and its observation the last one
    (zeros before the first). Its waiting is an episode of its own, which terminates when the agent
    joins or the environment begins anew, so that no value flows from one episode into the next. An
    agent that sits out, unlisted but not done, waits within its episode.

    Args:
        env: a PettingZoo parallel environment whose agents have equal spaces.

    Raises:
        InvalidOptionError: no parallel environment, or one without agents.
        ShapeError: agents of different spaces.
    """

    def __init__(self, env: ParallelEnv[str, Any, Any]) -> None:
        super().__init__()
        self.env: ParallelEnv[str, Any, Any] = _parallel(env)
        self.agents: tuple[str, ...] = tuple(env.possible_agents)
        check_equal_spaces(env, self.agents, "env")
        self.num_envs: int = len(self.agents)
        self.single_observation_space: spaces.Space[Any] = env.observation_space(self.agents[0])
        self.single_action_space: spaces.Space[Any] = env.action_space(self.agents[0])
        self.observation_space: spaces.Space[Any] = batch_space(
            self.single_observation_space, self.num_envs
        )
        self.action_space: spaces.Space[Any] = batch_space(self.single_action_space, self.num_envs)
        self.render_mode: str | None = getattr(env, "render_mode", None)
        known = getattr(env, "metadata", {})
        self.metadata: dict[str, Any] = {
            "render_modes": list(known.get("render_modes", [])),
            "render_fps": known.get("render_fps", 1),
            "autoreset_mode": AutoresetMode.SAME_STEP,
        }
        self._width = mask_width(self.single_action_space)
        nothing = create_empty_array(self.single_observation_space, self.num_envs)
        self._nothing = list(iterate(self.observation_space, nothing))
        self._begun = False
        self._active = np.zeros(self.num_envs, dtype=np.bool_)
        self._playing = np.zeros(self.num_envs, dtype=np.bool_)  # active, or sitting out
        self._shown: list[Any] = []
        self._masks: list[Any] = []

    # ---- Gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode of the environment, with this seed and options.

        Raises:
            AbsentAgentError: no agent in any of many episodes.
            InvalidOptionError: a seed that is no integer of at least 0.
        """
        check_mapping("options", options)
        told = self._begin(check_seed("seed", seed), options)
        return self._batched(self._shown), self._infos({}, told)

    def step(self, actions: Any) -> tuple[Any, NDArray[np.float64], Flags, Flags, dict[str, Any]]:
        """Play the actions of all active rows at once.

        Raises:
            EpisodeOverError: before the first reset.
            ShapeError: another number of actions than rows.
            IllegalActionError: an active row's action outside the space or its mask; nobody moves.
        """
        if not self._begun:
            raise EpisodeOverError("step: no episode has begun; call reset()")
        seen, paid, terminations, truncations, told = self.env.step(self._joint(actions))
        rewards = np.array([reward_of(paid.get(agent, 0.0), agent) for agent in self.agents])
        terminated = self._flags(terminations) & self._playing
        truncated = self._flags(truncations) & self._playing
        joined = self._listed() & ~self._playing
        over = not self.env.agents
        terminated |= joined | (over & ~truncated)
        ended = terminated | truncated
        finals = [
            self._shown[row] if joined[row] else self._look(row, seen, told, waits=True)[0]
            for row in range(self.num_envs)
        ]
        infos: dict[str, Any] = {}
        for row in np.flatnonzero(ended).tolist():
            final = {"final_obs": finals[row], "final_info": dict(told.get(self.agents[row], {}))}
            infos = self._add_info(infos, final, row)
        if over:
            told = self._begin(None, None)
        else:
            self._playing = (self._playing & ~ended) | self._listed()
            self._see(seen, told)
        told = self._infos(infos, told)
        return self._batched(self._shown), rewards, terminated, truncated, told

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(B, A)` bool; all True for rows that wait.

        Raises:
            MissingTruthError: an environment without masks.
        """
        known = next((mask for mask in self._masks if mask is not None), None)
        if known is None:
            raise MissingTruthError(f"action_masks: {self.env} provides no action mask")
        everything = np.ones_like(known)
        rows = [everything if mask is None else mask for mask in self._masks]
        return np.stack(rows).astype(np.bool_)

    def render(self) -> tuple[Any, ...]:
        """What the environment renders, the same for every row."""
        return (self.env.render(),) * self.num_envs

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environment."""
        del kwargs
        self.env.close()

    # ---- parts

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> Mapping[str, Any]:
        """Begin an episode of the environment that has agents; what they are told."""
        self._begun = False
        for _ in range(MOST_SKIPPED):
            seen, told = self.env.reset(seed=seed, options=options)
            if self.env.agents:
                self._shown = list(self._nothing)
                self._playing = self._listed()
                self._see(seen, told)
                self._begun = True
                return told
            seed = None
        raise AbsentAgentError(
            f"reset: expected an agent in one of {MOST_SKIPPED} episodes of {self.env}, came none"
        )

    def _see(self, seen: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        """Keep what every row is shown and may do next."""
        self._active = self._listed()
        looks = [
            self._look(row, seen, told, waits=not active)
            for row, active in enumerate(self._active.tolist())
        ]
        self._shown = [observation for observation, _ in looks]
        self._masks = [mask for _, mask in looks]

    def _look(
        self, row: int, seen: Mapping[str, Any], told: Mapping[str, Any], *, waits: bool
    ) -> tuple[Any, Any]:
        """A row's observation and mask, all ones if it waits."""
        agent = self.agents[row]
        observation = seen.get(agent, self._shown[row])
        mask = mask_of(observation, told.get(agent, {}), self._width, agent)
        if mask is not None and waits:
            mask = np.ones_like(mask)
        if mask is not None and isinstance(observation, Mapping) and "action_mask" in observation:
            observation = {**observation, "action_mask": mask}
        return observation, mask

    def _joint(self, actions: Any) -> dict[str, Any]:
        """The joint action of the active rows, checked."""
        given = actions_of(self.action_space, actions, self.num_envs)
        rows = {agent: row for row, agent in enumerate(self.agents)}
        return {
            agent: checked_move(self.single_action_space, self._masks[row], given[row], who=agent)
            for agent, row in ((agent, rows[agent]) for agent in self.env.agents)
        }

    def _listed(self) -> Flags:
        listed = set(self.env.agents)
        return np.array([agent in listed for agent in self.agents], dtype=np.bool_)

    def _flags(self, flags: Mapping[str, bool]) -> Flags:
        return np.array([flags.get(agent, False) for agent in self.agents], dtype=np.bool_)

    def _infos(self, infos: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
        """All infos as columns, with the masks of all rows where there are any."""
        for row, agent in enumerate(self.agents):
            infos = self._add_info(infos, dict(told.get(agent, {})), row)
        everyone = np.ones(self.num_envs, dtype=np.bool_)
        infos["active"], infos["_active"] = self._active.copy(), everyone
        if any(mask is not None for mask in self._masks):
            infos["action_mask"] = self.action_masks().astype(np.int8)
            infos["_action_mask"] = everyone.copy()
        return infos

    def _batched(self, shown: list[Any]) -> Any:
        return batched(self.single_observation_space, shown)


def _parallel(env: object) -> ParallelEnv[str, Any, Any]:
    if isinstance(env, ParallelEnv) and getattr(env, "possible_agents", None):
        return env
    raise InvalidOptionError(
        f"env: expected a PettingZoo ParallelEnv with possible_agents, came {type(env).__name__}"
    )
