"""What stops a check: an extract that is read without an error and yet cannot be right.

Rows are rejected and fields emptied one by one; here they are looked at together. Each alarm has a name, by
which a parameter file may accept it (`accept`); every report then says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.errors import InputError
from phm_utils.inputs.doubts import KINDS, Doubt
from phm_utils.params import Limits, Workbook
from phm_utils.schema import Column
from phm_utils.tables import TABLES

FEWEST = 10  # rows: fewer are a mistake here and there
MANY_SILENT = 6  # of 24 months of a source
MANY = 1_000  # rows, from which one value throughout cannot be right
# Largest share of registrations that can have one value; in an ICS it is far smaller.
LARGEST_SHARE = {"sex": 0.95, "birth_month": 0.30, "token_person_id": 0.01, "lsoa": 0.95}
# Fields on which figures rest, by table: an extract (nearly) without one cannot be right. Partners may not know
# the pseudonym of many on their lists.
TOKEN = ("token_person_id",)
DECISIVE = {
    "gp_registration": (*TOKEN, "sex", "birth_month", "lsoa"),
    "gp_event": (*TOKEN, "snomed_code"),
    "apc_episode": (*TOKEN, "admimeth"),
    **dict.fromkeys(("gp_medication", "gp_appointment", "ecds_attendance", "op_attendance", "death"), TOKEN),
    **dict.fromkeys(("csds_contact", "mhsds_contact"), TOKEN),
    "area": ("imd_decile",),
}
# By kind, for a page: without figures, which would need protection.
ON_A_PAGE = {
    "not_read": "files of a name like it were not read",
    "quarantined": "many rows cannot be used",
    "emptied": "many values are faulty and count as not recorded",
    "empty": "few rows have it",
    "fewer": "far fewer rows than at the last run",
    "one_value": "nearly all rows have one and the same",
    "scale": "values are of an unusual size",
    "silent": "practices of many people send nothing",
    "months": "several months hold next to nothing",
    **KINDS,
}
LOOK = "`phm check` counts them by rule, and the quarantine holds the rejected rows as they came"


@dataclass(frozen=True)
class Alarm:
    """name: table or column and what is wrong, as `accept` has it. text: a sentence. look: what to look at."""

    name: str
    text: str
    look: str


@dataclass(frozen=True)
class Counts:
    """What the check counted: see `tally` for the columns of each. before: tables of the last run, or None. doubts: see
    `plausible`. unread: files of the landing folder that no table takes: see `landing_files.unread_files`.
    """

    tables: pd.DataFrame
    fields: pd.DataFrame
    completeness: pd.DataFrame
    before: pd.DataFrame | None
    doubts: Sequence[Doubt] = ()
    unread: pd.DataFrame | None = None


def refuse_alarms(found: list[Alarm], workbook: Workbook) -> Model:
    """`check_alarm`, one row per alarm that the parameter file accepts; InputError for the others, listing all."""
    others = [alarm for alarm in found if alarm.name not in workbook.accept]
    if others:
        listed = "\n".join(f"- {a.name}: {a.text}\n  Look at: {a.look}." for a in others)
        raise InputError(
            f"{workbook.landing} can be read, but {len(others)} thing{'s' * (len(others) > 1)} cannot be right:\n"
            f"{listed}\n"
            "Correct the extract or the mapping file. What is right after all goes by its name under `accept` in the "
            "parameter file; every report then says so."
        )
    frame = pd.DataFrame([(a.name, a.text) for a in found], columns=["name", "text"]).astype("str")
    return Model("check_alarm", ("name",), frame=frame)


def on_a_page(name: str) -> str:
    """An accepted alarm in words for readers.

    >>> on_a_page("gp_event.snomed_code:emptied")
    'GP coded events, snomed code: many values are faulty and count as not recorded'
    """
    where, kind = name.split(":")
    table, _, column = where.partition(".")
    return TABLES[table].title + (f", {column.replace('_', ' ')}" if column else "") + f": {ON_A_PAGE[kind]}"


def alarms(con: duckdb.DuckDBPyConnection, counts: Counts, workbook: Workbook) -> list[Alarm]:
    """Everything about the extract that cannot be right, in the order of the tables.

    counts: of the check just made, whose validated tables are readable in `con`.
    """
    limits = workbook.limits
    found = [
        *_not_read(counts),
        *_rejected(counts, limits),
        *_emptied(counts, limits),
        *_empty(counts, limits),
        *_fewer(counts, limits),
        *_one_value(con, counts),
        *_scale(con, counts),
        *_silent(con, limits, workbook),
    ]
    named = {alarm.name for alarm in found}
    found += [Alarm(d.name, d.text, d.look) for d in counts.doubts if d.stops and d.name not in named]
    order = list(TABLES)
    return sorted(found, key=lambda alarm: order.index(alarm.name.replace(":", ".").split(".")[0]))


def _not_read(counts: Counts) -> Iterator[Alarm]:
    """Files that are called almost like a table, and may be a part of it that would be missing."""
    if counts.unread is None:
        return
    for table, files in counts.unread.query("table_name != ''").groupby("table_name")["path"]:
        text = "files with a name like it that are not read: " + ", ".join(files.head(3)) + " ..." * (len(files) > 3)
        yield Alarm(f"{table}:not_read", text, "whether they belong to it: `files` in the mapping names them")


def _present(counts: Counts) -> pd.DataFrame:
    present = counts.tables.query("state == 'present'")
    return present[present["table_name"].isin(TABLES)]


def _rejected(counts: Counts, limits: Limits) -> Iterator[Alarm]:
    faults = counts.fields.query("disposition == 'quarantined' and rule != 'repeated key'")
    by_table = faults.groupby("table_name")["rows"].sum()
    for row in _present(counts).itertuples():
        rejected, rows = int(by_table.get(row.table_name, 0)), row.rows_in - row.rows_withheld
        if not rejected or not rows:
            continue
        all_gone = row.rows_kept == 0
        if all_gone or (rejected >= FEWEST and rejected / rows > limits.quarantined):
            rules = faults[faults["table_name"] == row.table_name].nlargest(3, "rows")
            most = "; ".join(f"{r.column_name}, {r.rule}: {r.rows:,}" for r in rules.itertuples())
            text = f"{rejected:,} of {rows:,} rows ({rejected / rows:.0%}) cannot be used ({most})"
            yield Alarm(f"{row.table_name}:quarantined", text, LOOK)


def _emptied(counts: Counts, limits: Limits) -> Iterator[Alarm]:
    nulled = counts.fields.query("disposition == 'nulled'").groupby(["table_name", "column_name"])
    filled = _filled(counts)
    for (table, column), faults in nulled:
        rows = int(faults["rows"].sum())
        had = rows + int(filled["filled"].get((table, column), 0))
        if rows >= FEWEST and rows / had > limits.emptied:
            rules = ", ".join(faults.nlargest(2, "rows")["rule"])
            text = f"{rows:,} of {had:,} values ({rows / had:.0%}) are faulty and were emptied ({rules})"
            yield Alarm(f"{table}.{column}:emptied", text, LOOK)


def _filled(counts: Counts) -> pd.DataFrame:
    """`rows` and `filled` of the whole extract by table and column."""
    return counts.completeness.groupby(["table_name", "column_name"])[["rows", "filled"]].max()


def _empty(counts: Counts, limits: Limits) -> Iterator[Alarm]:
    filled = _filled(counts)
    for table, name in ((t, n) for t, names in DECISIVE.items() for n in names if (t, n) in filled.index):
        rows, have = (int(filled.loc[(table, name), column]) for column in ("rows", "filled"))
        if rows >= FEWEST and have / rows < limits.filled:
            text = f"{have:,} of {rows:,} rows have it, and figures rest on it"
            yield Alarm(f"{table}.{name}:empty", text, "the column in the extract, and its name in the mapping file")


def _fewer(counts: Counts, limits: Limits) -> Iterator[Alarm]:
    if counts.before is None:
        return
    now = _present(counts).set_index("table_name")["rows_kept"]
    before = counts.before.query("state == 'present'").set_index("table_name")["rows_kept"]
    for table, rows in before[before.index.isin(TABLES)].items():
        kept = int(now.get(table, 0))
        if rows >= MANY and kept < rows * (1 - limits.drop):
            text = f"{kept:,} rows, and {rows:,} at the last run"
            yield Alarm(f"{table}:fewer", text, "files that are missing or cut short; practices that sent nothing")


def _one_value(con: duckdb.DuckDBPyConnection, counts: Counts) -> Iterator[Alarm]:
    for row in _present(counts).itertuples():
        day = TABLES[row.table_name].date
        if day and day != "list_date" and row.rows_kept >= MANY and row.first_date == row.last_date:
            text = f"all {row.rows_kept:,} rows have the day {row.first_date:%d %B %Y}"
            yield Alarm(f"{row.table_name}.{day}:one_value", text, "whether it is the day of the export")
    if "gp_registration" not in set(_present(counts).query(f"rows_kept >= {MANY}")["table_name"]):
        return
    columns = [c.name for c in TABLES["gp_registration"].columns if c.name in LARGEST_SHARE]
    there = {c for c, *_ in con.execute("DESCRIBE gp_registration").fetchall()}
    for name in (c for c in columns if c in there):
        [(most, filled)] = con.execute(
            f"SELECT coalesce(max(n), 0), coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM gp_registration "
            f"WHERE {name} IS NOT NULL GROUP BY {name})"
        ).fetchall()
        if filled and most / filled > LARGEST_SHARE[name]:
            text = f"{most:,} of {filled:,} registrations ({most / filled:.0%}) have one and the same"
            yield Alarm(f"gp_registration.{name}:one_value", text, "a default or a filler in the extract")


def _scale(con: duckdb.DuckDBPyConnection, counts: Counts) -> Iterator[Alarm]:
    present = set(_present(counts)["table_name"])
    for table in (t for t in TABLES.values() if t.name in present):
        for column in (c for c in table.columns if c.typical):
            yield from _off_scale(con, table.name, column)


def _off_scale(con: duckdb.DuckDBPyConnection, table: str, column: Column) -> Iterator[Alarm]:
    frame = read_sql(
        con, f"SELECT count({column.name}) AS n, quantile_disc({column.name}, 0.5) AS middle FROM {table}"
    ).iloc[0]
    low, high = column.typical or (None, None)
    if frame["n"] >= FEWEST and not low <= frame["middle"] <= high:
        text = f"its median is {frame['middle']:,.0f} {column.unit}; between {low:,} and {high:,} is plausible"
        yield Alarm(f"{table}.{column.name}:scale", text, "its unit, such as pounds for pence or hours for minutes")


def _silent(con: duckdb.DuckDBPyConnection, limits: Limits, workbook: Workbook) -> Iterator[Alarm]:
    """Sources that do not hold the records of many people's practices, or of several of the last 12 months."""
    if workbook.form != "pseudonymised":  # the check of what `phm link` makes of it will say
        return
    day = f"DATE '{workbook.index_date}'"
    shares = con.execute(
        "WITH list AS (SELECT practice_code, count(*) AS people FROM gp_registration "
        f"WHERE registered_from <= {day} AND coalesce(registered_to, {day}) >= {day} GROUP BY ALL) "
        "SELECT table_name, sum(people)::BIGINT, (SELECT sum(people) FROM list)::BIGINT, count(*) "
        "FROM silent_practice INNER JOIN list USING (practice_code) WHERE left_out GROUP BY ALL ORDER BY ALL"
    ).fetchall() if "gp_registration" in present_tables(con) else []  # fmt: skip
    for table, people, registered, practices in shares:
        if people / registered > limits.silent:
            text = (
                f"{practices} practices with {people:,} of {registered:,} people ({people / registered:.0%}) are silent"
            )
            yield Alarm(f"{table}:silent", text, "which practices the supplier sent; their people are not counted")
    months = con.execute(
        "SELECT table_name, count(*) FROM silent_month "
        f"WHERE unit = '' AND month BETWEEN {day} - INTERVAL 24 MONTHS AND {day} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    for table, silent in months:
        if silent >= MANY_SILENT:
            text = f"{silent} of the last 24 months hold next to nothing"
            yield Alarm(f"{table}:months", text, "the files of those months; windows of counts leave them out")
