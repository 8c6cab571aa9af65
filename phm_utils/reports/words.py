"""Sentences about a run that reports share."""

from datetime import date
from typing import Any

TIERS = {
    "partners": "For partners under agreement; not for publication.",
    "public": "For the public: PCN level and above.",
}


def day(iso: str) -> str:
    """`2025-03-31` as `31 March 2025`.

    >>> day("2025-03-31")
    '31 March 2025'
    """
    when = date.fromisoformat(iso)
    return f"{when.day} {when:%B %Y}"


def tier_words(facts: dict[str, Any]) -> str:
    """Who may read the report.

    >>> tier_words({"data": "published"})
    'Made from published official statistics; free to share.'
    """
    if facts.get("data") == "published":
        return "Made from published official statistics; free to share."
    return TIERS[facts["disclosure"]["tier"]]


def disclosure_words(facts: dict[str, Any]) -> str:
    """How small numbers are suppressed, and what that does not protect against yet.

    >>> disclosure_words({"disclosure": {"suppress_below": 8, "round_to": 5}}).split(".")[0]
    'Counts of 1 to 7 are shown as *, others rounded to 5'
    """
    if facts.get("data") == "published":
        return "Official statistics, shown as published."
    policy = facts["disclosure"]
    return (
        f"Counts of 1 to {policy['suppress_below'] - 1} are shown as *, others rounded to {policy['round_to']}. "
        "This does not yet protect against subtracting one table from another."
    )


def extracts(sources: list[dict[str, Any]]) -> str:
    """The end date of each extract, or one date for all; published files have theirs in their names.

    >>> source = {"name": "Hospital", "state": "present", "last_date": "2025-03-31"}
    >>> extracts([source])
    'Hospital to 31 March 2025'
    """
    if not any(source["last_date"] for source in sources):
        return "; ".join(source["name"] for source in sources)
    by_day: dict[str, list[str]] = {}
    for source in sources:
        if source["state"] == "present" and source["last_date"]:
            by_day.setdefault(source["last_date"], []).append(source["name"])
    if len(by_day) == 1:
        [(last, names)] = by_day.items()
        return f"Every extract ends on {day(last)}" if len(names) > 1 else f"{names[0]} to {day(last)}"
    return "; ".join(f"{', '.join(names)} to {day(last)}" for last, names in sorted(by_day.items(), reverse=True))


def practices_summary(practices: dict[str, Any]) -> str:
    """The number of practices, and which have no data or old data.

    >>> practices_summary({"total": 12, "missing": ["Elm Surgery"], "stale": []})
    '12 practices; not counted, as their data are missing: Elm Surgery'
    """
    total, missing, stale = practices["total"], practices["missing"], practices["stale"]
    summary = f"{total} practice{'s' if total != 1 else ''}"
    if not practices.get("dated", True):
        without = f"; nobody registered with {', '.join(missing)}" if missing else ""
        return f"{summary}{without}; how recent their data are is not known without GP coded events"
    if not missing and not stale:
        return f"{summary}, all with up-to-date data"
    if missing:
        summary += f"; not counted, as their data are missing: {', '.join(missing)}"
    return summary + (f"; old data from {', '.join(stale)}" if stale else "")
