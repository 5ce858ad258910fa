import builtins
import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from toy_experiment import OPTIONS, list_cells
from typer.testing import CliRunner

import mail_learners
from mail_envs.errors import UnknownNameError
from mail_learners.experiments import __main__ as entry
from mail_learners.experiments import command_line, registry
from mail_learners.experiments.progress import Bar, Lines, observer_for

TOY = "toy_experiment:TOY"


def invoke(*arguments):
    return CliRunner().invoke(command_line.application, list(arguments))


@pytest.fixture(autouse=True)
def known(monkeypatch, tmp_path):
    """A registry of one experiment, and a current folder that may be written to."""
    toys = {"toy": registry.Entry(TOY, "Draws numbers.", ("bc", "dagger"))}
    monkeypatch.setattr(command_line, "REGISTRY", toys)
    monkeypatch.setattr(command_line, "load", lambda name: registry.load(name, toys))
    monkeypatch.chdir(tmp_path)


def test_names_are_whole_on_a_narrow_terminal(monkeypatch):
    entry = registry.Entry(TOY, "Draws numbers.", ("a-learner-with-a-very-long-name-indeed",))
    monkeypatch.setattr(command_line, "REGISTRY", {"toy": entry})
    console = Console(file=io.StringIO(), width=30)
    monkeypatch.setattr(command_line, "_console", lambda: console)
    assert invoke("list").exit_code == 0
    assert "…" not in console.file.getvalue()


def test_experiments_are_listed_with_their_summaries():
    result = invoke("list")
    assert result.exit_code == 0
    assert result.stdout.split("\n")[1].split() == ["toy", "Draws", "numbers.", "bc,", "dagger"]


def test_a_run_ends_with_a_table_and_files():
    result = invoke("run", "toy", "--seeds=1,2", "--games=10", "--learners=bc", "--jobs=1")
    assert result.exit_code == 0, result.output
    assert "Loss probability of player 0" in result.stdout
    assert "toy: 2 cells, 0 of them done before" in result.stderr
    assert "[2/2] toy: bc, seed" in result.stderr
    found = {path.name for path in Path("results/toy").iterdir()}
    assert found == {
        *("cells", "timings", "experiment.json", "runs.json"),
        *("results.csv", "table.md", "timings.csv"),
    }
    again = invoke("run", "toy", "--seeds=2,1", "--games=10", "--learners=bc")
    assert again.exit_code == 0
    assert "2 cells, 2 of them done before" in again.stderr


def test_full_has_its_own_sizes_and_folder():
    result = invoke("run", "toy", "--full", "--learners=bc", "--jobs=1")
    assert result.exit_code == 0, result.output
    assert len(list(Path("results/toy-full/cells").iterdir())) == 4


