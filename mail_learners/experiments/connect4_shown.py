r"""How the `connect4` experiment is shown: by size, by temperature, and as paired differences.

A **score** is the mean of 1 for a win, ½ for a draw, 0 for a loss. **Pooled** means over the six
temperatures, with as many games of each; never over sizes. For each seed, seat and size, the
**lead** of dqn-explore-bc over another learner is the difference of their pooled scores, its
interval Student's over seeds: the learners of one seed meet opponents drawn from the same streams.

Two panels show one size alone, the largest, across temperatures and across plies. `derive` copies
their numbers, with the temperature or the ply in place of the number of games.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mail_learners.experiments.presentation import Axis, Panel, Presentation
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.vocabulary import Metric
from mail_learners.grading import TEMPERATURES

__all__ = ["GRADED_AT", "METRICS", "PRESENTATION", "derive"]

DIRECTED = "dqn-explore-bc"

GRADED_AT = 3.0
"""The temperature of the opponent against which mistakes are counted by ply."""

SEATS = (("player_0", "first player"), ("player_1", "second player"))

_ESTIMATE = ("estimate",)

METRICS = (
    Metric(
        "win_rate/{temperature}/{player}",
        "share of games that this player's policy wins against the perfect player softened to that "
        "temperature as in arXiv:2602.22810; pooled: to all six; optimal: not softened",
        "probability",
        high=1.0,
        kinds=_ESTIMATE,
        better="higher",
    ),
    Metric(
        "score/pooled/{player}",
        "mean of 1 for a win, 1/2 for a draw, 0 for a loss over those games, all temperatures",
        "score",
        high=1.0,
        kinds=_ESTIMATE,
        better="higher",
    ),
    Metric(
        "lead/{player}",
        f"pooled score of {DIRECTED} less this learner's, same seed and number of games",
        "score",
        low=-1.0,
        high=1.0,
        kinds=_ESTIMATE,
    ),
    Metric(
        "mistakes/{ply}/{player}",
        "share of this player's moves at that ply that drop the outcome, in games against the "
        f"softened player of temperature {GRADED_AT:g}",
        "probability",
        high=1.0,
        kinds=_ESTIMATE,
        better="lower",
    ),
    Metric(
        "erring_games/{player}",
        "share of those games in which some move drops the outcome",
        "probability",
        high=1.0,
        kinds=_ESTIMATE,
        better="lower",
    ),
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
"""The metrics that the experiment adds to the vocabulary."""


DEGREES = Axis("temperature of the opponent", "linear")
PLIES = Axis("ply", "linear")


def derive(measurements: Sequence[Measurement]) -> Sequence[Measurement]:
    """The leads of `dqn-explore-bc`, and the largest size across temperatures and plies."""
    leads = [lead for agent, _ in SEATS for lead in _leads(measurements, agent)]
    largest = max((each.games for each in measurements), default=0)
    at_largest = [each for each in measurements if each.games == largest]
    return (*leads, *_across(at_largest, BY_TEMPERATURE), *_across(at_largest, BY_PLY))


BY_TEMPERATURE = ("by-temperature", "win_rate", re.compile(r"win_rate/(\d+)/(\w+)"))
BY_PLY = ("by-ply", "mistakes", re.compile(r"mistakes/ply-(\d+)/(\w+)"))


def _across(
    measurements: Iterable[Measurement], kind: tuple[str, str, re.Pattern[str]]
) -> Iterable[Measurement]:
    """The numbers of a family with the number in their names in place of the number of games."""
    variant, family, pattern = kind
    for each in measurements:
        found = pattern.fullmatch(each.metric)
        if found:
            place, agent = found.groups()
            yield replace(
                each,
                experiment=f"{each.experiment}/{variant}",
                metric=f"{family}/{variant}/{agent}",
                games=int(place),
            )


def _leads(measurements: Iterable[Measurement], agent: str) -> Iterable[Measurement]:
    scores = [each for each in measurements if each.metric == f"score/pooled/{agent}"]
    directed = [each for each in scores if each.learner == DIRECTED]
    several = len({each.features for each in directed}) > 1
    for ours in directed:
        for other in scores:
            same = (other.seed, other.games) == (ours.seed, ours.games)
            if same and other.learner != DIRECTED:
                yield replace(
                    other,
                    features=ours.features if several else "",
                    metric=f"lead/{agent}",
                    value=ours.value - other.value,
                )


def _table() -> tuple[Panel, ...]:
    panels: list[Panel] = []
    for agent, seat in SEATS:
        panels += [
            Panel(f"score/pooled/{agent}", f"Score of the {seat}, pooled"),
            Panel(f"lead/{agent}", f"Lead of {DIRECTED}, {seat}", target=0.0),
            Panel(f"win_rate/pooled/{agent}", f"Win rate of the {seat}, pooled"),
        ]
        panels += [
            Panel(f"win_rate/{t:g}/{agent}", f"Win rate of the {seat} at temperature {t:g}")
            for t in TEMPERATURES
        ]
        panels += [
            Panel(f"win_rate/optimal/{agent}", f"Win rate of the {seat} against an optimal player"),
            Panel(
                f"erring_games/{agent}", f"Games in which the {seat} drops the outcome at some ply"
            ),
            _of_largest(BY_PLY, agent, f"Mistakes of the {seat} by ply", PLIES),
            Panel(
                f"mistake_found/{agent}",
                f"Share of {seat}s in whom a mistake was found",
                average="share",
            ),
            Panel(f"first_mistake_ply/{agent}", f"Plies before the first mistake, {seat}"),
            Panel(f"mistake_costs/{agent}", f"What that mistake drops, {seat}"),
            Panel(f"decisions_watched/{agent}", f"Decisions of the {seat}'s expert watched"),
            Panel(f"states_covered/{agent}", f"Situations seen of the {seat}'s expert"),
        ]
    return tuple(panels)


def _plot() -> tuple[Panel, ...]:
    shown = [
        panel
        for panel in _table()
        if panel.metric.startswith(("score/", "lead/", "states_covered/"))
    ]
    extra = [
        panel
        for agent, seat in SEATS
        for panel in (
            _of_largest(BY_TEMPERATURE, agent, f"Win rate of the {seat}", DEGREES),
            _of_largest(BY_PLY, agent, f"Mistakes of the {seat} by ply", PLIES),
        )
    ]
    return (*shown, *extra)


def _of_largest(
    kind: tuple[str, str, re.Pattern[str]], agent: str, title: str, axis: Axis
) -> Panel:
    """A panel of the largest size alone."""
    variant, family, _ = kind
    return Panel(
        f"{family}/{variant}/{agent}",
        f"{title}, most games",
        experiment=f"connect4/{variant}",
        axis=axis,
    )


PRESENTATION = Presentation(
    title="Connect Four: clones of a perfect player, against softened ones",
    table=_table(),
    plot=_plot(),
    notes=(
        "games: what each explorer plays, or for bc… what is recorded.",
        "bc watches deterministic experts: all its games are one game, repeated.",
        "The second player is lost from the start: its mistakes lose sooner than need be.",
        "By the published rule, temperature 0 plays as temperature 1 does.",
    ),
    derive=derive,
)
"""How the experiment is shown."""
