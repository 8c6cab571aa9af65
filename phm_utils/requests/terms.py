"""The terms of a request for a list: who asks for whom, for what, on which agreement. Refused unless all permit it."""

import re
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.printable import printable
from phm_utils.privacy.agreements import PRACTICE, Agreement, choose, load_agreements
from phm_utils.privacy.audit_facts import safe_words
from phm_utils.privacy.request_file import LIST_DAYS, RequestHead
from phm_utils.requests.telling import IDENTITY, recipient_of

POPULATION = "population_health_management"  # a purpose of runs: nobody is contacted for it
LONGEST_NAME = 80
DIGITS = re.compile(
    r"(\d[^0-9A-Za-z]{0,2}){9}\d"
)  # an NHS number, a telephone number: nothing of the kind is a requester


def refuse_unless_named(requester: str) -> None:
    """Raise InputError where a requester is nobody's name: the audit names them."""
    shown = printable(requester).strip()
    if not 2 <= len(shown) <= LONGEST_NAME or DIGITS.search(shown):
        raise InputError(f"--requester is who asks, by name: 2 to {LONGEST_NAME} characters, and no long number.")


@dataclass(frozen=True)
class Ask:
    """What somebody asks for, as they say it.

    cohort: its name, or that of a model. again: those too who were reached, declined or are on a list that still runs.
    households: of a model, its households and not its people. fields: of households, those asked for; else all that
    are permitted. day: of synthetic data, that of the request; else today.
    """

    cohort: str
    role: str
    purpose: str
    requester: str
    agreement: str | None = None
    practice: str | None = None
    day: date | None = None
    again: bool = False
    households: bool = False
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises InputError where the requester is nobody's name: the audit names them."""
        refuse_unless_named(self.requester)

    def facts(self) -> dict[str, str]:
        """What the audit records before anything is looked at; the texts may be anything."""
        given = {name: value for name, value in asdict(self).items() if value}
        given |= {"fields": ", ".join(self.fields)} if self.fields else {}
        if practice := given.pop("practice", None):
            given["practices"] = practice
        return {name: safe_words(str(value)) for name, value in given.items()}


@dataclass(frozen=True)
class Terms:
    """What a request states.

    cohort: the name of its file. practice: ODS code, or None for all that the agreement names. day: of the request.
    """

    cohort: str
    role: str
    purpose: str
    requester: str
    reference: str
    agreement: Agreement
    practice: str | None
    day: date

    @property
    def practices(self) -> tuple[str, ...]:
        """The practices whose patients may be listed."""
        return self.agreement.practices if self.practice is None else (self.practice,)

    @property
    def expires(self) -> date:
        """The last day of the list: LIST_DAYS on, or the last of the agreement or its gateway."""
        ends = [self.day + timedelta(days=LIST_DAYS), self.agreement.expires]
        return min([*ends, self.agreement.gateway.expires] if self.agreement.gateway else ends)

    @property
    def recipient(self) -> str:
        """Who is given the list: of agreements with practices, the practice."""
        return f"Practice {self.practice}" if self.agreement.kind == PRACTICE else self.agreement.recipient


def stated(workbook: Workbook, ask: Ask) -> Terms:
    """The terms of a new request. Raises InputError where no agreement is meant, or every reason against it at once."""
    reference, agreement = choose(load_agreements(workbook), ask.agreement, ask.practice)
    day = day_of(workbook, ask.day)
    terms = Terms(ask.cohort, ask.role, ask.purpose, ask.requester, reference, agreement, ask.practice, day)
    check(workbook, terms)
    return terms


def terms_of(workbook: Workbook, head: RequestHead, day: date) -> Terms:
    """The terms of a request that was written, under the agreement as it is now, on the day on which it is used."""
    agreements = load_agreements(workbook)
    if head.agreement not in agreements:
        raise InputError(f"The agreement {head.agreement} of {head.request} is no longer in {workbook.agreements}.")
    agreement = agreements[head.agreement]
    practice = head.practices[0] if agreement.kind == PRACTICE else None
    if gone := sorted(set(head.practices) - set(agreement.practices)):
        raise InputError(f"The agreement {head.agreement} no longer names {gone[0]}: make the request again.")
    terms = Terms(head.cohort, head.role, head.purpose, head.requester, head.agreement, agreement, practice, day)
    if terms.recipient != head.recipient or not set(head.practices) <= set(terms.practices):
        raise InputError(f"The agreement {head.agreement} is now with {terms.recipient}, and {head.request} is for "
                         f"{head.recipient}: make the request again.")  # fmt: skip
    if day <= terms.expires < head.expires:
        raise InputError(f"The agreement {head.agreement} now ends on {terms.expires:%d %B %Y}, before the last day of "
                         f"{head.request}: make the request again.")  # fmt: skip
    return terms


def check(workbook: Workbook, terms: Terms) -> None:
    """Refuse terms that the agreement, or the sources' own agreements, do not permit; every reason at once."""
    agreement, day = terms.agreement, terms.day
    faults = agreement.refusals(terms.reference, day, role=terms.role, purpose=terms.purpose, cohort=terms.cohort)
    if terms.purpose == POPULATION:
        faults.append(f"nobody is contacted for {POPULATION}, which is a purpose of runs")
    if not recipient_of(workbook, agreement, terms.reference, terms.purpose, day).may_read(IDENTITY):
        faults.append(
            f"{workbook.governance} lets no registration be told to {terms.recipient} for {terms.purpose}: "
            "`may_be_told_to` and `purposes` of gp_extract"
        )
    if faults:
        raise InputError(f"No list of {terms.cohort} for {terms.recipient}: {'; '.join(faults)}.")


def day_of(workbook: Workbook, given: date | None) -> date:
    """The day of a request or a list: today. Of synthetic data, whose extract stands still, another may be given."""
    if given is not None and not workbook.synthetic:
        raise InputError("`--day` is for synthetic data alone: a list is of today.")
    return given or date.today()
