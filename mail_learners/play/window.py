"""Play in a window: the mouse or number keys move, letters are the terminal's commands.

The picture is that of `mail_envs.board.rendering`, with a strip above it where marks fall; what is
said in words stands in the window's title. Nothing is drawn with a font.
"""

from types import ModuleType
from typing import Any

import numpy as np

from mail_envs.board.rendering import CELL, DISCS, marks, picture
from mail_envs.drawing import Colour, Picture, blank, circle, digits, finished, paint, pixels, ring
from mail_envs.errors import IllegalActionError, NothingToUndoError
from mail_envs.protocols import FloatArray
from mail_envs.window import Window, import_pygame
from mail_learners.play.commands import WORDS, Command, Move
from mail_learners.play.session import Session, outlook, result
from mail_learners.play.table import Table

__all__ = ["action_at", "command_of", "play_in_window", "session_picture", "title"]

STRIP = 48
"""Pixels above a board where marks fall: the scores, or the mark that waits over a column."""

SKY: Colour = (236, 240, 248)
INK: Colour = (96, 98, 104)
BEST: Colour = (30, 140, 74)

Point = tuple[int, int]


def play_in_window(table: Table) -> None:
    """Play until the person leaves or closes the window.

    Raises:
        MissingPackageError: pygame is not installed.
        MissingDisplayError: there is no display to open a window on.
    """
    pygame, window, clock = import_pygame(), Window(), import_pygame().time.Clock()
    here: Table | None = table.begun()
    said, over = "", None
    while here is not None:
        scores = here.scores() if _wanted(here.session) else None
        shown = session_picture(here.session, scores, over=over)
        window.show(shown, said or title(here.session, scores))
        clock.tick(30)
        for event in pygame.event.get():
            if event.type == pygame.MOUSEMOTION:
                over = action_at(here.session, event.pos)
            command = command_of(event, here.session, pygame)
            if command is None:
                continue
            try:
                here, said = here.after(command), ""
            except (IllegalActionError, NothingToUndoError) as mistake:
                said = str(mistake)
            if here is None:
                break
    window.close()


def command_of(
    event: Any,  # noqa: ANN401 - pygame's
    session: Session,
    pygame: ModuleType,
) -> Command | None:
    """What an event asks for; None for nothing."""
    if event.type == pygame.QUIT:
        return "quit"
    if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and session.persons_turn:
        action = action_at(session, event.pos)
        return None if action is None else Move(action)
    if event.type != pygame.KEYDOWN:
        return None
    key = "q" if event.key == pygame.K_ESCAPE else event.unicode.lower()
    if key.isascii() and key.isdigit() and session.persons_turn:
        return Move(int(key) - 1) if 1 <= int(key) <= session.game.actions else None
    return next((word for word in WORDS if key == word[0]), None)


def action_at(session: Session, point: Point) -> int | None:
    """The action of a point of the window, legal or not; None outside the board."""
    game, (right, down) = session.game, point
    row, column = (down - _strip(session)) // CELL, right // CELL
    if not 0 <= column < game.columns or not row < game.rows:
        return None
    if game.gravity:
        return column
    return row * game.columns + column if row >= 0 else None


def title(session: Session, scores: FloatArray | None) -> str:
    """What stands above the window."""
    if session.over:
        return f"{result(session)} N: another game, U: undo, Q: quit"
    told = "" if scores is None else f"{outlook(session, scores)} under best play. ".capitalize()
    return f"{told}Your move. H: hint, S: scores, U: undo, N: new game, Q: quit"


def session_picture(
    session: Session, scores: FloatArray | None = None, *, over: int | None = None
) -> Picture:
    """The board with its strip, with scores or a hint if they are wanted.

    Args:
        session: what is shown.
        scores: of the actions, `(A,)`; None where neither scores nor a hint are wanted.
        over: the action that the mouse is over.

    Returns:
        `(48 + rows · 64, columns · 64, 3)` uint8, without gravity 48 less high.
    """
    game = session.game
    board = picture(game, session.state, session.last_cell)
    drawn = np.vstack([blank(_strip(session), game.columns * CELL, SKY), board])
    legal = game.legal_actions(session.state)
    if scores is None:
        waits = over in legal and game.gravity
        return finished(_waiting(drawn, session, over or 0) if waits else drawn)
    for action in legal:
        best = bool(scores[action] == scores.max())
        if session.show_scores:
            drawn = _scored(drawn, session, action, f"{scores[action]:+.0f}", best=best)
        if session.show_hint and best:
            drawn = _ringed(drawn, session, action)
    return finished(drawn)


def _wanted(session: Session) -> bool:
    return (session.show_scores or session.show_hint) and not session.over


def _strip(session: Session) -> int:
    return STRIP if session.game.gravity else 0


def _scored(
    drawn: FloatArray, session: Session, action: int, score: str, *, best: bool
) -> FloatArray:
    """The score of an action: above its column, or in its cell."""
    grid, colour = pixels(*drawn.shape[:2]), BEST if best else INK
    number = "0" if score in {"+0", "-0"} else score
    right, down = _middle(session, action)
    centre = (right, STRIP / 2) if session.game.gravity else (right, down)
    return paint(drawn, colour, digits(grid, number, centre, 16))


def _ringed(drawn: FloatArray, session: Session, action: int) -> FloatArray:
    """A ring where an action's mark would come to."""
    grid = pixels(*drawn.shape[:2])
    return paint(drawn, BEST, ring(grid, _middle(session, action), 0.8 * CELL / 2 - 2, 5))


def _waiting(drawn: FloatArray, session: Session, column: int) -> FloatArray:
    """The person's disc, waiting above a column."""
    grid, centre = pixels(*drawn.shape[:2]), ((column + 0.5) * CELL, STRIP / 2)
    return paint(drawn, DISCS[session.seat], circle(grid, centre, 20), opacity=0.7)


def _middle(session: Session, action: int) -> tuple[float, float]:
    """The middle of the cell that an action's mark would come to."""
    game = session.game
    row, column = divmod(action, game.columns)
    if game.gravity:
        owners = marks(game, session.state)
        row = max(r for r in range(game.rows) if not owners[r * game.columns + column])
    return (column + 0.5) * CELL, (row + 0.5) * CELL + _strip(session)
