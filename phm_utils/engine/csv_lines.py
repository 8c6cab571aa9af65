"""The lines of a CSV file, counted without a CSV reader: what a reader makes of them must add up to them.

A stray quotation mark at the start of a field opens a quoted field, and a reader
takes all lines up to the next quotation mark into that one field, without an error.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from phm_utils.errors import InputError

BLOCK = 1 << 22  # bytes
BYTE_FOR_BYTE = "latin-1"  # every byte is one character of it, so nothing is lost or refused
LINE_FEED, CARRIAGE_RETURN = 10, 13


class Line(NamedTuple):
    """number: from 1, blank lines counted. text: without its end; each character is one byte of the file.
    whole: does every field that begins in it end in it, and none come from the line before?
    """

    number: int
    text: str
    whole: bool


def count_lines(path: Path) -> int:
    """Lines of a file in an encoding like UTF-8 that are not blank, whichever signs end them."""
    lines, after_end = 0, True
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            codes = np.frombuffer(block, dtype=np.uint8)
            ends = (codes == LINE_FEED) | (codes == CARRIAGE_RETURN)
            before = np.concatenate(([after_end], ends[:-1]))
            lines += int(np.count_nonzero(before & ~ends))
            after_end = bool(ends[-1])
    return lines


def lines_of(path: Path, delimiter: str = ",", name: str | None = None) -> Iterator[Line]:
    """Every line of a CSV file in an encoding like UTF-8, in order.

    name: what a message calls the file, where `path` is a copy.
    Raises InputError, with the number of the line, where a quotation mark opens a field and none closes it.
    """
    ends_here, ends_inside = _patterns(delimiter)
    opened = 0
    with path.open(encoding=BYTE_FOR_BYTE, newline=None) as file:
        for number, ended in enumerate(file, start=1):
            text = ended.removesuffix("\n")
            if opened:
                yield Line(number, text, whole=False)
                opened = 0 if ends_inside.fullmatch(text) else opened
            else:
                opened = number if '"' in text and not ends_here.fullmatch(text) else 0
                yield Line(number, text, whole=not opened)
    if opened:
        raise InputError(
            f"{name or path.name}: a quotation mark in line {opened:,} opens a field that is never closed. "
            "Export the file again."
        )


def refuse_line_breaks(path: Path, delimiter: str = ",") -> None:
    """InputError where a quoted field of a CSV goes over more than one line: two stray marks swallow what is between.

    For files of which every row must be used; the extract's own go through `inputs.csv_files`.
    """
    broken = [line.number for line in lines_of(path, delimiter) if not line.whole]
    if broken:
        raise InputError(
            f"{path.name}: {len(broken):,} lines are parts of a quoted field with a line break (first: line "
            f"{broken[0]:,}). A stray quotation mark does this too. Export the file without line breaks in fields, or "
            "without that column."
        )


def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What fits a line at whose end no quoted field is open: of a line that begins a row, and of one within a field.

    A field is quoted where a quotation mark, after blanks if any, begins it; a doubled one within it is a sign of its
    text. A mark elsewhere is text. No part fits in two ways, so a hostile line costs no more than its length.
    (Possessive repeats would say so, but Python 3.11.2 matches them wrongly.)
    """
    sign = re.escape(delimiter)
    rest = rf'[^"]*(?:""[^"]*)*"(?!")[^{sign}]*'
    field = rf'(?: *"{rest}|(?! *")[^{sign}]*)'
    return re.compile(rf"{field}(?:{sign}{field})*"), re.compile(rf"{rest}(?:{sign}{field})*")
