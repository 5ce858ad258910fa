"""Play in the terminal, through a pseudo-terminal: what a person types and what it brings."""

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

import mail_learners
from mail_envs import PerfectExpert
from mail_envs.board import ConnectFour, LineGame, TicTacToe
from mail_envs.errors import UnknownNameError
from mail_learners.play.commands import parsed
from mail_learners.play.session import Session
from mail_learners.play.terminal import board_lines

ROOT = Path(mail_learners.__file__).parents[1]
PROMPT = re.compile(r"(Your move|Over \(new, undo, quit\)): $")
STYLES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """`mail-bench play …` at a pseudo-terminal."""

    def __init__(self, *arguments):
        self.screen, theirs = pty.openpty()
        # a test run in the background ignores Ctrl-C and would hand that down; terminals do not
        ours = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "mail_learners.experiments", "play", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LANG": "C.UTF-8"},
        )
        signal.signal(signal.SIGINT, ours)
        os.close(theirs)
        self.raw = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.screen)

    def read(self, seconds=60):
        """What is printed up to the next prompt or the end, without its colours."""
        self.raw, found, until = "", b"", time.monotonic() + seconds
        while time.monotonic() < until:
            if not select.select([self.screen], [], [], 0.1)[0]:
                continue
            try:
                found += os.read(self.screen, 4096)
            except OSError:  # Linux's way to say that the other side has closed
                break
            self.raw = found.decode(errors="replace")
            if PROMPT.search(STYLES.sub("", self.raw)):
                break
        return STYLES.sub("", self.raw).replace("\r\n", "\n")

    def say(self, line):
        os.write(self.screen, f"{line}\n".encode())
        return self.read()


def test_a_whole_game_against_the_expert():
    """Whatever a perfect player answers, perfect play draws; said and shown on the way."""
    with Terminal(
        "tictactoe", "--seat", "first", "--opponent", "expert", "--seed", "3"
    ) as terminal:
        shown = terminal.read()
        assert "You are ✕ and move first; 3 in a row win." in shown
        assert "  4  │  5  │  6  " in shown
        for line, complaint in (
            ("hello", "expected the number of a cell, or one of undo, hint, scores, new, quit"),
            ("0", "there is no cell 0: expected one of 1 to 9"),
            ("u", "undo: you have not moved yet"),
        ):
            assert complaint in terminal.say(line)
        assert "[○]" in terminal.say("5")
        assert "cell 5 is taken: expected one of" in terminal.say("5")
        assert "○" not in terminal.say("u")
        assert "Best: 1, 2, 3, 4, 5, 6, 7, 8, 9, a draw under best play." in terminal.say("h")
        shown = terminal.say("s")
        assert "  0  │  0  │  0  " in shown
        while "A draw." not in shown:
            shown = terminal.say(re.search(r"Best: (\d+)", shown)[1])
        assert "\x1b[1;31m" in terminal.raw  # player 0's marks are red
        assert "the game is over: new begins another" in terminal.say("1")
        assert "Best" in terminal.say("new")
        assert "Goodbye." in terminal.say("q")
        assert terminal.process.wait(timeout=30) == 0


def test_columns_and_sizes_and_the_second_seat():
    sizes = ("--rows=4", "--columns=4", "--connect=3")
    with Terminal("connect4", *sizes, "--seat=second", "--opponent=random", "--scores") as terminal:
        shown = terminal.read()
        assert "You are ○ and move second; 3 in a row win." in shown
        assert shown.count("●") == 1
        assert "└─────┴─────┴─────┴─────┘\n   1     2     3     4" in shown
        assert re.search(r"\n +[+-]?\d+ +[+-]?\d+ +[+-]?\d+ +[+-]?\d+ *\nBest: ", shown)
        assert "there is no column 5" in terminal.say("5")
        assert terminal.say("1").count("●") == 2
        os.write(terminal.screen, b"\x04")  # Ctrl-D
        assert "Goodbye." in terminal.read()
        assert terminal.process.wait(timeout=30) == 0


