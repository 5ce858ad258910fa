r"""Best responses, and how far a joint policy is from an equilibrium, exactly.

With the others fixed, player i faces a decision problem of its own, with rewards and transitions
averaged over the others' moves. With a horizon it is solved by backward induction,

.. math:: Q_{h,i}(s, a_i) = E_{a_{-i} \sim \pi_{-i,h}(\cdot|s)}[ r_{h,i}(s, a) + E V_{h+1,i}(s') ],
          \qquad V_{h,i}(s) = \max_{a_i} Q_{h,i}(s, a_i),

discounted by policy iteration with an exact evaluation each round (beyond `DIRECT_LIMIT` latents by
value iteration to a certified error). The gain of player i is `max V_i − V_i^π`, at the start.

For a joint distribution over actions the deviator does not see its recommendation: the gains are
those of a *coarse* correlated equilibrium.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.errors import InvalidModelError
from mail_envs.markov.checks import action_axes, check_shape
from mail_envs.markov.dynamics import expected_next_value, rewards
from mail_envs.markov.dynamics.tables import with_steps
from mail_envs.markov.evaluation import (
    DIRECT_LIMIT,
    JointPolicy,
    correlated,
    discounted_sum,
    fixed_point,
    policy_values,
    product,
    start_values,
)
from mail_envs.markov.marginal import (
    expect_against,
    joint_with,
    others_of_joint,
    others_policy,
)
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import at_step, checked_distributions, policy_table, policy_tables
from mail_envs.protocols import FloatArray
from mail_envs.protocols.asking import by_player
from mail_envs.truth import BestResponse, NashGap, Policies, Utility, best_response, nash_gap

__all__ = ["IMPROVEMENT", "cce_gap", "independent_gap", "published_nash_gap", "respond"]

IMPROVEMENT = 1e-13
"""By how much, relative to the largest value, another action must be better to be preferred."""

Others = Callable[[int], FloatArray]
"""From a step h to the others' joint policy `(S, N)`."""


@nash_gap.register
def _(game: MarkovGame, policies: Policies) -> NashGap:
    return independent_gap(game, policy_tables(game, policies))


@best_response.register
def _(
    game: MarkovGame, policies: Policies, player: int | str, utility: Utility | None = None
) -> BestResponse:
    """For the expected return."""
    if utility is not None:
        raise ValueError("utility: Markov games are solved for the expected return alone")
    i = game.player_index(player)
    ordered = by_player(policies, game.agents)
    tables = [None if j == i else policy_table(game, p, j) for j, p in enumerate(ordered)]
    return respond(game, _independent(game, tables, i), i)


def independent_gap(game: MarkovGame, tables: Sequence[FloatArray]) -> NashGap:
    """The Nash gap of checked tables, `(1 or H, S, A_i)` each; see `mail_envs.nash_gap`."""
    return _gap(game, product(tables), [_independent(game, tables, i) for i in range(len(tables))])


def cce_gap(game: MarkovGame, joint: ArrayLike) -> NashGap:
    """How much each player gains by ignoring its recommendations, exactly.

    Args:
        game: any game.
        joint: joint distributions `(S, A_1, …, A_n)` or per step `(H, S, A_1, …, A_n)`.

    Returns:
        The gap of `joint` as a coarse correlated equilibrium; zero exactly where it is one.

    Raises:
        ShapeError: another shape.
        InvalidPolicyError: rows that are no distributions.
    """
    table = _joint_table(game, joint)
    play = correlated(table)
    return _gap(game, play, [_marginals(play, i) for i in range(game.num_players)])


def published_nash_gap(game: MarkovGame, policies: Sequence[Any] | Mapping[str, Any]) -> float:
    """The published evaluation's formula, for comparison only: **wrong unless V = 0**.

    It returns `max(B_1 − V, B_2 − V)`, where V is player 0's value and B_i player i's best-response
    value in *its own* sign. The second term should be `B_2 + V`: see `nash_gap`.

    Args:
        game: a two-player zero-sum game.
        policies: as in `nash_gap`.

    Raises:
        InvalidModelError: another kind of game.
    """
    if not game.is_zero_sum:
        raise InvalidModelError(f"expected a two-player zero-sum game, came {game!r}")
    gap = nash_gap(game, policies)
    value = float(gap.values[0])
    return max(response.value - value for response in gap.best_responses)


