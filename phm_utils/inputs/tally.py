"""Counts of rows and fields by outcome, behind `phm check` and the data-quality report."""

from dataclasses import dataclass, field

import duckdb
import pandas as pd

from phm_utils.engine import Model, quote, read_sql
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
    "published_list_size": "Int64",
}


def practice_column(table: Table) -> str | None:
    """The column of a row's practice, where the table has one."""
    return next((c.name for c in table.columns if c.name in ("practice_code", "gppract")), None)


@dataclass
class Tally:
    """Counts gathered portion by portion, one frame each."""

    rows: list[dict] = field(default_factory=list)
    fields: list[pd.DataFrame] = field(default_factory=list)
    fills: list[pd.DataFrame] = field(default_factory=list)
    freshness: list[pd.DataFrame] = field(default_factory=list)

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

    def balance(self, table: Table, rows: int, unreadable: int) -> None:
        """Enter unreadable lines, and make sure that every row of the table's files was counted once.

        rows: of all files, counted apart from the check.
        """
        counted = sum(row["rows_in"] for row in self.rows if row["table_name"] == table.name)
        if counted != rows:
            raise StepFailed(f"{table.name}: {rows:,} rows in, but {counted:,} kept or quarantined.")
        if unreadable:
            self._add_rows(table, unreadable, 0, 0, unreadable, 0, None, None)
            entry = [table.name, "(row)", "unreadable line", "quarantined", unreadable]
            self.fields.append(pd.DataFrame([entry], columns=list(FIELD_COLUMNS)))

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
        if table.name == "gp_event":
            self.freshness.append(
                read_sql(
                    con,
                    f"SELECT practice_code, max(event_date) AS last_event_date FROM {CHECKED_TABLE} "
                    "WHERE reason IS NULL AND practice_code IS NOT NULL GROUP BY ALL",
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

    def practice_model(self, con: duckdb.DuckDBPyConnection, practices: pd.DataFrame, workbook: Workbook) -> Model:
        """`check_practice`: one row per listed practice; `registered` on the index date, null without a list."""
        last = pd.concat([pd.DataFrame(columns=["practice_code", "last_event_date"]), *self.freshness])
        last = last.groupby("practice_code")["last_event_date"].max().reset_index()
        frame = practices.merge(last, on="practice_code", how="left")
        frame = frame.merge(_registered(con, self, workbook), on="practice_code", how="left")[list(PRACTICE_TYPES)]
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


def _registered(con: duckdb.DuckDBPyConnection, tally: Tally, workbook: Workbook) -> pd.DataFrame:
    """People registered with each practice on the index date; no rows where there are no registrations."""
    if not any(r["table_name"] == "gp_registration" and r["state"] == "present" for r in tally.rows):
        return pd.DataFrame({"practice_code": pd.Series(dtype="str"), "registered": pd.Series(dtype="Int64")})
    person = "token_person_id" if workbook.form == "pseudonymised" else "nhs_number"
    day = f"DATE {quote(workbook.index_date.isoformat())}"
    return read_sql(
        con,
        f"SELECT practice_code, count(DISTINCT coalesce({person}, registration_id)) AS registered FROM gp_registration "
        f"WHERE registered_from <= {day} AND coalesce(registered_to, {day}) >= {day} "
        "AND NOT contains(coalesce(nulled_fields, ''), 'registered_to:') GROUP BY practice_code",
    )
