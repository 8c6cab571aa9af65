"""The stage of rising contacts: episodes of two years, exposure, and what cannot be judged is left out."""

from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.measures.rising import rising_contacts
from phm_utils.measures.rising_counts import Years, contact_counts, years_of
from phm_utils.params import Workbook

ACTIVITY = "mental_health_contacts"
INDEX = date(2025, 3, 31)
YEARS = Years(date(2023, 4, 1), date(2024, 3, 31), date(2024, 4, 1), INDEX, date(2020, 4, 1))
RISERS = 30  # of the crowd


class Extract:
    """People, their registrations and their contacts, in DuckDB."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.source()

    def source(self, *, complete: bool = True, lacks: str = "", first: str = "2020-04-01") -> None:
        self.con.execute(
            "CREATE OR REPLACE TABLE activity_window AS SELECT 'mhsds_contact' AS source, "
            "DATE '2024-04-01' AS from_date, DATE '2025-03-31' AS to_date, "
            "DATE '2023-04-01' AS prior_from, DATE '2024-03-31' AS prior_to, "
            f"{complete} AS complete"
        )
        self.con.execute(
            f"CREATE OR REPLACE TABLE event_concept AS SELECT '{ACTIVITY}' AS concept, 'mhsds_contact' AS source, "
            f"DATE '{first}' AS first_date, DATE '2025-03-31' AS to_date, '{lacks}' AS lacks"
        )

    def are(self, people: pd.DataFrame) -> None:
        """people: `person_no`, and what is unusual of `pcn_code`, `practice_code`, `age` and `start_date`."""
        usual = {"pcn_code": "U99001", "practice_code": "A99001", "age": 50, "start_date": date(2021, 4, 1)}
        frame = people.assign(**{name: value for name, value in usual.items() if name not in people})
        self.con.register("_people", frame.assign(end_date=INDEX))
        self.con.execute(
            "CREATE OR REPLACE TABLE person AS SELECT person_no, pcn_code, practice_code, age FROM _people"
        )
        self.con.execute(
            "CREATE OR REPLACE TABLE person_follow_up AS SELECT person_no, CAST(start_date AS DATE) AS start_date, "
            "CAST(end_date AS DATE) AS end_date FROM _people"
        )

    def have(self, contacts: list[tuple[int, date]] | pd.DataFrame) -> None:
        """Person and day of each contact."""
        self.con.register("_contacts", pd.DataFrame(contacts, columns=["person_no", "day"]))
        self.con.execute(
            f"CREATE OR REPLACE TABLE person_event AS SELECT '{ACTIVITY}' AS concept, person_no, "
            "CAST(day AS DATE) AS day, CAST(NULL AS DOUBLE) AS value, CAST(NULL AS VARCHAR) AS code FROM _contacts"
        )

    def counts(self, episode_days: int = 0) -> pd.DataFrame:
        return contact_counts(self.con, ACTIVITY, YEARS, episode_days).set_index("person_no")


@pytest.fixture
def extract() -> Extract:
    return Extract()


@pytest.fixture
def workbook() -> Workbook:
    return Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
    )


def crowd(extract: Extract) -> None:
    """1,500 people of about 12 contacts a year in two PCNs; the first RISERS with five times as many in the last."""
    random = np.random.default_rng(3)
    number = np.arange(1, 1_501)
    extract.are(
        pd.DataFrame(
            {"person_no": number, "pcn_code": np.where(number % 3, "U99001", "U99002"),
             "practice_code": np.where(number % 3, "A99001", "A99003")}
        )
    )  # fmt: skip
    times = np.where(number <= RISERS, 5, 1)
    parts = []
    for year, factor in ((2022, 1), (2023, 1), (2024, times)):
        counts = random.poisson(12 * factor * np.ones(len(number)))
        person = np.repeat(number, counts)
        day = pd.Timestamp(year, 4, 1) + pd.to_timedelta(random.integers(0, 365, len(person)), unit="D")
        parts.append(pd.DataFrame({"person_no": person, "day": day}))
    extract.have(pd.concat(parts))


def made(extract: Extract, workbook: Workbook) -> dict[str, pd.DataFrame]:
    return {model.name: model.rows() for model in rising_contacts(extract.con, workbook)}


def test_contacts_are_counted_in_the_year_of_their_first_day_and_those_of_one_episode_once(extract):
    extract.are(pd.DataFrame({"person_no": [1, 2, 3]}))
    extract.have(
        [
            *((1, date(2024, 3, 30) + timedelta(n)) for n in range(4)),  # 30 March to 2 April
            *((2, day) for day in (date(2025, 3, 31), date(2025, 3, 31))),
            (3, date(2023, 3, 31)),  # before both years
        ]
    )
    days, episodes = extract.counts(0), extract.counts(1)
    assert days.loc[1, ["earlier", "later"]].tolist() == [2, 2]
    assert episodes.loc[1, ["earlier", "later"]].tolist() == [1, 1]
    assert days.loc[2, ["earlier", "later"]].tolist() == [0, 1]
    assert 3 not in days.index


def test_years_are_those_of_registration(extract):
    start = [date(2021, 4, 1), date(2023, 10, 1), date(2024, 10, 1)]
    extract.are(pd.DataFrame({"person_no": [1, 2, 3], "start_date": start}))
    extract.have([(n, date(2025, 1, 1)) for n in (1, 2, 3)])
    counts = extract.counts()
    # 183 of 366 days from 1 October 2023; then 182 of 365 from 1 October 2024.
    assert counts["earlier_years"].tolist() == pytest.approx([1, 183 / 366, 0])
    assert counts["later_years"].tolist() == pytest.approx([1, 1, 182 / 365])


def test_former_use_is_of_the_year_before_both_and_unknown_for_who_came_since(extract):
    extract.are(pd.DataFrame({"person_no": [1, 2, 3], "start_date": [date(2021, 4, 1)] * 2 + [date(2023, 1, 1)]}))
    extract.have([*((2, date(2022, 6, n)) for n in range(1, 7)), *((n, date(2025, 1, 1)) for n in (1, 2, 3))])
    assert extract.counts()["use_stratum"].tolist() == ["None in the year before", "6 or more", "Not known"]


def test_former_use_is_unknown_where_the_source_begins_later(extract):
    extract.are(pd.DataFrame({"person_no": [1]}))
    extract.have([(1, date(2025, 1, 1))])
    extract.source(first="2023-04-01")
    years = years_of(extract.con, ACTIVITY)
    assert years is not None
    assert not years.former_known
    assert contact_counts(extract.con, ACTIVITY, years, 0)["use_stratum"].tolist() == ["Not known"]


def test_risers_are_found_and_everybody_with_contacts_has_a_row(extract, workbook):
    crowd(extract)
    tables = made(extract, workbook)
    contact = tables["rising_contact"].set_index("person_no")
    assert len(contact) == 1_500
    risen = contact.index <= RISERS
    assert contact.loc[risen, "flagged"].mean() > 0.9
    assert contact.loc[~risen, "flagged"].sum() <= 5
    assert contact.loc[risen, "posterior"].min() > contact.loc[~risen, "posterior"].median()
    assert tables["rising_left_out"].empty


def test_the_estimate_of_each_area_and_of_the_ics_holds_the_truth(extract, workbook):
    crowd(extract)
    estimate = made(extract, workbook)["rising_estimate"].set_index("area_code")
    assert estimate["people"].to_dict() == {"U99001": 1_000, "U99002": 500, "QZZ": 1_500}
    for area, true in {"U99001": 20, "U99002": 10, "QZZ": 30}.items():
        assert estimate.loc[area, "lower"] < true < estimate.loc[area, "upper"]


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ({"lacks": "mhsds_contact"}, "mhsds_contact"),
        ({"complete": False}, "two whole years of Mental health contacts"),
    ],
)
def test_an_activity_that_cannot_be_judged_is_left_out_with_what_it_needs(extract, workbook, source, needs):
    crowd(extract)
    extract.source(**source)
    tables = made(extract, workbook)
    assert list(tables) == ["rising_left_out"]
    assert tables["rising_left_out"].to_numpy().tolist() == [[ACTIVITY, needs]]


def test_too_few_people_are_left_out_not_judged(extract, workbook):
    extract.are(pd.DataFrame({"person_no": [1, 2]}))
    extract.have([(1, date(2025, 1, 1)), (2, date(2024, 1, 1))])
    [left] = made(extract, workbook)["rising_left_out"]["needs"]
    assert left == "enough people with Mental health contacts in two years"


def test_an_unknown_activity_is_refused_with_those_that_are(extract, workbook):
    asked = workbook.model_copy(update={"notebooks": {"03_cohorts": {"rising_contacts": ["visits"]}}})
    with pytest.raises(InputError, match=r"no activity is called visits; there are gp_appointments"):
        made(extract, asked)
