"""CSV files of parameters/: their rows, with comments above the headings."""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.file_text import file_text
from phm_utils.printable import hidden_character

COMMENT = "#"
WHOLE = re.compile(r"-?[0-9]{1,12}")
Row = dict[str, str]


def rows_of(path: Path, what: str, needs: Sequence[str] = ()) -> list[tuple[int, Row]]:
    """The rows of a file with their line numbers, by heading; empty cells are left out.

    what: what the file lists, for the error where it is not there. needs: headings that it must have, every cell of
    them filled in. Lines that begin with # are comments.

    Raises InputError that names file and line for a file that is absent or not readable, a heading that stands twice,
    more cells than headings, and characters that cannot be shown.

    >>> from phm_utils.runs import project_root
    >>> line, row = rows_of(project_root() / "parameters" / "units.csv", "units")[0]
    >>> sorted(row)
    ['concept', 'unit']
    """
    if not path.exists():
        raise InputError(f"No file {path.name} in {path.parent.name}: it lists {what}.")
    rows = list(_cells(path, file_text(path, f"It lists {what}.")))
    headings = [cell.strip() for cell in rows[0][1]] if rows else []
    _check_headings(path, headings, needs)
    found = []
    for line, cells in rows[1:]:
        if len(cells) > len(headings):
            raise InputError(
                f"{path.name}, line {line}: {len(cells)} cells for {len(headings)} headings. Put a cell with commas "
                "in double quotes."
            )
        row = {name: cell.strip() for name, cell in zip(headings, cells, strict=False) if cell.strip()}
        if empty := [name for name in needs if name not in row and row]:
            raise InputError(f"{path.name}, line {line}: no {empty[0]}. Fill it in, or take the line out.")
        if row:
            found.append((line, row))
    return found


def rows_by(path: Path, what: str, key: str, needs: Sequence[str]) -> dict[str, Row]:
    """The rows of a file by one of their cells, which stands in one row only. needs: see `rows_of`; `key` is one.

    >>> from phm_utils.runs import project_root
    >>> weights = project_root() / "parameters" / "reference" / "esp2013.csv"
    >>> rows_by(weights, "the standard population", "age_band", ("age_band", "weight"))["0-4"]["weight"]
    '5000'
    """
    found: dict[str, Row] = {}
    for line, row in rows_of(path, what, needs):
        if row[key] in found:
            raise InputError(f"{path.name}, line {line}: the file has `{row[key][:40]}` twice. Keep one of the two.")
        found[row[key]] = row
    return found


def whole_number(path: Path, key: str, row: Row, column: str, least: int = 0) -> int:
    """A cell as a whole number of `least` or more; InputError names the row by its key.

    >>> whole_number(Path("esp2013.csv"), "0-4", {"weight": "5000"}, "weight")
    5000
    """
    if not WHOLE.fullmatch(row[column]) or int(row[column]) < least:
        raise InputError(f"{path.name}, `{key[:40]}`: `{column}` must be whole numbers of {least} or more.")
    return int(row[column])


def _cells(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that is no comment, with the line on which the row ends."""
    kept = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if not line.startswith(COMMENT)]
    reader = csv.reader((line + "\n" for _, line in kept), strict=True)
    try:
        for cells in reader:
            line = kept[reader.line_num - 1][0]
            if found := next(filter(None, map(hidden_character, cells)), None):
                raise InputError(f"{path.name}, line {line}: the character {found} cannot be shown. Take it out.")
            yield line, cells
    except csv.Error:
        line = kept[max(reader.line_num, 1) - 1][0]
        raise InputError(
            f"{path.name} is not a readable CSV file: up to line {line} a quotation mark is not closed, or has text "
            "behind it. Correct it, and save as CSV, UTF-8."
        ) from None


def _check_headings(path: Path, headings: list[str], needs: Sequence[str]) -> None:
    if twice := [name for n, name in enumerate(headings) if name and name in headings[:n]]:
        raise InputError(f"{path.name} has the heading `{twice[0]}` twice. Keep one of the two columns.")
    if lacking := [name for name in needs if name not in headings]:
        raise InputError(f"{path.name} lacks the columns {', '.join(lacking)}. Its columns must be {', '.join(needs)}.")
