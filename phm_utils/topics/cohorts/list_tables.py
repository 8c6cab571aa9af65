"""The stage that counts lists and what came of them: true figures by PCN and for the ICS."""

from collections.abc import Callable, Iterator

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.measures.cohort_groups import DIMENSIONS
from phm_utils.measures.list_people import (
    DEATH,
    FIRST_CONTACT,
    MOVE,
    NOT_COUNTED,
    WORKED,
    counted_sql,
    first_contacts,
    worked,
)
from phm_utils.measures.outreach_status import WORDS
from phm_utils.measures.vulnerability_model import model_names
from phm_utils.methods.competing_risks import cumulative_incidence, on_day
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas, areas_of, by_area, by_unit, counted, numbered, practice_names
from phm_utils.privacy.release import aggregate
from phm_utils.rules.derived import columns_missing
from phm_utils.topics.cohorts.list_releases import GROUP, LEFT_OUT, LISTS, PEOPLE, STATUS, TIME, UNIT

DAYS = (7, 14, 21, 28, 42, 56, 84, 112, 168)  # since the first list
FEWEST = 10  # people followed for so long, and people added since the day before that is shown


def list_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: none but the requests left out where no list is counted."""
    if "list_request" not in present_tables(con):
        return
    areas, index_date = areas_of(con, workbook.ics_code), str(workbook.index_date)
    left_out = read_sql(con, "SELECT request, left_out AS why FROM list_request WHERE left_out <> '' ORDER BY request")
    yield aggregate(LEFT_OUT, left_out.assign(area_code=areas.ics_code))
    # Lists of models of vulnerability stand in the report of those.
    listed = read_sql(con, "SELECT DISTINCT cohort FROM list_member")["cohort"]
    worked(con, index_date, set(listed) - set(model_names()))
    cohorts = read_sql(con, f"SELECT DISTINCT cohort FROM {WORKED} ORDER BY cohort")
    if cohorts.empty:
        return
    yield aggregate(LISTS, _lists(con, areas, cohorts))
    yield aggregate(STATUS, _statuses(con, areas, cohorts))
    missing = set(columns_missing(con))
    if {column for *_, column in DIMENSIONS.values()} - missing:
        yield aggregate(GROUP, _groups(con, areas, cohorts, missing))
    yield aggregate(UNIT, _units(con, areas, cohorts))
    yield aggregate(TIME, _times(first_contacts(con, index_date), areas, cohorts))


def _lists(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    people = counted(con, f"SELECT cohort, pcn_code, {counted_sql(*PEOPLE)} FROM {WORKED} GROUP BY ALL")
    days = "min(listed_on) AS first_list, max(listed_on) AS last_list"
    number = (
        f"SELECT cohort, {{area}} AS area_code, count(DISTINCT request) AS lists, {days} FROM list_member GROUP BY ALL"
    )
    of_ics = read_sql(con, number.format(area=f"'{areas.ics_code}'"))
    lists = pd.concat([read_sql(con, number.format(area="pcn_code")), of_ics], ignore_index=True)
    for name in ("first_list", "last_list"):
        lists[name] = lists[name].dt.strftime("%Y-%m-%d")
    frame = by_area(people, cohorts, areas).merge(lists, how="left", on=["area_code", "cohort"])
    none = {"lists": 0, "first_list": "", "last_list": ""}
    return frame.fillna(none).astype({"lists": "int64", "first_list": "str", "last_list": "str"})


def _statuses(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    listed = counted(con, f"SELECT cohort, pcn_code, {counted_sql('listed')} FROM {WORKED} GROUP BY ALL")
    had = counted(
        con,
        f"""
