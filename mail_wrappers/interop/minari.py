"""Minari: one agent's decisions as a dataset, and back.

Minari knows single agents, so every agent is a dataset of its own. What its format has no column
for (masks, distributions, the places of the decisions) stands in the infos, so that `from_minari`
gives back what `to_minari` was given, byte by byte. Needs `pip install "mail-envs[minari]"`.
"""

import warnings
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import ForeignResultsError, InvalidOptionError, ShapeError
from mail_wrappers.columns import Column, Leaf, mapped
from mail_wrappers.decisions import Decisions
from mail_wrappers.interop.optional import needed

__all__ = ["from_minari", "space_of", "to_minari"]

INSTALL = '"mail-envs[minari]"'
OURS = "mail_envs_"
"""With what the infos that hold our own columns begin; Minari does not read back nested ones."""


def to_minari(
    decisions: Decisions,
    dataset_id: str,
    *,
    observation_space: spaces.Space[Any] | None = None,
    action_space: spaces.Space[Any] | None = None,
    data_format: str = "arrow",
    **about: Any,
) -> Any:
    """Write a local Minari dataset with an episode per trajectory.

    Minari keeps one observation more than there are decisions; what the agent saw after its last
    one is not recorded, so the last observation stands there twice. Rewards and ends that are
    unknown become zeros and False, and come back as such.

    Args:
        decisions: of one agent.
        dataset_id: Minari's name for it, such as `"board/connect-four-v0"`.
        observation_space: of the agent, without the mask; None for boxes of the columns' shapes
            and kinds.
        action_space: of the agent; None for `Discrete(A)` where there are masks, or else for boxes.
        data_format: one of Minari's.
        about: what else `minari.create_dataset_from_buffers` may be told: `description`, `author`,
            `author_email`, `code_permalink`, `algorithm_name`; it warns of what is missing.

    Returns:
        The `minari.MinariDataset`.

    Raises:
        MissingPackageError: Minari is not installed.
        ShapeError: a space that the columns do not fit, or no decisions at all.
        InvalidOptionError: a name that Minari refuses, or that is taken.
    """
    minari = needed("minari", INSTALL)
    buffer = needed("minari.data_collector.episode_buffer", INSTALL).EpisodeBuffer
    if not len(decisions):
        raise ShapeError("decisions: expected at least one, came none")
    seen = observation_space or space_of(decisions.observations)
    done = action_space or _actions_of(decisions)
    _check_space(seen, decisions.observations, "observation_space")
    _check_space(done, decisions.actions, "action_space")
    episodes = [
        buffer(id=number, **_episode(each)) for number, each in enumerate(decisions.trajectories())
    ]
    try:
        with warnings.catch_warnings():
            # No environment of Gymnasium stands behind the decisions of one of several agents.
            warnings.filterwarnings("ignore", message=".*(eval_env|env_spec).* None")
            return minari.create_dataset_from_buffers(
                dataset_id,
                episodes,
                observation_space=seen,
                action_space=done,
                data_format=data_format,
                jpeg_encoding=False,
                **about,
            )
    except ValueError as error:
        raise InvalidOptionError(f"dataset_id: {dataset_id!r} was refused: {error}") from error


def from_minari(dataset: Any) -> Decisions:
    """The decisions of a Minari dataset, ours or anybody's.

    Of somebody else's dataset, episodes are numbered as there and steps counted from 0. A mask is
    taken from observations with an `action_mask`; it is all ones where discrete actions have none.

    Args:
        dataset: a `minari.MinariDataset`.

    Raises:
        ShapeError: a dataset without episodes, or whose spaces are not of arrays of one shape.
        ForeignResultsError: infos of ours that are incomplete.
    """
    parts = [_decisions(dataset, episode) for episode in dataset.iterate_episodes()]
    if not parts:
        raise ShapeError(f"dataset: expected at least one episode, came none in {dataset}")
    return Decisions.merged(parts)


