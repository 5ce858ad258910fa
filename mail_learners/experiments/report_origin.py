"""How a page's results came about: the command, the versions, the options, what failed."""

import json
from html import escape
from shlex import quote
from typing import Any

from mail_learners.experiments.cells import Scalar
from mail_learners.experiments.options import Options
from mail_learners.experiments.report_tables import table
from mail_learners.experiments.results_folder import ResultsFolder
from mail_learners.experiments.sweep import Experiment

__all__ = ["command", "failures", "origin"]

_ABOUT = (
    "These numbers are a function of the experiment, its options and the package's version. "
    "The command for all of them:"
)
_LISTS = ("seeds", "games", "learners", "features")


def command(experiment: Experiment, options: Options, place: str = "") -> str:
    """The command line that runs a sweep, as short as it can be said.

    Args:
        experiment: whose defaults need not be said.
        options: what the sweep covers.
        place: `module:ATTRIBUTE` of an experiment that is not known by name.
    """
    plain, full = (_differing(options, known) for known in (experiment.defaults, experiment.full))
    switches = ["--full", *full] if len(full) < len(plain) else plain
    return " ".join(["mail-bench run", place or experiment.name, *switches])


def origin(results: ResultsFolder, experiment: Experiment, place: str = "") -> str:
    """What to run for the same numbers, and what was run."""
    parts = [
        f"<p>{_ABOUT}</p>",
        f"<pre><code>{escape(command(experiment, results.options, place))}</code></pre>",
        _versions(results),
    ]
    options = [[name, _words(value)] for name, value in _flat(results.options).items()]
    parts.append(table("Options of the sweep", ["option", "value"], options, words=True))
    return "".join(parts)


def failures(results: ResultsFolder) -> str:
    """The cells that failed, with their tracebacks; "" for none."""
    if not results.failures:
        return ""
    entries = "".join(
        f"<details><summary>{escape(_cell_words(cell))}</summary>"
        f'<pre tabindex="0"><code>{escape(text)}</code></pre></details>'
        for cell, text in results.failures
    )
    count = len(results.failures)
    return (
        f'<p class="bad">{count} {"cell" if count == 1 else "cells"} failed; what is shown is '
        f"without them. The command below with <code>--retry</code> tries again.</p>{entries}"
    )


def _versions(results: ResultsFolder) -> str:
    if not results.runs:
        return (
            f"<p>Run with mail-envs {escape(results.version)}; other versions were not "
            f"recorded.</p>"
        )
    commands = "\n".join(dict.fromkeys(run["command"] for run in results.runs))
    names = list(dict.fromkeys(name for run in results.runs for name in run["versions"]))
    kinds = list({json.dumps(run["versions"]): run["versions"] for run in results.runs}.values())
    head = ["package", *(f"run {place + 1}" for place in range(len(kinds)))]
    lines = [[name, *(str(kind.get(name, "–")) for kind in kinds)] for name in names]
    return (
        f"<p>What was typed:</p><pre><code>{escape(commands)}</code></pre>"
        f"{table('Versions it ran with', head, lines)}"
    )


def _differing(options: Options, known: Options) -> list[str]:
    """The switches that make the known options these."""
    ours, theirs = options.to_json(), known.to_json()
    switches = [
        f"--{name} {quote(','.join(map(str, getattr(options, name))))}"
        for name in _LISTS
        if ours[name] != theirs[name]
    ]
    settings = theirs["settings"]
    switches += [
        f"--set {quote(f'{name}={_text(value)}')}"
        for name, value in options.settings
        if name not in settings or settings[name] != value
    ]
    return switches


def _text(value: Scalar) -> str:
    """A setting as it is typed."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _flat(options: Options) -> dict[str, object]:
    lists: dict[str, object] = {name: getattr(options, name) for name in _LISTS}
    return {**lists, **dict(options.settings)}


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "each learner's default"
    return _text(value) if isinstance(value, bool) else str(value)


def _cell_words(described: str) -> str:
    """A cell's description, as progress calls it where it is one."""
    cell: Any = json.loads(described)
    if not isinstance(cell, dict):
        return described
    learner = f"{cell.get('learner')} [{cell['features']}]" if cell.get("features") else ""
    return f"{cell.get('experiment')}: {learner or cell.get('learner')}, seed {cell.get('seed')}"
