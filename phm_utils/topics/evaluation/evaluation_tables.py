"""Releases of the evaluation: one effect per programme for the ICS, and each PCN's numbers."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.relations import Steps
from phm_utils.privacy.release import AREA, Release, aggregate, count, counts, estimate, key, keys

PROGRAMME = Release(
    "evaluation_programme",
    "Programmes and their rules, one row per programme",
    (
        *(AREA, *keys("intervention", "title", "programme", "rule"), key("follow_up_months", "int")),
        *(key(name, "float") for name in ("plausible_ratio", "plausible_lower", "plausible_upper")),
        *(
            *keys("plausible_source"),
            key("cost_gbp_per_year", "float"),
            *keys("reason", "silent_months"),
            count("unmatched"),
        ),
    ),
)
EFFECT = Release(
    "evaluation_effect",
    "Rate ratios of each programme, fitted for the whole ICS, one row per estimator",
    (
        *(AREA, *keys("intervention"), key("position", "int"), *keys("estimator", "label"), key("evidence", "bool")),
        *(*keys("reason"), *counts("treated", "control_people")),
        *(key("networks", "int"), key("control_networks", "int")),
        *(estimate(name, "events", people="users") for name in ("rate_ratio", "lower", "upper")),
        *(estimate(name, "events", people="users") for name in ("people_lower", "people_upper")),
        *(estimate(name, "events", people="users") for name in ("tau", "overturning_tau")),
    ),
    may_be_empty=True,
)
CHECK = Release(
    "evaluation_check",
    "Gates and checks of each programme, one row per check",
    (
        *(AREA, *keys("intervention"), key("position", "int"), *keys("check_name"), key("gate", "bool")),
        *(*keys("requirement"), key("passed", "bool"), *keys("sentence"), estimate("value", "treated")),
    ),
    may_be_empty=True,
)
BALANCE = Release(
    "evaluation_balance",
    "Standardised differences between enrolled and controls, one row per covariate",
    (
        *(AREA, *keys("intervention"), key("position", "int"), *keys("covariate")),
        *(estimate("smd_before", "treated"), estimate("smd_after", "treated")),
    ),
    may_be_empty=True,
)
TREND = Release(
    "evaluation_trend",
    "Events per person and month around enrolment, one row per month and group",
    (AREA, *keys("intervention", "people_group"), key("month", "int"), estimate("rate", "events", people="users")),
    may_be_empty=True,
)
RETURN = Release(
    "evaluation_return",
    "Return on investment of each programme, one row per measure",
    (
        *(AREA, *keys("intervention"), key("position", "int"), *keys("part", "measure", "definition", "unit")),
        *(estimate(name, "events", people="users") for name in ("value", "lower", "upper")),
    ),
    may_be_empty=True,
)
PEOPLE = Release(
    "evaluation_people",
    "People from eligible to analysed, one row per network and step",
    (AREA, *keys("intervention", "unit_code", "unit_name"), key("step", "int"), *keys("criterion"), count("people")),
    relations=(Steps("people", "step", first=2, last=6),),  # of those enrolled; 1 is eligible, 7 controls
    may_be_empty=True,
)
CONTACTS = Release(
    "evaluation_contacts",
    "Analysed people and their contacts before and after enrolment, one row per network",
    (
        *(AREA, *keys("intervention", "unit_code", "unit_name"), count("people")),
        *(count("before", "events", people="before_people"), count("after", "events", people="after_people")),
    ),
    may_be_empty=True,
)
ICS_WIDE = {
    "programme": PROGRAMME,
    "effect": EFFECT,
    "check": CHECK,
    "balance": BALANCE,
    "trend": TREND,
    "return": RETURN,
}
RELEASES = (*ICS_WIDE.values(), PEOPLE, CONTACTS)


def evaluation_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: true figures of the evaluation.

    Effects are fitted once, for the whole ICS: each PCN's block repeats them.
    The flow and the contacts are each PCN's own; the ICS's block has one
    row per PCN and one for all.
    """
    if "evaluation_programme" not in present_tables(con):
        return
    areas = _areas(con, workbook)
    tables = {name: read_sql(con, f"SELECT * FROM evaluation_{name}") for name in ICS_WIDE}
    people = tables["effect"].drop_duplicates("intervention")[["intervention", "treated"]]
    for name in ("check", "balance"):
        tables[name] = tables[name].merge(people, on="intervention")
    everywhere = areas[["unit_code"]].rename(columns={"unit_code": "area_code"})
    for name, release in ICS_WIDE.items():
        yield aggregate(release, tables[name].merge(everywhere, how="cross"))
    flow = read_sql(con, "SELECT * FROM evaluation_people")
    steps = flow[["intervention", "step", "criterion"]].drop_duplicates()
    yield aggregate(PEOPLE, _blocks(flow, steps, ["people"], areas, workbook.ics_code))
    contacts = read_sql(con, "SELECT * FROM evaluation_contacts").drop(columns="months")
    programmes = read_sql(con, "SELECT DISTINCT intervention FROM evaluation_effect")
    numbers = ["people", "before", "after", "before_people", "after_people"]
    yield aggregate(CONTACTS, _blocks(contacts, programmes, numbers, areas, workbook.ics_code))


def _areas(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> pd.DataFrame:
    """`unit_code`, `unit_name`: each PCN, then the ICS."""
    pcns = read_sql(
        con,
        "SELECT pcn_code AS unit_code, coalesce(min(pcn_name), pcn_code) AS unit_name FROM practice "
        "WHERE pcn_code IS NOT NULL GROUP BY pcn_code ORDER BY pcn_code",
    )
    return pd.concat(
        [pcns, pd.DataFrame({"unit_code": [workbook.ics_code], "unit_name": [workbook.title]})], ignore_index=True
    )


def _blocks(
    table: pd.DataFrame, rows: pd.DataFrame, counts: list[str], areas: pd.DataFrame, ics_code: str
) -> pd.DataFrame:
    """A whole grid, true zeros filled: each PCN's own row in its block, all PCNs and their sum in the ICS's."""
    pcns = areas[areas["unit_code"] != ics_code].rename(columns={"unit_code": "pcn_code"})
    grid = rows.merge(pcns, how="cross").merge(table, how="left", on=[*rows.columns, "pcn_code"])
    grid[counts] = grid[counts].fillna(0).astype("int64")
    grid = grid.rename(columns={"pcn_code": "unit_code"})
    whole = grid.groupby(list(rows.columns), as_index=False)[counts].sum()
    whole = whole.merge(areas[areas["unit_code"] == ics_code], how="cross")
    own = grid.assign(area_code=grid["unit_code"])
    return pd.concat([own, grid.assign(area_code=ics_code), whole.assign(area_code=ics_code)], ignore_index=True)
