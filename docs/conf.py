"""The site: `make docs` builds it from these pages, runs the notebooks and the gallery, and needs no network."""

import hashlib
import os
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from latex2mathml.converter import convert

from dwcore import __version__

HERE = Path(__file__).parent
PACKAGES = ("dwcore", "llg", "compact", "arraysim", "dwsynapse", "data", "docs/gallery")


def sources_digest() -> str:
    """Return what changes with the code and data, so that outputs of notebooks are kept no longer than these."""
    found = hashlib.sha256()
    for path in sorted(path for folder in PACKAGES for path in (HERE.parent / folder).rglob("*") if path.is_file()):
        if "__pycache__" not in path.parts:
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


project, author, release = "dwsynapse", "The dwsynapse developers", __version__
copyright = author
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["gallery/*.md"]
html_theme, html_title = "furo", f"dwsynapse {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4
nb_execution_mode, nb_execution_timeout, nb_execution_raise_on_error = "cache", 600, True
nb_execution_cache_path = str(HERE.parent / "build" / "notebooks" / sources_digest())
nb_execution_in_temp = True
# Cells find the command beside this Python whether or not its environment is activated, and the scripts of the gallery.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE / "gallery"), os.environ.get("PYTHONPATH"))))
autodoc_typehints, autodoc_member_order = "description", "bysource"
napoleon_google_docstring, napoleon_use_rtype = True, False


class CommandHelp(Directive):
    """The help of one command, as the command prints it: `.. command-help:: train`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the help as a literal block."""
        from dwsynapse.command_line import build_parser

        text = build_parser(self.arguments[0]).format_help()
        return [nodes.literal_block(text, text, language="none")]


def show_inline(writer, node) -> None:
    """Write a formula within a line as MathML, which browsers draw themselves."""
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def show_block(writer, node) -> None:
    """Write a formula of its own as MathML."""
    writer.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app) -> None:
    """Add what this site has of its own."""
    app.add_directive("command-help", CommandHelp)
    app.add_html_math_renderer("mathml", (show_inline, None), (show_block, None))
    sys.path.insert(0, str(HERE / "gallery"))
