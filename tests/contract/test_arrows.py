"""The arrows between the rooms, kept by reading every import of every module.

A checker needs tests that fail: for each rule there is a broken twin of the sources that it must
reject.
"""

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

import mail_envs

ROOT = Path(mail_envs.__file__).parents[1]  # where the packages lie, installed or not
PACKAGES = ("mail_envs", "mail_wrappers", "mail_learners")

PEERS = ("bitbully",)
"""AGPL: for cross-checks alone."""
LEARNING = ("torch", "stable_baselines3", "sb3_contrib", "imitation")
TABLES = ("minari", "pandas", "pyarrow")
SLOW = (*LEARNING, *TABLES, "numba", "scipy", "pygame")
"""What no import of the base packages may load."""

LAYERS = {
    "errors, protocols": ("mail_envs.drawing", "mail_envs.errors", "mail_envs.protocols"),
    "doors to the truth": ("mail_envs.truth",),
    "rules": (
        "mail_envs.board.batch",
        "mail_envs.board.features",
        "mail_envs.board.games",
        "mail_envs.board.kernels",
        "mail_envs.board.lockstep",
        "mail_envs.board.positions",
        "mail_envs.board.rendering",
        "mail_envs.board.rules",
        "mail_envs.markov.checks",
        "mail_envs.markov.dynamics",
        "mail_envs.markov.model",
    ),
    "solvers": (
        "mail_envs.board.best_response",
        "mail_envs.board.book_kernels",
        "mail_envs.board.certificates",
        "mail_envs.board.mistakes",
        "mail_envs.board.opening_book",
        "mail_envs.board.search",
        "mail_envs.board.search_bits",
        "mail_envs.board.search_bounds",
        "mail_envs.board.search_engine",
        "mail_envs.board.search_kernels",
        "mail_envs.board.search_memory",
        "mail_envs.board.search_questions",
        "mail_envs.board.solver",
        "mail_envs.markov",
    ),
    "experts": ("mail_envs.experts",),
    "environments": (
        "mail_envs.board.environments",
        "mail_envs.board.vector",
        "mail_envs.guarding",
        "mail_envs.markov.environments",
        "mail_envs.markov.movers",
        "mail_envs.markov.vector",
        "mail_envs.window",
    ),
    "registration": ("mail_envs.registration",),
}
"""Inside mail_envs, lowest first; the longest name that fits places a module.

Doors (`mail_envs.…_v0`) stand with the environments. A package that is not named is as high as
what it imports.
"""
ORDER = list(LAYERS)
PLACES = {name: ORDER.index(layer) for layer, names in LAYERS.items() for name in names}


class Import(NamedTuple):
    target: str  # the module that is imported
    when: str  # "import": with the module; "use": inside a function; "types": for checkers alone


def sources(root=ROOT):
    """Module name → source of every module of the three packages; packages end in `.__init__`."""
    files = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path.read_text() for path in files
    }


def plain(module):
    return module.removesuffix(".__init__")


def imports(module, everything):
    """What a module imports, with submodules told from names."""
    known = {plain(name) for name in everything}
    package = plain(module) if module.endswith("__init__") else module.rpartition(".")[0]
    found = []

    def visit(node, when):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            when = "use" if when == "import" else when
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                visit(child, "types")
            for child in node.orelse:
                visit(child, when)
            return
        found.extend(Import(target, when) for target in _targets(node, package, known))
        for child in ast.iter_child_nodes(node):
            visit(child, when)

    visit(ast.parse(everything[module]), "import")
    return found


def _targets(node, package, known):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        inside = [f"{base}.{alias.name}" for alias in node.names]
        return [name if name in known else base for name in inside]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("import_module", "__import__")
    ):
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
    return []


def within(module, names):
    return any(module == name or module.startswith(f"{name}.") for name in names)


def crossings(everything):
    """Imports over the borders of the packages that no arrow allows."""
    wrong = []
    for module in everything:
        for target, _ in imports(module, everything):
            room = module.split(".")[0]
            window = () if module == "mail_envs.window" else ("pygame",)
            forbidden = {
                "mail_envs": (
                    *PEERS,
                    *LEARNING,
                    *TABLES,
                    *window,
                    "mail_wrappers",
                    "mail_learners",
                ),
                "mail_wrappers": (*PEERS, "mail_learners"),
                "mail_learners": PEERS,
            }[room]
            if room == "mail_wrappers":
                if within(target, ("mail_envs",)) and not within(
                    target, ("mail_envs.errors", "mail_envs.protocols")
                ):
                    wrong.append(f"{module} imports {target}")
                if within(target, (*LEARNING, *TABLES)) and not within(
                    module, ("mail_wrappers.interop",)
                ):
                    wrong.append(f"{module} imports {target}")
            if within(target, forbidden):
                wrong.append(f"{module} imports {target}")
    return wrong


def height(module, everything):
    """The layer of a module of mail_envs, as an index; None without a place."""
    if module.rpartition(".")[2].endswith("_v0"):
        return ORDER.index("environments")
    fitting = [name for name in PLACES if within(module, [name])]
    if f"{module}.__init__" in everything and module not in PLACES:
        inside = [
            t for t, _ in imports(f"{module}.__init__", everything) if within(t, ["mail_envs"])
        ]
        places = [height(target, everything) for target in inside]
        return max((place for place in places if place is not None), default=0)
    return PLACES[max(fitting, key=len)] if fitting else None


