"""The command line: `mail-bench list`, `mail-bench run NAME` and `mail-bench play GAME`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from mail_envs.errors import ForeignResultsError, InvalidOptionError, UnknownNameError
from mail_learners.experiments.descriptions import Description, is_description, read_description
from mail_learners.experiments.options import Options, parse_settings, with_lists, with_settings
from mail_learners.experiments.registry import REGISTRY, load
from mail_learners.experiments.workers import Workers
from mail_learners.play.command import play

if TYPE_CHECKING:
    from mail_learners.experiments.sweep import Experiment

__all__ = ["application"]

_WIDE = 160
"""Columns of output that goes to a file or a pipe."""

application = typer.Typer(
    help="Run the experiments of mail-envs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
application.command("play")(play)


@application.command("list")
def list_experiments() -> None:
    """List the experiments."""
    table = Table(box=None, pad_edge=False)
    for heading in ("experiment", "what it shows", "learners"):
        table.add_column(heading)
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
    seeds: Annotated[str, typer.Option(help="For example 1,2,3.")] = "",
    games: Annotated[str, typer.Option(help="Numbers of games, for example 10,50.")] = "",
    learners: Annotated[str, typer.Option(help="Names separated by commas.")] = "",
    features: Annotated[str, typer.Option(help="Feature maps separated by commas.")] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="An own option: key=value.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder; default results/NAME.")] = None,
    jobs: Annotated[int, typer.Option(help="Cells at a time; 0 for one per core.")] = 0,
    backend: Annotated[str, typer.Option(help="processes of this machine, or ray.")] = "processes",
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster, HOST:PORT.")] = None,
) -> None:
    """Run an experiment; started again with the same --out, go on where it stopped."""
    lists = {"seeds": seeds, "games": games, "learners": learners, "features": features}
    try:
        workers = Workers(jobs or os.cpu_count() or 1, backend, address)
        said = read_description(Path(name)) if is_description(name) else Description(name)
        experiment = load(said.experiment)
        whole = full or said.full
        given = {**said.lists, **{key: text for key, text in lists.items() if text}}
        options = with_lists(experiment.full if whole else experiment.defaults, **given)
        own = parse_settings((*said.settings, *(settings or ())), experiment.settings)
        title = Path(name).stem if is_description(name) else experiment.name
        folder = out or Path("results") / (f"{title}-full" if full else title)
        ended_well = _sweep(experiment, with_settings(options, own), folder, workers)
    except (UnknownNameError, InvalidOptionError, ForeignResultsError) as refused:
        typer.echo(f"mail-bench: {refused}", err=True)
        raise typer.Exit(2) from None
    if not ended_well:
        raise typer.Exit(1)


def _sweep(experiment: "Experiment", options: Options, out: Path, workers: Workers) -> bool:
    """Run a sweep and show it; whether every cell ended well."""
    from mail_learners.experiments.outputs import present  # noqa: PLC0415 - slow to import
    from mail_learners.experiments.progress import observer_for  # noqa: PLC0415
    from mail_learners.experiments.sweep import run  # noqa: PLC0415

    report = run(experiment, options, out, workers, observer=observer_for(_console(error=True)))
    if report.failures:
        cells = "\n".join(f"  {cell}" for cell, _ in report.failures)
        typer.echo(
            f"mail-bench: {len(report.failures)} cells failed, see above:\n{cells}\n"
            f"{report.stored + report.computed} cells are stored in {out}; the same command tries "
            f"the failed ones again and then writes results.csv",
            err=True,
        )
        return False
    present(experiment, report.measurements, out, _console())
    typer.echo(f"Written to {out}: {', '.join(path.name for path in sorted(out.glob('*.*')))}")
    return True


def _console(*, error: bool = False) -> Console:
    """A console; where there is no terminal, wide enough for the table."""
    console = Console(stderr=error)
    return console if console.is_terminal else Console(stderr=error, width=_WIDE)
