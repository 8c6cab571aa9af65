"""Practices, hospitals and months of which an extract holds (nearly) nothing, although it should.

A practice that sends nothing is not a practice without illness: its people are left out of what its records tell, in
numerators and denominators. A month without data is left out of the months counted.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, quote, read_sql
from phm_utils.params import Workbook
from phm_utils.tables import TABLES

GP_TABLES = ("gp_event", "gp_medication", "gp_appointment")
MONTHS = 12  # looked at, up to the last that the source holds
LEAST_SHARE = 0.10  # of the rows expected: fewer are silence
FEWEST_EXPECTED = 20  # rows a month: where fewer are expected, none may be chance
SILENT_MONTHS = 3  # of a practice: from here on it cannot be counted; fewer are named
FEWEST_ROWS = 1_000  # of a source, from which its months are compared
KNOWN_UNITS = 0.5  # share of rows with a practice, below which the practice is looked up in the registrations
PRACTICE_TYPES = {
    "table_name": "str", "practice_code": "str", "months": "int64", "silent": "int64", "last_month": "datetime64[s]",
    "left_out": "bool",
}  # fmt: skip
MONTH_TYPES = {"table_name": "str", "unit": "str", "month": "datetime64[s]", "rows": "int64", "usual": "float64"}
LEFT_OUT = "SELECT practice_code FROM silent_practice WHERE left_out"


def silent_practices(con: duckdb.DuckDBPyConnection, months: pd.DataFrame, workbook: Workbook) -> Model:
    """`silent_practice`: one row per GP table and practice with a silent month among the last MONTHS.

    months: from `Tally.month_counts`. Columns: `months` looked at, `silent` ones among them, `last_month` with data,
    and `left_out`: SILENT_MONTHS or all of them are silent. A month is silent where it has fewer than LEAST_SHARE of
    the rows that the practice's list leads to expect, at the mean of all practices.
    """
    there = set(months["table_name"]) if "gp_registration" in present_tables(con) else set()
    parts = [_of_table(con, table, months, workbook) for table in GP_TABLES if table in there]
    frame = pd.concat([pd.DataFrame(columns=list(PRACTICE_TYPES)), *parts], ignore_index=True)
    return Model("silent_practice", ("table_name", "practice_code"), frame=frame.astype(PRACTICE_TYPES))


def _of_table(con: duckdb.DuckDBPyConnection, table: str, months: pd.DataFrame, workbook: Workbook) -> pd.DataFrame:
    rows = months[months["table_name"] == table]
    if rows.loc[rows["unit"].notna(), "rows"].sum() < KNOWN_UNITS * rows["rows"].sum():
        rows = _by_registration(con, table, workbook)
    looked_at = _last_months(rows, workbook)
    if not looked_at:
        return pd.DataFrame(columns=list(PRACTICE_TYPES))
    lists = _list_sizes(con, looked_at, workbook)
    sent = rows.pivot_table(index="unit", columns="month_no", values="rows", aggfunc="sum")
    sent = sent.reindex(index=lists.index, columns=looked_at).fillna(0)
    expected = lists * (sent.sum() / lists.sum().clip(lower=1))
    judged = expected >= FEWEST_EXPECTED
    silent = judged & (sent < LEAST_SHARE * expected)
    heard = rows[rows["rows"] >= 1].groupby("unit")["month_no"].max().reindex(lists.index)
    found = pd.DataFrame({
        "table_name": table, "practice_code": lists.index, "months": judged.sum(axis=1), "silent": silent.sum(axis=1),
        "last_month": [pd.NaT if pd.isna(m) else _first_day(int(m)) for m in heard],
    })  # fmt: skip
    found["left_out"] = (found["silent"] >= SILENT_MONTHS) | (found["silent"] == found["months"])
    return found[found["silent"] > 0]


def _first_day(month_no: int) -> pd.Timestamp:
    return pd.Timestamp(month_no // 12, month_no % 12 + 1, 1)


def _last_months(rows: pd.DataFrame, workbook: Workbook) -> list[int]:
    """The MONTHS up to the last whole month in which the source as a whole sent its usual number of rows."""
    end = pd.Timestamp(workbook.index_date)
    last_whole = end.year * 12 + end.month - (1 if (end + pd.Timedelta(days=1)).day == 1 else 2)
    by_month = rows[rows["month_no"] <= last_whole].groupby("month_no")["rows"].sum()
    recent = by_month[by_month.index > last_whole - 2 * MONTHS]
    full = recent[recent >= 0.5 * recent.median()] if len(recent) else recent
    if full.empty:
        return []
    last = int(full.index.max())
    return [m for m in range(last - MONTHS + 1, last + 1) if m >= int(by_month.index.min())]


def _list_sizes(con: duckdb.DuckDBPyConnection, looked_at: list[int], workbook: Workbook) -> pd.DataFrame:
    """People registered at the beginning of each month, by practice of the ICS with people on the index date."""
    begins = {m: f"DATE '{_first_day(m):%Y-%m-%d}'" for m in looked_at}
    counts = ", ".join(
        f"count(*) FILTER (WHERE registered_from <= {day} AND coalesce(registered_to, {day}) >= {day}) AS m{m}"
        for m, day in begins.items()
    )
    now = f"DATE {quote(workbook.index_date.isoformat())}"
    frame = read_sql(
        con,
        f"SELECT registration.practice_code, {counts} FROM gp_registration AS registration "
        "INNER JOIN practice ON practice.practice_code = registration.practice_code AND practice.of_ics "
        f"GROUP BY ALL HAVING bool_or(registered_from <= {now} AND coalesce(registered_to, {now}) >= {now}) "
        "ORDER BY ALL",
    )
    return frame.set_index("practice_code").set_axis(looked_at, axis=1).astype("float64")


def _by_registration(con: duckdb.DuckDBPyConnection, table: str, workbook: Workbook) -> pd.DataFrame:
    """As `Tally.month_counts` for a table whose rows do not name the practice: that of the person's registration."""
    person = "token_person_id" if workbook.form == "pseudonymised" else "nhs_number"
    day = TABLES[table].date
    return read_sql(
        con,
        f"WITH holder AS (SELECT {person} AS person, arg_max(practice_code, (registered_from, registration_id)) "
        f"AS unit FROM gp_registration WHERE {person} IS NOT NULL GROUP BY ALL) "
        f"SELECT '{table}' AS table_name, holder.unit, year({day}) * 12 + month({day}) - 1 AS month_no, "
        f"count(*) AS rows, max({day}) AS last_day FROM {table} "
        f"INNER JOIN holder ON holder.person = {table}.{person} GROUP BY ALL",
    )


