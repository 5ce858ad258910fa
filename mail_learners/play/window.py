"""Play in a window: the mouse or number keys move, letters are the terminal's commands.

The picture is that of `mail_envs.board.rendering`, with a strip above it where marks fall; what is
said in words stands in the window's title. Nothing is drawn with a font.
"""

from types import ModuleType
from typing import Any

import numpy as np

from mail_envs.board.rendering import CELL, DISCS, marks, picture
from mail_envs.drawing import (
    Colour,
    Picture,
    blank,
    circle,
    digits,
    finished,
    paint,
    patched,
    pixels,
    ring,
)
from mail_envs.errors import IllegalActionError, NothingToUndoError
from mail_envs.protocols import FloatArray
from mail_envs.window import Window, import_pygame
from mail_learners.play.commands import WORDS, Command, Move, legal_move
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
    pygame, window = import_pygame(), Window()
    clock = pygame.time.Clock()
    here: Table | None = table.begun()
    said, over, seen = "", None, None
    while here is not None:
        if seen != (here.session, over, said):
            seen = here.session, over, said
            _show(here, window, over, said)
        clock.tick(30)
        for event in pygame.event.get():
            if event.type == pygame.MOUSEMOTION:
                over = action_at(here.session, event.pos)
            here, said = _answered(here, command_of(event, here.session, pygame), said)
            if here is None:
                break
    window.close()


def _show(table: Table, window: Window, over: int | None, said: str) -> None:
    session = table.session
    wanted = (session.show_scores or session.show_hint) and not session.over
    scores = table.scores() if wanted else None
    window.show(session_picture(session, scores, over=over), said or title(session, scores))


def _answered(table: Table, command: Command | None, said: str) -> tuple[Table | None, str]:
    """The table after a command, and what is to be said of it."""
    if command is None:
        return table, said
    try:
        if isinstance(command, Move):
            command = legal_move(command.action, table.session)
        return table.after(command), ""
    except (IllegalActionError, NothingToUndoError) as mistake:
        return table, str(mistake)


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
    drawn = np.vstack([blank(_strip(session), game.columns * CELL, SKY), board.astype(np.float64)])
    legal = game.legal_actions(session.state)
    if scores is None:
        waits = over in legal and game.gravity
        return finished(_waiting(drawn, session, over or 0) if waits else drawn)
    for action in legal:
        best = bool(scores[action] == scores.max())
        if session.show_scores:
            drawn = _scored(drawn, session, action, float(scores[action]), best=best)
        if session.show_hint and best:
            drawn = _ringed(drawn, session, action)
    return finished(drawn)


def _strip(session: Session) -> int:
    return STRIP if session.game.gravity else 0


def _scored(
    drawn: FloatArray, session: Session, action: int, score: float, *, best: bool
) -> FloatArray:
    """The score of an action: above its column, or in its cell."""
    colour, number = BEST if best else INK, f"{score:+.0f}" if score else "0"
    row, column = _landing(session, action)
    upper, height = (0, STRIP) if session.game.gravity else (row * CELL, CELL)

    def draw(part: FloatArray) -> FloatArray:
        shape = digits(pixels(height, CELL), number, (CELL / 2, height / 2), 16)
        return paint(part, colour, shape)

    return patched(drawn, upper, column * CELL, (height, CELL), draw)


def _ringed(drawn: FloatArray, session: Session, action: int) -> FloatArray:
    """A ring where an action's mark would come to."""
    row, column = _landing(session, action)

    def draw(part: FloatArray) -> FloatArray:
        shape = ring(pixels(CELL, CELL), (CELL / 2, CELL / 2), 0.8 * CELL / 2 - 2, 5)
        return paint(part, BEST, shape)

    return patched(drawn, row * CELL + _strip(session), column * CELL, (CELL, CELL), draw)


def _waiting(drawn: FloatArray, session: Session, column: int) -> FloatArray:
    """The person's disc, waiting above a column."""

    def draw(part: FloatArray) -> FloatArray:
        shape = circle(pixels(STRIP, CELL), (CELL / 2, STRIP / 2), 20)
        return paint(part, DISCS[session.seat], shape, opacity=0.7)

    return patched(drawn, 0, column * CELL, (STRIP, CELL), draw)


def _landing(session: Session, action: int) -> tuple[int, int]:
    """The row and column of the cell that a legal action's mark would come to."""
    game = session.game
    row, column = divmod(action, game.columns)
    if not game.gravity:
        return row, column
    owners = marks(game, session.state)
    return max(r for r in range(game.rows) if not owners[r * game.columns + column]), column
