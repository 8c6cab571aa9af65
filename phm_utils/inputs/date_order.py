"""The forms in which a table of the extract writes its days: see `rules.day_order`."""

from dataclasses import replace

import duckdb

from phm_utils.inputs.extract import Extract
from phm_utils.rules.day_order import Advice, day_forms

ADVICE = Advice(
    either="Say which in the mapping file: `date_formats: ['%d/%m/%Y']` is the day first.",
    both="export them again in one, or give each column its own `formats` in the mapping file",
)


def with_date_order(con: duckdb.DuckDBPyConnection, extract: Extract) -> Extract:
    """The extract with the forms of its days decided, where the mapping gives none.

    Raises InputError, naming the columns, where the order cannot be decided.
    """
    columns = {name: _distinct(extract, name) for name in _undeclared(extract)}
    return replace(extract, date_forms=day_forms(con, columns, extract.table.name, ADVICE))


def _undeclared(extract: Extract) -> list[str]:
    """Columns of days that are text in some file, and whose form the mapping does not give."""
    fields = [f for file in extract.files for f in extract.fields(file) if f.is_date and f.kind == "VARCHAR"]
    mapping = extract.mapping
    return [n for n in dict.fromkeys(f.name for f in fields) if not mapping.date_forms(n) and n not in mapping.values]


def _distinct(extract: Extract, name: str) -> str:
    """A query for the distinct texts `v` of one column."""
    parts = [
        f"SELECT {field.raw} AS v FROM {file.scan}"
        for file in extract.files
        for field in extract.fields(file)
        if field.name == name and field.kind == "VARCHAR"
    ]
    return f"SELECT DISTINCT v FROM ({' UNION ALL '.join(parts)})"
