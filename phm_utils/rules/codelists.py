"""Code lists: the codes that define a concept.

A list is a CSV file with a column of codes, in OpenCodelists' form
(`code,term`) or another publisher's. Codes are text everywhere: a spreadsheet
that takes them for numbers rounds ids of 16 digits and more, and the rounded
id finds nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.rules.check_digits import verhoeff_ok
from phm_utils.rules.code_systems import TITLES, snomed_fault
from phm_utils.rules.codelist_examination import examine
from phm_utils.rules.codelist_reports import CodeList, Fault, ListReport, codes_counted
from phm_utils.rules.concepts import concepts
from phm_utils.rules.data_files import rows_of
from phm_utils.runs import project_root

__all__ = [
    "CodeList",
    "Fault",
    "ListReport",
    "check_lists",
    "examine",
    "find_list",
    "load",
    "report_text",
    "snomed_fault",
    "verhoeff_ok",
]

MANIFEST = "MANIFEST.csv"
ENDINGS = (".csv", ".tsv", ".xlsx", ".xls")  # a spreadsheet among lists is reported, not skipped


def load(name: str, folder: Path | None = None, system: str = "snomed") -> list[str]:
    """The codes of one list, as text, each once, in the order of its file.

    folder: the folder of <name>.csv; parameters/codelists by default.
    system: its code system. Codes of icd10 and bnf may be beginnings of codes,
        and come in the form of extracts: no dots, no fillers.
    Raises InputError that names the list, the rows and the likely cause.

    >>> "195967001" in load("asthma")
    True
    """
    folder = folder or project_root() / "parameters" / "codelists"
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise InputError(f"No code list {path.name} in {folder.name}. Add it, or correct the concept's name.")
    return list(examine(path, system).code_list().codes)


@dataclass(frozen=True)
class _ListFile:
    """A list to examine, with its line of the folder's manifest."""

    path: Path
    system: str | None = None
    listed: dict[str, str] = field(default_factory=dict)

    def report(self) -> ListReport:
        if not self.path.exists():
            where = MANIFEST if self.listed else "concepts.csv"
            return ListReport(self.path, self.system, faults=(Fault(f"is named in {where} and is not there."),))
        return examine(self.path, self.system, listed=self.listed)


def check_lists(paths: Sequence[Path], system: str | None = None) -> list[ListReport]:
    """A report on each list; a folder means the lists in it, and those that its manifest names.

    A folder's MANIFEST.csv (`file`, `code_system`, `n_codes`, a date), or the
    concepts.csv next to the workbook's own folder of lists, gives their systems.
    Raises InputError for a path that is not there and a folder without lists.

    >>> [report.bad for report in check_lists([Path("asthma")])]
    [False]
    """
    lists = {one.path.resolve(): one for path in paths for one in _lists_of(path, system)}
    return [one.report() for one in lists.values()]


def find_list(path: Path) -> Path:
    """A path as given, or below the workbook's folder, or the name of one of the workbook's own lists.

    >>> find_list(Path("asthma")).name
    'asthma.csv'
    """
    if path.exists():
        return path
    root = project_root()
    own = root / "parameters" / "codelists" / f"{path.name}.csv"
    tried = [root / path, *([own] if path.name == str(path) else [])]
    for place in tried:
        if place.exists():
            return place
    raise InputError(f"No code list {path}: neither a file, nor a folder, nor a list of parameters/codelists.")


def _lists_of(path: Path, system: str | None) -> Iterator[_ListFile]:
    path = find_list(path)
    folder = path if path.is_dir() else path.parent
    manifest = _manifest(folder)
    if not path.is_dir():
        yield _list_file(path, manifest, system)
        return
    files = {p for p in path.iterdir() if p.suffix.lower() in ENDINGS and p.name != MANIFEST and p.name[0] != "."}
    if not files:
        raise InputError(f"The folder {path} holds no code list: no file ending in {', '.join(ENDINGS)}.")
    for one in sorted(files | {folder / name for name in manifest}):
        yield _list_file(one, manifest, system)


def _list_file(path: Path, manifest: dict[str, dict[str, str]], system: str | None) -> _ListFile:
    line = manifest.get(path.name, {})
    return _ListFile(path, system or line.get("concept_system"), {} if "concept_system" in line else line)


def _manifest(folder: Path) -> dict[str, dict[str, str]]:
    """By file name: its line of the folder's manifest, or its system by concepts.csv."""
    manifest, definitions = folder / MANIFEST, folder.parent / "concepts.csv"
    if manifest.is_file():
        return {row["file"]: row for _, row in rows_of(manifest, "the lists of its folder") if "file" in row}
    if folder.name == "codelists" and definitions.is_file():
        return {f"{c.codes_from}.csv": {"concept_system": c.system} for c in concepts(definitions)}
    return {}


def report_text(reports: Sequence[ListReport], every: bool = False) -> str:
    """One line per list (name, system, codes, verdict, first cause) and a line of totals.

    every: all faults and warnings below their list.

    >>> print(report_text([ListReport(Path("asthma.csv"), "icd10", rows=1, codes=("J45",))]))
    ok  asthma  ICD-10, 1 code
    1 list: 1 sound, 0 bad. 1 without a date: how old they are is not known.
    """
    width = min(max((len(r.name) for r in reports), default=0), 48)
    lines = [line for r in reports for line in _report_lines(r, width, every)]
    bad = sum(r.bad for r in reports)
    undated = sum(r.dated is None for r in reports)
    count = f"{len(reports)} list{'' if len(reports) == 1 else 's'}: {len(reports) - bad} sound, {bad} bad."
    age = f" {undated} without a date: how old they are is not known." if undated else ""
    return "\n".join([*lines, count + age])


def _report_lines(report: ListReport, width: int, every: bool) -> Iterator[str]:
    system = TITLES.get(report.system or "", "system not known")
    causes = [*map(str, report.faults), *report.warnings]
    parts = [codes_counted(len(report.codes)), f"dated {report.dated}" if report.dated else ""]
    head = f"{'BAD' if report.bad else 'ok ':3} {report.name:{width}}  {system}, {', '.join(filter(None, parts))}"
    if every:
        yield head
        yield from (f"      {cause}" for cause in causes)
        return
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    yield head + (f": {causes[0]}{more}" if causes else "")
