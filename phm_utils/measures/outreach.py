"""`phm outreach import`: what recipients of a list send back, kept beside the request: `outreach.csv`.

`outreach.csv` has one row per reference, status and day; `outreach_rejected.csv` one per faulty row of a returned file,
with its line and the reason. No text that anybody wrote is kept in either.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from phm_utils.errors import InputError
from phm_utils.measures.outreach_file import Returned, read_returned
from phm_utils.measures.outreach_rows import judged, kept_text
from phm_utils.params import Workbook
from phm_utils.privacy.access import owner_only
from phm_utils.privacy.audit_log import AuditLog
from phm_utils.privacy.household_request import HouseholdFolder, any_requests_of, read_any
from phm_utils.privacy.request_file import REQUEST_ID, RequestFolder
from phm_utils.runs import resolve, sha256_file, write_atomically

REQUESTS = "requests"  # of a run's folder
TAKEN, REJECTED = "outreach.csv", "outreach_rejected.csv"
KEY = ["reference", "status", "day"]
COLUMNS = {TAKEN: [*KEY, "entered", "file_sha256"], REJECTED: ["file_sha256", "line", "reason", *KEY]}
WAIT_SECONDS = 60
Folder = RequestFolder | HouseholdFolder


@dataclass(frozen=True)
class Imported:
    """What became of a file's rows. rows = taken + held + nothing_yet + rejected.

    held: here already, from an earlier file or an earlier row. rejected: `line` and `reason` of each faulty row.
    """

    request: str
    rows: int
    taken: int
    held: int
    nothing_yet: int
    rejected: pd.DataFrame
    not_read: tuple[str, ...]
    place: Path


def requests_folder(workbook: Workbook) -> Path:
    """Where a run's requests are."""
    return resolve(workbook.outputs) / workbook.name / REQUESTS


def request_of(workbook: Workbook, request: str) -> RequestFolder | HouseholdFolder:
    """A request of a run by its id, for people or for households.

    Raises InputError, naming those that there are, where there is none.
    """
    folder, wanted = requests_folder(workbook), request.strip().upper()
    if REQUEST_ID.fullmatch(wanted) and (folder / wanted).is_dir():
        return read_any(folder / wanted)
    known = [path.name for path in sorted(folder.glob("R-*"))] if folder.is_dir() else []
    there = ", ".join(known[-5:]) or "none"
    raise InputError(f"The run {workbook.name} has no request {request}. Its latest: {there}.")


def import_outreach(workbook: Workbook, path: Path, request: str, today: date | None = None) -> Imported:
    """Take a returned list into a request's `outreach.csv`; a faulty row goes to `outreach_rejected.csv`.

    today: later days are refused. Raises InputError where the file cannot be read or holds no row of the request.
    """
    named = request if REQUEST_ID.fullmatch(request) else "not the id of a request"
    facts = {"run": workbook.name, "request": named}
    if digest := _sha256(path):
        facts["sha256"] = digest
    with AuditLog.of(workbook).recorded("outreach import", facts) as entry:
        found = request_of(workbook, request)
        result = _import(found, any_requests_of(found.path.parent), path, today or date.today())
        entry.outcome({"rows": result.rows, "accepted": result.taken, "rejected": len(result.rejected)})
    return result


def _sha256(path: Path) -> str:
    return sha256_file(path) if path.is_file() else ""


def _import(found: Folder, all_of_run: Sequence[Folder], path: Path, today: date) -> Imported:
    returned, digest = read_returned(path), _sha256(path)
    known = found.listed()["reference"]
    others = _of_others([other for other in all_of_run if other.path != found.path])
    rows = judged(returned.rows, found.head, known, others, today)
    _refuse_another_list(rows, known, found.head.request, path.name)
    faulty, good = rows[rows["reason"].ne("")], rows[rows["reason"].eq("")]
    said = good[good["status"].ne("")]
    with _locked(found.path):
        held = held_outreach(found.path)
        new = said[KEY].drop_duplicates().assign(entered=str(today), file_sha256=digest)
        new = new[~_keys(new).isin(_keys(held))]
        _keep_rejected(found.path, kept_text(returned.rows, faulty).assign(file_sha256=digest))
        if len(new):
            _write(found.path / TAKEN, pd.concat([held, new], ignore_index=True).sort_values(KEY))
    return _counted(found, returned, new, said, faulty, len(good) - len(said))


def _of_others(requests: Sequence[Folder]) -> pd.Series:
    """The id of each request, by its references; one whose people cannot be read is left out."""
    parts = [pd.Series(dtype="str", index=pd.Index([], dtype="str"))]
    for other in requests:
        with suppress(InputError):
            parts.append(pd.Series(other.head.request, index=other.listed()["reference"], dtype="str"))
    found = pd.concat(parts)
    return found[~found.index.duplicated()]


def _counted(found: Folder, returned: Returned, new: Any, said: Any, faulty: Any, nothing: int) -> Imported:
    held = len(said) - len(new)
    rejected = faulty[["line", "reason"]].reset_index(drop=True)
    return Imported(
        found.head.request, len(returned.rows), len(new), held, nothing, rejected, returned.not_read, found.path
    )


def _refuse_another_list(rows: pd.DataFrame, known: pd.Series, request: str, name: str) -> None:
    """Refuse a file of which no row is of the request."""
    if rows.empty or rows["reference"].isin(known).any():
        return
    other = rows["reason"].str.extract(f"({REQUEST_ID.pattern})")[0].dropna()
    hint = f" Rows of {other.iloc[0]} are among them." if len(other) else " Is it the list of another run?"
    raise InputError(f"No row of {name} is of the request {request}, of {len(rows)} with a reference or status.{hint}")


def _keys(frame: pd.DataFrame) -> pd.Series:
    return frame["reference"] + " " + frame["status"] + " " + frame["day"]


def held_outreach(folder: Path, name: str = TAKEN) -> pd.DataFrame:
    """`outreach.csv` of a request's folder, or the file of rejected rows, as text; no rows where there is none."""
    path = folder / name
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS[name], dtype="str")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OSError):
        frame = pd.DataFrame()
    if list(frame) != COLUMNS[name]:
        raise InputError(f"{name} of {folder.name} was changed and cannot be read. Put its last copy back.")
    return frame


def _keep_rejected(folder: Path, faulty: pd.DataFrame) -> None:
    """Add faulty rows to the file of them; those of a file that was returned before are there already."""
    held = held_outreach(folder, REJECTED)
    faulty = faulty[COLUMNS[REJECTED]].astype("str")
    there = held["file_sha256"] + held["line"]
    new = faulty[~(faulty["file_sha256"] + faulty["line"]).isin(there)]
    if len(new):
        _write(folder / REJECTED, pd.concat([held, new], ignore_index=True))


def _write(path: Path, frame: pd.DataFrame) -> None:
    with owner_only():
        write_atomically(path, frame.to_csv(index=False, lineterminator="\n"))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One import at a time into a request."""
    try:
        with FileLock(folder / ".lock", timeout=WAIT_SECONDS, mode=0o600):
            yield
    except Timeout:
        raise InputError(f"Another import into {folder.name} is still running. Try again when it is done.") from None
