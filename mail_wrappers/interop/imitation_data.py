"""`imitation`: decisions as its transitions and trajectories, and back.

What its dataclasses have no field for stands in the infos, so that the way back gives what was
given, byte by byte. `imitation` pins old versions; on today's stack it is installed by

    pip install --no-deps imitation==1.0.1 seals==0.2.1
    pip install tqdm scikit-learn datasets "huggingface-sb3>=3,<4" "cloudpickle>=3" sacred
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import InvalidOptionError, ShapeError
from mail_wrappers.columns import Column, leaves, mapped
from mail_wrappers.decisions import Decisions
from mail_wrappers.interop.optional import needed

__all__ = ["Form", "from_trajectories", "from_transitions", "to_trajectories", "to_transitions"]

INSTALL = "--no-deps imitation==1.0.1 seals==0.2.1"
OURS = "mail_envs"
"""The info that holds our own columns."""

Form: TypeAlias = Literal["as is", "masked", "flat"]
"""How observations are given: as they are; as dictionaries of `observation` and `action_mask`, as
environments of boards give them; or flat, `(N, d)` float32, every array after the other, the mask
last."""


def to_transitions(decisions: Decisions, *, form: Form = "as is") -> Any:
    """One agent's decisions as `imitation.data.types.Transitions`.

    The next observation of the last decision of a trajectory is not recorded: it is that
    decision's own observation once more, and `dones` is true where the agent's episode ended.

    Args:
        decisions: of one agent; `TransitionsWithRew` where there are rewards.
        form: see `Form`.

    Raises:
        MissingPackageError: `imitation` is not installed.
        ShapeError: nested observations that its dictionaries do not hold, in another form than
            `"flat"`; or `"masked"` without masks.
        InvalidOptionError: no such form.
    """
    types = needed("imitation.data.types", INSTALL)
    seen = _formed(decisions, form)
    following = _following(decisions)
    fields: dict[str, Any] = {
        "obs": _wrapped(types, seen),
        "acts": _acts(decisions),
        "infos": _infos(decisions),
        "next_obs": _wrapped(types, mapped(_taken(following), seen)),
        "dones": _dones(decisions),
    }
    if decisions.rewards is None:
        return types.Transitions(**fields)
    return types.TransitionsWithRew(**fields, rews=np.array(decisions.rewards))


def to_trajectories(decisions: Decisions, *, form: Form = "as is") -> list[Any]:
    """One agent's decisions as a list of `imitation.data.types.TrajectoryWithRew`.

    `Trajectory` where there are no rewards. `terminal` is true where the agent's episode ended.
    Arguments and errors as `to_transitions`.
    """
    types = needed("imitation.data.types", INSTALL)
    found: list[Any] = []
    for each in decisions.trajectories():
        fields: dict[str, Any] = {
            "obs": _wrapped(types, mapped(_with_last_again, _formed(each, form))),
            "acts": _acts(each),
            "infos": _infos(each),
            "terminal": bool(_dones(each)[-1]),
        }
        if each.rewards is None:
            found.append(types.Trajectory(**fields))
        else:
            found.append(types.TrajectoryWithRew(**fields, rews=np.array(each.rewards)))
    return found


def from_transitions(transitions: Any) -> Decisions:
    """The decisions of some transitions, ours or anybody's.

    Of somebody else's, an episode ends where `dones` says so, by the rules; observations of
    `observation` and `action_mask` are told apart.

    Raises:
        ShapeError: no transitions.
    """
    dones = np.asarray(getattr(transitions, "dones", np.zeros(len(transitions), np.bool_)))
    counted = np.concatenate([[0], np.cumsum(dones)[:-1]]).astype(np.int64)
    return _decisions(
        _unwrapped(transitions.obs),
        transitions.acts,
        rewards=getattr(transitions, "rews", None),
        infos=transitions.infos,
        episodes=counted,
        dones=dones,
    )


def from_trajectories(trajectories: Sequence[Any]) -> Decisions:
    """The decisions of some trajectories, ours or anybody's; see `from_transitions`.

    Raises:
        ShapeError: no trajectories, or some whose columns differ.
    """
    parts: list[Decisions] = []
    for number, each in enumerate(trajectories):
        dones = np.zeros(len(each), dtype=np.bool_)
        dones[-1] = each.terminal
        part = _decisions(
            mapped(_without_last, _unwrapped(each.obs)),
            each.acts,
            rewards=getattr(each, "rews", None),
            infos=[{}] * len(each) if each.infos is None else each.infos,
            episodes=np.full(len(each), number),
            dones=dones,
        )
        parts.append(part)
    return Decisions.merged(parts)


# ---- there


def _formed(decisions: Decisions, form: Form) -> Column:
    if form == "as is":
        return decisions.observations
    if form == "masked":
        return {"action_mask": decisions.masks(), "observation": decisions.observations}
    if form != "flat":
        raise InvalidOptionError(f"form: expected 'as is', 'masked' or 'flat', came {form!r}")
    arrays = [array for _, array in leaves(decisions.observations)]
    if decisions.action_masks is not None:
        arrays.append(decisions.action_masks)
    return np.hstack([a.reshape(len(decisions), -1).astype(np.float32) for a in arrays])


def _wrapped(types: Any, seen: Column) -> Any:
    """Observations as `imitation` holds them: an array, or a dictionary of arrays."""
    arrays = list(cast("dict[str, Column]", seen).values()) if isinstance(seen, dict) else [seen]
    if not all(isinstance(array, np.ndarray) for array in arrays):
        raise ShapeError(
            f"observations: expected an array or a dictionary of arrays, came "
            f"{[path for path, _ in leaves(seen)]}; use form='flat'"
        )
    return types.maybe_wrap_in_dictobs(mapped(np.array, seen))


def _acts(decisions: Decisions) -> NDArray[Any]:
    if not isinstance(decisions.actions, np.ndarray):
        raise ShapeError("actions: expected one array, came nested ones, which imitation lacks")
    return np.array(decisions.actions)


def _infos(decisions: Decisions) -> NDArray[Any]:
    """Our own columns, row by row."""
    names = ("episodes", "steps", "action_masks", "distributions", "terminations", "truncations")
    columns = {name: getattr(decisions, name) for name in names}
    told = {name: column for name, column in columns.items() if column is not None}
    rows = [
        {OURS: {name: column[row] for name, column in told.items()}}
        for row in range(len(decisions))
    ]
    infos = np.empty(len(decisions), dtype=object)
    infos[:] = rows
    return infos


def _dones(decisions: Decisions) -> NDArray[np.bool_]:
    dones = np.zeros(len(decisions), dtype=np.bool_)
    for ends in (decisions.terminations, decisions.truncations):
        dones |= False if ends is None else ends
    return dones


def _following(decisions: Decisions) -> NDArray[np.int64]:
    """The row of the next decision of the same trajectory, or the same row at its end."""
    rows = np.arange(len(decisions))
    last = np.cumsum([len(each) for each in decisions.trajectories()], dtype=np.int64) - 1
    following = rows + 1
    following[last] = last
    return following


def _taken(rows: NDArray[np.int64]) -> Any:
    def take(array: NDArray[Any]) -> NDArray[Any]:
        return array[rows]

    return take


def _with_last_again(array: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([array, array[-1:]])


def _without_last(array: NDArray[Any]) -> NDArray[Any]:
    return array[:-1]


# ---- and back


def _unwrapped(observations: Any) -> Column:
    return observations.unwrap() if hasattr(observations, "unwrap") else observations


def _decisions(
    seen: Column,
    actions: NDArray[Any],
    *,
    rewards: NDArray[Any] | None,
    infos: Iterable[Mapping[str, Any]],
    episodes: NDArray[np.int64],
    dones: NDArray[np.bool_],
) -> Decisions:
    observations, masks = _split(seen)
    columns: dict[str, Any] = {
        "observations": observations,
        "actions": np.asarray(actions),
        "episodes": episodes,
        "steps": _places(episodes),
        "action_masks": masks,
        "rewards": None if rewards is None else np.asarray(rewards, dtype=np.float64),
        "terminations": dones,
        "truncations": np.zeros(len(dones), dtype=np.bool_),
    }
    told = [info.get(OURS) for info in infos]
    if told and all(told):
        ours = cast("list[dict[str, Any]]", told)
        columns |= {"action_masks": None, "terminations": None, "truncations": None}
        columns |= {name: np.array([each[name] for each in ours]) for name in ours[0]}
    return Decisions(**columns)


def _split(seen: Column) -> tuple[Column, NDArray[np.int8] | None]:
    if isinstance(seen, dict) and set(cast("dict[str, Any]", seen)) == {
        "observation",
        "action_mask",
    }:
        return seen["observation"], np.asarray(seen["action_mask"], dtype=np.int8)
    return seen, None


def _places(episodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each row in its run of one episode."""
    rows = np.arange(len(episodes))
    begins = np.concatenate([[True], np.diff(episodes) != 0])[: len(rows)]
    return rows - np.maximum.accumulate(np.where(begins, rows, 0))
