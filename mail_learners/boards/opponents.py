r"""The opponents of arXiv 2602.22810's Connect Four score: perfect players, softened.

With s(a) the score of action a in half-plies of the literature (half of this project's score,
rounded away from zero) the opponent of temperature t > 0 plays a with probability ∝ exp(s(a) / t).
Temperature 0 has a rule of its own there, kept here as it is. Where every action loses it plays
∝ exp(s(a)); elsewhere the best action, the first of equals, if the other player could complete a
line after it (whether or not that action has won already); else ∝ exp(s(a)) again. So it is about
as strong as temperature 1, not stronger than all: `mail_envs.PerfectExpert` is.
"""

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import LineGame, batch
from mail_envs.board.batch import States
from mail_envs.errors import InvalidOptionError
from mail_envs.experts import PerfectExpert
from mail_envs.protocols import FloatArray, Mask, Observations, Policy
from mail_learners.boards.inputs import open_cells, winning_cells

__all__ = ["softened_opponent"]


def softened_opponent(game: LineGame, temperature: float) -> Policy:
    """The opponent of that temperature.

    Raises:
        InvalidOptionError: a temperature that is negative or not finite.
    """
    if not 0 <= temperature < np.inf:
        raise InvalidOptionError(
            f"temperature: expected a finite number >= 0, came {temperature!r}"
        )
    expert = PerfectExpert(game)

    def policy(observations: Observations, action_masks: Mask | None) -> FloatArray:
        del action_masks
        states = batch.encode(game, observations)
        scores = _in_half_plies(expert.batch_scores(states))
        best = scores.max(axis=1, keepdims=True)
        weights = np.exp((scores - best) / (temperature or 1.0))
        if temperature == 0:
            first = scores.argmax(axis=1)
            plays_first = (best[:, 0] >= 0) & _can_win(game, batch.place(game, states, first))
            weights = np.where(plays_first[:, None], np.eye(game.actions)[first], weights)
        return weights / weights.sum(axis=1, keepdims=True)

    return policy


def _can_win(game: LineGame, states: States) -> NDArray[np.bool_]:
    """Whether the mover could complete a line at once, `(B,)`."""
    return winning_cells(game, states.mover) & open_cells(game, states) != 0


def _in_half_plies(scores: FloatArray) -> FloatArray:
    """Halves, rounded away from zero."""
    return np.sign(scores) * np.ceil(np.abs(scores) / 2)
