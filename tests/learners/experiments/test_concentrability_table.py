"""The table of concentrability: every registered family, and what is known of some."""

import math

import pytest

from mail_envs.registration import PARALLEL_ENTRIES
from mail_learners.experiments import load
from mail_learners.experiments.concentrability import GAMES, KINDS
from mail_learners.experiments.outputs import present
from mail_learners.experiments.sweep import cells_of


@pytest.fixture(scope="module")
def measured():
    """Of each game, every metric's value; the two slowest left out."""
    experiment = load("concentrability")
    cells = cells_of(experiment, experiment.defaults)
    quick = [cell for cell in cells if cell["game"] not in ("low_rank", "random_linear")]
    return [row for cell in quick for row in experiment.run_cell(cell).measurements]


def values(measured, game):
    return {
        row.metric: row.value for row in measured if row.experiment == f"concentrability/{game}"
    }


def test_every_registered_markov_game_has_a_row():
    doors = {entry.door for entry in PARALLEL_ENTRIES}
    assert {f"mail_envs.{game.door}" for game in GAMES.values()} == doors


def test_found_never_exceeds_the_bound_and_exact_says_whether_they_agree(measured):
    for game in {row.experiment.partition("/")[2] for row in measured}:
        numbers = values(measured, game)
        for kind in KINDS:
            found, bound = numbers[f"found/{kind}"], numbers[f"bound/{kind}"]
            assert 1 - 1e-9 <= found <= bound
            assert numbers[f"exact/{kind}"] == float(found == bound)
        assert numbers["found/single_policy"] <= numbers["bound/all_policy"] * (1 + 1e-9)


def test_what_the_papers_say_of_their_games(measured):
    grid = values(measured, "grid_game")
    assert (grid["visited"], grid["reached"]) == (2, 19)
    assert math.isinf(grid["found/all_policy"])
    for concentrability in (2.0, 1000.0):
        row = values(measured, f"lower_bound C={concentrability:.0f}")
        assert row["found/single_policy"] == pytest.approx(concentrability)
    separating = values(measured, "lower_bound separating")
    assert separating["found/single_policy"] == pytest.approx(1)
    assert math.isinf(separating["found/all_policy"])


def test_the_table_has_a_column_for_each_coefficient(measured, tmp_path):
    from rich.console import Console

    present(load("concentrability"), measured, tmp_path, Console(width=200, record=True))
    text = (tmp_path / "table.md").read_text()
    header = "| game \\ coefficient | states, all-policy | states, single-policy | mean |"
    assert header in text.replace("\\\\", "\\")
    assert not (tmp_path / "plot.png").exists()


def test_only_drawn_games_have_several_seeds():
    experiment = load("concentrability")
    cells = cells_of(experiment, experiment.full)
    assert sum(cell["game"] == "grid_game" for cell in cells) == 1
    assert sum(cell["game"] == "block_linear" for cell in cells) == len(experiment.full.seeds)
