"""CSV files of parameters/: their rows, with comments above the headings."""

import csv
from pathlib import Path

from phm_utils.errors import InputError

COMMENT = "#"


def rows_of(path: Path, what: str) -> list[tuple[int, dict[str, str]]]:
    """The rows of a file with their line numbers, by heading; empty cells are left out.

    what: what the file lists, for the error where it is not there. Lines that begin with # are comments.

    Raises InputError for a file that is absent or not readable.

    >>> from phm_utils.runs import project_root
    >>> line, row = rows_of(project_root() / "parameters" / "units.csv", "units")[0]
    >>> sorted(row)
    ['concept', 'unit']
    """
    if not path.is_file():
        raise InputError(f"No file {path.name} in {path.parent.name}: it lists {what}.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        kept = [(number, line) for number, line in enumerate(lines, start=1) if not line.startswith(COMMENT)]
        reader = csv.reader([line for _, line in kept], strict=True)
        rows = [(kept[reader.line_num - 1][0], cells) for cells in reader]
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{path.name} is not a readable CSV file. Save it as CSV, UTF-8.") from None
    headings = [cell.strip() for cell in rows[0][1]] if rows else []
    found = []
    for number, cells in rows[1:]:
        if len(cells) > len(headings):
            raise InputError(
                f"{path.name}, line {number}: {len(cells)} cells for {len(headings)} headings. Put a cell with commas "
                "in double quotes."
            )
        row = {name: cell.strip() for name, cell in zip(headings, cells, strict=False) if cell.strip()}
        if row:
            found.append((number, row))
    return found
