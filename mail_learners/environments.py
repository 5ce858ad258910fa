"""From what a user names to what a learner needs: a maker, experts, features, symmetries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import gymnasium
import numpy as np
import pettingzoo
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils import parallel_to_aec

from mail_envs.board import LineGame
from mail_envs.board.batch import symmetric_decisions
from mail_envs.board.environments import LineGameEnv
from mail_envs.board.features import feature_map
from mail_envs.errors import MissingTruthError, UnknownNameError
from mail_envs.markov import MarkovGame
from mail_envs.markov.environments import MarkovGameEnv
from mail_envs.markov.setting import Setting
from mail_envs.protocols import FeatureMap, FloatArray, OneHotFeatureMap, Policy, ProvidesTruth
from mail_envs.protocols.asking import by_player
from mail_learners.cloning import Augment
from mail_wrappers.lockstep import action_count
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.tape import seat_of

__all__ = ["Environment", "Problem", "maker_of", "problem_of"]

Environment: TypeAlias = str | LineGame | MarkovGame | Setting | Callable[[], MultiAgentEnv]
"""What `learn` takes: an id, a game, a setting, or what makes an environment."""


@dataclass(frozen=True)
class Problem:
    """A multi-agent environment and what is known of it.

    Attributes:
        make: makes the environment, AEC or parallel.
        agents: its agents, in player order.
        game: the game behind it; None where it provides none.
        experts: one per agent.
        own_experts: whether they are the environment's own, who may have to be asked about
            `info["expert_observation"]`.
        augment: from decisions to their symmetric images; None where no symmetry is known.
        spaces: what policies see, by agent: observations without their masks.
        actions: how many each agent has.
    """

    make: Callable[[], MultiAgentEnv]
    agents: tuple[str, ...]
    game: Any
    experts: dict[str, Policy]
    own_experts: bool
    augment: Augment | None
    spaces: dict[str, spaces.Space[Any]]
    actions: dict[str, int]

    def features(self, name: str | None) -> FeatureMap | OneHotFeatureMap | None:
        """The environment's feature map of that name; None for the learner's own network.

        Args:
            name: `"network"` for None; None for `"afterstates"` on boards, `"network"` elsewhere.

        Raises:
            UnknownNameError: it has none of that name.
        """
        if isinstance(self.game, LineGame) and name != "network":
            return feature_map(self.game, name or "afterstates")
        if name in (None, "network"):
            return None
        raise UnknownNameError(
            f"features: {type(self.make()).__name__} names no feature maps, came {name!r}; "
            f"expected 'network', the explorer's own penultimate layer"
        )

    def make_turns(self) -> AECEnv[str, Any, Any]:
        """Make the environment as one whose agents take turns: simultaneous moves one by one."""
        env = self.make()
        return parallel_to_aec(env) if isinstance(env, ParallelEnv) else env

    def finished(self, agent: str, policy: Policy) -> Policy | FloatArray:
        """A learned policy of the kind that the game's `nash_gap` takes.

        A table `(S, A)` or `(H, S, A)` on Markov games, the policy itself elsewhere.
        """
        if not isinstance(self.game, MarkovGame):
            return policy
        states, steps = np.arange(self.game.num_states), self.game.horizon
        masks = np.ones((len(states), self.actions[agent]), dtype=np.int8)
        if steps is None:
            return policy(states, masks)
        return np.stack(
            [policy(np.stack([states * 0 + h, states], axis=1), masks) for h in range(steps)]
        )


def problem_of(environment: Environment, experts: Mapping[str, Policy] | None = None) -> Problem:
    """Look an environment up.

    Args:
        environment: an id of PettingZoo's or Gymnasium's registry, a board game, a Markov game or
            its setting, or a callable that makes an AEC or parallel environment.
        experts: one per agent; None for the environment's own.

    Raises:
        UnknownNameError: an id in neither registry.
        UnknownAgentError: experts that do not match the agents.
        MissingTruthError: no experts given, and none provided by the environment.
        ShapeError: an agent whose actions are not discrete.
    """
    make = maker_of(environment)
    env = make()
    agents = tuple(env.possible_agents)
    truth = env.unwrapped if isinstance(env.unwrapped, ProvidesTruth) else None
    if experts is not None:
        chosen = dict(zip(agents, by_player(experts, agents, what="experts"), strict=True))
    elif truth is not None:
        chosen = {agent: truth.expert(agent) for agent in agents}
    else:
        raise MissingTruthError(
            f"experts: expected one for each of {agents}, as {env} provides none of its own"
        )
    game = None if truth is None else truth.game
    return Problem(
        make=make,
        agents=agents,
        game=game,
        experts=chosen,
        own_experts=experts is None,
        augment=partial(symmetric_decisions, game) if isinstance(game, LineGame) else None,
        spaces={agent: seat_of(env, agent).space for agent in agents},
        actions={agent: action_count(env, agent) for agent in agents},
    )


def maker_of(environment: Environment) -> Callable[[], MultiAgentEnv]:
    """What makes the environment that a user names.

    Raises:
        UnknownNameError: an id in neither registry.
    """
    if isinstance(environment, LineGame):
        return partial(LineGameEnv, environment)
    if isinstance(environment, MarkovGame | Setting):
        return partial(_markov, environment)
    if not isinstance(environment, str):
        return environment
    if environment in pettingzoo.aec_registry:
        return partial(pettingzoo.make, "aec", environment)
    if environment in pettingzoo.parallel_registry:
        return partial(pettingzoo.make, "parallel", environment)
    if environment in gymnasium.registry:
        return partial(_beneath, environment)
    raise UnknownNameError(
        f"environment: expected an id of PettingZoo's or Gymnasium's registry, came {environment!r}"
    )


def _markov(game: MarkovGame | Setting) -> MarkovGameEnv:
    """The environment in which a state, and with a horizon the step, is all that one sees."""
    horizon = (game.game if isinstance(game, Setting) else game).horizon
    return MarkovGameEnv(game, observation="state" if horizon is None else "step-and-state")


def _beneath(single_agent_id: str) -> MultiAgentEnv:
    """The multi-agent environment beneath a Gymnasium view."""
    view = gymnasium.make(single_agent_id).unwrapped
    beneath = getattr(view, "env", None)
    if not isinstance(beneath, AECEnv | ParallelEnv):
        raise MissingTruthError(
            f"{single_agent_id}: expected a view of a multi-agent environment, came "
            f"{type(view).__name__}"
        )
    return beneath
