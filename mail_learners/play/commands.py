"""What a person may want, and how it is said in the terminal: actions are numbered from 1."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mail_envs.errors import IllegalActionError, UnknownNameError
from mail_learners.play.session import Session

__all__ = ["WORDS", "Command", "Move", "Word", "legal_move", "parsed"]

Word: TypeAlias = Literal["undo", "hint", "scores", "new", "quit"]
"""A command that is no move."""

WORDS: dict[Word, str] = {
    "undo": "take your last move back",
    "hint": "show the best moves",
    "scores": "show or hide the expert's scores",
    "new": "begin another game",
    "quit": "leave",
}
"""What each word does."""


@dataclass(frozen=True)
class Move:
    """The person plays an action, numbered from 0."""

    action: int


Command: TypeAlias = Move | Word
"""What a player may type."""


LONGEST = 10
"""Numbers of so many digits are none of any board."""


def parsed(line: str, session: Session) -> Command:
    """What a line says: a number, or a word of `WORDS` or its first letter.

    Raises:
        UnknownNameError: anything else.
        IllegalActionError: a number that is no legal action here.
    """
    said = line.strip().lower()
    for word in WORDS:
        if said in {word, word[0]}:
            return word
    if not (said.isascii() and said.isdigit() and len(said) < LONGEST):
        what = "column" if session.game.gravity else "cell"
        raise UnknownNameError(
            f"expected the number of a {what}, or one of {', '.join(WORDS)}, came {said!r:.60}"
        )
    return legal_move(int(said) - 1, session)


def legal_move(action: int, session: Session) -> Move:
    """The move of an action, numbered from 0, if it may be played.

    Raises:
        IllegalActionError: it may not; the message numbers from 1.
    """
    game = session.game
    what = "column" if game.gravity else "cell"
    if session.over:
        raise IllegalActionError("the game is over: new begins another, undo takes a move back")
    legal = game.legal_actions(session.state)
    if not 0 <= action < game.actions:
        raise IllegalActionError(
            f"there is no {what} {action + 1}: expected one of 1 to {game.actions}"
        )
    if action not in legal:
        raise IllegalActionError(
            f"{what} {action + 1} is {'full' if game.gravity else 'taken'}: expected one of "
            f"{', '.join(str(a + 1) for a in legal)}"
        )
    return Move(action)
