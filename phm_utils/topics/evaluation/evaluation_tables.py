"""What the evaluation lets out: one effect per programme for everybody, and each PCN's own numbers."""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.release import Release


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """The evaluation's tables, declared for release.

    Effects are fitted once, for the whole ICS: each PCN's block repeats them.
    The flow and the contacts are each PCN's own; the ICS's block has one
    row per PCN and one for all.
    """
    there = {name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    if "evaluation_programme" not in there:
        return []
    areas = _areas(con, workbook)
    return [*_for_everybody(con, areas), *_by_network(con, areas, workbook.ics_code)]


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


def _for_everybody(con: duckdb.DuckDBPyConnection, areas: pd.DataFrame) -> list[Release]:
    tables = {name: read_sql(con, f"SELECT * FROM evaluation_{name}") for name in
              ("programme", "effect", "check", "balance", "trend", "return")}  # fmt: skip
    people = tables["effect"].drop_duplicates("intervention")[["intervention", "treated"]]
    for name in ("check", "balance"):
        tables[name] = tables[name].merge(people, on="intervention")
    spread = {name: table.merge(areas[["unit_code"]].rename(columns={"unit_code": "area_code"}), how="cross")
              for name, table in tables.items()}  # fmt: skip
    key = ("area_code", "intervention", "position")
    described = [c for c in tables["programme"] if c not in ("intervention", "unmatched")]
    return [
        Release(
            "evaluation_programme",
            "Programmes and the rules by which they are judged, one row per programme",
            spread["programme"],
            ("area_code", "intervention", *described),
            counts=("unmatched",),
        ),
        Release(
            "evaluation_effect",
            "Rate ratios of each programme, fitted for the whole ICS, one row per estimator",
            spread["effect"],
            (*key, "estimator", "label", "evidence", "reason"),
            counts=("treated", "control_people"),
            estimates=dict.fromkeys(("rate_ratio", "lower", "upper"), "events"),
        ),
        Release(
            "evaluation_check",
            "Gates and checks of each programme, one row per check",
            spread["check"],
            (*key, "check_name", "gate", "requirement", "passed", "sentence"),
            estimates={"value": "treated"},
        ),
        Release(
            "evaluation_balance",
            "Standardised differences between enrolled and controls, one row per covariate",
            spread["balance"],
            (*key, "covariate"),
            estimates={"smd_before": "treated", "smd_after": "treated"},
        ),
        Release(
            "evaluation_trend",
            "Events per person and month around enrolment, one row per month and group",
            spread["trend"],
            ("area_code", "intervention", "people_group", "month"),
            estimates={"rate": "events"},
        ),
        Release(
            "evaluation_return",
            "Return on investment of each programme, one row per measure",
            spread["return"],
            (*key, "part", "measure", "definition", "unit"),
            estimates=dict.fromkeys(("value", "lower", "upper"), "events"),
        ),
    ]


def _by_network(con: duckdb.DuckDBPyConnection, areas: pd.DataFrame, ics_code: str) -> list[Release]:
    flow = read_sql(con, "SELECT * FROM evaluation_people")
    steps = flow[["intervention", "step", "criterion"]].drop_duplicates()
    contacts = read_sql(con, "SELECT intervention, pcn_code, people, before, after FROM evaluation_contacts")
    programmes = read_sql(con, "SELECT DISTINCT intervention FROM evaluation_effect")
    unit = ("area_code", "intervention", "unit_code", "unit_name")
    return [
        Release(
            "evaluation_people",
            "People from eligible to analysed, one row per network and step",
            _blocks(flow, steps, ["people"], areas, ics_code),
            (*unit, "step", "criterion"),
            counts=("people",),
        ),
        Release(
            "evaluation_contacts",
            "Analysed people and their contacts before and after enrolment, one row per network",
            _blocks(contacts, programmes, ["people", "before", "after"], areas, ics_code),
            unit,
            counts=("people", "before", "after"),
        ),
    ]


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
