"""The table at the end of a sweep: one block per metric, learners down, sizes across.

For the eye as rich tables, for files and diffs as Markdown; both show the same texts.
"""

from collections.abc import Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from mail_learners.experiments.presentation import Presentation
from mail_learners.experiments.summary import Block, show_mean, show_number

__all__ = ["caption", "to_markdown", "to_rich"]


def to_rich(blocks: Sequence[Block], presentation: Presentation) -> Group:
    """The blocks as tables for a terminal, below the title, with the caption at the end."""
    width = max((len(row[0]) for block in blocks for row in _rows(block)), default=0)
    tables = [_rich_table(block, presentation, width) for block in blocks]
    notes = [Text(note, style="dim") for note in (caption(blocks), *presentation.notes)]
    return Group(Text(presentation.title, style="bold"), *tables, *notes)


def to_markdown(blocks: Sequence[Block], presentation: Presentation) -> str:
    """The blocks as Markdown, ended by a newline."""
    parts = [f"# {presentation.title}"]
    for block in blocks:
        header = _header(block, presentation)
        rule = ["---", *["---:"] * len(block.places)]
        lines = [_markdown_row(row) for row in (header, rule, *_rows(block))]
        parts += [f"## {block.title}", f"`{block.panel.metric}`", "\n".join(lines)]
    return "\n\n".join([*parts, caption(blocks), *presentation.notes]) + "\n"


def caption(blocks: Sequence[Block]) -> str:
    """What the numbers are."""
    least = min((block.seeds[0] for block in blocks), default=0)
    most = max((block.seeds[1] for block in blocks), default=0)
    if most <= 1:
        return "One seed: no interval."
    seeds = f"{most}" if least == most else f"{least} to {most}"
    return f"Mean ± half the 95 % interval (Student) over {seeds} seeds."


def _rich_table(block: Block, presentation: Presentation, width: int) -> Table:
    table = Table(
        title=Text.assemble((block.title, "bold"), ("  " + block.panel.metric, "dim")),
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    first, *others = _header(block, presentation)
    table.add_column(first, min_width=width, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in _rows(block):
        table.add_row(*(Text(entry) for entry in row))
    return table


def _header(block: Block, presentation: Presentation) -> list[str]:
    sizes = [show_number(place) for place in block.places]
    return [f"learner \\ {presentation.axis.label}", *sizes]


def _rows(block: Block) -> list[list[str]]:
    return [
        [name, *(show_mean(row.get(place)) for place in block.places)]
        for name, row in block.series.items()
    ]


def _markdown_row(entries: Sequence[str]) -> str:
    return "| " + " | ".join(entry.replace("|", "\\|") for entry in entries) + " |"
