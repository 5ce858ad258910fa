"""Certificates as JSON: what a search for a policy's mistakes found, for anyone to replay.

`certificates.json` of a results folder is one list. An entry says whose policy was searched, on
which board, and what was found: a mistake with the moves that prove it, or how far there is none.

    {"learner": "bc", "features": "", "seed": 42, "games": 1000, "agent": "player_0",
     "board": {"rows": 6, "columns": 7, "in_a_row": 4, "gravity": true},
     "found": "mistake", "prefer": "outcome", "value": 1, "before": 1, "after": 0,
     "line": [3, 3, 0], "continuation": [2, …], "result": -1}

with `"found": "none"` followed by `prefer`, `value`, `depth`, `complete`, `positions` where no
mistake was found. The words are those of `mail_envs.board.certificates`. Reading replays every
entry, so that what a page shows has been played by the rules.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mail_envs.errors import (
    ForeignResultsError,
    InvalidCertificateError,
    InvalidModelError,
    UnknownAgentError,
)
from mail_learners.files import canonical_json

if TYPE_CHECKING:
    from mail_envs.board.certificates import Mistake, NoMistake
    from mail_learners.experiments.cells import Cell

__all__ = ["Certificate", "certificate", "read_certificates", "to_json"]

_MISTAKE = ("prefer", "value", "before", "after", "line", "continuation", "result")
_NONE = ("prefer", "value", "depth", "complete", "positions")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whose policy was searched, and what was found.

    Attributes:
        learner: the learner's name.
        features: its feature map, empty if it has none.
        seed: of the run.
        games: how many games it learned from.
        found: a mistake, or how far there is none.
    """

    learner: str
    features: str
    seed: int
    games: int
    found: "Mistake | NoMistake"

    @property
    def agent(self) -> str:
        """Whose moves were searched."""
        return self.found.game.agents[self.found.player]


def certificate(cell: "Cell", found: "Mistake | NoMistake", *, games: int) -> dict[str, Any]:
    """What a cell found of a policy taught by this many games, as JSON holds it."""
    game = found.game
    kind, names = ("mistake", _MISTAKE) if hasattr(found, "line") else ("none", _NONE)
    values = {name: getattr(found, name) for name in names}
    return {
        "learner": cell.learner,
        "features": cell.features,
        "seed": cell.seed,
        "games": games,
        "agent": game.agents[found.player],
        "board": asdict(game),
        "found": kind,
        **{name: list(v) if isinstance(v, tuple) else v for name, v in values.items()},
    }


def to_json(entries: Iterable[Mapping[str, Any]]) -> str:
    """The text of a `certificates.json`: one entry a line, the bytes a function of the entries."""
    lines = ",\n".join(canonical_json(entry) for entry in entries)
    return f"[\n{lines}\n]\n" if lines else "[]\n"


def read_certificates(path: Path) -> tuple[Certificate, ...]:
    """Read and replay a `certificates.json`.

    Raises:
        ForeignResultsError: no such file's content, or an entry whose moves do not prove what it
            says; the message names the file and the entry.
    """
    try:
        entries: Any = json.loads(path.read_bytes())
    except ValueError as error:
        raise ForeignResultsError(f"{path}: expected JSON, came {error}") from error
    if not isinstance(entries, list):
        raise ForeignResultsError(f"{path}: expected a list, came {type(entries).__name__}")
    return tuple(_read_entry(path, number, entry) for number, entry in enumerate(entries))


def _read_entry(path: Path, number: int, entry: Any) -> Certificate:  # noqa: ANN401 - read from a file
    try:
        found = _found(entry)
        who = str(entry["learner"]), str(entry["features"])
        return Certificate(*who, int(entry["seed"]), int(entry["games"]), found)
    except (KeyError, TypeError, ValueError, InvalidModelError, UnknownAgentError) as error:
        # InvalidCertificateError is a ValueError
        what = "" if isinstance(error, InvalidCertificateError) else f"{type(error).__name__} "
        raise ForeignResultsError(f"{path}: entry {number}: {what}{error}") from error


def _found(entry: Mapping[str, Any]) -> "Mistake | NoMistake":
    from mail_envs.board.best_response import player_index  # noqa: PLC0415 - for boards alone
    from mail_envs.board.certificates import Mistake, NoMistake  # noqa: PLC0415
    from mail_envs.board.rules import LineGame  # noqa: PLC0415

    game = LineGame(**entry["board"])
    player = player_index(game, entry["agent"])
    if entry["found"] == "none":
        return NoMistake(game, player, **{name: entry[name] for name in _NONE})
    values: dict[str, Any] = {name: entry[name] for name in _MISTAKE}
    values |= {name: tuple(values[name]) for name in ("line", "continuation")}
    mistake = Mistake(game=game, player=player, **values)
    mistake.replay()
    return mistake
