"""Sweeps: run every cell of an experiment once, whatever happens in between.

A sweep's results are a function of the experiment, its options and the package's version. Cells
are independent and stored one by one when they end; `results.csv` is assembled from the stored
cells alone. So a sweep may be killed at any instant and started again with the same arguments: it
does what is missing and ends with the same bytes, in any order, with any number of processes and on
any machines. A cell that raises is recorded with its traceback, the others go on; a later run
leaves it, unless told to try it again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mail_envs import __version__
from mail_envs.errors import InvalidOptionError
from mail_learners.experiments.cells import Cell, CellResult, RunCell, Stopwatch
from mail_learners.experiments.options import Options, OwnOption, known_names
from mail_learners.experiments.presentation import Presentation
from mail_learners.experiments.progress import Silence, SweepObserver
from mail_learners.experiments.records import (
    Measurement,
    in_order,
    refuse_duplicates,
    write_results,
)
from mail_learners.experiments.run_record import record_run
from mail_learners.experiments.store import (
    opened_folder,
    read_failure,
    read_measurements,
    write_cell,
    write_certificates,
    write_failure,
    write_timings,
)
from mail_learners.experiments.vocabulary import METRICS, Metric, check_measurements
from mail_learners.experiments.workers import Failure, Workers, do_nothing, in_workers

__all__ = ["Experiment", "SweepReport", "cells_of", "identity", "run"]


@dataclass(frozen=True)
class Experiment:
    """An experiment: what it runs and how it is shown, as data and module-level functions.

    Attributes:
        name: on the command line and in `results.csv`.
        summary: one line.
        cells: the cells for given options, in the order in which to start them.
        run_cell: runs one cell, in a worker process.
        presentation: the table and the plot.
        defaults: options of a plain `mail-bench run`, minutes at most.
        full: options of `--full`.
        learners: the names that `--learners` may choose from.
        features: the names that `--features` may choose from.
        settings: options of its own, by name; `defaults` and `full` give their values.
        metrics: metrics that it adds to the vocabulary.
        prepare: called once in each worker process before its first cell.
    """

    name: str
    summary: str
    cells: Callable[[Options], Sequence[Cell]]
    run_cell: RunCell
    presentation: Presentation
    defaults: Options
    full: Options
    learners: tuple[str, ...]
    features: tuple[str, ...] = ()
    settings: Mapping[str, OwnOption] = field(default_factory=dict[str, OwnOption])
    metrics: tuple[Metric, ...] = ()
    prepare: Callable[[], None] = do_nothing

    @property
    def vocabulary(self) -> tuple[Metric, ...]:
        """Every metric that this experiment may report."""
        return (*METRICS, *self.metrics)


@dataclass(frozen=True, slots=True)
class SweepReport:
    """How a sweep ended.

    Attributes:
        out: its folder.
        measurements: in the order of `results.csv`; without those of failed cells.
        stored: cells that had ended before this run.
        computed: cells that ended well in this run.
        failures: cells that did not, now or in an earlier run, with the texts of their tracebacks.
        left: how many of them failed earlier and were not tried again.
    """

    out: Path
    measurements: tuple[Measurement, ...]
    stored: int
    computed: int
    failures: tuple[tuple[Cell, str], ...] = ()
    left: int = 0


def identity(experiment: Experiment, options: Options) -> dict[str, Any]:
    """What makes two sweeps the same: the content of `experiment.json`."""
    return {"experiment": experiment.name, "options": options.to_json(), "version": __version__}


def cells_of(experiment: Experiment, options: Options) -> tuple[Cell, ...]:
    """The cells of a sweep.

    Raises:
        UnknownNameError: a learner, feature map or setting that the experiment does not have.
        InvalidOptionError: the options leave nothing to do, or the experiment lists a cell twice.
    """
    known_names("learner", options.learners, experiment.learners)
    known_names("feature map", options.features, experiment.features)
    known_names("setting", [name for name, _ in options.settings], tuple(experiment.settings))
    cells = tuple(experiment.cells(options))
    if not cells:
        raise InvalidOptionError(f"{experiment.name}: no cells for {options.to_json()}")
    if len(set(cells)) < len(cells):
        twice = next(cell for place, cell in enumerate(cells) if cell in cells[:place])
        raise InvalidOptionError(f"{experiment.name}: expected distinct cells, {twice} comes twice")
    return cells


def run(
    experiment: Experiment,
    options: Options,
    out: Path,
    workers: Workers | int,
    *,
    retry: bool = False,
    observer: SweepObserver | None = None,
    command: Sequence[str] = (),
) -> SweepReport:
    """Run what is missing of a sweep and, if no cell failed, write `results.csv`.

    Args:
        experiment: what to run.
        options: what to cover.
        out: the sweep's folder, see `store`.
        workers: where cells run; a number for so many processes of this machine.
        retry: whether to try cells again that failed in an earlier run.
        observer: told of every cell that ends.
        command: the command line, program first, that `runs.json` keeps; none for no entry.

    Raises:
        UnknownNameError, InvalidOptionError: see `cells_of` and `Workers`.
        ForeignResultsError: the folder is another sweep's, or one of its files is damaged.
        BusyFileError: another run fills the folder.
    """
    where = Workers(workers) if isinstance(workers, int) else workers
    watcher = Silence() if observer is None else observer
    cells = cells_of(experiment, options)
    with opened_folder(out, identity(experiment, options)):
        if command:
            record_run(out, command)
        return _run(experiment, cells, out, where, watcher, retry=retry)


def _run(
    experiment: Experiment,
    cells: Sequence[Cell],
    out: Path,
    where: Workers,
    watcher: SweepObserver,
    *,
    retry: bool,
) -> SweepReport:
    stored = {cell: read_measurements(out, cell) for cell in cells}
    missing = [cell for cell, measurements in stored.items() if measurements is None]
    left = () if retry else _failed_before(out, missing)
    to_run = [cell for cell in missing if cell not in dict(left)]
    watcher.start(experiment.name, total=len(cells) - len(left), stored=len(cells) - len(missing))
    try:
        failed = _run_missing(experiment, to_run, out, where, watcher)
    finally:
        watcher.stop()
    failures = (*left, *failed)
    done = [cell for cell in cells if cell not in dict(failures)]
    measurements = _assemble(out, done)
    if not failures:
        write_results(out / "results.csv", measurements)
        write_certificates(out, done)
    write_timings(out, done)
    computed = len(to_run) - len(failed)
    stored = len(cells) - len(missing)
    return SweepReport(out, measurements, stored, computed, failures, len(left))


def _failed_before(out: Path, missing: Sequence[Cell]) -> tuple[tuple[Cell, str], ...]:
    """Which of the cells failed in an earlier run, with their tracebacks."""
    texts = ((cell, read_failure(out, cell)) for cell in missing)
    return tuple((cell, text) for cell, text in texts if text is not None)


def _run_missing(
    experiment: Experiment,
    missing: Sequence[Cell],
    out: Path,
    workers: Workers,
    watcher: SweepObserver,
) -> tuple[tuple[Cell, str], ...]:
    run_cell = partial(_run_checked, experiment.run_cell, experiment.vocabulary)
    failures: list[tuple[Cell, str]] = []
    for outcome in in_workers(run_cell, missing, workers=workers, prepare=experiment.prepare):
        cell, answer = missing[outcome.index], outcome.answer
        if isinstance(answer, Failure):
            write_failure(out, cell, answer.text)
            failures.append((cell, answer.text))
            watcher.ended(cell, answer.text)
        else:
            write_cell(out, cell, answer)
            watcher.ended(cell, None)
    return tuple(failures)


def _run_checked(run_cell: RunCell, vocabulary: Sequence[Metric], cell: Cell) -> CellResult:
    """Run a cell, in a worker, and check there what it measured."""
    watch = Stopwatch()
    with watch.phase("total"):
        result = run_cell(cell)
    check_measurements(result.measurements, vocabulary)
    refuse_duplicates(result.measurements)
    timings = (*result.timings, *watch.timings)
    return CellResult(result.measurements, timings, result.certificates)


def _assemble(out: Path, cells: Sequence[Cell]) -> tuple[Measurement, ...]:
    found = [read_measurements(out, cell) or () for cell in cells]
    measurements = in_order(measurement for part in found for measurement in part)
    refuse_duplicates(measurements)
    return measurements
