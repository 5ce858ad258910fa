"""The table, on a terminal and as a page."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.third_party.examining import Finding

COLUMNS = (
    "environment",
    "kind",
    "agents",
    "observation → action",
    "contract",
    "returns: deviation, episodes",
    "Gymnasium",
    "SB3",
)

PAGE = """# Other people's environments

`SingleAgentEnv` over environments that we did not write: each row is one environment, seen by its
last agent, everybody else at random. Made by

    python -m tests.benchmarks.table_third_party --minutes {minutes:g} --write docs/third_party.md

in an environment with the packages of `tests/benchmarks/third_party.txt`; the command's first lines
say how to set it up.

- **contract**: `check_multi_agent_env` on the environment and `check_view` on its view
  (`mail_wrappers.checks`).
- **returns**: the largest difference between a return of the view and what the environment paid
  its agent in that episode, added up by a book-keeper beneath the view; 1000 episodes, or as many
  as {minutes:g} minutes allowed.
- **Gymnasium**, **SB3**: `check_env` of Gymnasium and of stable-baselines3 on the view.
- A number in brackets is an exception: a fault of the environment's own, listed below with the line
  that proves it. The command finds that line in the installed file and sees the fault in the
  environment, raw, without a view.

{table}

{summary}
{exceptions}"""


def cells(finding: Finding, notes: list[str]) -> tuple[str, ...]:
    """A row; exceptions are numbered as they come and put into `notes`."""
    accounts = finding.accounts
    counted = "" if accounts is None else f"{accounts.largest_deviation:.0e}, {accounts.episodes}"
    return (
        finding.name,
        finding.kind,
        str(finding.agents),
        f"{finding.observations} → {finding.actions}",
        _cell(finding, ("made", "environment", "view"), "passes", notes),
        _cell(finding, ("returns",), counted, notes),
        _cell(finding, ("gymnasium",), "passes", notes),
        _cell(finding, ("sb3",), "passes", notes),
    )


def _cell(finding: Finding, checks: Sequence[str], passed: str, notes: list[str]) -> str:
    if any(check in finding.failures for check in checks):
        return "FAILS"
    told = [finding.exceptions[check] for check in checks if check in finding.exceptions]
    proofs = list(dict.fromkeys(told))
    for proof in proofs:
        if proof not in notes:
            notes.append(proof)
    return " ".join(f"({notes.index(proof) + 1})" for proof in proofs) or passed


def summary(findings: Sequence[Finding]) -> str:
    """How many of what."""
    episodes = sum(f.accounts.episodes for f in findings if f.accounts)
    steps = sum(f.accounts.steps for f in findings if f.accounts)
    largest = max((f.accounts.largest_deviation for f in findings if f.accounts), default=0.0)
    failing = sum(bool(f.failures) for f in findings)
    return (
        f"{len(findings)} environments, {failing} failing; {episodes} episodes of {steps} steps "
        f"accounted for, largest deviation {largest:.1e}."
    )


def show(findings: Sequence[Finding], console: Console | None = None) -> None:
    """Print the table, the exceptions, and what fails."""
    console, notes = console or Console(width=180), list[str]()
    table = Table(*COLUMNS)
    for finding in findings:
        table.add_row(*cells(finding, notes))
    console.print(table)
    for number, note in enumerate(notes, start=1):
        console.print(f"({number}) {note}", markup=False, highlight=False)
    for finding in findings:
        for check, message in finding.failures.items():
            console.print(f"FAILS {finding.name}, {check}: {message}", markup=False)
    console.print(summary(findings))


def page(findings: Sequence[Finding], minutes: float) -> str:
    """The page, in Markdown."""
    notes: list[str] = []
    rows = [" | ".join(cells(finding, notes)) for finding in findings]
    head = [" | ".join(COLUMNS), " | ".join("---" for _ in COLUMNS)]
    return PAGE.format(
        minutes=minutes,
        table="\n".join(f"| {row} |" for row in [*head, *rows]),
        summary=summary(findings),
        exceptions="\n".join(f"\n{i}. {note}" for i, note in enumerate(notes, 1)) + "\n"
        if notes
        else "",
    )
