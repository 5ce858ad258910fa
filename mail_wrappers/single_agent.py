"""One agent's Gymnasium view of a multi-agent environment.

The others are policies inside the view. The agent gets its own reward: whatever the environment
pays it between one of its turns and the next, or until the end, whoever ended the episode.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv

from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    MissingTruthError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.protocols import FeatureMap, OneHotFeatureMap, Policy
from mail_envs.protocols.asking import check_distributions, sample_actions, split_observation
from mail_wrappers.others import Others, resolve_others, truth_of
from mail_wrappers.turns import decision

__all__ = ["SingleAgentEnv", "make_view"]


class SingleAgentEnv(gymnasium.Env[Any, Any]):
    """A multi-agent environment seen by one agent, everyone else a given policy.

    Observations are the environment's own for `agent`. The action mask, where there is one, stands
    in the observation, in `info["action_mask"]` and in `action_masks()`; it is all ones once the
    episode is over, so that masked learners never meet an empty mask.

    Args:
        env: a PettingZoo AEC environment. Its agents' moves are checked here, so the bare
            `raw_env()` serves.
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
    """

    def __init__(
        self,
        env: AECEnv[str, Any, Any],
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
        self._illegal_action = illegal_action
        self._illegal_reward = float(illegal_reward)
        self._over = True
        self._mask: NDArray[np.int8] | None = None
        self.observation_space = env.observation_space(agent)
        self.action_space = env.action_space(agent)
        self.render_mode = getattr(env, "render_mode", None)
        self.metadata = {
            "render_modes": list(env.metadata.get("render_modes", [])),
            "render_fps": env.metadata.get("render_fps", 1),
        }

    # ---- what is beneath

    @property
    def env(self) -> AECEnv[str, Any, Any]:
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
        """Begin an episode and play the others up to the agent's first turn.

        Args:
            seed: seeds the view (the others' draws) and the environment beneath.
            options: handed to the environment beneath.
        """
        super().reset(seed=seed)
        self._env.reset(seed=seed, options=options)
        self._over = False
        self._play_others()
        observation, _, terminated, truncated, info = self._look()
        self._over = terminated or truncated
        return observation, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Play `action`, then the others up to the agent's next turn or the end.

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
        if isinstance(self.action_space, spaces.Discrete):
            action = int(action)  # 0-d arrays, as stable-baselines3 predicts them, are no int
        if self._mask is not None and not self._mask[action]:
            return self._refuse(action, np.flatnonzero(self._mask).tolist())
        self._env.step(action)
        self._play_others()
        observation, reward, terminated, truncated, info = self._look()
        self._over = terminated or truncated
        return observation, reward, terminated, truncated, info

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

    # ---- turns

    def _play_others(self) -> None:
        env = self._env
        while env.agents and env.agent_selection != self._agent and self._agent in env.agents:
            mover = env.agent_selection
            if env.terminations[mover] or env.truncations[mover]:
                env.step(None)
            else:
                env.step(self._choose(mover))

    def _choose(self, mover: str) -> int:
        observation, mask = decision(self._env, mover)
        policy = self._others[mover]
        answer = policy(observation[None], mask[None])
        table = check_distributions(answer, mask[None], who=f"the policy of {mover}")
        return int(sample_actions(table, rng=self.np_random)[0])

    def _look(self) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """What the agent sees at its turn or at the end, and what it was paid since its last."""
        observation, reward, terminated, truncated, info = self._env.last()
        over = bool(terminated or truncated)
        observation, info = self._with_mask(observation, dict(info), over=over)
        return observation, float(reward), bool(terminated), bool(truncated), info

    def _with_mask(
        self,
        observation: Any,
        info: dict[str, Any],
        *,
        over: bool,
    ) -> tuple[Any, dict[str, Any]]:
        """Keep the mask, all ones at the end, and put it where it is looked for."""
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

    def _refuse(
        self, action: Any, legal: list[int]
    ) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """An illegal action: raise, or end the episode as lost, as chosen."""
        if self._illegal_action == "raise":
            raise IllegalActionError(
                f"action of {self._agent}: expected one of {legal}, came {int(action)}"
            )
        self._over = True
        observation = self._env.observe(self._agent)
        observed = dict(self._env.infos[self._agent])
        observation, info = self._with_mask(observation, observed, over=True)
        return observation, self._illegal_reward, True, False, {**info, "illegal_action": True}


def make_view(
    env: str,
    *,
    agent: str,
    opponent: Others = "expert",
    illegal_action: Literal["lose", "raise"] = "lose",
    **kwargs: Any,
) -> SingleAgentEnv:
    """Make the view of an environment named by its door: Gymnasium's entry point.

    Args:
        env: `"module:function"`, the function making a multi-agent environment from `kwargs`.
        agent: whose view.
        opponent: who plays the rest: `"expert"`, `"random"`, a policy, or a mapping by agent.
        illegal_action: as in `SingleAgentEnv`.
        kwargs: for the function.
    """
    module, _, function = env.partition(":")
    beneath = getattr(import_module(module), function)(**kwargs)
    return SingleAgentEnv(beneath, agent, opponent, illegal_action=illegal_action)
