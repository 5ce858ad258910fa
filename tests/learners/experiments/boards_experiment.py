"""A finished sweep of two made-up learners whose first mistakes are real ones, for reports."""

from mail_envs.board import TicTacToe, find_mistake
from mail_envs.protocols.asking import greedy, uniform_policy
from mail_learners.experiments.cells import Cell, CellResult
from mail_learners.experiments.certificates import certificate
from mail_learners.experiments.options import Options
from mail_learners.experiments.presentation import Panel, Presentation
from mail_learners.experiments.sweep import Experiment

LEARNERS = ("first-cell", "<b>bold & 'quoted'</b>")


def list_cells(options):
    return [
        Cell.of("boards", learner=learner, seed=seed, games=options.games)
        for learner in options.learners
        for seed in options.seeds
    ]


def run_cell(cell):
    game, rows, proofs = TicTacToe(), [], []
    for games in cell.games:
        loss = 1 / (games + cell.seed + len(cell.learner) % 3)
        for agent in game.agents:
            metric = f"loss_probability/{agent}"
            rows.append(cell.measurement(metric, loss, games=games, queries=games))
        found = find_mistake(game, greedy(uniform_policy), game.agents[cell.seed % 2])
        proofs.append(certificate(cell, found, games=games))
    return CellResult(tuple(rows), (), tuple(proofs))


PANELS = tuple(
    Panel(f"loss_probability/player_{i}", f"Loss of player {i}", "symlog") for i in range(2)
)
OPTIONS = Options((1, 2, 3), (10, 50, 100), LEARNERS)

BOARDS = Experiment(
    name="boards",
    summary="plays <the first> cell",
    cells=list_cells,
    run_cell=run_cell,
    presentation=Presentation("Boards & <mistakes>", table=PANELS, plot=PANELS, notes=("A < B.",)),
    defaults=OPTIONS,
    full=OPTIONS,
    learners=LEARNERS,
)
