"""One table of the extract, opened: its files, and how their rows and keys are read."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date
from functools import cached_property

import duckdb

from phm_utils.inputs.fields import INTEGERS, Field, fields_of, standard_form
from phm_utils.inputs.landing import FILE_COLUMN, LandingFile
from phm_utils.inputs.mapping import TableMapping
from phm_utils.inputs.portions import same_shape
from phm_utils.inputs.row_rules import RowRules, checked_rows_sql
from phm_utils.rules.restricted_codes import RestrictedCodes, restricted_codes
from phm_utils.schema import Form, Table

FOUND_TABLE = "found_values"  # each distinct `value` of the field in hand
KEY_NUMBERS = tuple(kind for kind in INTEGERS if kind not in ("HUGEINT", "UBIGINT"))  # those that a BIGINT holds


@dataclass(frozen=True)
class Extract:
    """One table of the extract.

    extract_date: the last day that its rows can be true for.
    withheld: are rows of people who opted out left out?
    index_date: the last day that the run counts.
    nobody: by column, identifiers that stand for nobody: see `nobody`.
    date_forms: strptime forms in which a column's days are written besides year-month-day, found in the files.
    restricted: codes that the law restricts.
    """

    table: Table
    files: list[LandingFile]
    mapping: TableMapping
    form: Form
    extract_date: date
    withheld: bool
    date_forms: dict[str, tuple[str, ...]] = dataclass_field(default_factory=dict)
    index_date: date = date.max
    nobody: dict[str, tuple[str, ...]] = dataclass_field(default_factory=dict)
    restricted: RestrictedCodes = dataclass_field(default_factory=restricted_codes)

    def fields(self, file: LandingFile) -> list[Field]:
        return fields_of(self.table, file, self.mapping, self.form, self.date_forms, self.nobody)

    def rows_sql(self, file: LandingFile, where: str = "", original: bool = False) -> str:
        rules = RowRules(self.extract_date, self.withheld, original, self.index_date)
        return checked_rows_sql(self.table, self.fields(file), file.scan, rules, where)

    def values_sql(self, file: LandingFile, columns: Iterable[str]) -> str:
        """Some columns as `rows_sql` gives them, of every row: only fields that their rules rest on are read."""
        fields = {f.name: f for f in self.fields(file)}
        asked = [fields[name] for name in columns]
        needed = {self.table.date, *(f.name for f in asked), *(f.column.not_before for f in asked)}
        rules = RowRules(self.extract_date, withheld=False, index_date=self.index_date)
        few = [f for f in fields.values() if f.name in needed]
        return checked_rows_sql(self.table, few, file.scan, rules)

    def keys(self, file: LandingFile) -> list[str]:
        """SQL over the file's own columns: each column of the key, as a whole number or as text."""
        fields = [f for f in self.fields(file) if f.name in self.table.key]
        if self.integer_keys:
            return [f"CAST({f.raw} AS BIGINT)" for f in fields]
        return [standard_form(f.tidy(), f.column) for f in fields]

    def key_hash(self, file: LandingFile) -> str:
        """SQL over the file's own columns: one number per key, as good as unique."""
        return f"hash({', '.join(self.keys(file))})"

    @cached_property
    def integer_keys(self) -> bool:
        """Does every file hold the key as whole numbers? Then they are compared as such, not as text."""
        fields = [f for file in self.files for f in self.fields(file) if f.name in self.table.key]
        return all(f.kind in KEY_NUMBERS and f.name not in self.mapping.values for f in fields)

    @cached_property
    def holds_decimals(self) -> bool:
        """Has a file a column of decimal numbers, whose statistics may leave out NaN?"""
        return any(kind in ("FLOAT", "DOUBLE") for file in self.files for kind in file.types.values())

    def list_valid_values(self, con: duckdb.DuckDBPyConnection, columns: Iterable[str] | None = None) -> None:
        """Make the `value_type`, and the `restricted_type`, of each listed field: `rows_sql` needs them.

        columns: of these alone, for `values_sql`.
        """
        files, asked = same_shape(self.files), None if columns is None else set(columns)
        for place, field in enumerate(self.fields(files[0])):
            if not field.listed or (asked is not None and field.name not in asked):
                continue
            found = " UNION ".join(
                f"SELECT {standard_form(own.tidy(), own.column)} AS value "
                f"FROM (SELECT DISTINCT {own.raw} FROM {file.scan})"
                for file in files
                for own in [self.fields(file)[place]]
            )
            if system := field.column.code_system:
                found = self._part_restricted(con, field, self.restricted.sql(system, "value"), found)
            con.execute(f"CREATE OR REPLACE TEMP TYPE {field.value_type} AS ENUM ({field.valid_values_sql(found)})")
        con.execute(f"DROP TABLE IF EXISTS {FOUND_TABLE}")

    @staticmethod
    def _part_restricted(con: duckdb.DuckDBPyConnection, field: Field, is_restricted: str, found: str) -> str:
        """Make the `restricted_type` of a field of clinical codes; the query for its other values.

        Each distinct value is searched once, so rows cost nothing more.
        """
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {FOUND_TABLE} AS SELECT value FROM ({found}) WHERE value IS NOT NULL"
        )
        restricted = f"SELECT value FROM {FOUND_TABLE} WHERE {is_restricted} ORDER BY value"
        con.execute(f"CREATE OR REPLACE TEMP TYPE {field.restricted_type} AS ENUM ({restricted})")
        return f"SELECT value FROM {FOUND_TABLE} WHERE NOT {is_restricted}"

    @cached_property
    def one_shape(self) -> LandingFile | None:
        """All files as one where they have the same columns, else None."""
        shapes = same_shape(self.files)
        return shapes[0] if len(shapes) == 1 else None

    def in_key_order(self, con: duckdb.DuckDBPyConnection) -> "Extract":
        """The same with its files in the order of their smallest keys, where one column is the key."""
        if len(self.files) == 1 or self.one_shape is None or len(self.table.key) > 1:
            return self
        [key] = self.keys(self.one_shape)
        smallest = con.execute(
            f"SELECT {FILE_COLUMN} AS file FROM {self.one_shape.scan} GROUP BY ALL ORDER BY min({key}) NULLS LAST, file"
        ).fetchall()
        place = {name: number for number, (name,) in enumerate(smallest)}
        # An empty file has no rows and so no place.
        return replace(self, files=sorted(self.files, key=lambda f: place.get(str(f.paths[0]), len(place))))
