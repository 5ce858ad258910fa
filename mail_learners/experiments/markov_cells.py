"""What the experiments on Markov games share: gathering, cloning and measuring by learner's name.

**Equal questions.** An explorer's game is one episode of H steps of each of two players against the
other's expert; a game that is only recorded has two experts. Both ask 2 H expert moves, so that
equal games are equal questions. The online learners count iterations, and are tuned so that

- an iteration of `mail-bro` draws H situations per player: 2 H questions, one game;
- an iteration of `murmail` plays one episode of H steps per player, asks two moves in each of its
  states, and draws 2 H situations: 8 H questions, four games.

They are measured after the iterations that the questions of `games` games pay for, and not at all
where those pay for none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mail_envs import nash_gap
from mail_envs.errors import UnknownNameError
from mail_envs.markov import MarkovGame
from mail_envs.markov.setting import Setting
from mail_learners.experiments.cells import Cell, Stopwatch
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.vocabulary import Metric
from mail_learners.markov import (
    Clones,
    Episodes,
    LsviOptions,
    MirrorOptions,
    MirrorRecord,
    MurmailOptions,
    OnlineImitation,
    demonstrations_of,
    expert_episodes,
    first_games,
    linear_clones,
    lsvi_episodes,
    mail_bro,
    murmail,
    uniform_episodes,
    warm_episodes,
)
from mail_learners.markov.feature_blocks import Features

__all__ = [
    "GAMES_AN_ITERATION",
    "GAP_METRICS",
    "SOLVED",
    "Gatherer",
    "clone_measurements",
    "online_measurements",
    "queries_of",
]

SOLVED = 1e-3
"""Up to which sum of gains a pair counts as an equilibrium."""

LSVI = "lsvi-ucb-zero-bc"
"""The learner's name; variants with other constants have it as the beginning of theirs."""

GAMES_AN_ITERATION = {"mail-bro": 1, "murmail": 4}
"""How many games ask as much as an iteration of the online learners."""

GAP_METRICS = (
    Metric(
        "greedy_nash_gap/total",
        "sum over players of what each gains against the clones' most probable actions",
        "return",
        better="lower",
    ),
    Metric(
        "mean_iterate_gap/total",
        "sum of gains against each iterate of an online learner, averaged over its iterates",
        "return",
        better="lower",
    ),
    Metric(
        "solved",
        f"1 where the sum of gains is at most {SOLVED:g}, otherwise 0: the mean over seeds is the "
        "share of seeds, and 1 means every one",
        "share of seeds",
        high=1.0,
        better="higher",
    ),
)
"""Beside the vocabulary that all experiments share."""


@dataclass(frozen=True, eq=False)
class Gatherer:
    """How much is played, and how explorers plan.

    Attributes:
        setting: the game and its experts.
        horizon: H, steps an episode.
        features: of the LSVI explorers; None for one-hot ones.
        lsvi: further constants of theirs; its horizon is not used.
    """

    setting: Setting
    horizon: int
    features: Features = None
    lsvi: LsviOptions = field(default_factory=LsviOptions)

    def gather(self, learner: str, *, games: int, rng: np.random.Generator) -> tuple[Episodes, ...]:
        """What `learner` plays before it clones.

        Args:
            learner: its name in the experiments.
            games: K, of each explorer; the first k of them are what a run of k plays.
            rng: where the randomness comes from.

        Raises:
            UnknownNameError: a learner that does not gather first and clone then.
        """
        game, experts = self.setting.game, self.setting.experts
        if learner in ("bc-tabular", "bc-linear"):
            return expert_episodes(game, experts, games=games, rng=rng, horizon=self.horizon)
        if learner == "uniform-bc":
            return uniform_episodes(game, experts, games=games, rng=rng, horizon=self.horizon)
        if learner == "mail-warm":
            return warm_episodes(game, experts, games=games, rng=rng, horizon=self.horizon)
        if not learner.startswith(LSVI):
            raise UnknownNameError(f"learner: {learner!r} does not clone what it gathered")
        options = replace(self.lsvi, horizon=self.horizon)
        return lsvi_episodes(
            game, experts, games=games, rng=rng, features=self.features, options=options
        )

    def descend(
        self, learner: str, *, iterations: int, rng: np.random.Generator
    ) -> OnlineImitation:
        """Run `mail-bro` or `murmail`, every iterate evaluated; see the module for its sizes.

        Args:
            learner: which of the two.
            iterations: how many.
            rng: where the randomness comes from.

        Raises:
            UnknownNameError: another learner.
        """
        game, experts = self.setting.game, self.setting.experts
        if learner == "mail-bro":
            mirror = MirrorOptions(batch=self.horizon, evaluate_every=1)
            return mail_bro(game, experts, iterations=iterations, rng=rng, options=mirror)
        if learner != "murmail":
            raise UnknownNameError(f"learner: expected mail-bro or murmail, came {learner!r}")
        mirror = MirrorOptions(batch=2 * self.horizon, evaluate_every=1)
        options = MurmailOptions(mirror=mirror, games=1, horizon=self.horizon)
        return murmail(game, experts, iterations=iterations, rng=rng, options=options)


