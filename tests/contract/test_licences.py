"""The base install, direct and transitive, holds no AGPL code, by what its packages declare."""

import re
import tomllib
from email.message import Message
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def closure(names, required):
    """Every package that installing `names` brings; `required` gives one's requirements."""
    found, waiting = set(), list(names)
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if needed and name not in found:
            found.add(name)
            waiting += required(name) or []
    return found


def licence(of):
    """What metadata say of a licence: the expression, or classifiers, or the text's first line."""
    expression = of.get("License-Expression")
    classifiers = [line for line in of.get_all("Classifier") or [] if line.startswith("License ::")]
    text = (of.get("License") or "").strip().splitlines()[:1]
    return expression or "; ".join(classifiers + text)


def refused(of):
    """Whether these metadata admit a package into the base install: not if they are silent."""
    declared = licence(of)
    return not declared or re.search("agpl|affero", declared, re.IGNORECASE) is not None


def test_the_base_install_has_no_agpl_code():
    names = closure(PROJECT["dependencies"], requires)
    assert {"numpy", "llvmlite", "bitbully-databases"} <= names  # direct and transitive ones
    assert "bitbully" not in names
    assert [name for name in sorted(names) if refused(metadata(name))] == []


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("License-Expression", "AGPL-3.0-or-later", True),
        ("License-Expression", "MIT AND AGPL-3.0-only", True),
        ("License", "GNU Affero General Public License v3", True),
        ("Classifier", "License :: OSI Approved :: GNU Affero General Public License v3", True),
        ("Classifier", "Programming Language :: Python", True),
        ("License-Expression", "BSD-3-Clause", False),
        ("Classifier", "License :: OSI Approved :: MIT License", False),
    ],
)
def test_what_is_refused(field, value, expected):
    told = Message()
    told[field] = value
    assert refused(told) is expected


def test_the_closure_follows_requirements_but_not_extras():
    tree = {"a": ["b>=1", 'c; extra == "dev"'], "b": ["A"]}
    assert closure(["a"], tree.get) == {"a", "b"}