SELECT cohort, pcn_code, status, count(*) AS people
FROM (
    SELECT DISTINCT {WORKED}.cohort, pcn_code, person, status
    FROM outreach_event
    INNER JOIN {WORKED}
        ON {WORKED}.cohort = outreach_event.cohort
        AND {WORKED}.person = coalesce(CAST(outreach_event.person_no AS VARCHAR), outreach_event.reference)
) AS history
GROUP BY ALL""",
    )
    statuses = pd.DataFrame({"status": list(WORDS)})
    keys = ["cohort", "pcn_code", "status"]
    frame = listed.merge(statuses, how="cross").merge(had, how="left", on=keys).fillna({"people": 0})
    return by_area(frame, cohorts.merge(statuses, how="cross"), areas)


def _groups(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame, missing: set[str]) -> pd.DataFrame:
    parts, levels = [], []
    for name, (words, sql, column) in DIMENSIONS.items():
        if column in missing:
            continue
        level = f"CASE WHEN person.person_no IS NULL THEN '{NOT_COUNTED}' ELSE {sql} END"
        parts.append(
            counted(
                con,
                f"SELECT cohort, {WORKED}.pcn_code, '{name}' AS dimension, {level} AS level, "
                f"{counted_sql('reached', 'listed')} FROM {WORKED} LEFT JOIN person USING (person_no) GROUP BY ALL",
            )
        )
        levels.append(pd.DataFrame({"dimension": name, "level": [*words, NOT_COUNTED]}))
    frame = by_area(pd.concat(parts), cohorts.merge(pd.concat(levels), how="cross"), areas)
    sums = frame.groupby(["area_code", "cohort", "dimension"])[["reached", "listed"]].transform("sum")
    return frame.assign(all_reached=sums["reached"], all_listed=sums["listed"])


def _units(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    names = practice_names(con)
    frame = counted(con, f"SELECT cohort, practice_code, {counted_sql('reached', 'listed')} FROM {WORKED} GROUP BY ALL")
    return by_unit(frame[frame["practice_code"].isin(names["practice_code"])], names, cohorts, areas)


def _times(people: pd.DataFrame, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    """One row per area, cohort and day up to which enough people were followed."""
    parts = []
    for area in (*areas.pcn_codes, areas.ics_code):
        here = people if area == areas.ics_code else people[people["pcn_code"] == area]
        for cohort in cohorts["cohort"]:
            parts += [row | {"area_code": area, "cohort": cohort} for row in _curve(here[here["cohort"] == cohort])]
    figures, behind = ["incidence", "lower", "upper", "died", "moved"], ["contacts", "died_people", "moved_people"]
    frame = pd.DataFrame(parts, columns=["area_code", "cohort", "day", *figures, *behind])
    types = dict.fromkeys(figures, "float64") | dict.fromkeys(("day", *behind), "int64")
    return frame.astype(types | {"area_code": "str", "cohort": "str"}).merge(numbered(cohorts), on="cohort")


def _curve(people: pd.DataFrame) -> list[dict]:
    """Of the people of one cohort and area: a row per day; behind each figure, who were added since the last shown."""
    found = cumulative_incidence(people["days"], people["cause"])
    shown, rows = {FIRST_CONTACT: 0, DEATH: 0, MOVE: 0}, []
    for day in (day for day in DAYS if (people["followed"] >= day).sum() >= FEWEST):
        curves = {cause: on_day(found, cause, day) for cause in shown}
        behind = {cause: int((people["cause"].eq(cause) & people["days"].le(day)).sum()) for cause in shown}
        new = {cause: behind[cause] - shown[cause] for cause in shown}
        shown |= {cause: behind[cause] for cause in shown if new[cause] >= FEWEST}
        contact = curves[FIRST_CONTACT]
        limits = {"lower": _whole(contact["lower"], np.floor), "upper": _whole(contact["upper"], np.ceil)}
        rows.append(
            {"day": day, "incidence": _whole(contact["incidence"]), **limits, "contacts": new[FIRST_CONTACT],
             "died": _whole(curves[DEATH]["incidence"]), "died_people": new[DEATH],
             "moved": _whole(curves[MOVE]["incidence"]), "moved_people": new[MOVE]}
        )  # fmt: skip
    return rows


def _whole(share: float, to: Callable[[float], float] = np.round) -> float:
    """A share in whole per cents: of few people, more digits would tell how many there are exactly."""
    return float(to(round(100 * share, 6)) / 100)
