"""The stage of rising contacts: who is rising in each activity asked for, and how many that are."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd
from pydantic import field_validator

from phm_utils.engine import Model
from phm_utils.measures.rising_counts import contact_counts, years_of
from phm_utils.methods.rising import LEAST_PEOPLE, Rising, judged_people, rising
from phm_utils.methods.rising_areas import rising_in_areas
from phm_utils.params import Code, RunParams, Workbook, of_run
from phm_utils.rules.columns import ACTIVITIES

TWO_YEARS = "two whole years of {title}"
ENOUGH_PEOPLE = "enough people with {title} in two years"
CONTACT = ("activity", "person_no", "pcn_code", "practice_code", "earlier", "later")  # then what is said of each
ESTIMATE = ("activity", "area_code", "people", "rising", "lower", "upper")


class RisingChoice(RunParams):
    """What rising contacts are asked of: parameters of 03_cohorts."""

    NOTEBOOK = "03_cohorts"

    rising_contacts: tuple[Code, ...] = of_run(
        ("mental_health_contacts",), description="Activities of which rising contacts are sought"
    )
    episode_days: int = of_run(1, ge=0, le=31, description="Days after its first contact that belong to an episode")

    @field_validator("rising_contacts")
    @classmethod
    def _are_activities(cls, asked: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in asked if name not in ACTIVITIES]:
            raise ValueError(f"no activity is called {', '.join(unknown)}; there are {', '.join(ACTIVITIES)}")
        return asked


def rising_contacts(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `rising_contact`, one row per activity and person with contacts in either year; and what it shows.

    rising_estimate: one row per activity and area: people with contacts, and how many of them are rising, with limits;
    the row of the ICS has its code. rising_stratum: how steady people are, by age and former use. rising_left_out:
    activities that this run cannot judge, and what it lacks.
    """
    chosen = RisingChoice.run_values(workbook)
    parts: dict[str, list[pd.DataFrame]] = {"contact": [], "estimate": [], "stratum": []}
    left_out = []
    for activity in chosen["rising_contacts"]:
        found = _activity(con, activity, chosen["episode_days"], workbook.ics_code)
        if isinstance(found, str):
            left_out.append((activity, found))
            continue
        for name, frame in found.items():
            parts[name].append(frame.assign(activity=activity))
    missing = pd.DataFrame(left_out, columns=["activity", "needs"]).astype("str")
    yield Model("rising_left_out", ("activity",), frame=missing)
    if parts["contact"]:
        tables = {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}
        yield Model("rising_contact", ("activity", "person_no"), frame=tables["contact"])
        yield Model("rising_estimate", ("activity", "area_code"), frame=tables["estimate"])
        yield Model("rising_stratum", ("activity", "age_band", "use_stratum"), frame=tables["stratum"])


def _activity(
    con: duckdb.DuckDBPyConnection, activity: str, episode_days: int, ics_code: str
) -> dict[str, pd.DataFrame] | str:
    """The tables of one activity, or what the run lacks for it."""
    title, _ = ACTIVITIES[activity]
    [(lacks,)] = con.execute("SELECT lacks FROM event_concept WHERE concept = $name", {"name": activity}).fetchall()
    years = years_of(con, activity)
    if lacks or years is None:
        return lacks or TWO_YEARS.format(title=title)
    counts = contact_counts(con, activity, years, episode_days)
    if judged_people(counts).sum() < LEAST_PEOPLE:
        return ENOUGH_PEOPLE.format(title=title)
    found = rising(counts)
    said = found.people[["posterior", "expected", "flagged"]]
    contact = pd.concat([counts[list(CONTACT[1:])], said], axis=1)
    return {"contact": contact, "estimate": _estimates(found, counts, ics_code), "stratum": found.strata}


def _estimates(found: Rising, counts: pd.DataFrame, ics_code: str) -> pd.DataFrame:
    """How many are rising in each PCN and in the ICS."""
    areas = rising_in_areas(found, counts["pcn_code"]).reset_index()
    judged = int(found.people["posterior"].notna().sum())
    whole = {"rising": found.share * judged, "lower": found.lower * judged, "upper": found.upper * judged}
    row: dict[str, Any] = {"area_code": ics_code, "people": judged} | whole
    return pd.concat([areas, pd.DataFrame([row])], ignore_index=True)
