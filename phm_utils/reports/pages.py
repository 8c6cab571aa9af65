"""The Jinja templates of every page: one environment and one style sheet, read once in a process."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from phm_utils.printable import printable_lines
from phm_utils.reports.words import day, extracts, practices_summary

TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,  # every name and sentence is text, whatever it holds
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"day": day, "extracts": extracts, "practices_summary": practices_summary}
    environment.globals["css"] = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8").strip())
    return environment


def page(template: str, *, script: str | None = None, **content: Any) -> str:
    """A whole HTML page. Only what is marked as Markup is taken as HTML; characters that cannot be shown are replaced.

    script: a file of `templates`, the one script that the page may run.

    >>> "SYNTHETIC DATA" in page("frame.html.j2", synthetic=True)
    True
    """
    text = (TEMPLATES / script).read_text(encoding="utf-8") if script else ""
    admitted = {"script": Markup(text), "script_hash": script_hash(text)} if script else {"script": None}
    return printable_lines(_environment().get_template(template).render(**admitted, **content))


def script_hash(script: str) -> str:
    """The hash by which a page's policy admits one script of its own and no other.

    >>> script_hash("alert(1)")
    'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='
    """
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
