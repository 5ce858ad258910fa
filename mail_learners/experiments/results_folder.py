"""A results folder, read back: what was asked for, what was measured, what failed.

Nothing is imported or computed; folders of other versions, and sweeps that have not ended, read as
well.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mail_envs.errors import ForeignResultsError, MailError
from mail_learners.experiments.certificates import Certificate, read_certificates
from mail_learners.experiments.options import Options
from mail_learners.experiments.records import Measurement, in_order, read_results
from mail_learners.experiments.run_record import Run, read_runs
from mail_learners.experiments.store import (
    CERTIFICATES,
    IDENTITY,
    stored_failures,
    stored_measurements,
)

__all__ = ["ResultsFolder", "open_results"]

RESULTS = ("results.csv", "results.csv.gz")
"""Where measurements are: as a sweep writes them, or packed to be kept."""


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """What a results folder holds.

    Attributes:
        path: the folder.
        experiment: the experiment's name.
        options: what the sweep covers.
        version: of the package that ran it.
        measurements: of `results.csv`, or `results.csv.gz` if somebody has packed it; of the cells
            stored so far if it has not been written.
        ended: whether it has been written.
        failures: descriptions of cells that failed, as JSON, with their tracebacks.
        certificates: what can be replayed.
        runs: the commands and versions that filled it.
    """

    path: Path
    experiment: str
    options: Options
    version: str
    measurements: tuple[Measurement, ...]
    ended: bool
    failures: tuple[tuple[str, str], ...]
    certificates: tuple[Certificate, ...]
    runs: tuple[Run, ...]


def open_results(path: Path) -> ResultsFolder:
    """Read a results folder.

    Raises:
        ForeignResultsError: no results folder, or a file in it that was cut or altered; the
            message names the file.
    """
    identity = _identity(path / IDENTITY)
    try:
        experiment, version = str(identity["experiment"]), str(identity["version"])
        options = _options(identity["options"])
    except (AttributeError, KeyError, TypeError, MailError) as error:
        raise ForeignResultsError(
            f"{path / IDENTITY}: expected experiment, options and version, came "
            f"{str(identity)[:80]}: {error}"
        ) from error
    written = [path / name for name in RESULTS if (path / name).exists()]
    proofs = path / CERTIFICATES
    return ResultsFolder(
        path,
        experiment,
        options,
        version,
        _whole(written[0]) if written else stored_measurements(path),
        bool(written),
        stored_failures(path),
        read_certificates(proofs) if proofs.exists() else (),
        read_runs(path),
    )


def _whole(path: Path) -> tuple[Measurement, ...]:
    """The rows of a file of results, if they are those of the cells beside it, where there are any.

    Raises:
        ForeignResultsError: they are not, or as of `read_results`.
    """
    rows, cells = read_results(path), stored_measurements(path.parent)
    if cells and rows != in_order(cells):
        raise ForeignResultsError(
            f"{path} was cut short or altered: expected the {len(cells)} rows of the cells beside "
            f"it, came {len(rows)}, not the same; run the sweep again, which computes only what is "
            f"missing"
        )
    return rows


def _identity(path: Path) -> Any:  # noqa: ANN401 - read from a file
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ForeignResultsError(
            f"{path}: no such file; expected a folder that `mail-bench run` has filled"
        ) from error
    except (OSError, ValueError) as error:
        raise ForeignResultsError(f"{path}: expected JSON, came {error}") from error


def _options(content: Any) -> Options:  # noqa: ANN401 - read from a file
    """The options that `Options.to_json` wrote."""
    lists = (tuple(content[name]) for name in ("seeds", "games", "learners", "features"))
    return Options(*lists, settings=tuple(sorted(content["settings"].items())))
