"""Asking policies: every answer is checked where it enters, and never repaired.

A policy is a callable `(observations, action_masks) -> probabilities`, batched; see
`mail_envs.protocols.Policy`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import InvalidPolicyError, ShapeError, UnknownAgentError
from mail_envs.protocols import FloatArray, Mask, Observations, Policy

__all__ = [
    "ask",
    "by_player",
    "check_distributions",
    "decide",
    "greedy",
    "invert",
    "predict",
    "sample_actions",
    "split_observation",
    "uniform_policy",
]

SUM_TOLERANCE = 1e-5
"""How far a row may be from one: float32 softmaxes round at about 1e-7 per entry."""

T = TypeVar("T")


def uniform_policy(observations: Observations, action_masks: Mask | None) -> FloatArray:
    """Play every legal action alike: `(B, ...)`, `(B, A)` → `(B, A)`.

    Raises:
        ShapeError: without a mask, which alone says how many actions there are.
    """
    if action_masks is None:
        raise ShapeError(
            f"uniform_policy: expected action masks (B, A), came None with observations of shape "
            f"{observations.shape}"
        )
    legal = np.asarray(action_masks, dtype=np.float64)
    return legal / legal.sum(axis=1, keepdims=True)


def ask(
    policy: Policy, observations: Observations, action_masks: Mask, *, who: str = "policy"
) -> FloatArray:
    """Ask a policy and check its answer.

    Args:
        policy: the callable to ask.
        observations: `(B, ...)`.
        action_masks: `(B, A)`, 1 where legal.
        who: how errors call the policy, for example the agent's name.

    Returns:
        `(B, A)` float64, rows divided by their sums, which lie within `SUM_TOLERANCE` of one.

    Raises:
        ShapeError: the answer is not `(B, A)`.
        InvalidPolicyError: NaN, infinite or negative entries, rows that do not sum to one, or
            positive probability outside the mask.
    """
    return check_distributions(policy(observations, action_masks), action_masks, who=who)


def check_distributions(answer: object, action_masks: Mask, *, who: str = "policy") -> FloatArray:
    """Check that `answer` is a distribution over the legal actions in every row; see `ask`."""
    try:
        given: NDArray[Any] = np.asarray(answer)
        table = np.real(given).astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"{who}: expected probabilities of shape {action_masks.shape}, came {answer!r:.200}"
        ) from error
    if table.shape != action_masks.shape or np.iscomplexobj(given):
        raise ShapeError(
            f"{who}: expected probabilities of shape {action_masks.shape}, came {table.shape}"
            f"{' of complex numbers' if np.iscomplexobj(given) else ''}"
        )
    _refuse(~np.isfinite(table), table, who, "finite probabilities")
    _refuse(table < 0, table, who, "probabilities of at least 0")
    _refuse((table > 0) & (action_masks == 0), table, who, "probability 0 for illegal actions")
    sums = table.sum(axis=1)
    off = np.abs(sums - 1) > SUM_TOLERANCE
    if off.any():
        row = int(np.argmax(off))
        raise InvalidPolicyError(
            f"{who}: expected rows that sum to 1 within {SUM_TOLERANCE:g}, "
            f"came {float(sums[row])!r} in row {row}"
        )
    return table / sums[:, None]


def _refuse(bad: NDArray[np.bool_], table: FloatArray, who: str, expected: str) -> None:
    if bad.any():
        row, action = (int(i) for i in np.argwhere(bad)[0])
        raise InvalidPolicyError(
            f"{who}: expected {expected}, came {float(table[row, action])!r} in row {row}, "
            f"action {action}"
        )


def decide(
    policy: Policy, observations: Observations, action_masks: Mask, *, who: str = "policy"
) -> NDArray[np.int64]:
    """Ask a deterministic policy for its actions, `(B,)`; arguments and errors as in `ask`.

    Raises:
        InvalidPolicyError: a row with more than one action of positive probability.
    """
    table = ask(policy, observations, action_masks, who=who)
    torn = np.count_nonzero(table, axis=1) > 1
    if torn.any():
        row = int(np.argmax(torn))
        action = int(table[row].argmax())
        raise InvalidPolicyError(
            f"{who}: expected a deterministic policy, one action of probability 1 in every row, "
            f"came at most {float(table[row, action])!r}, for action {action}, in row {row}"
        )
    return table.argmax(axis=1).astype(np.int64)


def greedy(policy: Policy) -> Policy:
    """The deterministic policy that plays `policy`'s most probable action, the lowest of equals."""

    def most_probable(observations: Observations, action_masks: Mask | None) -> FloatArray:
        answer = policy(observations, action_masks)
        masks = np.ones(np.shape(answer), np.int8) if action_masks is None else action_masks
        table = check_distributions(answer, masks)
        return np.eye(table.shape[1])[table.argmax(axis=1)]

    return most_probable


