"""`render_mode="human"`: windows drawn unseen, and on a virtual display beside a golden picture."""

import builtins
import os
import shutil
import struct
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pettingzoo
import pytest

from mail_envs import connect_four_v0, grid_game_v0, tictactoe_v0
from mail_envs.errors import MissingDisplayError, MissingPackageError
from mail_envs.registration import ENTRIES, PARALLEL_ENTRIES
from mail_envs.window import Window

with warnings.catch_warnings():
    # PettingZoo's checkers import one of its games by the door that it deprecates.
    warnings.filterwarnings("ignore", "The old environment creation API", DeprecationWarning)
    from pettingzoo.test import render_test

pygame = pytest.importorskip("pygame", reason="windows need it: pip install 'mail-envs[render]'")

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "connect_four_window.png"
"""The board of `MOVES`: a line of player 0's, the last mark made out. Looked at, then stored."""
SIZES = {"rows": 3, "columns": 4, "in_a_row": 3}
MOVES = (1, 1, 2, 2, 3)
TOLERANCE = 2
"""Levels of 256. Shapes are rounded from float64: where a library's square root or sum differs in
the last bit, a pixel on an edge may be one level off; a display of 24 bits adds nothing."""


def golden():
    return pygame.surfarray.array3d(pygame.image.load(GOLDEN)).swapaxes(0, 1)


def seen():
    """What stands in the window."""
    return pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)


def alike(one, other):
    difference = np.abs(one.astype(int) - other.astype(int))
    return one.shape == other.shape and difference.max() <= TOLERANCE


def played(moves=MOVES, mode="human"):
    env = connect_four_v0.env(mode, **SIZES)
    env.reset()
    for move in moves:
        env.step(move)
    return env


# ---- unseen


def test_the_window_shows_the_golden_picture():
    env = played()
    assert alike(seen(), golden())
    assert pygame.display.get_caption()[0] == "connect_four_v0: player_0 has won"
    assert env.render() is None
    env.close()
    assert pygame.display.get_surface() is None
    env.close()


def test_the_comparison_can_fail():
    for moves in (MOVES[:-1], (*MOVES[:-1], 0), (1, 1, 3, 2, 2)):
        assert not alike(played(moves, "rgb_array").render(), golden())


def test_the_window_follows_every_move():
    env, frames = tictactoe_v0.env("human"), tictactoe_v0.env("rgb_array")
    for one in (env, frames):
        one.reset()
    for move in (4, 0, 8):
        np.testing.assert_array_equal(seen(), frames.render())
        env.step(move)
        frames.step(move)
    assert pygame.display.get_caption()[0] == "tictactoe_v0: player_1 to move"
    env.close()


@pytest.mark.parametrize("entry", PARALLEL_ENTRIES, ids=lambda entry: entry.door)
def test_every_markov_game_has_a_window(entry):
    env = pettingzoo.make("parallel", entry.multi_agent_id, render_mode="human")
    frames = pettingzoo.make("parallel", entry.multi_agent_id, render_mode="rgb_array")
    for one in (env, frames):
        one.reset(seed=1)
        for _ in range(3):
            if one.agents:
                one.step(dict.fromkeys(one.agents, 0))
    np.testing.assert_array_equal(seen(), frames.render())
    step, state = frames.unwrapped.state()
    assert pygame.display.get_caption()[0].endswith(f"_v0: step {step}, state {state}")
    assert env.render() is None
    env.close()
    assert pygame.display.get_surface() is None


@pytest.mark.parametrize("entry", [*ENTRIES, *PARALLEL_ENTRIES], ids=lambda entry: entry.door)
def test_pettingzoos_render_test(entry):
    render_test(__import__(entry.door, fromlist=["env"]).env)


def test_who_closes_the_window_sees_no_more_until_the_environment_is_closed():
    env = tictactoe_v0.env("human")
    env.reset()
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    env.step(4)
    assert pygame.display.get_surface() is None
    env.step(0)  # play goes on unseen
    assert pygame.display.get_surface() is None
    env.close()
    env.reset()
    assert pygame.display.get_surface() is not None
    env.close()


