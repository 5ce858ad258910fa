"""The perfect expert examined like any other policy: no mistake to the depth that time allows.

    python -m tests.benchmarks.check_expert_has_no_mistake --minutes 10

Both seats of Connect Four get half of the time each; the first is measured by outcome, the second,
lost from the start, by distance. A solver of its own, with tables of its own, judges. Exits with 1
if a mistake is found.
"""

import argparse
import sys
import time

from mail_envs import PerfectExpert
from mail_envs.board import ConnectFour, Mistake, find_mistake
from mail_envs.board.search import SearchSolver


def show(ply: int, done: int, count: int) -> None:
    print(f"  ply {ply}: {done} of {count} positions", end="\r", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    game = ConnectFour()
    expert = PerfectExpert(game, solver=SearchSolver(game))
    found = False
    for seat in range(2):
        begun, spent = time.monotonic(), time.process_time()
        verdict = find_mistake(
            game,
            expert,
            seat,
            solver=SearchSolver(game),
            time_limit=30 * minutes,
            progress=show,
        )
        print(f"\n{verdict.text()}")
        print(
            f"  {time.monotonic() - begun:.0f} s, {time.process_time() - spent:.0f} s of processors"
        )
        found |= isinstance(verdict, Mistake)
    sys.exit(int(found))


if __name__ == "__main__":
    main()
