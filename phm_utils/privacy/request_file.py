"""A request for a list on disk: its head, and the people whom it asks for, by pseudonym.

`outputs/<name>/requests/<request>/request.json` says who asks whom for what; `people.csv` beside it has one row per
person. A person's `reference` is of this request only: it stands for the person on the list that the recipient gets and
in the list that comes back, so that no pseudonym leaves. Both files are their owner's alone, and `people.csv` is used
only as it was written: the head has its SHA-256.
"""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from phm_utils.engine import session
from phm_utils.errors import InputError
from phm_utils.full_disk import full_disk
from phm_utils.json_files import load_json
from phm_utils.params import Code, Frozen, validated
from phm_utils.privacy.access import owner_only, private_folder
from phm_utils.privacy.csv_text import FORMULA_STARTS

FORMAT = "phm re-identification request 1"
HOUSEHOLD_FORMAT = "phm household request 1"  # see `household_request`
HEAD, PEOPLE = "request.json", "people.csv"
COLUMNS = ("reference", "token", "practice_code", "reason", "expires")
LIST_DAYS = 14  # after which a list may no longer be used
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # base 32 without I, L, O and U: read aloud and typed without mistakes
REQUEST_ID = re.compile(rf"R-(\d{{8}})-[{CROCKFORD}]{{6}}")
REFERENCE = re.compile(rf"[{CROCKFORD}]{{12}}")
MOST_BYTES = 500_000_000  # of people.csv
ADVICE = "Make the request again; a request is never edited."
Words = Annotated[str, Field(min_length=1, max_length=300)]
SHA256 = r"^([0-9a-f]{64})?$"


class ListHead(Frozen):
    """What every request.json says: who asks for which list, for whom, why, and until when it may be used.

    made, expires: the first and the last day on which the list may be used. version: digest of the definition.
    """

    request: str = Field(description="R-YYYYMMDD-XXXXXX: the day it was made and six random digits")
    made: date
    expires: date
    synthetic: bool
    run: Code = Field(description="name of the run")
    index_date: date
    role: Words
    purpose: Words
    requester: Words
    recipient: Words
    agreement: Words
    cohort: Code
    version: Words
    title: Words
    reason: Words = Field(description="why somebody is on the list, in words that tell nothing of anybody else")
    fields: tuple[Words, ...] = ()
    checks: tuple[str, ...] = ()

    @field_validator("reason", "title")
    @classmethod
    def _no_formula(cls, text: str) -> str:
        if text.lstrip().startswith(FORMULA_STARTS):
            raise ValueError("a spreadsheet would run it as a formula: begin with a letter")
        return text

    @model_validator(mode="after")
    def _days(self) -> Self:
        found = REQUEST_ID.fullmatch(self.request)
        if not found or found[1] != self.made.strftime("%Y%m%d"):
            raise ValueError(f"`request` is R-{self.made:%Y%m%d}- and six digits of Crockford's base 32")
        if not 0 <= (self.expires - self.made).days <= LIST_DAYS:
            raise ValueError(f"`expires` is {LIST_DAYS} days after `made` ({self.made}) at most, and not before it")
        return self


class RequestHead(ListHead):
    """request.json of a request for people.

    data_to: the last day of the data. people, people_sha256: of people.csv; `write_request` fills them.
    """

    format: Literal["phm re-identification request 1"] = "phm re-identification request 1"
    data_to: date
    practices: tuple[Code, ...] = Field(min_length=1)
    people: int = Field(0, ge=0)
    people_sha256: str = Field("", pattern=SHA256)


@dataclass(frozen=True)
class RequestFolder:
    """A request on disk. path: its folder."""

    path: Path
    head: RequestHead

    @property
    def sha256(self) -> str:
        """The hash of the head as it lies on disk; and so, by what the head says, of the people."""
        return head_sha256(self.path)

    def listed(self) -> pd.DataFrame:
        """One row per person: `reference` and `token`. Raises as `people`."""
        return self.people()[["reference", "token"]]

    def people(self) -> pd.DataFrame:
        """One row per person: `reference`, `token` and `practice_code`, as text, in the order of the references.

        Raises InputError where the file is absent or is not the one that was written.
        """
        frame = rows_as_written(self.path / PEOPLE, self.head, COLUMNS, self.head.people, self.head.people_sha256)
        return frame[["reference", "token", "practice_code"]]


def rows_as_written(path: Path, head: ListHead, columns: tuple[str, ...], count: int, sha256: str) -> pd.DataFrame:
    """The rows of a request's file as text, by what its head says of them: columns, how many, their hash.

    Raises InputError where the file is absent or is not the one that was written.
    """
    content = _bytes_of(path)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InputError(f"{path.name} of the request {head.request} is not as it was written. {ADVICE}")
    frame = pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False)
    if tuple(frame) != columns or len(frame) != count or frame["reference"].duplicated().any():
        raise InputError(f"{path.name} of the request {head.request} does not fit its head. {ADVICE}")
    return frame


def head_sha256(path: Path) -> str:
    """The hash of the head in a request's folder; and so, by what the head says, of its rows."""
    return hashlib.sha256(_bytes_of(path / HEAD)).hexdigest()


def new_request(made: date) -> str:
    """The id of a new request: its day, and six random digits.

    >>> import re
    >>> bool(REQUEST_ID.fullmatch(new_request(date(2025, 1, 6)))), new_request(date(2025, 1, 6))[:11]
    (True, 'R-20250106-')
    """
    return f"R-{made:%Y%m%d}-{''.join(secrets.choice(CROCKFORD) for _ in range(6))}"


