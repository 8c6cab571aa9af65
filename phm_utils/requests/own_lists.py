"""What a recipient's own lists say of addresses: a function of these lists and of the model's file alone.

A list of people counts for the address of its row. Which of a domain's records a list decides by itself: a rule that
names lists, or `any` of such; what joins a list to something else (`all`, `not`, a window counted from another event)
is left out.
"""

from collections.abc import Collection, Iterator

import pandas as pd

from phm_utils.engine import session
from phm_utils.inputs.lists_today import lists_today
from phm_utils.measures.vulnerability_model import Model
from phm_utils.params import Workbook
from phm_utils.requests.household_terms import HouseholdTerms
from phm_utils.rules.event_concepts import ADDRESS_LIST, PARTNER_LIST
from phm_utils.rules.event_sql import COMMUNAL
from phm_utils.rules.event_windows import EventSource, days_of
from phm_utils.rules.forms import AtAddress, OnList, list_of
from phm_utils.rules.tree import AnyOf, Rule

Owned = Collection[tuple[str, str]]  # table and name of each list
ListLeaf = OnList | AtAddress


def own_leaves(model: Model, own: Owned) -> dict[str, list[ListLeaf]]:
    """By social domain, the criteria that rest on the recipient's own lists, without the names of others.

    Domains without one are left out.
    """
    found = {
        name: [leaf for record in domain.records for leaf in _own(record.rule, own)]
        for name, domain in model.domains.items()
    }
    return {name: rules for name, rules in found.items() if rules}


def _own(rule: Rule, own: Owned) -> Iterator[ListLeaf]:
    if isinstance(rule, AnyOf):
        for part in rule.any:
            yield from _own(part, own)
    if not isinstance(rule, OnList | AtAddress) or (rule.within and rule.within.anchor):
        return
    if names := tuple(name for name in names_of(rule) if (table_of(rule), _list_of(rule, name)) in own):
        yield rule.model_copy(update={"list" if isinstance(rule, OnList) else "address": names, "says": None})


def table_of(leaf: ListLeaf) -> str:
    """The table of the lists that a criterion names."""
    return PARTNER_LIST if isinstance(leaf, OnList) else ADDRESS_LIST


def names_of(leaf: ListLeaf) -> tuple[str, ...]:
    """The names of a criterion: of lists, or of addresses `list/value`."""
    return leaf.list if isinstance(leaf, OnList) else leaf.address


def lists_of(leaves: Collection[ListLeaf]) -> tuple[str, ...]:
    """The lists that some criteria name, each once."""
    return tuple(dict.fromkeys(_list_of(leaf, name) for leaf in leaves for name in names_of(leaf)))


def _list_of(leaf: ListLeaf, name: str) -> str:
    return list_of(name) if isinstance(leaf, AtAddress) else name


def own_facts(workbook: Workbook, terms: HouseholdTerms) -> tuple[pd.DataFrame, dict[str, list[ListLeaf]]]:
    """One row per row of the recipient's own lists and domain that it makes true; and each domain's criteria.

    Columns: `token` (of the residence; missing where the row has no address), `domain`, `day`, and `communal`: does
    one list have so many rows of people there that it is no household?
    """
    asked = own_leaves(terms.model, terms.own_lists(workbook))
    lists = {(table_of(leaf), name) for leaves in asked.values() for leaf in leaves for name in lists_of([leaf])}
    with session() as con:
        rows = lists_today(con, workbook, lists)
    parts = [
        rows[_holds(leaf, rows, workbook)].assign(domain=domain) for domain, leaves in asked.items() for leaf in leaves
    ]
    columns = {"household_token": "token", "list_date": "day"}
    found = pd.concat(parts) if parts else rows.assign(domain="").head(0)
    found = found.rename(columns=columns)
    people = found["table_name"].eq(PARTNER_LIST)
    at_once = found[people].groupby(["token", "list_name", "domain"]).size()
    crowded = set(at_once[at_once >= COMMUNAL].index.get_level_values("token"))
    facts = found.assign(communal=found["token"].isin(crowded))
    return facts[["token", "domain", "day", "communal"]].reset_index(drop=True), asked


def _holds(leaf: ListLeaf, rows: pd.DataFrame, workbook: Workbook) -> pd.Series:
    """Does a criterion hold of each row? Its window ends with the index date, whatever other rows there are."""
    table = table_of(leaf)
    days = days_of(leaf.within, EventSource(table, None, workbook.index_date), workbook.index_date)
    within = rows["list_date"] <= pd.Timestamp(days.last)
    if days.first is not None:
        within &= rows["list_date"] >= pd.Timestamp(days.first)
    named = rows["list_name"].isin(names_of(leaf))
    if isinstance(leaf, AtAddress):
        named |= (rows["list_name"] + "/" + rows["value"]).isin(names_of(leaf))
    return rows["table_name"].eq(table) & named & within
