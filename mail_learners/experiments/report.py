"""`mail-bench report DIR`: one page of a results folder that needs nothing but a browser.

Styles, script, figures and boards are inside the page, and its content security policy forbids it
to fetch anything. Its bytes are a function of the folder's content and of the versions that draw.
"""

from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from mail_envs.errors import ForeignResultsError, InvalidOptionError, UnknownNameError
from mail_learners.aggregates import RESAMPLES
from mail_learners.experiments.outputs import blocks_of, write_plots
from mail_learners.experiments.presentation import Presentation
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.report_boards import boards
from mail_learners.experiments.report_figures import curves
from mail_learners.experiments.report_numbers import Comparison, comparisons_of
from mail_learners.experiments.report_origin import failures, origin
from mail_learners.experiments.report_tables import block_table, improvement_table, mean_table
from mail_learners.experiments.results_folder import ResultsFolder, open_results
from mail_learners.experiments.summary import Block
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.table import caption
from mail_learners.experiments.vocabulary import Metric, metric_of
from mail_learners.files import write_atomically

__all__ = ["page", "write"]

_MANY = 12
"""From how many tables on they are folded behind their captions."""


def write(
    folder: Path, out: Path, place: str, load: Callable[[str], Experiment]
) -> tuple[Path, ...]:
    """Write the page of a results folder, and its figure as PNG and SVG beside it.

    Args:
        folder: the results.
        out: the page; the figures have its name with other endings.
        place: `module:ATTRIBUTE` of the experiment, empty for the name that the folder gives.
        load: from a name or place to the experiment.

    Returns:
        The files written.

    Raises:
        ForeignResultsError: not a results folder, one without results, or another experiment's.
        UnknownNameError: an experiment that `load` does not find.
        InvalidOptionError: `out` is no `.html` file.
    """
    if out.suffix.lower() not in (".html", ".htm"):  # the figures and the results have others
        raise InvalidOptionError(f"--out: expected a file NAME.html, came {out}")
    results = open_results(folder)
    experiment = _experiment(results, place, load)
    write_atomically(out, page(results, experiment, place))
    measurements = _measurements(results, experiment)
    blocks = blocks_of(experiment, measurements, experiment.presentation.plot)
    return (out, *write_plots(experiment, blocks, out.with_suffix("")))


def page(results: ResultsFolder, experiment: Experiment, place: str = "") -> str:
    """The page as HTML.

    Args:
        results: what the folder holds.
        experiment: what it is the folder of.
        place: as of `write`.
    """
    shown, measurements = experiment.presentation, _measurements(results, experiment)
    plotted = blocks_of(experiment, measurements, shown.plot)
    tabled = blocks_of(experiment, measurements, shown.table)
    sections = (
        ("failures", "Failures", failures(results)),
        ("curves", "Learning curves", _curves(experiment, plotted)),
        ("comparison", "Comparison", _comparison(comparisons_of(experiment, measurements), shown)),
        ("boards", "Certificates", _boards(results)),
        ("tables", "Tables", _tables(tabled, experiment)),
        ("origin", "Command and versions", origin(results, experiment, place)),
    )
    kept = [section for section in sections if section[2]]
    return _template("report.html").substitute(
        title=escape(shown.title),
        experiment=escape(experiment.name),
        summary=escape(experiment.summary[:1].upper() + experiment.summary[1:] + "."),
        facts="".join(f"<li>{escape(fact)}</li>" for fact in _facts(results)),
        contents="".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in kept),
        sections="\n".join(_section(*section) for section in kept),
        style=_template("report.css").template.strip(),
        script=_template("report.js").template.strip(),
    )


