"""Pages of the documentation as programs: `python -m tests.pages docs/index.md …` runs them."""

import doctest
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def snippets(path: Path) -> list[str]:
    """The Python blocks of a page, in order, each at its own line of it for tracebacks."""
    text = path.read_text(encoding="utf-8")
    return ["\n" * text[: m.start(1)].count("\n") + m[1] for m in BLOCK.finditer(text)]


def run(path: Path) -> dict[str, object]:
    """Run a page in one namespace; what it leaves behind, by name."""
    space: dict[str, object] = {"__name__": f"page_{path.stem}"}
    for code in snippets(path):
        if code.lstrip().startswith(">>>"):
            replay(code, space, path)
        else:
            exec(compile(code, str(path), "exec"), space)  # noqa: S102
    return space


def replay(session: str, space: dict[str, object], path: Path) -> None:
    """Run a session of the interpreter and compare what it shows."""
    test = doctest.DocTestParser().get_doctest(session, space, path.stem, str(path), 0)
    runner = doctest.DebugRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(test, clear_globs=False)
    space.update(test.globs)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"+ {name}")  # noqa: T201
        run(Path(name))
