"""One agent's Gymnasium view of an environment in which all agents move at once.

The others are policies inside the view, asked about what their agents see. Where an environment
says in `infos[agent]["expert_observation"]` what its experts have to be asked about (a game whose
best move depends on a step that observations do not show, or one that shows noise), the
environment's own experts, named `"expert"`, are asked about that.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    MissingTruthError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.protocols import FeatureMap, OneHotFeatureMap, Policy
from mail_envs.protocols.asking import check_distributions, sample_actions, split_observation
from mail_wrappers.others import Others, resolve_others, truth_of

__all__ = ["ParallelSingleAgentEnv", "make_parallel_view"]

Step = tuple[Any, float, bool, bool, dict[str, Any]]


class ParallelSingleAgentEnv(gymnasium.Env[Any, Any]):
    """A parallel multi-agent environment seen by one agent, everyone else a given policy.

    Observations, rewards and infos are the environment's own for `agent`. The action mask, where
    there is one, stands in the observation, in `info["action_mask"]` and in `action_masks()`; it is
    all ones once the episode is over.

    Args:
        env: a PettingZoo parallel environment whose other agents have discrete actions.
        agent: whose view; an agent of `env.possible_agents`.
        others: who plays the rest: one policy for all, or a mapping from agent to policy. For a
            policy, `"random"` stands for uniform over legal actions and `"expert"` for the
            environment's own expert, where it provides one.
        illegal_action: `"lose"`: an action outside the mask ends the episode with
            `illegal_reward`, and `info["illegal_action"]` is True; `"raise"`: it raises.
        illegal_reward: the reward of an illegal action under `"lose"`.

    Raises:
        UnknownAgentError: an agent, here or in `others`, that the environment does not have.
        UnknownNameError: another word than those above.
        MissingTruthError: `"expert"` from an environment that provides none.
        ShapeError: another agent whose actions are not discrete.
    """

    def __init__(
        self,
        env: ParallelEnv[str, Any, Any],
        agent: str,
        others: Others = "random",
        *,
        illegal_action: Literal["lose", "raise"] = "lose",
        illegal_reward: float = -1.0,
    ) -> None:
        if agent not in env.possible_agents:
            raise UnknownAgentError(f"agent: expected one of {env.possible_agents}, came {agent!r}")
        if illegal_action not in {"lose", "raise"}:
            raise UnknownNameError(
                f"illegal_action: expected 'lose' or 'raise', came {illegal_action!r}"
            )
        self._env = env
        self._agent = agent
        self._others = resolve_others(env, agent, others)
        self._experts = {name for name in self._others if _is_named_expert(others, name)}
        self._counts = {name: _action_count(env, name) for name in self._others}
        self._illegal_action = illegal_action
        self._illegal_reward = float(illegal_reward)
        self._over = True
        self._mask: NDArray[np.int8] | None = None
        self._seen: dict[str, Any] = {}
        self._infos: dict[str, dict[str, Any]] = {}
        self.observation_space = env.observation_space(agent)
        self.action_space = env.action_space(agent)
        self.render_mode = getattr(env, "render_mode", None)
        self.metadata = {
            "render_modes": list(env.metadata.get("render_modes", [])),
            "render_fps": env.metadata.get("render_fps", 1),
        }

    # ---- what is beneath

    @property
    def env(self) -> ParallelEnv[str, Any, Any]:
        """The multi-agent environment beneath."""
        return self._env

    @property
    def agent(self) -> str:
        """The agent whose view this is."""
        return self._agent

    @property
    def game(self) -> Any:
        """The game beneath, where the environment provides it (`ProvidesTruth`)."""
        return truth_of(self._env).game

    def expert(self, agent: str) -> Policy:
        """The expert of `agent`, where the environment provides it (`ProvidesTruth`)."""
        return truth_of(self._env).expert(agent)

    def feature_map(self, agent: str) -> FeatureMap | OneHotFeatureMap:
        """The feature map of `agent`, where the environment provides it (`ProvidesTruth`)."""
        return truth_of(self._env).feature_map(agent)

    # ---- Gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: seeds the view (the others' draws), and through it the environment beneath,
                whose draws must be independent of theirs.
            options: handed to the environment beneath.
        """
        super().reset(seed=seed)
        beneath = None if seed is None else int(self.np_random.integers(2**31))
        self._seen, self._infos = self._env.reset(seed=beneath, options=options)
        self._over = False
        return self._look(over=False)

    def step(self, action: Any) -> Step:
        """Play `action`, and the others' actions at the same time.

        Raises:
            EpisodeOverError: a step before `reset` or after the end.
            IllegalActionError: an action outside the mask, under `illegal_action="raise"`; or one
                outside the action space.
        """
        if self._over:
            raise EpisodeOverError("step: the episode is over or has not begun; call reset()")
        if not self.action_space.contains(action):
            raise IllegalActionError(
                f"action of {self._agent}: expected one of {self.action_space}, came {action!r}"
            )
        if self._mask is not None and not self._mask[action]:
            return self._refuse(action, np.flatnonzero(self._mask).tolist())
        joint = {
            name: action if name == self._agent else self._choose(name) for name in self._env.agents
        }
        self._seen, rewards, terminations, truncations, self._infos = self._env.step(joint)
        terminated, truncated = bool(terminations[self._agent]), bool(truncations[self._agent])
        self._over = terminated or truncated
        observation, info = self._look(over=self._over)
        return observation, float(rewards[self._agent]), terminated, truncated, info

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(A,)` bool, as sb3-contrib asks for them; all True at the end.

        Raises:
            MissingTruthError: an environment without masks.
        """
        if self._mask is None:
            raise MissingTruthError(f"action_masks: {self._env} provides no action mask")
        return self._mask.astype(np.bool_)

    def render(self) -> Any:
        """Render the environment beneath."""
        return self._env.render()

    def close(self) -> None:
        """Close the environment beneath."""
        self._env.close()

    # ---- parts

    def _choose(self, name: str) -> int:
        """Ask the policy of another agent, and draw."""
        info = self._infos[name]
        seen, mask = split_observation(self._seen[name])
        if mask is None:
            mask = info.get("action_mask")
        legal = np.ones(self._counts[name], dtype=np.int8) if mask is None else np.asarray(mask)
        if name in self._experts:
            seen = np.asarray(info.get("expert_observation", seen))
        answer = self._others[name](seen[None], legal[None])
        table = check_distributions(answer, legal[None], who=f"the policy of {name}")
        return int(sample_actions(table, rng=self.np_random)[0])

    def _look(self, *, over: bool) -> tuple[Any, dict[str, Any]]:
        """What the agent sees, its mask kept, all ones at the end, and put where it is sought."""
        observation, info = self._seen[self._agent], dict(self._infos[self._agent])
        _, mask = split_observation(observation)
        if mask is None:
            mask = info.get("action_mask")
        if mask is None:
            self._mask = None
            return observation, info
        kept = np.ones_like(mask) if over else np.asarray(mask)
        self._mask = kept
        if isinstance(observation, Mapping):
            observation = {**observation, "action_mask": kept.copy()}
        return observation, {**info, "action_mask": kept.copy()}

    def _refuse(self, action: Any, legal: list[int]) -> Step:
        """An illegal action: raise, or end the episode as lost, as chosen."""
        if self._illegal_action == "raise":
            raise IllegalActionError(
                f"action of {self._agent}: expected one of {legal}, came {int(action)}"
            )
        self._over = True
        observation, info = self._look(over=True)
        return observation, self._illegal_reward, True, False, {**info, "illegal_action": True}


def make_parallel_view(
    env: str,
    *,
    agent: str,
    opponent: Others = "expert",
    illegal_action: Literal["lose", "raise"] = "lose",
    **kwargs: Any,
) -> ParallelSingleAgentEnv:
    """Make the view of an environment named by its door: Gymnasium's entry point.

    Args:
        env: `"module:function"`, the function making a parallel environment from `kwargs`.
        agent: whose view.
        opponent: who plays the rest: `"expert"`, `"random"`, a policy, or a mapping by agent.
        illegal_action: as in `ParallelSingleAgentEnv`.
        kwargs: for the function.
    """
    module, _, function = env.partition(":")
    beneath = getattr(import_module(module), function)(**kwargs)
    return ParallelSingleAgentEnv(beneath, agent, opponent, illegal_action=illegal_action)


def _is_named_expert(others: Others, name: str) -> bool:
    return (others[name] if isinstance(others, Mapping) else others) == "expert"


def _action_count(env: ParallelEnv[str, Any, Any], agent: str) -> int:
    space = env.action_space(agent)
    if not isinstance(space, spaces.Discrete):
        raise ShapeError(f"action space of {agent}: expected Discrete, came {space}")
    return int(space.n)