def by_player(
    policies: Sequence[T] | Mapping[str, T], agents: Sequence[str], *, what: str = "policies"
) -> tuple[T, ...]:
    """Bring one item per player into player order.

    Args:
        policies: a sequence in player order, or a mapping by agent name.
        agents: the game's agents, in player order.
        what: how errors call the items.

    Raises:
        UnknownAgentError: a mapping with an agent that the game does not have, or without one
            that it has.
        ShapeError: a sequence of another length.
    """
    if isinstance(policies, Mapping):
        unknown = [agent for agent in policies if agent not in agents]
        missing = [agent for agent in agents if agent not in policies]
        if unknown or missing:
            raise UnknownAgentError(
                f"{what}: expected one for each of {list(agents)}, came {list(policies)} "
                f"(unknown: {unknown}, missing: {missing})"
            )
        return tuple(policies[agent] for agent in agents)
    if len(policies) != len(agents):
        raise ShapeError(
            f"{what}: expected {len(agents)}, one for each of {list(agents)}, came {len(policies)}"
        )
    return tuple(policies)


def sample_actions(probabilities: FloatArray, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw one action per row by inversion: `(B, A)` → `(B,)`.

    One uniform number a row, so that a row's draw depends on its place in the stream alone.
    Actions of probability zero are never drawn.
    """
    return invert(probabilities, rng.random(len(probabilities)))


def invert(probabilities: FloatArray, draws: FloatArray) -> NDArray[np.int64]:
    """The action at the fraction `draws` `(B,)`, from 0 to 1 (excluded), of each row's mass.

    `(B, A)`, `(B,)` → `(B,)`.
    """
    cumulative = np.cumsum(probabilities, axis=1)
    total = cumulative[:, -1]
    reached = np.minimum(draws * total, np.nextafter(total, 0))
    return (cumulative <= reached[:, None]).sum(axis=1).astype(np.int64)


def split_observation(observation: Any) -> tuple[Observations, Mask | None]:  # noqa: ANN401
    """Split `{"observation": ..., "action_mask": ...}` into its parts; a bare array has no mask."""
    if isinstance(observation, Mapping):
        mask = observation.get("action_mask")
        return np.asarray(observation["observation"]), None if mask is None else np.asarray(mask)
    return np.asarray(observation), None


def predict(
    policy: Policy,
    observation: Any,  # noqa: ANN401
    *,
    single_ndim: int,
    deterministic: bool,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Choose actions by `policy` the way stable-baselines3's `predict` does.

    Args:
        policy: the policy to ask.
        observation: an array or a dictionary with `observation` and perhaps `action_mask`; one
            observation or a batch.
        single_ndim: the number of axes of one observation, which tells one from a batch.
        deterministic: the most probable action, the lowest index among equals, instead of a draw.
        rng: where draws come from.

    Returns:
        Actions, `(B,)` for a batch and `()` for one observation.
    """
    seen, mask = split_observation(observation)
    single = seen.ndim == single_ndim
    if single:
        seen, mask = seen[None], None if mask is None else mask[None]
    table = policy(seen, mask)
    actions = table.argmax(axis=1) if deterministic else sample_actions(table, rng=rng)
    return actions[0] if single else actions