def test_windows_take_turns():
    board, grid = tictactoe_v0.env("human"), grid_game_v0.parallel_env(size=5, render_mode="human")
    board.reset()
    grid.reset(seed=0)
    assert seen().shape == (320, 320, 3)
    board.step(4)
    assert seen().shape == (192, 192, 3)
    grid.close()  # it has lost its window, and leaves the other's alone
    assert seen().shape == (192, 192, 3)
    board.close()


# ---- what is missing


def test_without_pygame_the_cure_is_named_and_other_modes_work(monkeypatch):
    real = builtins.__import__

    def importing(name, *arguments, **others):
        if name.partition(".")[0] == "pygame":
            raise ModuleNotFoundError("No module named 'pygame'", name="pygame")
        return real(name, *arguments, **others)

    monkeypatch.setattr(builtins, "__import__", importing)
    for make in (tictactoe_v0.env, grid_game_v0.parallel_env):
        with pytest.raises(MissingPackageError, match=r'pip install "mail-envs\[render\]"'):
            make(render_mode="human")
    assert played(mode="rgb_array").render().shape == (192, 256, 3)


def test_without_a_display_the_cure_is_named(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "no_such_driver")
    with pytest.raises(MissingDisplayError, match="set DISPLAY, or SDL_VIDEODRIVER=dummy"):
        Window().show(golden(), "")
    monkeypatch.delenv("SDL_VIDEODRIVER")
    monkeypatch.setattr(pygame.display, "get_driver", lambda: "offscreen")
    with pytest.raises(MissingDisplayError, match="draw off screen"):
        Window().show(golden(), "")


# ---- on a virtual display

PLACE = (16, 24)
"""Where the window stands on the display."""

WATCHED = f"""
import time
from mail_envs import connect_four_v0
env = connect_four_v0.env("human", **{SIZES})
env.metadata["render_fps"] = 20
began = time.monotonic()
env.reset()
for move in {MOVES}:
    env.step(move)
print(time.monotonic() - began, flush=True)
input()
"""


def framebuffer(path):
    """The picture of a display that Xvfb keeps in a file, in X's window dump format (XWD).

    25 numbers of 32 bits, most significant byte first: the header's length, …, width and height
    (4, 5), …, bits per pixel and bytes per line (11, 12), …, colours (19); then a name, colours of
    12 bytes, and the pixels, blue first.
    """
    data = path.read_bytes()
    header = struct.unpack(">25I", data[:100])
    width, height, bits, line, colours = (header[i] for i in (4, 5, 11, 12, 19))
    assert bits == 32
    pixels = np.frombuffer(data, np.uint8, height * line, header[0] + 12 * colours)
    return pixels.reshape(height, line // 4, 4)[:, :width, 2::-1]


@pytest.fixture
def display(tmp_path):
    """The name of a virtual display, and the file with its picture."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("left out: needs Xvfb (Debian's package xvfb: apt-get install xvfb)")
    server = subprocess.Popen(
        [program, "-displayfd", "1", "-screen", "0", "320x240x24", "-fbdir", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield f":{server.stdout.readline().strip()}", tmp_path / "Xvfb_screen0"
    server.terminate()
    server.wait()
    server.stdout.close()


def test_the_window_on_a_display_is_the_golden_picture(display):
    name, screen = display
    place = ",".join(map(str, PLACE))
    shown = {"DISPLAY": name, "SDL_VIDEODRIVER": "x11", "SDL_VIDEO_WINDOW_POS": place}
    watched = subprocess.Popen(
        [sys.executable, "-c", WATCHED],
        cwd=ROOT,
        env={**os.environ, **shown},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    took = float(watched.stdout.readline())
    expected, until = golden(), time.monotonic() + 10
    window = np.zeros_like(expected)
    while not alike(window, expected) and time.monotonic() < until:  # the server draws in its time
        whole = framebuffer(screen)
        rows, columns = expected.shape[:2]
        window = whole[PLACE[1] : PLACE[1] + rows, PLACE[0] : PLACE[0] + columns]
    watched.communicate("\n", timeout=30)
    assert alike(window, expected)
    assert took > len(MOVES) / 20  # every picture stays for a twentieth of a second
