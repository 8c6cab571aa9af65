"""The tables of the data-quality report, declared for release.

A row is not a person, but a few rows of one practice may identify one:
every count goes through disclosure control like any other. `phm check`
prints the exact figures to the analyst.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, read_sql
from phm_utils.inputs.people_account import PEOPLE as PEOPLE_PART
from phm_utils.inputs.people_account import UNITS
from phm_utils.inputs.practice_caution import days_behind
from phm_utils.params import Workbook
from phm_utils.privacy.relations import AtMost, Parts, RowSum
from phm_utils.privacy.release import AREA, PLACE, Release, aggregate, count, counts, derived, key, keys
from phm_utils.tables import LINKAGE_TABLES, TABLES

LEFT_OUT_MONTHS = "left out: 12 months with data are counted"
OUTCOMES = ("rows_kept", "rows_quarantined")


def _share_filled(shown: pd.DataFrame) -> pd.DataFrame:
    return shown.assign(share=(shown["filled"] / shown["rows"].where(shown["rows"] > 0)).clip(upper=1))


def _list_gap(shown: pd.DataFrame) -> pd.DataFrame:
    published = shown["published_list_size"].where(shown["published_list_size"] > 0)
    registered = shown["registered"].where(shown["registered"] > 0)
    share = (shown["deprivation_known"] / registered).clip(upper=1)
    return shown.assign(gap=shown["registered"] / published - 1, deprivation_share=share)


ROW_COUNTS = Release(
    "quality_tables",
    "Rows kept, nulled and quarantined, one row per table of the ICS",
    (
        *(AREA, PLACE, *keys("table_name", "title", "source", "state", "first_date", "last_date")),
        *(count(name, "rows") for name in ("rows_in", "rows_kept", "rows_nulled", "rows_quarantined")),
    ),
    relations=(RowSum(OUTCOMES, "rows_in"), AtMost("rows_nulled", "rows_kept")),
)
FIELDS = Release(
    "quality_fields",
    "Faults and documented nulls, one row per table, column, rule and outcome",
    (AREA, *keys("table_name", "title", "column_name", "rule", "disposition"), count("rows", "rows")),
    may_be_empty=True,
)
COMPLETENESS = Release(
    "quality_completeness",
    "Rows kept and rows with the field filled, one row per table and column",
    (
        *(AREA, *keys("table_name", "title"), PLACE, *keys("column_name")),
        *(count("rows", "rows"), count("filled", "rows"), derived("share")),
    ),
    relations=(AtMost("filled", "rows"),),
    derive=_share_filled,
    may_be_empty=True,
)
PRACTICES = Release(
    "quality_practices",
    "Last event of each practice, and its list size in the extract and as published",
    (
        *(AREA, *keys("unit_code", "unit_name", "pcn_code", "last_event"), key("days_behind", "int")),
        *(*counts("registered", "published_list_size"), derived("gap")),
        *(count("deprivation_known"), derived("deprivation_share")),
    ),
    relations=(AtMost("deprivation_known", "registered"),),
    derive=_list_gap,
    may_be_empty=True,
)
PEOPLE = Release(
    "quality_people",
    "Everybody registered on the index date: counted in a network, or not counted for a reason",
    (AREA, PLACE, *keys("part", "unit_code", "what"), *counts("people", "registered")),
    relations=(Parts("people", ("place", "part", "unit_code", "what"), "registered"), AtMost("people", "registered")),
    may_be_empty=True,
)
SILENCE = Release(
    "quality_silence",
    "Practices, hospitals and months of which a source holds next to nothing",
    (
        *(AREA, *keys("title", "whose"), PLACE, *keys("silent", "last_month", "consequence")),
        key("left_out", "bool"),
    ),
    may_be_empty=True,
)
SOURCES = Release(
    "quality_sources",
    "Permission of each source",
    (
        *(AREA, *keys("source", "controller", "processor", "legal_basis", "purposes", "agreement", "expires")),
        *keys("type_1_opt_out", "national_data_opt_out"),
    ),
)
RELEASES = (ROW_COUNTS, FIELDS, COMPLETENESS, PRACTICES, PEOPLE, SILENCE, SOURCES)


def quality_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: rows, fields and sources of the whole ICS; completeness and practices by PCN and for the ICS."""
    ics = workbook.ics_code
    yield aggregate(ROW_COUNTS, _row_counts(con).assign(area_code=ics))
    yield aggregate(FIELDS, _titled(read_sql(con, "SELECT * FROM check_field")).assign(area_code=ics))
    yield aggregate(COMPLETENESS, _completeness(con))
    yield aggregate(PRACTICES, _practices(con, workbook))
    yield aggregate(PEOPLE, _people(con).assign(area_code=ics))
    yield aggregate(SILENCE, _silence(con).assign(area_code=ics))
    yield aggregate(SOURCES, read_sql(con, "SELECT * FROM governance_source").assign(area_code=ics))


