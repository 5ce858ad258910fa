"""Who plays the agents that a view does not control."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import MissingTruthError, UnknownAgentError, UnknownNameError
from mail_envs.protocols import Policy, ProvidesTruth
from mail_envs.protocols.asking import uniform_policy

__all__ = ["MultiAgentEnv", "Others", "resolve_others", "truth_of"]

MultiAgentEnv: TypeAlias = AECEnv[str, Any, Any] | ParallelEnv[str, Any, Any]
Others: TypeAlias = Policy | str | Mapping[str, Policy | str]
"""One policy for all other agents, or a mapping from agent to policy; see `resolve_others`."""


def resolve_others(env: MultiAgentEnv, agent: str, others: Others) -> dict[str, Policy]:
    """One policy for each agent but the view's own.

    Args:
        env: a PettingZoo environment.
        agent: the view's own agent.
        others: a policy, `"random"` for uniform over legal actions, `"expert"` for the
            environment's own expert; or a mapping from agent to one of these.

    Raises:
        UnknownAgentError: a mapping that does not name exactly the other agents.
        UnknownNameError: another word.
        MissingTruthError: `"expert"` from an environment that provides none.
    """
    rest = [name for name in env.possible_agents if name != agent]
    if isinstance(others, Mapping):
        wrong = [name for name in others if name not in rest]
        missing = [name for name in rest if name not in others]
        if wrong or missing:
            raise UnknownAgentError(
                f"others: expected a policy for each of {rest}, came {list(others)} "
                f"(unknown: {wrong}, missing: {missing})"
            )
        return {name: _policy(env, name, others[name]) for name in rest}
    return {name: _policy(env, name, others) for name in rest}


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


def _policy(env: MultiAgentEnv, agent: str, policy: Policy | str) -> Policy:
    if policy == "random":
        return uniform_policy
    if policy == "expert":
        return truth_of(env).expert(agent)
    if isinstance(policy, str) or not callable(policy):
        raise UnknownNameError(
            f"the policy of {agent}: expected 'random', 'expert' or a callable, came {policy!r}"
        )
    return policy
