r"""How the `connect4` experiment is shown: by size, by temperature, and as paired differences.

A **score** is the mean of 1 for a win, ½ for a draw, 0 for a loss. **Pooled** means over the six
temperatures, with as many games of each; never over sizes. For each seed, seat and size, the
**lead** of dqn-explore-bc over another learner is the difference of their pooled scores, its
interval Student's over seeds: the learners of one seed meet opponents drawn from the same streams.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mail_learners.experiments.presentation import Panel, Presentation
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.vocabulary import Metric

__all__ = ["METRICS", "PRESENTATION", "TEMPERATURES", "derive"]

DIRECTED = "dqn-explore-bc"

TEMPERATURES = (0, 1, 2, 3, 4, 5)
"""Of the opponents, as in arXiv 2602.22810."""

SEATS = (("player_0", "first player"), ("player_1", "second player"))

_ESTIMATE = ("estimate",)

METRICS = (
    Metric(
        "win_rate/{temperature}/{player}",
        "share of games that this player's policy wins against the perfect player softened to that "
        "temperature (pooled: to all six) as in arXiv:2602.22810",
        "probability",
        high=1.0,
        kinds=_ESTIMATE,
    ),
    Metric(
        "score/pooled/{player}",
        "mean of 1 for a win, 1/2 for a draw, 0 for a loss over those games, all temperatures",
        "score",
        high=1.0,
        kinds=_ESTIMATE,
    ),
    Metric(
        "lead/{player}",
        f"pooled score of {DIRECTED} less this learner's, same seed and number of games",
        "score",
        low=-1.0,
        high=1.0,
        kinds=_ESTIMATE,
    ),
    Metric("perfect_result/{player}", "result against the perfect player", "return", -1.0, 1.0),
    Metric("decisions_watched/{player}", "decisions of this player's expert seen", "decisions"),
    Metric(
        "mistake_found/{player}",
        "whether a search found a first mistake: a move that drops the game's value, or for a seat "
        "that is lost anyway, one that loses sooner",
        "share",
        high=1.0,
    ),
    Metric(
        "first_mistake_ply/{player}",
        "plies played before the earliest mistake that an opponent can bring about; where none was "
        "found, the plies for which it is proved that there is none",
        "plies",
    ),
    Metric(
        "mistake_costs/{player}",
        "what it drops: steps from win to draw to loss, or plies of resistance of a lost seat",
        "steps or plies",
    ),
)


def derive(measurements: Sequence[Measurement]) -> Sequence[Measurement]:
    """The leads of `dqn-explore-bc`; see the module's docstring."""
    return tuple(lead for agent, _ in SEATS for lead in _leads(measurements, agent))


def _leads(measurements: Iterable[Measurement], agent: str) -> Iterable[Measurement]:
    scores = [each for each in measurements if each.metric == f"score/pooled/{agent}"]
    directed = [each for each in scores if each.learner == DIRECTED]
    for ours in directed:
        for other in scores:
            same = (other.seed, other.games) == (ours.seed, ours.games)
            if same and other.learner != DIRECTED:
                yield replace(
                    other,
                    features=ours.features,
                    metric=f"lead/{agent}",
                    value=ours.value - other.value,
                )


def _table() -> tuple[Panel, ...]:
    panels: list[Panel] = []
    for agent, seat in SEATS:
        panels += [
            Panel(f"score/pooled/{agent}", f"Score of the {seat}, pooled over temperatures 0–5"),
            Panel(f"lead/{agent}", f"Lead of {DIRECTED} over each learner, {seat}", target=0.0),
            Panel(f"win_rate/pooled/{agent}", f"Win rate of the {seat}, pooled"),
        ]
        panels += [
            Panel(f"win_rate/{t}/{agent}", f"Win rate of the {seat} at temperature {t}")
            for t in TEMPERATURES
        ]
        panels += [
            Panel(f"perfect_result/{agent}", f"Result of the {seat} against a perfect player"),
            Panel(f"mistake_found/{agent}", f"Share of {seat}s in whom a mistake was found"),
            Panel(f"first_mistake_ply/{agent}", f"Plies before the first mistake, {seat}"),
            Panel(f"mistake_costs/{agent}", f"What that mistake drops, {seat}"),
            Panel(f"decisions_watched/{agent}", f"Decisions of the {seat}'s expert watched"),
            Panel(f"states_covered/{agent}", f"Distinct situations among them, {seat}"),
        ]
    return tuple(panels)


def _plot() -> tuple[Panel, ...]:
    shown = [
        panel
        for panel in _table()
        if panel.metric.startswith(("score/", "lead/", "states_covered/"))
    ]
    temperatures = [
        Panel(f"win_rate/{t}/player_0", f"Win rate of the first player at temperature {t}")
        for t in TEMPERATURES
    ]
    return (*shown, *temperatures)


PRESENTATION = Presentation(
    title="Connect Four: clones of a perfect player, against softened ones",
    table=_table(),
    plot=_plot(),
    notes=(
        "games: what each explorer plays, or for bc… what is recorded.",
        "bc watches deterministic experts: all its games are one game, repeated.",
        "The second player is lost from the start: its mistakes lose sooner than need be.",
        "Temperature 0 follows a rule of its own and is about as strong as temperature 1.",
    ),
    derive=derive,
)
