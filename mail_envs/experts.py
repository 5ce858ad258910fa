"""Experts: policies that may be asked.

Each fits the `Expert` protocol: called on a batch it answers with distributions, and it has
stable-baselines3's `predict`. Counting the questions is the asker's business: see
`mail_wrappers.QueryBudget`.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.rules import LineGame, State
from mail_envs.board.solver import solver
from mail_envs.errors import EpisodeOverError, UnknownNameError
from mail_envs.protocols import FloatArray, Mask, Observations
from mail_envs.protocols.asking import predict

__all__ = ["PerfectExpert"]


class PerfectExpert:
    """Exact play from a full solve, optionally softened or made noisy.

    Args:
        game: a board game.
        prefer: what ranks actions: `"distance"` the score, so sooner wins and later losses first;
            `"outcome"` its sign alone, so every winning move (or else every drawing one) is best.
        ties: among best actions, `"first"` plays the lowest index, `"uniform"` all alike.
        temperature: above 0, a softmax of rank / temperature over the legal actions instead of
            the best alone; in units of the score.
        noise: the probability, from 0 to 1, of a uniformly random legal action instead.
        rng: where `predict` draws from when the policy is stochastic; None for a fresh generator
            of its own. Called as a policy the expert draws nothing.

    Raises:
        UnknownNameError: another `prefer` or `ties`.
        ValueError: a temperature or noise outside its range.
        GameTooLargeError: more positions than can be enumerated.

    >>> from mail_envs.board import TicTacToe
    >>> expert = PerfectExpert(TicTacToe())
    >>> expert.scores(TicTacToe().play([0, 3, 1, 4]))  # 2 wins, 5 draws, the rest loses at once
    array([-inf, -inf,   5., -inf, -inf,   0.,  -4.,  -4.,  -4.])
    """

    def __init__(
        self,
        game: LineGame,
        *,
        prefer: Literal["distance", "outcome"] = "distance",
        ties: Literal["first", "uniform"] = "first",
        temperature: float = 0.0,
        noise: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        _one_of("prefer", prefer, ("distance", "outcome"))
        _one_of("ties", ties, ("first", "uniform"))
        if not 0.0 <= temperature < np.inf:
            raise ValueError(f"temperature: expected a finite number >= 0, came {temperature!r}")
        if not 0.0 <= noise <= 1.0:
            raise ValueError(f"noise: expected a number from 0 to 1, came {noise!r}")
        self.game = game
        self.prefer = prefer
        self.ties = ties
        self.temperature = temperature
        self.noise = noise
        self._solver = solver(game)
        self._rng = rng

    def scores(self, state: State) -> FloatArray:
        """The exact score of every action, from the mover's view: float64 `(A,)`.

        Outcome × (cells + 1 − plies played when the game ends under best play); 0 for a draw,
        −inf where illegal, everywhere once the game is over.

        Raises:
            UnknownPositionError: a state that no play reaches.
        """
        return self.batch_scores(batch.stack([state]))[0].copy()

    def batch_scores(self, states: States) -> FloatArray:
        """The scores of a batch of states, `(B, A)`; see `scores`."""
        return self._solver.scores(states)

    def __call__(self, observations: Observations, action_masks: Mask | None = None) -> FloatArray:
        """The distribution played at each of `(B, rows, columns, 2)` observations: `(B, A)`.

        What is legal is read off the observations; masks are accepted, as from any asker.

        Raises:
            EpisodeOverError: an observation of a game that is over.
            ShapeError, UnknownPositionError: observations that are none of this game's.
        """
        del action_masks
        scores = self.batch_scores(batch.encode(self.game, observations))
        legal = scores > -np.inf
        if not legal.any(axis=1).all():
            row = int(np.argmin(legal.any(axis=1)))
            raise EpisodeOverError(f"expert: expected games to go on, row {row} is over")
        rank = np.sign(scores) if self.prefer == "outcome" else scores
        return self._soften(np.where(legal, rank, -np.inf), legal)

    def predict(
        self,
        observation: Any,  # noqa: ANN401 - as in the protocol
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        """Choose actions as stable-baselines3's models do; one observation or a batch.

        Args:
            observation: an array, or a dictionary with `observation` (and `action_mask`).
            state: passed through.
            episode_start: not used: the expert has no memory.
            deterministic: the most probable action, the lowest index among equals.

        Returns:
            `(actions, state)`.
        """
        del episode_start
        if self._rng is None:
            self._rng = np.random.default_rng()
        actions = predict(
            self, observation, single_ndim=3, deterministic=deterministic, rng=self._rng
        )
        return actions, state

    def _soften(self, rank: FloatArray, legal: NDArray[np.bool_]) -> FloatArray:
        best = rank.max(axis=1, keepdims=True)
        if self.temperature > 0:
            weights = np.exp((rank - best) / self.temperature)
        else:
            weights = (rank == best).astype(np.float64)
            if self.ties == "first":
                weights *= np.cumsum(weights, axis=1) == 1
        played = weights / weights.sum(axis=1, keepdims=True)
        uniform = legal / legal.sum(axis=1, keepdims=True)
        return (1 - self.noise) * played + self.noise * uniform if self.noise else played


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UnknownNameError(f"{name}: expected one of {known}, came {value!r}")
