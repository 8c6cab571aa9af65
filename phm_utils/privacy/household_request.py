"""A request for a list of households on disk: its head, and one row per household with its risk indicators.

`request.json` says who asks for which model's households, and what each risk indicator rests on; `households.csv` has
one row per household: `reference`, of this request only, `token`, the pseudonym of its residence, and the indicators.
Both files are their owner's alone, as those of a request for people (`request_file`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from phm_utils.params import Code, Frozen
from phm_utils.privacy.request_file import (
    HOUSEHOLD_FORMAT,
    SHA256,
    ListHead,
    RequestFolder,
    Words,
    checked_head,
    folders_of,
    head_content,
    head_sha256,
    read_request,
    references,
    rows_as_written,
    write_files,
)

HOUSEHOLDS = "households.csv"
YES, NO = "yes", "no"


class Indicator(Frozen):
    """A risk indicator: a column of `households.csv`.

    lists: the recipient's own lists that it rests on; without any, `law` is that of the gateway by which it is told.
    dated: has it the day of its record, as `<name>_day`?
    """

    name: Code
    title: Words
    lists: tuple[Words, ...] = ()
    law: Words | None = None
    dated: bool = False


class HouseholdHead(ListHead):
    """request.json of a request for households. households, households_sha256: of households.csv."""

    format: Literal["phm household request 1"] = "phm household request 1"
    indicators: tuple[Indicator, ...] = Field(min_length=1)
    households: int = Field(0, ge=0)
    households_sha256: str = Field("", pattern=SHA256)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of households.csv."""
        return ("reference", "token", *columns_of(self.indicators), "expires")


def columns_of(indicators: tuple[Indicator, ...]) -> tuple[str, ...]:
    """The columns of some indicators: each with the day of its record where it has one.

    >>> columns_of((Indicator(name="income", title="Low income", lists=("tax",), dated=True),))
    ('income', 'income_day')
    """
    return tuple(name for one in indicators for name in (one.name, *([f"{one.name}_day"] if one.dated else [])))


@dataclass(frozen=True)
class HouseholdFolder:
    """A request for households on disk. path: its folder."""

    path: Path
    head: HouseholdHead

    @property
    def sha256(self) -> str:
        """The hash of the head as it lies on disk; and so, by what the head says, of the households."""
        return head_sha256(self.path)

    def rows(self) -> pd.DataFrame:
        """One row per household, as text: the head's columns. Raises InputError where it is not as it was written."""
        head = self.head
        return rows_as_written(self.path / HOUSEHOLDS, head, head.columns, head.households, head.households_sha256)

    def listed(self) -> pd.DataFrame:
        """One row per household: `reference` and `token`. Raises as `rows`."""
        return self.rows()[["reference", "token"]]


def write_households(
    folder: Path, head: HouseholdHead, rows: pd.DataFrame, record: Callable[[HouseholdFolder], object]
) -> HouseholdFolder:
    """Write a request for households below a run's folder `requests`: both files or none, their owner's alone.

    rows: one row per household with `token` and the indicators' columns, in any order; they are written in that of
        their references, which tells nothing. record: is given the request before it is in its place.
    Raises InputError where there is such a request already, and DiskFull.
    """
    full = rows.assign(reference=references(head.request, rows["token"]), expires=str(head.expires))
    content = full.sort_values("reference")[list(head.columns)].to_csv(index=False, lineterminator="\n").encode()
    filled = head.model_copy(update={"households": len(rows), "households_sha256": hashlib.sha256(content).hexdigest()})
    write_files(folder, filled, {HOUSEHOLDS: content}, lambda draft: record(HouseholdFolder(draft, filled)))
    return HouseholdFolder(folder / head.request, filled)


def read_any(path: Path) -> RequestFolder | HouseholdFolder:
    """The request in a folder, for people or for households. Raises InputError, with each fault, where it is none."""
    content = head_content(path)
    if content.get("format") != HOUSEHOLD_FORMAT:
        return read_request(path)
    return HouseholdFolder(path, checked_head(HouseholdHead, content, path))


def any_requests_of(folder: Path) -> list[RequestFolder | HouseholdFolder]:
    """Every request of a run's folder `requests`, by id. Raises InputError where one cannot be read."""
    return [read_any(path) for path in folders_of(folder)]


def household_requests_of(folder: Path) -> list[HouseholdFolder]:
    """Every request for households of a run's folder `requests`, by id. Raises as `any_requests_of`."""
    return [found for found in any_requests_of(folder) if isinstance(found, HouseholdFolder)]
