"""The index of a run: every area and report, what failed, and the headlines."""

from pathlib import Path
from typing import Any

from phm_utils.params import Workbook
from phm_utils.reports.pages import page
from phm_utils.reports.words import disclosure_words, tier_words
from phm_utils.runs import write_atomically

HEADLINES = 1  # findings shown of each report: more would bury the table above them


def label(notebook: str) -> str:
    """`04_inequalities` as `Inequalities`, for column heads and links.

    >>> label("04_inequalities")
    'Inequalities'
    """
    return notebook.split("_", 1)[1].replace("_", " ").capitalize()


def write_index(
    path: Path,
    workbook: Workbook,
    areas: dict[str, str],
    titles: dict[str, str],
    rows: list[dict[str, Any]],
    stages: dict[str, dict[str, Any]],
    facts: dict[str, Any],
) -> None:
    """Write the index page, where it differs from the one there.

    titles: the question of each notebook. rows: one per area x notebook, see
        `report_steps.status_rows`. stages: the outcome of each ICS-level
        stage. facts: `run.json`, or empty before the first run gets there.

    >>> from datetime import date
    >>> settings = {"title": "Demoshire", "ics_code": "QZZ", "synthetic": True, "landing": "landing/demo"}
    >>> workbook = Workbook(name="demo", index_date=date(2025, 3, 31), **settings)
    >>> write_index(Path("index.html"), workbook, areas={"QZZ": "Demoshire"}, titles={}, rows=[], stages={}, facts={})
    >>> "Demoshire" in Path("index.html").read_text(encoding="utf-8")
    True
    """
    known = facts or {"data": workbook.data, "disclosure": workbook.disclosure.model_dump()}
    states = [row["state"] for row in rows]
    html = page(
        "index.html.j2",
        title=workbook.title,
        ics_code=workbook.ics_code,
        synthetic=workbook.synthetic,
        index_date=workbook.index_date.isoformat(),
        extract_end=_extract_end(facts),
        version=facts.get("version", ""),
        tier_words=tier_words(known),
        disclosure_words=disclosure_words(known),
        total=len(rows),
        ready=states.count("done"),
        failed=states.count("failed"),
        waiting=len(rows) - states.count("done") - states.count("failed"),
        notebooks=[{"label": label(n), "question": q} for n, q in titles.items()],
        areas=[_area_row(code, name, titles, rows) for code, name in areas.items()],
        failures=_failures(stages, rows, areas),
        headlines=_headlines(rows, areas),
    )
    if not path.exists() or path.read_text(encoding="utf-8") != html:
        write_atomically(path, html)


def _extract_end(facts: dict[str, Any]) -> str | None:
    return max((s["last_date"] for s in facts.get("sources", []) if s.get("last_date")), default=None)


def _area_row(code: str, name: str, titles: dict[str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    mine = {row["notebook"]: row for row in rows if row["area"] == code}
    cells = [
        {"state": mine[n]["state"], "page": mine[n]["page"], "href": f"{code}/{n}.html", "label": label(n)}
        for n in titles
    ]
    return {"code": code, "name": name, "cells": cells}


def _failures(stages: dict[str, dict[str, Any]], rows: list[dict[str, Any]], areas: dict[str, str]) -> list[dict]:
    found = [
        {"step": f"The {name} stage", "error": step.get("error", "")}
        for name, step in stages.items()
        if step.get("status") == "failed"
    ]
    return found + [
        {"step": f"{label(row['notebook'])}, {areas[row['area']]}", "error": row["error"]}
        for row in rows
        if row["state"] == "failed"
    ]


def _headlines(rows: list[dict[str, Any]], areas: dict[str, str]) -> list[dict[str, Any]]:
    found = []
    for code, name in areas.items():
        items = [
            {"text": f["text"], "href": f"{code}/{row['notebook']}.html", "label": label(row["notebook"])}
            for row in rows
            if row["area"] == code
            for f in [f for f in row["findings"] if f["level"] == "finding"][:HEADLINES]
        ]
        if items:
            found.append({"code": code, "name": name, "findings": items})
    return found
