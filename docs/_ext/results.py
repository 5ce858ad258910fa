"""Results pages, made from results folders.

`docs/results/NAME/` is what `mail-bench run NAME --out docs/results/NAME` left behind, without
`cells` and `timings`: `experiment.json`, `results.csv`, `runs.json`, and certificates if there are
any; a large `results.csv` is packed (`gzip -9n`). Its page shows the plot and the tables that the
library makes of it, the numbers of others beside ours (`docs/results/peers.csv`), commands and
versions. Pages and plots are not committed.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mail_learners.experiments.outputs import blocks_of, write_plots
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.registry import load
from mail_learners.experiments.results_folder import ResultsFolder, open_results
from mail_learners.experiments.summary import show_mean
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.table import to_markdown
from mail_learners.statistics import average

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

PLOT = "```{{image}} {place}\n:alt: {title}\n:class: plot\n```"  # its content is the tables below


class Peer(NamedTuple):
    """A number that others' code gave, and which measurements of ours stand beside it.

    `experiment`, `learner`, `games` and `metric` are columns of `results.csv`, `features` as well
    or empty for any; `value` is a mean and `deviation` a standard deviation over `seeds`.
    """

    experiment: str
    learner: str
    features: str
    games: int
    metric: str
    value: float
    deviation: float
    seeds: int
    source: str

    def beside(self, ours: Measurement) -> bool:
        """Whether a measurement of ours is of the same thing."""
        same = (ours.experiment, ours.learner, ours.games, ours.metric)
        wanted = (self.experiment, self.learner, self.games, self.metric)
        return same == wanted and self.features in ("", ours.features)


def read_peers(path: Path) -> list[Peer]:
    """The numbers of others, in the file's order.

    Raises:
        ValueError: columns other than those of `Peer`, or a row that does not fit them.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if tuple(rows[0]) != Peer._fields:
        raise ValueError(f"{path}: expected columns {Peer._fields}, came {rows[0]}")
    return [
        Peer(*row[:3], int(row[3]), row[4], float(row[5]), float(row[6]), int(row[7]), row[8])
        for row in rows[1:]
    ]


def page(results: ResultsFolder, peers: Sequence[Peer], plot: str | None) -> str:
    """The page of a results folder.

    Args:
        results: what the folder holds.
        peers: the numbers of others, of any experiment.
        plot: where the plot is, as seen from the page; None if there is none.
    """
    experiment = load(results.experiment)
    shown = experiment.presentation
    measurements = (*results.measurements, *shown.derive(results.measurements))
    tables = to_markdown(blocks_of(experiment, measurements, shown.table), shown)
    title, _, tables = tables.partition("\n\n")
    parts = [title, f"`mail-bench run {results.experiment}`: {experiment.summary}."]
    parts += [PLOT.format(place=plot, title=shown.title)] if plot else []
    parts += beside(experiment, results.measurements, peers)
    parts += [tables.strip(), *origin(results)]
    return "\n\n".join(parts) + "\n"


def beside(
    experiment: Experiment, measurements: Sequence[Measurement], peers: Sequence[Peer]
) -> Iterator[str]:
    """A table for each metric that others were measured in, theirs and ours."""
    tables: dict[tuple[str, str], list[str]] = defaultdict(list)
    sources: dict[str, None] = {}
    for peer in peers:
        values: dict[str, list[float]] = defaultdict(list)
        for ours in filter(peer.beside, measurements):
            values[experiment.presentation.series(ours)].append(ours.value)
        theirs = f"{peer.value:g} ± {peer.deviation:g}"
        for series, found in values.items():
            mean = show_mean(average(found, "mean"))
            row = f"| {series} | {peer.games} | {theirs} ({peer.seeds}) | {mean} ({len(found)}) |"
            tables[peer.experiment, peer.metric].append(row)
            sources[peer.source] = None
    if not tables:
        return
    yield "## Beside the published code"
    yield (
        "Theirs: mean ± standard deviation. Ours: mean ± half the 95 % interval (Student). In "
        "brackets: seeds."
    )
    for (place, metric), rows in tables.items():
        yield f"`{metric}` of `{place}`:"
        yield "\n".join(("| learner | games | theirs | ours |", "|---|---:|---:|---:|", *rows))
    yield from (f"Theirs is {source}." for source in sources)


def origin(results: ResultsFolder) -> Iterator[str]:
    """Commands and versions."""
    yield "## Command and versions"
    if not results.runs:
        yield f"mail-envs {results.version}; nothing more is recorded."
    for run in results.runs:
        yield f"```console\n{run['command']}\n```"
        yield ", ".join(f"{name} {version}" for name, version in run["versions"].items()) + "."
    yield (
        "`mail-bench report` of the same folder writes a page with intervals of every comparison "
        "and certificates to step through."
    )


def index(titles: dict[str, str]) -> str:
    """The page that lists them."""
    lines = [
        "# Results",
        "Each page is made, when this site is, from the folder that the command left behind.",
        "| experiment | shows |\n|---|---|\n"
        + "\n".join(f"| [{name}]({name}.md) | {title} |" for name, title in titles.items()),
        "```{toctree}\n:hidden:\n\n" + "\n".join(titles) + "\n```",
    ]
    return "\n\n".join(lines) + "\n"


def write(app: "Sphinx") -> None:
    """Write pages and plots before pages are read."""
    folder = Path(app.srcdir) / "results"
    plots = Path(app.srcdir) / "_generated" / "results"
    plots.mkdir(parents=True, exist_ok=True)
    peers = read_peers(folder / "peers.csv")
    titles: dict[str, str] = {}
    for found in sorted(path.parent for path in folder.glob("*/experiment.json")):
        results = open_results(found)
        experiment = load(results.experiment)
        every = (*results.measurements, *experiment.presentation.derive(results.measurements))
        blocks = blocks_of(experiment, every, experiment.presentation.plot)
        drawn = write_plots(experiment, blocks, plots / found.name)
        place = f"../_generated/results/{found.name}.svg" if drawn else None
        (folder / f"{found.name}.md").write_text(page(results, peers, place), encoding="utf-8")
        titles[found.name] = experiment.presentation.title
    (folder / "index.md").write_text(index(titles), encoding="utf-8")


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Write when the build begins, after the pictures."""
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
