"""The learners of Markov games by name, for `mail_learners.learn`."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
from pettingzoo import ParallelEnv

from mail_envs.errors import InvalidOptionError, UnknownNameError
from mail_envs.markov import MarkovGame
from mail_envs.markov.environments import MarkovGameEnv
from mail_envs.markov.library import named_features
from mail_envs.markov.model import AnyFeatureMap
from mail_envs.markov.setting import Setting
from mail_learners.markov import (
    Imitation,
    OnlineImitation,
    bc_linear,
    bc_tabular,
    lsvi_ucb_zero_bc,
    mail_bro,
    mail_warm,
    murmail,
    uniform_bc,
)
from mail_learners.results import Result

__all__ = ["MARKOV_LEARNERS", "learn_markov", "markov_setting"]


@dataclass(frozen=True)
class MarkovLearner:
    """A named function on games, and whether it takes feature maps."""

    summary: str
    function: Callable[..., Imitation | OnlineImitation]
    with_features: bool = False

    @property
    def count(self) -> str:
        """What the function calls the number of games."""
        return "iterations" if "iterations" in self.parameters else "games"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The function's own keywords."""
        return tuple(inspect.signature(self.function).parameters)


MARKOV_LEARNERS = {
    "bc-tabular": MarkovLearner("experts among themselves, cloned by frequencies", bc_tabular),
    "bc-linear": MarkovLearner(
        "experts among themselves, cloned log-linearly", bc_linear, with_features=True
    ),
    "uniform-bc": MarkovLearner(
        "a uniform explorer among the experts, then clones", uniform_bc, with_features=True
    ),
    "lsvi-ucb-zero-bc": MarkovLearner(
        "a reward-free LSVI explorer among the experts, then log-linear clones",
        lsvi_ucb_zero_bc,
        with_features=True,
    ),
    "mail-warm": MarkovLearner(
        "a tabular reward-free explorer among the experts, then frequencies", mail_warm
    ),
    "murmail": MarkovLearner("mirror descent where the clones err most, online", murmail),
    "mail-bro": MarkovLearner("mirror descent where best responses lead, online", mail_bro),
}
"""The learners of Markov games, by name."""


def markov_setting(environment: object, features: str | None) -> Setting | None:
    """The game behind an environment and what is known of it; None if it is no Markov game.

    Args:
        environment: as `mail_learners.learn` takes it.
        features: handed to a registered environment's maker, which knows its family's maps.
    """
    if isinstance(environment, Setting):
        return environment
    if isinstance(environment, MarkovGame):
        return Setting(environment)
    made = _made(environment, {} if features is None else {"features": features})
    beneath = None if made is None else made.unwrapped
    return beneath.setting if isinstance(beneath, MarkovGameEnv) else None


def _made(environment: object, keywords: Mapping[str, Any]) -> ParallelEnv[str, Any, Any] | None:
    if isinstance(environment, str) and environment in pettingzoo.parallel_registry:
        return pettingzoo.make("parallel", environment, **keywords)
    if isinstance(environment, str) and environment in gymnasium.registry:
        return _beneath(environment, keywords)
    made = environment() if callable(environment) else None
    return made if isinstance(made, ParallelEnv) else None


def _beneath(
    single_agent_id: str, keywords: Mapping[str, Any]
) -> ParallelEnv[str, Any, Any] | None:
    """The parallel environment beneath a Gymnasium view that stands for a registered one."""
    door = gymnasium.spec(single_agent_id).kwargs.get("env", "")
    if not str(door).endswith(":parallel_env"):
        return None
    view = gymnasium.make(single_agent_id, **keywords).unwrapped
    beneath = getattr(view, "env", None)
    return beneath if isinstance(beneath, ParallelEnv) else None


def learn_markov(
    name: str,
    setting: Setting,
    *,
    games: int,
    seed: int,
    features: str | None,
    experts: Any,  # noqa: ANN401 - arrays or callables, in player order or by agent
    options: Mapping[str, Any],
) -> Result:
    """Run a learner of Markov games; see `mail_learners.learn`.

    Raises:
        UnknownNameError: another learner, feature map or option.
        InvalidOptionError: features for a learner that takes none.
    """
    if name not in MARKOV_LEARNERS:
        raise UnknownNameError(
            f"learner: expected one of {sorted(MARKOV_LEARNERS)} for a Markov game, came {name!r}"
        )
    learner = MARKOV_LEARNERS[name]
    known = sorted(set(learner.parameters) - {"game", "experts", learner.count, "rng", "features"})
    unknown = [option for option in options if option not in known]
    if unknown:
        raise UnknownNameError(f"options of {name}: expected some of {known}, came {unknown}")
    run = partial(learner.function, setting.game, setting.experts if experts is None else experts)
    chosen = {learner.count: games, "rng": np.random.default_rng(seed), **options}
    if learner.with_features:
        chosen["features"] = _maps(setting, features)
    elif features not in (None, "one-hot"):
        raise InvalidOptionError(f"{name}: takes no features but one-hot ones, came {features!r}")
    return _result(setting.game, run(**chosen))


def _maps(setting: Setting, features: str | None) -> tuple[AnyFeatureMap, ...] | None:
    """None for one-hot; the setting's own maps, already chosen by name, where it has them."""
    if features in (None, "one-hot"):
        return None
    given = setting.feature_maps or setting.game.feature_maps
    return named_features(setting.game, features or "own") if given is None else tuple(given)


def _result(game: MarkovGame, found: Imitation | OnlineImitation) -> Result:
    policies = dict(zip(game.agents, found.policies, strict=True))
    if isinstance(found, OnlineImitation):
        return Result(policies, None, found.queries, history=found.history)
    greedy = dict(zip(game.agents, found.greedy_policies, strict=True))
    return Result(policies, found.episodes, found.queries, greedy_policies=greedy)
