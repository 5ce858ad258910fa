r"""How the `dimension` experiment is shown: log-log panels, exponents and paired ratios.

For each learner and seed, with Q(S) the questions needed (`over_cap`: the cap, from below),

* the **exponent** is the slope of log Q against log S (or log d) by least squares, one per seed,
  shown as a mean with Student's interval; only where no size was over the cap;
* the **paired ratio** is Q(10⁴) / Q(10²) of one seed, and Q(learner) / Q(lsvi-ucb-zero-bc) of one
  seed at one size, shown as geometric means; where the numerator was over its cap the ratio is a
  bound from below, and where only the denominator was there is none.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import linear_regression

from mail_learners.experiments.presentation import Axis, Panel, Presentation
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.vocabulary import Metric
from mail_learners.statistics import Average

__all__ = ["DIRECTED", "METRICS", "PRESENTATION", "D", "S", "derive", "sizes_of", "variant"]

DIRECTED = "lsvi-ucb-zero-bc"
"""The learner that explores with a direction."""

D, S = 20, 1000
"""The dimension at which S varies, and the number of states at which d varies."""

FAR, NEAR = 10_000, 100
"""The numbers of states whose ratio is shown."""

METRICS = (
    Metric(
        "questions_needed",
        "expert moves asked for until the exact Nash gap, summed, is at most the target; the cap "
        "where `over_cap` is 1",
        "questions",
        better="lower",
    ),
    Metric("over_cap", "whether the cap on questions was not enough", "share", high=1.0),
    Metric("exponent", "slope of log questions against log size", "exponent", low=-math.inf),
    Metric("ratio/{sizes}", "questions needed over those of another size, same seed", "ratio"),
    Metric("times_directed", f"questions needed over those of {DIRECTED}, same seed", "ratio"),
)
"""The metrics that the experiment adds to the vocabulary."""


def variant(family: str, states: int | str, dimension: int | str) -> str:
    """What the `experiment` column says; `*` for any number.

    >>> variant("block", 100, 20)
    'dimension/block/S=100,d=20'
    """
    return f"dimension/{family}/S={states},d={dimension}"


def sizes_of(measurement: Measurement) -> tuple[str, int, int]:
    """Family, S and d, read from the `experiment` column; 0 for `*`."""
    _, family, sizes = measurement.experiment.split("/")
    states, dimension = (part[2:].replace("*", "0") for part in sizes.split(","))
    return family, int(states), int(dimension)


def derive(measurements: Sequence[Measurement]) -> Sequence[Measurement]:
    """Exponents and ratios; see the module's docstring."""
    needed = [each for each in measurements if each.metric == "questions_needed"]
    capped = {_key(each) for each in measurements if each.metric == "over_cap" and each.value}
    curves: dict[tuple[str, str, int, str], dict[int, Measurement]] = defaultdict(dict)
    for each in needed:
        family, states, dimension = sizes_of(each)
        if dimension == D:
            curves[family, each.learner, each.seed, "S"][states] = each
        if states == S:
            curves[family, each.learner, each.seed, "d"][dimension] = each
    found: list[Measurement] = []
    for (family, _, _, letter), curve in curves.items():
        found += _exponent(family, letter, curve, capped)
        found += _far_over_near(curve, capped) if letter == "S" else ()
    return (*found, *_over_directed(needed, capped))


def _key(measurement: Measurement) -> tuple[str, str, int]:
    return measurement.experiment, measurement.learner, measurement.seed


def _exponent(
    family: str,
    letter: str,
    curve: Mapping[int, Measurement],
    capped: set[tuple[str, str, int]],
) -> Iterable[Measurement]:
    if len(curve) < 2 or any(_key(each) in capped for each in curve.values()):
        return
    one = next(iter(curve.values()))
    sizes = [math.log(size) for size in curve]
    logs = [math.log(each.value / one.value) for each in curve.values()]  # equal ones: 0
    slope = linear_regression(sizes, logs).slope
    place = variant(family, "*", D) if letter == "S" else variant(family, S, "*")
    yield replace(one, experiment=place, metric="exponent", value=slope, kind="estimate")


def _far_over_near(
    curve: Mapping[int, Measurement], capped: set[tuple[str, str, int]]
) -> Iterable[Measurement]:
    if FAR in curve and NEAR in curve:
        yield from _ratio(curve[FAR], curve[NEAR], f"ratio/{FAR}-{NEAR}", capped)


def _over_directed(
    needed: Iterable[Measurement], capped: set[tuple[str, str, int]]
) -> Iterable[Measurement]:
    every = {_key(each): each for each in needed}
    for (place, learner, seed), each in every.items():
        below = every.get((place, DIRECTED, seed))
        if learner != DIRECTED and below is not None:
            yield from _ratio(each, below, "times_directed", capped)


def _ratio(
    above: Measurement, below: Measurement, metric: str, capped: set[tuple[str, str, int]]
) -> Iterable[Measurement]:
    if _key(below) not in capped:
        value = above.value / below.value
        yield replace(above, metric=metric, value=value, kind="estimate")


def _states_of(measurement: Measurement) -> float:
    return sizes_of(measurement)[1]


def _dimension_of(measurement: Measurement) -> float:
    return sizes_of(measurement)[2]


STATES = Axis("states S", of=_states_of)
DIMENSION = Axis("dimension d", of=_dimension_of)


def _panels(
    metric: str, title: str, *, average: Average = "mean", families: Sequence[str] = ("block",)
) -> tuple[Panel, ...]:
    """One panel per family against S, and one of block games against d."""
    scale = "log" if average == "geometric" else "linear"
    against_s = [
        Panel(
            metric,
            f"{title}, {family} games, d = {D}",
            scale,
            experiment=variant(family, "*", D),
            axis=STATES,
            average=average,
        )
        for family in families
    ]
    against_d = Panel(
        metric,
        f"{title}, block games, S = {S}",
        scale,
        experiment=variant("block", S, "*"),
        axis=DIMENSION,
        average=average,
    )
    return (*against_s, against_d)


FAMILIES = ("block", "additive")

PRESENTATION = Presentation(
    title="Dimension: questions needed for a Nash gap, against states and against dimension",
    table=(
        *_panels("questions_needed", "Questions", average="geometric", families=FAMILIES),
        *_panels("over_cap", "Share over the cap", average="share", families=FAMILIES),
        *_panels("times_directed", f"Times {DIRECTED}", average="geometric", families=FAMILIES),
        *(
            Panel(
                f"ratio/{FAR}-{NEAR}",
                f"Paired ratio S = {FAR} : S = {NEAR}, {family} games",
                experiment=variant(family, FAR, D),
                axis=DIMENSION,
                average="geometric",
            )
            for family in FAMILIES
        ),
        *(
            Panel(
                "exponent",
                f"Exponent of S, {family} games",
                experiment=variant(family, "*", D),
                axis=DIMENSION,
            )
            for family in FAMILIES
        ),
        Panel(
            "exponent",
            "Exponent of d, block games",
            experiment=variant("block", S, "*"),
            axis=STATES,
        ),
    ),
    plot=_panels("questions_needed", "Questions", average="geometric", families=FAMILIES),
    notes=(
        "A question is one expert move; the gap is exact and summed over players.",
        "Over the cap: the cap stands for the questions, and ratios are bounds from below.",
        "Exponents: slopes in log-log per seed, of seeds whose every size was within the cap.",
    ),
    derive=derive,
)
"""How the experiment is shown."""
