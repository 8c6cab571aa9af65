"""The index of a run: every area with its headline and reports, and what failed."""

from pathlib import Path
from typing import Any

from phm_utils.params import Workbook
from phm_utils.reports.pages import page
from phm_utils.reports.words import disclosure_words, tier_words
from phm_utils.runs import write_atomically

MANY_AREAS = 12  # from which areas are folded and can be searched
ABOUT_DATA = ("00_", "01_")  # reports on the data themselves: an area's headline comes from another, if it can


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
    searched = len(areas) > MANY_AREAS
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
        places=_places(areas, titles, rows, facts.get("places", {})),
        failures=_failures(stages, rows, areas),
        searched=searched,
        script="search.js" if searched else None,
    )
    if not path.exists() or path.read_text(encoding="utf-8") != html:
        write_atomically(path, html)


def _extract_end(facts: dict[str, Any]) -> str | None:
    return max((s["last_date"] for s in facts.get("sources", []) if s.get("last_date")), default=None)


def _places(
    areas: dict[str, str], titles: dict[str, str], rows: list[dict[str, Any]], places: dict[str, str]
) -> list[dict[str, Any]]:
    """Areas by place, those without one first; places only where there are two or more.

    places: the name of the place of each PCN, by its code.
    """
    several = len(set(places.values())) > 1
    found: dict[str, list[dict[str, Any]]] = {}
    for code, name in areas.items():
        place = places.get(code, "") if several else ""
        found.setdefault(place, []).append(_area(code, name, place, titles, rows))
    return [{"name": name, "areas": listed} for name, listed in sorted(found.items())]


def _area(code: str, name: str, place: str, titles: dict[str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """An area with its reports and their first findings."""
    mine = {row["notebook"]: row for row in rows if row["area"] == code}
    cells = [
        {
            "notebook": n,
            "state": mine[n]["state"],
            "page": mine[n]["page"],
            "href": f"{code}/{n}.html",
            "label": label(n),
            "finding": next((f["text"] for f in mine[n]["findings"] if f["level"] == "finding"), None),
        }
        for n in titles
    ]
    ready = sorted((c for c in cells if c["finding"]), key=lambda c: c["notebook"].startswith(ABOUT_DATA))
    return {
        "code": code,
        "name": name,
        "search": f"{name} {code} {place}".lower(),
        "failed": sum(c["state"] == "failed" for c in cells),
        "headline": ready[0]["finding"] if ready else None,
        "cells": cells,
    }


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
