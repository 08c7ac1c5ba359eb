"""Sphinx configuration; the build needs no network."""

import re

from latex2mathml.converter import convert

import sklstm

project = "sklstm"
author = "The sklstm developers"
copyright = "2026, The sklstm developers"
version = release = sklstm.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "examples"]
templates_path = ["_templates"]
default_role = "literal"
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}

html_theme = "pydata_sphinx_theme"
html_title = f"sklstm {version}"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_static_path = ["_static"]
html_css_files = ["custom.css"]
# Pages without a section have no sidebar; an empty one would take their room.
WITHOUT_SECTION = (
    "index", "getting_started", "benchmarks", "how_it_is_built", "changelog", "search", "genindex",
    "_modules/**",
)  # fmt: skip
html_sidebars = {name: [] for name in WITHOUT_SECTION}
html_show_sourcelink = False
html_math_renderer = "mathml"  # which browsers show without a script, or a network

autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_typehints = "none"  # the docstrings say more
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "auto_examples/backreferences",  # for the pages of what examples use
    "doc_module": ("sklstm",),
    "image_srcset": ["2x"],  # for dense screens
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
}


def skip_members_of_others(app, what, name, member, skip, options):
    """Leave out inherited methods whose docstrings refer to scikit-learn's own user guide."""
    inherited = (getattr(member, "__module__", None) or "").startswith("sklearn")
    refers = ":ref:" in (member.__doc__ or "") and not name.endswith("_request")
    return skip or (inherited and refers) or None


def unlink_requests(app, what, name, obj, options, lines):
    """Write as text what ``set_fit_request`` and the like refer to on scikit-learn's site."""
    if name.endswith("_request"):
        role = r":(?:ref|term):`([^`<]*?)\s*(?:<[^`]*>)?`"
        lines[:] = [re.sub(role, r"\1", line) for line in lines if "versionadded" not in line]


def visit_math(translator, node):
    """Write a formula as MathML."""
    from docutils.nodes import SkipNode

    formula, is_block = node.astext(), node.tagname == "math_block"
    if is_block and ("&" in formula or r"\\" in formula):
        formula = rf"\begin{{split}}{formula}\end{{split}}"
    mathml = convert(formula, display="block" if is_block else "inline")
    translator.body.append(f'<div class="math">{mathml}</div>' if is_block else mathml)
    raise SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.connect("autodoc-skip-member", skip_members_of_others)
    app.connect("autodoc-process-docstring", unlink_requests)
