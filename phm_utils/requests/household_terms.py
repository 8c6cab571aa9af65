"""The terms of a request for households: its recipient's own lists, and the fields that unexpired gateways permit."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from phm_utils.errors import InputError
from phm_utils.inputs.governance import OF_LISTS
from phm_utils.measures.vulnerability_model import Model, load_model
from phm_utils.params import Workbook
from phm_utils.privacy.agreements import ELSEWHERE, HOUSEHOLD_FIELDS, Agreement, choose, load_agreements
from phm_utils.privacy.household_request import HouseholdHead
from phm_utils.privacy.never_read import NEVER_READ
from phm_utils.privacy.request_file import LIST_DAYS
from phm_utils.requests.telling import Recipient, recipient_of
from phm_utils.requests.terms import POPULATION, Ask, day_of
from phm_utils.rules.forms import AtAddress, OnList
from phm_utils.rules.tree import leaves

OFFICIAL = "on_official_list"
NOTHING = "none"  # asked for as the only field: the recipient's own lists alone


@dataclass(frozen=True)
class HouseholdTerms:
    """What a request for households states.

    fields: those besides the recipient's own lists, each under a gateway that holds on the day. not_told: a sentence
    for each field that the agreement names and that is not told.
    """

    name: str
    model: Model = field(repr=False)
    role: str
    purpose: str
    requester: str
    reference: str
    agreement: Agreement
    day: date
    fields: tuple[str, ...]
    not_told: tuple[str, ...] = ()

    @property
    def recipient(self) -> str:
        """Who is given the list."""
        return self.agreement.recipient

    @property
    def expires(self) -> date:
        """The last day of the list: LIST_DAYS on, or the last of the agreement or a gateway."""
        laws = [self.agreement.gateways[name].expires for name in self.fields]
        return min([self.day + timedelta(days=LIST_DAYS), self.agreement.expires, *laws])

    def law_of(self, name: str) -> str:
        """The law by which a field is told."""
        return self.agreement.gateways[name].law

    def title_of(self, name: str) -> str:
        """The title of a field."""
        return possible_fields(self.model)[name]

    def told_by(self, workbook: Workbook) -> Recipient:
        """The recipient, with what the governance file lets each source tell."""
        return recipient_of(workbook, self.agreement, self.reference, self.purpose, self.day)

    def own_lists(self, workbook: Workbook) -> tuple[tuple[str, str], ...]:
        """Table and name of each list that the recipient supplied and that its entry lets be told to it."""
        recipient = self.told_by(workbook)
        both = ((table, name) for table in OF_LISTS for name in self.agreement.own_lists)
        return tuple((table, name) for table, name in both if recipient.may_read_list(table, name))


def possible_fields(model: Model) -> dict[str, str]:
    """The fields of households that rest on something else than the recipient's lists, with their titles.

    A social domain is among them where one of its records is no list: facts of other partners never enter.
    """
    fixed = {name: title for name, title in HOUSEHOLD_FIELDS.items() if name != OFFICIAL or model.official_list}
    others = {
        f"{name}{ELSEWHERE}": f"{domain.title}, by others' records"
        for name, domain in model.domains.items()
        if name not in fixed
        and any(not isinstance(leaf, OnList | AtAddress) for record in domain.records for leaf in leaves(record.rule))
    }
    return fixed | others


def stated_households(workbook: Workbook, ask: Ask) -> HouseholdTerms:
    """The terms of a new request. Raises InputError where no agreement is meant, or every reason against it at once."""
    if ask.practice is not None or ask.agreement is None:
        raise InputError(
            "Households are listed for who gives no direct care: `--households --agreement REFERENCE`. A practice is "
            "given people: ask without `--households`."
        )
    reference, agreement = choose(load_agreements(workbook), ask.agreement, None)
    model, day = load_model(ask.cohort), day_of(workbook, ask.day)
    wanted = () if ask.fields == (NOTHING,) else ask.fields
    refused = [why for name in wanted if (why := _why_not(name, agreement, model, reference, day))]
    why_not = {name: _why_not(name, agreement, model, reference, day) for name in agreement.gateways}
    fields = tuple(
        name
        for name in possible_fields(model)
        if name in agreement.gateways and not why_not[name] and name in (ask.fields or agreement.gateways)
    )
    not_told = () if ask.fields else tuple(why for why in why_not.values() if why)
    terms = HouseholdTerms(
        ask.cohort, model, ask.role, ask.purpose, ask.requester, reference, agreement, day, fields, not_told
    )
    refuse(terms, refused)
    return terms


def terms_of_households(workbook: Workbook, head: HouseholdHead, day: date) -> HouseholdTerms:
    """The terms of a request that was written, under the agreement as it is now, on the day on which it is used."""
    agreements = load_agreements(workbook)
    if head.agreement not in agreements:
        raise InputError(f"The agreement {head.agreement} of {head.request} is no longer in {workbook.agreements}.")
    agreement, model = agreements[head.agreement], load_model(head.cohort)
    refused = [why for name in head.fields if (why := _why_not(name, agreement, model, head.agreement, day))]
    given = (head.cohort, model, head.role, head.purpose, head.requester, head.agreement, agreement, day, head.fields)
    terms = HouseholdTerms(*given)
    refuse(terms, refused)
    if terms.recipient != head.recipient:
        raise InputError(
            f"The agreement {head.agreement} is now with {terms.recipient}, and {head.request} is for "
            f"{head.recipient}: make the request again."
        )
    if day <= terms.expires < head.expires:
        raise InputError(
            f"{head.request} may now be used until {terms.expires:%d %B %Y} alone, before its last day: make the "
            "request again."
        )
    told = {name for _, name in terms.own_lists(workbook)}
    if gone := sorted({name for one in head.indicators for name in one.lists} - told):
        raise InputError(
            f"The list {gone[0]} is no longer {terms.recipient}'s own, or may no longer be told: make the request "
            "again."
        )
    return terms


def refuse(terms: HouseholdTerms, refused: list[str]) -> None:
    """Refuse terms that the agreement does not permit; every reason at once."""
    agreement = terms.agreement
    faults = agreement.household_refusals(
        terms.reference, terms.day, role=terms.role, purpose=terms.purpose, model=terms.name
    )
    if terms.purpose == POPULATION:
        faults.append(f"nobody is contacted for {POPULATION}, which is a purpose of runs")
    faults += [
        f"the list {name} may be of domestic abuse, and no list is made of such facts"
        for name in agreement.own_lists
        if NEVER_READ.search(name)
    ]
    if faults := faults + refused:
        raise InputError(f"No households of {terms.name} for {terms.recipient}: {'; '.join(faults)}.")


def _why_not(name: str, agreement: Agreement, model: Model, reference: str, day: date) -> str:
    """Why a field is not told; empty where it is."""
    possible = possible_fields(model)
    if name not in possible:
        return f"{name} is no field of these households; there are {', '.join(possible)}"
    gateway = agreement.gateways.get(name)
    if gateway is None:
        return f"{name} rests on more than the recipient's own lists, and {reference} has no gateway for it"
    if day > gateway.expires:
        return f"the gateway of {name} ({gateway.law}) expired on {gateway.expires:%d %B %Y}"
    return ""
