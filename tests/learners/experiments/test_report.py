"""The page of a results folder as text: whole, escaped, by itself, and the same every time."""

import gzip
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from boards_experiment import BOARDS, OPTIONS
from toy_experiment import OPTIONS as TOY_OPTIONS
from toy_experiment import TOY
from typer.testing import CliRunner

from mail_envs.errors import ForeignResultsError, InvalidOptionError, UnknownNameError
from mail_learners.experiments import command_line, run_record
from mail_learners.experiments.options import with_settings
from mail_learners.experiments.registry import load
from mail_learners.experiments.report import page, write
from mail_learners.experiments.results_folder import open_results
from mail_learners.experiments.run_record import read_runs, record_run
from mail_learners.experiments.sweep import run

VOID = {"meta", "link", "br", "img", "input", "hr"}
PLACE = "boards_experiment:BOARDS"


class Outline(HTMLParser):
    """The elements of a page, refusing what is not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "boards"
    run(BOARDS, OPTIONS, out, 1)
    record_run(out, ["somewhere/mail-bench", "run", PLACE, "--out", "a b"])
    return out


@pytest.fixture(scope="module")
def text(folder):
    return page(open_results(folder), BOARDS, PLACE)


def test_every_section_is_there_and_every_element_is_closed(text):
    outline = Outline(text)
    ids = [attributes["id"] for attributes in outline.all("section")]
    assert ids == ["curves", "comparison", "boards", "tables", "origin"]
    assert [each["href"] for each in outline.all("a")][1:] == [f"#{name}" for name in ids]


def test_ids_are_unique_and_references_have_targets(text):
    outline = Outline(text)
    ids = [each["id"] for _, each in outline.elements if "id" in each]
    assert len(ids) == len(set(ids))
    inside = re.findall(r'href="#([^"]+)"', text) + re.findall(r"url\(#([^)]+)\)", text)
    assert inside
    assert set(inside) <= set(ids)


def test_nothing_comes_from_elsewhere(text):
    outline = Outline(text)
    for _, attributes in outline.elements:
        for name in ("src", "srcset", "data", "action", "poster"):
            assert name not in attributes
    assert [each["href"] for each in outline.all("link")] == ["data:,"]
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    policy = outline.all("meta")[3]["content"]
    assert policy.startswith("default-src 'none';")
    assert "@import" not in text


def test_names_are_text_and_never_markup(text):
    assert "<b>" not in text
    assert "<mistakes>" not in text
    words = "".join(Outline(text).words)
    assert "<b>bold & 'quoted'</b>" in words
    assert "Boards & <mistakes>" in words
    assert "A < B." in words


def test_figures_and_tables_say_what_they_are(text):
    outline = Outline(text)
    pictures = [each for each in outline.all("svg") if each.get("role") == "img"]
    assert len(pictures) == 2
    assert pictures[0]["aria-label"].startswith("Loss of player 0 against games. Where lines end: ")
    assert len(pictures) + len(OPTIONS.learners) == len(outline.all("svg"))
    assert len(outline.all("table")) == len(outline.all("caption"))
    assert all("scope" in each for each in outline.all("th"))


def test_figures_take_the_pages_colours(text):
    figures = "".join(re.findall(r"<figure>.*?</figure>", text, re.DOTALL))
    assert "var(--line-0)" in figures
    assert not re.search(r"#[0-9a-fA-F]{6}\b", figures)


def test_command_and_versions_are_on_the_page(text, folder):
    words = "".join(Outline(text).words)
    assert f"mail-bench run {PLACE}" in words
    assert f"mail-bench run {PLACE} --out 'a b'" in words
    [recorded] = read_runs(folder)
    for name, version in recorded["versions"].items():
        assert name in words
        assert version in words


def test_the_bytes_are_a_function_of_the_folder(text, folder):
    assert page(open_results(folder), BOARDS, PLACE) == text


def test_packed_results_show_the_same(text, folder, tmp_path):
    kept = tmp_path / folder.name
    shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("cells", "results.csv"))
    (kept / "results.csv.gz").write_bytes(gzip.compress((folder / "results.csv").read_bytes()))
    assert page(open_results(kept), BOARDS, PLACE) == text


def test_a_sweep_with_failures_shows_their_tracebacks(tmp_path):
    flag = tmp_path / "flag"
    flag.write_text("raise")
    options = with_settings(replace(TOY_OPTIONS, learners=("bc",)), [("broken", str(flag))])
    run(TOY, options, tmp_path / "toy", 1)
    text = page(open_results(tmp_path / "toy"), TOY)
    outline = Outline(text)
    words = "".join(outline.words)
    assert outline.all("section")[0]["id"] == "failures"
    assert "1 cell failed" in words
    assert "toy: bc, seed 2" in words
    assert 'raise RuntimeError("seed 2 does not work today")' in words
    assert "unfinished: cells stored so far" in words
    assert "other versions were not recorded" in words
    assert "curves" not in {each["id"] for each in outline.all("section")}  # it plots nothing


def test_files_stand_side_by_side(folder, tmp_path):
    files = write(folder, tmp_path / "deep/page.html", PLACE, load)
    assert [path.name for path in files] == ["page.html", "page.png", "page.svg"]
    assert all(path.parent == tmp_path / "deep" for path in files)
    assert files[1].read_bytes().startswith(b"\x89PNG")


def test_folders_of_other_experiments_and_empty_ones_are_refused(folder, tmp_path):
    with pytest.raises(UnknownNameError, match="name it with --experiment"):
        write(folder, tmp_path / "page.html", "", load)
    with pytest.raises(ForeignResultsError, match="expected experiment 'toy', came 'boards'"):
        write(folder, tmp_path / "page.html", "toy_experiment:TOY", load)
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "experiment.json").write_bytes((folder / "experiment.json").read_bytes())
    with pytest.raises(ForeignResultsError, match="expected results, came none"):
        write(bare, tmp_path / "page.html", PLACE, load)
    assert list(tmp_path.iterdir()) == [bare]


@pytest.mark.parametrize("name", ["results.csv", "experiment.json", "page.png", "page"])
def test_a_page_is_no_other_file(name, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    before = {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}
    with pytest.raises(InvalidOptionError, match=r"--out: expected a file NAME\.html, came "):
        write(copy, copy / name, PLACE, load)
    assert before == {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}


def test_the_command_writes_into_the_folder(folder):
    arguments = ["report", str(folder), f"--experiment={PLACE}"]
    result = CliRunner().invoke(command_line.application, arguments)
    assert result.exit_code == 0, result.output
    assert (folder / "report.html").exists()
    refused = CliRunner().invoke(command_line.application, ["report", str(folder / "cells")])
    assert refused.exit_code == 2
    assert "cells/experiment.json: no such file" in refused.stderr


def test_runs_are_recorded_once_each(tmp_path, monkeypatch):
    record_run(tmp_path, ["mail-bench", "run", "toy"])
    record_run(tmp_path, ["/bin/mail-bench", "run", "toy"])
    assert [each["command"] for each in read_runs(tmp_path)] == ["mail-bench run toy"]
    monkeypatch.setattr(run_record, "__version__", "99.0")
    record_run(tmp_path, ["mail-bench", "run", "toy"])
    assert [each["versions"]["mail-envs"] for each in read_runs(tmp_path)][1:] == ["99.0"]
