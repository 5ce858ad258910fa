"""Every public name is in the reference, once, and has a docstring."""

import importlib
import re
import sys

import pytest

from tests.pages import DOCS

sys.path.append(str(DOCS / "_ext"))
public = importlib.import_module("public")
reference = importlib.import_module("reference")

MODULES = [name for name in public.module_names() if not name.endswith("__main__")]


def imported(name):
    """A module; those that need a package that is not installed are left out, and say so."""
    return importlib.import_module(name)


def described(name):
    """The names that the section of a module describes, and those that it leads to."""
    section = reference.section(name, "=")
    here = re.findall(rf"^\.\. auto\w+:: {re.escape(name)}\.(\w+)$", section, re.MULTILINE)
    there = re.findall(r":py:\w+:`(\w+) <([\w.]+)>`", section)
    return here, there


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_described_once_and_has_a_docstring(name):
    module = imported(name)
    assert (module.__doc__ or "").strip()
    here, there = described(name)
    assert sorted([*here, *(each for each, _ in there)]) == sorted(public.public_names(module))
    assert [each for each in here if not public.is_described(module, each)] == []


def test_links_lead_to_where_the_name_is_described():
    for name in ("mail_envs", "mail_envs.markov", "mail_wrappers", "mail_learners"):
        _, there = described(name)
        assert len(there) > 5
        for each, target in there:
            home = target if target.rpartition(".")[2] == each else None
            if home is None or home in MODULES:  # a module
                assert target in MODULES
            else:
                assert each in described(target.rpartition(".")[0])[0]


def test_every_module_is_on_one_page():
    pages = reference.pages(MODULES)
    assert sorted(name for modules in pages.values() for name in modules) == sorted(MODULES)


def test_modules_that_define_something_say_what_is_public():
    assert [
        name
        for name in MODULES
        if not public.public_names(imported(name))
        and not imported(name).__file__.endswith("__init__.py")
    ] == []


def test_names_without_docstrings_are_found(tmp_path, monkeypatch):
    (tmp_path / "bare.py").write_text(
        '"""M."""\n__all__ = ["SHOWN", "BARE", "f"]\nSHOWN = {}\n"""What it is."""\n'
        "BARE = {}\ndef f():\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    bare = importlib.import_module("bare")
    assert [public.is_described(bare, name) for name in bare.__all__] == [True, False, False]
