"""What is public, and where it is described.

Public is every module whose name, and whose packages' names, begin without an underscore, and of a
module what its `__all__` names.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any

PACKAGES = ("mail_envs", "mail_wrappers", "mail_learners")


@cache
def module_names() -> tuple[str, ...]:
    """Every public module of the three packages, packages before what they hold."""
    names: list[str] = []
    for package in PACKAGES:
        module = importlib.import_module(package)
        names.append(package)
        names += [
            found.name
            for found in pkgutil.walk_packages(module.__path__, f"{package}.")
            if not any(part.startswith("_") for part in found.name.split("."))
        ]
    return tuple(names)


def public_names(module: ModuleType) -> tuple[str, ...]:
    """What a module offers: its `__all__`."""
    return tuple(getattr(module, "__all__", ()))


def home_of(module: ModuleType, name: str) -> str:
    """The module that a public name is described in: where it is defined, if it is public there."""
    value = getattr(module, name)
    if inspect.ismodule(value):
        return value.__name__
    home = getattr(value, "__module__", None)
    if not isinstance(home, str) or not home.startswith(PACKAGES) or is_instance(value):
        home = origin(module, name)
    if home == module.__name__ or name not in public_names(importlib.import_module(home)):
        return module.__name__
    return home


def is_instance(value: Any) -> bool:  # noqa: ANN401
    """Whether a value is neither class nor function: its `__module__` is that of its class."""
    return not (inspect.isclass(value) or inspect.isroutine(inspect.unwrap(value)))


def origin(module: ModuleType, name: str) -> str:
    """The deepest module that offers the very same object under the same name."""
    value = getattr(module, name)
    prefix = f"{module.__name__}."
    inside = [n for n in sys.modules if n.startswith(prefix)]
    holders = [
        n
        for n in inside
        if name in public_names(importlib.import_module(n))
        and getattr(importlib.import_module(n), name, None) is value
    ]
    return max(holders, key=lambda n: n.count("."), default=module.__name__)


def is_described(module: ModuleType, name: str) -> bool:
    """Whether something has a docstring: its own, or for data one below its assignment."""
    value = getattr(module, name)
    return has_docstring(value) or name in described_data(module)


def has_docstring(value: Any) -> bool:  # noqa: ANN401
    """Whether a module, class or function has a docstring; data has but that of its class."""
    return not is_data(value) and bool((value.__doc__ or "").strip())


def is_data(value: Any) -> bool:  # noqa: ANN401
    """Whether something is neither module nor class nor function."""
    return not (inspect.ismodule(value) or inspect.isclass(value)) and is_instance(value)


@cache
def described_data(module: ModuleType) -> frozenset[str]:
    """The names that a module assigns to with a string below the assignment."""
    body = ast.parse(inspect.getsource(module)).body
    found: set[str] = set()
    for statement, following in pairwise(body):
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            targets = statement.targets if isinstance(statement, ast.Assign) else ()
            targets = (statement.target,) if isinstance(statement, ast.AnnAssign) else targets
            nodes = (node for target in targets for node in ast.walk(target))
            found.update(node.id for node in nodes if isinstance(node, ast.Name))
    return frozenset(found)
