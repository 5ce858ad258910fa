"""Experts: policies that may be asked.

Each fits the `Expert` protocol: called on a batch it answers with distributions, and it has
stable-baselines3's `predict`. Counting the questions is the asker's business: see
`mail_wrappers.QueryBudget`.
"""

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.rules import LineGame, State
from mail_envs.board.solver import Prefer, Solver, Ties
from mail_envs.board.solver import solver as solver_of
from mail_envs.errors import EpisodeOverError, InvalidOptionError, UnknownNameError
from mail_envs.protocols import FloatArray, Mask, Observations
from mail_envs.protocols.asking import predict

__all__ = ["PerfectExpert"]


class PerfectExpert:
    """Exact play at any position of a board, optionally softened or made noisy.

    Small boards are solved at once, larger ones position by position as they are asked about
    (`mail_envs.board.search`); Connect Four's openings come from a book
    (`mail_envs.board.opening_book`). Answers depend on the position alone.

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
        node_limit: positions that may be searched for one answer; None for no limit.
        solver: what knows the scores, for example a `SearchSolver` with options of its own; None
            for the one that suits the board, which experts on equal boards share.

    Raises:
        UnknownNameError: another `prefer` or `ties`.
        ValueError: a temperature or noise outside its range.
        InvalidOptionError: a node limit below 1, or one beside a solver.
        GameTooLargeError: a board that can be neither listed nor searched.

    >>> from mail_envs.board import TicTacToe
    >>> expert = PerfectExpert(TicTacToe())
    >>> expert.scores(TicTacToe().play([0, 3, 1, 4]))  # 2 wins, 5 draws, the rest loses at once
    array([-inf, -inf,   5., -inf, -inf,   0.,  -4.,  -4.,  -4.])
    """

    def __init__(
        self,
        game: LineGame,
        *,
        prefer: Prefer = "distance",
        ties: Ties = "first",
        temperature: float = 0.0,
        noise: float = 0.0,
        rng: np.random.Generator | None = None,
        node_limit: int | None = None,
        solver: Solver | None = None,
    ) -> None:
        _one_of("prefer", prefer, get_args(Prefer))
        _one_of("ties", ties, get_args(Ties))
        if not 0.0 <= temperature < np.inf:
            raise ValueError(f"temperature: expected a finite number >= 0, came {temperature!r}")
        if not 0.0 <= noise <= 1.0:
            raise ValueError(f"noise: expected a number from 0 to 1, came {noise!r}")
        self.game = game
        self.prefer: Prefer = prefer
        self.ties: Ties = ties
        self.temperature = temperature
        self.noise = noise
        if solver is not None and node_limit is not None:
            raise InvalidOptionError(
                f"node_limit: expected None beside a solver, came {node_limit!r}"
            )
        self.solver: Solver = solver_of(game, node_limit) if solver is None else solver
        self._rng = rng

    def scores(self, state: State) -> FloatArray:
        """The exact score of every action, from the mover's view: float64 `(A,)`.

        Outcome × (cells + 1 − plies played when the game ends under best play); 0 for a draw,
        −inf where illegal, everywhere once the game is over.

        Raises:
            UnknownPositionError: a state that no play reaches.
            PositionTooHardError: the node limit was met.
        """
        return self.batch_scores(batch.stack([state]))[0].copy()

    def batch_scores(self, states: States) -> FloatArray:
        """The scores of a batch of states, `(B, A)`; see `scores`."""
        return self.solver.scores(states)

    def scores_of(
        self, observations: Observations, action_masks: Mask | None = None, /
    ) -> FloatArray:
        """The scores at each of `(B, rows, columns, 2)` observations, `(B, A)`; see `scores`."""
        del action_masks
        return self.batch_scores(batch.encode(self.game, observations))

    def best_actions(self, state: State) -> tuple[int, ...]:
        """All best actions in increasing order, as `prefer` ranks them; none after the end.

        They cost less than `scores`, whose errors these are.
        """
        best = self.solver.best(batch.stack([state]), prefer=self.prefer)[0]
        return tuple(int(action) for action in np.flatnonzero(best))

    def value(self, state: State) -> float:
        """The state's score, or its outcome if `prefer` is; for its mover, also after the end.

        It costs less than `scores`, whose errors these are.
        """
        return float(self.solver.values(batch.stack([state]), prefer=self.prefer)[0])

    def __call__(self, observations: Observations, action_masks: Mask | None = None) -> FloatArray:
        """The distribution played at each of `(B, rows, columns, 2)` observations: `(B, A)`.

        What is legal is read off the observations; masks are accepted, as from any asker.

        Raises:
            EpisodeOverError: an observation of a game that is over.
            ShapeError, UnknownPositionError: observations that are none of this game's.
            PositionTooHardError: the node limit was met.
        """
        del action_masks
        states = batch.encode(self.game, observations)
        weights = self._softened(states) if self.temperature > 0 else self._best(states)
        total = weights.sum(axis=1, keepdims=True)
        if not total.all():
            row = int(np.argmin(total))
            raise EpisodeOverError(f"expert: expected games to go on, row {row} is over")
        played = weights / total
        if not self.noise:
            return played
        legal = batch.action_masks(self.game, states)
        uniform = legal / legal.sum(axis=1, keepdims=True)
        return (1 - self.noise) * played + self.noise * uniform

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

    def _best(self, states: States) -> FloatArray:
        best = self.solver.best(states, prefer=self.prefer, ties=self.ties)
        return best.astype(np.float64)

    def _softened(self, states: States) -> FloatArray:
        """Weights in proportion to exp(rank / temperature), 1 for the best, `(B, A)`."""
        rank = self.solver.scores(states, prefer=self.prefer)
        best = rank.max(axis=1, keepdims=True)
        going = best > -np.inf
        return np.exp((rank - np.where(going, best, 0.0)) / self.temperature)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UnknownNameError(f"{name}: expected one of {known}, came {value!r}")
