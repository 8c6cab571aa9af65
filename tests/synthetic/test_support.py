"""Planted support of households at risk: everybody who is still there is contacted, in the order of a hub's work."""

import json
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from phm_utils.synthetic import days, follow_up, partners, shielding, support, vulnerable
from phm_utils.synthetic.draws import NULL
from phm_utils.synthetic.follow_up import CODE, HOW, RETURNED, STATUSES
from phm_utils.synthetic.network import STALE_PRACTICE
from phm_utils.synthetic.people import NO_PLACE
from phm_utils.synthetic.returned_list import returned_list
from phm_utils.synthetic.vulnerable import BANDS, DOMAINS, MODEL

FIRST_CONTACT = ("contacted", "reached")


@pytest.fixture(scope="module")
def truth(network, added) -> pd.DataFrame:
    """One row per person planned and status of theirs."""
    rows, people = added.follow_up.rows(), network.people
    status, how = rows.coded("status").index, rows.coded("how").index
    words = np.append(STATUSES, "")[np.where(status == NULL, len(STATUSES), status)]
    frame = pd.DataFrame({"who": rows.who, "day": rows.dates("day").days, "status": words})
    assert set(how) <= {HOW.index(RETURNED), NULL}
    return frame.assign(household=people.household[rows.who], last=people.last[rows.who])


def test_whomever_the_model_lists_by_the_truth_is_planned(network, added):
    mine = added.vulnerable.beyond & (network.people.last > follow_up.INDEX_DAY)
    planned = np.isin(np.arange(len(network.people)), added.follow_up.listed[MODEL])
    stale = network.practices[np.minimum(network.people.practice, len(network.practices) - 1)] == STALE_PRACTICE
    assert mine.sum() > 1_000
    # The few who are not were registered with the practice whose extract ends early, and have changed practice since.
    assert planned[mine & ~stale].mean() > 0.98
    assert planned[mine & stale].mean() < 0.05


