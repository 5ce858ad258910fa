"""The page of a results folder in headless Chromium: quiet, readable, steppable by keyboard."""

import pytest
from boards_experiment import BOARDS, OPTIONS
from webdriver import chromium

from mail_learners.experiments.report import page
from mail_learners.experiments.results_folder import open_results
from mail_learners.experiments.sweep import run

pytestmark = pytest.mark.slow

LEFT, RIGHT, HOME, END, TAB = "\ue012", "\ue014", "\ue011", "\ue010", "\ue004"
SAID = "return document.getElementById('status').textContent"
MARKS = "return document.querySelectorAll('#board .player-0, #board .player-1').length"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("finished")
    run(BOARDS, OPTIONS, out / "boards", 1)
    (out / "report.html").write_text(page(open_results(out / "boards"), BOARDS))
    return out / "report.html"


@pytest.fixture(scope="module")
def browser():
    with chromium() as session:
        yield session


@pytest.fixture
def opened(browser, written):
    browser.resize(1600)
    browser.prefer("light")
    browser.open(written)
    return browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1600])
def test_it_is_readable_and_the_console_is_silent(opened, tmp_path, width, scheme):
    opened.resize(width)
    opened.prefer(scheme)
    widths = opened.run("return [document.scrollingElement.scrollWidth, innerWidth]")
    assert widths[1] == width
    assert widths[0] <= width
    shot = tmp_path / f"report-{width}-{scheme}.png"
    opened.screenshot(shot)
    assert shot.stat().st_size > 20_000
    assert opened.log() == []
    smallest = opened.run(
        "return Math.min(...[...document.querySelectorAll('p, th, td, li, code')]"
        ".filter(e => e.offsetParent).map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 11
    pictures = "return [...document.querySelectorAll('figure svg')].map(e => e.clientWidth)"
    assert min(opened.run(pictures)) >= 280


CONTRAST = """
const parse = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
const light = (rgb) => rgb.map(v => v / 255).map(
  v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
const card = light(parse(getComputedStyle(document.querySelector('section')).backgroundColor));
return [...document.querySelectorAll('section p, section td, section th, figcaption code')].map(
  e => ratio(light(parse(getComputedStyle(e).color)), card)
);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_as_wcag_asks(opened, scheme):
    opened.prefer(scheme)
    assert min(opened.run(CONTRAST)) >= 4.5
    background = opened.run("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(245, 246, 248)") == (scheme == "light")


def test_games_are_stepped_through_by_keyboard(opened, tmp_path):
    opened.run("document.getElementById('certificate').focus()")
    opened.press(TAB)
    assert opened.run("return document.activeElement.id") == "viewer"
    assert opened.run(SAID).startswith("Move 0 of ")
    assert opened.run(MARKS) == 0
    opened.press(RIGHT)
    opened.press(RIGHT)
    assert opened.run(SAID).startswith("Move 2 of ")
    assert opened.run(MARKS) == 2
    opened.press(LEFT)
    assert opened.run(MARKS) == 1
    opened.press("m")
    assert "This is the mistake." in opened.run(SAID)
    assert opened.run("return document.querySelectorAll('.mistake').length") == 1
    opened.screenshot(tmp_path / "mistake.png")
    opened.press(END)
    assert opened.run(SAID).endswith("The learner loses.")
    assert opened.run("return document.querySelectorAll('.winning').length") == 3
    before = opened.run(SAID)
    opened.press(RIGHT)  # there is nothing beyond
    assert opened.run(SAID) == before
    opened.press(HOME)
    opened.press(LEFT)
    assert opened.run(MARKS) == 0
    assert opened.run("return document.getElementById('status').ariaLive") == "polite"
    assert opened.log() == []


def test_the_board_says_what_it_shows_and_another_game_can_be_chosen(opened):
    opened.run("document.querySelector('[data-step=on]').click()")
    label = opened.run("return document.getElementById('board').ariaLabel")
    assert label == "Rows from the top: X empty empty; empty empty empty; empty empty empty"
    opened.run(
        "const c = document.getElementById('certificate'); c.value = '4';"
        "c.dispatchEvent(new Event('change'))"
    )
    assert opened.run(SAID).startswith("Move 0 of ")
    assert opened.run("return document.querySelectorAll('[aria-disabled=true]').length") == 2
    assert opened.log() == []


def test_a_broken_script_would_be_heard(opened, written, tmp_path):
    broken = tmp_path / "broken.html"
    broken.write_text(written.read_text().replace('"use strict";', "nonsense();"))
    opened.open(broken)
    assert any("nonsense" in entry["message"] for entry in opened.log())


def test_what_comes_from_elsewhere_is_refused(opened, written, tmp_path):
    leaky = tmp_path / "leaky.html"
    image = '<img src="http://127.0.0.1:9/x.png" alt="">'
    leaky.write_text(written.read_text().replace("<main", f"{image}<main"))
    opened.open(leaky)
    assert any("Content Security Policy" in entry["message"] for entry in opened.log())