def test_ctrl_c_leaves_in_peace():
    with Terminal("tictactoe", "--opponent=random") as terminal:
        terminal.read()
        terminal.process.send_signal(signal.SIGINT)  # what a terminal makes of Ctrl-C
        assert "Goodbye." in terminal.read()
        assert terminal.process.wait(timeout=30) == 0


def test_without_input_it_says_so_in_one_line():
    command = 'exec "$0" -W error -m mail_learners.experiments play tictactoe <&-'
    closed = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert closed.returncode == 2
    assert (
        closed.stderr == "mail-bench: play: expected a terminal or moves to read, came no input\n"
    )


def test_a_number_longer_than_any_is_no_move():
    with pytest.raises(UnknownNameError, match="expected the number of a cell, or one of"):
        parsed("9" * 5000, Session(TicTacToe(), 0))


@pytest.mark.slow
def test_the_full_board_against_the_expert():
    """The first player wins from the centre, on ply 41, by following the expert's hints."""
    with Terminal("connect4", "--scores") as terminal:
        shown = terminal.read(seconds=400)
        assert "Best: 4, a win in 21 moves under best play." in shown
        while "You win after 41 moves." not in shown:
            shown = terminal.say(re.search(r"Best: (\d+)", shown)[1])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("tictactoe", "--opponent=nobody"), 2, "expected expert, random or a file with a policy"),
        (("connect4", "--rows=9"), 2, "columns * (rows + 1) <= 64, came rows=9"),
    ],
)
def test_requests_that_cannot_be_met_end_with_code_two(arguments, code, said):
    from typer.testing import CliRunner

    from mail_learners.experiments.command_line import application

    result = CliRunner().invoke(application, ["play", *arguments])
    assert result.exit_code == code
    assert result.stderr.startswith("mail-bench: ")
    assert said in result.stderr


def test_play_loads_neither_torch_nor_pygame():
    code = (
        "import sys; sys.argv = ['mail-bench', 'play', 'tictactoe']\n"
        "from mail_learners.experiments.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(sorted({'torch', 'pygame', 'numba', 'pandas'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="5\nq\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# ---- what is drawn


def text(session, scores=None):
    console = Console(file=io.StringIO(), width=100)
    console.print(board_lines(session, scores))
    return console.file.getvalue()


def test_boards_are_drawn_with_the_last_mark_and_the_numbers_of_what_is_free():
    assert text(Session(TicTacToe(), 0, moves=(0, 4))) == (
        "  ✕  │  2  │  3  \n"
        "─────┼─────┼─────\n"
        "  4  │ [○] │  6  \n"
        "─────┼─────┼─────\n"
        "  7  │  8  │  9  \n"
    )
    assert text(Session(LineGame(2, 3, 3, gravity=True), 0, moves=(1, 1))) == (
        "│     │ [○] │     │\n│     │  ●  │     │\n└─────┴─────┴─────┘\n   1     2     3  \n"
    )


def test_scores_stand_below_columns_or_in_cells():
    session = Session(TicTacToe(), 0, moves=(0, 3, 1, 4))
    scores = PerfectExpert(session.game).scores(session.state)
    lines = text(session, scores).splitlines()
    assert lines[0] == "  ✕  │  ✕  │ +5  "
    assert lines[2] == "  ○  │ [○] │  0  "
    session = Session(LineGame(2, 3, 2, gravity=True), 0, moves=(1,))
    below = text(session, PerfectExpert(session.game).scores(session.state)).splitlines()[-1]
    assert below.split() == ["-4", "-4", "-4"]


def test_a_winning_line_is_reversed():
    session = Session(ConnectFour(), 0, moves=(0, 1, 0, 1, 0, 1, 0))
    spans = [span for span in board_lines(session).spans if "reverse" in str(span.style)]
    assert len(spans) == 4
