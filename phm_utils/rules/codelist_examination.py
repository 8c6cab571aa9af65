"""The examination of one code list.

A list is bad if one of its rows would find nobody, or the wrong people. What
cannot change who is found (a repeated code with the same values, an old list)
is a warning.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.rules import codelist_files
from phm_utils.rules.check_digits import SPREADSHEET_DIGITS
from phm_utils.rules.code_systems import (
    SNOMED_SYSTEMS,
    SYSTEMS,
    TITLES,
    cleaned,
    code_fault,
    looks_like,
    normalised,
    system_named,
)
from phm_utils.rules.codelist_files import HEADINGS, CodeFile, code_column, plain
from phm_utils.rules.codelist_reports import Fault, ListReport
from phm_utils.rules.codelist_warnings import age_warning, warnings

ROUNDED_IDS = 3  # this many long ids that all end in zero are not chance: 1 in 1,000
TERMS = (
    *("term", "name", "description", "dmdname", "icd10term", "icd10codedescr", "readcodedescr", "readterm"),
    *("ctv3preferredtermdesc", "preferredterm", "fullyspecifiedname", "fsn"),
)
DATES = ("effectivetime", "uploaddate", "date", "dated", "versiondate", "lastupdated", "updated")
SYSTEM_COLUMNS = ("codingsystem", "codesystem", "vocabulary", "terminology", "system")
# Publishers' remarks, which may differ between two rows of a code without a conflict.
REMARKS = (*TERMS, *DATES, "notes", "comment", "source", "ctv3source", "codesource", "medcode", "unnamed0", "active")
# The hierarchies of SNOMED CT, as its full names end with them; NOT_PRODUCTS never name a dm+d product.
NOT_PRODUCTS = (
    "disorder",
    "finding",
    "procedure",
    "situation",
    "observable entity",
    "regime/therapy",
    "event",
    "person",
)
TAGS = (*NOT_PRODUCTS, "morphologic abnormality", "qualifier value", "body structure", "substance", "product")
_TAG = re.compile(r"\(([a-z/ ]+)\)\s*$")


def examine(
    path: Path, system: str | None = None, *, listed: dict[str, str] | None = None, today: date | None = None
) -> ListReport:
    """Report the system, codes, faults and warnings of one list; a bad list is reported, never raised.

    system: its code system; else that of its line in the manifest, of its
        name (`__snomed`), of its heading, of a column such as
        `coding_system`, or the one that most of its codes fit.
    listed: its line in the folder's MANIFEST.csv.
    today: the day from which its age is counted.

    >>> _ = Path("diabetes__icd10.csv").write_text("code\\nE119\\nE11O\\n")
    >>> report = examine(Path("diabetes__icd10.csv"))
    >>> report.system, report.codes, str(report.faults[0])
    ('icd10', ('E119',), 'row 3: `E11O` is not an ICD-10 code: it has the letter O for a zero')
    """
    listed = listed or {}
    try:
        file = codelist_files.read(path)
        system_given = system or system_named(listed.get("code_system", "")) or system_in_name(path.stem)
        place, heading_system = code_column(file, system_given)
    except InputError as error:
        return ListReport(path, system, faults=(Fault(str(error)),))
    except OSError as error:
        return ListReport(path, system, faults=(Fault(f"cannot be read ({error.strerror})."),))
    if not file.rows:
        return ListReport(path, system_given, faults=(Fault("is empty. A list without codes would find nobody."),))
    return _Examination(path, file, place, system_given or heading_system, listed, today or date.today()).report()


def system_in_name(stem: str) -> str | None:
    """The system named by the last word of a file's name: `asthma__ast_cod__snomed`, `..._ICD10`.

    >>> system_in_name("asthma__ast_cod__snomed"), system_in_name("asthma")
    ('snomed', None)
    """
    words = re.split(r"__|_(?=[A-Z])|[.-]|\s", stem)
    return system_named(words[-1]) if len(words) > 1 else None


@dataclass(frozen=True)
class _Examination:
    """One list under examination: its file, the place of its codes, and what is known of it from elsewhere."""

    path: Path
    file: CodeFile
    place: int
    system_given: str | None
    listed: dict[str, str]
    today: date

    @cached_property
    def codes(self) -> list[tuple[int, str]]:
        """Each row's line and code, cleaned."""
        return [(line, cleaned(cells[self.place]) if self.place < len(cells) else "") for line, cells in self.file.rows]

    @cached_property
    def stated(self) -> set[str]:
        """The systems that a column such as `coding_system` states."""
        place = self.file.place(*SYSTEM_COLUMNS)
        cells = {row[place] for _, row in self.file.rows if place < len(row)} if place is not None else set()
        return {system for cell in cells if (system := system_named(cell))}

    @cached_property
    def system(self) -> str | None:
        if self.system_given:
            return self.system_given
        if len(self.stated) == 1:
            return next(iter(self.stated))
        votes = Counter(found for _, code in self.codes if (found := looks_like(code)))
        return votes.most_common(1)[0][0] if votes else None

    def report(self) -> ListReport:
        system = self.system
        if system is None:
            cause = Fault("holds no code of a known system: " + ", ".join(TITLES[s] for s in SYSTEMS) + ".")
            return ListReport(self.path, None, len(self.codes), faults=(cause,))
        by_row = [fault for line, code in self.codes if (fault := self._row_fault(line, code, system))]
        by_row += self._conflicting_rows(system)
        faults = (*self._file_faults(system, by_row), *sorted(by_row, key=lambda f: f.row or 0))
        broken = {f.row for f in by_row}
        usable = {normalised(code, system): line for line, code in reversed(self.codes) if line not in broken}
        return ListReport(
            self.path,
            system,
            len(self.codes),
            tuple(sorted(usable, key=usable.__getitem__)),
            faults,
            tuple(self._warnings(system)),
            self.dated,
            self._terms(system),
        )

    def _row_fault(self, line: int, code: str, system: str) -> Fault | None:
        cells = self._cells[line]
        if plain(code) in HEADINGS and code[:1].isalpha() and looks_like(code) is None:
            return Fault("is a heading: two files were put together, or the file has two header rows", line, code)
        if cause := code_fault(code, system):
            return Fault(cause, line, code)
        extra = [cleaned(cell) for cell in cells[len(self.file.headings) :]]
        if any(looks_like(cell) == looks_like(code) is not None for cell in extra):
            return Fault("is followed by other codes in its row: write each in its own row", line, code)
        if any(extra) and self.place:
            return Fault("stands in a row with more cells than headings: it may be of another column", line, code)
        if any("\n" in cell and self._holds_rows(cell) for cell in cells):
            return Fault("stands in a row whose quotation mark takes in the rows below: close the mark", line, code)
        if system == "dmd" and (tag := self._tag(cells)) in NOT_PRODUCTS:
            return Fault(f"is a {tag}, not a product of dm+d", line, code)
        return None

    def _holds_rows(self, cell: str) -> bool:
        """Does a cell of several lines hold whole rows? Every term that goes over a line is not a fault."""
        return any(looks_like(cleaned(re.split(r"[,;\t|]", line)[0])) for line in cell.splitlines()[1:])

    @cached_property
    def _cells(self) -> dict[int, tuple[str, ...]]:
        return dict(self.file.rows)

    def _conflicting_rows(self, system: str) -> Iterator[Fault]:
        """A code in two rows with different categories: it is not known which one applies."""
        compared = [n for n, h in enumerate(self.file.headings) if n != self.place and plain(h) not in REMARKS]
        first: dict[str, tuple[int, list[str]]] = {}
        for line, code in self.codes:
            values = [self._cells[line][n].strip() for n in compared if n < len(self._cells[line])]
            where, first_values = first.setdefault(code, (line, values))
            if code and first_values != values:
                yield Fault(
                    f"repeats row {where} with another {self.file.headings[compared[0]] or 'meaning'}", line, code
                )

    def _file_faults(self, system: str, by_row: list[Fault]) -> Iterator[Fault]:
        """Faults of the file as a whole."""
        if system in SNOMED_SYSTEMS:
            long = [code for _, code in self.codes if len(code) > SPREADSHEET_DIGITS]
            if len(long) >= ROUNDED_IDS and all(set(code[SPREADSHEET_DIGITS:]) == {"0"} for code in long):
                yield Fault(f"was rounded by a spreadsheet: all its {len(long)} ids of 16 digits or more end in zeros.")
        others = Counter(
            other for f in by_row if f.row and (other := looks_like(f.code)) and not _same_form(other, system)
        )
        title = TITLES[system]
        for other, times in others.most_common(1):
            if times > 1 and times * 2 >= len(self.codes):
                yield Fault(f"is of another system: {times} of {len(self.codes)} codes look like {TITLES[other]}, "
                            f"and it is taken for {title}.")  # fmt: skip
        if wrong := {s for s in self.stated if not _same_form(s, system)}:
            stated = " and ".join(sorted(TITLES[s] for s in wrong))
            yield Fault(f"states in a column that its codes are {stated}, and it is taken for {title}.")
        if system not in SNOMED_SYSTEMS:
            tagged = sum(self._tag(cells) in TAGS for _, cells in self.file.rows)
            if tagged > 1 and tagged * 2 > len(self.codes):
                yield Fault(f"has {tagged} terms of SNOMED CT, such as end in (disorder), and is taken for {title}.")

    def _warnings(self, system: str) -> Iterator[str]:
        yield from warnings(self.file, self.place, [code for _, code in self.codes], system, self.listed)
        if old := age_warning(self.dated, self.today):
            yield old

    @cached_property
    def dated(self) -> date | None:
        """The newest day in its name, a column of dates, or the manifest."""
        place = self.file.place(*DATES)
        cells = [cells[place] for _, cells in self.file.rows if place < len(cells)] if place is not None else []
        in_manifest = [value for name, value in self.listed.items() if plain(name) in DATES]
        return max((day for text in (self.path.stem, *cells, *in_manifest) if (day := _day(text))), default=None)

    def _terms(self, system: str) -> dict[str, str]:
        """The first term of each code, for readers."""
        place = self.file.place(*TERMS)
        if place is None or place == self.place:
            return {}
        terms: dict[str, str] = {}
        for line, code in self.codes:
            cells = self._cells[line]
            terms.setdefault(normalised(code, system), cells[place].strip() if place < len(cells) else "")
        return terms

    def _tag(self, cells: tuple[str, ...]) -> str | None:
        """The hierarchy at the end of a term."""
        place = self.file.place(*TERMS)
        found = _TAG.search(cells[place]) if place is not None and place < len(cells) else None
        return found[1] if found else None


def _same_form(one: str, other: str) -> bool:
    """Can codes of the two systems have the same form?"""
    return one == other or {one, other} in ({*SNOMED_SYSTEMS}, {"icd10", "opcs4"}, {"readv2", "ctv3"})


def _day(text: str) -> date | None:
    """The first day in a text: 2020-10-14 or 20201014."""
    found = re.search(r"(?<!\d)(20\d\d)(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)", text)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None
