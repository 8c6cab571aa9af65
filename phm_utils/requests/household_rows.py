"""The households of a model for one recipient: its own lists, and besides what unexpired gateways permit.

Without a gateway the rows are a function of the recipient's own lists, the model's file and the index date alone.
"""

import hashlib
import json
from dataclasses import dataclass

import pandas as pd

from phm_utils.params import Workbook
from phm_utils.privacy.household_request import NO, YES, Indicator, columns_of
from phm_utils.requests.household_facts import AT_RISK, Decide, household_facts
from phm_utils.requests.household_terms import HouseholdTerms
from phm_utils.requests.own_lists import ListLeaf, lists_of, own_facts

COMMUNAL_ADDRESS = "address with 11 rows or more of one of the recipient's lists, so no household"


@dataclass(frozen=True)
class Households:
    """rows: one per household, by `token`: the columns of the indicators. version: digest of what was asked.

    without: rows of the recipient's lists that have no address. communal: addresses left out. people: of whom gateways
    tell, by decision of the day; empty without a gateway.
    """

    rows: pd.DataFrame
    indicators: tuple[Indicator, ...]
    version: str
    without: int
    communal: int
    people: pd.Series


def households_of(workbook: Workbook, terms: HouseholdTerms, decide: Decide) -> Households:
    """The households that the terms let be listed. decide: who of some people may be listed, asked of no one without
    a gateway.

    Raises InputError where a field cannot be said, or the run has not been made.
    """
    facts, asked = own_facts(workbook, terms)
    placed = facts.dropna(subset=["token"])
    own = placed[~placed["communal"]]
    rows = _of_own_lists(own, list(asked))
    people = pd.Series(dtype="int64")
    if terms.fields:
        known = household_facts(workbook, terms, rows["token"], decide)
        rows = _with_fields(rows, known.rows, list(asked), terms)
        people = known.people
    indicators = _indicators(terms, asked)
    ordered = rows.sort_values("token", ignore_index=True)[["token", *columns_of(indicators)]]
    communal = placed.loc[placed["communal"], "token"].nunique()
    return Households(ordered, indicators, _version(terms, asked), len(facts) - len(placed), communal, people)


def _of_own_lists(facts: pd.DataFrame, domains: list[str]) -> pd.DataFrame:
    """One row per household that the recipient's lists make true of some domain: YES or NO, and the newest day."""
    newest = facts.groupby(["token", "domain"])["day"].max().unstack("domain").reindex(columns=domains)
    columns = {}
    for domain in domains:
        days = pd.to_datetime(newest[domain])
        columns[domain] = days.notna().map({True: YES, False: NO}).astype("str")
        columns[f"{domain}_day"] = days.dt.strftime("%Y-%m-%d").fillna("").astype("str")
    return pd.DataFrame(columns, index=newest.index).rename_axis("token").reset_index()


def _with_fields(own: pd.DataFrame, known: pd.DataFrame, domains: list[str], terms: HouseholdTerms) -> pd.DataFrame:
    """With the fields of gateways; where presence may depend on health, the households at clinical risk alone."""
    at_risk = AT_RISK in terms.fields
    rows = own.merge(known, on="token", how="outer" if at_risk else "left")
    rows = rows[rows[AT_RISK].eq(YES)] if at_risk else rows
    absent = dict.fromkeys(domains, NO) | dict.fromkeys([f"{domain}_day" for domain in domains], "")
    return rows.fillna(absent | dict.fromkeys(terms.fields, ""))


def _indicators(terms: HouseholdTerms, asked: dict[str, list[ListLeaf]]) -> tuple[Indicator, ...]:
    own = [
        Indicator(name=name, title=terms.model.domains[name].title, lists=lists_of(leaves), dated=True)
        for name, leaves in asked.items()
    ]
    return (*own, *(Indicator(name=n, title=terms.title_of(n), law=terms.law_of(n)) for n in terms.fields))


def _version(terms: HouseholdTerms, asked: dict[str, list[ListLeaf]]) -> str:
    """A digest of what is asked: of the model's rules as far as the recipient's lists and fields reach."""
    parts: dict[str, object] = {
        name: [leaf.model_dump(mode="json", exclude={"says"}) for leaf in leaves] for name, leaves in asked.items()
    }
    if terms.fields:
        parts["model"] = terms.model.model_dump(
            mode="json", by_alias=True, include={"bands", "domains", "official_list"}
        )
    content = {"own": parts, "fields": list(terms.fields)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
