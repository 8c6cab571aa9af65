"""Checking files of cohorts before a run: every fault of every file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.measures.cohort_definitions import FOLDER, Cohort, read_cohort
from phm_utils.measures.cohort_run import static_words
from phm_utils.params import Workbook
from phm_utils.runs import project_root


@dataclass(frozen=True)
class Checked:
    """One file: the cohort, or the faults that it was refused for; and why it would be left out of the run."""

    path: Path
    cohort: Cohort | None
    fault: str = ""
    remark: str = ""


def check_files(paths: Iterable[Path], workbook: Workbook | None = None) -> list[Checked]:
    """One result per file. Cohorts may refer to each other and to those of parameters/cohorts.

    workbook: the run whose segmentation and index date count; without one, the form and the words alone.
    """
    paths = list(paths)
    readable = {p.stem: p for p in [*sorted((project_root() / FOLDER).glob("*.yml")), *paths]}
    known = {name: cohort for name, path in readable.items() if (cohort := _read(path)[0]) is not None}
    words = static_words(workbook, known)
    results = []
    for path in paths:
        cohort, fault = _read(path, words)
        season = cohort.out_of_season(workbook.index_date, known) if cohort and workbook else None
        late = f"to be reviewed since {cohort.review}" if cohort and _overdue(cohort, workbook) else ""
        results.append(Checked(path, cohort, fault or season or "", late))
    return results


def _overdue(cohort: Cohort, workbook: Workbook | None) -> bool:
    return bool(workbook and cohort.review and cohort.review < workbook.index_date)


def _read(path: Path, words=None) -> tuple[Cohort | None, str]:
    try:
        return read_cohort(path, words), ""
    except InputError as error:
        return None, str(error)
