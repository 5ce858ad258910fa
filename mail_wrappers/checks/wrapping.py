"""Checks of wrappers around one agent's view."""

from collections.abc import Callable, Collection
from typing import Any, Literal, get_args

import gymnasium

from mail_wrappers.checks.contract import require, same
from mail_wrappers.checks.playing import Chooser
from mail_wrappers.checks.views import check_view, masks_of
from mail_wrappers.options import check_callable, check_environment, check_word

__all__ = ["Change", "check_wrapper"]

Change = Literal["observation", "action", "reward", "end"]
"""What a wrapper may change."""
View = gymnasium.Env[Any, Any]


def check_wrapper(
    make_wrapper: Callable[[View], View],
    make_view: Callable[[], View],
    *,
    changes: Collection[Change] = (),
    episodes: int = 3,
    most_steps: int = 500,
    seed: int = 0,
) -> None:
    """Check that a wrapper keeps a view's contract and changes what it says it changes.

    The wrapped view is a view (`check_view`). Played beside a bare one with the same seeds and
    actions, it shows the same observations, masks, rewards and ends, `changes` excepted.

    Args:
        make_wrapper: view → wrapped view.
        make_view: makes a fresh view, alike each time.
        changes: what the wrapper is for: `"observation"`, `"reward"`, `"end"` (it may end episodes
            earlier), `"action"` (another action space; nothing is compared beyond the contract).
        episodes: how many are played.
        most_steps: where an episode is broken off.
        seed: of the first episode, and of the actions; the others follow it.

    Raises:
        ContractError: the first promise that is broken: where, what was expected, what came.
    """
    check_callable("make_wrapper", make_wrapper)
    check_callable("make_view", make_view)
    given: Any = changes
    for change in given if isinstance(given, Collection) else (given,):
        check_word("changes", change, get_args(Change))
    wrapped = make_wrapper(make_view())
    check_view(wrapped, episodes=episodes, most_steps=most_steps, seed=seed)
    bare = make_view()
    check_environment(bare)
    kept = {"observation", "action"} - set(changes)
    for kind in sorted(kept):
        space, beneath = (getattr(env, f"{kind}_space") for env in (wrapped, bare))
        require(space == beneath, f"{kind} space of the wrapper", f"{beneath}, as beneath", space)
    if "action" in changes:
        return
    for number in range(seed, seed + episodes):
        _play_beside(wrapped, bare, changes, number, most_steps)


def _play_beside(
    wrapped: View, bare: View, changes: Collection[Change], seed: int, most_steps: int
) -> None:
    choose = Chooser(bare.action_space, seed=seed)
    ours, theirs = wrapped.reset(seed=seed), bare.reset(seed=seed)
    mask = _compare(wrapped, bare, (ours, theirs), changes, f"reset of seed {seed}")
    for step in range(most_steps):
        where, action = f"seed {seed}, step {step}", choose(mask)
        ours, theirs = wrapped.step(action), bare.step(action)
        ended = bool(ours[2] or ours[3])
        if "end" in changes and ended:
            return
        require(ours[2:4] == theirs[2:4], f"{where}, ends", f"{theirs[2:4]}, as beneath", ours[2:4])
        if "reward" not in changes:
            alike = float(ours[1]) == float(theirs[1])
            require(alike, f"{where}, reward", f"{theirs[1]!r}, as beneath", ours[1])
        sights = ((ours[0], ours[4]), (theirs[0], theirs[4]))
        mask = _compare(wrapped, bare, sights, changes, where)
        if ended:
            return


def _compare(
    wrapped: View,
    bare: View,
    sights: tuple[tuple[Any, dict[str, Any]], tuple[Any, dict[str, Any]]],
    changes: Collection[Change],
    where: str,
) -> Any:
    """Compare what both show, observation and info; returns the mask."""
    (seen, info), (seen_beneath, info_beneath) = sights
    if "observation" not in changes:
        alike = same(seen, seen_beneath)
        require(alike, f"{where}, observation", f"{seen_beneath!r}, as beneath", seen)
    mask = masks_of(bare, seen_beneath, info_beneath, where)
    kept = masks_of(wrapped, seen, info, where)
    require(same(kept, mask), f"{where}, mask", f"{mask}, as beneath", kept)
    return mask
