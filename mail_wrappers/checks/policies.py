"""Checks of policies and experts."""

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.protocols import Expert, FloatArray, Mask, Observations, Policy
from mail_envs.protocols.asking import check_distributions
from mail_wrappers.checks.contract import require, told
from mail_wrappers.checks.playing import decisions_of
from mail_wrappers.options import array_of, check_callable, check_number, check_text
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.told import check_rows

__all__ = ["check_expert", "check_policy"]


def check_policy(
    policy: Policy,
    observations: Observations,
    action_masks: Mask,
    *,
    tolerance: float = 1e-5,
    who: str = "policy",
) -> FloatArray:
    """Check that a callable is a policy where it is asked.

    Its answers are distributions over the legal actions; it answers the same when asked again, a
    batch as its rows one by one, and leaves what it is given as it was.

    Args:
        policy: the callable.
        observations: `(B, ...)`, positions to ask about; two at least, or batches are not tried.
        action_masks: `(B, A)`, 1 where legal.
        tolerance: how far probabilities may differ between a batch and its rows, which float32
            networks round differently.
        who: how errors call the policy.

    Returns:
        `(B, A)`, the answers.

    Raises:
        ContractError: the first promise that is broken, with the row.
    """
    check_callable("policy", policy, what="a policy")
    check_number("tolerance", tolerance, low=0)
    check_text("who", who)
    observations = array_of("observations", observations)
    action_masks = array_of("action_masks", action_masks)
    check_rows("action_masks", action_masks, check_rows("observations", observations))
    answer = _ask(policy, observations, action_masks, who)
    again = _ask(policy, observations, action_masks, f"{who}, asked again")
    _agree(again, answer, 0.0, f"{who}, asked again", "the same answer")
    for row in range(len(observations)):
        one = slice(row, row + 1)
        where = f"{who}, row {row} alone"
        alone = _ask(policy, observations[one], action_masks[one], where)
        _agree(alone, answer[one], tolerance, where, "the answer that it gets in a batch")
    return answer


def check_expert(
    expert: Expert,
    env: MultiAgentEnv,
    agent: str,
    *,
    positions: int = 50,
    seed: int = 0,
    scores: Callable[[Observations, Mask], FloatArray] | None = None,
) -> None:
    """Check that an expert can be asked where `agent` may come to stand in an environment.

    It is a policy there (`check_policy`); `predict` chooses legal actions, one by one as in a
    batch, deterministically an action of the largest probability, and the same when asked again.

    Args:
        expert: whom to ask.
        env: a PettingZoo environment in which agents have discrete actions.
        agent: whose decisions, met in random play, are asked about.
        positions: the number of decisions.
        seed: of the random play.
        scores: what the expert's choice rests on, `(B, ...)`, `(B, A)` → `(B, A)`, where it can
            tell: actions of positive probability must then be among the legal ones of the largest
            score. Not for softened or noisy experts.

    Raises:
        ContractError: the first promise that is broken, with the row.
    """
    observations, masks = decisions_of(env, agent, positions, seed=seed)
    who = f"the expert of {agent}"
    answer = check_policy(expert, observations, masks, who=who)
    packed = isinstance(env.observation_space(agent), spaces.Dict)
    _check_predict(expert, (observations, masks if packed else None), answer, who)
    if scores is not None:
        legal = np.where(masks == 1, scores(observations, masks), -np.inf)
        best = legal == legal.max(axis=1, keepdims=True)
        wrong = np.argwhere((answer > 0) & ~best)
        require(
            not len(wrong),
            f"{who}, row and action {wrong[:1].tolist()}",
            "probability 0 for actions whose score is not the largest",
            [float(answer[row, action]) for row, action in wrong[:1]],
        )


def _check_predict(
    expert: Expert, given: tuple[Observations, Mask | None], answer: FloatArray, who: str
) -> None:
    together = _predicted(expert, given, slice(None), f"{who}, predict")
    again = _predicted(expert, given, slice(None), f"{who}, predict again")
    require(np.array_equal(together, again), f"{who}, predict again", "the same actions", again)
    for row, action in enumerate(together.tolist()):
        where = f"{who}, predict, row {row}"
        alone = int(_predicted(expert, given, row, f"{where} alone"))
        require(alone == action, f"{where} alone", f"{action}, as in a batch", alone)
        require(
            answer[row, action] >= answer[row].max() - 1e-9,
            where,
            f"an action of the largest probability {float(answer[row].max())!r}",
            f"{action} of probability {float(answer[row, action])!r}",
        )


def _predicted(
    expert: Expert, given: tuple[Observations, Mask | None], rows: slice | int, where: str
) -> NDArray[np.int64]:
    """Ask `predict` as an environment's observations are: bare, or with the mask beside them."""
    observations, masks = given
    seen: Any = observations[rows]
    if masks is not None:
        seen = {"observation": seen, "action_mask": masks[rows]}
    with told(where, "(actions, state)"):
        actions, _ = expert.predict(seen, deterministic=True)
        return np.asarray(actions, dtype=np.int64)


def _ask(policy: Policy, observations: Observations, masks: Mask, where: str) -> FloatArray:
    """Ask with copies, check the answer, and that the copies were left alone."""
    seen, legal = observations.copy(), masks.copy()
    with told(where, f"probabilities of shape {masks.shape}"):
        answer = np.array(policy(seen, legal), dtype=np.float64)
    require(
        np.array_equal(seen, observations, equal_nan=_inexact(seen)),
        where,
        "observations left as they were",
        "others",
    )
    require(np.array_equal(legal, masks), where, "action masks left as they were", "others")
    with told(where, "distributions over legal actions"):
        check_distributions(answer, masks, who=where)
    return answer


def _inexact(array: NDArray[Any]) -> bool:
    return np.issubdtype(array.dtype, np.inexact)


def _agree(came: FloatArray, wanted: FloatArray, tolerance: float, where: str, what: str) -> None:
    off = np.abs(came - wanted)
    row, action = (int(i) for i in np.unravel_index(off.argmax(), off.shape))
    require(
        off[row, action] <= tolerance,
        where,
        f"{what} within {tolerance:g}, {float(wanted[row, action])!r} for action {action}",
        float(came[row, action]),
    )