def _titled(frame: pd.DataFrame) -> pd.DataFrame:
    """With the tables' titles; without the aggregates of `phm link`, which are not extracts."""
    frame = frame[~frame["table_name"].isin(LINKAGE_TABLES)]
    titles = {name: table.title for name, table in TABLES.items()} | {"boundary": "Outlines of small areas"}
    return frame.assign(title=frame["table_name"].map(titles))


def _row_counts(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = _titled(read_sql(con, "SELECT * FROM check_table"))
    for column in ("first_date", "last_date"):
        frame[column] = frame[column].dt.strftime("%Y-%m-%d").fillna("")
    return frame.assign(place=[[*TABLES, "boundary"].index(name) for name in frame["table_name"]])


def _completeness(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = _titled(read_sql(con, "SELECT * FROM check_completeness"))
    columns = {(t.name, c.name): place for t in TABLES.values() for place, c in enumerate(t.columns)}
    return frame.assign(place=[columns[k] for k in zip(frame["table_name"], frame["column_name"], strict=True)])


def _practices(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> pd.DataFrame:
    """Each practice, in its PCN's block and in the ICS's: a stale practice is named in both."""
    frame = read_sql(con, "SELECT * FROM check_practice")
    frame["days_behind"] = days_behind(frame["last_event_date"], workbook)
    frame["last_event"] = frame["last_event_date"].dt.strftime("%Y-%m-%d").fillna("")
    frame["practice_name"] = frame["practice_name"].fillna(frame["practice_code"])
    frame = frame.rename(columns={"practice_code": "unit_code", "practice_name": "unit_name"})
    return pd.concat([frame.assign(area_code=workbook.ics_code), frame.assign(area_code=frame["pcn_code"])])


def _people(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The account's people: one row per network, and per reason for which somebody is not counted."""
    frame = read_sql(con, "SELECT * FROM people_account ORDER BY place")
    frame = frame[frame["part"].isin([PEOPLE_PART, UNITS]) & (frame["people"] > 0)]
    return frame.assign(registered=frame["people"].sum())


def _silence(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """One row per silent practice and source, and per source or hospital with silent months."""
    practices = read_sql(
        con,
        "SELECT silent_practice.*, coalesce(practice_name, practice_code) AS whose FROM silent_practice "
        "LEFT JOIN practice USING (practice_code) ORDER BY table_name, left_out DESC, practice_code",
    )
    silent = practices["silent"].astype("str") + " of " + practices["months"].astype("str") + " months"
    last = practices["last_month"].dt.strftime("%B %Y").fillna("no rows at all")
    verdict = practices["left_out"].map({True: "its people are not counted", False: "its people are counted"})
    of_practices = practices.assign(silent=silent, last_month=last, consequence=verdict)
    months = read_sql(con, "SELECT * FROM silent_month ORDER BY ALL")
    listed = months.assign(silent=months["month"].dt.strftime("%B %Y")).groupby(["table_name", "unit"], as_index=False)
    of_months = listed["silent"].agg(", ".join).rename(columns={"unit": "whose"})
    whole = of_months["whose"] == ""
    of_months["consequence"] = whole.map({True: LEFT_OUT_MONTHS, False: "counts of these months are too low"})
    of_months["whose"] = of_months["whose"].mask(whole, "the whole source")
    frame = pd.concat([of_practices, of_months.assign(last_month="", left_out=False)], ignore_index=True)
    titles = {name: table.title for name, table in TABLES.items()}
    return frame.assign(title=frame["table_name"].map(titles), place=range(1, len(frame) + 1))
