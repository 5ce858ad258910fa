"""Every registered environment has a page on the one template, and its tables are true.

The tables are computed by `docs/_ext/environment_facts.py`, which also writes them; what stands on
the pages is compared with the registered environments, and a page that says otherwise is rejected.
"""

import re
import sys
from importlib import import_module

import gymnasium
import pettingzoo
import pytest

from tests.pages import DOCS

sys.path.append(str(DOCS / "_ext"))
facts = import_module("environment_facts")

SECTIONS = (
    *("Actions", "Observations", "Rewards", "End of an episode", "Feature maps", "Expert"),
    *("Exact facts", "Arguments", "Versions"),
)
NAMES = [facts.name_of(entry) for entry in facts.ALL]


def text(name):
    return (facts.PAGES / f"{name.removesuffix('_v0')}.md").read_text(encoding="utf-8")


def faults(page, name):
    """What is wrong with a page."""
    found = []
    if tuple(re.findall(r"^## (.+)$", page, re.MULTILINE)) != SECTIONS:
        found.append("sections")
    if f"../_generated/{name}.png" not in page or ":alt:" not in page:
        found.append("picture")
    if f"from mail_envs import {name}" not in page or f"`v{name[-1]}`" not in page:
        found.append("door and version")
    for table in facts.TABLES:
        shown = facts.block(table).search(page)
        if shown is None or shown[0] != facts.markdown(name, table):
            found.append(table)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_page_is_true(name):
    assert faults(text(name), name) == []


def test_every_environment_of_both_registries_has_a_page():
    pages = {path.stem for path in facts.PAGES.glob("*.md")} - {"index"}
    assert pages == {name.removesuffix("_v0") for name in NAMES}
    ours = [n for n in pettingzoo.aec_registry if n.startswith("mail_envs/")]
    singles = [n for n in gymnasium.registry if n.startswith("mail_envs/")]
    specifications = "".join(facts.markdown(name, "specification") for name in NAMES)
    assert len(ours) == len(singles) == len(pages) == 11
    assert all(f"`{n}`" in specifications for n in (*ours, *singles))


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("| action space | `Discrete(4)` |", "| action space | `Discrete(5)` |", "specification"),
        ("`Discrete(72)`", "`Discrete(73)`", "specification"),
        ("`player_0`, `player_1`", "`player_1`, `player_2`", "specification"),
        ("44 steps", "45 steps", "specification"),
        ("| `relational` | 80 |", "| `relational` | 81 |", "features"),
        ("| 15.9945 |", "| 15.9946 |", "facts"),
        ("player_0 17, player_1 19", "player_0 19, player_1 17", "facts"),
        ("| `discount` | `0.9` |", "| `discount` | `0.99` |", "arguments"),
        ("## Rewards\n", "", "sections"),
        ("grid_game_v0.png", "chain.png", "picture"),
        ("`v0`: the first", "the first", "door and version"),
    ],
)
def test_a_page_that_says_otherwise_is_rejected(before, after, fault):
    page = text("grid_game_v0")
    assert before in page
    assert faults(page.replace(before, after), "grid_game_v0") == [fault]


@pytest.mark.parametrize("name", NAMES)
def test_spaces_are_those_of_what_the_registries_make(name):
    """The tables are of the bare environment: what is made from the registries has the same."""
    entry = next(e for e in facts.ALL if facts.name_of(e) == name)
    env = pettingzoo.make("aec", entry.multi_agent_id)
    table = facts.markdown(name, "specification")
    for agent in env.possible_agents:
        assert f"`{env.action_space(agent)}`" in table
        assert f"`{agent}`" in table
    single = gymnasium.make(entry.single_agent_id)
    assert f"`{single.action_space}`" in table
    single.close()


def test_refreshing_writes_what_is_computed():
    page = text("grid_game_v0")
    assert facts.refreshed(page.replace("| 15.9945 |", "| 3 |"), "grid_game_v0") == page
