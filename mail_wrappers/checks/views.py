"""Checks of one agent's view: a Gymnasium environment with masks."""

from copy import deepcopy
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import IllegalActionError
from mail_wrappers.checks.contract import (
    broken,
    fingerprint,
    first_difference,
    inside,
    require,
    same,
    shared,
    told,
)
from mail_wrappers.checks.playing import Chooser, mask_of
from mail_wrappers.checks.scalars import check_play, finite, truth_value
from mail_wrappers.options import check_environment

__all__ = ["check_view", "masks_of"]

View = gymnasium.Env[Any, Any]


def check_view(view: View, *, episodes: int = 3, most_steps: int = 500, seed: int = 0) -> None:
    """Check that a view keeps its contract, beyond what Gymnasium's `check_env` looks at.

    - Its spaces are the same objects whenever asked for; observations lie in theirs; rewards are
      finite numbers; ends are told as truth values; infos are dictionaries.
    - A mask stands in `info["action_mask"]`, in `action_masks()` and, where observations are
      dictionaries with one, there: all three alike, never empty, all ones once the episode is over.
    - Observations are fresh: none holds an array of the one before, and no later step changes what
      was handed out.
    - Legal actions are accepted. An illegal one is refused by an `IllegalActionError`, after which
      the episode goes on as before, or ends the episode with `info["illegal_action"]`.
    - A step after the end is refused by an error.
    - The same seed and actions give the same episode, byte for byte, and so does the episode after
      it, begun without a seed.

    Args:
        view: one agent's Gymnasium environment, wrapped or not.
        episodes: how many are played, twice each.
        most_steps: where an episode is broken off.
        seed: of the first episode, and of the actions; the others follow it.

    Raises:
        ContractError: the first promise that is broken: where, what was expected, what came.
    """
    check_environment(view)
    seed = check_play(episodes, most_steps, seed)
    for name in ("observation_space", "action_space"):
        space = getattr(view, name)
        require(isinstance(space, spaces.Space), name, "a Gymnasium space", space)
        require(getattr(view, name) is space, name, "the same object whenever asked for", "another")
    seeds = range(seed, seed + episodes)
    first = [_play_twice(view, number, most_steps) for number in seeds]
    for number, trails in zip(seeds, first, strict=True):
        again = _play_twice(view, number, most_steps)
        for after, one, other in zip(("", ", the next episode"), trails, again, strict=True):
            step = first_difference(one, other)
            where = f"seed {number} played again{after}, step {step}"
            require(step is None, where, "what was seen and paid the first time", "something else")
    _check_illegal_action(view, seed, most_steps)


def masks_of(view: View, observation: Any, info: dict[str, Any], where: str) -> Any:
    """The action mask of a view, the same wherever it has to stand; None where it has none."""
    mask = mask_of(observation, {})
    mask = info.get("action_mask") if mask is None else mask
    if mask is None:
        return None
    require("action_mask" in info, f"{where}, info", "an action_mask", sorted(info, key=str))
    alike = same(np.asarray(mask, np.int8), np.asarray(info["action_mask"], np.int8))
    require(alike, f"{where}, info", "the mask of the observation", info["action_mask"])
    with told(f"{where}, action_masks()", "the action mask"):
        asked = np.asarray(view.get_wrapper_attr("action_masks")())
    alike = same(np.asarray(mask, np.int8), asked.astype(np.int8))
    require(alike, f"{where}, action_masks()", f"{np.asarray(mask).tolist()}", asked.tolist())
    return mask


def _play_twice(view: View, seed: int, most_steps: int) -> list[list[bytes]]:
    """Play an episode of a seed and the next one, which goes on without; returns their trails."""
    choose = Chooser(view.action_space, seed=seed)
    return [_play(view, choose, number, most_steps) for number in (seed, None)]


def _play(view: View, choose: Chooser, seed: int | None, most_steps: int) -> list[bytes]:
    """Play one episode of random legal actions and examine it; returns its trail."""
    where = f"reset of seed {seed}"
    with told(where, "an observation and an info"):
        seen, info = view.reset(seed=seed)
    mask = _check_sight(view, seen, info, where, over=False)
    trail, kept = [fingerprint([seen, mask])], (seen, deepcopy(seen))
    for step in range(most_steps):
        where, action = f"seed {seed}, step {step}", choose(mask)
        with told(f"{where}, action {action!r}", "a legal action to be accepted"):
            seen, reward, terminated, truncated, info = view.step(action)
        require(not shared(kept[0], seen), where, "a fresh observation", "arrays of the one before")
        require(same(*kept), where, "the observation before it left as it was", "a change")
        over = truth_value(terminated, where) | truth_value(truncated, where)
        mask = _check_sight(view, seen, info, where, over=over)
        pay = finite(reward, f"{where}, reward")
        trail.append(fingerprint([seen, mask, pay, bool(terminated), bool(truncated)]))
        kept = (seen, deepcopy(seen))
        if over:
            _check_closed(view, choose(mask), f"{where}, a step after the end")
            break
    return trail


def _check_sight(view: View, seen: Any, info: Any, where: str, *, over: bool) -> Any:
    """Examine what a step shows; returns the mask, None where there is none."""
    inside(view.observation_space, seen, f"{where}, observation")
    require(isinstance(info, dict), f"{where}, info", "a dictionary", info)
    mask = masks_of(view, seen, info, where)
    if isinstance(mask, np.ndarray):
        require(mask.any(), where, "a legal action", "an empty mask")
        if over:
            require(mask.all(), f"{where}, the end", "a mask of ones", mask.tolist())
    return mask


def _check_closed(view: View, action: Any, where: str) -> None:
    try:
        view.step(action)
    except Exception:  # noqa: BLE001 - any refusal will do
        return
    broken(where, "an error", "an answer")


def _check_illegal_action(view: View, seed: int, most_steps: int) -> None:
    """Play to the first turn with an illegal action, and take it."""
    choose = Chooser(view.action_space, seed=seed)
    seen, info = view.reset(seed=seed)
    for step in range(most_steps):
        mask = mask_of(seen, info)
        if not isinstance(mask, np.ndarray) or not isinstance(view.action_space, spaces.Discrete):
            return
        if not mask.all():
            illegal = int(np.flatnonzero(mask == 0)[0]) + int(view.action_space.start)
            _take(view, illegal, mask, f"seed {seed}, step {step}, illegal action {illegal}")
            return
        seen, _, terminated, truncated, info = view.step(choose(mask))
        if terminated or truncated:
            seen, info = view.reset()


def _take(view: View, illegal: int, mask: NDArray[Any], where: str) -> None:
    try:
        seen, _, terminated, _, info = view.step(illegal)
    except IllegalActionError:
        left = np.asarray(view.get_wrapper_attr("action_masks")(), mask.dtype)
        require(np.array_equal(left, mask), where, "the same turn after its refusal", left.tolist())
        return
    except Exception as error:  # noqa: BLE001 - told below
        came = f"{type(error).__name__}: {error}"
        broken(where, "an IllegalActionError or the end", came)
    require(terminated, where, "an IllegalActionError or the end", "an episode that goes on")
    require(info.get("illegal_action") is True, where, "info['illegal_action'] = True", info)
    _check_sight(view, seen, info, where, over=True)
