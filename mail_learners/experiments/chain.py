r"""The chain of despair: who explores to the end, where the habits of the beginning are ruinous.

Player 1 alone moves the state; player 0's clone learns while player 1 explores, N steps an episode
for every explorer, so that equal games are equal numbers of transitions. What the clone μ̂ is worth
is exact: beside player 1's expert, player 1's best deviation gains

.. math:: \max(0, 2 - 12 p) \, \gamma^{N-2} / (1 - \gamma), \qquad p = \hat\mu(a_1 | s_{N-1})

(N ≥ 3). A tabular clone that never saw the end is uniform there, p = 1/2, and not exploitable at
all. The failure needs a clone that *generalises*: the expert plays a2 everywhere but at the end,
and whoever has not seen the end learns "always a2". So clones here are log-linear in

- `position`: (1, x) for each action, x the place in the corridor from 0 to 1. The expert is
  representable, and a clone that has not seen the end extends a2 to it. The linear counterpart of
  the published picture of a band at the token's place.
- `one-hot`: no generalisation, for comparison: nobody is exploitable, however little was seen.

Explorers plan on one-hot features in both cases. `lsvi-ucb-zero-bc` has λ = 10⁻³ and the least
β = 1.1 H √λ that is optimistic. With the published β = 10, λ = 0.1
(`lsvi-ucb-zero-bc-published-constants`) nearly all of Q stays at its cap: the explorer balances its
moves state by state and needs about 2^(N-2) games, like uniform play. (arXiv 2602.22810 runs a deep
explorer for 2^(N-2) steps an episode; all are short here, as uniform play is soon lost anyway.)
"""

import math

import numpy as np

from mail_envs import chain_of_despair_v0, nash_gap
from mail_envs.markov import MarkovGame
from mail_envs.markov.features import TableFeatures
from mail_envs.markov.library import chain_experts
from mail_learners.experiments.cells import Cell, CellResult, Stopwatch
from mail_learners.experiments.markov_cells import Gatherer, queries_of
from mail_learners.experiments.options import Options, OwnOption, names_of
from mail_learners.experiments.presentation import Panel, Presentation, Scale
from mail_learners.experiments.registry import REGISTRY
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.vocabulary import Metric
from mail_learners.markov import Episodes, LsviOptions, first_games, linear_clones
from mail_learners.markov.feature_blocks import Features
from mail_learners.statistics import Average

__all__ = ["CHAIN", "position_features"]

FEATURES = ("position", "one-hot")
PUBLISHED_CONSTANTS = "lsvi-ucb-zero-bc-published-constants"
RIDGE, SLACK = 1e-3, 1.1
"""λ, and β in multiples of H √λ, below which exploration is not optimistic."""
LENGTHS = ("4", "8", "16")

METRICS = (
    Metric(
        "exploitability/{player}",
        "what the opponent gains by its best deviation against this player's policy, beside its "
        "own expert",
        "return",
        better="lower",
    ),
    Metric("end_games", "games in which player 1's explorer reached the end", "games"),
    Metric("end_seen", "1 where any game reached the end, otherwise 0", "share of seeds", high=1.0),
    Metric(
        "right_action_at_end/{player}",
        "probability that this player's clone plays the expert's action at the end",
        "probability",
        high=1.0,
    ),
)


def position_features(length: int) -> TableFeatures:
    """Player 0's φ(s, a) = e_a ⊗ (1, x), where x is the state's place in the corridor.

    x is 0 at s0 and in the trap s1, 1 at the end: states of the chain are s0, s1 (the trap), s2 …

    Args:
        length: N, at least 4.
    """
    x = np.maximum(np.arange(length) - 1, 0) / (length - 2)
    places = np.stack([np.ones(length), x], axis=1)  # s c
    table = np.einsum("ab,sc->sabc", np.eye(2), places)
    return TableFeatures(table.reshape(length, 2, 4))


def _cells(options: Options) -> list[Cell]:
    """One cell for each length, learner, feature map and seed, measured at every size."""
    sizes = tuple(sorted(options.games))
    return [
        Cell.of(
            f"chain/N={length}",
            learner=learner,
            seed=seed,
            games=sizes,
            features=features,
            length=int(length),
        )
        for length in names_of(options["lengths"])
        for learner in options.learners
        for features in options.features or FEATURES
        for seed in options.seeds
    ]


