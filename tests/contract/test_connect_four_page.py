"""What the page on Connect Four says is so: its tables, and its snippets as they stand."""

import inspect
import re
from pathlib import Path

import gymnasium
import pettingzoo

from mail_envs import connect_four_v0
from mail_envs.board.vector import make_vector_view
from mail_wrappers.single_agent import make_view

PAGE = (Path(__file__).parents[2] / "docs" / "connect_four.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("|")
    for cells in [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")]]
}


def test_the_specifications_are_those_of_the_spaces():
    env = connect_four_v0.env()
    space = env.observation_space("player_0")
    assert ROWS["PettingZoo"][0].startswith("mail_envs/connect_four-v0,")
    assert "mail_envs/connect_four-v0" in pettingzoo.aec_registry
    assert ROWS["Gymnasium"][0].startswith("mail_envs/ConnectFour-v0,")
    assert "mail_envs/ConnectFour-v0" in gymnasium.registry
    assert ROWS["players"][0].startswith(f"{len(env.possible_agents)}: player_0")
    assert ROWS["actions"][0].startswith(f"{env.action_space('player_0').n}, the columns")
    assert ROWS["observation shape"][0].startswith(f"{space['observation'].shape} int8")
    assert ROWS["action mask"][0].startswith(f"{space['action_mask'].shape} int8")
    assert ROWS["longest game"] == [f"{env.unwrapped.game.cells} plies"]
    assert ROWS["render modes"][0].split(", ") == env.metadata["render_modes"]


def test_the_arguments_are_those_of_the_functions():
    for name in ("rows", "columns", "in_a_row", "gravity", "render_mode"):
        for door in (connect_four_v0.env, connect_four_v0.raw_env):
            assert ROWS[name][0] == str(inspect.signature(door).parameters[name].default)
    registered = gymnasium.spec("mail_envs/ConnectFour-v0").kwargs
    for name in ("agent", "opponent"):
        assert ROWS[name][0] == f'"{registered[name]}"'
    for view in (make_view, make_vector_view):
        default = inspect.signature(view).parameters["illegal_action"].default
        assert ROWS["illegal_action"][0] == f'"{default}"'
    default = inspect.signature(make_vector_view).parameters["autoreset_mode"].default
    assert ROWS[str(default)][0].startswith("the default")


def test_the_snippets_run():
    space: dict[str, object] = {}
    for snippet in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(snippet, "docs/connect_four.md", "exec"), space)  # noqa: S102 - our own page
    assert space["rewards"].shape == (8192,)
