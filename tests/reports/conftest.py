"""An executed notebook, made by hand: what a kernel would have left in it."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

TITLE = "# Who is admitted more than their age explains?\n\nFor the PCN's director."


def shown(html: str, text: str = "text"):
    return new_output("display_data", data={"text/html": html, "text/plain": text})


@pytest.fixture
def executed():
    """`executed(part, ...)`: parts are Markdown, or outputs of one code cell."""

    def make(*parts, source: str = "x = 1", tags: tuple[str, ...] = ()):
        cells = [new_markdown_cell(TITLE)]
        for part in parts:
            if isinstance(part, str):
                cells.append(new_markdown_cell(part))
            else:
                cells.append(new_code_cell(source, outputs=[part], execution_count=7, metadata={"tags": list(tags)}))
        return new_notebook(cells=cells)

    return make


@pytest.fixture
def facts() -> dict:
    return {
        "workbook": "demo",
        "title": "Demo ICS",
        "ics_code": "QZZ",
        "areas": {"QZZ": "Demo ICS", "U99001": "Harbour and Hills PCN"},
        "data": "person_level",
        "synthetic": True,
        "purpose": "population_health_management",
        "index_date": "2025-03-31",
        "geography": {"lsoa_vintage": 2021, "imd_version": "IoD2025"},
        "disclosure": {"suppress_below": 8, "round_to": 5, "min_events_for_estimate": 10, "tier": "partners"},
        "accepted": [],
        "sources": [
            {"name": "GP coded events", "state": "present", "last_date": "2025-04-30"},
            {"name": "Deaths", "state": "absent", "last_date": None},
        ],
        "practices": {"U99001": {"total": 5, "missing": [], "stale": ["Church Lane"]}},
        "people": {"QZZ": 54_120, "U99001": None},
        "governance": [
            {
                "source": "gp_extract",
                "controller": "The practices",
                "processor": "A service",
                "legal_basis": "UK GDPR 6(1)(e)",
                "purposes": "population health management",
                "agreement": "DEMO-1",
                "expires": "2035-03-31",
                "type_1_opt_out": "applied here: at each check",
                "national_data_opt_out": "",
            }
        ],
        "version": "0.1.0",
    }
