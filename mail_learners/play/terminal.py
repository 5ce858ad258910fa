"""Play in the terminal, line by line."""

import sys

from rich.console import Console
from rich.text import Text

from mail_envs.board.rendering import marks, winning_cells
from mail_envs.errors import InvalidOptionError, MailError
from mail_envs.protocols import FloatArray
from mail_learners.play.commands import WORDS, parsed
from mail_learners.play.session import Session, outlook, result
from mail_learners.play.table import Table

__all__ = ["board_lines", "play_in_terminal"]

CELL = 5
"""Characters per cell."""

MARKS = {True: (" ", "●", "○"), False: (" ", "✕", "○")}
"""By gravity: nobody's, player 0's, player 1's."""
STYLES = ("", "bold red", "bold yellow")
BEST, QUIET, WON = "bold green", "dim", "reverse"


def board_lines(session: Session, scores: FloatArray | None = None) -> Text:
    """The board for the terminal: the last mark in brackets, a winning line reversed.

    Args:
        session: what is shown.
        scores: of the actions, `(A,)`, to be shown with them; None for the plain board.
    """
    game = session.game
    owners, won = marks(game, session.state), winning_cells(game, session.state)
    cells = [_cell(session, cell, owner, scores) for cell, owner in enumerate(owners)]
    for cell in won:
        cells[cell].stylize(WON)
    rows = [
        Text("│").join(cells[start : start + game.columns])
        for start in range(0, game.cells, game.columns)
    ]
    if not game.gravity:
        return Text("\n" + "┼".join(["─" * CELL] * game.columns) + "\n").join(rows)
    inside = [Text.assemble("│", row, "│") for row in rows]
    foot = Text("└" + "┴".join(["─" * CELL] * game.columns) + "┘")
    numbers = [Text(f"{column + 1:^{CELL}}") for column in range(game.columns)]
    lines = [*inside, foot, Text(" ") + Text(" ").join(numbers)]
    if scores is not None:
        told = [_score(scores, column) for column in range(game.columns)]
        lines.append(Text(" ") + Text(" ").join(told))
    return Text("\n").join(lines)


def _cell(session: Session, cell: int, owner: int, scores: FloatArray | None) -> Text:
    game = session.game
    if owner:
        sign = MARKS[game.gravity][owner]
        shown = f"[{sign}]" if cell == session.last_cell else f" {sign} "
        return Text(f"{shown:^{CELL}}", STYLES[owner])
    if game.gravity:
        return Text(" " * CELL)
    if scores is not None and not session.over:
        return _score(scores, cell)
    return Text(f"{cell + 1:^{CELL}}", QUIET)


def _score(scores: FloatArray, action: int) -> Text:
    score = scores[action]
    if score == -float("inf"):
        return Text(" " * CELL)
    return Text(f"{score:^+{CELL}.0f}" if score else f"{0:^{CELL}}", _shade(scores, action))


def _shade(scores: FloatArray, action: int) -> str:
    return BEST if scores[action] == scores.max() else QUIET


def play_in_terminal(table: Table, console: Console) -> None:
    """Play until the person leaves, by command, end of input (Ctrl-D) or Ctrl-C.

    Raises:
        InvalidOptionError: there is no standard input.
    """
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - it was closed
        raise InvalidOptionError("play: expected a terminal or moves to read, came no input")
    console.print(_welcome(table.session))
    with console.status("Thinking"):
        here: Table | None = table.begun()
    _show(here, console)
    while here is not None:
        try:
            line = console.input(_prompt(here.session))
        except (EOFError, KeyboardInterrupt):
            console.print()
            break
        try:
            command = parsed(line, here.session)
            with console.status("Thinking"):
                here = here.after(command)
        except MailError as mistake:
            console.print(Text(f"{mistake}", "red"))
            continue
        if here is not None:
            _show(here, console)
    console.print("Goodbye.")


def _welcome(session: Session) -> str:
    what = "column" if session.game.gravity else "cell"
    sign = MARKS[session.game.gravity][session.seat + 1]
    words = "; ".join(f"{word} ({word[0]}): {does}" for word, does in WORDS.items())
    return (
        f"You are {sign} and move {('first', 'second')[session.seat]}; "
        f"{session.game.in_a_row} in a row win. Type the number of a {what}, or {words}."
    )


def _prompt(session: Session) -> str:
    return "Over (new, undo, quit): " if session.over else "Your move: "


def _show(table: Table, console: Console) -> None:
    """The board, and beneath it what the person asked to know."""
    session = table.session
    wanted = (session.show_scores or session.show_hint) and not session.over
    scores = table.scores() if wanted else None
    console.print()
    console.print(board_lines(session, scores if session.show_scores else None))
    if scores is not None:
        console.print(Text(_told(session, scores), BEST))
    if session.over:
        console.print(Text(result(session), "bold"))


def _told(session: Session, scores: FloatArray) -> str:
    best = [str(action + 1) for action, score in enumerate(scores) if score == scores.max()]
    return f"Best: {', '.join(best)}, {outlook(session, scores)} under best play."
