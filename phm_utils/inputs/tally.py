"""Counts of rows and fields by outcome, behind `phm check` and the data-quality report."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, quote, read_sql
from phm_utils.errors import StepFailed
from phm_utils.params import Workbook
from phm_utils.rules.restricted_codes import RESTRICTED
from phm_utils.schema import Table
from phm_utils.tables import TABLES

CHECKED_TABLE, REJECTED_TABLE = "checked_rows", "rejected_rows"  # the rows in hand; those of them that are rejected
TABLE_COLUMNS = (
    "table_name",
    "source",
    "state",
    "rows_in",
    "rows_kept",
    "rows_nulled",
    "rows_quarantined",
    "rows_withheld",
    "first_date",
    "last_date",
)
FIELD_COLUMNS = ("table_name", "column_name", "rule", "disposition", "rows")
FILL_COLUMNS = ("table_name", "column_name", "practice_code", "rows", "filled")


PRACTICE_TYPES = {
    "practice_code": "str",
    "pcn_code": "str",
    "practice_name": "str",
    "last_event_date": "datetime64[us]",
    "registered": "Int64",
    "deprivation_known": "Int64",
    "published_list_size": "Int64",
}


def practice_column(table: Table) -> str | None:
    """The column of a row's practice, where the table has one."""
    return next((c.name for c in table.columns if c.name in ("practice_code", "gppract")), None)


# Sources with about the same number of rows every month, and the GP's coded events: those of which practices and
# hospitals may send nothing for a time.
MONTHLY = (
    *("gp_event", "gp_medication", "gp_appointment", "apc_episode", "ecds_attendance", "op_attendance"),
    *("csds_contact", "mhsds_contact"),
)


def unit_column(table: Table) -> str | None:
    """The column of whoever sent a row: the hospital, else the practice."""
    names = [c.name for c in table.columns]
    return next((name for name in ("procode", "practice_code") if name in names), None)


