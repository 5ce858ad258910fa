"""What can be read of a seat from outside: what its view, `SingleAgentEnv`, says of itself."""

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from mail_envs.protocols import FeatureMap, OneHotFeatureMap, Policy
from mail_wrappers.options import shown_value
from mail_wrappers.others import truth_of
from mail_wrappers.seats import Seat

__all__ = ["METHODS", "read"]


def _expert(seat: Seat, agent: str) -> Policy:
    return truth_of(seat.env).expert(agent)


def _feature_map(seat: Seat, agent: str) -> FeatureMap | OneHotFeatureMap:
    return truth_of(seat.env).feature_map(agent)


READABLE: Mapping[str, Callable[[Seat], Any]] = MappingProxyType(
    {
        "action_masks": attrgetter("action_masks"),
        "action_space": attrgetter("action_space"),
        "agent": attrgetter("agent"),
        "env": attrgetter("env"),
        "expert": lambda seat: partial(_expert, seat),
        "feature_map": lambda seat: partial(_feature_map, seat),
        "game": lambda seat: truth_of(seat.env).game,
        "observation_space": attrgetter("observation_space"),
        "render": attrgetter("env.render"),
        "render_mode": lambda seat: getattr(seat.env, "render_mode", None),
    }
)
METHODS: frozenset[str] = frozenset({"action_masks", "expert", "feature_map", "render"})
"""What can be called: methods that move nothing."""


def read(seat: Seat, name: str) -> Any:
    """An attribute, or a method uncalled.

    Raises:
        AttributeError: a name that a view does not have, or whose method moves it.
        MissingTruthError: `game` of an environment that does not provide it.
    """
    found = READABLE.get(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if found is None:
        raise AttributeError(
            f"attribute of a view: expected one of {[*READABLE]}, came {shown_value(name)}"
        )
    return found(seat)
