"""Who plays the agents that a view does not control."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import MissingTruthError, ShapeError, UnknownAgentError, UnknownNameError
from mail_envs.protocols import Policy, ProvidesTruth
from mail_wrappers.players import ModelPlayer, Player, PolicyPlayer, Predictor, RandomPlayer

__all__ = [
    "Known",
    "MultiAgentEnv",
    "Other",
    "Others",
    "is_policy",
    "resolve_others",
    "truth_of",
]

MultiAgentEnv: TypeAlias = AECEnv[str, Any, Any] | ParallelEnv[str, Any, Any]
"""A PettingZoo environment of either kind."""
Other: TypeAlias = Policy | Predictor | Player | str
"""A policy, a trained model, a player of ours, `"random"` or `"expert"`."""
Others: TypeAlias = Other | Mapping[str, Other]
"""One for all other agents, or a mapping from agent to one; see `resolve_others`."""

Known: TypeAlias = dict[tuple[int, bool], tuple[object, Player]]
"""Players by the identity of what they stand for, which is kept alive beside them."""

RANDOM = RandomPlayer()


def resolve_others(
    env: MultiAgentEnv, names: Iterable[str], others: Others, known: Known | None = None
) -> dict[str, Player]:
    """One player for each of `names`.

    Args:
        env: a PettingZoo environment.
        names: the agents that others play.
        others: one of these, or a mapping from agent to one of these: a policy
            `(observations, action_masks) -> probabilities`, for discrete actions; a model with
            stable-baselines3's `predict`, for any; `"random"`, uniform over legal actions;
            `"expert"`, the environment's own. An expert that is both a policy and has `predict`
            is asked as a policy where actions are discrete.
        known: players made before, which are looked up and added to: what several environments
            share is then asked in one batch. None to share between agents alone.

    Raises:
        UnknownAgentError: a mapping that does not name exactly `names`.
        UnknownNameError: another word, or nothing of these.
        MissingTruthError: `"expert"` from an environment that provides none.
        ShapeError: a policy for an agent whose actions are not discrete.
    """
    rest = list(names)
    if isinstance(others, Mapping):
        given = others
        wrong = [name for name in given if name not in rest]
        missing = [name for name in rest if name not in given]
        if wrong or missing:
            raise UnknownAgentError(
                f"others: expected a policy for each of {rest}, came {list(given)} "
                f"(unknown: {wrong}, missing: {missing})"
            )
    else:
        given = dict.fromkeys(rest, others)
    shared: Known = {} if known is None else known
    return {name: _player(env, name, given[name], shared) for name in rest}


def truth_of(env: MultiAgentEnv) -> ProvidesTruth:
    """The environment beneath all wrappers, which tells the truth.

    Raises:
        MissingTruthError: it does not.
    """
    beneath = env.unwrapped
    if not isinstance(beneath, ProvidesTruth):
        raise MissingTruthError(
            f"{beneath}: expected an environment that provides game, expert and feature_map "
            f"(mail_envs.protocols.ProvidesTruth), came {type(beneath).__name__}"
        )
    return beneath


def _player(env: MultiAgentEnv, agent: str, other: Other, known: Known) -> Player:
    """The player that `other` stands for; the same for all agents that share it."""
    if isinstance(other, str):
        return _named(env, agent, other)
    space = env.action_space(agent)
    key = (id(other), isinstance(space, spaces.Discrete))
    if key not in known:
        known[key] = (other, _given(agent, other, space))
    return known[key][1]


def _named(env: MultiAgentEnv, agent: str, word: str) -> Player:
    if word == "random":
        return RANDOM
    if word == "expert":
        return _given(agent, truth_of(env).expert(agent), env.action_space(agent), told=True)
    raise _no_player(agent, word)


def _given(agent: str, other: object, space: spaces.Space[Any], *, told: bool = False) -> Player:
    discrete = isinstance(space, spaces.Discrete)
    if isinstance(other, Player) and callable(other.answer):
        return other
    if isinstance(other, Predictor) and not (discrete and is_policy(other)):
        return ModelPlayer(other)
    if not callable(other):
        raise _no_player(agent, other)
    if not discrete:
        raise ShapeError(
            f"action space of {agent}: expected Discrete for a policy of probabilities, came "
            f"{space}; give something with stable-baselines3's predict"
        )
    return PolicyPlayer(cast("Policy", other), told=told)


def is_policy(model: Predictor) -> bool:
    """Whether a model is a `Policy` too: callable, and no stable-baselines3 policy.

    Those are called for other things, and know their spaces.
    """
    return callable(model) and not hasattr(model, "observation_space")


def _no_player(agent: str, other: object) -> UnknownNameError:
    return UnknownNameError(
        f"the policy of {agent}: expected 'random', 'expert' or a callable, a policy of "
        f"probabilities, or a model with predict; came {other!r}"
    )
