"""Windows, absent tables and index dates that cannot be counted at."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.persons.sources import Source, last_complete_month, months_before, window

INDEX = date(2025, 3, 31)


def test_twelve_months_to_the_end_of_march_begin_on_the_first_of_april():
    assert months_before(INDEX, 12) == date(2024, 4, 1)
    assert months_before(date(2025, 2, 28), 12) == date(2024, 3, 1)
    assert months_before(date(2024, 2, 29), 48) == date(2020, 3, 1)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_windows_follow_each_other_without_gap_or_overlap(day, months):
    begins = months_before(day, months)
    assert begins <= day
    assert months_before(begins - pd.Timedelta(days=1).to_pytimedelta(), months) <= begins


def test_a_month_is_complete_only_if_its_last_day_is_there():
    assert last_complete_month(date(2025, 2, 28)) == date(2025, 2, 28)
    assert last_complete_month(date(2025, 2, 27)) == date(2025, 1, 31)
    assert last_complete_month(date(2024, 2, 28)) == date(2024, 1, 31)  # a leap year


def test_a_window_ends_at_the_index_date_or_the_last_complete_month():
    late = window(Source("ecds_attendance", date(2020, 4, 1), date(2025, 4, 30)), INDEX)
    assert (late.from_date, late.to_date, late.prior_from) == (date(2024, 4, 1), INDEX, date(2023, 4, 1))
    early = window(Source("ecds_attendance", date(2020, 4, 1), date(2025, 2, 20)), INDEX)
    assert (early.from_date, early.to_date, early.prior_to) == (date(2024, 2, 1), date(2025, 1, 31), date(2024, 1, 31))


def test_a_source_that_begins_late_covers_less():
    short = window(Source("ecds_attendance", date(2024, 2, 10), date(2025, 4, 30)), INDEX)
    assert (short.covers_12m, short.covers_prior) == (True, False)
    shorter = window(Source("ecds_attendance", date(2024, 5, 10), date(2025, 4, 30)), INDEX)
    assert not shorter.covers_12m
    # The first record of the window's own first month: the month is taken as whole.
    assert window(Source("ecds_attendance", date(2024, 4, 3), date(2025, 4, 30)), INDEX).covers_12m


def test_contacts_are_counted_to_the_last_complete_month(world):
    seen = [world.about(arrival_date=d, department_type="01") for d in (date(2025, 2, 10), date(2025, 1, 31))]
    made = world.made(
        gp_registration=[world.registered()],
        ecds_attendance=seen,
        spans={"ecds_attendance": (date(2020, 4, 1), date(2025, 2, 20))},
    )
    assert made["person"]["ed_attendances_12m"].tolist() == [1]
    row = made["activity_window"].set_index("source").loc["ecds_attendance"]
    assert row["to_date"] == pd.Timestamp(2025, 1, 31)


def test_what_depends_on_an_absent_table_is_null_and_named_never_zero(world):
    made = world.made(absent=["ecds_attendance", "gp_event", "asc_event"], gp_registration=[world.registered()])
    person = made["person"].iloc[0]
    null = ["ed_attendances_12m", "cost_pence_12m", "diabetes", "n_conditions", "bmi", "smoking_status", "asc_open"]
    assert person[null].isna().all()
    assert person["gp_appointments_12m"] == 0
    left = made["person_left_out"]
    assert set(null) <= set(left["column_name"])
    assert set(left["table_name"]) == {"ecds_attendance", "gp_event", "asc_event"}


def test_a_source_that_does_not_reach_back_leaves_its_columns_null(world):
    made = world.made(
        gp_registration=[world.registered()], spans={"csds_contact": (date(2024, 2, 10), date(2025, 4, 30))}
    )
    person = made["person"].iloc[0]
    assert person["community_contacts_12m"] == 0
    assert pd.isna(person["community_contacts_prior_12m"])
    assert made["person_left_out"]["column_name"].tolist() == ["community_contacts_prior_12m"]


def test_without_deaths_the_table_says_who_is_counted(world):
    left = world.made(absent=["death"], gp_registration=[world.registered()])["person_left_out"]
    assert left["what"].tolist() == ["people who died and are still on a practice's list are counted as registered"]


def test_an_index_date_after_the_gp_extract_is_refused(world):
    with pytest.raises(InputError, match=r"after the GP extract's last record \(2025-04-30\)"):
        world.made(gp_registration=[world.registered()], index_date=date(2025, 5, 31))


def test_a_past_index_date_needs_leavers_and_deaths(world):
    past = {"index_date": date(2024, 3, 31)}
    with pytest.raises(InputError, match="no people who left after it"):
        world.made(gp_registration=[world.registered()], **past)
    people = [world.registered(), world.registered("person-02", registered_to=date(2024, 9, 1))]
    with pytest.raises(InputError, match="no deaths"):
        world.made(gp_registration=people, absent=["death"], **past)
    assert len(world.made(gp_registration=people, **past)["person"]) == 2


def test_without_practices_nobody_can_be_counted(world):
    with pytest.raises(InputError, match="Nobody can be counted without practice"):
        world.made(absent=["practice"], gp_registration=[world.registered()])
