"""Sweeps described by a file: `mail-bench run FILE.toml`.

A description names an experiment and what to cover of it, in the words of the command line:

    experiment = "tictactoe"               # a name of `mail-bench list`, or module:ATTRIBUTE
    full = false                           # whether what is left out is of the papers' size
    seeds = [1, 2, 3]
    games = [10, 50, 250]
    learners = ["bc", "dqn-explore-bc"]
    features = ["afterstates"]

    [settings]                             # the experiment's own options, as for --set
    symmetry = "no"

All but `experiment` may be left out. What the command line says itself overrides the file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from mail_envs.errors import InvalidOptionError

__all__ = ["Description", "is_description", "read_description"]

LISTS: Mapping[str, type] = {"seeds": int, "games": int, "learners": str, "features": str}
"""The lists of a description, and what each holds."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a file says of a sweep.

    Attributes:
        experiment: a name of the registry, or `module:ATTRIBUTE`.
        full: whether to begin with the experiment's full options.
        lists: the lists that it gives, as the command line writes them, with commas.
        settings: `key=value` texts, as for `--set`.
    """

    experiment: str
    full: bool = False
    lists: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: tuple[str, ...] = ()


def is_description(name: str) -> bool:
    """Whether what `mail-bench run` was given names a file and not an experiment."""
    return name.endswith(".toml")


def read_description(path: Path) -> Description:
    """Read a description.

    Raises:
        InvalidOptionError: no such file, no TOML, or a key or value that a description can't have;
            names and numbers are checked later, as those of the command line.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidOptionError(
            f"{path}: expected a file that describes a sweep, came {error.strerror}"
        ) from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise InvalidOptionError(f"{path}: expected TOML, {error}") from error
    known = ("experiment", "full", *LISTS, "settings")
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise InvalidOptionError(f"{path}: expected some of {list(known)}, came {unknown}")
    lists = {
        name: ",".join(map(str, _entries(path, name, content[name])))
        for name in LISTS
        if name in content
    }
    return Description(
        experiment=_typed(path, "experiment", content.get("experiment"), str),
        full=_typed(path, "full", content.get("full", False), bool),
        lists=lists,
        settings=_settings(path, content.get("settings", {})),
    )


def _entries(path: Path, name: str, value: object) -> list[Any]:
    entries = cast("list[object]", _typed(path, name, value, list))
    return [_typed(path, f"{name}[{place}]", e, LISTS[name]) for place, e in enumerate(entries)]


def _settings(path: Path, value: object) -> tuple[str, ...]:
    table = cast("dict[str, object]", _typed(path, "settings", value, dict))
    for key, setting in table.items():
        if type(setting) not in (str, int, float):
            raise InvalidOptionError(
                f"{path}: settings.{key}: expected text or a number, as behind --set, came "
                f"{setting!r}"
            )
    return tuple(f"{key}={setting}" for key, setting in table.items())


def _typed(path: Path, name: str, value: object, kind: type) -> Any:  # noqa: ANN401 - of `kind`
    if type(value) is not kind:
        raise InvalidOptionError(f"{path}: {name}: expected {kind.__name__}, came {value!r}")
    return value