def clone_measurements(
    cell: Cell,
    game: MarkovGame,
    everything: Sequence[Episodes],
    *,
    features: Features,
    watch: Stopwatch,
) -> list[Measurement]:
    """Clone from the first games of a run, at every size of the cell, and measure exactly.

    Args:
        cell: whose measurements these are.
        game: the game.
        everything: what was played, as many games as the cell's largest size.
        features: of the clones; None for one-hot ones.
        watch: times the phases `clone` and `evaluate`.
    """
    measurements: list[Measurement] = []
    for games in cell.games:
        episodes = first_games(everything, games)
        with watch.phase("clone"):
            clones = linear_clones(game, episodes, features=features)
        with watch.phase("evaluate"):
            measurements += _exact(cell, game, clones, games=games, episodes=episodes)
    return measurements


def _exact(
    cell: Cell, game: MarkovGame, clones: Clones, *, games: int, episodes: Sequence[Episodes]
) -> list[Measurement]:
    """Gaps of the clones and of their most probable actions, and what taught them."""
    gap = nash_gap(game, clones.policies)
    values = {
        "nash_gap/total": gap.total,
        "nash_gap/maximum": gap.maximum,
        "greedy_nash_gap/total": nash_gap(game, clones.greedy_policies).total,
        "solved": float(gap.total <= SOLVED),
    }
    for player, agent in enumerate(game.agents):
        seen = demonstrations_of(episodes, player).states
        values[f"states_covered/{agent}"] = len(np.unique(seen))
    queries = queries_of(episodes)
    return [
        cell.measurement(metric, value, games=games, queries=queries)
        for metric, value in values.items()
    ]


def online_measurements(
    cell: Cell, gatherer: Gatherer, *, rng: np.random.Generator
) -> list[Measurement]:
    """Exact gaps of an online learner's averaged table and, on average, of its iterates.

    One run passes through all sizes of the cell, see the module for how games become iterations.
    """
    share = GAMES_AN_ITERATION[cell.learner]
    found = gatherer.descend(cell.learner, iterations=max(cell.games) // share, rng=rng)
    return [
        measurement
        for games in cell.games
        if games >= share
        for measurement in _record(cell, games, found.history[games // share - 1])
    ]


def _record(cell: Cell, games: int, record: MirrorRecord) -> list[Measurement]:
    values = {
        "nash_gap/total": record.average_gap,
        "mean_iterate_gap/total": record.mean_gap,
        "solved": float(record.average_gap <= SOLVED),
    }
    return [
        cell.measurement(metric, value, games=games, queries=record.queries)
        for metric, value in values.items()
    ]


def queries_of(episodes: Sequence[Episodes]) -> int:
    """How many expert moves were asked for."""
    return sum(part.queries for part in episodes)
