"""What a finished sweep shows: its table on a console, and table and plot in its folder."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from mail_learners.experiments.presentation import Panel
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.summary import Block, block
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.table import to_markdown, to_rich
from mail_learners.files import write_atomically

__all__ = ["blocks_of", "present", "write_plots"]


def present(
    experiment: Experiment, measurements: Sequence[Measurement], out: Path, console: Console
) -> None:
    """Write `table.md`, `plot.png` and `plot.svg`, and print the table.

    Panels without measurements (of learners that were left out) are left out.
    """
    presentation = experiment.presentation
    measurements = (*measurements, *presentation.derive(measurements))
    table = blocks_of(experiment, measurements, presentation.table)
    write_atomically(out / "table.md", to_markdown(table, presentation))
    write_plots(experiment, blocks_of(experiment, measurements, presentation.plot), out / "plot")
    console.print(to_rich(table, presentation, console.width))


def write_plots(experiment: Experiment, blocks: Sequence[Block], stem: Path) -> list[Path]:
    """Draw the panels of a figure as STEM.png and STEM.svg, if there are any; the files."""
    if not blocks:
        return []
    from mail_learners.experiments.plot import draw, to_bytes  # noqa: PLC0415 - slow

    figure = draw(blocks, experiment.presentation, experiment.vocabulary)
    files = [stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")]
    write_atomically(files[0], to_bytes(figure, "png"))
    write_atomically(files[1], to_bytes(figure, "svg"))
    return files


def blocks_of(
    experiment: Experiment, measurements: Sequence[Measurement], panels: Sequence[Panel]
) -> list[Block]:
    """The numbers of those panels that have any."""
    gathered = [
        block(measurements, panel, experiment.presentation, experiment.name) for panel in panels
    ]
    return [each for each in gathered if each.series]
