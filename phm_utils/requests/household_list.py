"""The list of a request for households: each residence by its UPRN and postcode, for whoever holds the key.

What was asked is asked again on the day, of the vault and under the agreement as it is now: a gateway that has expired
since, or a list that is no longer the recipient's, refuses it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.inputs.governance import opt_outs_of_list
from phm_utils.inputs.opt_outs import FLAGS
from phm_utils.linkage.identities import Identities
from phm_utils.params import Workbook
from phm_utils.privacy.household_request import HouseholdFolder, HouseholdHead, columns_of
from phm_utils.privacy.permission import GRANTED, decide
from phm_utils.requests.household_facts import AT_RISK, Decide
from phm_utils.requests.household_rows import Households, households_of
from phm_utils.requests.household_terms import HouseholdTerms, terms_of_households
from phm_utils.requests.vault_of_run import identities_of
from phm_utils.rules.event_concepts import ADDRESS_LIST, PARTNER_LIST

NO_LONGER = "no longer at clinical risk by what may be said today"
UPRN, POSTCODE = "uprn", "postcode"
REGISTRATION = "gp_registration"


@dataclass(frozen=True)
class OpenedHouseholds:
    """A request whose households may be named today.

    rows: one per household: `reference`, UPRN, POSTCODE, and the indicators as they are known today. titles: of these.
    decisions: households by decision of the day.
    """

    request: HouseholdFolder
    rows: pd.DataFrame
    titles: dict[str, str]
    decisions: dict[str, int]


def opened_households(
    workbook: Workbook, request: HouseholdFolder, key: Callable[[], bytes], today: date
) -> OpenedHouseholds:
    """Open the vault for a request. Raises InputError where it may not be used today, or the run has changed since."""
    head, asked = request.head, request.rows()
    terms = terms_of_households(workbook, head, today)
    identities = identities_of(workbook, key())
    found = households_of(workbook, terms, _decided(workbook, terms, identities))
    if (found.version, found.indicators, workbook.index_date) != (head.version, head.indicators, head.index_date):
        raise InputError(f"The run or its model {head.cohort} has changed since {head.request}: make a new request.")
    known = asked[["reference", "token"]].merge(found.rows, on="token")
    gone = len(asked) - len(known)
    if gone and AT_RISK not in head.fields:
        raise InputError(
            f"{gone:,} of the {len(asked):,} households of {head.request} are no longer on the lists of "
            f"{head.recipient}: make a new request."
        )
    rows = known.merge(_addresses(identities, known["token"], found, head), on="token", how="left")
    rows = rows.sort_values([POSTCODE, UPRN, "reference"], ignore_index=True, na_position="last")
    return OpenedHouseholds(
        request,
        rows[["reference", UPRN, POSTCODE, *columns_of(head.indicators)]],
        {UPRN: "UPRN", POSTCODE: "Postcode"} | _titles(head),
        {GRANTED: len(known), NO_LONGER: gone},
    )


def _titles(head: HouseholdHead) -> dict[str, str]:
    titles = {one.name: one.title for one in head.indicators}
    return titles | {f"{one.name}_day": f"{one.title}: recorded" for one in head.indicators if one.dated}


def _decided(workbook: Workbook, terms: HouseholdTerms, identities: Identities) -> Decide:
    """Who of some people may be listed today, by the registrations in the vault."""
    flags = [flag for flag in FLAGS if flag in opt_outs_of_list(workbook, terms.purpose)]

    def decided(tokens: pd.Series, practices: pd.DataFrame) -> pd.DataFrame:
        rows = identities.of(tokens)
        rows["opted_out"] = rows[flags].any(axis=1)
        return decide(tokens, rows, practices, terms.agreement.practices, terms.day)

    return decided


def _addresses(identities: Identities, tokens: pd.Series, found: Households, head: HouseholdHead) -> pd.DataFrame:
    """One row per residence: `token`, UPRN, and POSTCODE as the recipient's own lists have it.

    Of a household that is on none of them, and listed by a gateway, both as its registrations have them.
    """
    rows = identities.addresses_of(tokens)
    own = {name for one in found.indicators for name in one.lists}
    mine = rows["source"].isin([PARTNER_LIST, ADDRESS_LIST]) & rows["list_name"].isin(own)
    place = pd.Series(2, index=rows.index).mask(mine, 0).mask(mine & rows[POSTCODE].isna(), 1)
    permitted = mine | (rows["source"].eq(REGISTRATION) & (AT_RISK in head.fields))
    chosen = rows.assign(place=place)[permitted].sort_values(["token", "place", POSTCODE, "source", "list_name"])
    return chosen.groupby("token", as_index=False).head(1)[["token", UPRN, POSTCODE]]
