"""Every Python block of every page runs as it stands; `test_tutorials.py` runs the tutorials'.

A page is one program: its blocks in order, in one namespace, in a folder of its own. Long ones are
marked slow.
"""

import doctest
import gc

import pytest

from tests.pages import DOCS, run, snippets

SLOW = {"connect_four.md": "fits a network and searches", "learners.md": "trains every learner"}
ELSEWHERE = ("tutorials", "reference", "_generated")
PAGES = [
    path
    for path in sorted(DOCS.rglob("*.md"))
    if path.relative_to(DOCS).parts[0] not in ELSEWHERE and snippets(path)
]


def parameter(path):
    name = str(path.relative_to(DOCS))
    return pytest.param(path, id=name, marks=[pytest.mark.slow] if name in SLOW else [])


@pytest.mark.parametrize("path", [parameter(path) for path in PAGES])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_page_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(path)
    gc.collect()  # what a page leaves open, before the next test


def test_a_page_that_fails_is_caught_with_its_line(tmp_path):
    page = tmp_path / "broken.md"
    page.write_text("# Page\n\n```python\nx = 1\n```\n\nText.\n\n```python\nx / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as caught:
        run(page)
    assert caught.traceback[-1].lineno + 1 == 10


def test_a_session_that_shows_something_else_is_caught(tmp_path):
    page = tmp_path / "broken.md"
    page.write_text("```python\n>>> x = 1\n>>> x + 1\n3\n```\n")
    with pytest.raises(doctest.DocTestFailure):
        run(page)


def test_slow_pages_are_still_there():
    names = {str(path.relative_to(DOCS)) for path in PAGES}
    assert set(SLOW) <= names
    assert len(names) >= 20
