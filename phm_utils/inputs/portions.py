"""How many rows of a table are checked at once, so that memory does not grow with the extract."""

import math
from dataclasses import replace

from phm_utils.inputs.landing import ROW_COLUMN, LandingFile

BYTES_PER_FIELD = 20  # of a checked row in memory: the mean over our tables, measured
MARKS = 5  # fields of a checked row that say what became of it
SHARE_OF_MEMORY = 1 / 3  # for the rows in hand; the rest is for reading, sorting and writing them


def rows_at_once(memory: int, fields: int) -> int:
    """Rows of so many fields that fill a third of the memory.

    memory: bytes that DuckDB may use. fields: columns of the table.

    >>> rows_at_once(3_000_000_000, 7)
    4166666
    """
    return max(1, int(memory * SHARE_OF_MEMORY / (BYTES_PER_FIELD * (fields + MARKS))))


def same_shape(files: list[LandingFile]) -> list[LandingFile]:
    """Files with the same columns as one: a scan of many files needs less memory than a union of many scans."""
    shapes: dict[tuple, list[LandingFile]] = {}
    for file in files:
        shapes.setdefault(tuple(sorted(file.types.items())), []).append(file)
    return [_together(alike) for alike in shapes.values()]


def portions(files: list[LandingFile], most: int) -> list[LandingFile]:
    """The rows of all files in portions of at most `most` rows, in the order of the files.

    Neighbouring files with the same columns make one portion as long as they fit: planning a wide
    query costs more than reading a small file. A larger file is divided into ranges of its rows.
    """
    made: list[LandingFile] = []
    for file in files:
        last = made[-1] if made else None
        if last and last.where is None and last.types == file.types and last.rows + file.rows <= most:
            made[-1] = _together([last, file])
        elif file.rows <= most:
            made.append(file)
        else:
            made += _divided(file, most)
    return made


def _together(files: list[LandingFile]) -> LandingFile:
    paths = tuple(path for file in files for path in file.paths)
    return replace(
        files[0], paths=paths, rows=sum(f.rows for f in files), unread=tuple(p for f in files for p in f.unread)
    )


def _divided(file: LandingFile, most: int) -> list[LandingFile]:
    """One file as several of about the same number of rows."""
    parts = math.ceil(file.rows / most)
    size = math.ceil(file.rows / parts)
    made = []
    for part in range(parts):
        first, rows = part * size, min(size, file.rows - part * size)
        where = f"{ROW_COLUMN} >= {first} AND {ROW_COLUMN} < {first + rows}"
        made.append(replace(file, rows=rows, unread=file.unread if part == 0 else (), where=where))
    return made
