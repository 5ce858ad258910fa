"""Docstrings, made ready for reStructuredText.

They are written to be read as they stand: names in single backticks, bars and stars as mathematics
uses them, now and then a table in Markdown. Formulas, literal blocks and examples stay untouched.
"""

import inspect
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


KEPT = re.compile(
    r"(``.+?``|:[\w:]+:`[^`]*`|`[^`]+`_?_?|\*\*[^\s*](?:[^*]*[^\s*])?\*\*|(?<!\w)\*[^\s*][^*]*\*(?!\w))",
    re.DOTALL,
)
"""What is markup: code, roles, links, bold and emphasised words."""

RULE = re.compile(r"^\s*=+( +=+)+\s*$", re.MULTILINE)
"""A line above or below the rows of a table."""


def prepared(lines: list[str]) -> list[str]:
    """The lines of a docstring with everything escaped that only looks like markup."""
    out: list[str] = []
    prose: list[str] = []
    for line, literal in zip(lines, literally(lines), strict=True):
        kind = "literal" if literal else "row" if is_row(line) else "prose" if line.strip() else ""
        if kind != "prose" and prose:
            out += escaped("\n".join(prose)).split("\n")
            prose = []
        if kind == "prose":
            prose.append(line)
        else:
            out.append(f"\0{line}" if kind == "row" else line)
    out += escaped("\n".join(prose)).split("\n") if prose else []
    return tables(out)


def literally(lines: list[str]) -> list[bool]:
    """Which lines belong to literal blocks, directives or examples, which end by themselves."""
    found: list[bool] = []
    outside: int | None = None  # the indentation that a block is deeper than
    example = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if outside is not None and line.strip() and indent <= outside:
            outside = None
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        found.append(example or outside is not None)
        opens = line.rstrip().endswith("::") or line.lstrip().startswith(".. ")
        if opens and not found[-1]:
            outside, found[-1] = indent, True
    return found


def escaped(prose: str) -> str:
    """A paragraph whose bars, lone stars and trailing underscores mean themselves."""
    parts = KEPT.split(re.sub(r"(?m)^(\s*)\* ", r"\1- ", prose))
    for place in range(0, len(parts), 2):
        text = re.sub(r"(?<!\\)([|*])", r"\\\1", parts[place])
        text = re.sub(r"(?<=\w)_(?!\w)", r"\\_", text)
        parts[place] = f"\\ {text}" if place and re.match(r"\w", text) else text
    if RULE.search(prose):
        return "".join(parts)  # code as it stands: columns are where they are
    for place in range(1, len(parts), 2):
        if re.fullmatch(r"`[^`]+`", parts[place]):
            parts[place] = f"`{parts[place]}`"  # code
    return "".join(parts)


def tables(lines: list[str]) -> list[str]:
    """The lines with every run of rows, marked by a null, made into a list-table."""
    out: list[str] = []
    rows: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("\0"):
            rows.append(line[1:])
            continue
        out += list_table(rows) if rows else []
        rows = []
        out.append(line)
    return out[:-1]


def is_row(line: str) -> bool:
    """Whether a line is a row of a Markdown table."""
    stripped = line.strip()
    return len(stripped) > 1 and stripped[0] == "|" and stripped[-1] == "|"


def list_table(rows: list[str]) -> list[str]:
    """A Markdown table as a list-table."""
    indent = rows[0][: len(rows[0]) - len(rows[0].lstrip())]
    cells = [re.split(r"(?<!\\)\|", row.strip()[1:-1]) for row in rows]
    kept = [row for row in cells if not all(re.fullmatch(r"\s*:?-+:?\s*", c) for c in row)]
    out = ["", f"{indent}.. list-table::", f"{indent}   :header-rows: 1", ""]
    for row in kept:
        for place, cell in enumerate(row):
            mark = "* -" if place == 0 else "  -"
            out.append(f"{indent}   {mark} {escaped(cell.strip())}")
    return [*out, ""]


def process(app: "Sphinx", what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:  # noqa: ANN401
    """Prepare a docstring in place, before Google's sections are read."""
    del app, name, options
    borrowed = inspect.cleandoc(getattr(obj, "__doc__", None) or "")
    if what == "data" and "\n".join(lines).strip() == borrowed.strip():
        lines[:] = [shown(obj)]  # the docstring of its type
        return
    lines[:] = prepared(lines)
    if what in ("attribute", "data", "property"):
        lines.insert(0, "")  # or napoleon takes what stands before a colon for a type


def shown(value: Any) -> str:  # noqa: ANN401
    """A value in place of a description."""
    text = " ".join(repr(value).split())
    return f"``{text[:200]}``" if "`" not in text else ""


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Come before `sphinx.ext.napoleon`."""
    app.connect("autodoc-process-docstring", process, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
