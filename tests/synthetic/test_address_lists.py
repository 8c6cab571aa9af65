"""Lists of addresses: the planted rates, addresses without people, keys that are missing, and the truth about them."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from phm_utils.synthetic import address_lists, days
from phm_utils.synthetic.address_lists import BANDS, DISCOUNT, ENERGY, LISTS, SERVICES, VALUES
from phm_utils.synthetic.draws import stream
from phm_utils.synthetic.people import NO_PLACE
from phm_utils.synthetic.pseudonymised_columns import pseudonymised

DAY = days.day(address_lists.LIST_DATE)


@pytest.fixture(scope="module")
def rows(tables) -> pd.DataFrame:
    """One row per address and list."""
    made = tables["address_list"]
    value = made.coded("value").index
    return pd.DataFrame(
        {"home": made.who, "list": np.array(LISTS)[made.coded("list_name").index],
         "value": np.append(VALUES, "")[np.where(value == 255, len(VALUES), value)],
         "right": made.numbers("right").values}
    )  # fmt: skip


@pytest.fixture(scope="module")
def residents(network) -> pd.DataFrame:
    """One row per person who lives in a private household on the day of the lists."""
    people, facts = network.people, network.facts
    frame = pd.DataFrame({name: getattr(people, name) for name in ("household", "age", "place", "communal")})
    for name in ("end_stage_copd", "parkinsons", "multiple_sclerosis"):
        frame[name] = facts.at(name, DAY)
    frame["severe"] = facts.deficits >= 13
    here = (people.first <= DAY) & (people.last >= DAY) & (people.place != NO_PLACE) & (people.communal == 0)
    return frame[here]


def test_three_dwellings_in_five_have_an_energy_band_and_no_home_twice(network, rows):
    energy = rows[rows["list"] == ENERGY]
    people = network.people
    private = len(np.unique(people.household[(people.communal == 0) & (people.place != NO_PLACE)]))
    empty = len(network.identities.address_token) - int(people.household.max()) - 1
    # 14,000 dwellings: standard error 0.004.
    assert len(energy) / (private + empty) == pytest.approx(0.60, abs=0.02)
    assert not rows.duplicated(["home", "list"]).any()
    assert set(energy["value"]) == set(BANDS)


def test_bands_are_worse_in_the_country_in_deprived_places_and_where_the_old_live(network, rows):
    people, county = network.people, network.county
    first = pd.Series(np.flatnonzero(np.diff(people.household, prepend=-1)))
    energy = rows[(rows["list"] == ENERGY) & (rows["home"] < len(first))]
    head = first[energy["home"]].to_numpy()
    known = (people.place[head] >= 0) & (people.place[head] < len(county.lsoa))
    head, poor = head[known], energy["value"].isin(list("EFG")).to_numpy()[known]
    place = people.place[head]
    for worse in (county.rural[place], people.deprivation[head] > 0.5, people.age[head] >= 65):
        assert poor[worse].mean() > poor[~worse].mean()
    # Of an urban place at deprivation 0, under 65: E, F and G are 0.10 + 0.03 + 0.01.
    usual = ~county.rural[place] & (np.abs(people.deprivation[head]) < 0.25) & (people.age[head] < 65)
    assert poor[usual].mean() == pytest.approx(0.14, abs=0.035)


def test_the_register_names_households_with_somebody_who_depends_on_electricity(rows, residents):
    services = rows[rows["list"] == SERVICES].set_index("home")["value"]
    assert set(services) == {"electricity", "other"}
    dependent = ["end_stage_copd", "severe", "multiple_sclerosis", "parkinsons"]
    homes = residents.groupby("household")[dependent].max()
    electricity = homes.index.isin(services.index[services == "electricity"])
    assert not electricity[~homes.any(axis=1)].any()
    for name, share in zip(dependent, (0.55, 0.12, 0.15, 0.10), strict=True):
        alone = homes[name] & (homes[dependent].sum(axis=1) == 1)
        error = np.sqrt(share * (1 - share) / alone.sum())
        assert electricity[alone].mean() == pytest.approx(share, abs=4 * error), name
    oldest = residents.groupby("household")["age"].max()
    named = oldest.index.isin(services.index)
    assert named[oldest >= 75].mean() > 5 * named[oldest < 60].mean()


def test_the_discount_is_that_of_one_adult_but_for_a_few(rows, residents):
    adults = residents[residents["age"] >= 18].groupby("household").size()
    discount = rows[rows["list"] == DISCOUNT].set_index("home")
    assert (discount["value"] == "").all()
    assert discount["right"].equals(adults.reindex(discount.index) == 1)
    claimed = adults.index.isin(discount.index)
    assert claimed[adults == 1].mean() == pytest.approx(0.90, abs=0.02)
    assert claimed[adults > 1].mean() == pytest.approx(0.02, abs=0.01)


def read(path: str) -> pd.DataFrame:
    return duckdb.connect().execute(f"SELECT DISTINCT * FROM '{path}/*.parquet'").df()


def test_both_forms_and_the_truth_tell_of_the_same_addresses(tiny):
    truth = read(f"{tiny}/truth/address_list").set_index("row_id")
    for form, key in (("pseudonymised", "household_token"), ("identified", "uprn")):
        sent = read(f"{tiny}/{form}/address_list").set_index("row_id")
        assert set(sent.index) == set(truth.index)
        assert list(sent) == [key, "list_name", "value", "list_date"]
        known = sent[sent[key].notna()]
        # 1,300 rows: 3% without a key, standard error 0.5%; 0.3% with another's.
        assert 1 - len(known) / len(sent) == pytest.approx(0.03, abs=0.02)
        assert (known[key] == truth.loc[known.index, key]).mean() > 0.99
        assert sent["value"].fillna("").equals(truth.loc[sent.index, "value"].fillna(""))


def test_some_addresses_have_nobody_registered_and_keys_are_those_of_registrations(tiny):
    truth = read(f"{tiny}/truth/address_list")
    nobody = truth["registered"] == 0
    assert 0.01 < nobody.mean() < 0.15
    assert (truth["residents"] >= truth["registered"]).all()
    registered = read(f"{tiny}/pseudonymised/gp_registration")["household_token"].dropna()
    # Some addresses of registrations found no property number; the list's keys are right all the same.
    assert 0.9 < truth.loc[~nobody, "household_token"].isin(registered).mean() < 1
    assert not truth.loc[nobody, "household_token"].isin(registered).all()
    assert truth.groupby("household_token")["uprn"].nunique().max() == 1


def test_an_address_without_a_key_lacks_it_for_everybody_and_more_often_where_people_moved_lately(network, tables):
    rows = tables["gp_registration"]
    token = pseudonymised(stream(11, 1, "form"), network, "gp_registration", rows)["household_token"]
    people = network.people
    frame = pd.DataFrame({"household": people.household[rows.who], "unknown": token.index == -1})
    assert frame.groupby("household")["unknown"].nunique().max() == 1
    moved = pd.Series(people.joined > days.INDEX_DAY - 365).groupby(people.household).first()  # by who comes first
    shares = frame.groupby("household")["unknown"].first().groupby(moved).mean()
    assert 0.005 < shares[False] < 0.03
    assert shares[True] > 1.5 * shares[False]
