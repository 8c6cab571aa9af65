"""The person table as it was 24 months before: the same table that a run of that day would have made."""

from datetime import date

import pandas as pd
import pytest

from phm_utils.persons.persons import earlier
from phm_utils.tables import TABLES

INDEX, THEN = date(2025, 3, 31), date(2023, 3, 31)


@pytest.fixture
def people(world) -> list[dict]:
    """Somebody who stayed, somebody who left since, somebody who came since, and somebody who had left by then."""
    return [
        world.registered("stayed"),
        world.registered("left", registered_to=date(2024, 1, 1)),
        world.registered("came", registered_from=date(2024, 1, 1)),
        world.registered("gone", registered_to=date(2022, 1, 1)),
        world.registered("died"),
    ]


def test_it_equals_the_person_table_of_a_run_on_that_day(world):
    rows = world.everything()
    then = world.made(index_date=THEN, **rows)
    found = world.made(stage=earlier, **rows)
    assert set(found) == {"person_earlier", "earlier_left_out"}
    pd.testing.assert_frame_equal(found["person_earlier"], then["person"].rename(columns={"person_no": "earlier_no"}))
    pd.testing.assert_frame_equal(found["earlier_left_out"], then["person_left_out"])
    assert len(found["person_earlier"]) == 5
    assert found["person_earlier"]["gp_appointments_12m"].sum() > 0


def test_what_happened_since_is_not_in_it(world):
    rows = world.everything()
    whole = world.made(stage=earlier, **rows)["person_earlier"]
    known = {
        name: [r for r in found if TABLES[name].date is None or r[TABLES[name].date] <= THEN]
        for name, found in rows.items()
    }
    assert sum(map(len, known.values())) < sum(map(len, rows.values())) / 2
    assert all(row["date_of_death"] > THEN for row in rows["death"])
    again = world.made(stage=earlier, **known)["person_earlier"]
    pd.testing.assert_frame_equal(whole, again)


def test_its_people_are_those_registered_and_alive_then(world, people):
    made = world.made(
        stage=earlier, gp_registration=people, death=[world.about("died", date_of_death=date(2023, 4, 1))]
    )
    assert set(made["person_earlier"].index) == {"stayed", "left", "died"}
    made = world.made(stage=earlier, gp_registration=people, death=[world.about("died", date_of_death=THEN)])
    assert set(made["person_earlier"].index) == {"stayed", "left"}


def test_age_and_windows_are_of_that_day(world, people):
    person = world.made(
        stage=earlier,
        gp_registration=people,
        gp_event=[world.entry("bmi", date(2022, 4, 1), 31.0, "stayed"), world.entry("bmi", INDEX, 20.0, "stayed")],
        gp_appointment=[
            {"token_person_id": "stayed", "appt_date": day, "status": "Attended"}
            for day in (date(2022, 3, 31), date(2022, 4, 1), THEN, date(2023, 4, 1))
        ],
    )["person_earlier"].loc["stayed"]
    assert (person["age"], person["bmi"], person["bmi_months_ago"]) == (72, 31.0, 11)
    assert person[["gp_appointments_12m", "gp_appointments_prior_12m"]].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({"gp_registration": "stayed"}, "no people who left after it"),
        ({"absent": ["death"]}, "no deaths"),
        ({"spans": {"gp_event": (date(2022, 5, 1), date(2025, 4, 30)),
                    "gp_appointment": (date(2022, 6, 1), date(2025, 4, 30))}},
         "begins on 2022-05-01, less than a year before 2023-03-31"),
    ],
)  # fmt: skip
def test_where_the_extract_cannot_be_counted_then_there_is_no_table_and_a_row_says_why(world, people, case, says):
    if "gp_registration" in case:
        people, case = [p for p in people if p["token_person_id"] == case["gp_registration"]], {}
    made = world.made(stage=earlier, gp_registration=people, **case)
    assert set(made) == {"earlier_left_out"}
    [row] = made["earlier_left_out"].to_dict("records")
    assert (row["table_name"], row["column_name"]) == ("earlier", "")
    assert says in row["what"]
    assert "person-" not in row["what"]


def test_a_source_that_reaches_back_for_now_but_not_for_then_is_left_out_then_alone(world, people):
    spans = {"csds_contact": (date(2022, 7, 1), date(2025, 4, 30))}
    now = world.made(gp_registration=people, spans=spans)
    then = world.made(stage=earlier, gp_registration=people, spans=spans)
    lacking = {"community_contacts_12m", "community_contacts_prior_12m", "cost_community_pence_12m", "cost_pence_12m"}
    assert not lacking & set(now["person_left_out"]["column_name"])
    left = then["earlier_left_out"]
    assert set(left["column_name"][left["table_name"] == "csds_contact"]) == lacking
    assert then["person_earlier"][sorted(lacking)].isna().all(axis=None)
    assert not then["person_earlier"]["ed_attendances_12m"].isna().any()
