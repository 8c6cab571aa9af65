"""The rules for a whole row: one query reads a landing file once.

Its layers, from the inside out:

    raw      the extract's own value under our name
    tidy     text without spaces around it, recoded as the mapping says
    known    documented nulls set to null, and counted
    typed    our type, or a named fault
    related  faults between two fields of a row
    checked  faulty fields null; `nulled_fields` names them; `reason` where the row is quarantined

A fault is the text `column:rule`.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

import duckdb

from phm_utils.engine import ROW_GROUP_SIZE, guarded, parquet_source, quote
from phm_utils.inputs.fields import SNOMED_TABLE, Field, fields_of, standard_form
from phm_utils.inputs.landing import LandingFile, TableMapping
from phm_utils.inputs.tally import Tally
from phm_utils.rules.check_digits import snomed_concept_sql
from phm_utils.runs import StageWriter
from phm_utils.schema import SQL_TYPE, Form, Table

OPT_OUT_TABLE = "withheld_people"  # people who opted out of the source being checked


@dataclass(frozen=True)
class RowRules:
    """What decides about a row as well as its columns.

    extract_date: a row dated later is rejected.
    withheld: leave out the people of OPT_OUT_TABLE.
    original: keep the text of every row, not only of rejected rows.
    """

    extract_date: date
    withheld: bool
    original: bool = False


def checked_rows_sql(table: Table, fields: list[Field], scan: str, rules: RowRules, where: str = "") -> str:
    """The query that reads one file: our columns, `nulled_fields`, `documented`, `reason`, `original`, `file`.

    scan: a FROM clause over the file. where: a condition on the extract's own columns.
    original: the row as received, as JSON text, where `reason` is given; only its key
    where the person opted out. file: the name of its file.
    """
    names = [f.name for f in fields]
    raw = ", ".join(f"{f.raw} AS {f.name}" for f in fields)
    tidy = ", ".join(f"{_renamed(f)} AS {f.name}, {f.name} AS raw_{f.name}" for f in fields)
    known = ", ".join(
        f"CASE WHEN {f.is_documented_null()}{_or_empty(f)} THEN NULL ELSE {f.name} END AS {f.name}, raw_{f.name}, "
        f"CASE WHEN {f.is_documented_null()} THEN '{f.name}' END AS null_{f.name}"
        for f in fields
    )
    typed = ", ".join(f"{_typed(f)}, raw_{f.name}, null_{f.name}" for f in fields)
    passed = ", ".join(f"raw_{n}, null_{n}" for n in names)
    related = ", ".join(f"{n}, {_related(table, n, fields)} AS fault_{n}" for n in names)
    return (
        f"SELECT {_checked_columns(table, fields, rules)} FROM ("
        f"SELECT {related}, {passed}, file_path FROM (SELECT {typed}, file_path FROM (SELECT {known}, file_path FROM "
        f"(SELECT {tidy}, file_path FROM (SELECT {raw}, filename AS file_path FROM {scan} {where})))))"
    )


def _renamed(field: Field) -> str:
    """The tidy expression, over the column already under our own name."""
    return replace(field, raw=field.name).tidy()


def _or_empty(field: Field) -> str:
    return "" if field.native else f" OR {field.name} = ''"


def _typed(field: Field) -> str:
    value = field.parsed()
    cases = " ".join(f"WHEN {condition} THEN '{field.name}:{rule}'" for condition, rule in field.faults(value))
    fault = f"CASE WHEN {field.name} IS NULL THEN NULL {cases} END"
    return f"CAST({value} AS {SQL_TYPE[field.column.type]}) AS {field.name}, {fault} AS fault_{field.name}"


def _related(table: Table, name: str, fields: list[Field]) -> str:
    """A fault between two fields of a row, where the field has none of its own.

    A month of birth later than the row's date is the fault of the month of birth,
    because the row's date is what its activity is counted by. In a registration
    the month of birth stays: without it the person has no age.
    """
    by_name = {f.name: f.column for f in fields}
    earlier = by_name[name].not_before
    born_late = f"birth_month > {table.date}" if table.date and table.name != "gp_registration" else "false"
    if earlier in by_name:
        sound = f"fault_{earlier} IS NULL" + (f" AND NOT ({born_late})" if earlier == "birth_month" else "")
        return (
            f"CASE WHEN fault_{name} IS NOT NULL THEN fault_{name} "
            f"WHEN {sound} AND {name} < {earlier} THEN '{name}:before {earlier}' END"
        )
    if name == "birth_month":
        return f"CASE WHEN {born_late} THEN 'birth_month:after {table.date}' ELSE fault_birth_month END"
    return f"fault_{name}"


def _checked_columns(table: Table, fields: list[Field], rules: RowRules) -> str:
    columns = ", ".join(f"CASE WHEN fault_{f.name} IS NULL THEN {f.name} END AS {f.name}" for f in fields)
    soft = [f"fault_{f.name}" for f in fields if not f.column.required]
    reasons = [
        f"WHEN fault_{f.name} IS NOT NULL THEN fault_{f.name} WHEN {f.name} IS NULL THEN '{f.name}:missing'"
        for f in fields
        if f.column.required
    ]
    if table.date:
        reasons.append(f"WHEN {table.date} > DATE '{rules.extract_date}' THEN '{table.date}:after the extract'")
    person = next((f.name for f in fields if f.name in ("token_person_id", "nhs_number")), None)
    opted = f"{person} IN (SELECT person FROM {OPT_OUT_TABLE})" if rules.withheld and person else None
    if opted:
        reasons.insert(0, f"WHEN {opted} THEN '{person}:opted out'")
    reason = f"CASE {' '.join(reasons)} END"
    hidden = f"WHEN {opted} THEN {_as_json(list(table.key))} " if opted else ""
    shown = "true" if rules.original else f"{reason} IS NOT NULL"
    return (
        f"{columns}, {_joined(soft)} AS nulled_fields, {_joined([f'null_{f.name}' for f in fields])} AS documented, "
        f"{reason} AS reason, CASE {hidden}WHEN {shown} THEN {_as_json([f.name for f in fields])} END AS original, "
        f"CASE WHEN {shown} THEN parse_filename(file_path, true) END AS file"
    )


def _as_json(names: list[str]) -> str:
    """The fields as received, as one JSON text."""
    return "CAST(json_object(" + ", ".join(f"'{n}', CAST(raw_{n} AS VARCHAR)" for n in names) + ") AS VARCHAR)"


def _joined(flags: list[str]) -> str:
    if not flags:
        return "CAST(NULL AS VARCHAR)"
    some = " OR ".join(f"{flag} IS NOT NULL" for flag in flags)
    return f"CASE WHEN {some} THEN concat_ws(';', {', '.join(flags)}) END"


KEY_NUMBERS = ("SMALLINT", "INTEGER", "BIGINT", "USMALLINT", "UINTEGER")


@dataclass(frozen=True)
class Extract:
    """One table of the extract, opened.

    extract_date: rows dated later are rejected.
    withheld: True where rows of people who opted out are left out.
    """

    table: Table
    files: list[LandingFile]
    mapping: TableMapping
    form: Form
    extract_date: date
    withheld: bool

    def fields(self, file: LandingFile) -> list[Field]:
        return fields_of(self.table, file, self.mapping, self.form)

    def rows_sql(self, file: LandingFile, where: str = "", original: bool = False) -> str:
        rules = RowRules(self.extract_date, self.withheld, original)
        return checked_rows_sql(self.table, self.fields(file), file.scan, rules, where)

    def key_hash(self, file: LandingFile) -> str:
        """SQL over the file's own columns: one number per key, as good as unique."""
        fields = [f for f in self.fields(file) if f.name in self.table.key]
        if self.integer_keys:
            return f"hash({', '.join(f'CAST({f.raw} AS BIGINT)' for f in fields)})"
        return f"hash({', '.join(standard_form(f.tidy(), f.column) for f in fields)})"

    @cached_property
    def integer_keys(self) -> bool:
        """Does every file hold the key as whole numbers? Then they are compared as such, not as text."""
        fields = [f for file in self.files for f in self.fields(file) if f.name in self.table.key]
        return all(f.kind in KEY_NUMBERS and f.name not in self.mapping.values for f in fields)


