"""More networks than one county has: other places, other names, other people."""

import pandas as pd
import pytest

from phm_utils.synthetic import geography, simulate
from phm_utils.synthetic.counties import COUNTIES


@pytest.fixture(scope="module")
def two_counties(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("counties") / "made", pcns=17, people_per_pcn=100, seed=7, workers=1)


def table(root, name):
    return pd.read_parquet(root / "pseudonymised" / f"{name}.parquet")


def test_no_two_networks_practices_or_areas_share_a_name_or_code():
    counties = geography.geographies(7, geography.MOST_PCNS)
    networks = [geography.pcn_name(pcn) for pcn in range(1, geography.MOST_PCNS + 1)]
    short = [name for county in COUNTIES for name in county.networks]
    assert len(set(networks)) == len(networks) == 80
    assert len(set(short)) == len(short) == 15 * len(COUNTIES)
    for attribute in ("lsoa", "name", "practice_code", "practice_name"):
        values = [value for county in counties for value in getattr(county, attribute)]
        assert len(set(values)) == len(values), attribute


def test_each_network_lies_in_the_place_of_its_county(two_counties):
    places = table(two_counties, "practice").groupby("pcn_code")["sub_icb_name"].unique().map(list)
    assert places["U99015"] == ["Demoshire"]
    assert places["U99016"] == places["U99017"] == ["Sampleshire"]


def test_the_areas_of_every_county_are_listed_once_and_its_people_live_there(two_counties):
    areas = table(two_counties, "area")
    assert areas["lsoa"].is_unique
    assert len(areas) == 2 * geography.LSOAS
    people = pd.read_parquet(two_counties / "pseudonymised" / "gp_registration" / "U99017.parquet")
    here = set(areas.loc[areas["lsoa_name"].str.startswith("Sampleshire"), "lsoa"])
    assert people["lsoa"].dropna().isin(here).mean() > 0.95


def test_people_beyond_the_test_range_have_pseudonyms_and_no_nhs_number(two_counties):
    first, last = (pd.read_parquet(two_counties / "truth" / "person" / f"U99{n:03d}.parquet") for n in (15, 17))
    assert first["nhs_number"].notna().all()
    assert last["nhs_number"].isna().all()
    assert last["token_person_id"].is_unique
    assert not set(first["token_person_id"]) & set(last["token_person_id"])
