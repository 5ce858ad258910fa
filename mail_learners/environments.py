"""From what a user names to what a learner needs: a maker, experts, features, symmetries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
import pettingzoo
from pettingzoo import AECEnv

from mail_envs.board import LineGame
from mail_envs.board.batch import symmetric_decisions
from mail_envs.board.environments import LineGameEnv
from mail_envs.board.features import feature_map
from mail_envs.errors import MissingTruthError, UnknownNameError
from mail_envs.protocols import FeatureMap, OneHotFeatureMap, Policy, ProvidesTruth
from mail_envs.protocols.asking import by_player
from mail_learners.cloning import Augment

__all__ = ["Problem", "problem_of"]

Environment = str | LineGame | Callable[[], AECEnv[str, Any, Any]]


@dataclass(frozen=True)
class Problem:
    """A multi-agent environment and what is known of it.

    Attributes:
        make: makes the environment.
        agents: its agents, in player order.
        game: the game behind it; None where it provides none.
        experts: one per agent.
        augment: from decisions to their symmetric images; None where no symmetry is known.
    """

    make: Callable[[], AECEnv[str, Any, Any]]
    agents: tuple[str, ...]
    game: Any
    experts: dict[str, Policy]
    augment: Augment | None

    def features(self, name: str) -> FeatureMap | OneHotFeatureMap:
        """The environment's feature map of that name.

        Raises:
            UnknownNameError: it has none of that name.
        """
        if isinstance(self.game, LineGame):
            return feature_map(self.game, name)
        raise UnknownNameError(
            f"features: {type(self.make()).__name__} names no feature maps, came {name!r}"
        )


def problem_of(environment: Environment, experts: Mapping[str, Policy] | None = None) -> Problem:
    """Look an environment up.

    Args:
        environment: an id of PettingZoo's or Gymnasium's registry, a board game, or a callable
            that makes an AEC environment.
        experts: one per agent; None for the environment's own.

    Raises:
        UnknownNameError: an id in neither registry.
        UnknownAgentError: experts that do not match the agents.
        MissingTruthError: no experts given, and none provided by the environment.
    """
    make = _maker(environment)
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
    augment = partial(symmetric_decisions, game) if isinstance(game, LineGame) else None
    return Problem(make=make, agents=agents, game=game, experts=chosen, augment=augment)


def _maker(environment: Environment) -> Callable[[], AECEnv[str, Any, Any]]:
    if isinstance(environment, LineGame):
        return partial(LineGameEnv, environment)
    if not isinstance(environment, str):
        return environment
    if environment in pettingzoo.aec_registry:
        return partial(pettingzoo.make, "aec", environment)
    if environment in gymnasium.registry:
        return partial(_beneath, environment)
    raise UnknownNameError(
        f"environment: expected an id of PettingZoo's AEC or Gymnasium's registry, "
        f"came {environment!r}"
    )


def _beneath(single_agent_id: str) -> AECEnv[str, Any, Any]:
    """The multi-agent environment beneath a Gymnasium view."""
    view = gymnasium.make(single_agent_id).unwrapped
    beneath = getattr(view, "env", None)
    if not isinstance(beneath, AECEnv):
        raise MissingTruthError(
            f"{single_agent_id}: expected a view of a multi-agent environment, came "
            f"{type(view).__name__}"
        )
    return beneath
