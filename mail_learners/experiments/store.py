"""The results folder of one sweep.

    experiment.json    the experiment, its options, the package's version: whose folder this is
    cells/SLUG.json    what one cell measured, with a checksum
    timings/SLUG.json  how long that cell took
    failures/SLUG.json the traceback of a cell that raised, until it is tried again and ends well
    runs.json          the commands and versions that filled the folder
    results.csv        all measurements, once every cell has ended
    certificates.json  what of it can be replayed, if anything, once every cell has ended
    timings.csv        all timings
    table.md, plot.*   what a person looks at

Only whole files appear (see `files`). A folder that belongs to something else, and a file that
was cut or altered, are refused, never repaired.
"""

import csv
import io
import json
import os
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from mail_envs.errors import ForeignResultsError, InvalidMeasurementError
from mail_learners.experiments.cells import Cell, CellResult, Timing
from mail_learners.experiments.certificates import to_json as certificates_to_json
from mail_learners.experiments.records import Measurement, from_row, to_row
from mail_learners.files import (
    canonical_json,
    checksum,
    is_leftover,
    remove_leftovers,
    write_atomically,
)
from mail_wrappers.store.locking import lock

__all__ = [
    "CERTIFICATES",
    "IDENTITY",
    "TIMING_COLUMNS",
    "cell_path",
    "failure_path",
    "opened_folder",
    "read_failure",
    "read_measurements",
    "stored_failures",
    "stored_measurements",
    "timing_path",
    "write_cell",
    "write_certificates",
    "write_failure",
    "write_timings",
]

TIMING_COLUMNS = (
    *("experiment", "learner", "features", "seed", "games"),
    *("phase", "wall_seconds", "cpu_seconds"),
)
"""The header of `timings.csv`; `games` lists a cell's numbers of games, separated by spaces."""

IDENTITY = "experiment.json"
"""The file that says what a results folder is of."""
CERTIFICATES = "certificates.json"
"""The names of two of the files above."""


def cell_path(out: Path, cell: Cell) -> Path:
    """Where the measurements of a cell are."""
    return out / "cells" / f"{cell.slug}.json"


def timing_path(out: Path, cell: Cell) -> Path:
    """Where the timings of a cell are."""
    return out / "timings" / f"{cell.slug}.json"


def failure_path(out: Path, cell: Cell) -> Path:
    """Where the traceback of a cell is that raised."""
    return out / "failures" / f"{cell.slug}.json"


@contextmanager
def opened_folder(out: Path, identity: Mapping[str, Any]) -> Generator[None]:
    """Have a sweep's folder to oneself: made, or found to be this sweep's, and tidied.

    Args:
        out: the folder; it and its parents are made if missing.
        identity: what the sweep is, as JSON holds it.

    Raises:
        ForeignResultsError: the folder holds another sweep, or files but no sweep.
        BusyFileError: another run fills the folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    with _locked(out):
        _identify(out, identity)
        remove_leftovers(out, out / "cells", out / "timings", out / "failures")
        yield


@contextmanager
def _locked(out: Path) -> Generator[None]:
    if sys.platform == "win32":  # where folders can't be opened
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        lock(
            handle,
            f"{out}: expected no other run into it, came one that still works; wait for it, or "
            f"choose another --out",
        )
        yield
    finally:
        os.close(handle)


def _identify(out: Path, identity: Mapping[str, Any]) -> None:
    """Write whose folder this is, or see that it is ours."""
    path = out / IDENTITY
    if path.exists():
        _check_identity(path, identity)
    else:
        strangers = [each for each in out.iterdir() if not is_leftover(each)]
        if strangers:
            raise ForeignResultsError(
                f"{out}: expected an empty or missing folder or one with an {IDENTITY}, came one "
                f"with {min(strangers).name}; choose another --out"
            )
        write_atomically(path, json.dumps(identity, indent=2, sort_keys=True) + "\n")


def write_cell(out: Path, cell: Cell, result: CellResult) -> None:
    """Store a cell that has ended: its timings first, so that a stored cell has them.

    What it raised when it was tried before is forgotten last.
    """
    timings = [[t.phase, t.wall_seconds, t.cpu_seconds] for t in result.timings]
    _write_signed(timing_path(out, cell), {"cell": cell.to_json(), "timings": timings})
    rows = [to_row(measurement) for measurement in result.measurements]
    content: dict[str, Any] = {"cell": cell.to_json(), "measurements": rows}
    if result.certificates:
        content["certificates"] = list(result.certificates)
    _write_signed(cell_path(out, cell), content)
    failure_path(out, cell).unlink(missing_ok=True)


def write_failure(out: Path, cell: Cell, text: str) -> None:
    """Record the traceback of a cell that raised, line by line, for reading as it is."""
    _write_signed(failure_path(out, cell), {"cell": cell.to_json(), "traceback": text.split("\n")})


def read_failure(out: Path, cell: Cell) -> str | None:
    """The recorded traceback of a cell; None if there is none.

    Raises:
        ForeignResultsError: its file was cut or altered, or describes another cell.
    """
    path = failure_path(out, cell)
    content = _read_signed(path, cell)
    return None if content is None else _text_of(path, content)


def stored_measurements(out: Path) -> tuple[Measurement, ...]:
    """What every stored cell of a folder measured, whichever cells its sweep has.

    Raises:
        ForeignResultsError: a file was cut or altered.
    """
    found: list[Measurement] = []
    for path in sorted((out / "cells").glob("*.json")):
        found += _measurements_of(path, _read_signed(path) or {})
    return tuple(found)


def stored_failures(out: Path) -> tuple[tuple[str, str], ...]:
    """Every recorded failure of a folder: the cell's description as JSON, and the traceback.

    Raises:
        ForeignResultsError: a file was cut or altered.
    """
    found: list[tuple[str, str]] = []
    for path in sorted((out / "failures").glob("*.json")):
        content = _read_signed(path) or {}
        found.append((canonical_json(content.get("cell")), _text_of(path, content)))
    return tuple(found)


def read_measurements(out: Path, cell: Cell) -> tuple[Measurement, ...] | None:
    """What a stored cell measured; None if it is not stored.

    Raises:
        ForeignResultsError: its file was cut or altered, or describes another cell.
    """
    path = cell_path(out, cell)
    content = _read_signed(path, cell)
    return None if content is None else _measurements_of(path, content)


def write_certificates(out: Path, cells: Iterable[Cell]) -> None:
    """Gather the certificates of all stored cells, in the order of their files, if there are any.

    The bytes are a function of the certificates alone.
    """
    found: list[Mapping[str, Any]] = []
    for cell in sorted(cells, key=lambda cell: cell.slug):
        found += (_read_signed(cell_path(out, cell), cell) or {}).get("certificates", ())
    if found:
        write_atomically(out / CERTIFICATES, certificates_to_json(found))


def write_timings(out: Path, cells: Iterable[Cell]) -> None:
    """Gather the timings of all stored cells in `timings.csv`, in the order of their file names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TIMING_COLUMNS)
    for cell in sorted(cells, key=lambda cell: cell.slug):
        sizes = " ".join(map(str, cell.games))
        for timing in _read_timings(out, cell):
            which = cell.experiment, cell.learner, cell.features, cell.seed, sizes
            seconds = f"{timing.wall_seconds:.3f}", f"{timing.cpu_seconds:.3f}"
            writer.writerow((*which, timing.phase, *seconds))
    write_atomically(out / "timings.csv", text.getvalue())


