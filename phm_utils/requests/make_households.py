"""`phm request MODEL --households`: a request for a list of households, for a recipient who gives no direct care."""

from dataclasses import dataclass

import pandas as pd

from phm_utils.engine import session
from phm_utils.errors import InputError
from phm_utils.inputs.governance import opt_outs_of_list
from phm_utils.inputs.on_the_day import registrations_today
from phm_utils.measures.outreach import requests_folder
from phm_utils.params import Workbook
from phm_utils.privacy.agreements import PRACTICE, load_agreements
from phm_utils.privacy.audit_facts import Facts
from phm_utils.privacy.audit_log import AuditLog
from phm_utils.privacy.household_request import (
    HouseholdFolder,
    HouseholdHead,
    household_requests_of,
    write_households,
)
from phm_utils.privacy.permission import ALREADY, GRANTED, STILL_LISTED, decide
from phm_utils.privacy.request_file import new_request
from phm_utils.requests.earlier import earlier_lists
from phm_utils.requests.household_rows import COMMUNAL_ADDRESS, Households, households_of
from phm_utils.requests.household_terms import HouseholdTerms, stated_households
from phm_utils.requests.make import CHECKS, SHORT
from phm_utils.requests.terms import Ask

LISTED = "listed"
CHECKED = ("the list not expired", "each gateway in `indicators` not expired")


@dataclass(frozen=True)
class MadeHouseholds:
    """A request that was written.

    decisions: households by decision. practices: how many can be asked for lists of their own patients.
    """

    request: HouseholdFolder
    terms: HouseholdTerms
    found: Households
    decisions: dict[str, int]
    practices: int

    def __str__(self) -> str:
        head = self.request.head
        lines = [
            f"{self.request.path}",
            f"{head.request}: {head.households:,} households for {head.recipient}, agreement {head.agreement}; to be "
            f"used until {head.expires:%d %B %Y}.",
            *(f"  {n:,} left out: {why}" for why, n in self.decisions.items() if n and why != LISTED),
        ]
        if self.found.without:
            lines.append(f"  {self.found.without:,} rows of the recipient's lists have no address.")
        for one in head.indicators:
            rests = f"own list {', '.join(one.lists)}" if one.lists else f"gateway: {one.law}"
            lines.append(f"{one.title}: {rests}.")
        lines += [f"Not told: {why}." for why in self.terms.not_told]
        if not head.fields:
            lines.append("Nothing of it rests on registrations, health records or lists of others.")
        lines.append(
            f"{self.practices} practices can be asked for lists of their own patients, who are at clinical risk: "
            f"phm request {head.cohort} --practice CODE"
        )
        return "\n".join(lines)


def make_households(workbook: Workbook, ask: Ask, log: AuditLog) -> MadeHouseholds:
    """Write the request: `outputs/<name>/requests/<request>/`. Nothing is written unless the audit has it.

    Raises InputError where it is refused; the refusal is in the audit.
    """
    with log.recorded("request", {"run": workbook.name, **ask.facts()}) as entry:
        terms = stated_households(workbook, ask)
        found = households_of(workbook, terms, decided_today(workbook, terms))
        if not found.indicators:
            raise InputError(
                f"No list of {terms.recipient} decides a social domain of {terms.name}, and no gateway permits a "
                "field: `own_lists` and `gateways` of the agreement, and `may_be_told_to` of each list in the "
                "governance file."
            )
        decided = pd.DataFrame({"token": found.rows["token"], "decision": GRANTED, "practice_code": ""})
        if not ask.again:
            decided = _not_twice(workbook, terms, decided)
        rows = found.rows[decided["decision"].eq(GRANTED)]
        counted = _counted(decided, found)
        if rows.empty:
            why = "; ".join(f"{n:,} {reason}" for reason, n in counted.items() if n) or "there is none"
            raise InputError(f"No household of {terms.name} may be listed for {terms.recipient} today: {why}.")
        head = _head(workbook, terms, found)

        def record(written: HouseholdFolder) -> None:
            entry.outcome(_outcome(written, found, counted))

        request = write_households(requests_folder(workbook), head, rows, record)
    return MadeHouseholds(request, terms, found, counted, _practices(workbook, terms))


def decided_today(workbook: Workbook, terms: HouseholdTerms):
    """Who of some people may be listed by the landing folder of the day; read for whom a gateway tells of alone."""

    def decided(tokens: pd.Series, practices: pd.DataFrame) -> pd.DataFrame:
        with session() as con:
            rows = registrations_today(con, workbook, tokens, opt_outs_of_list(workbook, terms.purpose))
        return decide(tokens, rows, practices, terms.agreement.practices, terms.day)

    return decided


def _not_twice(workbook: Workbook, terms: HouseholdTerms, decided: pd.DataFrame) -> pd.DataFrame:
    """`decided` without households that an earlier list of the same recipient and model reached, or still names."""
    same = [
        request
        for request in household_requests_of(requests_folder(workbook))
        if (request.head.cohort, request.head.agreement) == (terms.name, terms.reference)
    ]
    return earlier_lists(workbook, same, terms.day).applied(decided)


def _counted(decided: pd.DataFrame, found: Households) -> dict[str, int]:
    counts = decided["decision"].value_counts()
    return {LISTED: int(counts.get(GRANTED, 0)), COMMUNAL_ADDRESS: found.communal} | {
        reason: int(counts.get(reason, 0)) for reason in (ALREADY, STILL_LISTED)
    }


def _head(workbook: Workbook, terms: HouseholdTerms, found: Households) -> HouseholdHead:
    return HouseholdHead(
        request=new_request(terms.day),
        made=terms.day,
        expires=terms.expires,
        synthetic=workbook.synthetic,
        run=workbook.name,
        index_date=workbook.index_date,
        role=terms.role,
        purpose=terms.purpose,
        requester=terms.requester,
        recipient=terms.recipient,
        agreement=terms.reference,
        cohort=terms.name,
        version=found.version,
        title=terms.model.neutral_title,
        reason=terms.model.neutral_reason,
        fields=terms.fields,
        indicators=found.indicators,
        checks=(
            *CHECKED,
            *(f"of everybody behind a field of a gateway: {check}" for check in CHECKS[:-1] if terms.fields),
        ),
    )


def _outcome(written: HouseholdFolder, found: Households, counted: dict[str, int]) -> Facts:
    """What the audit records of a request before it is in its place; it is for the auditor, not for the recipient."""
    head = written.head
    withheld = [f"{why}: {n}" for why, n in counted.items() if n and why != LISTED]
    withheld += [f"people {why}: {n}" for why, n in found.people.items() if why != GRANTED]
    return {
        "request": head.request,
        "recipient": head.recipient,
        "agreement": head.agreement,
        "households": sum(counted.values()),
        "granted": head.households,
        "fields": list(head.fields),
        "withheld": withheld,
        "version": head.version[:SHORT],
        "sha256": written.sha256,
        "expires": head.expires.isoformat(),
    }


def _practices(workbook: Workbook, terms: HouseholdTerms) -> int:
    """How many practices have an agreement under which they can be asked for their own patients."""
    of_practices = [a for a in load_agreements(workbook).values() if a.kind == PRACTICE]
    running = [a for a in of_practices if a.signed <= terms.day <= a.expires]
    return len({code for a in running if not a.cohorts or terms.name in a.cohorts for code in a.practices})
