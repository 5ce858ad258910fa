"""The site: `python -m sphinx -W -n --keep-going -b html docs build/html`.

Nothing is fetched while it is built, and nothing from elsewhere when it is read: formulas become
MathML, pictures of the environments are rendered, results pages are made from results folders, and
the reference lists what `__all__` of every module names.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "_ext")]
os.environ.setdefault("OMP_NUM_THREADS", "1")

from mail_envs import __version__  # noqa: E402

project = "mail-envs"
author = "The mail-envs authors"
project_copyright = f"{author}, MIT licence"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
    "docstrings",
    "pictures",
    "reference",
    "results",
]
exclude_patterns = ["_build", "_ext", "results/*/table.md"]
templates_path: list[str] = []
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 4
html_math_renderer = "mathml"

html_theme = "furo"
html_title = f"mail-envs {__version__}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_mock_imports = [
    name
    for name in ("datasets", "imitation", "minari", "pandas", "pyarrow", "ray", "torchrl")
    if find_spec(name) is None
]

nitpicky = True
# Types of other libraries, for which there is no inventory here; ours are checked. Names of modules
# that are no pages, type variables and local aliases come without a module.
nitpick_ignore_regex = [("py:.*", r"(?!mail_(envs|wrappers|learners)\b).*")]
