"""A game between a person and a policy, as immutable data: what has been played, and what is shown.

Nothing here draws, reads or waits; the front ends do.
"""

from dataclasses import dataclass, replace

import numpy as np

from mail_envs.board.rules import LineGame, State
from mail_envs.errors import NothingToUndoError
from mail_envs.protocols import FloatArray, Policy
from mail_envs.protocols.asking import ask, sample_actions

__all__ = ["Session", "fresh", "outlook", "played", "replied", "result", "undone"]


@dataclass(frozen=True)
class Session:
    """A game under way.

    Attributes:
        game: the rules.
        seat: the person's player index, 0 for who moves first.
        seed: of the policy's draws.
        moves: the actions played so far, of both.
        round: how many games were played before, so that each has draws of its own.
        show_scores: whether the expert's scores are shown.
        show_hint: whether the best actions are shown, until somebody moves.
    """

    game: LineGame
    seat: int
    seed: int = 0
    moves: tuple[int, ...] = ()
    round: int = 0
    show_scores: bool = False
    show_hint: bool = False

    @property
    def state(self) -> State:
        """The position."""
        return self.game.play(self.moves)

    @property
    def over(self) -> bool:
        """Whether the game has ended."""
        return self.game.outcome(self.state) is not None

    @property
    def persons_turn(self) -> bool:
        """Whether the person is to move."""
        return not self.over and len(self.moves) % 2 == self.seat

    @property
    def last_cell(self) -> int | None:
        """The cell (row-major) of the last mark; None before the first."""
        if not self.moves:
            return None
        mark = self.state.other ^ self.game.play(self.moves[:-1]).mover
        return self.game.bit_cells[mark.bit_length() - 1]


def played(session: Session, action: int) -> Session:
    """The session after the mover, whoever it is, plays an action.

    Raises:
        IllegalActionError: an action that is not legal here.
        EpisodeOverError: the game is over.
    """
    session.game.step(session.state, action)
    return replace(session, moves=(*session.moves, action), show_hint=False)


def replied(session: Session, policy: Policy) -> Session:
    """The session after the policy has moved, if it is its turn.

    Its draw depends on the seed, the round and the number of moves alone: who takes a move back and
    plays it again gets the same answer.

    Raises:
        InvalidPolicyError: an answer that is no distribution over the legal actions.
    """
    if session.over or session.persons_turn:
        return session
    game, state = session.game, session.state
    observation, mask = game.observation(state)[None], game.action_mask(state)[None]
    table = ask(policy, observation, mask, who="the opponent")
    rng = np.random.default_rng([session.seed, session.round, len(session.moves)])
    return played(session, int(sample_actions(table, rng=rng)[0]))


def undone(session: Session) -> Session:
    """The session before the person's last move, and whatever was answered to it.

    Raises:
        NothingToUndoError: the person has not moved.
    """
    kept = len(session.moves) - 1
    while kept >= 0 and kept % 2 != session.seat:
        kept -= 1
    if kept < 0:
        raise NothingToUndoError("undo: you have not moved yet")
    return replace(session, moves=session.moves[:kept], show_hint=False)


def fresh(session: Session) -> Session:
    """The next game between the same two."""
    return replace(session, moves=(), round=session.round + 1, show_hint=False)


def result(session: Session) -> str:
    """How the game ended, as the person sees it; empty while it goes on."""
    outcome = session.game.outcome(session.state)
    if outcome is None:
        return ""
    if outcome == 0:
        return "A draw."
    won = (outcome > 0) == (session.seat == 0)
    return f"You {'win' if won else 'lose'} after {len(session.moves)} moves."


def outlook(session: Session, scores: FloatArray) -> str:
    """What best play by both brings the mover, in words.

    Args:
        session: a game that goes on.
        scores: the expert's, `(A,)`.
    """
    best = float(scores.max())
    if best == 0:
        return "a draw"
    left = session.game.cells + 1 - int(abs(best)) - len(session.moves)
    turns = (left + 1) // 2 if best > 0 else left // 2
    word = "win" if best > 0 else "loss"
    return f"a {word} in {turns} move{'' if turns == 1 else 's'}"
