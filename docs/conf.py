"""Settings of the documentation: `python -m sphinx -W -b html docs docs/_build/html`."""

import os
import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for the extension `pages`

project = "dynlatch"
author = "The dynlatch developers"
project_copyright = author
version = release = installed("dynlatch")

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "sphinx_gallery.gen_gallery", "myst_parser", "pages"]
exclude_patterns = ["_build", "gallery/GALLERY_HEADER.rst"]
default_role = "literal"  # what stands in single backticks is code
html_theme = "furo"
html_title = "dynlatch"
html_static_path = ["_static"]
html_css_files = ["narrow.css"]
html_js_files = ["tables.js"]
html_copy_source = False
myst_heading_anchors = 4
suppress_warnings = ["myst.xref_missing", "myst.header", "config.cache"]

autosummary_generate = False  # the pages of single names are made by `pages`
autodoc_typehints = "none"  # the docstrings say types and shapes
numpydoc_show_class_members = False

# `NO_GALLERY=1` shows all scripts without running them: a build in a minute, while words are being written.
plot_gallery = str("NO_GALLERY" not in os.environ)
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    # What does not match is shown without being run: PyTorch is no dependency of the documentation.
    "filename_pattern": r"/(theory_\d\d|use_(?!05)\d\d)_",
    "ignore_pattern": r"train_flipflop",
    "within_subsection_order": "pages.uses_first",
    "reset_argv": "pages.figure_argument",
    "matplotlib_animations": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 5,
    "write_computation_times": False,
}
