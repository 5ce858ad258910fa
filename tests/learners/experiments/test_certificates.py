"""Certificates on their way through a sweep, a file and back, and what a page shows of them."""

import json
from dataclasses import replace

import pytest
from boards_experiment import BOARDS, OPTIONS
from toy_experiment import OPTIONS as TOY_OPTIONS
from toy_experiment import TOY

from mail_envs.board import LineGame, TicTacToe, find_mistake
from mail_envs.board.certificates import Mistake, NoMistake
from mail_envs.errors import ForeignResultsError
from mail_envs.protocols.asking import greedy, uniform_policy
from mail_learners.experiments.cells import Cell
from mail_learners.experiments.certificates import (
    Certificate,
    certificate,
    read_certificates,
    to_json,
)
from mail_learners.experiments.connect4 import CONNECT4
from mail_learners.experiments.options import parse_settings, with_settings
from mail_learners.experiments.report_boards import boards, frames, winning_cells
from mail_learners.experiments.store import cell_path
from mail_learners.experiments.sweep import cells_of, run

CELL = Cell.of("boards", learner="bc", features="planes", seed=3, games=10)
CONNECT = LineGame(rows=4, columns=5, in_a_row=3, gravity=True)


def mistake(game=CONNECT, player=0):
    return find_mistake(game, greedy(uniform_policy), player)


@pytest.mark.parametrize("player", [0, 1])
@pytest.mark.parametrize("game", [CONNECT, TicTacToe()])
def test_mistakes_read_back_as_they_were(tmp_path, game, player):
    found = mistake(game, player)
    assert isinstance(found, Mistake)
    path = tmp_path / "certificates.json"
    path.write_text(to_json([certificate(CELL, found, games=10)]))
    [back] = read_certificates(path)
    assert back == Certificate("bc", "planes", 3, 10, found)
    assert back.agent == f"player_{player}"


def test_absences_read_back_as_they_were(tmp_path):
    found = find_mistake(CONNECT, greedy(uniform_policy), 0, max_ply=0)
    assert isinstance(found, NoMistake)
    path = tmp_path / "certificates.json"
    path.write_text(to_json([certificate(CELL, found, games=10)]))
    assert read_certificates(path)[0].found == found


SPOILT = {
    "moves": ({"line": [9]}, "entry 0: certificate: expected legal moves"),
    "result": ({"result": 1}, "entry 0: certificate: expected result"),
    "value": ({"value": -1}, "entry 0: certificate: expected attained <= after < value"),
    "board": ({"board": {"rows": 0}}, "entry 0: TypeError"),
    "agent": ({"agent": "player_7"}, "entry 0: UnknownAgentError"),
    "prefer": ({"prefer": "taste"}, "entry 0: certificate: expected prefer"),
    "games": ({"games": "many"}, "entry 0: ValueError"),
}


@pytest.mark.parametrize(("change", "message"), SPOILT.values(), ids=SPOILT)
def test_entries_that_prove_nothing_are_refused(tmp_path, change, message):
    path = tmp_path / "certificates.json"
    path.write_text(to_json([{**certificate(CELL, mistake(), games=10), **change}]))
    with pytest.raises(ForeignResultsError) as refusal:
        read_certificates(path)
    assert f"{path}: {message}" in str(refusal.value)


@pytest.mark.parametrize("text", ["{", "{}", "[[]]"])
def test_files_of_something_else_are_refused(tmp_path, text):
    path = tmp_path / "certificates.json"
    path.write_text(text)
    with pytest.raises(ForeignResultsError, match=r"certificates\.json: "):
        read_certificates(path)


