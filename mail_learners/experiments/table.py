"""The table at the end of a sweep: one block per metric, learners down, sizes across.

For the eye as rich tables, for files and diffs as Markdown; both show the same texts.
"""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mail_learners.experiments.presentation import Presentation
from mail_learners.experiments.summary import Block, count_seeds, show_mean, show_number

__all__ = ["caption", "header", "rows", "to_markdown", "to_rich"]

_AVERAGES = {
    "geometric": " Geometric mean ×/÷ the factor of that interval for logarithms.",
    "share": " Share of seeds [its 95 % interval, Wilson's].",
}

_GUTTER = 2
"""Blanks that a table puts around each column."""


def to_rich(blocks: Sequence[Block], presentation: Presentation, width: int) -> Group:
    """The blocks as tables for a terminal, below the title, with the caption at the end.

    Args:
        blocks: what to show.
        presentation: title, axis and notes.
        width: columns of the terminal; a block too wide for it continues below itself.
    """
    tables = [table for block in blocks for table in _rich_tables(block, presentation, width)]
    notes = [Text(note, style="dim") for note in (caption(blocks), *presentation.notes)]
    return Group(Text(presentation.title, style="bold"), *tables, *notes)


def to_markdown(blocks: Sequence[Block], presentation: Presentation) -> str:
    """The blocks as Markdown, ended by a newline."""
    parts = [f"# {presentation.title}"]
    for block in blocks:
        rule = ["---", *["---:"] * len(block.places)]
        table = (header(block, presentation), rule, *rows(block))
        lines = [_markdown_row(row) for row in table]
        parts += [f"## {block.title}", f"`{block.panel.metric}`", "\n".join(lines)]
    return "\n\n".join([*parts, caption(blocks), *presentation.notes]) + "\n"


def caption(blocks: Sequence[Block]) -> str:
    """What the numbers are."""
    seeds = count_seeds(blocks)
    if seeds in ("0", "1"):
        return "One seed: no intervals."
    shown = {block.panel.average for block in blocks}
    more = "".join(text for average, text in _AVERAGES.items() if average in shown)
    return f"Mean ± half the 95 % interval (Student) over {seeds} seeds.{more}"


def _rich_tables(block: Block, presentation: Presentation, width: int) -> list[RenderableType]:
    heading = Text.assemble("\n", (block.title, "bold"), ("  " + block.panel.metric, "dim"))
    lines = [header(block, presentation), *rows(block)]
    parts = _fitting([max(map(len, column)) for column in zip(*lines, strict=True)], width)
    return [heading, *(_rich_table(lines, part) for part in parts)]


def _rich_table(lines: Sequence[Sequence[str]], columns: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for column in columns:
        table.add_column(
            Text(lines[0][column]), justify="right" if column else "left", no_wrap=True
        )
    for line in lines[1:]:
        table.add_row(*(Text(line[column]) for column in columns))
    return table


def _fitting(widths: Sequence[int], room: int) -> list[list[int]]:
    """Deal columns out to tables no wider than the room, each with column 0 in front.

    >>> _fitting([5, 6, 6, 6], 24)
    [[0, 1, 2], [0, 3]]
    """
    parts = [[0]]
    for column in range(1, len(widths)):
        taken = sum(widths[c] + _GUTTER for c in parts[-1])
        if len(parts[-1]) > 1 and taken + widths[column] + _GUTTER > room:
            parts.append([0])
        parts[-1].append(column)
    return parts


def header(block: Block, presentation: Presentation) -> list[str]:
    """The texts above a block's columns."""
    axis = presentation.axis_of(block.panel)
    sizes = [axis.words[int(p)] if axis.words else show_number(p) for p in block.places]
    return [f"{presentation.rows} \\ {axis.label}", *sizes]


def rows(block: Block) -> list[list[str]]:
    """The texts of a block's rows, the name of the line first."""
    return [
        [name, *(show_mean(row.get(place)) for place in block.places)]
        for name, row in block.series.items()
    ]


def _markdown_row(entries: Sequence[str]) -> str:
    return "| " + " | ".join(entry.replace("|", "\\|") for entry in entries) + " |"