def _read_timings(out: Path, cell: Cell) -> tuple[Timing, ...]:
    content = _read_signed(timing_path(out, cell), cell)
    return () if content is None else tuple(Timing(*timing) for timing in content["timings"])


def _measurements_of(path: Path, content: Mapping[str, Any]) -> tuple[Measurement, ...]:
    try:
        return tuple(from_row(row) for row in content["measurements"])
    except (InvalidMeasurementError, KeyError) as error:
        raise _damaged(path, str(error)) from error


def _text_of(path: Path, content: Mapping[str, Any]) -> str:
    try:
        return "\n".join(content["traceback"])
    except (TypeError, KeyError) as error:
        raise _damaged(path, str(error)) from error


def _check_identity(path: Path, identity: Mapping[str, Any]) -> None:
    content = path.read_bytes()
    try:
        held: object = json.loads(content)
    except ValueError as error:  # no JSON, or no UTF-8
        shown = content[:80].decode(errors="replace")
        raise ForeignResultsError(f"{path}: expected JSON, came {shown!r}") from error
    if held != json.loads(canonical_json(identity)):
        raise ForeignResultsError(
            f"{path.parent} holds {_unlike(held, identity)}, but {_unlike(identity, held)} was "
            f"asked for; choose another --out"
        )


def _unlike(one: object, other: object) -> str:
    """Name a sweep, and say in what it differs from the other."""
    mine, others = _flat(one), _flat(other)
    differing = [key for key in sorted(mine) if key == "experiment" or mine[key] != others.get(key)]
    return ", ".join(f"{key} {mine[key]}" for key in differing) or "no experiment"


def _flat(identity: object, path: str = "") -> dict[str, str]:
    """The leaves of a description by their paths, as JSON."""
    if not isinstance(identity, Mapping):
        return {path: canonical_json(identity)}
    leaves: dict[str, str] = {}
    for key, value in cast("Mapping[str, object]", identity).items():
        leaves |= _flat(value, f"{path}.{key}" if path else key)
    return leaves


def _write_signed(path: Path, content: dict[str, Any]) -> None:
    signed = {**content, "checksum": checksum(content)}
    write_atomically(path, json.dumps(signed, indent=1, sort_keys=True) + "\n")


def _read_signed(path: Path, cell: Cell | None = None) -> dict[str, Any] | None:
    """A signed file's content, of this cell if one is given; None if there is no file."""
    try:
        signed: Any = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
    except FileNotFoundError:
        return None
    except ValueError as error:  # no JSON, no UTF-8, or NaN
        raise _damaged(path, str(error)) from error
    if not isinstance(signed, dict):
        raise _damaged(path, "expected an object")
    content: dict[str, Any] = {key: value for key, value in signed.items() if key != "checksum"}
    if signed.get("checksum") != checksum(content):
        raise _damaged(path, "its checksum does not fit its content")
    if cell is not None and content.get("cell") != cell.to_json():
        raise _damaged(path, f"expected the cell {cell.to_json()}, came {content.get('cell')}")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"expected finite numbers, came {name}")


def _damaged(path: Path, why: str) -> ForeignResultsError:
    cell = path.parents[1] / "cells" / path.name  # a cell whose timings alone are lost is not rerun
    both = f"this file and {cell}" if path.parent.name == "timings" else "this file"
    return ForeignResultsError(
        f"{path} was cut short or altered ({why}); delete {both} and run again: only its cell "
        f"is computed anew"
    )
