"""Policies as tables over states, and bringing whatever is a policy into that form.

A table is `(S, A)`, the same at every step, or `(H, S, A)`, one per step. Everything exact here
works on tables with a step axis, `(1 or H, S, A)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from mail_envs.errors import InvalidPolicyError, ShapeError
from mail_envs.markov.checks import check_shape, establish, refuse
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_envs.protocols.asking import SUM_TOLERANCE, ask, by_player, sample_actions

__all__ = ["TabularPolicy", "at_step", "checked_distributions", "policy_table", "policy_tables"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class TabularPolicy:
    """A table of action probabilities that is array-like and a policy.

    Args:
        table: `(S, A)` or per step `(H, S, A)`; rows sum to one within 1e-5 and are divided by
            their sums.
        who: how errors call the policy.

    Called on a batch it answers `(B, A)`. Observations are states, `(B,)`, or pairs `(B, 2)` of
    step and state; a table per step needs the pairs, or `at(h)`, the policy of one step.

    Raises:
        ShapeError: a table of another number of axes.
        InvalidPolicyError: entries that are NaN or negative, rows that do not sum to one.

    >>> policy = TabularPolicy([[0.25, 0.75], [1.0, 0.0]])
    >>> policy(np.array([1, 0, 0]))
    array([[1.  , 0.  ],
           [0.25, 0.75],
           [0.25, 0.75]])
    """

    table: FloatArray  # (1 or H, S, A)

    def __init__(self, table: ArrayLike, *, who: str = "policy") -> None:
        given = np.asarray(table, dtype=np.float64)
        if given.ndim not in (2, 3):
            raise ShapeError(f"{who}: expected (S, A) or (H, S, A), came shape {given.shape}")
        checked = checked_distributions(given, who)
        checked.setflags(write=False)
        establish(self, table=checked if given.ndim == 3 else checked[None])

    @property
    def num_steps(self) -> int:
        """1 where the policy is the same at every step, otherwise H."""
        return len(self.table)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(S, A)` or `(H, S, A)`."""
        return self.table.shape[1:] if self.num_steps == 1 else self.table.shape

    def at(self, h: int) -> "TabularPolicy":
        """The policy of step h, 0..H-1, as one that is the same at every step."""
        return self if self.num_steps == 1 else TabularPolicy(self.table[h])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        table = self.table[0] if self.num_steps == 1 else self.table
        return np.array(table, dtype=dtype, copy=copy)

    def __call__(self, observations: Observations, action_masks: Mask | None = None) -> FloatArray:
        """Answer `(B,)` states or `(B, 2)` pairs of step and state with `(B, A)`.

        Every action of a Markov game is legal; masks are accepted, as from any asker.
        """
        del action_masks
        steps, states = self._split(np.asarray(observations))
        return self.table[0, states] if self.num_steps == 1 else self.table[steps, states]

    def predict(
        self,
        observation: Any,  # noqa: ANN401 - as in the `Expert` protocol
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
        *,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        """Choose actions as stable-baselines3's models do; one observation or a batch.

        Args:
            observation: states `()` or `(B,)`, or pairs `(B, 2)`.
            state: passed through.
            episode_start: not used: the policy has no memory.
            deterministic: the most probable action, the lowest index among equals.
            rng: where draws come from; None for a fresh generator.

        Returns:
            `(actions, state)`.
        """
        del episode_start
        seen = np.asarray(observation)
        table = self(np.atleast_1d(seen))
        if deterministic:
            actions = table.argmax(axis=1).astype(np.int64)
        else:
            actions = sample_actions(table, rng=rng or np.random.default_rng())
        return (actions[0] if seen.ndim == 0 else actions), state

    def _split(self, observations: Observations) -> tuple[NDArray[Any] | int, NDArray[Any]]:
        if observations.ndim == 2 and observations.shape[1] == 2:
            return observations[:, 0], observations[:, 1]
        if observations.ndim == 1 and self.num_steps == 1:
            return 0, observations
        wanted = "states (B,) or pairs (B, 2)" if self.num_steps == 1 else "pairs (B, 2) of (h, s)"
        raise ShapeError(f"policy: expected {wanted}, came shape {observations.shape}")


def policy_tables(
    game: MarkovGame, policies: Sequence[Any] | Mapping[str, Any]
) -> tuple[FloatArray, ...]:
    """One checked table per player, in player order: `(1 or H, S, A_i)` each.

    Args:
        game: says how many states, actions and steps there are.
        policies: in player order or by agent name; see `policy_table`.

    Raises:
        UnknownAgentError: a mapping that does not name exactly the game's agents.
        ShapeError: another number of policies; and as `policy_table`.
        InvalidPolicyError: as `policy_table`.
    """
    ordered = by_player(policies, game.agents)
    return tuple(policy_table(game, policy, i) for i, policy in enumerate(ordered))


def policy_table(game: MarkovGame, policy: Any, player: int) -> FloatArray:  # noqa: ANN401
    """One player's checked table, `(1 or H, S, A_i)`.

    Args:
        game: says how many states, actions and steps there are.
        policy: an array `(S, A_i)` or `(H, S, A_i)`, anything that becomes one, or a callable
            `(observations, action_masks) -> probabilities`, which is asked about all states.
        player: its index, for sizes and messages.

    Raises:
        ShapeError: another shape; the message names the first axis that differs.
        InvalidPolicyError: NaN, negative entries, rows off one; the message names the first.
    """
    who = game.agents[player]
    states, actions = game.num_states, game.num_actions[player]
    if isinstance(policy, TabularPolicy):
        table = policy.table
    elif hasattr(policy, "__array__") or not callable(policy):
        table = TabularPolicy(policy, who=who).table
    else:
        masks = np.ones((states, actions), dtype=np.int8)
        return ask(cast("Policy", policy), np.arange(states), masks, who=who)[None]
    if len(table) == 1:
        check_shape(table[0], (states, actions), who, ("s", "a"))
    else:
        check_shape(table, (game.horizon or 1, states, actions), who, ("h", "s", "a"))
    return table


def at_step(tables: Sequence[FloatArray], h: int) -> tuple[FloatArray, ...]:
    """Each player's `(S, A_i)` at step h."""
    return tuple(table[h if len(table) > 1 else 0] for table in tables)


def checked_distributions(table: FloatArray, who: str) -> FloatArray:
    """Rows divided by their sums; `(S, A)` or `(H, S, A)`."""
    axes = ("h", "s", "a")[3 - table.ndim :]
    bad = ~np.isfinite(table) | (table < 0)
    expected = "finite probabilities of at least 0"
    refuse(bad, table, expected, who, axes, error=InvalidPolicyError)
    sums = table.sum(axis=-1)
    off = np.abs(sums - 1) > SUM_TOLERANCE
    expected = f"rows that sum to 1 within {SUM_TOLERANCE:g}"
    refuse(off, sums, expected, who, axes[:-1], error=InvalidPolicyError)
    return table / sums[..., None]
