"""Published lists of practices and of registered patients: every patient is in a network or has a named reason.

The patients' number by practice and small area is as published; their births and sex are made up.
"""

import os
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from phm_utils.inputs.people_account import IN_EXTRACT, REGISTERED
from phm_utils.inputs.practices import ELSEWHERE
from phm_utils.schema import PCN_NOT_KNOWN

PLACES = Path(os.environ.get("PHM_REAL_DATA", "absent")) / "places"
pytestmark = pytest.mark.skipif(not PLACES.is_dir(), reason="PHM_REAL_DATA holds no folder `places`")
# Patients, networks, and patients in the small areas whose deprivation is in the place's own file.
PUBLISHED = {"calderdale": (214_112, 5, 210_007), "herefordshire_worcestershire": (817_738, 15, 796_693)}
LARGE = pytest.mark.full
SETTINGS = {
    "ics_code": "QGH", "index_date": "2022-07-01",
    "geography": {"lsoa_vintage": 2011, "imd_version": "IMD2019"}, "synthetic": True,
}  # fmt: skip


def patients(place: str) -> pd.DataFrame:
    """Published: one row per practice and small area, `patients`."""
    return pd.read_csv(PLACES / place / "gp_registrations_lsoa11_practice_2022-07.csv")


def practices(place: str) -> pd.DataFrame:
    """Published (ePCN, January 2023): one row per practice and network."""
    listed = pd.read_csv(PLACES / place / "epcn_practice_pcn.csv", dtype="str")
    listed = listed.rename(columns={"start_date": "pcn_from", "end_date": "pcn_to"})
    days = {name: pd.to_datetime(listed[name], format="%Y%m%d").dt.date for name in ("pcn_from", "pcn_to")}
    return listed.assign(icb_code="QGH", close_date=None, successor_code=None, **days).astype({"close_date": "str"})


def write(folder: Path, place: str, listed: pd.DataFrame) -> None:
    """The landing: registrations as published, practices as given, areas with their deprivation of 2019."""
    areas = pd.read_csv(PLACES / place / "imd2019_lsoa11.csv").rename(
        columns={"lsoa11_code": "lsoa", "lsoa11_name": "lsoa_name", "IMD_rank": "imd_rank", "IMD_decile": "imd_decile"}
    )
    areas = areas[["lsoa", "lsoa_name", "imd_rank", "imd_decile"]].dropna()
    areas.assign(lsoa_vintage=2011, imd_version="IMD2019").to_csv(folder / "area.csv", index=False)
    listed.to_csv(folder / "practice.csv", index=False)
    with duckdb.connect() as con:
        con.register("counts", patients(place))
        people = (
            "SELECT practice_code, lsoa11_code AS lsoa, "
            "row_number() OVER (ORDER BY practice_code, lsoa11_code, n) AS i "
            "FROM counts, LATERAL (SELECT unnest(range(patients)) AS n)"
        )
        con.execute(
            "COPY (SELECT 'r' || i AS registration_id, md5('person' || i) AS token_person_id, "
            "CASE WHEN hash(i) % 2 = 0 THEN '1' ELSE '2' END AS sex, "
            "DATE '1932-01-01' + INTERVAL (hash(i, 1) % 1080) MONTH AS birth_month, lsoa, practice_code, "
            "DATE '2022-06-30' - (hash(i, 2) % 7000)::INTEGER AS registered_from, false AS type_1_opt_out "
            f"FROM ({people})) TO '{(folder / 'gp_registration.parquet').as_posix()}' (FORMAT parquet)"
        )


@pytest.fixture
def account(landing):
    """The account of people, and `check_practice`, of a place with a list of practices."""

    def of(place: str, listed: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
        write(landing.folder, place, listed)
        store = landing.checked(landing.workbook(**SETTINGS))
        return store.read("people_account").set_index(["part", "unit_code", "what"])["people"], store.read(
            "check_practice"
        )

    return of


@pytest.mark.parametrize("place", ["calderdale", pytest.param("herefordshire_worcestershire", marks=LARGE)])
def test_every_patient_published_is_counted_in_the_network_of_the_practice(account, place):
    total, networks, in_known_areas = PUBLISHED[place]
    found, by_practice = account(place, practices(place))
    rows = found["registrations"].droplevel(0)
    assert rows[IN_EXTRACT] == rows[REGISTERED] == total
    by_network = patients(place).merge(practices(place)).groupby("pcn_code")["patients"].sum()
    assert found["counted"].droplevel(1).to_dict() == by_network.to_dict()
    assert len(by_network) == networks
    assert by_practice["deprivation_known"].sum() == in_known_areas


def test_practices_that_moved_closed_or_are_not_listed_lose_nobody(account):
    place = "calderdale"
    listed, own = practices(place), patients(place).groupby("practice_code")["patients"].sum()
    gone, merged, moved, abroad = listed["practice_code"].iloc[[0, 1, 2, 3]]
    home = listed.set_index("practice_code")["pcn_code"]
    other = next(code for code in home.unique() if code not in (home[merged], home[moved]))
    successor = home.index[home == other][-1]
    listed = listed[listed["practice_code"] != gone]
    of_merged, of_moved = listed["practice_code"] == merged, listed["practice_code"] == moved
    listed.loc[of_merged, ["close_date", "successor_code"]] = ["2022-03-31", successor]
    listed.loc[of_moved, "pcn_to"] = "2022-05-31"
    again = listed[of_moved].assign(pcn_code=other, pcn_from="2022-06-01", pcn_to=None)
    listed.loc[listed["practice_code"] == abroad, "icb_code"] = "QWO"
    listed = pd.concat([again, listed])  # the row that holds comes first: the order decides nothing
    found, _ = account(place, listed)
    expected = home.drop(abroad).to_frame("pcn").assign(patients=own)
    expected.loc[[gone, merged, moved], "pcn"] = [PCN_NOT_KNOWN, other, other]
    assert found["counted"].droplevel(1).to_dict() == expected.groupby("pcn")["patients"].sum().to_dict()
    assert found["people"].droplevel(0)[f"practice {ELSEWHERE}"] == own[abroad]
    assert found["counted"].sum() + own[abroad] == PUBLISHED[place][0]
