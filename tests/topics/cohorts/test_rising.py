"""Rising contacts as released and as a page says it: estimates apart from lists, nothing small, nobody's figures."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from released_tables import protected

from phm_utils.params import Workbook
from phm_utils.topics.cohorts import rising_page
from phm_utils.topics.cohorts.rising_releases import RISING_RELEASES
from phm_utils.topics.cohorts.rising_tables import rising_tables

ACTIVITY = "mental_health_contacts"
PEOPLE = [
    # of a PCN: people, earlier, later, posterior, expected next year, flagged
    ("U99001", 200, 5, 4, 0.001, 4.5, False),
    ("U99001", 100, 4, 6, 0.05, 5.0, False),
    ("U99001", 20, 5, 30, 0.95, 24.0, True),
    ("U99002", 150, 5, 5, 0.01, 5.0, False),
    ("U99002", 4, 5, 30, 0.95, 24.0, True),
]
ESTIMATES = [("U99001", 320, 26.4, 18.2, 37.9), ("U99002", 154, 4.4, 1.2, 9.8), ("QZZ", 474, 31.0, 22.3, 45.6)]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    columns = ["pcn_code", "times", "earlier", "later", "posterior", "expected", "flagged"]
    groups = pd.DataFrame(PEOPLE, columns=columns)
    contact = groups.loc[groups.index.repeat(groups["times"])].drop(columns="times").assign(activity=ACTIVITY)
    unjudged = {
        "pcn_code": "U99001",
        "earlier": 0,
        "later": 9,
        "posterior": np.nan,
        "expected": np.nan,
        "flagged": False,
    }
    contact = pd.concat([contact, pd.DataFrame([unjudged | {"activity": ACTIVITY}] * 50)], ignore_index=True)
    tables = {
        "person": contact[["pcn_code"]],
        "rising_contact": contact,
        "rising_estimate": pd.DataFrame(ESTIMATES, columns=["area_code", "people", "rising", "lower", "upper"]),
        "rising_stratum": pd.DataFrame(
            {"age_band": ["18-64", "65+"], "use_stratum": "1 to 5", "people": [470, 4], "k": [np.inf, 5.0],
             "differ": [False, True], "rising": 0.02}
        ),
        "rising_left_out": pd.DataFrame({"activity": ["gp_appointments"], "needs": ["gp_appointment"]}),
    }  # fmt: skip
    for name, frame in tables.items():
        con.register(
            "_frame", frame.assign(activity=ACTIVITY) if "activity" not in frame and name != "person" else frame
        )
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM _frame")
    return con


@pytest.fixture
def released(con) -> dict[str, pd.DataFrame]:
    workbook = Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
    )
    return protected(rising_tables(con, workbook), RISING_RELEASES)


def row(released: dict[str, pd.DataFrame], area: str) -> pd.DataFrame:
    frame = released["rising_contacts"]
    return frame[frame["area_code"] == area].reset_index(drop=True)


def test_people_with_more_than_last_year_stand_beside_the_estimate_and_the_list(released):
    [north] = row(released, "U99001").to_dict("records")
    assert (north["people"], north["more"], north["flagged"]) == (320, 120, 20)
    assert (north["rising"], north["lower"], north["upper"]) == (26.4, 18.2, 37.9)
    assert north["share_real"] == 0.95
    # 20 people with 30 contacts each are expected to have 24; all 120 with more had 10 each: 600 + 600 of 120.
    assert (north["flagged_each"], north["flagged_expected"]) == (30, 24)
    assert (north["more_each"], north["more_expected"]) == (10, pytest.approx(8.17))


def test_who_was_not_judged_is_not_counted(released):
    assert row(released, "QZZ")["people"].tolist() == [475]  # 474, rounded; not the 50 more


def test_a_list_or_an_estimate_of_few_people_is_withheld(released):
    [south] = row(released, "U99002").to_dict("records")
    hidden = ["flagged", "flagged_contacts", "flagged_each", "share_real", "flagged_expected"]
    assert pd.Series(south)[[*hidden, "rising", "lower", "upper"]].isna().all()
    assert south["people"] == 155


def test_a_group_of_few_people_shows_no_steadiness_and_a_poisson_one_a_large_k(released):
    steadiness = released["rising_steadiness"].set_index("age_band")
    assert steadiness.loc["18-64", "k"] == 1_000
    assert pd.isna(steadiness.loc["65+", "k"])


def test_the_sentence_says_estimate_limits_list_and_share_real(released):
    [said] = rising_page.how_many(row(released, "U99001"))
    assert str(said) == (
        "Mental health contacts: of 320 people with any in two years, 120 had more than the year before; "
        "an estimated 26 (18 to 38) are rising, at least twice their own rate beyond chance and their practice's "
        "change. The list holds 20 people, of whom 95.0% are expected to be rising."
    )


def test_the_page_says_that_risers_fall_back_by_themselves(released):
    [said] = rising_page.falls_back(row(released, "U99001"))
    assert said.level == "limit"
    assert "those listed had 30 each in the last year, and 24 are to be expected in the next" in str(said)
    assert "would go from 10 to 8.17" in str(said)


def test_sentences_hold_where_numbers_are_too_small(released):
    small = row(released, "U99002")
    assert "too few to show are rising" in str(rising_page.how_many(small)[0])
    assert rising_page.falls_back(small) == []
    assert rising_page.rising(small)["Rising, estimated (95% limits)"].tolist() == ["too few to show"]


def test_tables_have_a_row_for_each_activity_and_group(released):
    north = row(released, "U99001")
    assert rising_page.rising(north)["Rising, estimated (95% limits)"].tolist() == ["26 (18 to 38)"]
    assert rising_page.fall_back(north)["Each expected in the next"].tolist() == [pytest.approx(8.17), 24]
    variation = rising_page.steadiness(released["rising_steadiness"])["Own variation from year to year"]
    assert variation.iloc[0] == "3.2%"  # one over the root of 1,000


def test_what_could_not_be_judged_is_said_with_what_it_needs(released):
    said = rising_page.left_out(released["rising_left_out"])
    assert str(said) == "Rising contacts could not be judged: GP appointments attended (lacking: GP appointments)."
    assert rising_page.left_out(released["rising_left_out"].head(0)) is None


def test_a_run_without_the_stage_gives_nothing():
    workbook = Workbook(name="t", title="T", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing")
    assert list(rising_tables(duckdb.connect(), workbook)) == []
