"""`phm reidentify`: from a request to a list of names, for whoever holds the key of the linkage."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.inputs.governance import opt_outs_of_list
from phm_utils.inputs.opt_outs import FLAGS
from phm_utils.measures.outreach import request_of, requests_folder
from phm_utils.params import Workbook
from phm_utils.privacy.audit_facts import Facts, safe_words
from phm_utils.privacy.audit_known import made_request
from phm_utils.privacy.audit_log import AuditLog
from phm_utils.privacy.household_request import HouseholdFolder
from phm_utils.privacy.permission import GRANTED, REASONS, decide
from phm_utils.privacy.request_file import RequestFolder, RequestHead
from phm_utils.requests.household_list import opened_households
from phm_utils.requests.list_files import ListFolder, alone, remove_expired
from phm_utils.requests.make import SHORT
from phm_utils.requests.people import Question, asked
from phm_utils.requests.reasons import LISTED, last_contacts, put_listed, reasons
from phm_utils.requests.terms import check, day_of, refuse_unless_named, terms_of
from phm_utils.requests.vault_of_run import identities_of
from phm_utils.runs import resolve

ReadKey = Callable[[], bytes]  # gives the root key, once all else permits: a key that is refused is in the audit too
SEXES = {"1": "Male", "2": "Female", "9": "Indeterminate"}


@dataclass(frozen=True)
class Listed:
    """A list that was written.

    decisions: people, or households, by decision of the day. expired: lists of others that were removed.
    """

    folder: Path
    request: RequestFolder | HouseholdFolder
    decisions: dict[str, int]
    expired: int

    def __str__(self) -> str:
        head = self.request.head
        listed = f"{head.people:,} people" if isinstance(head, RequestHead) else f"{head.households:,} households"
        lines = [
            str(self.folder),
            f"{head.request}: {self.decisions[GRANTED]:,} of {listed}, for {head.recipient} alone; not "
            f"to be used after {head.expires:%d %B %Y}.",
        ]
        lines += [
            f"  {n:,} left out today: {reason}" for reason, n in self.decisions.items() if n and reason != GRANTED
        ]
        if self.expired:
            lines.append(f"{self.expired} expired list{'s' * (self.expired > 1)} removed.")
        return "\n".join(lines)


@dataclass(frozen=True)
class Opened:
    """A request whose people may be named today.

    people: one row per person granted: the vault's columns, and `reference`. decisions: people by decision of the day.
    """

    request: RequestFolder
    question: Question
    people: pd.DataFrame
    decisions: dict[str, int]

    @property
    def fields(self) -> tuple[str, ...]:
        """What may be said of them: fields of the request that the agreement still names."""
        return tuple(name for name in self.request.head.fields if name in self.question.terms.agreement.fields)


def reidentify(workbook: Workbook, name: str, key: ReadKey, log: AuditLog, day: date | None, requester: str) -> Listed:
    """Write the list of a request: `<identified_root>/lists/<request>/`.

    The intent is in the audit before the vault is opened, the outcome before the list is in its place: no audit, no
    list. Raises InputError where it is refused; the refusal is in the audit.
    """
    root = resolve(workbook.identified_root)
    with log.recorded("reidentify", used(workbook, name, requester)) as entry, alone(root):
        refuse_unless_named(requester)
        removed = remove_expired(root, requests_folder(workbook), day_of(workbook, day))
        request = request_of(workbook, name)
        folder = ListFolder(root, request.head.request)
        if isinstance(request, HouseholdFolder):
            decisions = _write_households(folder, workbook, request, key, log, day)
        else:
            decisions = _write_people(folder, workbook, name, key, log, day)
        try:
            entry.outcome(_outcome(request, decisions))
        except BaseException:
            folder.withdraw()
            raise
        place = folder.publish()
    return Listed(place, request, decisions, removed)


def _write_people(
    folder: ListFolder, workbook: Workbook, name: str, key: ReadKey, log: AuditLog, day: date | None
) -> dict[str, int]:
    """Write the draft of a list of people; people by decision of the day."""
    with opened(workbook, name, key, log, day) as request:
        folder.write(request.request.head, _rows(request, request.fields))
    return request.decisions


def _write_households(
    folder: ListFolder, workbook: Workbook, request: HouseholdFolder, key: ReadKey, log: AuditLog, day: date | None
) -> dict[str, int]:
    """Write the draft of a list of households; households by decision of the day."""
    today = day_of(workbook, day)
    refuse_unless_current(request, log, today)
    households = opened_households(workbook, request, key, today)
    folder.write(request.head, households.rows, households.titles)
    return households.decisions


def _outcome(request: RequestFolder | HouseholdFolder, decisions: dict[str, int]) -> Facts:
    """What the audit records of a list before it is in its place."""
    head = request.head
    asked: Facts = (
        {"practices": list(head.practices), "people": head.people}
        if isinstance(head, RequestHead)
        else {"fields": list(head.fields), "households": head.households}
    )
    return {
        **asked,
        "recipient": head.recipient,
        "agreement": head.agreement,
        "cohort": head.cohort,
        "version": head.version[:SHORT],
        "purpose": head.purpose,
        "role": head.role,
        "granted": decisions[GRANTED],
        "withheld": [f"{why}: {n}" for why, n in decisions.items() if n and why != GRANTED],
        "expires": head.expires.isoformat(),
    }


def used(workbook: Workbook, name: str, requester: str) -> dict[str, str]:
    """What the audit records before a request is looked at; the texts may be anything."""
    return {"run": workbook.name, "request": safe_words(name[:40]), "requester": safe_words(requester)}


@contextmanager
def opened(workbook: Workbook, name: str, key: ReadKey, log: AuditLog, day: date | None) -> Iterator[Opened]:
    """Open the vault for a request: who of its people may be named today, and who they are.

    Raises InputError where the request is not the one that the audit knows, has expired, its agreement no longer
    permits it, the run has changed since, or the vault is not the one of the run.
    """
    today = day_of(workbook, day)
    request = request_of(workbook, name)
    if isinstance(request, HouseholdFolder):
        raise InputError(f"{request.head.request} is for households, and names nobody.")
    head = request.head
    people = request.people()
    refuse_unless_current(request, log, today)
    terms = terms_of(workbook, head, today)
    check(workbook, terms)
    with asked(workbook, terms) as question:
        if (question.version, workbook.index_date) != (head.version, head.index_date):
            raise InputError(
                f"The run or its cohort {head.cohort} has changed since {head.request}: make a new request."
            )
        _refuse_unless_members(question, people, head)
        rows = identities_of(workbook, key()).of(people["token"])
        rows["opted_out"] = rows[[f for f in FLAGS if f in opt_outs_of_list(workbook, terms.purpose)]].any(axis=1)
        decided = decide(people["token"], rows, question.practices(), head.practices, today)
        counts = decided["decision"].value_counts()
        granted = decided[decided["decision"] == GRANTED][["token", "practice_code"]]
        known = granted.merge(people[["token", "reference"]], on="token")
        found = known.merge(_latest(rows).drop(columns="practice_code"), on="token", how="left")
        yield Opened(request, question, found, {why: int(counts.get(why, 0)) for why in (GRANTED, *REASONS)})


def refuse_unless_current(request: RequestFolder | HouseholdFolder, log: AuditLog, today: date) -> None:
    """Refuse a request that may not be used on a day, or that is not as the audit knows it."""
    head = request.head
    if not head.made <= today <= head.expires:
        raise InputError(f"{head.request} may be used from {head.made:%d %B %Y} to {head.expires:%d %B %Y}, and not on "
                         f"{today:%d %B %Y}. Make a new request.")  # fmt: skip
    if not made_request(log, head.request, request.sha256):
        raise InputError(f"The audit knows no request {head.request} that says this: `phm request` did not make it.")


def _refuse_unless_members(question: Question, people: pd.DataFrame, head: RequestHead) -> None:
    """Refuse a request with people who are no members by what its recipient may be told today."""
    put_listed(question, people["token"])
    members = question.members(f"person.person_no IN (SELECT person_no FROM {LISTED})")
    if others := int((~people["token"].isin(members["token"])).sum()):
        raise InputError(
            f"{others:,} of the {len(people):,} people of {head.request} are not in the cohort {head.cohort} by what "
            f"{head.recipient} may be told today: a source may no longer be told (`may_be_told_to` of the governance "
            "file), or the run has changed since. Make a new request."
        )


def _latest(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per person: who they are by the registration that began last."""
    order = rows.sort_values(["token", "registered_from"], na_position="first", kind="stable")
    return order.groupby("token", as_index=False).tail(1)


def _rows(request: Opened, fields: Sequence[str]) -> pd.DataFrame:
    """One row per person: `reference`, and the fields that the agreement permits.

    In the order of practices and names where they are fields: the order tells nothing that is not on the list.
    """
    people = request.people.copy()
    people["date_of_birth"] = pd.to_datetime(people["date_of_birth"]).dt.strftime("%d/%m/%Y")
    people["sex"] = people["sex"].map(SEXES)
    if {"why", "last_contact"} & set(fields):
        put_listed(request.question, people["token"])
    if "why" in fields:
        people["why"] = people["token"].map(reasons(request.question))
    if "last_contact" in fields:
        people["last_contact"] = people["token"].map(last_contacts(request.question))
    order = [name for name in ("practice_code", "surname", "forename") if name in fields]
    people = people.sort_values([*order, "reference"], kind="stable")
    return people[["reference", *fields]]
