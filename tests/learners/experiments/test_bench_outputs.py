"""Table and figure from measurements laid out by hand."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from toy_experiment import TOY

from mail_learners.experiments.outputs import present
from mail_learners.experiments.plot import draw, to_bytes
from mail_learners.experiments.presentation import Axis, Panel, Presentation
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.summary import block, show_mean
from mail_learners.experiments.table import to_markdown, to_rich
from mail_learners.experiments.vocabulary import METRICS
from mail_learners.statistics import Mean

LOSS = Panel("loss_probability/player_0", "Loss of player 0", "symlog", target=0.01)
RATE = Panel("perturbed_loss_rate/player_0", "Loss rate")
SHOWN = Presentation("Toy", table=(LOSS, RATE), plot=(LOSS, RATE), notes=("A note.",))


def row(learner, seed, games, value, *, metric=LOSS.metric, kind="exact", features=""):
    return Measurement("toy", learner, features, seed, games, 0, metric, value, kind)


ROWS = [
    *(row("bc", seed, games, 1.0) for seed in (1, 2, 3) for games in (10, 50)),
    *(row("dqn", seed, 10, value, features="planes") for seed, value in ((1, 0), (2, 0.5), (3, 1))),
    row("dqn", 1, 50, 0.0, features="planes"),
    *(row("bc", seed, 10, 0.25, metric=RATE.metric, kind="estimate") for seed in (1, 2)),
    *(row("bc", s, 10, 0.1, metric=f"{RATE.metric}/low", kind="estimate") for s in (1, 2)),
]


def blocks(presentation=SHOWN):
    return [block(ROWS, panel, presentation, "toy") for panel in presentation.table]


def test_a_block_holds_means_by_line_and_place():
    loss, rate = blocks()
    assert loss.places == (10, 50)
    assert loss.series["bc"] == {10: Mean(1.0, 0.0, 3), 50: Mean(1.0, 0.0, 3)}
    assert loss.series["dqn [planes]"][10].value == 0.5
    assert loss.series["dqn [planes]"][50] == Mean(0.0, None, 1)
    assert (loss.title, rate.title) == ("Loss of player 0", "Loss rate (estimate)")
    assert rate.series == {"bc": {10: Mean(0.25, 0.0, 2)}}


def test_the_axis_and_the_lines_are_the_experiments_choice():
    axis = Axis("seeds", "linear", of=lambda measurement: measurement.seed)
    other = replace(SHOWN, axis=axis, series=lambda measurement: measurement.learner.upper())
    assert blocks(other)[0].series["DQN"][2] == Mean(0.5, None, 1)


def test_variants_of_an_experiment_have_panels_of_their_own():
    rows = [*ROWS, replace(ROWS[0], experiment="toy/large", value=0.5)]
    found = block(rows, replace(LOSS, experiment="toy/large"), SHOWN, "toy")
    assert found.series == {"bc": {10: Mean(0.5, None, 1)}}


def test_panels_gather_variants_on_an_axis_of_their_own():
    sizes = {"toy/S=10": 2.0, "toy/S=100": 8.0}
    rows = [
        replace(ROWS[0], experiment=name, seed=seed, value=factor * value)
        for name, value in sizes.items()
        for seed, factor in ((1, 0.5), (2, 2.0))
    ]
    states = Axis("states", of=lambda each: float(each.experiment.partition("=")[2]))
    panel = replace(LOSS, experiment="toy/*", axis=states, average="geometric")
    found = block([*rows, *ROWS], panel, SHOWN, "toy")
    assert {place: mean.value for place, mean in found.series["bc"].items()} == pytest.approx(
        {10: 2.0, 100: 8.0}
    )
    text = to_markdown([found], replace(SHOWN, rows="who"))
    assert "| who \\ states | 10 | 100 |" in text
    assert "×/÷" in text


def test_places_may_have_names():
    axis = Axis("when", "linear", of=lambda each: float(each.games > 10), words=("early", "late"))
    found = block(ROWS, replace(LOSS, axis=axis), SHOWN, "toy")
    assert "| learner \\ when | early | late |" in to_markdown([found], SHOWN)


def test_the_markdown_table():
    assert to_markdown(blocks(), SHOWN).splitlines() == [
        "# Toy",
        "",
        "## Loss of player 0",
        "",
        "`loss_probability/player_0`",
        "",
        "| learner \\ games | 10 | 50 |",
        "| --- | ---: | ---: |",
        "| bc | 1 ± 0 | 1 ± 0 |",
        "| dqn [planes] | 0.500 ± 1.242 | 0 |",
        "",
        "## Loss rate (estimate)",
        "",
        "`perturbed_loss_rate/player_0`",
        "",
        "| learner \\ games | 10 |",
        "| --- | ---: |",
        "| bc | 0.250 ± 0 |",
        "",
        "Mean ± half the 95 % interval (Student) over 1 to 3 seeds.",
        "",
        "A note.",
    ]


@pytest.mark.parametrize("width", [36, 45, 120])
def test_the_terminal_table_is_never_cut(width):
    console = Console(file=io.StringIO(), width=width)
    console.print(to_rich(blocks(), SHOWN, width))
    text = console.file.getvalue()
    assert "…" not in text
    assert "0.500 ± 1.242" in text
    assert text.count("dqn [planes]") == (2 if width < 45 else 1)


def test_zero_is_told_from_almost_zero():
    assert show_mean(Mean(1e-9, 0.0, 2)) == "1e-09 ± 0"
    assert show_mean(Mean(float("inf"), 0.0, 2)) == "inf ± 0"


def test_the_figure_shows_means_bands_and_names():
    figure = draw(blocks(), SHOWN, METRICS)
    loss, rate = figure.axes
    lines = {tuple(line.get_xdata()): tuple(line.get_ydata()) for line in loss.lines[:2]}
    assert lines == {(10, 50): (0.5, 0.0)}  # the last of two lines over the same places
    assert tuple(loss.lines[0].get_ydata()) == (1.0, 1.0)
    assert tuple(loss.lines[2].get_ydata()) == (0.01, 0.01)
    assert loss.get_yscale() == "symlog"
    assert loss.get_xscale() == "log"
    assert [tick.get_text() for tick in loss.get_xticklabels()] == ["10", "50"]
    assert rate.get_title() == "Loss rate (estimate)"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["bc", "dqn [planes]"]
    band = loss.collections[1].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (0.0, 1.0)  # clipped to probabilities


def test_lines_differ_in_more_than_colour():
    rows = [row(f"learner {n}", 1, 10, n / 8) for n in range(8)]
    figure = draw([block(rows, LOSS, SHOWN, "toy")], SHOWN, METRICS)
    looks = [(line.get_color(), line.get_marker()) for line in figure.axes[0].lines[:8]]
    assert len({colour for colour, _ in looks}) == len({marker for _, marker in looks}) == 8


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_bytes_of_a_figure_repeat(form):
    first, second = (to_bytes(draw(blocks(), SHOWN, METRICS), form) for _ in range(2))
    assert first == second
    assert b"date>" not in first


def test_an_experiment_is_presented_in_its_folder(tmp_path):
    console = Console(file=io.StringIO(), width=100)
    present(replace(TOY, presentation=SHOWN), ROWS, tmp_path, console)
    assert "dqn [planes]" in console.file.getvalue()
    assert (tmp_path / "table.md").read_text() == to_markdown(blocks(), SHOWN)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "plot.svg").read_bytes().startswith(b"<?xml")


def test_panels_without_numbers_are_left_out(tmp_path):
    nothing = Panel("nash_gap/total", "Nash gap")
    shown = replace(SHOWN, table=(LOSS, nothing), plot=(nothing,))
    present(replace(TOY, presentation=shown), ROWS, tmp_path, Console(file=io.StringIO()))
    assert "Nash gap" not in (tmp_path / "table.md").read_text()
    assert not (tmp_path / "plot.png").exists()
