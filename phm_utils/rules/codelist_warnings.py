"""Warnings about a code list: oddities that do not change who is found, so the list is not refused."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from phm_utils.rules.codelist_files import CodeFile

OLD_YEARS = 3  # QOF's lists are issued every April, and SNOMED CT's UK edition twice a year
PRODUCTS = "1000001"  # the namespace of dm+d, the UK drug extension
NOT_IN_USE = ("n", "no", "0", "false")


def warnings(file: CodeFile, place: int, codes: Sequence[str], system: str, listed: Mapping[str, str]) -> Iterator[str]:
    """One sentence for each oddity.

    place: of the column of codes; codes: as cleaned, one per row.
    listed: the list's line in its folder's manifest.

    >>> file = CodeFile(("code",), ((2, ("I10",)), (3, ("I10",))), "utf-8")
    >>> list(warnings(file, 0, ["I10", "I10"], "icd10", listed={}))
    ['1 row repeats a code']
    """
    if repeats := len(codes) - len(set(codes)):
        yield f"{repeats:,} rows repeat a code" if repeats > 1 else "1 row repeats a code"
    wide = sum(any(cell.strip() for cell in cells[len(file.headings) :]) for _, cells in file.rows)
    if wide:
        rows = "1 row has" if wide == 1 else f"{wide:,} rows have"
        yield f"{rows} more cells than headings (a comma in a term)"
    if inactive := sum(cell.casefold() in NOT_IN_USE for cell in _cells(file, file.place("active"))):
        yield f"{inactive:,} codes are no longer in use: only older records hold them"
    count = listed.get("n_codes", "")
    if count.isdecimal() and int(count) != len(codes):
        yield f"its manifest counts {int(count):,} rows, the file has {len(codes):,}"
    products = sum(code[-10:-3] == PRODUCTS and len(code) > 10 for code in codes)
    if products and system == "snomed":
        yield f"{products:,} codes are products of dm+d: they stand among medicines, seldom among events"
    for other in range(len(file.headings)):
        written = [cell for cell in _cells(file, other) if cell]
        if other != place and written and all(re.fullmatch(r"\d+\.0", cell) for cell in written):
            yield f"column {file.headings[other]} was turned into decimal numbers"
    if file.encoding == "cp1252":
        yield "not UTF-8: read as Windows-1252"


def age_warning(dated: date | None, today: date) -> str | None:
    """How old a list is, where it is old; None too where no day is known.

    >>> age_warning(date(2020, 1, 1), today=date(2025, 3, 31))
    '5 years old'
    """
    years = int((today - dated).days // 365.25) if dated else 0
    return f"{years} years old" if years >= OLD_YEARS else None


def _cells(file: CodeFile, place: int | None) -> list[str]:
    return [cells[place].strip() for _, cells in file.rows if place is not None and place < len(cells)]