def test_failures_end_with_code_one_and_are_named(tmp_path):
    flag = tmp_path / "flag"
    flag.write_text("raise")
    arguments = ("run", TOY, "--learners=bc", "--set", f"broken={flag}", "--jobs=1")
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert "RuntimeError: seed 2 does not work today" in result.stderr
    assert "1 cell failed with the tracebacks in results/toy/failures:" in result.stderr
    assert "\n  toy: bc, seed 2, games 10–50\n2 are stored; the same command" in result.stderr
    assert "with --retry tries the failed ones again" in result.stderr
    flag.unlink()
    left = invoke(*arguments)
    assert left.exit_code == 1
    assert "1 cell failed, 1 of them in an earlier run, with the tracebacks" in left.stderr
    assert invoke(*arguments, "--retry").exit_code == 0
    assert not list(Path("results/toy/failures").iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nope",), "unknown experiment 'nope'; known: toy, or module:ATTRIBUTE"),
        (("no_such_module:X",), "unknown experiment 'no_such_module:X': no module"),
        (("toy_experiment:OPTIONS",), "'OPTIONS' is no Experiment"),
        (("toy", "--learners=ppo"), "unknown learner 'ppo'; known: bc, dagger"),
        (("toy", "--features=x"), "unknown feature map 'x'; known: planes"),
        (("toy", "--set=a=b"), "unknown setting 'a'; known: pause, broken, begun"),
        (("toy", "--seeds=one"), "--seeds: expected whole numbers separated by commas"),
        (("toy", "--jobs=-1"), "--jobs: expected at least 1, came -1"),
        (("toy", "--seeds="), "--seeds: expected at least one, came none"),
        (("toy", "--learners= "), "--learners: expected at least one, came none"),
        (("toy", f"--seeds={1 << 62}"), f"--seeds: expected numbers below {1 << 62}, came 46116"),
        (("toy", f"--games={'9' * 5000}"), "--games: expected whole numbers separated by commas"),
        (("toy", "--set=pause=inf"), "--set pause: expected a finite number, came inf"),
        (("toy", "--set=pause=0", "--set=pause=5"), "--set pause: comes twice, in ['pause=0', 'pa"),
        (("no.such.module:X",), "unknown experiment 'no.such.module:X': no module"),
        ((":X",), "unknown experiment ':X': expected module:ATTRIBUTE"),
        ((".near:X",), "unknown experiment '.near:X': expected module:ATTRIBUTE"),
        (("toy", "--out=full/file"), "full/file: File exists"),
        (("toy", "--out=full/file/deep"), "full/file/deep: Not a directory"),
        (("full/file/x.toml",), "x.toml: expected a file that describes a sweep, came Not a dire"),
        (("folder.toml",), "folder.toml: expected a file that describes a sweep, came Is a direc"),
        (("wrong.toml",), "wrong.toml: --seeds: expected whole numbers separated by commas, came"),
        (("toy", "--out=full"), "full: expected an empty or missing folder"),
    ],
)
def test_requests_that_cannot_be_met_end_with_code_two_and_one_line(arguments, message):
    Path("full").mkdir()
    Path("full/file").touch()
    Path("folder.toml").mkdir()
    Path("wrong.toml").write_text('experiment = "toy"\nseeds = [-1]\n')
    result = invoke("run", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("mail-bench: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert not Path("results").exists()


def test_a_module_that_an_experiment_misses_is_no_unknown_experiment(tmp_path):
    (tmp_path / "halting.py").write_text("import no_such_library\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        registry.load("halting:X")


def test_registered_experiments_load_and_say_what_the_registry_says():
    for name, known_entry in registry.REGISTRY.items():
        experiment = registry.load(name)
        assert experiment.name == name
        assert experiment.summary == known_entry.summary
        assert experiment.learners == known_entry.learners
    with pytest.raises(UnknownNameError, match="unknown experiment 'nope'"):
        registry.load("nope")


def without(missing):
    real = builtins.__import__

    def importing(name, *arguments, **others):
        if name.partition(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return real(name, *arguments, **others)

    return importing


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_a_missing_extra_is_named_with_the_cure(monkeypatch, missing):
    monkeypatch.delitem(sys.modules, "mail_learners.experiments.command_line")
    monkeypatch.setattr(builtins, "__import__", without(missing))
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert end.value.code == (
        f'mail-bench needs {missing}, which is not installed: pip install "mail-envs[learners]"'
    )


def test_other_missing_modules_are_no_matter_of_the_extra(monkeypatch):
    monkeypatch.delitem(sys.modules, "mail_learners.experiments.command_line")
    monkeypatch.setattr(builtins, "__import__", without("mail_learners"))
    with pytest.raises(ModuleNotFoundError, match="mail_learners"):
        entry.main()


def test_listing_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['mail-bench', 'list']\n"
        "from mail_learners.experiments.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'scipy', 'numba', 'matplotlib', 'pandas', 'joblib'}\n"
        "sys.exit(sorted(heavy & set(sys.modules)) or 0)"
    )
    root = Path(mail_learners.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 0, done.stderr


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere():
    text = io.StringIO()
    terminal = Console(file=text, force_terminal=True, width=100)
    assert isinstance(observer_for(Console(file=io.StringIO())), Lines)
    bar = observer_for(terminal)
    assert isinstance(bar, Bar)
    first, second = list_cells(OPTIONS)[:2]
    bar.start("toy", total=3, stored=1)
    bar.ended(first, None)
    bar.ended(second, "Traceback: [no] luck")
    bar.stop()
    assert "3/3" in text.getvalue()
    assert "Traceback: [no] luck" in text.getvalue()
