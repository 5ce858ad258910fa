"""Options: what a sweep covers, in the words of the command line.

Everything here changes which cells there are or what they measure. What changes neither (the
number of processes, the folder) is no option in this sense.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from mail_envs.errors import InvalidOptionError, UnknownNameError
from mail_learners.experiments.cells import Scalar

__all__ = [
    "Options",
    "OwnOption",
    "at_least",
    "known_names",
    "names_of",
    "one_of",
    "parse_settings",
    "whole_numbers",
    "with_lists",
    "with_settings",
]


LIMIT = 1 << 62
"""Seeds and numbers of games are below."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a sweep covers.

    Attributes:
        seeds: one independent run each, from 0 to 2⁶² - 1.
        games: numbers of games (episodes), from 1 to 2⁶² - 1.
        learners: names of learners; those of the experiment.
        features: names of feature maps; empty for every learner's default.
        settings: the experiment's own options, as pairs in the order of their names.

    Raises:
        InvalidOptionError: a list that is empty (but for features), repeats itself or holds a
            number too small or too large.
    """

    seeds: tuple[int, ...]
    games: tuple[int, ...]
    learners: tuple[str, ...]
    features: tuple[str, ...] = ()
    settings: tuple[tuple[str, Scalar], ...] = ()

    def __post_init__(self) -> None:
        """Check the lists, each of which errors call by its name on the command line."""
        for name, least in (("seeds", 0), ("games", 1)):
            numbers: tuple[int, ...] = getattr(self, name)
            for place, number in enumerate(numbers):
                if not least <= number < LIMIT:
                    bound = f"of at least {least}" if number < least else f"below {LIMIT}"
                    raise InvalidOptionError(
                        f"--{name}: expected numbers {bound}, came {number} at place {place}"
                    )
        for name in ("seeds", "games", "learners", "features"):
            entries: tuple[Any, ...] = getattr(self, name)
            if not entries and name != "features":
                raise InvalidOptionError(f"--{name}: expected at least one, came none")
            for place, entry in enumerate(entries):
                if entry in entries[:place]:
                    raise InvalidOptionError(f"--{name}: {entry} comes twice")

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - the experiment knows the type
        """The setting of this name.

        Raises:
            UnknownNameError: there is no such setting.
        """
        settings = dict(self.settings)
        if name not in settings:
            raise UnknownNameError(f"no setting {name!r}, but {sorted(settings)}")
        return settings[name]

    def to_json(self) -> dict[str, Any]:
        """The options as JSON holds them: lists sorted, since their order changes no result."""
        return {
            "seeds": sorted(self.seeds),
            "games": sorted(self.games),
            "learners": sorted(self.learners),
            "features": sorted(self.features),
            "settings": dict(sorted(self.settings)),
        }


@dataclass(frozen=True, slots=True)
class OwnOption:
    """An option of one experiment's own.

    Attributes:
        meaning: one sentence.
        read: from the text behind `key=`; raises ValueError for what it does not take.
    """

    meaning: str
    read: Callable[[str], Scalar]


def known_names(kind: str, names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The names, if all are known.

    Raises:
        UnknownNameError: a name that is not, with a list of those that are.
    """
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise UnknownNameError(f"unknown {kind} {name!r}; known: {listed}")
    return tuple(names)


def whole_numbers(option: str, text: str) -> tuple[int, ...]:
    """Read a comma-separated list of whole numbers.

    >>> whole_numbers("--seeds", "1, 2,3")
    (1, 2, 3)

    Raises:
        InvalidOptionError: an entry is no whole number.
    """
    entries = [entry.strip() for entry in text.split(",")]
    for entry in entries:
        if not (entry.isdecimal() and len(entry) <= len(str(LIMIT))):
            raise InvalidOptionError(
                f"{option}: expected whole numbers separated by commas, came "
                f"{entry[:40]!r} in "
                f"{text[:80]!r}"
            )
    return tuple(int(entry) for entry in entries)


def with_lists(
    options: Options,
    *,
    seeds: str | None = None,
    games: str | None = None,
    learners: str | None = None,
    features: str | None = None,
) -> Options:
    """The options with those lists replaced that are given, as text with commas.

    Raises:
        InvalidOptionError: see `Options` and `whole_numbers`.
    """
    numbers = {"seeds": seeds, "games": games}
    names = {"learners": learners, "features": features}
    given: dict[str, Any] = {
        name: whole_numbers(f"--{name}", text) if text.strip() else ()
        for name, text in numbers.items()
        if text is not None
    }
    given |= {
        name: tuple(entry.strip() for entry in text.split(",")) if text.strip() else ()
        for name, text in names.items()
        if text is not None
    }
    return replace(options, **given)


def parse_settings(
    pairs: Sequence[str], settings: Mapping[str, OwnOption]
) -> tuple[tuple[str, Scalar], ...]:
    """Read `key=value` texts.

    Raises:
        UnknownNameError: the experiment has no such setting.
        InvalidOptionError: no `=`, a value that the setting does not take, or a setting that comes
            twice.
    """
    found = tuple(_parse_setting(pair, settings) for pair in pairs)
    for place, (key, _) in enumerate(found):
        if key in dict(found[:place]):
            raise InvalidOptionError(f"--set {key}: comes twice, in {list(pairs)}")
    return found


def with_settings(options: Options, settings: Sequence[tuple[str, Scalar]]) -> Options:
    """The options with some settings replaced."""
    merged = {**dict(options.settings), **dict(settings)}
    return replace(options, settings=tuple(sorted(merged.items())))


def _parse_setting(pair: str, settings: Mapping[str, OwnOption]) -> tuple[str, Scalar]:
    key, equals, text = pair.partition("=")
    if not equals:
        raise InvalidOptionError(f"--set: expected key=value, came {pair!r}")
    known_names("setting", (key,), tuple(settings))
    try:
        return key, _finite(settings[key].read(text))
    except ValueError as error:
        meaning = settings[key].meaning
        raise InvalidOptionError(f"--set {key}: {error}; the setting means: {meaning}") from error


def _finite(value: Scalar) -> Scalar:
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"expected a finite number, came {value}")
    return value


# ---- what own options are read by


def names_of(text: str, *, known: Sequence[str] = ()) -> tuple[str, ...]:
    """Names separated by commas, for settings.

    Args:
        text: the names.
        known: those that there are; empty for any.

    Raises:
        ValueError: a name that is empty, unknown or comes twice.
    """
    names = tuple(name.strip() for name in text.split(","))
    for place, name in enumerate(names):
        if not name or name in names[:place] or (known and name not in known):
            expected = f"some of {', '.join(known)}, each once" if known else "distinct names"
            raise ValueError(f"expected {expected}, came {name!r} in {text!r}")
    return names


def one_of(known: Sequence[str], text: str) -> str:
    """One of some words.

    Raises:
        ValueError: another.
    """
    if text not in known:
        raise ValueError(f"expected one of {', '.join(known)}, came {text!r}")
    return text


def at_least(least: int, text: str) -> int:
    """A whole number.

    Raises:
        ValueError: none, or one below `least`.
    """
    if not text.isdecimal() or int(text) < least:
        raise ValueError(f"expected a whole number of at least {least}, came {text!r}")
    return int(text)
