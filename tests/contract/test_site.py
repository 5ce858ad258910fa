"""The site's parts on small examples; and, slow, the whole of it: no warning, no broken link."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from mail_learners.experiments.records import Measurement, write_results
from mail_learners.experiments.results_folder import open_results
from tests.pages import DOCS

sys.path.append(str(DOCS / "_ext"))
docstrings = importlib.import_module("docstrings")
links = importlib.import_module("links")
results = importlib.import_module("results")

RESULTS = DOCS / "results"


# ---- links


def site(folder, **pages):
    for name, body in pages.items():
        (folder / f"{name}.html").write_text(f"<html><body>{body}</body></html>")
    return folder


def test_links_to_files_and_elements_that_are_there_pass(tmp_path):
    found = site(
        tmp_path,
        one='<a href="two.html#here">x</a><a href="#top" id="top">x</a>',
        two='<p id="here"><a href="https://arxiv.org/abs/1">x</a><img src="one.html">',
    )
    assert links.broken_links(found) == []


@pytest.mark.parametrize("link", ["three.html", "two.html#gone", "#gone", "pictures/x.png"])
def test_links_that_lead_nowhere_are_found(tmp_path, link):
    found = site(tmp_path, one=f'<a href="{link}">x</a>', two="<p id='here'>")
    assert links.broken_links(found) == [f"one.html: {link}"]


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/x.css">',
        '<img src="https://example.org/x.png">',
    ],
)
def test_what_is_fetched_from_elsewhere_is_found(tmp_path, tag):
    assert len(links.fetched(site(tmp_path, one=tag))) == 1
    assert links.fetched(site(tmp_path, one='<a href="https://example.org">x</a>')) == []


# ---- docstrings


@pytest.mark.parametrize(
    ("line", "prepared"),
    [
        ("P(s'|s, a) and |S|", "P(s'\\|s, a) and \\|S\\|"),
        ("`a | b` and a * b", "``a | b`` and a \\* b"),
        ("**bold** and *slanted* words", "**bold** and *slanted* words"),
        ("two `Solver`s, a_ trailing", "two ``Solver``\\ s, a\\_ trailing"),
        (":math:`V_{h}|_x` stays", ":math:`V_{h}|_x` stays"),
    ],
)
def test_prose_is_escaped(line, prepared):
    assert docstrings.prepared([line]) == [prepared]


def test_formulas_blocks_and_examples_stay():
    lines = [
        ".. math:: a | b_",
        "          c * d",
        "",
        "text::",
        "",
        "    x | y",
        "",
        ">>> f(a_) | g",
        "| out |",
        "",
    ]
    assert docstrings.prepared(lines) == lines


def test_markdown_tables_become_list_tables():
    table = "\n".join(docstrings.prepared(["| a | b |", "|---|---|", "| 1 | `x` |"]))
    assert "list-table" in table
    assert "* - a\n     - b\n   * - 1\n     - ``x``" in table


# ---- formulas


def test_formulas_become_mathml_or_are_refused():
    pytest.importorskip("latex2mathml")
    mathml = importlib.import_module("mathml").mathml
    assert mathml(r"\arg\max_a \Bigl\{ x \Bigr\}", display=True).count("\\") == 0
    with pytest.raises(ValueError, match="has no MathML"):
        mathml(r"a &= b", display=True)
    with pytest.raises(ValueError, match="has no MathML"):
        mathml(r"\unheardof x", display=False)


# ---- results


@pytest.fixture
def folder(tmp_path):
    """A results folder of the grid with two seeds of one learner."""
    source = next(RESULTS.glob("*/experiment.json"))
    text = source.read_text().replace(
        f'"experiment": "{source.parent.name}"', '"experiment": "grid"'
    )
    (tmp_path / "experiment.json").write_text(text)
    rows = [
        Measurement("grid/3x3", "lsvi-ucb-zero-bc", "one-hot", seed, 20, 400, metric, value)
        for metric in ("nash_gap/maximum", "nash_gap/total")
        for seed, value in ((0, 1.0), (1, 2.0))
    ]
    write_results(tmp_path / "results.csv", rows)
    return tmp_path


def test_results_page_has_table_command_and_the_peers_beside(folder):
    peers = results.read_peers(RESULTS / "peers.csv")
    page = results.page(open_results(folder), peers, "plot.svg")
    assert page.startswith("# Grid game")
    assert "```{image} plot.svg" in page
    assert "| lsvi-ucb-zero-bc [one-hot] | 20 | 0.9 ± 1.3 (4) | 1.500 ± 6.353 (2) |" in page
    assert page.count("(4) |") == 1  # no other row has anything of ours beside it
    assert "## Command and versions" in page


def test_a_peer_of_something_else_does_not_stand_beside():
    ours = Measurement("grid/3x3", "lsvi-ucb-zero-bc", "one-hot", 0, 20, 1, "nash_gap/maximum", 0.0)
    peer = results.Peer("grid/3x3", "lsvi-ucb-zero-bc", "", 20, "nash_gap/maximum", 1, 0, 4, "x")
    assert peer.beside(ours)
    others = {"learner": "bc", "features": "relational", "games": 10, "metric": "nash_gap/total"}
    assert not any(peer._replace(**{key: value}).beside(ours) for key, value in others.items())


def test_peers_with_other_columns_are_refused(tmp_path):
    path = tmp_path / "peers.csv"
    path.write_text("experiment,value\ngrid,1\n")
    with pytest.raises(ValueError, match="expected columns"):
        results.read_peers(path)


def test_committed_folders_are_small_and_complete():
    folders = [path.parent for path in RESULTS.glob("*/experiment.json")]
    assert folders
    for found in folders:
        assert open_results(found).ended
        assert open_results(found).runs
        assert sum(path.stat().st_size for path in found.rglob("*")) < 2_000_000


# ---- citation


def test_citation_has_the_version():
    from mail_envs import __version__

    text = (DOCS.parent / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in text
    assert all(number in text for number in ("2505.17610", "2510.09325", "2602.22810"))


# ---- all of it


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_its_links_lead_somewhere(tmp_path):
    for package in ("sphinx", "myst_parser", "furo", "latex2mathml"):
        pytest.importorskip(package, reason='pip install "mail-envs[docs]"')
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "--keep-going", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert built.returncode == 0, built.stderr
    assert links.broken_links(tmp_path / "html") == []
    assert links.fetched(tmp_path / "html") == []
    page = (tmp_path / "html" / "theory" / "concentrability.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "$" not in page.partition("<article")[2].partition("</article>")[0]
