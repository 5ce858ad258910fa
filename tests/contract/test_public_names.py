"""Every public name says what it is; linters see functions and classes, here constants as well."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

import mail_envs
from tests.contract.public_names import passed_over, undescribed

ROOT = Path(mail_envs.__file__).parents[1]  # where the packages lie, installed or not
PACKAGES = ("mail_envs", "mail_wrappers", "mail_learners")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]

FRONT = (
    *("mail_envs", "mail_envs.board", "mail_envs.markov", "mail_envs.markov.library"),
    *("mail_envs.markov.coverage", "mail_envs.protocols", "mail_wrappers", "mail_wrappers.checks"),
    *("mail_learners", "mail_learners.markov"),
    *sorted(f"mail_envs.{path.stem}" for path in (ROOT / "mail_envs").glob("*_v0.py")),
)
"""Where users import from: what they find there documents its parameters."""


def homes(package):
    """Module → names that a package hands on from there."""
    module, found = import_module(package), {}
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            found.setdefault(value.__module__, set()).add(value.__name__)
    return {home: names for home, names in found.items() if home.startswith(PACKAGES)}


def test_every_constant_and_alias_is_described():
    wrong = {str(path.relative_to(ROOT)): undescribed(path.read_text()) for path in FILES}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize("package", FRONT)
def test_what_users_import_documents_its_parameters(package):
    for home, names in homes(package).items():
        source = Path(import_module(home).__file__).read_text()
        assert passed_over(source, names) == []


@pytest.mark.parametrize("package", FRONT)
def test_every_name_is_there_and_documented(package):
    module = import_module(package)
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"{package}.{name}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('__all__ = ["A"]\nA = 1\n', ["A"]),
        ('__all__ = ["A"]\nA: int = 1\nB = 2\n"""Of B."""\n', ["A"]),
        ('__all__ = ["A", "B"]\nA, B = 1, 2\nC = 3\n', ["A", "B"]),
        ('__all__ = ["A", "B"]\nA: int\n"""One."""\nB: int\n"""Two."""\nA, B = 1, 2\n', []),
        ("A = 1\n", []),
    ],
)
def test_a_constant_without_a_description_is_found(source, found):
    assert undescribed(source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('def f(a, *, b):\n    """Adds `a`."""\n', ["f(b)"]),
        ('class f:\n    """Adds."""\n\n    def __init__(self, a, b): ...\n', ["f(a)", "f(b)"]),
        ('def f(a, b):\n    """Adds `a` and `b`."""\n', []),
        ('def f(a):\n    """Negates a number."""\n', []),
        ("def g(a, b): ...\n", []),
    ],
)
def test_a_parameter_that_is_passed_over_is_found(source, found):
    assert passed_over(source, {"f"}) == found
