"""Who plays the other players inside a batch: policies as draws of many actions at once."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from mail_envs.errors import UnknownNameError
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics.sampling import RowSampler
from mail_envs.markov.environments import MarkovGameEnv
from mail_envs.markov.tabular import TabularPolicy, policy_table
from mail_envs.protocols import FloatArray, Policy
from mail_envs.protocols.asking import ask, by_player, sample_actions

__all__ = ["Mover", "Others", "other_movers"]

Mover: TypeAlias = Callable[[IntArray, IntArray, np.random.Generator], IntArray]
"""From `(B,)` steps and `(B,)` states to `(B,)` actions of one player."""
Others: TypeAlias = Policy | str | Mapping[str, Policy | str]
"""One policy for all others, by object or by name, or one for each agent."""


def other_movers(env: MarkovGameEnv, agent: str, others: Others) -> dict[int, Mover]:
    """The movers of every player but `agent`, by player.

    Args:
        env: says what each agent is shown, and has the experts.
        agent: who is left out.
        others: one for all, or a mapping from agent: `"expert"`, `"random"`, or a policy. A
            `TabularPolicy` is asked about steps and states, any other one about its agent's
            observations.

    Raises:
        UnknownAgentError: a mapping that does not name exactly the other agents.
        UnknownNameError: another word than those above.
        UnsolvedGameError: `"expert"` in a game whose equilibrium is not known.
        ShapeError: a table that does not fit the game.
    """
    agents = [name for name in env.possible_agents if name != agent]
    if not isinstance(others, Mapping):
        others = dict.fromkeys(agents, others)
    chosen = zip(agents, by_player(others, agents, what="others"), strict=True)
    return {env.game.player_index(name): _mover(env, name, policy) for name, policy in chosen}


def _mover(env: MarkovGameEnv, agent: str, policy: Policy | str) -> Mover:
    player = env.game.player_index(agent)
    if policy == "random":
        count = env.game.num_actions[player]
        return lambda _, states, rng: rng.integers(count, size=len(states))
    if policy == "expert":
        return _of_table(env.expert(agent).table)
    if isinstance(policy, TabularPolicy):
        return _of_table(policy_table(env.game, policy, player))
    if isinstance(policy, str) or not callable(policy):
        raise UnknownNameError(
            f"the policy of {agent}: expected 'random', 'expert' or a callable, came {policy!r}"
        )
    return _of_policy(env, agent, policy)


def _of_table(table: FloatArray) -> Mover:
    """Draw from a table, `(1 or H, S, A)`, row by row."""
    steps, states, actions = table.shape
    sampler = RowSampler.of_table(table.reshape(-1, actions))

    def move(h: IntArray, s: IntArray, rng: np.random.Generator) -> IntArray:
        rows = s if steps == 1 else h * states + s
        return sampler.draw(rows, rng=rng) - rows * actions

    return move


def _of_policy(env: MarkovGameEnv, agent: str, policy: Policy) -> Mover:
    """Ask about what the agent is shown."""
    player = env.game.player_index(agent)
    lens, actions = env.lens(agent), env.game.num_actions[player]

    def move(h: IntArray, s: IntArray, rng: np.random.Generator) -> IntArray:
        masks = np.ones((len(s), actions), dtype=np.int8)
        return sample_actions(ask(policy, lens(h, s), masks, who=agent), rng=rng)

    return move
