"""No page picks a unit because it is the most extreme: which may be named is decided in one place."""

import ast
from pathlib import Path

import pytest

import phm_utils

PACKAGE = Path(phm_utils.__file__).parent
EXTREMES = {"idxmax", "idxmin", "argmax", "argmin", "nlargest", "nsmallest", "furthest", "beyond_chance"}
PAGES = sorted(PACKAGE.rglob("*_page.py"))


def extremes_in(source: str) -> list[str]:
    """Names by which a page would pick the most extreme unit, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom | ast.Import) else []
        names += [node.attr] if isinstance(node, ast.Attribute) else [node.id] if isinstance(node, ast.Name) else []
        found += [f"{name} (line {node.lineno})" for name in names if name in EXTREMES]
    return found


def test_there_are_pages_to_look_at():
    assert len(PAGES) > 25


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_page_picks_the_most_extreme(page):
    assert extremes_in(page.read_text(encoding="utf-8")) == []


def test_a_page_that_did_would_be_found():
    assert extremes_in("from phm_utils.reports.findings import furthest\nrow = known.loc[known['x'].idxmax()]") == [
        "furthest (line 1)", "idxmax (line 2)",
    ]  # fmt: skip
