"""Which commands filled a results folder, and with which versions: `runs.json`.

Results do not depend on it and no sweep is refused for it; it is for the report. Only what differs
is kept: a command that was run again with the same versions is one entry.
"""

import json
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mail_envs import __version__
from mail_envs.errors import ForeignResultsError
from mail_learners.files import write_atomically

__all__ = ["Run", "read_runs", "record_run", "versions"]

Run = dict[str, Any]
"""`{"command": text, "versions": {name: version}}`."""

PACKAGES = (
    *("numpy", "scipy", "numba", "gymnasium", "pettingzoo", "joblib", "torch"),
    *("stable-baselines3", "sb3-contrib", "matplotlib"),
)
"""What results and pictures may depend on."""

_NAME = "runs.json"


def versions() -> dict[str, str]:
    """The versions of this package, of Python, of the system and of what results depend on."""
    found = {"mail-envs": __version__, "python": platform.python_version()}
    found["system"] = f"{platform.system()} {platform.machine()}"
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def record_run(out: Path, arguments: Sequence[str]) -> None:
    """Add a command line, program first, to the runs of a folder.

    Raises:
        ForeignResultsError: the folder's `runs.json` is not one.
    """
    run: Run = {
        "command": shlex.join(["mail-bench", *arguments[1:]]),
        "versions": versions(),
    }
    runs = read_runs(out)
    if run not in runs:
        write_atomically(out / _NAME, json.dumps([*runs, run], indent=1) + "\n")


def read_runs(out: Path) -> tuple[Run, ...]:
    """The runs of a folder, oldest first; none if nothing is recorded.

    Raises:
        ForeignResultsError: the folder's `runs.json` is not one.
    """
    path = out / _NAME
    try:
        runs: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return ()
    except ValueError as error:
        raise ForeignResultsError(f"{path}: expected JSON, came {error}; delete it") from error
    if not (isinstance(runs, list) and all(map(_is_run, runs))):
        raise ForeignResultsError(
            f"{path}: expected a list of commands with versions, came {str(runs)[:80]}; delete it"
        )
    return tuple(runs)


def _is_run(run: Any) -> bool:  # noqa: ANN401 - read from a file
    return (
        isinstance(run, dict)
        and isinstance(run.get("command"), str)
        and isinstance(run.get("versions"), dict)
    )
