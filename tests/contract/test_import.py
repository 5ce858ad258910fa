"""Importing the base packages: quiet, light, and enough to make the environments."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "stable_baselines3", "numba", "scipy", "pygame")
EXTRAS = (
    *("torch", "stable_baselines3", "sb3_contrib", "safetensors", "typer", "rich", "joblib"),
    *("matplotlib", "pandas", "pygame", "mail_learners"),
)

MINIMAL = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"no module named {{name!r}} in a minimal install", name=name)

sys.meta_path.insert(0, Refuse())
"""


def run(code):
    """What Python prints when it runs `code` with warnings as errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,  # the first run compiles
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("package", ["mail_envs", "mail_wrappers"])
def test_the_import_is_quiet_and_light(package):
    printed = run(f"import json, sys, {package}; print(json.dumps(sorted(sys.modules)))")
    tops = {name.partition(".")[0] for name in json.loads(printed)}
    assert tops.isdisjoint(HEAVY)
    assert "mail_learners" not in tops
    assert package == "mail_wrappers" or "mail_wrappers" not in tops


def test_the_refusing_finder_refuses():
    code = (
        f"{MINIMAL}\ntry:\n    import torch\nexcept ModuleNotFoundError as error:\n    print(error)"
    )
    assert run(code) == "no module named 'torch' in a minimal install\n"


PLAY = """
observation, info = env.reset(seed=0)
while True:
    action = int(info["action_mask"].argmax())
    observation, reward, terminated, truncated, info = env.step(action)
    if terminated or truncated:
        break
print(reward)
"""


@pytest.mark.parametrize(
    "make",
    [
        "import mail_envs; env = gymnasium.make('mail_envs/TicTacToe-v0')",
        "env = gymnasium.make('mail_envs:mail_envs/TicTacToe-v0')",
        "import mail_envs; env = gymnasium.make('mail_envs/TicTacToe-v0', opponent='random')",
        "import mail_envs; env = gymnasium.make('mail_envs/ConnectFour-v0', opponent='random')",
        "import mail_envs; env = gymnasium.make('mail_envs/ConnectFour-v0')",
    ],
)
def test_a_minimal_install_plays(make):
    assert run(f"{MINIMAL}\nimport gymnasium\n{make}\n{PLAY}") in {"-1.0\n", "0.0\n", "1.0\n"}


def test_one_board_needs_no_compiler():
    """Loading a compiler, or its cache, would cost more than the first game."""
    code = """
import sys, gymnasium, mail_envs
env = gymnasium.make("mail_envs/ConnectFour-v0", opponent="random")
env.reset(seed=0)
env.step(3)
print(sorted({"numba", "scipy", "torch"} & set(sys.modules)))
"""
    assert run(code) == "[]\n"


def test_many_boards_play_in_a_minimal_install():
    code = """
import gymnasium, mail_envs, sys
env = gymnasium.make_vec("mail_envs/ConnectFour-v0", num_envs=9, opponent="random")
observations, infos = env.reset(seed=0)
for _ in range(50):
    observations, rewards, *_ = env.step(infos["action_mask"].argmax(axis=1))
print(observations["observation"].shape, "mail_wrappers" in sys.modules)
"""
    assert run(f"{MINIMAL}\n{code}") == "(9, 6, 7, 2) False\n"


def test_a_second_process_compiles_nothing():
    code = """
import numpy as np
from mail_envs.board import ConnectFour, kernels
from mail_envs.board.lockstep import Boards
boards, turn = Boards(ConnectFour(), 2), np.ones(2, np.bool_)
boards.place(0, turn, boards.choose(np.zeros(2)))
boards.clear(turn)
hits = [sum(k.stats.cache_hits.values()) for k in (kernels.place, kernels.choose, kernels.clear)]
print(hits)
"""
    run(code)
    assert run(code) == "[1, 1, 1]\n"


def test_a_second_process_compiles_no_search():
    code = """
import gymnasium, mail_envs
env = gymnasium.make("mail_envs/ConnectFour-v0")
env.reset(seed=0)
env.step(3)
from mail_envs.board.search_questions import answer_all
print(sum(answer_all.stats.cache_hits.values()), sum(answer_all.stats.cache_misses.values()))
"""
    run(code)
    assert run(code) == "1 0\n"


def test_the_pettingzoo_way_in_a_minimal_install():
    code = """
import mail_envs, pettingzoo
env = pettingzoo.make("aec", "mail_envs/tictactoe-v0", render_mode="ansi")
env.reset(seed=0)
env.step(4)
print(env.render(), end="")
"""
    assert (
        run(f"{MINIMAL}\n{code}")
        == " . | . | . \n---+---+---\n . |[X]| . \n---+---+---\n . | . | . \n"
    )


def test_registering_again_changes_nothing_and_warns_of_nothing():
    code = """
import gymnasium, pettingzoo, mail_envs
from mail_envs.registration import ENTRIES, register_environments
before = dict(gymnasium.registry), dict(pettingzoo.aec_registry)
register_environments()
assert before == (dict(gymnasium.registry), dict(pettingzoo.aec_registry))
assert all(entry.single_agent_id in gymnasium.registry for entry in ENTRIES)
assert all(entry.multi_agent_id in pettingzoo.aec_registry for entry in ENTRIES)
"""
    assert run(code) == ""


@pytest.mark.parametrize(
    "package", ["mail_envs", "mail_envs.board", "mail_wrappers", "mail_learners"]
)
def test_names_of_a_package_are_no_modules_whatever_was_imported_before(package):
    # A submodule that is imported becomes an attribute of its package, and hides a lazy name.
    code = f"""
import importlib, pkgutil, types, {package} as package
for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for name in package.__all__:
    assert not isinstance(getattr(package, name), types.ModuleType), name
"""
    assert run(code) == ""


def test_the_learners_are_imported_when_they_are_used():
    code = """
import sys, mail_learners
assert "torch" not in sys.modules
try:
    mail_learners.dagger
except AttributeError as error:
    print(error)
mail_learners.learn
assert "torch" in sys.modules
"""
    assert run(code) == "module 'mail_learners' has no attribute 'dagger'\n"
