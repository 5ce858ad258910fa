"""What an agent sees, which of its moves are legal, and how a move is drawn or checked.

Masks are PettingZoo's: `(A,)`, 1 where legal, in the observation or in the info. For a
`MultiDiscrete` space they are sb3-contrib's: the masks of its components one after the other.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import IllegalActionError, ShapeError
from mail_wrappers.told import check_info, holds

__all__ = [
    "allowed",
    "checked_move",
    "draw_discrete",
    "legal_moves",
    "mask_of",
    "mask_width",
    "random_move",
    "seen_of",
    "shown",
]

Space = spaces.Space[Any]

INT8 = np.dtype(np.int8)
"""The kind that PettingZoo's masks have."""


def mask_of(observation: Any, info: Mapping[str, Any], width: int | None, who: str) -> Any:
    """The action mask that an observation or an info holds, as an array; None without one.

    Args:
        observation: what the agent sees.
        info: what it is told beside it.
        width: the length that a mask must have; None for any.
        who: how errors call the agent.

    Raises:
        ShapeError: a mask of another shape or kind.
        ContractError: an info that is no dictionary.
    """
    if type(observation) is dict and type(info) is dict:  # as nearly always: at once
        mask = cast("dict[str, Any]", observation).get("action_mask")
        if type(mask) is np.ndarray and mask.dtype is INT8 and mask.shape == (width,):
            return mask
    check_info(info, who)
    mask = None
    if type(observation) is dict or isinstance(observation, Mapping):  # the first is faster
        mask = cast("Mapping[str, Any]", observation).get("action_mask")
    if mask is None:
        mask = info.get("action_mask")
        if mask is None:
            return None
    try:
        mask = np.asarray(mask)
    except ValueError as error:  # rows of different lengths
        raise ShapeError(f"action mask of {who}: expected an array, came {mask!r:.200}") from error
    fits = mask.shape == (width,) if width is not None else mask.ndim > 0
    if not fits or mask.dtype.kind not in "biuf":
        raise ShapeError(
            f"action mask of {who}: expected shape ({'A' if width is None else width},), "
            f"came {mask.shape} of {mask.dtype}"
        )
    return mask


def mask_width(space: Space) -> int | None:
    """The length of a mask over `space`; None for spaces that masks say nothing of."""
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.MultiDiscrete):
        return int(space.nvec.sum())
    return None


def seen_of(observation: Any) -> Any:
    """What a policy is shown: an observation without its mask.

    `{"observation": ..., "action_mask": ...}` is the array within; another dictionary loses its
    mask, if it has one; a number becomes an array.
    """
    if isinstance(observation, Mapping):
        if "observation" in observation:
            return np.asarray(observation["observation"])
        return {key: part for key, part in observation.items() if key != "action_mask"}
    if isinstance(observation, tuple):
        return observation
    return np.asarray(observation)


def legal_moves(space: Space, mask: Any, move: Any) -> bool:
    """Whether `mask` allows `move`, which lies in `space`; what masks say nothing of is legal."""
    if mask is None:
        return True
    if isinstance(space, spaces.Discrete):
        return bool(mask[int(move) - int(space.start)])
    if isinstance(space, spaces.MultiDiscrete):
        offsets = np.concatenate([[0], np.cumsum(space.nvec.ravel())[:-1]])
        chosen = (np.asarray(move) - space.start).ravel()
        return bool(np.asarray(mask)[offsets + chosen].all())
    return True


def checked_move(space: Space, mask: Any, move: Any, *, who: str) -> Any:
    """The move as the environment takes it: Python's own integer for a `Discrete` space.

    Raises:
        IllegalActionError: a move outside the space or the mask.
    """
    if not holds(space, move):
        raise IllegalActionError(f"action of {who}: expected one of {space}, came {move!r}")
    if not legal_moves(space, mask, move):
        raise IllegalActionError(
            f"action of {who}: expected one of {allowed(space, mask)}, came {shown(move)}"
        )
    return int(move) if isinstance(space, spaces.Discrete) else move


def allowed(space: Space, mask: Any) -> list[Any]:
    """The legal actions, as errors show them; one list per component of a `MultiDiscrete`."""
    if isinstance(space, spaces.MultiDiscrete):
        parts, starts = split_mask(space, mask), np.ravel(space.start)
        return [
            (np.flatnonzero(part) + int(start)).tolist()
            for part, start in zip(parts, starts, strict=True)
        ]
    start = int(space.start) if isinstance(space, spaces.Discrete) else 0
    return (np.flatnonzero(mask) + start).tolist()


def shown(move: Any) -> str:
    """A move as errors show it."""
    return str(move.tolist()) if isinstance(move, np.ndarray) else str(move)


def split_mask(space: spaces.MultiDiscrete, mask: Any) -> tuple[NDArray[np.int8], ...]:
    """sb3-contrib's mask as Gymnasium's: one per component."""
    ends = np.cumsum(space.nvec.ravel())[:-1]
    return tuple(np.split(np.asarray(mask, dtype=np.int8), ends))


def random_move(space: Space, mask: Any, *, draw: float, who: str) -> Any:
    """A legal move, all alike.

    Args:
        space: where it lies; for other spaces than `Discrete` its own generator draws.
        mask: which moves are legal; None where all are.
        draw: for `Discrete` spaces, a uniform number from 0 to 1 (excluded).
        who: how errors call the agent.

    Raises:
        IllegalActionError: no move is legal.
    """
    if isinstance(space, spaces.Discrete):
        return draw_discrete(int(space.start), int(space.n), mask, draw, who)
    if mask is not None and isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
        parts = split_mask(space, mask)
        if not all(part.any() for part in parts):
            raise IllegalActionError(f"action of {who}: expected a legal one, came a mask of zeros")
        return space.sample(mask=parts)
    return space.sample()


def draw_discrete(start: int, count: int, mask: Any, draw: float, who: str) -> int:
    """A legal one of `count` actions from `start` on; arguments as for `random_move`."""
    if mask is None:
        return start + int(draw * count)
    legal = mask.nonzero()[0]
    if not legal.size:
        raise IllegalActionError(f"action of {who}: expected a legal one, came a mask of zeros")
    return start + legal.item(int(draw * legal.size))
