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

__all__ = ["present"]


def present(
    experiment: Experiment, measurements: Sequence[Measurement], out: Path, console: Console
) -> None:
    """Print the table and write `table.md`, `plot.png` and `plot.svg`.

    Panels without measurements (of learners that were left out) are left out.
    """
    presentation = experiment.presentation
    measurements = (*measurements, *presentation.derive(measurements))
    table = _blocks(experiment, measurements, presentation.table)
    console.print(to_rich(table, presentation, console.width))
    write_atomically(out / "table.md", to_markdown(table, presentation))
    panels = _blocks(experiment, measurements, presentation.plot)
    if panels:
        from mail_learners.experiments.plot import draw, to_bytes  # noqa: PLC0415 - slow

        figure = draw(panels, presentation, experiment.vocabulary)
        write_atomically(out / "plot.png", to_bytes(figure, "png"))
        write_atomically(out / "plot.svg", to_bytes(figure, "svg"))


def _blocks(
    experiment: Experiment, measurements: Sequence[Measurement], panels: Sequence[Panel]
) -> list[Block]:
    gathered = [
        block(measurements, panel, experiment.presentation, experiment.name) for panel in panels
    ]
    return [each for each in gathered if each.series]