def references(request: str, tokens: pd.Series) -> pd.Series:
    """The reference of each token in one request: 12 digits of Crockford's base 32, 60 bits of a SHA-256.

    It tells nothing of the token to whoever does not have it, and two requests share no reference of a person.
    Raises InputError where a token stands twice.

    >>> references("R-20250106-7K2M9Q", pd.Series(["a1", "b2"])).tolist()
    ['9DPBXEYPAHAX', '29YRJQGYJMNM']
    """
    if tokens.duplicated().any() or tokens.isna().any():
        raise InputError(
            f"A list names each person once: {int(tokens.duplicated().sum())} of {len(tokens)} stand twice."
        )
    with session() as con:
        con.register("given", pd.DataFrame({"n": np.arange(len(tokens)), "token": tokens.astype("str").to_numpy()}))
        digest = "('0x' || left(sha256($request || ' ' || token), 15))::UBIGINT"
        rows = con.execute(f"SELECT {digest} FROM given ORDER BY n", {"request": request}).fetchnumpy()
    number = np.asarray(next(iter(rows.values())), dtype=np.uint64)
    digits = (number[:, None] >> np.arange(55, -1, -5, dtype=np.uint64)) & np.uint64(31)
    texts = np.array(list(CROCKFORD))[digits.astype(int)].view("U12").ravel()
    found = pd.Series(texts, index=tokens.index, dtype="str")
    if found.duplicated().any():
        raise InputError(f"Two people of {request} have the same reference by chance. Make the request again.")
    return found


def write_request(
    folder: Path,
    head: RequestHead,
    people: pd.DataFrame,
    record: Callable[[RequestFolder], object] = lambda written: None,
) -> RequestFolder:
    """Write a request below a run's folder `requests`: both files or none, their owner's alone.

    people: one row per person with `token` and `practice_code`, in any order.
    record: is given the request once it is written and before it is in its place; where that fails there is none.
    Raises InputError where there is such a request already or a practice is not one that the head names, and DiskFull.
    """
    if strange := sorted(set(people["practice_code"]) - set(head.practices)):
        raise InputError(f"The request {head.request} does not name the practice {strange[0]}.")
    rows = pd.DataFrame({"reference": references(head.request, people["token"]), **people[["token", "practice_code"]]})
    rows = rows.assign(reason=head.reason, expires=str(head.expires)).sort_values("reference")
    content = rows[list(COLUMNS)].to_csv(index=False, lineterminator="\n").encode()
    filled = head.model_copy(update={"people": len(rows), "people_sha256": hashlib.sha256(content).hexdigest()})
    write_files(folder, filled, {PEOPLE: content}, lambda draft: record(RequestFolder(draft, filled)))
    return RequestFolder(folder / head.request, filled)


def write_files(folder: Path, head: ListHead, files: Mapping[str, bytes], record: Callable[[Path], object]) -> None:
    """Write a request's head and files: all or none, their owner's alone.

    record: is given the folder once it is written and before it is in its place. Raises as `write_request`.
    """
    place = folder / head.request
    if place.exists():
        raise InputError(f"There is a request {head.request} already. {ADVICE}")
    draft = folder / f".{head.request}.{os.getpid()}.part"
    with owner_only():
        try:
            private_folder(draft, folder, synthetic=head.synthetic)
            for name, content in files.items():
                _write(draft / name, content)
            _write(draft / HEAD, (head.model_dump_json(indent=1) + "\n").encode())
            record(draft)
            os.rename(draft, place)
        except OSError as error:
            raise full_disk(error, folder) or InputError(f"{place} cannot be written ({error.strerror}).") from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def read_request(path: Path) -> RequestFolder:
    """The request in a folder. Raises InputError, with each fault, where it is none or its head was changed."""
    content = head_content(path)
    if content.get("format") != FORMAT:
        raise InputError(f"{HEAD} of {path.name} is not of the format `{FORMAT}`. {ADVICE}")
    return RequestFolder(path, checked_head(RequestHead, content, path))


def head_content(path: Path) -> dict[str, Any]:
    """request.json of a folder, as it was read."""
    return load_json(path / HEAD, ADVICE)


Head = TypeVar("Head", bound=ListHead)


def checked_head(model: type[Head], content: dict[str, Any], path: Path) -> Head:
    """The head of the request in a folder. Raises InputError with each fault, and where it is that of another."""
    head = validated(model, content, f"{path.name}/{HEAD}")
    if head.request != path.name:
        raise InputError(f"The folder {path.name} holds the request {head.request}. {ADVICE}")
    return head


def requests_of(folder: Path) -> list[RequestFolder]:
    """Every request for people of a run's folder `requests`, by id; none where there is no folder.

    Raises InputError where one cannot be read.
    """
    return [read_request(path) for path in folders_of(folder) if head_content(path).get("format") != HOUSEHOLD_FORMAT]


def folders_of(folder: Path) -> list[Path]:
    """The folder of each request of a run's folder `requests`, by id."""
    return sorted(path for path in folder.iterdir() if REQUEST_ID.fullmatch(path.name)) if folder.is_dir() else []


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path.name} of {path.parent.name} is larger than {MOST_BYTES // 10**6} MB. {ADVICE}")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} of {path.parent.name} cannot be read ({error.strerror}). {ADVICE}") from None
