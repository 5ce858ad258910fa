r"""Dimension: with features of dimension d, questions depend on d and not on the number of states.

The claim of arXiv 2602.22810, put to the test on games that have the same latent game behind any
number S of states (`block_linear`, `additive_linear`). Measured is how many **questions**, expert
moves, a learner asks before the exact Nash gap of its clones, summed over players, is at most
`gap` (`mail_learners.experiments.questions`), cloning each step by itself.

* *Against S*, at d = 20 for each player: m = 10 latents and A = 2 actions in block games, features
  of length 20 in additive ones; H = 5.
* *Against d*, at S = 1000: block games of m = d / 2 latents.

Everything is **paired**: for one seed, the latent game is the same at every S and for every
learner. By default so are the random draws of play (`draws=shared`): what is left of a ratio
between two S is what the number of states does. With `draws=fresh` every S plays with a stream of
its own, and ratios have the spread of independent runs as well.

`lsvi-ucb-zero-bc` has β = 3 here. With the published β = 10 and these sizes Q stays at its cap
until every state-action pair has been met more than a hundred times, and nothing is planned; β must
exceed H √λ = 1.6 to stay optimistic (`--set bonus=10` for the published one).

`uniform-bc-one-hot` explores uniformly and clones one-hot: what it costs not to generalise. A game
of either kind of learner asks n H questions: with explorers, each of n = 2 players plays an episode
of H steps and asks the other's expert at each; without, both experts are asked in one.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from mail_envs import nash_gap, solve
from mail_envs.markov import MarkovGame
from mail_envs.markov.library import additive_linear, block_linear, named_features
from mail_learners.experiments.cells import Cell, CellResult, Scalar, Stopwatch
from mail_learners.experiments.dimension_shown import (
    DIRECTED,
    FAMILIES,
    METRICS,
    PRESENTATION,
    D,
    S,
    variant,
)
from mail_learners.experiments.options import Options, OwnOption, names_of, one_of, whole_numbers
from mail_learners.experiments.questions import LongRun, games_needed
from mail_learners.experiments.registry import REGISTRY
from mail_learners.experiments.sweep import Experiment
from mail_learners.markov import (
    Episodes,
    LsviOptions,
    expert_episodes,
    linear_clones,
    lsvi_episodes,
    player_features,
    uniform_episodes,
)
from mail_wrappers.streams import stream_seed

__all__ = ["DIMENSION"]

LEARNERS = REGISTRY["dimension"].learners
ONE_HOT = "uniform-bc-one-hot"

ACTIONS, HORIZON = 2, 5

FIRST_RUN = {"block": 2048, "additive": 64}
"""Games of the first run; it is played anew, longer, where they are not enough."""

Gather = Callable[[int], tuple[Episodes, ...]]


def _cells(options: Options) -> list[Cell]:
    """Each learner and seed on each game: block games first, of each family the dearest."""
    families = names_of(options["families"])
    games = {(family, s, D) for family in families for s in _numbers(options["states"])}
    if "block" in families:
        games |= {("block", S, d) for d in _numbers(options["dimensions"])}
    return [
        _cell(options, learner, seed, *game)
        for game in sorted(games, key=lambda game: (game[0] != "block", -game[2], -game[1]))
        for learner in sorted(options.learners, key=lambda name: name != DIRECTED)
        for seed in options.seeds
        if learner != ONE_HOT or game[2] == D  # it knows nothing of d
    ]


def _cell(
    options: Options, learner: str, seed: int, family: str, states: int, dimension: int
) -> Cell:
    constants = {"bonus": options["bonus"]} if learner == DIRECTED else {}
    return Cell.of(
        variant(family, states, dimension),
        learner=learner,
        seed=seed,
        games=max(options.games),
        features="one-hot" if learner == ONE_HOT else "own",
        family=family,
        states=states,
        dimension=dimension,
        gap=options["gap"],
        draws=options["draws"],
        **constants,
    )


def _run_cell(cell: Cell) -> CellResult:
    watch = Stopwatch()
    with watch.phase("build"):
        game = make_game(cell["family"], cell.seed, cell["states"], cell["dimension"])
        gather = _gathering(cell, game)
        features = player_features(game, named_features(game, cell.features))
    run = LongRun(_timed(gather, watch), least=min(FIRST_RUN[cell["family"]], *cell.games))

    def gap_after(games: int) -> float:
        episodes = run.first(games)
        with watch.phase("clone"):
            clones = linear_clones(game, episodes, features=features)
        with watch.phase("evaluate"):
            return nash_gap(game, clones.policies).total

    needed = games_needed(gap_after, target=cell["gap"], cap=max(cell.games))
    questions = sum(part.queries for part in run.first(needed.games))
    values = {
        "questions_needed": float(questions),
        "over_cap": float(needed.over_cap),
        "nash_gap/total": needed.gap,
    }
    rows = [
        cell.measurement(metric, value, games=needed.games, queries=questions)
        for metric, value in values.items()
    ]
    return CellResult(tuple(rows), watch.timings)


def _gathering(cell: Cell, game: MarkovGame) -> Gather:
    """How the cell's learner plays any number of games, always from the same seed."""
    experts = solve(game).policies
    seed = stream_seed(cell.seed, cell["states"] if cell["draws"] == "fresh" else 0)
    if cell.learner == DIRECTED:
        maps = player_features(game, named_features(game, cell.features))
        constants = LsviOptions(bonus_scale=cell["bonus"])
        play = partial(lsvi_episodes, features=maps, options=constants)
    else:
        play = expert_episodes if cell.learner == "bc-linear" else uniform_episodes
    return lambda games: play(game, experts, games=games, rng=np.random.default_rng(seed))