def validate(
    con: duckdb.DuckDBPyConnection, extract: Extract, writer: StageWriter, quarantine: Path, tally: Tally
) -> None:
    """Check every row of a table; write kept rows to the store and rejected ones to the quarantine."""
    name = extract.table.name
    with guarded(f"Checking {name}", "A file may be damaged: copy it again, or run `phm doctor` on the file."):
        _list_snomed_codes(con, extract)
        repeats = _find_repeated_keys(con, extract)
        con.execute("CREATE OR REPLACE TEMP TABLE quarantined (file VARCHAR, reason VARCHAR, original VARCHAR)")
        for number, file in enumerate(extract.files):
            _check_file(con, extract, number, repeats)
            tally.count(con, extract.table, file.rows + file.unreadable, file.unreadable)
            _write(con, extract, number, writer)
            con.execute("INSERT INTO quarantined SELECT file, reason, original FROM rejected_rows")
            con.execute("DROP TABLE checked_rows; DROP TABLE rejected_rows")
        _write_quarantine(con, extract, quarantine / f"{name}.parquet")
        written = [writer.folder / f for f in writer.tables[name]["files"]]
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {parquet_source(written)}")
        con.execute("DROP TABLE IF EXISTS repeated_rows")


def _list_snomed_codes(con: duckdb.DuckDBPyConnection, extract: Extract) -> None:
    """Check each distinct SNOMED CT code of the table once; rows then look theirs up."""
    fields = [(file, f) for file in extract.files for f in extract.fields(file) if f.column.check == "snomed"]
    if not fields:
        return
    codes = " UNION ".join(
        f"SELECT {f.tidy()} AS code FROM (SELECT DISTINCT {f.raw} FROM {file.scan})" for file, f in fields
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {SNOMED_TABLE} AS {codes}")
    con.execute(f"DELETE FROM {SNOMED_TABLE} WHERE code IS NULL OR NOT ({snomed_concept_sql('code')})")


def _find_repeated_keys(con: duckdb.DuckDBPyConnection, extract: Extract) -> bool:
    """Put the rows whose key occurs more than once into `repeated_rows`, all but one with the reason `repeated key`.

    The row kept is usable, of the first file by name, and first in the order of
    its content: the same row in whatever order rows arrive.
    """
    hashes = " UNION ALL ".join(f"SELECT {extract.key_hash(file)} AS h FROM {file.scan}" for file in extract.files)
    con.execute(f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT h FROM ({hashes}) GROUP BY h HAVING count(*) > 1")
    if not con.execute("SELECT count(*) FROM repeated").fetchall()[0][0]:
        return False
    rows = " UNION ALL BY NAME ".join(
        f"(SELECT {number} AS file_number, * FROM ({extract.rows_sql(file, _where(extract, file, 'IN'), True)}))"
        for number, file in enumerate(extract.files)
    )
    key = ", ".join(extract.table.key)
    content = ", ".join(c.name for c in extract.table.for_form(extract.form))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated_rows AS SELECT *, row_number() OVER ("
        f"PARTITION BY {key}, reason IS NULL ORDER BY file, {content}, original) AS place FROM ({rows})"
    )
    con.execute(
        f"UPDATE repeated_rows SET reason = '{extract.table.key[0]}:repeated key' WHERE reason IS NULL AND place > 1"
    )
    con.execute("ALTER TABLE repeated_rows DROP COLUMN place")
    return True


def _where(extract: Extract, file: LandingFile, operator: Literal["IN", "NOT IN"]) -> str:
    return f"WHERE {extract.key_hash(file)} {operator} (SELECT h FROM repeated)"


def _check_file(con: duckdb.DuckDBPyConnection, extract: Extract, number: int, repeats: bool) -> None:
    """Put one file's rows into `checked_rows`, and those with a reason into `rejected_rows` as well."""
    file = extract.files[number]
    if repeats:
        rows = extract.rows_sql(file, _where(extract, file, "NOT IN"))
        rows += f" UNION ALL BY NAME SELECT * EXCLUDE file_number FROM repeated_rows WHERE file_number = {number}"
    else:
        rows = extract.rows_sql(file)
    con.execute(f"CREATE OR REPLACE TEMP TABLE checked_rows AS {rows}")
    con.execute("CREATE OR REPLACE TEMP TABLE rejected_rows AS SELECT * FROM checked_rows WHERE reason IS NOT NULL")


def _write(con: duckdb.DuckDBPyConnection, extract: Extract, number: int, writer: StageWriter) -> None:
    """The kept rows of one file, or of several gathered, in order of their key."""
    table = extract.table
    part = "all" if len(extract.files) == 1 else f"{number + 1:04d}"
    path = writer.folder / table.name / f"{part}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join([c.name for c in table.for_form(extract.form)] + ["nulled_fields"])
    con.execute(
        f"COPY (SELECT {columns} FROM checked_rows WHERE reason IS NULL ORDER BY {', '.join(table.key)}) "
        f"TO {quote(path)} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
    )
    writer.record(table.name, path, con)


def _write_quarantine(con: duckdb.DuckDBPyConnection, extract: Extract, path: Path) -> None:
    """Write the rejected rows, with fields as text as received; only the key for people who opted out."""
    path.unlink(missing_ok=True)
    [(rows,)] = con.execute("SELECT count(*) FROM quarantined").fetchall()
    if not rows:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = [c.name for c in extract.table.for_form(extract.form)]
    fields = ", ".join(f"json_extract_string(original, '$.{n}') AS {n}" for n in names)
    con.execute(
        f"COPY (SELECT file, reason, {fields} FROM quarantined ORDER BY ALL) "
        f"TO {quote(path)} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
    )
