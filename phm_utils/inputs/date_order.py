"""Days written with the year last, such as 03/04/2024: the order of day and month, from the whole table.

One value does not say whether it is April or March. Where a table holds a day above 12, it does for all of
its columns, because one export writes them; where it holds none, or both orders, the table is refused.
"""

from dataclasses import dataclass, replace

import duckdb

from phm_utils.errors import InputError
from phm_utils.inputs.extract import Extract

# a, b: the first two numbers; apart: what stands between them; clock: a time behind them.
YEAR_LAST = r"^\s*([0-9]{1,2})([/.-])([0-9]{1,2})[/.-]([0-9]{4})( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?\s*$"
NAMED_MONTH = r"^\s*[0-9]{1,2}[- /][A-Za-z]{3,9}[- /][0-9]{4}\s*$"
NAMED_FORMS = tuple(f"%d{apart}{month}{apart}%Y" for apart in "- /" for month in ("%b", "%B"))
CLOCKS = ("", " %H:%M", " %H:%M:%S")


@dataclass(frozen=True)
class YearLast:
    """What is known of the days of one column that are written with the year last.

    rows: distinct values. first, second: the largest first and second number. alike: are both always the same?
    """

    rows: int
    first: int
    second: int
    alike: bool
    apart: tuple[str, ...]


def with_date_order(con: duckdb.DuckDBPyConnection, extract: Extract) -> Extract:
    """The extract with the forms of its days decided, where the mapping gives none.

    Raises InputError, naming the columns, where the order cannot be decided.
    """
    found: dict[str, YearLast] = {}
    forms: dict[str, tuple[str, ...]] = {}
    for name in _undeclared(extract):
        values = _distinct(extract, name)
        if last := _year_last(con, values):
            found[name] = last
        [(named,)] = con.execute(f"SELECT count(*) FROM ({values}) WHERE regexp_matches(v, '{NAMED_MONTH}')").fetchall()
        forms |= {name: NAMED_FORMS} if named else {}
    if found:
        order = _order(extract.table.name, found)
        for name, last in found.items():
            written = tuple(order.replace("/", apart) + clock for apart in last.apart for clock in CLOCKS)
            forms[name] = written + forms.get(name, ())
    return replace(extract, date_forms=forms)


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


def _year_last(con: duckdb.DuckDBPyConnection, values: str) -> YearLast | None:
    [(rows, first, second, alike, apart)] = con.execute(
        f"SELECT count(*), max(a), max(b), bool_and(a = b), list(DISTINCT s ORDER BY s) FROM ("
        f"SELECT TRY_CAST(regexp_extract(v, '{YEAR_LAST}', 1) AS INTEGER) AS a, "
        f"TRY_CAST(regexp_extract(v, '{YEAR_LAST}', 3) AS INTEGER) AS b, regexp_extract(v, '{YEAR_LAST}', 2) AS s "
        f"FROM ({values}) WHERE regexp_matches(v, '{YEAR_LAST}'))"
    ).fetchall()
    return YearLast(rows, first, second, alike, tuple(apart)) if rows else None


def _order(table: str, found: dict[str, YearLast]) -> str:
    first, second = max(f.first for f in found.values()), max(f.second for f in found.values())
    columns = ", ".join(found)
    advice = "Say which in the mapping file: `date_formats: ['%d/%m/%Y']` is the day first."
    if first > 12 and second > 12:
        raise InputError(
            f"{table}: days in {columns} are written in two orders, day first and month first; export them again "
            "in one, or give each column its own `formats` in the mapping file"
        )
    if first <= 12 and second <= 12 and not all(f.alike for f in found.values()):
        values = sum(f.rows for f in found.values())
        raise InputError(f"{table}: {values} days in {columns} could be day first or month first. {advice}")
    return "%m/%d/%Y" if second > 12 else "%d/%m/%Y"