def _run_cell(cell: Cell) -> CellResult:
    watch = Stopwatch()
    length: int = cell["length"]
    setting = chain_of_despair_v0.setting(length)
    rng = np.random.default_rng(cell.seed)
    with watch.phase("gather"):
        gatherer = Gatherer(setting, length, lsvi=_constants(cell))
        everything = gatherer.gather(cell.learner, games=max(cell.games), rng=rng)
    found = [
        cell.measurement(metric, value, games=games, queries=queries_of(episodes))
        for games in cell.games
        for episodes in [first_games(everything, games)]
        for metric, value in _measure(cell, setting.game, episodes, watch).items()
    ]
    return CellResult(tuple(found), watch.timings)


def _constants(cell: Cell) -> LsviOptions:
    """Published, or just above the least optimistic ones."""
    if cell.learner == PUBLISHED_CONSTANTS:
        return LsviOptions()
    return LsviOptions(bonus_scale=SLACK * cell["length"] * math.sqrt(RIDGE), ridge=RIDGE)


def _measure(
    cell: Cell, game: MarkovGame, episodes: tuple[Episodes, ...], watch: Stopwatch
) -> dict[str, float]:
    with watch.phase("clone"):
        clone = linear_clones(game, episodes, features=_maps(cell)).policies[0]
    with watch.phase("evaluate"):
        expert = chain_experts(game)[1]
        gain = nash_gap(game, (clone, expert)).per_player[1]
    end = game.num_states - 1
    reached = (episodes[-1].states == end).any(axis=1)  # of player 1's explorer
    return {
        "exploitability/player_0": float(gain),
        "right_action_at_end/player_0": float(clone[end, 0]),
        "end_games": float(reached.sum()),
        "end_seen": float(reached.any()),
    }


def _maps(cell: Cell) -> Features:
    """Of the clones; player 1's is not measured."""
    if cell.features == "one-hot":
        return None
    return (position_features(cell["length"]),) * 2


def _panels(
    metric: str, title: str, scale: Scale = "linear", average: Average = "mean"
) -> tuple[Panel, ...]:
    return tuple(
        Panel(metric, f"{title}, N = {n}", scale, 1e-3, None, f"chain/N={n}", average=average)
        for n in LENGTHS
    )


EXPLOITABILITY = _panels("exploitability/player_0", "Exploitability of player 0 (exact)", "symlog")
END_SEEN = _panels("end_seen", "Share of seeds in which the end was seen", average="share")
END_GAMES = _panels("end_games", "Games that reached the end")
RIGHT = _panels("right_action_at_end/player_0", "μ̂(a1) at the end")


def _lengths(text: str) -> str:
    names = names_of(text)
    for name in names:
        if not name.isdecimal() or int(name) < 4:
            raise ValueError(f"expected whole numbers of at least 4, came {name!r}")
    return ",".join(str(int(name)) for name in names)


LEARNERS = REGISTRY["chain"].learners

CHAIN = Experiment(
    name="chain",
    summary=REGISTRY["chain"].summary,
    cells=_cells,
    run_cell=_run_cell,
    presentation=Presentation(
        title="Chain of despair: who sees the end before copying the habits of the beginning",
        table=(*EXPLOITABILITY, *END_SEEN, *END_GAMES, *RIGHT),
        plot=(*EXPLOITABILITY, *END_SEEN),
        notes=(
            "games: N steps of each explorer, equal transitions for all; for bc-linear, recorded.",
            "[…]: the clone's features; explorers plan on one-hot ones. mail-warm [one-hot] is the",
            "published tabular learner, [position] its data with this clone.",
            "[one-hot] clones do not generalise: without data they are uniform, p = 1/2, and not",
            "exploitable. What fails under [position] is the generalisation of a2 to the end.",
            f"lsvi-ucb-zero-bc: λ = {RIDGE:g}, β = {SLACK:g} H √λ; published: λ = 0.1, β = 10.",
            "Exact: max(0, 2 - 12 p) γ^(N-2) / (1-γ); 16.2, 10.63, 4.575 for N = 4, 8, 16, p = 0.",
            "Uniform play ever reaches the end with probability 1/3, 1/33, 1/8193 an episode.",
        ),
    ),
    defaults=Options(
        seeds=tuple(range(20)),
        games=(1, 2, 5, 10, 20, 50, 100, 200),
        learners=LEARNERS,
        settings=(("lengths", "4,8,16"),),
    ),
    full=Options(
        seeds=tuple(range(50)),
        games=(1, 2, 5, 10, 20, 50, 100, 200, 500),
        learners=LEARNERS,
        settings=(("lengths", "4,8,16"),),
    ),
    learners=LEARNERS,
    features=FEATURES,
    settings={"lengths": OwnOption("N, at least 4; those of the tables are 4, 8 and 16", _lengths)},
    metrics=METRICS,
)
"""The experiment `chain`."""
