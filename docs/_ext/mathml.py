"""Formulas as MathML, which browsers draw by themselves: no script, no image, nothing fetched."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

SPELT = {r"\arg\max": r"\operatorname{arg\,max}", r"\arg\min": r"\operatorname{arg\,min}"}
"""Commands that the converter does not know, in those that it does."""


def mathml(latex: str, *, display: bool) -> str:
    """One formula.

    Args:
        latex: without the dollar signs.
        display: whether it stands by itself.

    Raises:
        ValueError: a command, or an alignment, that would be shown as it is written.
    """
    for command, text in SPELT.items():
        latex = latex.replace(command, text)
    converted = convert(latex.strip(), display="block" if display else "inline")
    converted = re.sub(r">\\([{}])<", r">\1<", converted)  # what stands after \Bigl and \Bigr
    if unknown := re.search(r">(\\\w+|&amp;|&)<", converted):
        raise ValueError(f"formula: {unknown[1]} has no MathML here, in {latex!r}")
    return converted


def inline(translator: Any, node: nodes.math) -> None:  # noqa: ANN401 - docutils' visitor
    """Write a formula within a line."""
    translator.body.append(mathml(node.astext(), display=False))
    raise nodes.SkipNode


def displayed(translator: Any, node: nodes.math_block) -> None:  # noqa: ANN401
    """Write a formula by itself, which scrolls where the page is too narrow for it."""
    formula = mathml(node.astext(), display=True)
    translator.body.append(f'<div class="formula" tabindex="0">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
