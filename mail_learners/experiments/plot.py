"""The figure at the end of a sweep: a panel per metric, a line with a 95 % band per learner.

Drawn on matplotlib's own canvases, without a display and without pyplot's global state. Colours
are those of Okabe and Ito (2008), which people who confuse red and green tell apart; markers and
dashes differ as well. Bands are clipped to the metric's range: a Student interval knows nothing
of it. The bytes are a function of the measurements and of matplotlib's version.
"""

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mail_learners.experiments.presentation import Axis, Panel, Presentation, Scale
from mail_learners.experiments.summary import Block, count_seeds, show_number
from mail_learners.experiments.vocabulary import Metric, metric_of
from mail_learners.statistics import Summary

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["COLOURS", "draw", "draw_key", "draw_panel", "styles_of", "to_bytes"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999999")
"""The colours of lines, in their order."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
DASHES = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)))

_PANEL_SIZE = (4.6, 3.4)  # all sizes in inches
_KEY_SIZE = (0.5, 0.18)
_ENTRY_WIDTH, _ENTRY_HEIGHT, _TITLE_HEIGHT = 2.6, 0.22, 0.8
_LINE_WIDTH, _LETTER_WIDTH = 0.6, 0.068  # of an entry: its line and margins, and each letter
_MOST_COLUMNS = 3
_LABEL_ROOM = 0.085  # of a panel's width, between labels
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "mail-bench",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
}


def draw(
    blocks: Sequence[Block], presentation: Presentation, vocabulary: Sequence[Metric]
) -> "Figure":
    """Draw a figure of one panel per block, its legend below.

    Args:
        blocks: at least one.
        presentation: title and horizontal axis.
        vocabulary: the metrics, for units and ranges.
    """
    import matplotlib as mpl  # noqa: PLC0415 - a second, only for those who plot
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415

    columns = 2 if len(blocks) == 4 else min(len(blocks), _MOST_COLUMNS)
    rows = math.ceil(len(blocks) / columns)
    styles = styles_of(blocks)
    across = _entries_across(list(styles), columns * _PANEL_SIZE[0])
    legend_height = _ENTRY_HEIGHT * math.ceil(len(styles) / across)
    size = columns * _PANEL_SIZE[0], rows * _PANEL_SIZE[1] + legend_height + _TITLE_HEIGHT
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size)
        engine = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06, wspace=0.03, hspace=0.04)
        figure.set_layout_engine(engine)
        grid = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes, block in zip(grid, blocks, strict=False):
            _draw_panel(axes, block, presentation.axis_of(block.panel), styles, vocabulary)
        for axes in grid[len(blocks) :]:
            axes.set_visible(False)
        figure.suptitle(presentation.title, fontsize=12, fontweight="bold")
        lines: list[Artist] = [_legend_line(style) for style in styles.values()]
        layout: dict[str, Any] = {
            "loc": "outside lower center",
            "ncols": across,
            "handlelength": 3.2,
        }
        legend = figure.legend(lines, list(styles), frameon=False, **layout)
        legend.set_title(_caption(blocks))
        legend.get_title().set_fontsize(8)
    return figure


def draw_panel(
    block: Block,
    presentation: Presentation,
    vocabulary: Sequence[Metric],
    styles: Mapping[str, Mapping[str, Any]],
) -> "Figure":
    """Draw one block by itself, without title and legend, in the looks of `styles_of`."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=_PANEL_SIZE, layout="constrained")
        axes = figure.subplots()
        _draw_panel(axes, block, presentation.axis_of(block.panel), styles, vocabulary)
        axes.set_title("")
    return figure


def draw_key(style: Mapping[str, Any]) -> "Figure":
    """Draw a piece of one line, for a legend outside of the figure."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=_KEY_SIZE)
    axes = figure.add_axes((0, 0, 1, 1), frameon=False, xticks=[], yticks=[])
    axes.set(xlim=(0, 2), ylim=(-1, 1))
    axes.plot([0, 1, 2], [0, 0, 0], markevery=[1], **style)
    return figure


def to_bytes(
    figure: "Figure", form: Literal["png", "svg"], *, dpi: int = 100, text: bool = False
) -> bytes:
    """The figure as the content of a file, free of dates; in SVG, letters as paths or as text."""
    import matplotlib as mpl  # noqa: PLC0415

    content = io.BytesIO()
    with mpl.rc_context({**_STYLE, "svg.fonttype": "none" if text else "path"}):
        metadata = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(content, format=form, dpi=dpi, metadata=metadata)
    return content.getvalue()


def _caption(blocks: Sequence[Block]) -> str:
    seeds = count_seeds(blocks)
    if seeds in ("0", "1"):
        return "One seed: no intervals."
    means = (
        "geometric means"
        if all(block.panel.average == "geometric" for block in blocks)
        else "means"
    )
    return (
        f"Lines: {means} over {seeds} seeds. Bands: their 95 % intervals (Student), clipped to "
        f"possible values."
    )


def styles_of(blocks: Sequence[Block]) -> dict[str, dict[str, Any]]:
    """One look per line, the same in every panel."""
    names = list(dict.fromkeys(name for block in blocks for name in block.series))
    return {
        name: {
            "color": COLOURS[place % len(COLOURS)],
            "marker": MARKERS[place % len(MARKERS)],
            "linestyle": DASHES[place % len(DASHES)],
            "linewidth": 1.6,
            "markersize": 5,
            "markeredgecolor": "white",
            "markeredgewidth": 0.6,
        }
        for place, name in enumerate(names)
    }


def _entries_across(names: Sequence[str], width: float) -> int:
    """How many entries of the legend stand side by side, fewer where names are long."""
    longest = _LINE_WIDTH + _LETTER_WIDTH * max(map(len, names), default=0)
    room = min(round(width / _ENTRY_WIDTH), int(width / longest))
    return min(max(len(names), 1), max(1, room))


def _legend_line(style: Mapping[str, Any]) -> "Line2D":
    from matplotlib.lines import Line2D  # noqa: PLC0415

    return Line2D([], [], **style)


def _draw_panel(
    axes: "Axes",
    block: Block,
    axis: Axis,
    styles: Mapping[str, Mapping[str, Any]],
    vocabulary: Sequence[Metric],
) -> None:
    panel, metric = block.panel, metric_of(block.panel.metric, vocabulary)
    for name, row in block.series.items():
        _draw_line(axes, row, styles[name], metric)
    if panel.target is not None:
        axes.axhline(panel.target, color="0.3", linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    axes.set_title(block.title, fontsize=10)
    axes.set_xlabel(axis.label)
    axes.set_ylabel(metric.unit)
    _set_places(axes, axis.scale, block.places)
    _set_heights(axes, panel, metric)


def _draw_line(
    axes: "Axes",
    row: Mapping[float, Summary],
    style: Mapping[str, Any],
    metric: Metric,
) -> None:
    """Draw the finite means, and a band wherever more than one seed stands behind them."""
    shown = {place: mean for place, mean in row.items() if math.isfinite(mean.value)}
    places = list(shown)
    axes.plot(places, [mean.value for mean in shown.values()], **style, zorder=3)
    low = [max(mean.low, metric.low) for mean in shown.values()]
    high = [min(mean.high, metric.high) for mean in shown.values()]
    axes.fill_between(places, low, high, color=style["color"], alpha=0.13, linewidth=0, zorder=2)


def _set_places(axes: "Axes", scale: Scale, places: Sequence[float]) -> None:
    """Mark the sizes that were run, with their numbers written out where there is room."""
    if scale != "linear" and places and (scale == "symlog" or min(places) > 0):
        axes.set_xscale(scale)
    axes.set_xticks([*places], [show_number(place) for place in places])
    axes.set_xticks([], minor=True)
    for tick, keep in zip(axes.get_xticklabels(), _roomy(axes, places), strict=True):
        tick.set_visible(keep)


def _roomy(axes: "Axes", places: Sequence[float]) -> list[bool]:
    """Which places, from the left, are far enough from the last one kept to be written out."""
    axes.autoscale_view()
    ends = axes.transAxes.transform([(0, 0), (1, 0)])[:, 0]
    across = [axes.transData.transform((place, 1))[0] for place in places]
    keep: list[bool] = []
    last = -math.inf
    for x in across:
        keep.append(x - last >= _LABEL_ROOM * (ends[1] - ends[0]))
        last = x if keep[-1] else last
    return keep


def _set_heights(axes: "Axes", panel: Panel, metric: Metric) -> None:
    """Set the vertical scale, with room around 0 and around 1 where the range ends there."""
    if panel.scale == "log":
        axes.set_yscale("log", nonpositive="mask")
        return
    bottom, top = -0.03, 1.04
    if panel.scale == "symlog":
        axes.set_yscale("symlog", linthresh=panel.threshold, linscale=0.5)
        bottom, top = -0.25 * panel.threshold, 1.4
    if metric.low == 0:
        axes.set_ylim(bottom=bottom if metric.high == 1 or panel.scale == "symlog" else 0.0)
    if metric.high == 1:
        axes.set_ylim(top=top)
