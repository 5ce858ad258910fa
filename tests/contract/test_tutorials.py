"""Every page of docs/tutorials runs as it stands, is as short as promised, and breaks no rule.

A page is one script: its Python blocks, in order. Its first line names the packages that it needs;
pages whose packages are not installed are skipped here. `.ci/imitation` installs those of the rest.
"""

import gc
import re
import warnings
from importlib.util import find_spec
from pathlib import Path

import gymnasium
import pytest

import mail_envs  # noqa: F401 - registers the environments

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # log files that others leave open

PAGES = Path(__file__).parents[2] / "docs" / "tutorials"
INSTALL = {
    "torch": 'pip install "mail-envs[learners]"',
    "stable_baselines3": 'pip install "mail-envs[learners]"',
    "sb3_contrib": 'pip install "mail-envs[learners]"',
    "pygame": 'pip install "mail-envs[render]"',
    "imitation": "bash .ci/imitation, or by hand as docs/tutorials/imitation.md says",
    "torchrl": "bash .ci/imitation, or pip install torchrl tensordict",
}
LIMITS = {"imitation_dagger": 15, "sb3_contrib": 10}
"""Lines of code, neither blank nor comments, at most; imports included. Others: below 40."""
NAMES = sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "index")


@pytest.fixture(autouse=True)
def _collected():
    """What a page leaves open is collected before the next test, whose warnings are errors."""
    yield
    gc.collect()


def text(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def script(page):
    return "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))


def lines(code):
    """The lines that are neither blank nor a comment."""
    stripped = [line.strip() for line in code.splitlines()]
    return [line for line in stripped if line and not line.startswith("#")]


def needs(page):
    first = page.splitlines()[0]
    found = re.fullmatch(r"<!-- needs: ([\w, ]+) -->", first)
    assert found, f"expected <!-- needs: packages -->, came {first!r}"
    return [package.strip() for package in found[1].split(",")]


def run(name, folder, monkeypatch):
    """Run a page in a folder of its own; what it leaves behind, by name."""
    for package in needs(text(name)):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: {INSTALL[package]}")
    monkeypatch.chdir(folder)
    space = {"__name__": f"tutorial_{name}"}
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # other libraries' warnings are not ours to forbid here
        exec(compile(script(text(name)), f"{name}.md", "exec"), space)  # noqa: S102
    return space


def illegal_moves(predict, make, games=20):
    """How many of the games a policy ends by an illegal move."""
    env, illegal = make(), 0
    for seed in range(games):
        (observation, info), over = env.reset(seed=seed), False
        while not over:
            action = predict(env, observation)
            observation, _, terminated, truncated, info = env.step(action)
            over = terminated or truncated
        illegal += info.get("illegal_action", False)
    return illegal


def test_there_are_pages_for_what_is_promised():
    promised = {"stable_baselines3", "sb3_contrib", "imitation", "imitation_dagger", "torchrl"}
    assert promised | {"cleanrl", "your_environment", "policies"} == set(NAMES)


def test_the_index_lists_every_page():
    index = text("index")
    assert sorted(re.findall(r"\]\((\w+)\.md\)", index)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_short(name):
    count = len(lines(script(text(name))))
    assert 0 < count <= LIMITS.get(name, 39)


def test_lines_are_counted():
    first = "import a\n\n# comment\nf(\n    1,  # with a comment\n)\n"
    page = f"Words\n```python\n{first}```\nand\n```bash\nno\n```\n```python\nx\n```"
    assert lines(script(page)) == ["import a", "f(", "1,  # with a comment", ")", "x"]


@pytest.mark.parametrize("name", NAMES)
def test_every_package_that_is_needed_says_how_it_is_installed(name):
    assert set(needs(text(name))) <= set(INSTALL)


@pytest.mark.parametrize("name", ["cleanrl", "policies", "your_environment"])
def test_a_page_runs(name, tmp_path, monkeypatch, capsys):
    run(name, tmp_path, monkeypatch)
    assert capsys.readouterr().out


def test_stable_baselines3(tmp_path, monkeypatch):
    left = run("stable_baselines3", tmp_path, monkeypatch)
    assert left["illegal"] == 0
    assert list(left["models"]) == ["DQN", "PPO", "A2C"]


def test_maskable_ppo(tmp_path, monkeypatch):
    left = run("sb3_contrib", tmp_path, monkeypatch)

    def predict(env, observation):
        masks = env.get_wrapper_attr("action_masks")()
        return left["model"].predict(observation, action_masks=masks)[0]

    assert illegal_moves(predict, connect_four) == 0


def test_dagger(tmp_path, monkeypatch):
    from mail_wrappers import FlatObservation

    left = run("imitation_dagger", tmp_path, monkeypatch)
    policy = left["dagger"].policy

    def predict(env, observation):
        return policy.predict(observation)[0]

    assert illegal_moves(predict, lambda: FlatObservation(connect_four()), games=100) == 0


def test_imitation(tmp_path, monkeypatch):
    left = run("imitation", tmp_path, monkeypatch)
    assert list(left["learned"]) == ["BC", "GAIL", "AIRL"]
    assert {len(trajectory) for trajectory in left["demonstrations"]} == {6}


def test_torchrl(tmp_path, monkeypatch):
    left = run("torchrl", tmp_path, monkeypatch)
    assert len(left["returns"]) == 200
    played = left["played"]
    assert played["action_mask"][range(len(played)), played["action"]].all()


def connect_four():
    return gymnasium.make("mail_envs/ConnectFour-v0", agent="player_0", opponent="random")
