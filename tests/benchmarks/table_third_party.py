"""Our view over environments that we did not write: contract checks, accounting, foreign checkers.

Other people's environments live in an environment of their own, outside the working copy:

    python -m venv ../third_party && . ../third_party/bin/activate
    python -m pip install -c constraints.txt -e ".[dev]"
    python -m pip install -c constraints.txt -r tests/benchmarks/third_party.txt
    python -m tests.benchmarks.table_third_party --minutes 10
    python -m tests.benchmarks.table_third_party --minutes 1 --only classic mpe2/simple_tag

A row is one environment, seen by its last agent, everybody else at random.

- contract: `check_multi_agent_env` on the environment, `check_view` on its view;
- returns: `check_returns`, the view's returns against what the environment pays, to 1e-9; shown are
  the largest deviation and the episodes: 1000, or as many as `--minutes` allow;
- Gymnasium, SB3: `check_env` of Gymnasium and of stable-baselines3 on the view.

A check that fails for a fault of the environment's own is an exception, listed below the table with
the line of the environment's that proves it. The command looks for the line in the installed file
and sees the fault in the environment, raw, without our view; an exception that no longer shows
fails its row, as everything else that fails does. The exit status is 1 if a row fails.
`--write FILE` writes the page with the table.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pygame draws without a screen
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.benchmarks.third_party.environments import ENTRIES
from tests.benchmarks.third_party.examining import EPISODES, examine
from tests.benchmarks.third_party.faults import FAULTS
from tests.benchmarks.third_party.showing import page, show


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of accounting, per row")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of rows")
    parser.add_argument("--write", type=Path, help="the file to write the page to")
    options = parser.parse_args()
    findings = []
    for entry in ENTRIES:
        if options.only and not any(part in entry.name for part in options.only):
            continue
        finding = examine(
            entry.name,
            entry.make,
            agent=entry.agent,
            faults=FAULTS.get(entry.name, ()),
            steps=entry.steps,
            episodes=EPISODES,
            seconds=60 * options.minutes,
        )
        findings.append(finding)
        print(finding.line(), flush=True)
    show(findings)
    if options.write:
        options.write.write_text(page(findings, options.minutes), encoding="utf-8")
    sys.exit(int(any(finding.failures for finding in findings) or not findings))


if __name__ == "__main__":
    main()
