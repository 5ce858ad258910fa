"""The command `mail-bench play`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from mail_envs.errors import MailError

if TYPE_CHECKING:
    from mail_envs.board.rules import LineGame

__all__ = ["play"]


class Board(StrEnum):
    """The games that may be played."""

    connect4 = "connect4"
    tictactoe = "tictactoe"


class Seat(StrEnum):
    """Who moves first."""

    first = "first"
    second = "second"


def play(  # noqa: PLR0913 - one parameter per option of the command line
    name: Annotated[Board, typer.Argument(help="The game.")],
    *,
    seat: Annotated[Seat, typer.Option(help="Whether you move first or second.")] = Seat.first,
    opponent: Annotated[
        str, typer.Option(help="expert, random, or a file written by ClonedPolicy.save.")
    ] = "expert",
    window: Annotated[bool, typer.Option("--window", help="Play in a window.")] = False,
    scores: Annotated[bool, typer.Option("--scores", help="Show the expert's scores.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the opponent's draws.")] = 0,
    rows: Annotated[int, typer.Option(help="Of the board; 0 for the game's own.")] = 0,
    columns: Annotated[int, typer.Option(help="Of the board; 0 for the game's own.")] = 0,
    connect: Annotated[int, typer.Option(help="How many in a row win; 0 likewise.")] = 0,
) -> None:
    """Play against an expert or a learned policy."""
    from mail_envs.experts import PerfectExpert  # noqa: PLC0415 - slow to import
    from mail_learners.play.opponents import opponent_named  # noqa: PLC0415
    from mail_learners.play.session import Session  # noqa: PLC0415
    from mail_learners.play.table import Table  # noqa: PLC0415

    try:
        game = _board(name, rows, columns, connect)
        session = Session(game, list(Seat).index(seat), seed, show_scores=scores)
        table = Table(session, opponent_named(opponent, game), PerfectExpert(game))
        if window:
            from mail_learners.play.window import play_in_window  # noqa: PLC0415 - loads pygame

            play_in_window(table)
        else:
            from mail_learners.play.terminal import play_in_terminal  # noqa: PLC0415

            play_in_terminal(table, Console(highlight=False))
    except MailError as refused:
        typer.echo(f"mail-bench: {refused}", err=True)
        raise typer.Exit(2) from None


def _board(name: Board, rows: int, columns: int, connect: int) -> "LineGame":
    """The game of that name, with the sizes that were given."""
    from mail_envs.board import ConnectFour, LineGame, TicTacToe  # noqa: PLC0415

    usual = ConnectFour() if name is Board.connect4 else TicTacToe()
    return LineGame(
        rows or usual.rows, columns or usual.columns, connect or usual.in_a_row, usual.gravity
    )
