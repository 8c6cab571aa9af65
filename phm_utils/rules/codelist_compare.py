"""What the choice of a code list does to a cohort.

Two lists of one concept seldom hold the same codes. This compares their
codes, and the people that each finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.params import Disclosure, Workbook
from phm_utils.privacy.disclosure import SUPPRESSED
from phm_utils.rules.code_systems import PREFIX_SYSTEMS, SNOMED_SYSTEMS, TITLES
from phm_utils.rules.codelist_people import PeopleFound, found_in_file, found_in_run
from phm_utils.rules.codelist_reports import CodeList, codes_counted
from phm_utils.rules.codelists import check_lists


@dataclass(frozen=True)
class Overlap:
    """The codes that both lists cover, and those that only one covers, in the order of the lists."""

    both: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


@dataclass(frozen=True)
class Events:
    """A file of people and codes, and its columns: one event per row. Those dated after `until` do not count."""

    path: Path | None = None
    person: str | None = None
    code: str | None = None
    dated: str | None = None
    until: date | None = None

    def found(self, a: CodeList, b: CodeList) -> PeopleFound | None:
        """The people that each list finds in it; None where there is no file."""
        if self.path is None:
            if any((self.person, self.code, self.dated, self.until)):
                raise InputError("--person, --code, --date and --until describe a file: add --events FILE.")
            return None
        if not (self.person and self.code):
            raise InputError("--events needs --person and --code: the columns of whose event it is, and of its code.")
        if not comparable(a, b):
            raise InputError(
                f"{a.name} is a list of {TITLES[a.system]}, {b.name} of {TITLES[b.system]}: "
                "one column of codes holds one system. Compare lists of one system, or use --run."
            )
        return found_in_file(a, b, self.path, self.person, self.code, self.dated, self.until)


def compare(a: Path, b: Path, system: str | None, *, run: Workbook | None, events: Events) -> str:
    """Compare two lists and, in a run or a file of events, the people that each finds.

    Raises InputError where a list is bad: its faults would make the difference, not the choice of list.

    >>> pd.DataFrame({"code": ["E11", "I10"]}).to_csv("broad.csv", index=False)
    >>> pd.DataFrame({"code": ["E119", "J45"]}).to_csv("narrow.csv", index=False)
    >>> print(compare(Path("broad.csv"), Path("narrow.csv"), "icd10", run=None, events=Events()))
    A broad: ICD-10, 2 codes
    B narrow: ICD-10, 2 codes
    codes: 1 in both, 2 only in A, 1 only in B
    """
    reports = [*check_lists([a], system), *check_lists([b], system)]
    if len(reports) != 2:
        raise InputError("Two lists are compared, not folders of lists: name two files.")
    one, other = (report.code_list() for report in reports)
    in_file = events.found(one, other)
    if run:
        return comparison_text(one, other, found_in_run(one, other, run), run.disclosure)
    return comparison_text(one, other, in_file)


def overlap(a: CodeList, b: CodeList) -> Overlap:
    """Compare the codes alone. A beginning of a code covers every longer code that begins with it.

    >>> a = CodeList("broad", "icd10", ("E11", "I10"), Path("broad.csv"))
    >>> b = CodeList("narrow", "icd10", ("E119", "J45"), Path("narrow.csv"))
    >>> overlap(a, b)
    Overlap(both=('E119',), only_a=('E11', 'I10'), only_b=('J45',))
    """
    common = {*_covered(a, b), *_covered(b, a)}
    every = dict.fromkeys((*a.codes, *b.codes))
    only_a, only_b = (tuple(code for code in one.codes if code not in common) for one in (a, b))
    return Overlap(tuple(code for code in every if code in common), only_a, only_b)


def _covered(one: CodeList, by: CodeList) -> Iterator[str]:
    """The codes of one list that another covers."""
    listed = frozenset(by.codes)
    for code in one.codes:
        beginnings = range(1, len(code)) if by.system in PREFIX_SYSTEMS else ()
        if code in listed or any(code[:length] in listed for length in beginnings):
            yield code


def comparable(a: CodeList, b: CodeList) -> bool:
    """Are the two lists' codes of one system?

    >>> a = CodeList("broad", "icd10", ("E11", "I10"), Path("broad.csv"))
    >>> b = CodeList("narrow", "icd10", ("E119", "J45"), Path("narrow.csv"))
    >>> comparable(a, b)
    True
    """
    return a.system == b.system or {a.system, b.system} == {*SNOMED_SYSTEMS}


def comparison_text(a: CodeList, b: CodeList, found: PeopleFound | None, policy: Disclosure | None = None) -> str:
    """The comparison as text, for the analyst's own work. policy: the disclosure control applied to `found`.

    >>> a = CodeList("broad", "icd10", ("E11", "I10"), Path("broad.csv"))
    >>> b = CodeList("narrow", "icd10", ("E119", "J45"), Path("narrow.csv"))
    >>> print(comparison_text(a, b, None))
    A broad: ICD-10, 2 codes
    B narrow: ICD-10, 2 codes
    codes: 1 in both, 2 only in A, 1 only in B
    """
    lines = [
        f"{n} {one.name}: {TITLES[one.system]}, {codes_counted(len(one.codes))}" for n, one in (("A", a), ("B", b))
    ]
    if comparable(a, b):
        same = overlap(a, b)
        both, only_a, only_b = (f"{len(codes):,}" for codes in (same.both, same.only_a, same.only_b))
        lines.append(f"codes: {both} in both, {only_a} only in A, {only_b} only in B")
    else:
        lines.append("codes: of two systems, so none in common")
    if found is not None:
        lines += [*_people_lines(a, b, found), f"{_protection(policy)}: for your own work, not for release."]
    return "\n".join(lines)


def _protection(policy: Disclosure | None) -> str:
    if policy is None:
        return "True counts"
    hidden = f"Counts of 1-{policy.suppress_below - 1} are shown as {SUPPRESSED}"
    return f"{hidden}, others to the nearest {policy.round_to}"


def _people_lines(a: CodeList, b: CodeList, found: PeopleFound) -> Iterator[str]:
    n = {name: _shown(count) for name, count in found.counts.items()}
    yield f"people: A finds {n['a']}, B finds {n['b']}, of {n['people']} {found.where}"
    yield f"people: {n['both']} by both, {n['only_a']} by A alone, {n['only_b']} by B alone"
    for letter, one in (("a", a), ("b", b)):
        for row in found.by_code[found.by_code["list"] == letter].itertuples():
            term = one.terms.get(row.code, "")
            yield f"  by {letter.upper()} alone, {row.code}{' ' + term if term else ''}: {_shown(row.people)}"


def _shown(count: Any) -> str:
    return SUPPRESSED if pd.isna(count) else f"{int(count):,}"
