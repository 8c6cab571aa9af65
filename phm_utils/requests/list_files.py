"""The files of one list: CSV, Excel, and NHS numbers for a search in EMIS or SystmOne. Each says when it expires."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout
from openpyxl import Workbook as Spreadsheet
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from phm_utils.errors import InputError
from phm_utils.full_disk import full_disk
from phm_utils.measures.outreach_status import FROM_LISTS, WORDS
from phm_utils.printable import printable
from phm_utils.privacy.access import owner_only, private_folder
from phm_utils.privacy.agreements import FIELDS
from phm_utils.privacy.csv_text import FORMULA_STARTS, NOTE, csv_text
from phm_utils.privacy.household_request import read_any
from phm_utils.privacy.request_file import LIST_DAYS, REQUEST_ID, ListHead

FOLDER = "lists"  # below the identified root
LOCK = ".lists.lock"
WAIT_SECONDS = 60
CSV, EXCEL, NUMBERS = "list.csv", "list.xlsx", "nhs_numbers.txt"
REFERENCE, STATUS, STATUS_DAY, EXPIRES = "Reference", "Status", "Date", "List expires"
WIDTHS = {"why": 70, "last_contact": 34, "surname": 18, "forename": 16, "contact_preference": 18}
USUAL_WIDTH = 15
FOOTER_SIGNS = 200
WRAPPED = 40  # signs, from which a text is written in several lines
BOLD, WRAP = Font(bold=True), Alignment(vertical="top", wrap_text=True)
STATUSES = f"{', '.join(WORDS[name] for name in FROM_LISTS[:-1])} or {WORDS[FROM_LISTS[-1]]}"


@dataclass(frozen=True)
class ListFolder:
    """The list of a request: made beside its place, and put there when the audit has it."""

    root: Path
    request: str

    @property
    def place(self) -> Path:
        return self.root / FOLDER / self.request

    @property
    def draft(self) -> Path:
        return self.root / FOLDER / f".{self.request}.{os.getpid()}.part"

    def write(self, head: ListHead, rows: pd.DataFrame, titles: Mapping[str, str] = FIELDS) -> None:
        """Write the files of the draft. Raises InputError or DiskFull; nothing is left then.

        rows: one per person or household: `reference`, and the fields that the agreement permits. titles: of fields.
        """
        with owner_only():
            try:
                private_folder(self.draft, self.root, synthetic=head.synthetic)
                shown = _shown(rows, head, titles)
                (self.draft / CSV).write_text(NOTE + csv_text(shown), encoding="utf-8", newline="\n")
                _write_excel(self.draft / EXCEL, shown, head, titles)
                if "nhs_number" in rows:
                    numbers = rows["nhs_number"].dropna().sort_values()
                    text = "".join(f"{number}\n" for number in numbers)
                    (self.draft / NUMBERS).write_text(text, encoding="ascii", newline="\n")
            except OSError as error:
                raise self._not_written(error) from None
            except BaseException:
                self.withdraw()
                raise

    def publish(self) -> Path:
        """Put the draft in its place, instead of an earlier list of the request."""
        shutil.rmtree(self.place, ignore_errors=True)
        try:
            os.rename(self.draft, self.place)
        except OSError as error:
            raise self._not_written(error) from None
        return self.place

    def _not_written(self, error: OSError) -> Exception:
        """What to raise where the list cannot be written; the draft is gone."""
        self.withdraw()
        return full_disk(error, self.root) or InputError(f"{self.place} cannot be written ({error.strerror}).")

    def withdraw(self) -> None:
        """Remove the draft."""
        shutil.rmtree(self.draft, ignore_errors=True)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Nobody else writes or removes lists below the identified root meanwhile; so every draft is of a killed command.

    Raises InputError where another command still does after a minute, or nothing can be written there.
    """
    lock = FileLock(root / LOCK, timeout=WAIT_SECONDS, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"Another command has been writing a list below {root} for a minute. Try later.") from None
    except OSError as error:
        raise full_disk(error, root) or InputError(f"{root} cannot be written ({error.strerror}).") from None
    try:
        yield
    finally:
        lock.release()


