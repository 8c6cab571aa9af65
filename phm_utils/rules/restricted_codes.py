"""Codes that the law restricts: parameters/restricted_codes.csv, and SQL that finds them in a field.

A field is searched, not compared: a code with a dot, a letter behind it, or among others in one field counts too,
because what is withheld may not slip through in another form.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from phm_utils.engine import quote
from phm_utils.errors import InputError
from phm_utils.params import Frozen, validated
from phm_utils.rules.code_systems import snomed_fault
from phm_utils.rules.data_files import rows_of
from phm_utils.runs import project_root

RESTRICTED_FILE = "parameters/restricted_codes.csv"
RESTRICTED = "legally restricted"  # the rule that such a field breaks
CodeSystem = Literal["snomed", "icd10", "opcs4"]
_BEGINNING = re.compile(r"[A-Z][0-9]{2}[0-9A-Z]{0,2}")
_RANGE = re.compile(r"([A-Z])([0-9]{2})-\1([0-9]{2})")


class RestrictedCode(Frozen):
    """One line. code: a whole SNOMED CT concept id; of icd10 and opcs4 the beginning of codes, or a range of them."""

    system: CodeSystem
    code: str
    group: Literal["human_fertilisation", "gender_recognition", "sexually_transmitted"]
    title: str = Field(min_length=1)
    legal_basis: str = Field(min_length=1)

    @model_validator(mode="after")
    def _has_its_form(self) -> "RestrictedCode":
        if self.system == "snomed" and (fault := snomed_fault(self.code)):
            raise ValueError(f"the code {fault}")
        if self.system != "snomed" and not self.beginnings:
            raise ValueError("the code is no beginning of 3 to 5 characters (F64*), and no range (A50-A64)")
        return self

    @property
    def beginnings(self) -> tuple[str, ...]:
        """The whole code of SNOMED CT; the beginnings of codes of the others, a range taken apart.

        >>> line = {"group": "sexually_transmitted", "title": "HIV", "legal_basis": "Directions 2000"}
        >>> RestrictedCode(system="icd10", code="B20-B22", **line).beginnings
        ('B20', 'B21', 'B22')
        """
        if self.system == "snomed":
            return (self.code,)
        code = self.code.upper().replace(".", "").removesuffix("*")
        if found := _RANGE.fullmatch(code):
            first, last = int(found[2]), int(found[3])
            return tuple(f"{found[1]}{number:02d}" for number in range(first, last + 1))
        return (code,) if _BEGINNING.fullmatch(code) else ()


@dataclass(frozen=True)
class RestrictedCodes:
    """All restricted codes, by system."""

    snomed: tuple[str, ...]
    icd10: tuple[str, ...]
    opcs4: tuple[str, ...]

    def sql(self, system: CodeSystem, text: str) -> str:
        """SQL: does a text hold a restricted code? Never null.

        >>> import duckdb
        >>> restricted = RestrictedCodes(("76272004",), ("A50", "Z206"), ("Q13",))
        >>> values = "(VALUES ('A509'), ('a50.9'), ('I10,A500'), ('Z20.6'), ('Z205'), ('BA50')) AS t (v)"
        >>> duckdb.sql(f"SELECT v FROM {values} WHERE {restricted.sql('icd10', 'v')}").fetchall()
        [('A509',), ('a50.9',), ('I10,A500',), ('Z20.6',)]
        """
        codes = {"snomed": self.snomed, "icd10": self.icd10, "opcs4": self.opcs4}[system]
        if not codes:
            return "false"
        if system == "snomed":
            listed = ", ".join(map(quote, codes))
            number = f"CAST(TRY_CAST(TRY_CAST({text} AS DOUBLE) AS BIGINT) AS VARCHAR)"
            found = f"list_has_any(regexp_extract_all({text}, '[0-9]{{6,18}}'), [{listed}]) OR {number} IN ({listed})"
            return f"coalesce({found}, false)"
        pattern = "|".join(code[:3] + "".join(rf"\.?{sign}" for sign in code[3:]) for code in codes)
        return f"coalesce(regexp_matches(upper({text}), {quote(f'(^|[^A-Z0-9])({pattern})')}), false)"

    def covers(self, system: str, code: str) -> bool:
        """Is a code, or every code that begins with it, restricted?

        >>> RestrictedCodes((), ("A50",), ()).covers("icd10", "A509")
        True
        """
        if system == "snomed":
            return code in self.snomed
        return system in ("icd10", "opcs4") and code.startswith(self.icd10 if system == "icd10" else self.opcs4)


def restricted_codes(path: Path | None = None) -> RestrictedCodes:
    """The codes of parameters/restricted_codes.csv.

    Raises InputError with the line of a code that has not its system's form or is there twice, and for a file that is
    absent or lists nothing: then nothing would be withheld.

    >>> "F64" in restricted_codes().icd10
    True
    """
    path = path or project_root() / RESTRICTED_FILE
    found: dict[str, dict[str, None]] = {"snomed": {}, "icd10": {}, "opcs4": {}}
    for system, code, where in _codes(path):
        if code in found[system]:
            raise InputError(f"{where}: {code} of {system} is there twice. Take one line out.")
        found[system][code] = None
    if not any(found.values()):
        raise InputError(f"{path.name} lists no code, so nothing would be withheld. Take it from the workbook again.")
    return RestrictedCodes(**{system: tuple(codes) for system, codes in found.items()})


def _codes(path: Path) -> Iterator[tuple[str, str, str]]:
    """System and code of every line, ranges taken apart, with where they stand."""
    for line, row in rows_of(path, "codes that the law restricts"):
        where = f"{path.name}, line {line}"
        entry = validated(RestrictedCode, row, where)
        yield from ((entry.system, code, where) for code in entry.beginnings)
