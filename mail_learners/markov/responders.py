"""Who leads MURMAIL: responders that know the game, and one that learns it.

Each is paid the clone's error in every situation (`mail_learners.markov.uncertainty`) and returns
situations from the occupancy of the clone and its response.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.protocols import FloatArray
from mail_learners.markov.leading import draw_situations, play_situations
from mail_learners.markov.mirror import Lead
from mail_learners.markov.ucbvi import EmpiricalGame
from mail_learners.markov.uncertainty import MovePairs, distance, seek

__all__ = ["AskedError", "ErrorSource", "ExactError", "InformedResponder", "LearningResponder"]

LARGEST = 2.0
"""The largest ‖μ^E − μ‖²."""


class ErrorSource(Protocol):
    """What is known of a clone's error in every situation."""

    def __call__(
        self, clone: FloatArray, player: int, *, rng: np.random.Generator
    ) -> tuple[FloatArray, int]:
        """The error, `(1 or H, S)`, and how many expert moves were asked for it."""
        ...


class ExactError:
    """Knows the experts.

    Args:
        experts: `(1 or H, S, A_i)` per player.
    """

    def __init__(self, experts: Sequence[FloatArray]) -> None:
        self._experts = experts

    def __call__(
        self, clone: FloatArray, player: int, *, rng: np.random.Generator
    ) -> tuple[FloatArray, int]:
        """‖μ^E − μ‖², for nothing."""
        del rng
        return distance(self._experts[player], clone), 0


class AskedError:
    """Asks for pairs of moves in every situation, each time.

    Args:
        pairs: what has been asked, per player.
        count: how many pairs are asked for in each situation.
    """

    def __init__(self, pairs: Sequence[MovePairs], count: int) -> None:
        self._pairs = pairs
        self._count = count

    def __call__(
        self, clone: FloatArray, player: int, *, rng: np.random.Generator
    ) -> tuple[FloatArray, int]:
        """The mean estimate, and 2 `count` queries in each situation."""
        pairs = self._pairs[player]
        steps, states = (axis.reshape(-1) for axis in np.indices(clone.shape[:2]))
        queries = sum(pairs.ask(steps, states, rng=rng) for _ in range(self._count))
        return pairs.estimate(clone, unknown=LARGEST), queries


class InformedResponder:
    """Knows the game's transitions, and responds exactly to an error.

    Args:
        game: a two-player game.
        error: what it is told of the error.
    """

    def __init__(self, game: MarkovGame, error: ErrorSource) -> None:
        self._game = game
        self._error = error
        self._responses: dict[int, FloatArray] = {}

    def __call__(
        self, clones: Sequence[FloatArray], player: int, *, count: int, rng: np.random.Generator
    ) -> Lead:
        """Draw from the exact occupancy; see `mail_learners.markov.mirror.Responder`."""
        paid, queries = self._error(clones[player], player, rng=rng)
        tables, deviator = list(clones), 1 - player
        tables[deviator] = self._responses.get(deviator, tables[deviator])
        tables[deviator] = seek(self._game, paid, tables, deviator)
        self._responses[deviator] = tables[deviator]
        return replace(draw_situations(self._game, tables, count=count, rng=rng), queries=queries)


class LearningResponder:
    """Learns the transitions by playing, and the error by asking where it comes.

    Args:
        game: is played, never looked into.
        pairs: what has been asked, per player.
        steps: H, of an episode.
        games: how many episodes are played each time.
        bonus_scale: c of `mail_learners.markov.ucbvi`.
    """

    def __init__(
        self,
        game: MarkovGame,
        pairs: Sequence[MovePairs],
        *,
        steps: int,
        games: int,
        bonus_scale: float,
    ) -> None:
        self._game = game
        self._pairs = pairs
        self._model = EmpiricalGame(game, steps)
        self._games = games
        self._bonus_scale = bonus_scale
        self._highest = LARGEST * (steps if game.discount is None else 1 / (1 - game.discount))

    def __call__(
        self, clones: Sequence[FloatArray], player: int, *, count: int, rng: np.random.Generator
    ) -> Lead:
        """Plan, play and ask, then lead; see `mail_learners.markov.mirror.Responder`."""
        pairs, deviator, tables = self._pairs[player], 1 - player, list(clones)
        tables[deviator] = self._model.plan(
            pairs.estimate(clones[player], unknown=LARGEST),
            clones[player],
            deviator,
            highest=self._highest,
            scale=self._bonus_scale,
        )
        situations = self._model.play(tables, count=self._games, rng=rng)
        queries = pairs.ask(*situations, rng=rng)
        return replace(play_situations(self._game, tables, count=count, rng=rng), queries=queries)