@dataclass
class Tally:
    """Counts gathered portion by portion, one frame each."""

    rows: list[dict] = field(default_factory=list)
    fields: list[pd.DataFrame] = field(default_factory=list)
    fills: list[pd.DataFrame] = field(default_factory=list)
    months: list[pd.DataFrame] = field(default_factory=list)

    def add_absent(self, table: str, source: str) -> None:
        """Record a table, or the outlines, that the extract does not have."""
        self.rows.append({"table_name": table, "source": source, "state": "absent"})

    def add_present(self, table: str, source: str, rows: int) -> None:
        """Record an input that is not checked row by row."""
        self.rows.append({"table_name": table, "source": source, "state": "present", "rows_in": rows,
                          "rows_kept": rows})  # fmt: skip

    def count(self, con: duckdb.DuckDBPyConnection, table: Table) -> None:
        """Count some rows of a table, which lie in CHECKED_TABLE and, where rejected, in REJECTED_TABLE."""
        day = table.date or "CAST(NULL AS DATE)"
        [(kept, nulled, first, last)] = con.execute(
            f"SELECT count(*), count(nulled_fields), min({day}), max({day}) FROM {CHECKED_TABLE} WHERE reason IS NULL"
        ).fetchall()
        [(rejected, withheld)] = con.execute(
            f"SELECT count(*), count(*) FILTER ({_is_withheld('reason')}) FROM {REJECTED_TABLE}"
        ).fetchall()
        counts = (kept + rejected, kept, nulled, rejected, withheld, first, last)
        self._add_rows(table, *counts)
        self.fields.append(read_sql(con, FLAGS_SQL).assign(table_name=table.name)[list(FIELD_COLUMNS)])
        self._count_fills(con, table)

    def balance(self, table: Table, rows: int, unread: Mapping[str, int]) -> None:
        """Enter lines that are no rows, and make sure that every row of the table's files was counted once.

        rows: of all files, counted apart from the check. unread: lines by reason, `column:rule`.
        """
        counted = sum(row["rows_in"] for row in self.rows if row["table_name"] == table.name)
        if counted != rows:
            raise StepFailed(f"{table.name}: {rows:,} rows in, but {counted:,} kept or quarantined.")
        for reason, lines in unread.items():
            self._add_rows(table, lines, 0, 0, lines, 0, None, None)
            column, rule = reason.split(":")
            self._add_field(table.name, column, rule, "quarantined", lines)

    def _add_rows(self, table: Table, *counts: object) -> None:
        self.rows.append(dict(zip(TABLE_COLUMNS, (table.name, table.source, "present", *counts), strict=True)))

    def _count_fills(self, con: duckdb.DuckDBPyConnection, table: Table) -> None:
        practice = practice_column(table) or "CAST(NULL AS VARCHAR)"
        columns = [c for (c, *_) in con.execute(f"DESCRIBE {CHECKED_TABLE}").fetchall() if c not in NOT_FIELDS]
        counts = ", ".join(f"count({_known_value(c)}) AS {c}" for c in columns)
        wide = read_sql(
            con,
            f"SELECT {practice} AS practice_key, count(*) AS all_rows, {counts} FROM {CHECKED_TABLE} "
            "WHERE reason IS NULL GROUP BY ALL",
        )
        long = wide.melt(["practice_key", "all_rows"], var_name="column_name", value_name="filled")
        long = long.rename(columns={"practice_key": "practice_code", "all_rows": "rows"})
        self.fills.append(long.assign(table_name=table.name)[list(FILL_COLUMNS)])
        if table.name in MONTHLY:
            unit = unit_column(table) or "CAST(NULL AS VARCHAR)"
            self.months.append(
                read_sql(
                    con,
                    f"SELECT {quote(table.name)} AS table_name, {unit} AS unit, "
                    f"year({table.date}) * 12 + month({table.date}) - 1 AS month_no, count(*) AS rows, "
                    f"max({table.date}) AS last_day FROM {CHECKED_TABLE} WHERE reason IS NULL GROUP BY ALL",
                )
            )

    def count_kept(self, table: str, column: str, rule: str, rows: int) -> None:
        """Count rows that are kept unchanged but that the reader should know of."""
        self._add_field(table, column, rule, "kept", rows)

    def count_withheld(self, table: str, column: str, rule: str, rows: int) -> None:
        """Count rows of people who are taken to have opted out."""
        self._add_field(table, column, rule, "withheld", rows)

    def _add_field(self, table: str, column: str, rule: str, disposition: str, rows: int) -> None:
        if rows:
            entry = [table, column, rule, disposition, rows]
            self.fields.append(pd.DataFrame([entry], columns=list(FIELD_COLUMNS)))

    def count_unlisted_practices(self, practices: pd.Series) -> None:
        """Count the rows of practices that the practice table does not list."""
        for table, fills in self._fills().groupby("table_name"):
            column = practice_column(TABLES[table])
            if column and table != "practice":
                own = fills[fills["column_name"] == column].dropna(subset="practice_code")
                unknown = own[~own["practice_code"].isin(practices)]
                self.count_kept(table, column, "not in the practice table", int(unknown["rows"].sum()))

    def _fills(self) -> pd.DataFrame:
        return pd.concat(self.fills, ignore_index=True)

    def table_model(self) -> Model:
        """`check_table`: one row per table, in the order of `tables.py`."""
        frame = pd.DataFrame(self.rows, columns=list(TABLE_COLUMNS))
        for column in ("first_date", "last_date"):
            frame[column] = pd.to_datetime(frame[column])
        counts = [c for c in TABLE_COLUMNS if c.startswith("rows_")]
        frame = (
            frame.groupby(["table_name", "source", "state"], sort=False)
            .agg({**dict.fromkeys(counts, "sum"), "first_date": "min", "last_date": "max"})
            .reset_index()
        )
        frame[counts] = frame[counts].fillna(0).astype("int64")
        frame[["first_date", "last_date"]] = frame[["first_date", "last_date"]].astype("datetime64[us]")
        return Model("check_table", ("table_name",), frame=frame)

    def field_model(self) -> Model:
        """`check_field`: one row per table, column, rule and disposition."""
        key = list(FIELD_COLUMNS[:-1])
        frame = pd.concat([pd.DataFrame(columns=list(FIELD_COLUMNS)), *self.fields], ignore_index=True)
        frame = frame.astype(dict.fromkeys(key, "str") | {"rows": "int64"})
        return Model("check_field", tuple(key), frame=frame.groupby(key)["rows"].sum().reset_index())

    def completeness_model(self, practices: pd.DataFrame, workbook: Workbook) -> Model:
        """`check_completeness`: one row per table, column and area; PCNs only where the table has a practice."""
        key = ["table_name", "column_name", "area_code"]
        fills = self._fills()
        pcns = fills.merge(practices[["practice_code", "pcn_code"]], on="practice_code")
        both = pd.concat([pcns.rename(columns={"pcn_code": "area_code"}), fills.assign(area_code=workbook.ics_code)])
        frame = both.groupby(key)[["rows", "filled"]].sum().astype("int64").reset_index()
        return Model("check_completeness", tuple(key), frame=frame)

    def month_counts(self) -> pd.DataFrame:
        """Rows kept by table, unit and month, one row each: `month_no` is year x 12 + month - 1; `last_day` in it."""
        empty = pd.DataFrame({"table_name": [], "unit": [], "month_no": [], "rows": [], "last_day": []})
        found = pd.concat([empty.astype({"table_name": "str", "unit": "str", "month_no": "int64", "rows": "int64",
                                         "last_day": "datetime64[us]"}), *self.months])  # fmt: skip
        keys = ["table_name", "unit", "month_no"]
        return found.groupby(keys, dropna=False).agg({"rows": "sum", "last_day": "max"}).reset_index()

    def practice_model(self, con: duckdb.DuckDBPyConnection, practices: pd.DataFrame, workbook: Workbook) -> Model:
        """`check_practice`: one row per practice of the ICS; `registered` on the index date, null without a list."""
        last = self.month_counts().query("table_name == 'gp_event'").groupby("unit")["last_day"].max()
        last = last.rename("last_event_date").rename_axis("practice_code").reset_index()
        frame = practices.merge(last, on="practice_code", how="left")
        frame = frame.merge(_registered(con, workbook), on="practice_code", how="left")[list(PRACTICE_TYPES)]
        return Model("check_practice", ("practice_code",), frame=frame.astype(PRACTICE_TYPES))


