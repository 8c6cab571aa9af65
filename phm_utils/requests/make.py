"""`phm request`: from a cohort to a request for a list, with pseudonyms, for whoever may say who they are."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.measures.outreach import requests_folder
from phm_utils.params import Workbook
from phm_utils.privacy.agreements import OTHER
from phm_utils.privacy.audit_facts import Facts
from phm_utils.privacy.audit_log import AuditLog
from phm_utils.privacy.permission import ALREADY, GRANTED, REASONS, STILL_LISTED
from phm_utils.privacy.request_file import RequestFolder, RequestHead, new_request, requests_of, write_request
from phm_utils.requests.earlier import earlier_lists
from phm_utils.requests.people import Question, asked, kept_back
from phm_utils.requests.terms import Ask, Terms, stated
from phm_utils.runs import Store, resolve
from phm_utils.wording import all_lacking

SHORT = 16  # digits of a definition's digest that the audit states
OLDEST_DATA = 62  # days: of real people, older registrations do not say who died or moved
# What whoever holds the key checks again on the day on which they write the list.
CHECKS = (
    "alive",
    "currently registered with the practice named",
    "no opt-out that applies to this purpose",
    "record not flagged as sensitive",
    "the list not expired",
)
NEUTRAL = "Listed for a review by the practice"
NEUTRAL_OTHER = "Listed for an offer of support"


@dataclass(frozen=True)
class Made:
    """A request that was written. decisions: people by decision. kept_back: what the recipient may not be told."""

    request: RequestFolder
    decisions: dict[str, int]
    members: int
    kept_back: list[str]

    def __str__(self) -> str:
        head = self.request.head
        lines = [
            f"{self.request.path}",
            f"{head.request}: {head.people:,} people for {head.recipient}, agreement {head.agreement}; to be used "
            f"until {head.expires:%d %B %Y}.",
            f"Of {self.members:,} people who are in the cohort by what {head.recipient} may be told:",
            *(f"  {n:,} {_asked(reason)}" for reason, n in self.decisions.items() if n),
        ]
        if self.kept_back:
            lines.append(f"Asked without {all_lacking(self.kept_back)}: nobody is listed for it.")
        lines.append(f"Registrations, deaths and opt-outs as of {head.data_to:%d %B %Y}, read again today.")
        return "\n".join(lines)


def _asked(reason: str) -> str:
    return "asked for" if reason == GRANTED else f"left out: {reason}"


def make_request(workbook: Workbook, ask: Ask, log: AuditLog) -> Made:
    """Write the request: `outputs/<name>/requests/<request>/`. Nothing is written unless the audit has it.

    Raises InputError where it is refused; the refusal is in the audit.
    """
    with log.recorded("request", {"run": workbook.name, **ask.facts()}) as entry:
        terms = stated(workbook, ask)
        name = new_request(terms.day)
        with asked(workbook, terms) as question:
            members = question.members()
            decided = question.decided(members["token"])
            if question.cohort.once and not ask.again:
                decided = _not_twice(workbook, question, decided)
            head = _head(workbook, question, name)
            granted = decided[decided["decision"] == GRANTED]
            if granted.empty:
                asked_already = (
                    " `--again` lists those too." if decided["decision"].isin((ALREADY, STILL_LISTED)).any() else ""
                )
                raise InputError(
                    f"Nobody of {len(decided):,} members may be listed for {terms.recipient} today: "
                    f"{_why(decided)}.{asked_already}"
                )
            counted = _counted(decided)

            def record(written: RequestFolder) -> None:
                entry.outcome(_outcome(written, terms, len(members), counted))

            request = write_request(requests_folder(workbook), head, granted[["token", "practice_code"]], record)
            return Made(request, counted, len(members), kept_back(question))


def _not_twice(workbook: Workbook, question: Question, decided: pd.DataFrame) -> pd.DataFrame:
    """`decided` without whom an earlier list of the same name reached, or still names."""
    same = [r for r in requests_of(requests_folder(workbook)) if r.head.cohort == question.terms.cohort]
    return earlier_lists(workbook, same, question.terms.day).applied(decided)


def _why(decided: pd.DataFrame) -> str:
    return "; ".join(f"{n:,} {reason}" for reason, n in _counted(decided).items() if n) or "there are none"


def _outcome(written: RequestFolder, terms: Terms, members: int, counted: dict[str, int]) -> Facts:
    """What the audit records of a request before it is in its place."""
    head = written.head
    return {
        "request": head.request,
        "recipient": terms.recipient,
        "agreement": terms.reference,
        "practices": list(terms.practices),
        "people": members,
        "granted": head.people,
        "withheld": [f"{reason}: {n}" for reason, n in counted.items() if reason != GRANTED and n],
        "version": head.version[:SHORT],
        "sha256": written.sha256,
        "expires": head.expires.isoformat(),
    }


def _head(workbook: Workbook, question: Question, name: str) -> RequestHead:
    terms, cohort = question.terms, question.cohort
    other = terms.agreement.kind == OTHER
    data_to = data_day(workbook)
    if not workbook.synthetic and (old := (terms.day - data_to).days) > OLDEST_DATA:
        raise InputError(
            f"The registrations are of {data_to:%d %B %Y}, {old} days ago: who died or moved since is not known, and "
            f"nobody is listed from data older than {OLDEST_DATA} days. Run again with the newest extract."
        )
    return RequestHead(
        request=name,
        made=terms.day,
        expires=terms.expires,
        synthetic=workbook.synthetic,
        run=workbook.name,
        index_date=workbook.index_date,
        data_to=data_to,
        role=terms.role,
        purpose=terms.purpose,
        requester=terms.requester,
        recipient=terms.recipient,
        agreement=terms.reference,
        cohort=terms.cohort,
        version=question.version,
        title=cohort.neutral_title or (NEUTRAL_OTHER if other else cohort.title),
        reason=cohort.neutral_reason or (NEUTRAL_OTHER if other else NEUTRAL),
        practices=terms.practices,
        fields=terms.agreement.fields,
        checks=CHECKS,
    )


def data_day(workbook: Workbook) -> date:
    """The last day on which the registrations of the run changed: until then they tell who is registered."""
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    tables = store.read("check_table").set_index("table_name")["last_date"]
    return pd.Timestamp(tables["gp_registration"]).date()


def _counted(decided: pd.DataFrame) -> dict[str, int]:
    """People by decision, in the order of the reasons."""
    counts = decided["decision"].value_counts()
    return {reason: int(counts.get(reason, 0)) for reason in (GRANTED, *REASONS)}
