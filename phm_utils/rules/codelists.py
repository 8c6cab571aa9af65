"""Code lists: the codes that define a concept.

A code list is a CSV file of parameters/codelists with a column `code` (other
columns, such as OpenCodelists' `term`, are for readers). Codes are SNOMED CT
concept ids, text everywhere: a spreadsheet that takes them for numbers
rounds ids of 16 digits and more, and the rounded id finds nobody.

Source of the checks: SNOMED International, SCTID structure (6-18 digits,
partition identifier, Verhoeff check digit).
"""

import csv
import re
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.runs import project_root

CONCEPT_PARTITIONS = ("00", "10")  # 01 and 11 are descriptions, 02 and 12 relationships
SPREADSHEET_DIGITS = 15  # a spreadsheet keeps no more of a number
FAULTS_SHOWN = 5

# The dihedral group's multiplication table, and the permutation applied once per place (Verhoeff 1969).
_MULTIPLY = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff_ok(code: str) -> bool:
    """Does the last digit check the digits before it, by Verhoeff's scheme?"""
    if not (code.isascii() and code.isdigit()):
        return False
    check = 0
    for place, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(place % 8):
            value = _PERMUTE[value]
        check = _MULTIPLY[check][value]
    return check == 0


def snomed_fault(code: str) -> str | None:
    """Why `code` is not a SNOMED CT concept id, with the likely cause; None where it is one."""
    if not code:
        return "is empty"
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+|\d+\.0", code):
        return "was turned into a number by a spreadsheet: export the list again with codes as text"
    if re.fullmatch(r"[A-Z]\d{2}(\.?[\dX-]\w?)?", code):
        return "looks like ICD-10: this list takes SNOMED CT concept ids"
    if not re.fullmatch(r"[1-9]\d{5,17}", code, re.ASCII):
        return "is not a SNOMED CT id of 6 to 18 digits: another code system, or a stray character"
    rounded = set(code[SPREADSHEET_DIGITS:]) == {"0"}
    if not verhoeff_ok(code):
        if rounded:
            return "was rounded by a spreadsheet to 15 digits: take the list from its source again, as text"
        return "fails its check digit: mistyped"
    if code[-3:-1] not in CONCEPT_PARTITIONS:
        return "is a description or relationship id, not a concept id"
    return None


def load(concept: str, folder: Path | None = None) -> list[str]:
    """The codes of one concept, as text, in the order of its file.

    folder: where <concept>.csv lies; parameters/codelists by default.
    Raises InputError that names the list, the rows and the likely cause.
    """
    folder = folder or project_root() / "parameters" / "codelists"
    path = folder / f"{concept}.csv"
    if not path.is_file():
        raise InputError(f"No code list {path.name} in {folder.name}. Add it, or correct the concept's name.")
    codes = _column(path)
    seen: dict[str, int] = {}
    faults = []
    for row, code in enumerate(codes, start=2):  # the header is row 1
        fault = snomed_fault(code) or (f"repeats row {seen[code]}" if code in seen else None)
        if fault:
            faults.append(f"- row {row}: `{code}` {fault}")
        seen.setdefault(code, row)
    if faults:
        more = [f"- and {len(faults) - FAULTS_SHOWN} more"] if len(faults) > FAULTS_SHOWN else []
        raise InputError(
            f"Code list {path.name}: {len(faults)} of {len(codes)} rows cannot be used.\n"
            + "\n".join(faults[:FAULTS_SHOWN] + more)
        )
    return codes


def _column(path: Path) -> list[str]:
    """The column `code` of a CSV file, stripped of white space."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"Code list {path.name} is not a readable CSV file. Save it as CSV, UTF-8.") from None
    if "code" not in header:
        bare = header and header[0].isdigit()
        raise InputError(
            f"Code list {path.name} has no column `code`"
            + (": its first row is a code already. Put `code` above it." if bare else f"; it has {', '.join(header)}.")
        )
    if not rows:
        raise InputError(f"Code list {path.name} is empty. A concept without codes would find nobody.")
    return [str(row["code"] or "").strip() for row in rows]