def test_everybody_who_is_still_there_has_had_a_first_contact(truth):
    contact = truth[truth["status"].isin(FIRST_CONTACT)].groupby("who")["day"].min()
    last = truth.groupby("who")["last"].first()
    there = last[last >= follow_up.LAST_DAY]
    assert set(there.index) <= set(contact.index)
    assert contact.max() <= follow_up.LAST_DAY
    never = last.index.difference(contact.index)
    assert len(never) > 0  # some died or moved before
    assert (last[never] < follow_up.LAST_DAY).all()
    weeks = ((contact - follow_up.LIST_DAY) // 7).value_counts(normalize=True).sort_index().cumsum()
    assert weeks.loc[1] < 0.6  # not in a fortnight
    assert weeks.index.max() >= 7


def test_the_highest_band_is_tried_first(added, truth):
    first = truth[truth["status"] != ""].groupby("household")["day"].min() - follow_up.LIST_DAY
    band = pd.Series(np.minimum(added.vulnerable.band, len(BANDS) - 1)[truth["who"]]).groupby(truth["household"]).min()
    by_band = first.groupby(band).median()
    assert by_band.is_monotonic_increasing
    assert by_band[0] <= 14


def test_three_failed_tries_end_in_a_letter_and_some_answer_it(truth):
    tries = truth[truth["status"] == "not_reached"].groupby("who").size()
    assert set(tries) == {1, 2, 3}
    whole = truth[truth["last"] >= follow_up.LAST_DAY]
    people = {status: set(rows["who"]) for status, rows in whole.groupby("status")}
    thrice = set(tries.index[tries == 3]) & set(whole["who"])
    assert people["contacted"] == thrice
    assert len(thrice & people["reached"]) / len(thrice) == pytest.approx(support.ANSWERS_LETTER, abs=0.08)
    one = whole[whole["who"].isin(thrice & people["reached"])].sort_values("day", kind="stable")
    order = (
        one.groupby("who")["status"]
        .agg(list)
        .map(lambda found: [s for s in found if s in ("not_reached", *FIRST_CONTACT)])
    )
    assert order.map(lambda found: found == ["not_reached"] * 3 + ["contacted", "reached"]).all()


def test_support_comes_to_those_who_accept_and_more_parcels_where_food_or_income_is_a_need(added, truth):
    people = {status: set(rows["who"]) for status, rows in truth.groupby("status")}
    for given in ("food_parcel", "hub_support"):
        assert people[given] <= people["accepted"]
        assert len(people[given]) > 100
    assert not people["accepted"] & people["declined"]
    assert people["accepted"] | people["declined"] < people["reached"]
    need = added.vulnerable.domains[:, [DOMAINS.index("income"), DOMAINS.index("food_fuel")]].any(axis=1)
    accepted = pd.Series(sorted(people["accepted"]))
    parcel = accepted.isin(people["food_parcel"]).groupby(need[accepted]).mean()
    assert parcel[True] > parcel[False] + 0.15


def test_nothing_comes_before_the_list_after_its_end_or_after_the_persons(truth):
    some = truth[truth["status"] != ""]
    assert (some["day"] > follow_up.LIST_DAY).all()
    assert (some["day"] <= np.minimum(some["last"], follow_up.LAST_DAY)).all()
    assert (days.WEEKDAY[some["day"].astype(int)] < 5).all()
    silent = truth[truth["status"] == ""]
    assert not set(silent["who"]) & set(some["who"])


def test_a_household_is_called_once(truth):
    first = truth[truth["status"] == "reached"].groupby(["household", "who"])["day"].min()
    assert (first.groupby("household").nunique() == 1).all()
    assert (first.groupby("household").size() > 1).any()


def test_editions_of_a_week_add_up_to_the_whole(network, truth):
    token = network.identities.token.to_pylist()
    written = truth.assign(token_person_id=[token[who] for who in truth["who"]], cohort=MODEL, how=RETURNED)
    written["day"] = [pd.Timestamp(days.DATES[int(day)]) if day > 0 else pd.NaT for day in written["day"]]
    written["status"] = written["status"].replace("", None)
    people = {f"REF{n}": token[who] for n, who in enumerate(sorted(set(truth["who"]))[:300])}
    whole = returned_list(written, people, MODEL)
    fridays = [date(2025, 1, 10) + timedelta(weeks=week) for week in range(12)]
    editions = [returned_list(written, people, MODEL, until=friday) for friday in fridays]
    found = [set(edition.query("status != ''").itertuples(index=False, name=None)) for edition in editions]
    assert all(before < after for before, after in pairwise(found[:10]))
    assert found[-1] == set(whole.query("status != ''").itertuples(index=False, name=None))
    assert all(set(edition["reference"]) == set(people) for edition in editions)
    one = returned_list(written, people, MODEL, since=date(2025, 1, 13), until=date(2025, 1, 17)).query("status != ''")
    assert set(one.itertuples(index=False, name=None)) == found[1] - found[0]


def household_facts(network, tables) -> dict[int, set[str]]:
    """By person the social domains of the lists of partners of 1 December, person by person."""
    people, rows = network.people, tables["partner_list"]
    day, then = days.day(partners.EARLIER_DATE), follow_up.INDEX_DAY
    names = [rows.coded("list_name").words[place] for place in rows.coded("list_name").index]
    at_home = people.registered & (people.first <= then) & (people.last >= then) & (people.place != NO_PLACE)
    homes = pd.Series(range(len(people))).groupby(people.household).agg(list)
    found: dict[int, set[str]] = {who: set() for who in range(len(people))}
    for who, name in zip(rows.who.tolist(), names, strict=True):
        if people.first[who] <= day:
            shared = vulnerable.OF_HOUSEHOLD.get(name)
            together = [one for one in homes[people.household[who]] if at_home[one]]
            mates = together if shared and at_home[who] and len(together) <= 10 else []
            for one in (who, *mates):
                found[one].add(shared or vulnerable.OF_PERSON[name])
    return found


def test_domains_of_lists_are_those_of_a_count_by_hand(network, tables, added):
    expected, people = household_facts(network, tables), network.people
    # Those of people who had died or left by March are on the earlier edition alone.
    gone = set(people.household[(people.last < days.day(partners.LIST_DATE)) & (people.last >= 0)])
    here = [who for who in np.flatnonzero(added.vulnerable.here) if people.household[who] not in gone]
    assert len(here) > 20_000
    for name in ("income", "housing", "food_fuel"):
        found = added.vulnerable.domains[here, DOMAINS.index(name)]
        assert found.tolist() == [name in expected[who] for who in here], name
        assert found.any()


def test_alone_at_70_is_nobody_else_registered_at_the_address(network, added):
    people, here = network.people, added.vulnerable.here & (network.people.place != NO_PLACE)
    size = pd.Series(people.household[here]).value_counts()
    alone = added.vulnerable.domains[:, DOMAINS.index("alone_70")]
    assert (size[people.household[alone]] == 1).all()
    assert people.age[alone].min() >= 69
    old = here & (people.age >= 72)
    assert alone[old].tolist() == (size[people.household[old]] == 1).tolist()


def test_bands_are_the_first_that_holds(network, added):
    facts, people, band = network.facts, network.people, added.vulnerable.band
    here = added.vulnerable.here
    stage = np.logical_or.reduce(
        [facts.at(name, follow_up.INDEX_DAY) for name in ("end_stage_copd", "end_stage_renal")]
    )
    assert (band[here & stage] == BANDS.index("high")).all()
    assert (band[here & (people.age >= 72)] != BANDS.index("lower")).all()
    assert (band[here & (people.age >= 72)] != NULL).all()
    sixties = here & (people.age >= 62) & (people.age < 70) & (network.health.bmi < 40)
    well = ~network.facts.of(*vulnerable.OF_MEDIUM, *shielding.STAGES, "cancer")
    few = band[sixties & well]
    assert (few == BANDS.index("lower")).mean() > 0.99  # but for a few with four issues of prednisolone
    young = here & (people.age < 50) & (network.health.bmi < 40) & well & ~facts.of(*vulnerable.OF_LOWER)
    assert (band[young] == NULL).mean() > 0.99


def test_the_truth_has_everybody_in_a_band(tiny):
    written = pd.read_parquet(tiny / "truth" / "vulnerable")
    shielded = pd.read_parquet(tiny / "truth" / "shielded").query("listed")
    assert written["person"].is_unique
    domains = written.filter(like="domain_").any(axis=1)
    assert (written["beyond"] == domains & ~written["person"].isin(shielded["person"])).all()
    assert written["band"].isin(BANDS).all()
    outreach = pd.read_parquet(tiny / "truth" / "outreach" / "U99001.parquet")
    assert set(outreach["cohort"]) == {MODEL}
    assert CODE not in set(outreach["how"])


def test_the_summary_counts_what_the_truth_has(tiny):
    summary = json.loads((tiny / "truth" / "effects.json").read_text(encoding="utf-8"))["households_at_risk"]
    for number in (1, 2, 3):
        network = f"U9900{number}"
        people = pd.read_parquet(tiny / "truth" / "vulnerable" / f"{network}.parquet")
        for band, counts in summary[MODEL]["networks"][network].items():
            mine = people[people["band"] == band]
            assert counts == {"people": len(mine), "beyond": int(mine["beyond"].sum())}
        states = pd.read_parquet(tiny / "truth" / "shielded" / f"{network}.parquet")["state"].value_counts()
        found = {state: count for state, count in summary["shielded_patients"]["networks"][network].items() if count}
        assert found == states[states > 0].to_dict()
    assert summary["support"]["network"] == "U99001"
