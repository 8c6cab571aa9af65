"""Days written with the year last, such as 03/04/2024: the order of day and month, from the whole table.

One value does not say whether it is April or March. Where a table holds a day above 12, it does for all of
its columns, because one export writes them; where it holds none, or both orders, the table is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from phm_utils.errors import InputError

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


@dataclass(frozen=True)
class Advice:
    """What a refusal says to do: where all days could be either, and where they are written in both orders."""

    either: str
    both: str


def day_forms(
    con: duckdb.DuckDBPyConnection, columns: Mapping[str, str], where: str, advice: Advice
) -> dict[str, tuple[str, ...]]:
    """By column of one table, the strptime forms of its days besides those with the year first; none for most.

    columns: by column of days, a query for its distinct texts `v`. where: the table, for the refusal.
    Raises InputError, naming the columns, where the order of day and month cannot be decided.

    >>> values = "SELECT v FROM (VALUES ('03/04/2024'), ('17/04/2024')) t(v)"
    >>> day_forms(duckdb.connect(), {"born": values}, "a list", Advice(either="Say which.", both="write it again"))
    {'born': ('%d/%m/%Y', '%d/%m/%Y %H:%M', '%d/%m/%Y %H:%M:%S')}
    """
    found: dict[str, YearLast] = {}
    forms: dict[str, tuple[str, ...]] = {}
    for name, values in columns.items():
        if last := _year_last(con, values):
            found[name] = last
        [(named,)] = con.execute(f"SELECT count(*) FROM ({values}) WHERE regexp_matches(v, '{NAMED_MONTH}')").fetchall()
        forms |= {name: NAMED_FORMS} if named else {}
    if found:
        order = _order(where, found, advice)
        for name, last in found.items():
            written = tuple(order.replace("/", apart) + clock for apart in last.apart for clock in CLOCKS)
            forms[name] = written + forms.get(name, ())
    return forms


def _year_last(con: duckdb.DuckDBPyConnection, values: str) -> YearLast | None:
    [(rows, first, second, alike, apart)] = con.execute(
        f"SELECT count(*), max(a), max(b), bool_and(a = b), list(DISTINCT s ORDER BY s) FROM ("
        f"SELECT TRY_CAST(regexp_extract(v, '{YEAR_LAST}', 1) AS INTEGER) AS a, "
        f"TRY_CAST(regexp_extract(v, '{YEAR_LAST}', 3) AS INTEGER) AS b, regexp_extract(v, '{YEAR_LAST}', 2) AS s "
        f"FROM ({values}) WHERE regexp_matches(v, '{YEAR_LAST}'))"
    ).fetchall()
    return YearLast(rows, first, second, alike, tuple(apart)) if rows else None


def _order(where: str, found: dict[str, YearLast], advice: Advice) -> str:
    first, second = max(f.first for f in found.values()), max(f.second for f in found.values())
    columns = ", ".join(found)
    if first > 12 and second > 12:
        raise InputError(
            f"{where}: days in {columns} are written in two orders, day first and month first; {advice.both}"
        )
    if first <= 12 and second <= 12 and not all(f.alike for f in found.values()):
        values = sum(f.rows for f in found.values())
        raise InputError(f"{where}: {values} days in {columns} could be day first or month first. {advice.either}")
    return "%m/%d/%Y" if second > 12 else "%d/%m/%Y"
