"""The expert's scores of all moves at random positions of Connect Four beside bitbully's.

bitbully (AGPL-3.0) is a development dependency of such checks alone, and lives in an environment of
its own, whose Python is asked through a pipe; nothing of it is imported here:

    python -m venv ../bitbully && ../bitbully/bin/python -m pip install bitbully==0.0.79
    python -m tests.benchmarks.check_connect_four_scores --peer-python ../bitbully/bin/python

Positions are spread evenly over plies 0 to 40, by random play that ends no game. Every score is
compared; the exit status is 1 if any differs.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter

import numpy as np

from mail_envs.board import ConnectFour, LineGame, batch
from mail_envs.board.search import SearchSolver

PEER = """
import json, sys
from bitbully import BitBully, Board
agent = BitBully()
for line in sys.stdin:
    scores = agent.score_all_moves(Board(line.strip()))
    print(json.dumps([scores.get(action) for action in range(7)]), flush=True)
"""

PLIES = 41
SHARE = 500
"""Positions that are compared at a time."""


def random_line(game: LineGame, ply: int, *, rng: np.random.Generator) -> list[int]:
    """The moves of `ply` plies of random play that never ends the game, begun anew at a loss."""
    state, moves = game.initial_state(), []
    while len(moves) < ply:
        for action in rng.permutation(game.legal_actions(state)).tolist():
            child = game.step(state, action)
            if game.outcome(child) is None:
                state, moves = child, [*moves, action]
                break
        else:
            state, moves = game.initial_state(), []
    return moves


def expected(peer: subprocess.Popen[str], lines: list[list[int]]) -> np.ndarray:
    """The peer's scores, `(N, 7)`: half of ours, away from zero; −inf where illegal."""
    rows = []
    for moves in lines:
        print("".join(map(str, moves)), file=peer.stdin, flush=True)
        told = json.loads(peer.stdout.readline())
        rows.append([-np.inf if score is None else score for score in told])
    return np.array(rows, dtype=np.float64)


def halved(scores: np.ndarray) -> np.ndarray:
    """Our scores in the peer's convention."""
    return np.sign(scores) * np.ceil(np.abs(scores) / 2)


def wrong_length(lines: list[list[int]], scores: np.ndarray) -> np.ndarray:
    """Where a score is of no ply on which its winner moves, `(N, 7)`: the halves do not tell."""
    decided = np.isfinite(scores) & (scores != 0)
    ends = 43 - np.abs(np.where(decided, scores, 0))
    plies = np.array([len(moves) for moves in lines])[:, None]
    last_is_mover = (ends - plies) % 2 == 1
    return decided & (last_is_mover != (scores > 0))


def main() -> int:
    """Compare, and print the number of positions and disagreements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", required=True, help="of an environment with bitbully")
    parser.add_argument("--positions", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    game, rng = ConnectFour(), np.random.default_rng(options.seed)
    solver, differing, compared = SearchSolver(game, threads=1), 0, Counter()
    command = [options.peer_python, "-c", PEER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as peer:
        for first in range(0, options.positions, SHARE):
            wanted = range(first, min(first + SHARE, options.positions))
            lines = [random_line(game, index % PLIES, rng=rng) for index in wanted]
            scores = solver.scores(batch.stack([game.play(moves) for moves in lines]))
            differs = (halved(scores) != expected(peer, lines)) | wrong_length(lines, scores)
            for row in np.flatnonzero(differs.any(axis=1)):
                print(f"{lines[row]}: came {scores[row]}", flush=True)
            differing += int(differs.any(axis=1).sum())
            compared.update(len(moves) for moves in lines)
            print(f"{compared.total()} positions, {differing} disagreements", flush=True)
    print(
        f"{compared.total()} positions over plies {min(compared)} to {max(compared)}, "
        f"scores of all moves: {differing} disagreements"
    )
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
