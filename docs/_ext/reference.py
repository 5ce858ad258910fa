"""The reference: a page per package, a section per public module, made from `__all__`.

Public is every module whose name, and whose packages' names, begin without an underscore. A name is
described where it is defined; packages that hand it on link to it. Pages are written to
`docs/reference/`, which is not committed.
"""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from public import PACKAGES, has_docstring, home_of, module_names, public_names

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

NOTHING = "This module has no public names.\n"


def pages(names: list[str]) -> dict[str, list[str]]:
    """The modules of each page: a package, and the modules that are directly in it."""
    packages = [n for n in names if hasattr(importlib.import_module(n), "__path__")]
    return {
        package: [package]
        + [n for n in names if n.rpartition(".")[0] == package and n not in packages]
        for package in packages
    }


def section(name: str, rule: str) -> str:
    """The section of one module, in reStructuredText."""
    module = importlib.import_module(name)
    lines = [name, rule * len(name), "", f".. automodule:: {name}", "   :no-members:", ""]
    here = [n for n in public_names(module) if home_of(module, n) == name]
    handed_on = [n for n in public_names(module) if n not in here]
    if handed_on:
        lines += [".. list-table::", "   :header-rows: 1", "", "   * - name", "     - described in"]
        for each in handed_on:
            home = home_of(module, each)
            target = f":py:obj:`{each} <{home}.{each}>`"
            if inspect.ismodule(getattr(module, each)):
                target = f":py:mod:`{each} <{home}>`"
            lines += [f"   * - {target}", f"     - :py:mod:`{home}`"]
        lines.append("")
    for each in here:
        lines += [*described(module, each), ""]
    return "\n".join(lines) + ("\n" if public_names(module) else f"\n{NOTHING}")


def described(module: ModuleType, name: str) -> Iterator[str]:
    """The directive that describes one name."""
    value = getattr(module, name)
    if inspect.isclass(value) and value.__name__ == name:
        yield f".. autoclass:: {module.__name__}.{name}"
        yield "   :members:"
        yield "   :show-inheritance:"
    elif has_docstring(value):
        yield f".. autofunction:: {module.__name__}.{name}"
    else:
        yield f".. autodata:: {module.__name__}.{name}"
        yield "   :no-value:"


def index(names: list[str]) -> str:
    """The page that lists the packages."""
    lines = ["Reference", "=========", ""]
    lines += ["Every public name of the three packages, described where it is defined.", ""]
    for package in PACKAGES:
        inside = [n for n in names if n == package or n.startswith(f"{package}.")]
        lines += [package, "-" * len(package), "", ".. toctree::", "   :maxdepth: 1", ""]
        lines += [*(f"   {n}" for n in inside), ""]
    return "\n".join(lines)


def write(app: "Sphinx") -> None:
    """Write what has changed and delete what is gone, before pages are read."""
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    names = [n for n in module_names() if n.rpartition(".")[2] != "__main__"]
    texts = {
        f"{package}.rst": "\n".join(section(n, "=" if n == package else "-") for n in modules)
        for package, modules in pages(names).items()
    }
    texts["index.rst"] = index(list(pages(names)))
    for old in folder.glob("*.rst"):
        if old.name not in texts:
            old.unlink()
    for file, text in texts.items():
        path = folder / file
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    app.config.nitpick_ignore = {*app.config.nitpick_ignore, *private_types(names)}


def private_types(names: list[str]) -> set[tuple[str, str]]:
    """References to what modules use in annotations and do not offer: variables of types."""
    return {
        (role, f"{name}.{each}")
        for name in names
        for each in vars(importlib.import_module(name))
        if each not in public_names(importlib.import_module(name))
        for role in ("py:class", "py:obj", "py:data")
    }


def follow(
    app: "Sphinx", env: "BuildEnvironment", node: "pending_xref", content: "nodes.TextElement"
) -> "nodes.reference | None":
    """Lead a reference by a package's name for something to where that is described."""
    if node.get("refdomain") != "py":
        return None
    holder, _, name = node["reftarget"].rpartition(".")
    if not holder.startswith(PACKAGES) or holder not in module_names():
        return None
    module = importlib.import_module(holder)
    if name not in public_names(module) or home_of(module, name) == holder:
        return None
    target = f"{home_of(module, name)}.{name}"
    domain = env.domains.python_domain
    return domain.resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], target, node, content
    )


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Write the pages when the build begins."""
    app.connect("builder-inited", write)
    app.connect("missing-reference", follow)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