def _known_value(column: str) -> str:
    """SQL: the field, null where its code means not known."""
    unknown = NOT_KNOWN.get(column)
    return f"CASE WHEN {column} NOT IN ({', '.join(quote(v) for v in unknown)}) THEN 1 END" if unknown else column


# Valid codes for "not known": the field counts as not filled. "Not stated" and indeterminate sex are answers.
NOT_KNOWN = {"ethnicity": ("99",), "sex": ("X", "0")}
NOT_FIELDS = ("nulled_fields", "restricted_fields", "documented", "reason", "original", "file")


def _is_withheld(flag: str) -> str:
    """SQL: is it the reason or fault of what may not be used at all, and so no fault of the extract?"""
    return f"{flag} LIKE '%:opted out' OR {flag} LIKE '%:{RESTRICTED}'"


# Few sets of faults occur among many rows: rows are counted by set, and only the sets are taken apart.
FLAGS_SQL = f"""
SELECT
    split_part(flag, ':', 1) AS column_name,
    split_part(flag, ':', 2) AS rule,
    CASE WHEN {_is_withheld("flag")} THEN 'withheld' ELSE disposition END AS disposition,
    sum(n)::BIGINT AS rows
FROM (
    SELECT unnest(string_split(nulled_fields, ';')) AS flag, 'nulled' AS disposition, n
    FROM (
        SELECT nulled_fields, count(*) AS n
        FROM {CHECKED_TABLE} WHERE reason IS NULL AND nulled_fields IS NOT NULL GROUP BY nulled_fields
    )
    UNION ALL
    SELECT unnest(string_split(restricted_fields, ';')), 'withheld', n
    FROM (
        SELECT restricted_fields, count(*) AS n
        FROM {CHECKED_TABLE} WHERE reason IS NULL AND restricted_fields IS NOT NULL GROUP BY restricted_fields
    )
    UNION ALL
    SELECT unnest(string_split(documented, ';')) || ':documented null', 'documented null', n
    FROM (
        SELECT documented, count(*) AS n
        FROM {CHECKED_TABLE} WHERE reason IS NULL AND documented IS NOT NULL GROUP BY documented
    )
    UNION ALL
    SELECT reason, 'quarantined', count(*) FROM {REJECTED_TABLE} GROUP BY reason
)
GROUP BY ALL
"""


def _registered(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> pd.DataFrame:
    """By practice: people `registered` on the index date, and those whose area's deprivation is known.

    No rows where there are no registrations; the second is null where there are no areas.
    """
    present = present_tables(con)
    if "gp_registration" not in present:
        return pd.DataFrame(columns=["practice_code", "registered", "deprivation_known"])
    person = "token_person_id" if workbook.form == "pseudonymised" else "nhs_number"
    people = f"count(DISTINCT coalesce({person}, registration_id))"
    known = "lsoa IN (SELECT lsoa FROM area WHERE imd_decile IS NOT NULL)"
    day = f"DATE {quote(workbook.index_date.isoformat())}"
    return read_sql(
        con,
        f"SELECT practice_code, {people} AS registered, "
        f"{f'{people} FILTER ({known})' if 'area' in present else 'NULL'} AS deprivation_known FROM gp_registration "
        f"WHERE registered_from <= {day} AND coalesce(registered_to, {day}) >= {day} "
        "AND NOT contains(coalesce(nulled_fields, ''), 'registered_to:') GROUP BY practice_code",
    )
