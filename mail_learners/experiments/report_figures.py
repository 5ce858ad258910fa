"""Figures inside a page: SVG that takes its colours from the page, so that dark pages stay dark.

matplotlib draws; its fixed colours are then replaced by the page's CSS variables, and its ids,
which are unique within a figure only, get a prefix.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from mail_learners.experiments.plot import COLOURS, draw_key, draw_panel, styles_of, to_bytes
from mail_learners.experiments.summary import Block, show_mean, show_number
from mail_learners.experiments.sweep import Experiment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["curves", "described"]

_VARIABLES = {
    **{colour: f"--line-{place}" for place, colour in enumerate(COLOURS)},
    "#000000": "--ink",
    "#ffffff": "--card",
    "#b0b0b0": "--rule",
    "#4d4d4d": "--ink",
}
"""The page's variable for each colour that matplotlib writes."""


def curves(experiment: Experiment, blocks: Sequence[Block]) -> str:
    """The panels of a figure as HTML, one figure each, with the legend above them."""
    styles = styles_of(blocks)
    keys = [
        f"<li>{_inline(draw_key(style), f'key{place}', None)}<span>{escape(name)}</span></li>"
        for place, (name, style) in enumerate(styles.items())
    ]
    presentation, vocabulary = experiment.presentation, experiment.vocabulary
    figures: list[str] = []
    for place, block in enumerate(blocks):
        figure = draw_panel(block, presentation, vocabulary, styles)
        axis = presentation.axis_of(block.panel).label
        drawing = _inline(figure, f"panel{place}", described(block, axis))
        caption = f"{escape(block.title)} <code>{escape(block.panel.metric)}</code>"
        figures.append(f"<figure>{drawing}<figcaption>{caption}</figcaption></figure>")
    legend = f'<ul class="legend" aria-label="{escape(presentation.rows)}">{"".join(keys)}</ul>'
    return f'{legend}\n<div class="figures">{"".join(figures)}</div>'


def described(block: Block, axis: str) -> str:
    """A figure in words: what it shows, and where every line ends."""
    ends = "; ".join(
        f"{name} {show_mean(row[max(row)])} at {show_number(max(row))}"
        for name, row in block.series.items()
    )
    return f"{block.title} against {axis}. Where lines end: {ends}."


def _inline(figure: "Figure", prefix: str, description: str | None) -> str:
    """A figure as an SVG element; decoration if nothing describes it."""
    text = to_bytes(figure, "svg", text=True).decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    text = _with_variables(text, _VARIABLES)
    label = 'aria-hidden="true"'
    if description is not None:
        label = f'role="img" aria-label="{escape(description)}"'
    view = re.search(r'viewBox="[^"]*"', text)
    body = text[text.index(">") + 1 :]
    return f"<svg {view[0] if view else ''} {label}>{body.strip()}"


def _with_variables(text: str, variables: Mapping[str, str]) -> str:
    for colour, variable in variables.items():
        text = re.sub(re.escape(colour), f"var({variable})", text, flags=re.IGNORECASE)
    return text
