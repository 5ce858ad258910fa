"""The perfect expert on Connect Four beside bitbully, one core, CPU time, in one process.

bitbully (AGPL-3.0) is a dependency of this benchmark and of the slow cross-checks alone; nothing of
it is read or shipped. Best in an environment of its own, outside the working copy:

    python -m venv ../bitbully && . ../bitbully/bin/activate
    python -m pip install -c constraints.txt -e . bitbully==0.0.79
    python tests/benchmarks/bench_connect_four_expert.py [positions per ply] [games]

Both have their 12-ply book, the same one. Tables are emptied before every position, and that is not
timed. Answers are compared.

- *Random positions*: reached by random play, the game still going on. The expert's scores of all
  moves, and its best move (exact distance, first of equals), beside bitbully's scores of all moves.
- *Openings*: the expert's scores at plies 0 to 11.
- *Labels*: the positions at which the default expert is asked in games against a random player, the
  expert in either seat in turn, in the order of play.
- *In practice*: the same labels with tables kept, one by one and as one batch.
"""

import os
import sys
import time
from typing import NamedTuple

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
from bitbully import BitBully, Board

from mail_envs import PerfectExpert
from mail_envs.board import ConnectFour, LineGame, State, batch
from mail_envs.board.search import SearchSolver


class Position(NamedTuple):
    moves: list[int]
    state: State


def random_positions(game: LineGame, ply: int, number: int, *, rng: np.random.Generator):
    """Positions after `ply` random moves, the game not over."""
    found: list[Position] = []
    while len(found) < number:
        state, moves = game.initial_state(), []
        while len(moves) < ply and (legal := game.legal_actions(state)):
            moves.append(int(rng.choice(legal)))
            state = game.step(state, moves[-1])
        if game.outcome(state) is None:
            found.append(Position(moves, state))
    return found


def games_of(expert: PerfectExpert, number: int, *, rng: np.random.Generator) -> list[Position]:
    """The positions at which the expert is asked, against a random player."""
    game, asked = expert.game, []
    for index in range(number):
        state, moves = game.initial_state(), []
        while legal := game.legal_actions(state):
            if game.player_to_move(state) == index % 2:
                asked.append(Position(list(moves), state))
                move = int(np.argmax(expert(game.observation(state)[None])[0]))
            else:
                move = int(rng.choice(legal))
            moves.append(move)
            state = game.step(state, move)
    return asked


# ---- timing


def ours(solver: SearchSolver, position: Position, question: str) -> tuple[float, np.ndarray]:
    """CPU seconds and the answer, from empty tables."""
    states = batch.stack([position.state])
    solver.forget()
    begun = time.process_time()
    answer = solver.scores(states) if question == "scores" else solver.best(states, ties="first")
    return time.process_time() - begun, answer[0]


def theirs(agent: BitBully, position: Position) -> tuple[float, np.ndarray]:
    """CPU seconds and the scores of all moves, from an empty table, in our convention."""
    board = Board("".join(map(str, position.moves)))
    agent.reset_transposition_table()
    begun = time.process_time()
    scores = agent.score_all_moves(board)
    spent = time.process_time() - begun
    return spent, np.array([scores.get(action, -np.inf) for action in range(7)])


def halved(scores: np.ndarray) -> np.ndarray:
    """Our scores as the literature has them: half, away from zero."""
    return np.sign(scores) * np.ceil(np.abs(scores) / 2)


def compare(solver: SearchSolver, agent: BitBully, positions: list[Position]) -> np.ndarray:
    """CPU seconds of our scores, our best move, and their scores: `(N, 3)`."""
    seconds = np.zeros((len(positions), 3))
    for row, position in enumerate(positions):
        seconds[row, 0], scores = ours(solver, position, "scores")
        seconds[row, 1], best = ours(solver, position, "best")
        seconds[row, 2], known = theirs(agent, position)
        same = np.array_equal(halved(scores), known)
        if not same or best.argmax() != scores.argmax():
            raise RuntimeError(f"{position.moves}: came {scores} and {best}, bitbully {known}")
    return seconds


def report_positions(solver: SearchSolver, agent: BitBully, number: int) -> None:
    rng = np.random.default_rng(4)
    print("ms per position     scores   best move   bitbully   ratios (scores, best)")
    parts = []
    for ply in range(12, 21):
        share = max(10, number // max(1, 17 - ply) if ply < 16 else number)
        seconds = compare(solver, agent, random_positions(solver.game, ply, share, rng=rng))
        parts.append(seconds.mean(axis=0))
        print_row(f"ply {ply} ({share})", parts[-1])
    print_row("mean of plies 12-20", np.mean(parts, axis=0))
    openings = [
        ours(solver, position, "scores")[0]
        for ply in range(12)
        for position in random_positions(solver.game, ply, 50, rng=rng)
    ]
    print(f"plies 0-11: {1e3 * np.mean(openings):.3f} ms, at most {1e3 * max(openings):.3f} ms")


def print_row(name: str, seconds: np.ndarray) -> None:
    scores, best, known = 1e3 * seconds
    print(
        f"{name:19s} {scores:7.3f}  {best:9.3f}  {known:9.3f}   "
        f"{scores / known:6.3f}  1/{known / best:.1f}"
    )


def report_labels(solver: SearchSolver, agent: BitBully, games: int) -> None:
    expert = PerfectExpert(solver.game, solver=solver)
    positions = games_of(expert, games, rng=np.random.default_rng(5))
    seconds = np.zeros((len(positions), 2))
    for row, position in enumerate(positions):
        seconds[row, 0], best = ours(solver, position, "best")
        seconds[row, 1], known = theirs(agent, position)
        first = np.argmax(known)
        if not best[first] and solver.scores(batch.stack([position.state]))[0].argmax() == first:
            raise RuntimeError(f"{position.moves}: came {best}, bitbully {known}")
    plies = np.array([len(position.moves) for position in positions])
    late = (plies >= 12) & (plies <= 16)
    rates = len(positions) / seconds.sum(axis=0)
    print(
        f"labels of {games} games ({len(positions)} positions): ours {rates[0]:.0f} a second, "
        f"bitbully {rates[1]:.0f}, ratio {rates[0] / rates[1]:.1f}; share of plies 12-16 "
        f"{seconds[late, 0].sum() / seconds[:, 0].sum():.0%} and "
        f"{seconds[late, 1].sum() / seconds[:, 1].sum():.0%}"
    )
    solver.forget()
    begun = time.process_time()
    for position in positions:
        solver.best(batch.stack([position.state]), ties="first")
    one_by_one = time.process_time() - begun
    solver.forget()
    states = batch.stack([position.state for position in positions])
    begun = time.process_time()
    solver.best(states, ties="first")
    together = time.process_time() - begun
    print(
        f"tables kept: {len(positions) / one_by_one:.0f} a second one by one, "
        f"{len(positions) / together:.0f} as one batch"
    )


def main() -> None:
    """Print everything."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    games = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    solver = SearchSolver(ConnectFour(), threads=1)
    begun = time.perf_counter()
    solver.scores(batch.stack([State(0, 0)]))
    print(f"first answer after {time.perf_counter() - begun:.2f} s (compiled code and book loaded)")
    agent = BitBully()
    report_positions(solver, agent, number)
    report_labels(solver, agent, games)


if __name__ == "__main__":
    main()