def silent_months(months: pd.DataFrame, workbook: Workbook) -> Model:
    """`silent_month`: one row per source and month, of the last 48, without its usual rows.

    `unit` is '' for the whole source, else a hospital. `rows` that there are, and `usual`: the median month's. Months
    before the source begins and after its last row are not silent. Hospitals with a tenth of the source's rows are
    looked at for themselves.
    """
    end = workbook.index_date.year * 12 + workbook.index_date.month - 1
    within = months[(months["month_no"] <= end) & (months["month_no"] > end - 48)]
    found = [row for table, rows in within.groupby("table_name") for row in _silent_of(str(table), rows)]
    frame = pd.DataFrame(found, columns=list(MONTH_TYPES)).astype(MONTH_TYPES)
    return Model("silent_month", ("table_name", "unit", "month"), frame=frame)


def _silent_of(table: str, rows: pd.DataFrame) -> Iterator[tuple]:
    whole, last = rows.groupby("month_no")["rows"].sum(), _last_whole_month(rows)
    gaps = _gaps(whole, last)
    yield from ((table, "", _first_day(m), int(n), usual) for m, n, usual in gaps)
    if table in GP_TABLES:
        return
    of_source = {m for m, *_ in gaps}
    for unit, own in rows.dropna(subset="unit").groupby("unit"):
        by_month = own.groupby("month_no")["rows"].sum()
        if by_month.sum() >= LEAST_SHARE * whole.sum():
            yield from (
                (table, str(unit), _first_day(m), int(n), u) for m, n, u in _gaps(by_month, last) if m not in of_source
            )


def _last_whole_month(rows: pd.DataFrame) -> int:
    """The last month of a source that is whole: its last row is of the month's last day, or of a later month."""
    last = pd.Timestamp(rows["last_day"].max())
    number = last.year * 12 + last.month - 1
    return number if (last + pd.Timedelta(days=1)).day == 1 else number - 1


def _gaps(by_month: pd.Series, last: int) -> list[tuple[int, int, float]]:
    """Whole months from the first usual one to the last that have too few rows: number, rows, and the usual rows."""
    if by_month.sum() < FEWEST_ROWS or last <= int(by_month.index.min()):
        return []
    usual = float(by_month.median())
    first = int(by_month[by_month >= LEAST_SHARE * usual].index.min())
    inside = by_month.reindex(range(first, last + 1), fill_value=0)
    return [(int(m), int(n), usual) for m, n in inside[inside < LEAST_SHARE * usual].items()]
