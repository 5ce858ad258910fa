"""The command line: `mail-bench list`, `run NAME`, `report DIR`, `compare A B`, `play GAME`."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from mail_envs.errors import (
    BusyFileError,
    ForeignResultsError,
    InvalidOptionError,
    UnknownNameError,
)
from mail_learners.experiments.descriptions import Description, is_description, read_description
from mail_learners.experiments.options import Options, parse_settings, with_lists, with_settings
from mail_learners.experiments.registry import REGISTRY, load
from mail_learners.experiments.workers import Workers
from mail_learners.play.command import play

if TYPE_CHECKING:
    from mail_learners.experiments.sweep import Experiment, SweepReport

__all__ = ["application"]

_WIDE = 160
"""Columns of output that goes to a file or a pipe."""

application: typer.Typer = typer.Typer(
    help="Run the experiments of mail-envs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
"""The command line `mail-bench`."""
application.command("play")(play)


@application.command("list")
def list_experiments() -> None:
    """List the experiments."""
    table = Table(box=None, pad_edge=False)
    for heading in ("experiment", "what it shows", "learners"):
        table.add_column(heading, overflow="fold")
    for name, entry in REGISTRY.items():
        table.add_row(name, entry.summary, ", ".join(entry.learners))
    _console().print(table)


@application.command("run")
def run_experiment(  # noqa: PLR0913 - one parameter per option of the command line
    name: Annotated[
        str,
        typer.Argument(help="An experiment of the list, module:ATTRIBUTE, or a file NAME.toml."),
    ],
    *,
    full: Annotated[bool, typer.Option("--full", help="The papers' sizes.")] = False,
    seeds: Annotated[str | None, typer.Option(help="For example 1,2,3.")] = None,
    games: Annotated[str | None, typer.Option(help="Numbers of games, for example 10,50.")] = None,
    learners: Annotated[str | None, typer.Option(help="Names separated by commas.")] = None,
    features: Annotated[str | None, typer.Option(help="Feature maps separated by commas.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="An own option: key=value.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder; default results/NAME.")] = None,
    jobs: Annotated[int, typer.Option(help="Cells at a time; 0 for one per core.")] = 0,
    backend: Annotated[str, typer.Option(help="processes of this machine, or ray.")] = "processes",
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster, HOST:PORT.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try failed cells again.")] = False,
) -> None:
    """Run an experiment; started again with the same --out, go on where it stopped."""
    lists = {"seeds": seeds, "games": games, "learners": learners, "features": features}
    with _refusals():
        workers = Workers(jobs or os.cpu_count() or 1, backend, address)
        said = read_description(Path(name)) if is_description(name) else Description(name)
        experiment, options = _described(name, said, full=full)
        own = parse_settings(settings or (), experiment.settings)
        options = with_settings(with_lists(options, **lists), own)
        title = Path(name).stem if is_description(name) else experiment.name
        folder = out or Path("results") / (f"{title}-full" if full else title)
        whole = _sweep(experiment, options, folder, workers, retry=retry)
    if not whole:
        raise typer.Exit(1)


@application.command("report")
def write_report(
    folder: Annotated[Path, typer.Argument(help="A results folder.", metavar="DIR")],
    *,
    out: Annotated[Path | None, typer.Option(help="The page; default DIR/report.html.")] = None,
    experiment: Annotated[
        str, typer.Option(help="module:ATTRIBUTE, if it is none of the list.")
    ] = "",
) -> None:
    """Write one page of a results folder, with its plots beside it; it needs no network."""
    from mail_learners.experiments.report import write  # noqa: PLC0415 - slow to import

    with _refusals(), _console(error=True).status("Drawing"):
        files = write(folder, folder / "report.html" if out is None else out, experiment, load)
    typer.echo(f"Written: {', '.join(map(str, files))}")


@application.command("compare")
def compare_folders(
    first: Annotated[Path, typer.Argument(help="A results folder.", metavar="A")],
    second: Annotated[Path, typer.Argument(help="Another of the same experiment.", metavar="B")],
) -> None:
    """Say where the results of two folders agree, and by how much they differ elsewhere."""
    from mail_learners.experiments.compare import compare, to_rich  # noqa: PLC0415 - slow
    from mail_learners.experiments.results_folder import open_results  # noqa: PLC0415

    with _refusals():
        comparison = compare(open_results(first), open_results(second))
    _console().print(to_rich(comparison))


@contextmanager
def _refusals() -> Generator[None]:
    """Show requests that cannot be met as one line, and exit with code 2."""
    try:
        yield
    except (UnknownNameError, InvalidOptionError, ForeignResultsError, BusyFileError) as refused:
        typer.echo(f"mail-bench: {refused}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:  # of a path that cannot be read or written
        if error.filename is None:
            raise
        typer.echo(f"mail-bench: {error.filename}: {error.strerror}", err=True)
        raise typer.Exit(2) from None


def _described(name: str, said: Description, *, full: bool) -> tuple["Experiment", Options]:
    """The experiment and options of a description, whose file errors name."""
    try:
        experiment = load(said.experiment)
        sizes = experiment.full if full or said.full else experiment.defaults
        own = parse_settings(said.settings, experiment.settings)
        return experiment, with_settings(with_lists(sizes, **said.lists), own)
    except (UnknownNameError, InvalidOptionError) as error:
        if not is_description(name):
            raise
        raise type(error)(f"{name}: {error}") from error


def _sweep(
    experiment: "Experiment", options: Options, out: Path, workers: Workers, *, retry: bool
) -> bool:
    """Run a sweep and show it; whether every cell ended well."""
    from mail_learners.experiments.outputs import present  # noqa: PLC0415 - slow to import
    from mail_learners.experiments.progress import observer_for  # noqa: PLC0415
    from mail_learners.experiments.sweep import run  # noqa: PLC0415

    watcher = observer_for(_console(error=True))
    report = run(experiment, options, out, workers, retry=retry, observer=watcher, command=sys.argv)
    if report.failures:
        typer.echo(f"mail-bench: {_what_failed(report)}", err=True)
        return False
    present(experiment, report.measurements, out, _console())
    typer.echo(f"In {out}: {', '.join(path.name for path in sorted(out.glob('*.*')))}")
    return True


def _what_failed(report: "SweepReport") -> str:
    """How many cells failed, which, where their tracebacks are, and how to try them again."""
    cells = "\n".join(f"  {cell}" for cell, _ in report.failures)
    count = len(report.failures)
    earlier = f", {report.left} of them in an earlier run," if report.left else ""
    return (
        f"{count} {'cell' if count == 1 else 'cells'} failed{earlier} with the tracebacks in "
        f"{report.out / 'failures'}:\n{cells}\n"
        f"{report.stored + report.computed} are stored; the same command with --retry tries the "
        f"failed ones again, and results.csv is written once none fails"
    )


def _console(*, error: bool = False) -> Console:
    """A console; where there is no terminal, wide enough for the table."""
    console = Console(stderr=error)
    return console if console.is_terminal else Console(stderr=error, width=_WIDE)