def remove_expired(root: Path, requests: Path, day: date) -> int:
    """Remove lists whose last day is over, and drafts that a killed command left; how many lists.

    Under `alone`. requests: the folder of a run's requests; lists of other runs are left alone.
    Raises InputError where one cannot be removed.
    """
    removed = 0
    for path in sorted((root / FOLDER).glob("*")):
        draft = path.name.startswith(".R-")
        own = bool(REQUEST_ID.fullmatch(path.name)) and (requests / path.name).is_dir()
        if draft or (own and _last_day(requests / path.name) < day):
            try:
                path.unlink() if path.is_symlink() else shutil.rmtree(path)
            except OSError as error:
                raise InputError(f"{path} is over and cannot be removed ({error.strerror}): remove it.") from None
            removed += not draft
    return removed


def _last_day(request: Path) -> date:
    """The last day of a request's list; where the request cannot be read, the last that it could have."""
    try:
        return read_any(request).head.expires
    except InputError:
        return datetime.strptime(request.name[2:10], "%Y%m%d").date() + timedelta(days=LIST_DAYS)


def says(head: ListHead) -> str:
    """What stands on every page of a list."""
    synthetic = "SYNTHETIC DATA. " if head.synthetic else ""
    return (
        f"{synthetic}{head.request}, {head.title}. For {head.recipient} alone, {head.purpose.replace('_', ' ')}, "
        f"agreement {head.agreement}. Not to be used after {head.expires:%d %B %Y}: destroy it then."
    )


def _shown(rows: pd.DataFrame, head: ListHead, titles: Mapping[str, str]) -> pd.DataFrame:
    """The list as a reader sees it; the last columns are for what comes back."""
    named = {name: titles[name] for name in rows if name in titles}
    frame = rows[["reference", *named]].rename(columns={"reference": REFERENCE} | named)
    frame = frame.astype("object").where(frame.notna(), "")
    frame["Reason"] = head.reason
    return frame.assign(**{STATUS: "", STATUS_DAY: "", EXPIRES: head.expires.isoformat()})


def _write_excel(path: Path, shown: pd.DataFrame, head: ListHead, titles: Mapping[str, str]) -> None:
    """A sheet whose cells are all text, headed and footed on every printed page."""
    book = Spreadsheet(write_only=True)
    book.properties.creator, book.properties.title = "phm", head.request
    sheet = book.create_sheet("List")
    sheet.oddHeader.left.text, sheet.oddFooter.left.text = head.request, _printed(head)
    sheet.oddFooter.right.text = "Page &P of &N"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows, sheet.freeze_panes = "1:3", "B4"
    names = {title: name for name, title in titles.items()}
    for number, title in enumerate(shown, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = WIDTHS.get(names.get(title, ""), USUAL_WIDTH)
    sheet.append([_cell(sheet, says(head), bold=True)])
    sheet.append(
        [_cell(sheet, f"Fill in Status ({STATUSES}) and its Date, and send the sheet back; write no notes in it.")]
    )
    sheet.append([_cell(sheet, title, bold=True) for title in shown])
    for row in shown.itertuples(index=False):
        sheet.append([_cell(sheet, printable(str(value))) if value else None for value in row])
    book.save(path)


def _cell(sheet, text: str, *, bold: bool = False) -> Cell | str:
    """A cell of text, whatever it begins with: openpyxl would make a formula of what begins with =.

    Most are plain text, as a cell with a style costs twenty times as much to write.
    """
    runs = text.lstrip().startswith(FORMULA_STARTS)
    if not (runs or bold or len(text) > WRAPPED):
        return text
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type, cell.quotePrefix = "s", runs
    if bold:
        cell.font = BOLD
    elif len(text) > WRAPPED:
        cell.alignment = WRAP
    return cell


def _printed(head: ListHead) -> str:
    """The foot of every page: the day first, as Excel keeps 255 signs. In a footer & is a command."""
    text = f"Not to be used after {head.expires:%d %B %Y}. {head.request}, for {head.recipient} alone."
    return text.replace("&", "&&")[:FOOTER_SIGNS]
