"""What the page on playing and watching says runs as it stands, in the order of the page."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mail_envs import connect_four_v0
from mail_learners.experiments.command_line import application
from mail_learners.play.command import play
from mail_learners.play.commands import WORDS

PAGE = (Path(__file__).parents[2] / "docs" / "playing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(bash|python)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for kind, block in BLOCKS if kind == "bash" for line in block.splitlines()]


def run(command):
    """The command, and a person who asks for a hint and leaves."""
    program, *arguments = shlex.split(command)
    assert program == "mail-bench"
    return CliRunner().invoke(application, arguments, input="h\nq\n")


def test_the_page_runs(tmp_path, monkeypatch):
    pygame = pytest.importorskip("pygame", reason="windows: pip install 'mail-envs[render]'")
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    for place, (kind, block) in enumerate(BLOCKS):
        if kind == "python":
            exec(compile(block, f"playing.md, block {place}", "exec"), space)  # noqa: S102
            continue
        for command in block.splitlines():
            if "--window" in command:  # the person closes it
                pygame.display.init()
                pygame.event.post(pygame.event.Event(pygame.QUIT))
            result = run(command)
            assert result.exit_code == 0, (command, result.output)
            assert ("Goodbye." in result.stdout) == ("--window" not in command)
            assert ("Best: " in result.stdout) == ("--window" not in command)
    assert isinstance(space["picture"], np.ndarray)
    assert space["picture"].shape == (384, 448, 3)


def test_a_command_of_no_game_fails():
    assert run("mail-bench play chess").exit_code == 2


def test_the_tables_name_every_command_and_option():
    rows = re.findall(r"^\| `(.*?)` \|", PAGE, re.MULTILINE)
    words = {row.split("`, `")[0]: row.split("`, `")[1] for row in rows if ", `" in row}
    assert {word: words.get(word) for word in WORDS} == {word: word[0] for word in WORDS}
    options = {name for row in rows for name in row.split("`, `") if name.startswith("--")}
    known = set(play.__annotations__) - {"name", "return"}
    assert options == {f"--{name}" for name in known}
    assert connect_four_v0.env().metadata["render_modes"] == re.findall(
        r"`(\w+)`", re.search(r"render modes (.*?)\.", PAGE)[1]
    )


def test_the_page_shows_each_way_to_play():
    assert any("connect4" in command for command in COMMANDS)
    assert any(".safetensors" in command for command in COMMANDS)
