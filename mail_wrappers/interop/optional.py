"""Packages that a bridge needs and the base install lacks."""

from importlib import import_module
from typing import Any

from mail_envs.errors import MissingPackageError

__all__ = ["needed"]


def needed(module: str, install: str) -> Any:
    """Import a module of an optional package.

    Args:
        module: its name.
        install: the arguments of `pip install` that bring it.

    Raises:
        MissingPackageError: it is not installed, or something that it needs is not.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"{module}: expected the package to be installed, came {error}; "
            f"run: pip install {install}"
        ) from error
