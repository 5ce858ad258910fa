"""Play in a window: what events mean, what is drawn, and a whole game in a window drawn unseen."""

import subprocess
import sys

import numpy as np
import pytest

pygame = pytest.importorskip("pygame", reason="windows need it: pip install 'mail-envs[render]'")

from mail_envs import PerfectExpert  # noqa: E402
from mail_envs.board import LineGame, TicTacToe  # noqa: E402
from mail_envs.protocols.asking import uniform_policy  # noqa: E402
from mail_learners.play import window  # noqa: E402
from mail_learners.play.commands import Move  # noqa: E402
from mail_learners.play.session import Session  # noqa: E402
from mail_learners.play.table import Table  # noqa: E402
from mail_learners.play.window import (  # noqa: E402
    STRIP,
    action_at,
    command_of,
    play_in_window,
    session_picture,
    title,
)

TOE, FOUR = TicTacToe(), LineGame(4, 4, 3, gravity=True)
BEST = (30, 140, 74)


def test_points_are_cells_or_columns():
    toe, four = Session(TOE, 0), Session(FOUR, 0)
    assert [action_at(toe, point) for point in ((0, 0), (191, 0), (70, 130))] == [0, 2, 7]
    assert [action_at(four, point) for point in ((0, 0), (255, STRIP + 255))] == [0, 3]
    assert action_at(toe, (192, 0)) is None
    assert action_at(four, (0, STRIP + 256)) is None


def key(letter, code=0):
    return pygame.event.Event(pygame.KEYDOWN, key=code, unicode=letter)


def click(point, button=1):
    return pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=point, button=button)


def test_events_are_commands():
    session = Session(TOE, 0)
    for event, command in (
        (click((70, 130)), Move(7)),
        (click((70, 130), button=3), None),
        (click((700, 130)), None),
        (key("5"), Move(4)),
        (key("0"), None),
        (key("U"), "undo"),
        (key("h"), "hint"),
        (key("s"), "scores"),
        (key("n"), "new"),
        (key("q"), "quit"),
        (key("", pygame.K_ESCAPE), "quit"),
        (key("", pygame.K_LSHIFT), None),
        (key("x"), None),
        (pygame.event.Event(pygame.QUIT), "quit"),
        (pygame.event.Event(pygame.MOUSEMOTION, pos=(0, 0)), None),
    ):
        assert command_of(event, session, pygame) == command
    over = Session(TOE, 0, moves=(0, 3, 1, 4, 2))
    assert command_of(click((70, 130)), over, pygame) is None


def colours(picture):
    return set(map(tuple, picture.reshape(-1, 3).tolist()))


def test_scores_and_hints_are_drawn_where_they_belong():
    session = Session(FOUR, 0, moves=(0, 1))
    plain = session_picture(session)
    assert plain.shape == (STRIP + 256, 256, 3)
    scores = PerfectExpert(FOUR).scores(session.state)
    best = np.flatnonzero(scores == scores.max())
    hinted = session_picture(Session(FOUR, 0, moves=(0, 1), show_hint=True), scores)
    for column in range(4):
        part = hinted[STRIP:, 64 * column : 64 * (column + 1)]
        assert (BEST in colours(part)) == (column in best)
    np.testing.assert_array_equal(hinted[:STRIP], plain[:STRIP])
    scored = session_picture(Session(FOUR, 0, moves=(0, 1), show_scores=True), scores)
    np.testing.assert_array_equal(scored[STRIP:], plain[STRIP:])
    assert BEST in colours(scored[:STRIP, 64 * best[0] : 64 * (best[0] + 1)])
    waiting = session_picture(session, over=2)
    changed = np.argwhere((waiting != plain).any(axis=2))
    assert changed.min(axis=0)[1] >= 128
    assert (changed.max(axis=0) < (STRIP, 192)).all()


def test_titles_say_what_the_picture_cannot():
    session = Session(TOE, 0, moves=(0, 3, 1, 4))
    assert title(session, None).startswith("Your move. H: hint")
    scores = PerfectExpert(TOE).scores(session.state)
    assert title(session, scores).startswith("A win in 1 move under best play. Your move.")
    assert title(Session(TOE, 0, moves=(0, 3, 1, 4, 2)), None).startswith("You win after 5 moves.")


def play(monkeypatch, table, *batches):
    """Play with what happens frame by frame; the titles that were shown."""
    titles, waiting = [], list(batches)
    real = window.Window.show

    def show(self, picture, said):
        titles.append(said)
        real(self, picture, said)
        surface = pygame.surfarray.array3d(pygame.display.get_surface())
        np.testing.assert_array_equal(surface.swapaxes(0, 1), picture)

    monkeypatch.setattr(window.Window, "show", show)
    monkeypatch.setattr(pygame.event, "get", lambda: waiting.pop(0))
    play_in_window(table)
    assert pygame.display.get_surface() is None
    assert not waiting
    return titles


def lowest(observations, action_masks):
    return np.eye(action_masks.shape[1])[action_masks.argmax(axis=1)]


def test_a_game_in_a_window(monkeypatch):
    """The opponent fills the lowest cells; clicks and keys, mistakes, undo, hints and the end."""
    table = Table(Session(TOE, 0), lowest, PerfectExpert(TOE))
    titles = play(
        monkeypatch,
        table,
        [click((10, 140))],  # 7th cell; the answer is the first
        [click((10, 140))],  # once more: taken
        [key("s")],
        [key("u")],
        [key("u")],  # nothing left to undo
        [key("s"), key("5")],
        [pygame.event.Event(pygame.MOUSEMOTION, pos=(100, 100))],
        [key("6"), key("4")],
        [key("n")],
        [pygame.event.Event(pygame.QUIT)],
    )
    said = "\n".join(titles)
    assert "cell 7 is taken: expected one of 2, 3, 4, 5, 6, 8, 9" in said
    assert "under best play" in said
    assert "undo: you have not moved yet" in said
    assert "You win after 5 moves. N: another game" in said


def test_leaving_at_once(monkeypatch):
    table = Table(Session(FOUR, 1), uniform_policy, PerfectExpert(FOUR))
    assert len(play(monkeypatch, table, [key("q")])) == 1


def test_the_command_opens_a_window_and_leaves_with_it():
    """By the command line itself; the window closes since a timer asks it to."""
    code = (
        "import sys, pygame\n"
        "pygame.display.init()\n"
        "pygame.time.set_timer(pygame.QUIT, 50)\n"
        "sys.argv = ['mail-bench', 'play', 'tictactoe', '--window', '--scores']\n"
        "from mail_learners.experiments.__main__ import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
