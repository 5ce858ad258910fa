"""One agent's Gymnasium view of a multi-agent environment, turn-based or simultaneous.

The others are played inside the view: by chance, policies, experts or trained models. The agent
gets its own reward: whatever the environment pays it up to its next turn, or until the end, whoever
ended the episode.
"""

from importlib import import_module
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.protocols import FeatureMap, OneHotFeatureMap, Policy
from mail_wrappers.options import check_mapping, check_seed
from mail_wrappers.others import MultiAgentEnv, Others, truth_of
from mail_wrappers.seats import IllegalAction, Rules, Seat, settled

__all__ = ["SingleAgentEnv", "make_view"]


class SingleAgentEnv(gymnasium.Env[Any, Any]):
    """A multi-agent environment seen by one agent, everyone else a given player.

    Observations are the environment's own for the agent. The action mask, where there is one,
    stands in the observation, in `info["action_mask"]` and in `action_masks()`; it is all ones once
    the episode is over, so that masked learners never meet an empty mask. `info["agent"]` is the
    agent of the running episode.

    An episode is the agent's own:

    - It begins with the agent's first turn. Agents may join late. An episode of the environment in
      which the agent has no turn is passed over, and what it is paid there with it; a reset passes
      over at most 100.
    - The reward of a step is what the environment pays the agent, by anybody's move, up to its next
      turn. What it is paid before its first turn comes with its first step. The sum over an episode
      is what the environment paid the agent in it.
    - It ends with the agent's own termination or truncation, which are told apart, whoever else
      plays on. In a turn-based environment a dead agent is paid until its own last turn, at which
      PettingZoo removes it, or until it is listed no more; in a parallel one, until the step that
      says it is over. An agent that leaves unsaid has terminated.

    Args:
        env: a PettingZoo AEC or parallel environment. Agents' moves are checked here, so the bare
            `raw_env()` serves.
        agent: whose view: an agent of `env.possible_agents`; `"alternate"` for the next of them
            every episode, the first of them after a seeded reset; `"draw"` for one drawn every
            episode. The last two want equal spaces for all agents.
        others: who plays the rest: one for all, or a mapping from agent to one of: a policy
            `(observations, action_masks) -> probabilities` over discrete actions; a model with
            stable-baselines3's `predict`, asked deterministically (`ModelPlayer` can be told
            otherwise); `"random"`, uniform over legal actions; `"expert"`, the environment's own,
            where it provides one, asked about `info["expert_observation"]` where that is given.
        illegal_action: `"lose"`: an action outside the mask ends the episode with
            `illegal_reward`, and `info["illegal_action"]` is True; `"raise"`: it raises.
        illegal_reward: the reward of an illegal action under `"lose"`.

    Raises:
        InvalidOptionError: `env` is no environment of PettingZoo.
        UnknownAgentError: an agent, here or in `others`, that the environment does not have.
        UnknownNameError: another word than those above.
        MissingTruthError: `"expert"` from an environment that provides none.
        ShapeError: agents of different spaces for `"alternate"` or `"draw"`; a policy of
            probabilities for an agent whose actions are not discrete.

    >>> from mail_envs import tictactoe_v0
    >>> view = SingleAgentEnv(tictactoe_v0.raw_env(), "alternate", "random")
    >>> [view.reset(seed=0)[1]["agent"], view.reset()[1]["agent"], view.reset()[1]["agent"]]
    ['player_0', 'player_1', 'player_0']
    """

    def __init__(
        self,
        env: MultiAgentEnv,
        agent: str,
        others: Others = "random",
        *,
        illegal_action: IllegalAction = "lose",
        illegal_reward: float = -1.0,
    ) -> None:
        self._seat = Seat(env, agent, others, Rules(illegal_action, illegal_reward))
        self.observation_space: spaces.Space[Any] = self._seat.observation_space
        self.action_space: spaces.Space[Any] = self._seat.action_space
        self.render_mode: str | None = getattr(env, "render_mode", None)
        metadata = getattr(env, "metadata", {})
        self.metadata: dict[str, Any] = {
            "render_modes": list(metadata.get("render_modes", [])),
            "render_fps": metadata.get("render_fps", 1),
        }

    # ---- what is beneath

    @property
    def env(self) -> MultiAgentEnv:
        """The multi-agent environment beneath."""
        return self._seat.env

    @property
    def agent(self) -> str:
        """The agent whose view this is, in the running episode."""
        return self._seat.agent

    @property
    def game(self) -> Any:
        """The game beneath, where the environment provides it (`ProvidesTruth`)."""
        return truth_of(self.env).game

    def expert(self, agent: str) -> Policy:
        """The expert of `agent`, where the environment provides it (`ProvidesTruth`)."""
        return truth_of(self.env).expert(agent)

    def feature_map(self, agent: str) -> FeatureMap | OneHotFeatureMap:
        """The feature map of `agent`, where the environment provides it (`ProvidesTruth`)."""
        return truth_of(self.env).feature_map(agent)

    # ---- Gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode and play the others up to the agent's first turn.

        Args:
            seed: of the view (seats, the others' draws) and of the environment beneath, whose
                streams are independent.
            options: handed to the environment beneath.

        Raises:
            AbsentAgentError: the agent has no turn in any of many episodes.
            InvalidOptionError: a seed that is no integer of at least 0, or options that are no
                dictionary.
        """
        seed = check_seed("seed", seed)
        check_mapping("options", options)
        super().reset(seed=seed)
        seat = self._seat
        begun = settled(seat, seat.begin(rng=self.np_random, seed=seed, options=options))
        return begun[0], begun[4]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Play `action`, then the others up to the agent's next turn or the end.

        Raises:
            EpisodeOverError: a step before `reset` or after the end.
            IllegalActionError: an action outside the mask, under `illegal_action="raise"`; one
                outside the action space; another agent's move outside its space or mask.
            InvalidPolicyError, ShapeError: another agent's policy gave no distribution over its
                legal actions.
        """
        outcome = self._seat.move(action)
        return outcome if type(outcome) is tuple else settled(self._seat, outcome)

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(A,)` bool, as sb3-contrib asks for them; all True at the end.

        Raises:
            MissingTruthError: an environment without masks.
        """
        return self._seat.action_masks()

    def render(self) -> Any:
        """Render the environment beneath."""
        return self.env.render()

    def close(self) -> None:
        """Close the environment beneath."""
        self.env.close()


def make_view(
    env: str,
    *,
    agent: str,
    opponent: Others = "expert",
    illegal_action: IllegalAction = "lose",
    **kwargs: Any,
) -> SingleAgentEnv:
    """Make the view of an environment named by its door: Gymnasium's entry point.

    Args:
        env: `"module:function"`, the function making an AEC or parallel environment from `kwargs`.
        agent: whose view, as in `SingleAgentEnv`.
        opponent: who plays the rest: `others` of `SingleAgentEnv`.
        illegal_action: as in `SingleAgentEnv`.
        kwargs: for the function.
    """
    module, _, function = env.partition(":")
    beneath = getattr(import_module(module), function)(**kwargs)
    return SingleAgentEnv(beneath, agent, opponent, illegal_action=illegal_action)
