"""The register of questions: who asked what, what it became, and what came of it, so that the next one starts there."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.file_text import file_text
from phm_utils.measures.cohort_definitions import cohort_names
from phm_utils.printable import hidden_character
from phm_utils.privacy.csv_text import FORMULA_STARTS
from phm_utils.privacy.request_file import REQUEST_ID
from phm_utils.rules.check_digits import is_nhs_number
from phm_utils.rules.data_files import rows_of
from phm_utils.runs import project_root, write_atomically

FILE = Path("parameters") / "questions.csv"
WHAT = "the questions that were asked"
MOST_LETTERS = 400  # of one cell
TEN_DIGITS = re.compile(r"(?<!\d)\d(?:[\s\u00a0.-]?\d){9}(?!\d)")
SEPARATOR = ";"  # between the names of `became`


@dataclass(frozen=True)
class Question:
    """One row of the register.

    asked_by: a PCN or an organisation. became: names of cohorts, reports or requests; none while it is open.
    """

    day: date
    asked_by: str
    question: str
    became: tuple[str, ...] = ()
    what_came_of_it: str = ""


COLUMNS = tuple(field.name for field in fields(Question))


def questions_path() -> Path:
    """The register of this workbook."""
    return project_root() / FILE


def load_questions(path: Path | None = None, today: date | None = None) -> list[Question]:
    """Every question of the register, by day; none where there is no file.

    Raises one InputError that lists every fault with its line.
    """
    path, today = path or questions_path(), today or date.today()
    if not path.is_file():
        return []
    faults: list[str] = []
    found: list[Question] = []
    for line, row in rows_of(path, WHAT, ("day", "asked_by", "question")):
        unknown = sorted(set(row) - set(COLUMNS))
        own = [f"`{unknown[0]}` is no column here"] if unknown else []
        own += list(_faults(row, today))
        faults += [f"- line {line}: {fault}." for fault in own]
        if not own:
            found.append(_question(row))
    if faults:
        raise InputError(f"{path.name}: {len(faults)} fault{'s' * (len(faults) > 1)}.\n" + "\n".join(faults))
    if twice := _twice(found):
        raise InputError(f"{path.name}: the question of {twice.asked_by} of {twice.day} stands twice. Keep one line.")
    return sorted(found, key=lambda question: (question.day, question.asked_by, question.question))


def _question(row: dict[str, str]) -> Question:
    return Question(
        date.fromisoformat(row["day"]), row["asked_by"], row["question"], _names(row), row.get("what_came_of_it", "")
    )


def _cells(question: Question) -> tuple[str, ...]:
    """A question as it is written in the register."""
    became = SEPARATOR.join(question.became)
    return question.day.isoformat(), question.asked_by, question.question, became, question.what_came_of_it


def _names(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(name.strip() for name in row.get("became", "").split(SEPARATOR) if name.strip())


def _faults(row: dict[str, str], today: date) -> Iterator[str]:
    """What is wrong with one row. No cell is quoted: it may be of a person."""
    try:
        asked = date.fromisoformat(row["day"])
        if asked > today:
            yield f"the day {asked} lies in the future"
    except ValueError:
        yield "the day is not one such as 2025-03-31"
    for name, text in row.items():
        if holds_nhs_number(text):
            yield f"`{name}` has what may be a person's NHS number: a question names nobody"
        if len(text) > MOST_LETTERS:
            yield f"`{name}` has more than {MOST_LETTERS} letters"
        if text.startswith(FORMULA_STARTS) or hidden_character(text):
            yield f"`{name}` begins with a sign that a spreadsheet runs, or has one that cannot be seen"
    for name in _names(row):
        if not REQUEST_ID.fullmatch(name) and name not in (known := _known()):
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean `{near[0]}`" if near else "name a cohort, a report or a request"
            yield f"there is no cohort, report or request of the name in `became`: {hint}"


def holds_nhs_number(text: str) -> bool:
    """Does a text hold ten digits, with or without blanks, points and hyphens, that pass as an NHS number?

    >>> holds_nhs_number("call 943 476 5919 again"), holds_nhs_number("1,234 of 5,678 in 2024/25")
    (True, False)
    """
    return any(is_nhs_number(re.sub(r"\D", "", found)) for found in TEN_DIGITS.findall(text))


def _known() -> list[str]:
    """The names that a question can have become, other than requests."""
    return [*cohort_names(), *sorted(path.stem for path in (project_root() / "notebooks").glob("0*.ipynb"))]


def _twice(questions: list[Question]) -> Question | None:
    seen = set()
    for question in questions:
        key = (question.day, question.asked_by.casefold(), question.question.casefold())
        if key in seen:
            return question
        seen.add(key)
    return None


def add_question(question: Question, path: Path | None = None, today: date | None = None) -> Path:
    """Add a line to the register; one that would be refused is not written. The file's other lines stay as they are."""
    path = path or questions_path()
    load_questions(path, today)
    before = file_text(path, f"It lists {WHAT}.") if path.is_file() else ",".join(COLUMNS) + "\n"
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow([re.sub(r"\s+", " ", cell).strip() for cell in _cells(question)])
    after = before + ("" if before.endswith("\n") else "\n") + line.getvalue()
    _checked(after, path, lambda draft: load_questions(draft, today))
    write_atomically(path, after)
    return path


def _checked(text: str, path: Path, check: Callable[[Path], object]) -> None:
    """Check a text as it would be read."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        write_atomically(draft, text)
        check(draft)
    except InputError as fault:
        raise InputError(str(fault).replace(draft.name, path.name)) from None
    finally:
        draft.unlink(missing_ok=True)


def questions_frame(questions: list[Question]) -> pd.DataFrame:
    """One row per question, all text."""
    return pd.DataFrame([_cells(question) for question in questions], columns=list(COLUMNS)).astype("str")


def questions_text(questions: list[Question]) -> str:
    """The register in lines, the newest question first."""
    if not questions:
        return "No question is in the register yet. `phm questions add` writes the first."
    parts = []
    for q in reversed(questions):
        parts.append(f"{q.day}  {q.asked_by}: {q.question}")
        parts.append(f"            became {', '.join(q.became) or 'nothing yet'}; {q.what_came_of_it or 'open'}")
    return "\n".join(parts)
