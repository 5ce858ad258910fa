"""Tables of a page: with captions and scopes, each in a box that scrolls by itself."""

from collections.abc import Sequence
from html import escape

from mail_learners.experiments.presentation import Axis, Presentation
from mail_learners.experiments.report_numbers import Comparison, show_estimate
from mail_learners.experiments.summary import Block, show_number
from mail_learners.experiments.table import header, rows

__all__ = ["block_table", "improvement_table", "mean_table", "table"]


def table(
    caption: str,
    head: Sequence[str],
    lines: Sequence[Sequence[str]],
    *,
    code: str = "",
    meaning: str = "",
    words: bool = False,
) -> str:
    """A table as HTML.

    Args:
        caption: what it shows, as text.
        head: the texts above the columns.
        lines: the texts of the rows, the row's name first.
        code: the metric's name, empty for none.
        meaning: a sentence more below the caption, empty for none.
        words: whether it holds words, from the left and as many rows as there may be, rather than
            numbers.
    """
    columns = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join(f"<tr>{_row(line)}</tr>" for line in lines)
    more = f" <code>{escape(code)}</code>" if code else ""
    more += f"<small>{escape(meaning)}</small>" if meaning else ""
    kind = "scroll words" if words else "scroll"
    return (
        f'<div class="{kind}" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><caption><span><strong>{escape(caption)}</strong>{more}</span></caption>"
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def block_table(block: Block, presentation: Presentation, meaning: str = "") -> str:
    """The table of a block, as in `table.md`, with the metric's meaning."""
    head, lines = header(block, presentation), rows(block)
    return table(block.title, head, lines, code=block.panel.metric, meaning=meaning)


def mean_table(comparison: Comparison, presentation: Presentation) -> str:
    """Interquartile means by line and place."""
    places = [_place(comparison.axis, place) for place in comparison.places]
    lines = [
        [name, *(show_estimate(row.get(place)) for place in comparison.places)]
        for name, row in comparison.means.items()
    ]
    head = [f"{presentation.rows} \\ {comparison.axis.label}", *places]
    caption = f"Interquartile mean ({comparison.better} is better): {comparison.title}"
    return table(caption, head, lines)


def improvement_table(comparison: Comparison) -> str:
    """Probabilities of improvement at one place, every line against every other, by number."""
    names = list(comparison.improvement)
    lines = [
        [f"{number} {name}", *("" if o == name else show_estimate(row.get(o)) for o in names)]
        for number, (name, row) in enumerate(comparison.improvement.items(), start=1)
    ]
    where = f"{comparison.axis.label} {_place(comparison.axis, comparison.place)}"
    caption = f"Probability that a run of the row is better than one of the column, {where}"
    numbers = [str(number) for number in range(1, len(names) + 1)]
    return table(f"{caption}: {comparison.title}", ["row \\ column", *numbers], lines)


def _place(axis: Axis, place: float) -> str:
    return axis.words[int(place)] if axis.words else show_number(place)


def _row(texts: Sequence[str]) -> str:
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts[1:])
    return f'<th scope="row">{escape(texts[0])}</th>{cells}'