def respond(game: MarkovGame, others: Others, player: int) -> BestResponse:
    """The best policy of `player` against the others' joint policy, and its value.

    Args:
        game: any game.
        others: from a step to `(S, N)`; see `mail_envs.markov.marginal`.
        player: its index.

    Returns:
        A deterministic policy, `(H, S, A_i)` or `(S, A_i)`, read-only: the lowest index among
        actions as good as the best up to `IMPROVEMENT` times the largest value.
    """
    solve = _discounted_response if game.horizon is None else _finite_response
    policy, values = solve(game, others, player)
    policy.setflags(write=False)
    return BestResponse(player=player, value=float(start_values(game, values)), policy=policy)


def best(worth: FloatArray) -> FloatArray:
    """max_a: `(…, A)` → `(…)`; one action at a time, which is faster along a short axis."""
    highest = worth[..., 0].copy()
    for action in range(1, worth.shape[-1]):
        np.maximum(highest, worth[..., action], out=highest)
    return highest


def greedy(worth: FloatArray) -> FloatArray:
    """The first of the best actions with probability one: `(…, A)` → `(…, A)`."""
    slack = IMPROVEMENT * float(np.abs(worth).max(initial=0))
    good = worth >= (best(worth) - slack)[..., None]
    return np.eye(worth.shape[-1])[good.argmax(axis=-1)]


def _finite_response(
    game: MarkovGame, others: Others, player: int
) -> tuple[FloatArray, FloatArray]:
    d, horizon = game.dynamics, game.horizon or 0
    policy = np.empty((horizon, game.num_states, game.num_actions[player]))
    values = np.empty((horizon, game.num_states))
    following = np.zeros(game.num_states)
    for h in reversed(range(horizon)):
        table = rewards(d, h)[player] + expected_next_value(d, h, following)  # z a
        worth = expect_against(d, table, others(h), player)  # s a_i
        policy[h] = greedy(worth)
        following = values[h] = best(worth)
    return policy, values


def _discounted_response(
    game: MarkovGame, others: Others, player: int
) -> tuple[FloatArray, FloatArray]:
    d, discount, against = game.dynamics, game.discount or 0.0, others(0)
    paid = expect_against(d, rewards(d, 0)[player], against, player)  # s a_i

    def worth_of(values: FloatArray) -> FloatArray:
        return paid + discount * expect_against(
            d, expected_next_value(d, 0, values), against, player
        )

    if d.num_latents > DIRECT_LIMIT:
        values = fixed_point(lambda v: best(worth_of(v)), best(paid), discount=discount)
        return greedy(worth_of(values)), values
    policy, reached = greedy(paid), -np.inf
    while True:
        joint = joint_with(against, policy, player, game.num_actions)
        values = discounted_sum(game, (paid * policy).sum(axis=-1), joint)
        worth = worth_of(values)
        slack = IMPROVEMENT * float(np.abs(worth).max(initial=0))
        better = best(worth) > (worth * policy).sum(axis=-1) + slack
        if not better.any() or values.sum() <= reached:  # no better, or by rounding alone
            return greedy(worth), values
        policy = np.where(better[:, None], greedy(worth), policy)
        reached = values.sum()


def _gap(game: MarkovGame, play: JointPolicy, others: Sequence[Others]) -> NashGap:
    values = start_values(game, policy_values(game, play))
    responses = tuple(respond(game, against, i) for i, against in enumerate(others))
    gains = np.array([response.value for response in responses]) - values
    return NashGap(
        per_player=np.maximum(gains, 0),  # no response is worse than what is played
        values=values,
        best_responses=responses,
    )


def _independent(game: MarkovGame, tables: Sequence[FloatArray | None], player: int) -> Others:
    """The others' independent play; computed once where it is the same at every step."""
    rest = [t for j, t in enumerate(tables) if j != player and t is not None]
    if all(len(table) == 1 for table in rest):
        against = others_policy(at_step(rest, 0), game.num_states)
        return lambda h: against  # noqa: ARG005 - the same at every step
    return lambda h: others_policy(at_step(rest, h), game.num_states)


def _marginals(play: JointPolicy, player: int) -> Others:
    return lambda h: others_of_joint(play(h), player)


def _joint_table(game: MarkovGame, joint: ArrayLike) -> FloatArray:
    n, who = game.num_players, "joint policy"
    table, axes = with_steps(joint, who, ("s", *action_axes(n)))
    steps = () if axes[0] == "s" else (game.horizon or 1,)
    check_shape(table, (*steps, game.num_states, *game.num_actions), who, axes)
    rows = checked_distributions(table.reshape(*table.shape[:-n], -1), who)
    return rows.reshape(-1, game.num_states, *game.num_actions)
