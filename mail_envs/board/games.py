"""Named boards."""

from mail_envs.board.rules import LineGame

__all__ = ["ConnectFour", "TicTacToe"]


def TicTacToe() -> LineGame:  # noqa: N802 - reads as the game that it returns
    """Three in a row on 3 × 3, no gravity; a draw under best play.

    255 168 games, 5 478 positions, 765 of them different up to symmetry.
    """
    return LineGame(rows=3, columns=3, in_a_row=3, gravity=False)


def ConnectFour() -> LineGame:  # noqa: N802 - reads as the game that it returns
    """Four in a row on 6 × 7 with gravity; the first player wins, from the centre, on ply 41."""
    return LineGame(rows=6, columns=7, in_a_row=4, gravity=True)
