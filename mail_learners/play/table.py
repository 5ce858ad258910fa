"""Who sits at the table: the session, the opponent and the expert, moved on by commands."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mail_envs.experts import PerfectExpert
from mail_envs.protocols import FloatArray, Policy
from mail_learners.play.commands import Command, Move
from mail_learners.play.session import Session, fresh, played, replied, undone

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """A session with those who answer in it.

    Attributes:
        session: the game under way.
        opponent: whom the person plays.
        expert: whose scores are shown.
    """

    session: Session
    opponent: Policy
    expert: PerfectExpert

    def after(self, command: Command) -> "Table | None":
        """The table after a command of the person, the opponent having answered; None to leave.

        Raises:
            NothingToUndoError: a move to be taken back before the first.
            IllegalActionError, EpisodeOverError: a move that is not legal.
        """
        if command == "quit":
            return None
        if isinstance(command, Move):
            return self._with(played(self.session, command.action))
        return self._with(_DONE[command](self.session))

    def begun(self) -> "Table":
        """The table after the opponent's first move, if it has that."""
        return self._with(self.session)

    def scores(self) -> FloatArray:
        """The expert's score of each action here, `(A,)`; −inf where illegal."""
        return self.expert.scores(self.session.state)

    def _with(self, session: Session) -> "Table":
        return replace(self, session=replied(session, self.opponent))


def _hinted(session: Session) -> Session:
    return replace(session, show_hint=not session.over)


def _scored(session: Session) -> Session:
    return replace(session, show_scores=not session.show_scores)


_DONE: dict[str, Callable[[Session], Session]] = {
    "undo": undone,
    "hint": _hinted,
    "scores": _scored,
    "new": fresh,
}