def _experiment(
    results: ResultsFolder, place: str, load: Callable[[str], Experiment]
) -> Experiment:
    try:
        experiment = load(place or results.experiment)
    except UnknownNameError as error:
        if place:
            raise
        raise UnknownNameError(f"{results.path}: {error}; name it with --experiment") from error
    if experiment.name != results.experiment:
        raise ForeignResultsError(
            f"{results.path / 'experiment.json'}: expected experiment {experiment.name!r}, came "
            f"{results.experiment!r}"
        )
    if not results.measurements:
        raise ForeignResultsError(f"{results.path}: expected results, came none; run the sweep")
    return experiment


def _measurements(results: ResultsFolder, experiment: Experiment) -> tuple[Measurement, ...]:
    derived = experiment.presentation.derive(results.measurements)
    return (*results.measurements, *derived)


def _template(name: str) -> Template:
    return Template((files(__package__ or "") / "templates" / name).read_text(encoding="utf-8"))


def _section(name: str, title: str, content: str) -> str:
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{title}</h2>\n{content}</section>'
    )


def _facts(results: ResultsFolder) -> list[str]:
    seeds, count = len(results.options.seeds), len(results.measurements)
    facts = [f"mail-envs {results.version}", f"{seeds} {'seed' if seeds == 1 else 'seeds'}"]
    facts.append(f"{count} measurements")
    if not results.ended:
        facts.append("unfinished: cells stored so far")
    return facts


def _curves(experiment: Experiment, blocks: Sequence[Block]) -> str:
    if not blocks:
        return ""
    about = caption(blocks)
    if "interval" in about and "no intervals" not in about:
        about += " Bands are these intervals, clipped to possible values; dashes mark targets."
    return f'<p class="quiet">{escape(about)}</p>\n{curves(experiment, blocks)}'


def _comparison(comparisons: Sequence[Comparison], presentation: Presentation) -> str:
    if not comparisons:
        return ""
    about = (
        f"Interquartile means of all runs, and the probability that a run of one line is better "
        f"than a run of another, ties counting half (arXiv:2108.13264). […]: 95 % of "
        f"{RESAMPLES} stratified bootstrap resamples; from few seeds they are too narrow."
    )
    parts = "\n".join(_compared(each, presentation) for each in comparisons)
    return f'<p class="quiet">{about}</p>\n<div class="tables">{parts}</div>'


def _compared(comparison: Comparison, presentation: Presentation) -> str:
    more = ""
    if comparison.improvement:
        inside = improvement_table(comparison)
        more = f"<details><summary>Probability of improvement</summary>{inside}</details>"
    return f"<div>{mean_table(comparison, presentation)}{more}</div>"


def _boards(results: ResultsFolder) -> str:
    found = boards(results.certificates)
    if not found:
        return ""
    about = (
        "The first mistake of a learned policy: the line that leads to it, and how perfect play "
        "punishes it. Every game was replayed by the rules when this page was written."
    )
    return f'<p class="quiet">{about}</p>\n{found}'


def _tables(blocks: Sequence[Block], experiment: Experiment) -> str:
    if not blocks:
        return ""
    presentation = experiment.presentation
    tables = [
        block_table(block, presentation, _meaning(block, experiment.vocabulary)) for block in blocks
    ]
    if len(tables) >= _MANY:
        tables = [
            _folded(block.title, table, opened=place < 2)
            for place, (block, table) in enumerate(zip(blocks, tables, strict=True))
        ]
    about, notes = escape(caption(blocks)), escape(" ".join(presentation.notes))
    return (
        f'<p class="quiet">{about}</p><p class="quiet">{notes}</p>'
        f'<div class="tables">{"".join(tables)}</div>'
    )


def _folded(title: str, content: str, *, opened: bool) -> str:
    """A table behind its title."""
    state = " open" if opened else ""
    return f'<details class="named"{state}><summary>{escape(title)}</summary>{content}</details>'


def _meaning(block: Block, vocabulary: Sequence[Metric]) -> str:
    """What the metric says; nothing where a panel gathers several metrics under one pattern."""
    if any(sign in block.panel.metric for sign in "*?["):
        return ""
    return metric_of(block.panel.metric, vocabulary).meaning
