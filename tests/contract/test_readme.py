"""What the README says runs as it stands."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_first_two_blocks_are_single_commands():
    blocks = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    assert [block.count("\n") for block in blocks[:2]] == [1, 1]
    assert "mail-bench run tictactoe" in blocks[0]
    assert "pytest" in blocks[1]


@pytest.mark.parametrize("place", range(len(SNIPPETS)))
def test_snippet_runs(place):
    space: dict[str, object] = {}
    exec(compile(SNIPPETS[place], f"README.md, snippet {place}", "exec"), space)  # noqa: S102
    assert space