def test_a_sweep_gathers_certificates_whatever_the_order(tmp_path):
    run(BOARDS, OPTIONS, tmp_path / "a", 1)
    backwards = replace(BOARDS, cells=lambda options: BOARDS.cells(options)[::-1])
    run(backwards, OPTIONS, tmp_path / "b", 2)
    found = (tmp_path / "a/certificates.json").read_bytes()
    assert (tmp_path / "b/certificates.json").read_bytes() == found
    assert len(read_certificates(tmp_path / "a/certificates.json")) == 2 * 3 * 3
    assert found.count(b"\n") == 2 * 3 * 3 + 2  # one a line
    (tmp_path / "a/certificates.json").unlink()
    cell_path(tmp_path / "a", cells_of(BOARDS, OPTIONS)[0]).unlink()
    run(BOARDS, OPTIONS, tmp_path / "a", 1)
    assert (tmp_path / "a/certificates.json").read_bytes() == found


def test_a_sweep_without_certificates_writes_no_file(tmp_path):
    run(TOY, replace(TOY_OPTIONS, seeds=(1,), learners=("bc",)), tmp_path, 1)
    assert not (tmp_path / "certificates.json").exists()


def test_connect_four_cells_hand_back_what_they_found():
    small = ("board=4x4", "evaluation_games=2", "steps=2", "searched=200")
    options = replace(CONNECT4.defaults, seeds=(3,), games=(5,), learners=("uniform-bc",))
    options = with_settings(options, parse_settings(small, CONNECT4.settings))
    cell = cells_of(CONNECT4, options)[1]
    result = CONNECT4.run_cell(cell)
    [entry] = result.certificates
    assert entry == json.loads(json.dumps(entry))
    values = {each.metric: each.value for each in result.measurements}
    assert entry["agent"] == "player_1"
    assert (entry["found"] == "mistake") == bool(values["mistake_found/player_1"])


# ---- on a page


def test_frames_are_the_game_cell_by_cell():
    found = mistake()
    shown = frames(Certificate("bc", "planes", 3, 10, found))
    states = found.replay()
    assert len(shown["cells"]) == len(found.moves)
    for ply, state in enumerate(states):
        letters = ["."] * CONNECT.cells
        for move, cell in enumerate(shown["cells"][:ply]):
            letters[cell] = "XO"[move % 2]
        assert "".join(letters) == CONNECT.text(state).replace(" ", "").replace("\n", "")
    assert shown["mistake"] == found.ply
    assert shown["label"] == "bc [planes], player_0, seed 3, 10 games"
    with pytest.raises(TypeError, match="expected a certificate of a mistake"):
        frames(Certificate("bc", "", 1, 1, find_mistake(CONNECT, uniform_greedy, 0, max_ply=0)))


uniform_greedy = greedy(uniform_policy)


@pytest.mark.parametrize(
    ("game", "moves", "cells"),
    [
        (TicTacToe(), [0, 3, 1, 4, 2], [0, 1, 2]),
        (TicTacToe(), [2, 0, 4, 1, 6], [2, 4, 6]),
        (TicTacToe(), [0, 1, 8, 2, 4], [0, 4, 8]),
        (CONNECT, [2, 0, 2, 0, 2], [7, 12, 17]),
        (CONNECT, [0, 0, 1, 1, 2], [15, 16, 17]),
        (CONNECT, [0, 0, 4], []),
        # two lines at once: 3 and 5 are there, 4 joins them, 1 and 7 as well
        (TicTacToe(), [3, 0, 5, 2, 1, 6, 7, 8, 4], [1, 3, 4, 5, 7]),
    ],
)
def test_winning_cells_by_hand(game, moves, cells):
    assert winning_cells(game, game.play(moves)) == cells


def test_a_page_shows_every_finding_in_order():
    other = replace(mistake(), prefer="outcome")
    none = find_mistake(CONNECT, uniform_greedy, 1, max_ply=0)
    text = boards([Certificate("uniform", "", 1, 9, none), Certificate("bc", "", 1, 9, other)])
    assert text.index(">bc<") < text.index(">uniform<")
    assert "none in the first 0 plies" in text
    assert text.count("<option ") == 1
    assert boards([]) == ""
    alone = boards([Certificate("uniform", "", 1, 9, none)])
    assert "viewer" not in alone
