"""Certificates of a page: games one can step through, and what was found of every policy."""

import json
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any

from mail_envs.board.certificates import Mistake, NoMistake
from mail_envs.board.rules import LineGame, State
from mail_learners.experiments.certificates import Certificate
from mail_learners.experiments.report_tables import table

__all__ = ["boards", "frames", "winning_cells"]

MARKS = "XO"

HEAD = ("policy", "seed", "games", "player", "found", "moves")


def boards(certificates: Sequence[Certificate]) -> str:
    """A viewer of all mistakes, and a table of everything that was found; "" for nothing."""
    if not certificates:
        return ""
    ordered = sorted(certificates, key=_order)
    mistakes = [each for each in ordered if isinstance(each.found, Mistake)]
    lines = [_line(each) for each in ordered]
    found = table("What a search for first mistakes found", HEAD, lines, words=True)
    viewer = f"<div>{_viewer(mistakes)}</div>" if mistakes else ""
    return f'<div class="tables">{viewer}{found}</div>'


def frames(certificate: Certificate) -> dict[str, Any]:
    """A mistake as the page's script draws it.

    Returns:
        `label`, `rows`, `columns`, `gravity`, `player`; the `actions` and the row-major `cells`
        that they mark; `mistake`, which move it is, from 0; `winning`, the cells of lines at the
        end; `verdict` and `ending` in words.
    """
    found = certificate.found
    if not isinstance(found, Mistake):
        raise TypeError(f"frames: expected a certificate of a mistake, came {found!r}")
    states = found.replay()
    game = found.game
    return {
        "label": _label(certificate),
        "rows": game.rows,
        "columns": game.columns,
        "gravity": game.gravity,
        "player": found.player,
        "actions": list(found.moves),
        "cells": [_marked(game, *pair) for pair in pairwise(states)],
        "mistake": found.ply,
        "winning": winning_cells(game, states[-1]),
        "verdict": found.text().partition("\n")[0],
        "ending": {1: "wins", 0: "draws", -1: "loses"}[found.result],
    }


def winning_cells(game: LineGame, state: State) -> list[int]:
    """The cells, row-major and ascending, of all lines of the player who has just moved."""
    marks, found = state.other, set[int]()
    for shift in (1, game.stride - 1, game.stride, game.stride + 1):
        for first in range(game.bits):
            line = [first + place * shift for place in range(game.in_a_row)]
            if all(marks >> bit & 1 for bit in line):
                found |= {game.bit_cells[bit] for bit in line}
    return sorted(found)


def _order(certificate: Certificate) -> tuple[str, str, int, int, str]:
    """As rows of `results.csv`."""
    c = certificate
    return c.learner, c.features, c.seed, c.games, c.agent


def _marked(game: LineGame, before: State, after: State) -> int:
    """The cell that a move marks."""
    bit = (before.mover | before.other) ^ (after.mover | after.other)
    return game.bit_cells[bit.bit_length() - 1]


def _viewer(certificates: Sequence[Certificate]) -> str:
    data = [frames(each) for each in certificates]
    options = "".join(
        f'<option value="{place}">{escape(each["label"])}</option>'
        for place, each in enumerate(data)
    )
    content = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f'<label class="choice">Game <select id="certificate">{options}</select></label>'
        '<div id="viewer" class="viewer" tabindex="0" role="group" '
        'aria-label="Board: step with the arrow keys, Home and End" '
        'aria-describedby="keys"><p id="verdict"></p><div id="board" role="img"></div>'
        '<p id="status" role="status" aria-live="polite"></p><div class="steps">'
        '<button type="button" data-step="first">First</button>'
        '<button type="button" data-step="back">← Back</button>'
        '<button type="button" data-step="on">On →</button>'
        '<button type="button" data-step="mistake">Mistake</button>'
        '<button type="button" data-step="last">Last</button></div>'
        '<p id="keys" class="quiet">Keys: ← → step, Home and End jump, M goes to the mistake.</p>'
        f'</div><script type="application/json" id="games">{content}</script>'
    )


def _label(certificate: Certificate) -> str:
    return (
        f"{_policy(certificate)}, {certificate.agent}, seed {certificate.seed}, "
        f"{certificate.games} games"
    )


def _policy(certificate: Certificate) -> str:
    features = certificate.features
    return f"{certificate.learner} [{features}]" if features else certificate.learner


def _line(certificate: Certificate) -> list[str]:
    found = certificate.found
    who = [_policy(certificate), str(certificate.seed), str(certificate.games)]
    player = f"{certificate.agent} ({MARKS[found.player]})"
    if isinstance(found, NoMistake):
        what = "none at all" if found.complete else f"none in the first {found.depth} plies"
        return [*who, player, what, f"{found.positions} positions searched"]
    line, rest = (" ".join(map(str, moves)) for moves in (found.line, found.continuation))
    return [*who, player, f"a mistake after {found.ply} plies", f"{line} | {rest}"]
