"""Ways to gather demonstrations on boards, by many games at once.

Games are played in rounds, in lockstep. Each round has a random stream of its own, and its number
of games does not depend on how many are asked for, so that the first n games of a longer run are
the games of a run of n. Only what experts decided is recorded, one question each.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import LineGame, batch
from mail_envs.board.batch import States
from mail_envs.board.features import feature_map
from mail_envs.errors import InvalidOptionError, UnknownAgentError, UnknownNameError
from mail_envs.experts import PerfectExpert
from mail_envs.protocols.asking import uniform_policy
from mail_learners.boards.explorer import BoardExploreConfig, BoardExplorer
from mail_learners.boards.rounds import Mover, Turn, by_policy, play_round, recorded, rows_of
from mail_wrappers import Demonstrations
from mail_wrappers.streams import stream_seed

__all__ = ["BOARD_LEARNERS", "BoardOptions", "gather_board"]


@dataclass(frozen=True)
class BoardOptions:
    """What gathering may be told.

    Attributes:
        features: of the novelty, for `dqn-explore-bc`: a name of `mail_envs.board.features`.
        explore: how that explorer learns.
        opening_plies: the longest random opening, for `bc-random-openings`.
        games_per_round: how many games are played in lockstep.
    """

    features: str = "afterstates"
    explore: BoardExploreConfig = field(default_factory=BoardExploreConfig)
    opening_plies: int = 8
    games_per_round: int = 25


@dataclass(frozen=True)
class Gathering:
    """What is to be gathered.

    Attributes:
        game: a board.
        taught: the index of the player whose expert is recorded.
        rounds: how many rounds to play.
        seed: of everything random.
        options: see `BoardOptions`.
    """

    game: LineGame
    taught: int
    rounds: int
    seed: int
    options: BoardOptions

    def stream(self, number: int) -> np.random.Generator:
        """The random stream of a round."""
        return np.random.default_rng((self.seed, self.taught, number))

    def play(self, movers: tuple[Mover, Mover], rng: np.random.Generator) -> list[Turn]:
        """Play one round."""
        return list(play_round(self.game, movers, games=self.options.games_per_round, rng=rng))

    def seated(self, teacher: Mover, explorer: Mover) -> tuple[Mover, Mover]:
        """The movers in player order."""
        return (teacher, explorer) if self.taught == 0 else (explorer, teacher)


Rounds = list[list[Turn]]


def gather_board(
    name: str,
    game: LineGame,
    taught: int,
    *,
    games: int,
    seed: int,
    options: BoardOptions | None = None,
) -> Demonstrations:
    """Record experts while games are played for one player to be taught.

    Args:
        name: one of `BOARD_LEARNERS`.
        game: a board.
        taught: the index of the player who is to be taught. Its expert is recorded; for `bc…`,
            where the other seat holds an expert too, both are.
        games: how many games are played.
        seed: of everything random; the same arguments give the same demonstrations.
        options: see `BoardOptions`; None for its defaults.

    Raises:
        UnknownNameError: no such learner or features.
        UnknownAgentError: no such player.
        InvalidOptionError: less than one game, or none in a round.
    """
    options = options or BoardOptions()
    if name not in BOARD_LEARNERS:
        raise UnknownNameError(f"learner: expected one of {sorted(BOARD_LEARNERS)}, came {name!r}")
    if taught not in (0, 1):
        raise UnknownAgentError(f"taught: expected 0 or 1, came {taught!r}")
    for what, number in (("games", games), ("games_per_round", options.games_per_round)):
        if number < 1:
            raise InvalidOptionError(f"{what}: expected at least 1, came {number!r}")
    rounds = -(-games // options.games_per_round)
    played = BOARD_LEARNERS[name](Gathering(game, taught, rounds, seed, options))
    return recorded(game, played, per_round=options.games_per_round).first(games)


# ---- ways to gather


def _self_play(task: Gathering, *, ties: str = "first") -> Rounds:
    """Experts against each other."""
    expert = by_policy(task.game, _expert(task.game, ties), who="the expert")
    return [task.play((expert, expert), task.stream(number)) for number in range(task.rounds)]


def _random_openings(task: Gathering) -> Rounds:
    """Experts against each other after 0 to `opening_plies` random moves, which are left out."""
    return [_opened(task, task.stream(number)) for number in range(task.rounds)]


def _opened(task: Gathering, rng: np.random.Generator) -> list[Turn]:
    """One round of them."""
    game, most = task.game, task.options.opening_plies
    length = rng.integers(0, most + 1, task.options.games_per_round)
    expert = by_policy(game, _expert(game), who="the expert")
    uniform = by_policy(game, uniform_policy, who="the opening")

    def move(
        states: States, games: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        opening = batch.plies(states) < length[games]
        actions = np.zeros(len(games), dtype=np.int64)
        for mover, rows in ((uniform, opening), (expert, ~opening)):
            if rows.any():
                actions[rows] = mover(rows_of(states, rows), games[rows], rng)
        return actions

    turns = task.play((move, move), rng)
    return [turn.where(turn.ply >= length[turn.games]) for turn in turns]


def _uniform(task: Gathering) -> Rounds:
    """A uniform player explores."""
    teacher = by_policy(task.game, _expert(task.game), who="the expert")
    explorer = by_policy(task.game, uniform_policy, who="the explorer")
    movers = task.seated(teacher, explorer)
    played = (task.play(movers, task.stream(number)) for number in range(task.rounds))
    return [turns[task.taught :: 2] for turns in played]


def _dqn(task: Gathering) -> Rounds:
    """A deep explorer on novelty rewards learns from round to round."""
    game, options = task.game, task.options
    seed = stream_seed(task.seed, task.taught)
    features = feature_map(game, options.features)
    explorer = BoardExplorer(
        game, features, games=options.games_per_round, seed=seed, config=options.explore
    )
    movers = task.seated(by_policy(game, _expert(game), who="the expert"), explorer)
    rounds: Rounds = []
    for number in range(task.rounds):
        rng = task.stream(number)
        turns = task.play(movers, rng)
        explorer.learn(turns[1 - task.taught :: 2], rng=rng)
        rounds.append(turns[task.taught :: 2])
    return rounds


def _expert(game: LineGame, ties: str = "first") -> PerfectExpert:
    return PerfectExpert(game, ties="uniform" if ties == "uniform" else "first")


BOARD_LEARNERS: dict[str, Callable[[Gathering], Rounds]] = {
    "bc": _self_play,
    "bc-random-ties": partial(_self_play, ties="uniform"),
    "bc-random-openings": _random_openings,
    "uniform-bc": _uniform,
    "dqn-explore-bc": _dqn,
}
"""The ways to gather, by the names of the learners that clone what they bring."""