def _timed(gather: Gather, watch: Stopwatch) -> Gather:
    def timed(games: int) -> tuple[Episodes, ...]:
        with watch.phase("gather"):
            return gather(games)

    return timed


def make_game(family: str, seed: int, states: int, dimension: int) -> MarkovGame:
    """The game of one seed; d is that of each player's own features."""
    if family == "additive":
        return additive_linear(seed, states=states, dimension=dimension, horizon=HORIZON)
    latents = dimension // ACTIONS
    return block_linear(seed, states=states, latents=latents, horizon=HORIZON)


def _numbers(text: str) -> tuple[int, ...]:
    return whole_numbers("sizes", text)


def _families(text: str) -> str:
    return ",".join(names_of(text, known=FAMILIES))


def _sizes(text: str) -> str:
    numbers = whole_numbers("sizes", text)
    if min(numbers) < D // ACTIONS or len(set(numbers)) < len(numbers):
        raise ValueError(f"expected distinct numbers of at least {D // ACTIONS}, came {text!r}")
    return ",".join(map(str, numbers))


def _dimensions(text: str) -> str:
    numbers = whole_numbers("dimensions", text)
    for dimension in numbers:
        if dimension % ACTIONS or not dimension:
            raise ValueError(f"expected multiples of {ACTIONS}, came {dimension}")
    if max(numbers) > S * ACTIONS or len(set(numbers)) < len(numbers):
        raise ValueError(f"expected distinct numbers of at most {S * ACTIONS}, came {text!r}")
    return ",".join(map(str, numbers))


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(f"expected a positive number, came {text}")
    return number


SETTINGS = {
    "families": OwnOption("which games, block or additive, separated by commas", _families),
    "states": OwnOption(f"numbers of states S, at d = {D}", _sizes),
    "dimensions": OwnOption(f"dimensions d of block games, at S = {S}", _dimensions),
    "gap": OwnOption("the Nash gap, summed over players, to be reached", _positive),
    "bonus": OwnOption(f"β of {DIRECTED}; λ = 0.1, ties towards the largest bonus", _positive),
    "draws": OwnOption(
        "`shared`, the same random numbers at every S, or `fresh` ones",
        partial(one_of, ("shared", "fresh")),
    ),
}


def _settings(**settings: Scalar) -> tuple[tuple[str, Scalar], ...]:
    return tuple(sorted(settings.items()))


DEFAULTS = Options(
    seeds=tuple(range(20)),
    games=(100_000,),
    learners=LEARNERS,
    settings=_settings(
        families="block,additive",
        states="100,1000,10000,100000",
        dimensions="10,20,40",
        gap=0.05,
        bonus=3.0,
        draws="shared",
    ),
)

DIMENSION = Experiment(
    name="dimension",
    summary=REGISTRY["dimension"].summary,
    cells=_cells,
    run_cell=_run_cell,
    presentation=PRESENTATION,
    defaults=DEFAULTS,
    full=replace(
        DEFAULTS,
        seeds=tuple(range(50)),
        games=(300_000,),
        settings=_settings(**{**dict(DEFAULTS.settings), "dimensions": "10,20,40,80"}),
    ),
    learners=LEARNERS,
    settings=SETTINGS,
    metrics=METRICS,
)
"""The experiment `dimension`."""
