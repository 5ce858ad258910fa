"""Public names are typed completely: as a checker finds them, with what PettingZoo's stubs say.

PettingZoo annotates its classes without the `py.typed` that would let a checker read them, so
`pettingzoo-stubs` says what this house uses of them; it is held against the library here.
"""

import ast
import inspect
import json
import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPTIONS = ("--ignoreexternal", "--outputjson")
STUBS = ROOT / "pettingzoo-stubs"


def said(tree, prefix=""):
    """The functions of a stub: dotted name → names of its parameters; overloads are left out."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= said(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(each) for each in node.decorator_list]
            if "overload" not in decorators:
                every = [*node.args.args, *node.args.kwonlyargs]
                found[prefix + node.name] = None if decorators else [a.arg for a in every]
    return found


def untrue(module, source):
    """What a stub says of a module and the module does not hold."""
    wrong = []
    for name, parameters in said(ast.parse(source)).items():
        found = module
        for step in name.split("."):
            found = getattr(found, step, None)
        if found is None:
            wrong.append(f"{name}: not there")
        elif parameters is not None and list(inspect.signature(found).parameters) != parameters:
            wrong.append(f"{name}: {inspect.signature(found)}")
    return wrong


def stubs():
    files = sorted(STUBS.rglob("*.pyi"))
    names = [file.relative_to(STUBS).with_suffix("").parts for file in files]
    whole = [".".join(("pettingzoo", *name)).removesuffix(".__init__") for name in names]
    return list(zip(whole, files, strict=True))


@pytest.mark.parametrize(("name", "file"), stubs(), ids=lambda value: str(value).rpartition("/")[2])
def test_the_stubs_say_what_is_so(name, file):
    module, source = import_module(name), file.read_text()
    assert untrue(module, source) == []
    imported = [n for n in ast.parse(source).body if isinstance(n, ast.ImportFrom)]
    for node in imported:
        if node.module.startswith("pettingzoo"):
            home = import_module(node.module)
            assert [n.name for n in node.names if not hasattr(home, n.name)] == []


@pytest.mark.parametrize(
    "lie",
    [
        "class AECEnv:\n    def step(self, move): ...",
        "class AECEnv:\n    def undo(self, action): ...",
        "def aec_env(): ...",
    ],
)
def test_a_stub_that_lies_is_found_out(lie):
    assert untrue(import_module("pettingzoo.utils.env"), lie) != []


def completeness(package, place):
    """pyright's report of a package, asked from a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", package, *OPTIONS],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return json.loads(done.stdout)["typeCompleteness"]


needs_pyright = pytest.mark.skipif(find_spec("pyright") is None, reason="pyright is not installed")


@pytest.mark.slow
@needs_pyright
@pytest.mark.parametrize("package", ["mail_envs", "mail_wrappers", "mail_learners"])
def test_every_public_name_is_typed(package):
    report = completeness(package, ROOT)
    incomplete = [s["name"] for s in report["symbols"] if s["isExported"] and s["diagnostics"]]
    assert (report["completenessScore"], incomplete) == (1, [])


@pytest.mark.slow
@needs_pyright
def test_a_package_with_an_untyped_name_is_not_complete(tmp_path):
    package = tmp_path / "half"
    package.mkdir()
    (package / "py.typed").touch()
    (package / "__init__.py").write_text('"""Half."""\n\nwhole: int = 1\nbroken = [whole]\n')
    assert completeness("half", tmp_path)["completenessScore"] == 0.5
