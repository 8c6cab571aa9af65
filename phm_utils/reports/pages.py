"""The Jinja templates of every page: one environment and one style sheet, read once in a process."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

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


def page(template: str, **content: Any) -> str:
    """A whole HTML page. Only what is marked as Markup is taken as HTML.

    >>> "SYNTHETIC DATA" in page("frame.html.j2", synthetic=True)
    True
    """
    return _environment().get_template(template).render(**content)