def space_of(column: Column) -> spaces.Space[Any]:
    """The widest space of a column: boxes, in dictionaries and tuples where it is nested."""
    if isinstance(column, dict):
        named = cast("dict[str, Column]", column)
        return spaces.Dict({key: space_of(child) for key, child in named.items()})
    if isinstance(column, tuple):
        return spaces.Tuple([space_of(child) for child in cast("tuple[Column, ...]", column)])
    leaf = Leaf.of(column)
    kind: Any = leaf.dtype.type
    if leaf.dtype.kind == "b":
        return spaces.Box(0, 1, leaf.shape, kind)
    if leaf.dtype.kind == "f":
        return spaces.Box(-np.inf, np.inf, leaf.shape, kind)
    bounds = np.iinfo(kind)
    return spaces.Box(bounds.min, bounds.max, leaf.shape, kind)


# ---- there


def _episode(decisions: Decisions) -> dict[str, Any]:
    count = len(decisions)
    infos: dict[str, Any] = {
        "episode": decisions.episodes,
        "step": decisions.steps,
        "action_mask": decisions.action_masks,
        "distribution": decisions.distributions,
    }
    told = {name: _padded(column) for name, column in infos.items() if column is not None}
    nothing = np.zeros(count)
    return {
        "observations": mapped(_padded, decisions.observations),
        "actions": mapped(np.array, decisions.actions),
        "rewards": (nothing if decisions.rewards is None else decisions.rewards).tolist(),
        "terminations": _truths(decisions.terminations, count),
        "truncations": _truths(decisions.truncations, count),
        "infos": {OURS + name: _wide(column) for name, column in told.items()},
    }


def _first(column: NDArray[Any]) -> NDArray[Any]:
    return column[:1].reshape(column.shape[1:])


def _padded(column: NDArray[Any]) -> NDArray[Any]:
    """A column with its last row once more."""
    return np.concatenate([column, column[-1:]])


def _wide(column: NDArray[Any]) -> NDArray[Any]:
    """Numbers as rows of one number, as Minari does not read back others."""
    return column.reshape(len(column), -1)


def _truths(column: NDArray[np.bool_] | None, count: int) -> list[bool]:
    return [False] * count if column is None else column.tolist()


def _actions_of(decisions: Decisions) -> spaces.Space[Any]:
    if decisions.action_masks is None:
        return space_of(decisions.actions)
    return spaces.Discrete(decisions.action_masks.shape[1])


def _check_space(space: spaces.Space[Any], column: Column, what: str) -> None:
    row = mapped(_first, column)
    if not space.contains(row):
        raise ShapeError(f"{what}: expected a space of the decisions' values, came {space}")


# ---- and back


def _decisions(dataset: Any, episode: Any) -> Decisions:
    count = len(episode.rewards)
    observations, masks = _split(episode.observations, dataset.spec.action_space, count)
    columns: dict[str, Any] = {
        "observations": observations,
        "actions": mapped(np.asarray, episode.actions),
        "rewards": np.asarray(episode.rewards, dtype=np.float64),
        "terminations": np.asarray(episode.terminations, dtype=np.bool_),
        "truncations": np.asarray(episode.truncations, dtype=np.bool_),
        "episodes": np.full(count, episode.id, dtype=np.int64),
        "steps": np.arange(count),
        "action_masks": masks,
    }
    return Decisions(**columns | _told(episode.infos, count))


def _told(infos: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Our own columns."""
    told = {name.removeprefix(OURS): infos[name] for name in infos if name.startswith(OURS)}
    if not told:
        return {}
    try:
        columns: dict[str, Any] = {
            "episodes": np.asarray(told["episode"])[:count].reshape(count),
            "steps": np.asarray(told["step"])[:count].reshape(count),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ForeignResultsError(
            f"infos: expected {OURS}episode and {OURS}step of {count} decisions, came {error!r}"
        ) from error
    for name, column in (("action_mask", "action_masks"), ("distribution", "distributions")):
        columns[column] = np.asarray(told[name])[:count] if name in told else None
    return columns


def _split(observations: Any, actions: spaces.Space[Any], count: int) -> tuple[Column, Any]:
    """What was seen before each decision, and what was legal."""
    seen = mapped(lambda array: np.asarray(array)[:count], observations)  # pyright: ignore[reportUnknownLambdaType]
    if not isinstance(actions, spaces.Discrete):
        return seen, None
    if isinstance(seen, dict) and "action_mask" in seen:
        named = dict(cast("dict[str, Column]", seen))
        masks = named.pop("action_mask").astype(np.int8)
        return (named["observation"] if set(named) == {"observation"} else named), masks
    return seen, np.ones((count, int(actions.n)), dtype=np.int8)