def climbs(everything):
    """Imports inside mail_envs that go upwards, and modules without a place."""
    wrong = []
    for module in everything:
        if not within(module, ["mail_envs"]) or module.endswith("__init__"):
            continue
        own = height(module, everything)
        if own is None:
            wrong.append(f"{module} has no place among the layers")
            continue
        for target, when in imports(module, everything):
            if within(target, ["mail_envs"]) and when != "types":
                if target == "mail_envs":
                    wrong.append(f"{module} imports the package that imports it")
                elif (height(target, everything) or 0) > own:
                    wrong.append(f"{module} imports {target}")
    return wrong


def loaded(root, everything):
    """Everything that importing `root` loads, directly or not: module → who imports it."""
    seen, waiting = {}, [(root, "")]
    while waiting:
        module, by = waiting.pop()
        parts = module.split(".")
        for name in (".".join(parts[: i + 1]) for i in range(len(parts))):
            if name in seen:
                continue
            seen[name] = by
            source = next((n for n in (name, f"{name}.__init__") if n in everything), None)
            if source:
                waiting += [
                    (t, name) for t, when in imports(source, everything) if when == "import"
                ]
    return seen


def heavy(everything):
    """Slow packages that importing a base package would load."""
    wrong = []
    for root in ("mail_envs", "mail_wrappers"):
        seen = loaded(root, everything)
        wrong += [f"{seen[m]} loads {m} on import {root}" for m in seen if m.split(".")[0] in SLOW]
    return wrong


@pytest.mark.parametrize("rule", [crossings, climbs, heavy])
def test_the_house_keeps_its_arrows(rule):
    assert rule(sources()) == []


def test_every_module_is_read():
    modules = sources()
    assert {"mail_envs.experts", "mail_wrappers.novelty", "mail_learners.learning"} <= set(modules)


def test_the_closure_reaches_what_the_package_loads():
    reached = loaded("mail_envs", sources())
    assert {"mail_envs.board.rules", "mail_envs.registration", "gymnasium", "numpy"} <= set(reached)


BROKEN = [
    (crossings, "mail_envs.experts", "import torch"),
    (crossings, "mail_envs.experts", "def f():\n    import pygame"),
    (crossings, "mail_envs.board.rules", "from mail_wrappers import QueryBudget"),
    (crossings, "mail_envs.board.search", "def f():\n    import bitbully"),
    (crossings, "mail_learners.learning", "from bitbully import BitBully"),
    (crossings, "mail_envs.truth", "def f():\n    import_module('stable_baselines3')"),
    (crossings, "mail_wrappers.labels", "from mail_envs.board import LineGame"),
    (crossings, "mail_wrappers.labels", "from mail_envs import experts"),
    (crossings, "mail_wrappers.labels", "import mail_envs"),
    (crossings, "mail_wrappers.novelty", "import torch"),
    (crossings, "mail_wrappers.decisions", "def f():\n    import pandas"),
    (crossings, "mail_wrappers.interop.imitation", "import mail_learners.cloning"),
    (climbs, "mail_envs.board.rules", "from mail_envs.board.solver import solver"),
    (climbs, "mail_envs.board.rules", "from .solver import solver"),
    (climbs, "mail_envs.board.rules", "from mail_envs.board import solver"),
    (climbs, "mail_envs.board.solver", "def f():\n    from mail_envs.experts import PerfectExpert"),
    (climbs, "mail_envs.protocols.asking", "from mail_envs.board import LineGame"),
    (climbs, "mail_envs.truth", "from mail_envs.board.rules import LineGame"),
    (climbs, "mail_envs.experts", "from mail_envs.board.environments import LineGameEnv"),
    (climbs, "mail_envs.board.environments", "import mail_envs.registration"),
    (climbs, "mail_envs.experts", "from mail_envs import nash_gap"),
    (climbs, "mail_envs.somewhere", ""),
    (crossings, "mail_envs.window", "import torch"),
    (heavy, "mail_envs.board.rules", "import pygame"),
    (heavy, "mail_envs.board.positions", "import numba"),
    (heavy, "mail_envs.board.positions", "from scipy.optimize import linprog"),
    (heavy, "mail_envs.board.positions", "class A:\n    import scipy"),
    (heavy, "mail_wrappers.budget", "import mail_wrappers.interop.stable_baselines3"),
]


@pytest.mark.parametrize(("rule", "module", "line"), BROKEN)
def test_a_house_with_one_wrong_import_is_rejected(rule, module, line):
    everything = sources()
    everything[module] = f"{everything.get(module, '')}\n{line}\n"
    assert rule(everything) != []


HARMLESS = [
    (heavy, "mail_envs.board.positions", "def f():\n    import numba"),
    (
        heavy,
        "mail_envs.board.positions",
        "if TYPE_CHECKING:\n    from scipy.sparse import csr_array",
    ),
    (climbs, "mail_envs.board.solver", "from mail_envs.board import LineGame, batch"),
    (crossings, "mail_learners.learning", "from mail_envs.board.solver import solver"),
    (crossings, "mail_wrappers.interop.stable_baselines3.dqn", "import stable_baselines3"),
]


@pytest.mark.parametrize(("rule", "module", "line"), HARMLESS)
def test_allowed_imports_are_not_rejected(rule, module, line):
    everything = sources()
    everything[module] = f"{everything[module]}\n{line}\n"
    assert rule(everything) == []
