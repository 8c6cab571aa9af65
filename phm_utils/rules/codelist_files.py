"""Reading the file of a code list: its rows, its headings, and the column of codes.

A file without headings is refused, although its codes could be recognised:
other software would take its first code for a heading.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.rules.code_systems import TITLES, cleaned, looks_like

MAX_BYTES = 64 * 1024 * 1024  # all of SNOMED CT with its terms is about 25 MB
HEADINGS_SHOWN = 12
# What publishers call the column of codes, letters and digits alone; `code` and `id` may be of any system.
ANY_SYSTEM = ("code", "id")
OWN_HEADINGS: dict[str, tuple[str, ...]] = {
    "snomed": (
        *("snomedcode", "snomedid", "snomedctcode", "snomedctid", "snomedctconceptid", "snomedctukcode"),
        *("snomedconceptid", "snomedct", "snomed", "sctid", "conceptid"),
    ),
    "dmd": ("dmdid", "dmdcode", "dmd"),
    "icd10": ("icd10code", "icd10", "icdcode", "icd"),
    "opcs4": ("opcs4code", "opcs4", "opcscode", "opcs"),
    "bnf": ("bnfcode", "bnf"),
    "readv2": ("readcode", "readv2code", "read2code", "readv2", "read2", "read"),
    "ctv3": ("ctv3id", "ctv3code", "ctv3"),
}
HEADINGS = frozenset((*ANY_SYSTEM, *(h for own in OWN_HEADINGS.values() for h in own)))


@dataclass(frozen=True)
class CodeFile:
    """A code list as written: `headings`, and `rows` of (line of the file, cells) without blank ones."""

    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    encoding: str

    def place(self, *names: str) -> int | None:
        """The place of the first column with one of these plain names; None where there is none."""
        return next((place for place, heading in enumerate(self.headings) if plain(heading) in names), None)


def plain(heading: str) -> str:
    """A heading's letters and digits, in small letters.

    >>> plain("SNOMED code")
    'snomedcode'
    """
    return re.sub(r"[\W_]", "", heading.casefold())


def read(path: Path) -> CodeFile:
    """The rows of a CSV file: comma, semicolon, tab or bar; UTF-8, UTF-16 or Windows-1252.

    Lines that begin with # are comments. Raises InputError with a message that
    follows the file's name.

    >>> _ = Path("asthma.csv").write_text("code,term\\nJ45,Asthma\\n")
    >>> read(Path("asthma.csv")).headings
    ('code', 'term')
    """
    text, encoding = _text(path)
    lines = list(io.StringIO(text, newline=""))  # splits at ends of lines alone, not at signs within a term
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    rows = list(_rows(lines, _delimiter(first)))
    if not rows:
        raise InputError("is empty. A list without codes would find nobody.")
    (_, headings), *rest = rows
    return CodeFile(tuple(cell.strip() for cell in headings), tuple(rest), encoding)


def _text(path: Path) -> tuple[str, str]:
    """The file's text and its encoding."""
    if path.is_dir():
        raise InputError("is a folder, not a file. Name its files, or the folder that holds the lists.")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(
            f"is larger than {MAX_BYTES // 1024**2} MB: no code list is. Name a list, not an extract or a terminology."
        )
    content = path.read_bytes()
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError("is a spreadsheet. Save it as CSV, UTF-8, with its codes formatted as text before.")
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16"), "utf-16"
        text, encoding = content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = content.decode("cp1252", errors="replace"), "cp1252"
    if "\0" in text:
        raise InputError("is not text: it holds NUL bytes. Save it as CSV, UTF-8.")
    return text, encoding


def _delimiter(first: str) -> str:
    """The delimiter: the one that gives a heading of codes, else the most frequent."""
    return max(",;\t|", key=lambda sign: (_splits_off_a_heading(first, sign), first.count(sign)))


def _splits_off_a_heading(first: str, sign: str) -> bool:
    return any(plain(cell.strip().strip('"')) in HEADINGS for cell in first.split(sign))


def _rows(lines: list[str], delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each row that is neither blank nor a comment, with the line that it begins on."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            open_mark = "end of data" in str(error) or "field larger" in str(error)
            cause = "a quotation mark that nothing closes" if open_mark else "text after a closing quotation mark"
            raise InputError(
                f"has {cause} in row {line}: rows below it would be lost. Correct the row, and save as CSV, UTF-8."
            ) from None
        if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
            yield line, tuple(cells)


def code_column(file: CodeFile, system: str | None) -> tuple[int, str | None]:
    """The place of the column of codes, and the system that its heading names (None for `code` or `id`).

    system: the list's system, where known: of several columns of codes it takes its own.
    Raises InputError where no heading, or more than one, fits.

    >>> code_column(CodeFile(("term", "ICD10 code"), (), "utf-8"), None)
    (1, 'icd10')
    """
    places: dict[str, list[int]] = {}
    for place, heading in enumerate(file.headings):
        places.setdefault(plain(heading), []).append(place)
    wanted = [system] if system else list(OWN_HEADINGS)
    own = {s: [h for h in OWN_HEADINGS[s] if h in places] for s in wanted}
    if system == "dmd" and not own["dmd"]:
        own = {"dmd": [h for h in OWN_HEADINGS["snomed"] if h in places]}
    named = {s: found[0] for s, found in own.items() if found}
    fits = [h for h in ANY_SYSTEM if h in places]
    if not system and len(named) > 1 and "code" not in places:
        columns = " and ".join(f"`{file.headings[places[h][0]]}`" for h in named.values())
        raise InputError(f"has codes of several systems, in {columns}. Say which to take by --system.")
    if named and (system or not fits):
        [(found, heading), *_] = named.items()
    elif fits:
        found, heading = None, fits[0]
    else:
        raise InputError(_no_heading(file))
    if len(places[heading]) > 1:
        raise InputError(f"has {len(places[heading])} columns `{heading}`. Keep the one with the codes.")
    return places[heading][0], found


def _no_heading(file: CodeFile) -> str:
    """Why no column can be the column of codes."""
    if any(looks_like(cleaned(cell)) for cell in file.headings):
        return "has no headings: its first row is a code already. Put `code` above it."
    if not all(re.fullmatch(r"[^\W\d][\w .:()/-]*", heading) for heading in file.headings):
        return "has no column `code`, and its first row does not look like headings."
    shown = ", ".join(file.headings[:HEADINGS_SHOWN]) + (", ..." if len(file.headings) > HEADINGS_SHOWN else "")
    known = ", ".join(OWN_HEADINGS[s][0] for s in TITLES)
    return f"has no column `code`; it has {shown}. Name the column of codes `code`, or by its system: {known}."
