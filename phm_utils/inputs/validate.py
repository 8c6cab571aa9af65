"""One table: its landing files through the rules, into the store and the quarantine.

A few million rows at a time, so that memory follows the largest file and not the table.
Rows leave in order of their key, whatever order they came in: the key is the source's own row
number, in which extracts are mostly written, so the sort finds little to do and a person's rows
stay together, which makes the files a third of the size that order by date would.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

import duckdb

from phm_utils.engine import ROW_GROUP_SIZE, guarded, parquet_source, quote
from phm_utils.inputs.codes import is_snomed_concept
from phm_utils.inputs.fields import SNOMED_TABLE, Field, fields_of, spelt
from phm_utils.inputs.judging import JudgeRules, judged_rows
from phm_utils.inputs.landing import LandingFile
from phm_utils.inputs.mapping import TableMapping
from phm_utils.inputs.tally import Tally
from phm_utils.runs import StageWriter
from phm_utils.tables import Form, Table

KEY_NUMBERS = ("SMALLINT", "INTEGER", "BIGINT", "USMALLINT", "UINTEGER")


@dataclass(frozen=True)
class Extract:
    """One table of the extract, opened.

    extract_date: the last day that its rows can be true for.
    withheld: are rows of people who opted out left out?
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
        rules = JudgeRules(self.extract_date, self.withheld, original)
        return judged_rows(self.table, self.fields(file), file.scan, rules, where)

    def key_hash(self, file: LandingFile) -> str:
        """SQL over the file's own columns: one number per key, as good as unique."""
        fields = [f for f in self.fields(file) if f.name in self.table.key]
        if self.whole_number_keys:
            return f"hash({', '.join(f'CAST({f.raw} AS BIGINT)' for f in fields)})"
        return f"hash({', '.join(spelt(f.tidy(), f.column) for f in fields)})"

    @cached_property
    def whole_number_keys(self) -> bool:
        """Does every file hold the key as whole numbers? Then they are compared as such, not as text."""
        fields = [f for file in self.files for f in self.fields(file) if f.name in self.table.key]
        return all(f.kind in KEY_NUMBERS and f.name not in self.mapping.values for f in fields)


def validate(
    con: duckdb.DuckDBPyConnection, extract: Extract, writer: StageWriter, quarantine: Path, tally: Tally
) -> None:
    """Judge every row of a table, write the kept ones to the store and the others to the quarantine."""
    name = extract.table.name
    with guarded(f"Checking {name}", "A file may be damaged: copy it again, or run `phm doctor` on the file."):
        _list_snomed_codes(con, extract)
        repeats = _find_repeated_keys(con, extract)
        con.execute("CREATE OR REPLACE TEMP TABLE quarantined (file VARCHAR, reason VARCHAR, original VARCHAR)")
        for number, file in enumerate(extract.files):
            _judge(con, extract, number, repeats)
            tally.count(con, extract.table, file.rows + file.unreadable, file.unreadable)
            _write(con, extract, number, writer)
            con.execute("INSERT INTO quarantined SELECT file, reason, original FROM turned_away")
            con.execute("DROP TABLE judged; DROP TABLE turned_away")
        _write_quarantine(con, extract, quarantine / f"{name}.parquet")
        written = [writer.folder / f for f in writer.tables[name]["files"]]
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {parquet_source(written)}")
        con.execute("DROP TABLE IF EXISTS contenders")


def _list_snomed_codes(con: duckdb.DuckDBPyConnection, extract: Extract) -> None:
    """Check each distinct SNOMED CT code of the table once; rows then look theirs up."""
    fields = [(file, f) for file in extract.files for f in extract.fields(file) if f.column.check == "snomed"]
    if not fields:
        return
    codes = " UNION ".join(
        f"SELECT {f.tidy()} AS code FROM (SELECT DISTINCT {f.raw} FROM {file.scan})" for file, f in fields
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {SNOMED_TABLE} AS {codes}")
    con.execute(f"DELETE FROM {SNOMED_TABLE} WHERE code IS NULL OR NOT ({is_snomed_concept('code')})")


def _find_repeated_keys(con: duckdb.DuckDBPyConnection, extract: Extract) -> bool:
    """Put the rows whose key occurs more than once into `contenders`, all but one with the reason `repeated key`.

    The one kept is a usable row, of the first file by name, first in the order
    of its whole content: the same row whatever order rows arrive in.
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
        f"CREATE OR REPLACE TEMP TABLE contenders AS SELECT *, row_number() OVER (PARTITION BY {key}, reason IS NULL "
        f"ORDER BY file, {content}, original) AS place FROM ({rows})"
    )
    con.execute(
        f"UPDATE contenders SET reason = '{extract.table.key[0]}:repeated key' WHERE reason IS NULL AND place > 1"
    )
    con.execute("ALTER TABLE contenders DROP COLUMN place")
    return True


def _where(extract: Extract, file: LandingFile, operator: Literal["IN", "NOT IN"]) -> str:
    return f"WHERE {extract.key_hash(file)} {operator} (SELECT h FROM repeated)"


def _judge(con: duckdb.DuckDBPyConnection, extract: Extract, number: int, repeats: bool) -> None:
    """One file's rows in `judged` (kept) and `turned_away` (not kept)."""
    file = extract.files[number]
    if repeats:
        rows = extract.rows_sql(file, _where(extract, file, "NOT IN"))
        rows += f" UNION ALL BY NAME SELECT * EXCLUDE file_number FROM contenders WHERE file_number = {number}"
    else:
        rows = extract.rows_sql(file)
    con.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {rows}")
    con.execute("CREATE OR REPLACE TEMP TABLE turned_away AS SELECT * FROM judged WHERE reason IS NOT NULL")


def _write(con: duckdb.DuckDBPyConnection, extract: Extract, number: int, writer: StageWriter) -> None:
    """The kept rows of one file, or of several gathered, in order of their key."""
    table = extract.table
    part = "all" if len(extract.files) == 1 else f"{number + 1:04d}"
    path = writer.folder / table.name / f"{part}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join([c.name for c in table.for_form(extract.form)] + ["nulled_fields"])
    con.execute(
        f"COPY (SELECT {columns} FROM judged WHERE reason IS NULL ORDER BY {', '.join(table.key)}) "
        f"TO {quote(path)} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
    )
    writer.record(table.name, path, con)


def _write_quarantine(con: duckdb.DuckDBPyConnection, extract: Extract, path: Path) -> None:
    """The rows turned away, fields as text as they came; of people who opted out the key alone."""
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
