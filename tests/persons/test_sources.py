"""Windows, absent tables, tables that begin too late, and index dates that cannot be counted at."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.persons.derivations import Derived
from phm_utils.persons.person_plan import missing_columns
from phm_utils.persons.windows import Source, last_complete_month, window, windows
from phm_utils.rules.columns import cost_column
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import person_columns
from phm_utils.rules.months import months_before
from phm_utils.rules.unit_costs import ITEMS, unit_costs

INDEX, END = date(2025, 3, 31), date(2025, 4, 30)
NEEDING = sorted({table for column in person_columns().values() for table in column.needs})


def unpriced() -> set[str]:
    """Columns of the settings that the shipped prices do not cover: null in every run."""
    return {cost_column(s) for s, items in ITEMS.items() if not set(items) <= set(unit_costs())}


def test_twelve_months_to_the_end_of_march_begin_on_the_first_of_april():
    assert months_before(INDEX, 12) == date(2024, 4, 1)
    assert months_before(date(2025, 2, 28), 12) == date(2024, 3, 1)
    assert months_before(date(2024, 2, 29), 48) == date(2020, 3, 1)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_windows_follow_each_other_without_gap_or_overlap(day, months):
    begins = months_before(day, months)
    assert begins <= day
    assert months_before(begins - timedelta(days=1), months) <= begins


def test_a_month_is_complete_only_if_its_last_day_is_there():
    assert last_complete_month(date(2025, 2, 28)) == date(2025, 2, 28)
    assert last_complete_month(date(2025, 2, 27)) == date(2025, 1, 31)
    assert last_complete_month(date(2024, 2, 28)) == date(2024, 1, 31)  # a leap year


def test_a_window_ends_at_the_index_date_or_the_last_complete_month():
    late = window(Source("ecds_attendance", date(2020, 4, 1), END), INDEX)
    assert (late.from_date, late.to_date, late.prior_from) == (date(2024, 4, 1), INDEX, date(2023, 4, 1))
    early = window(Source("ecds_attendance", date(2020, 4, 1), date(2025, 2, 20)), INDEX)
    assert (early.from_date, early.to_date, early.prior_to) == (date(2024, 2, 1), date(2025, 1, 31), date(2024, 1, 31))


def test_a_source_that_begins_late_covers_less():
    short = window(Source("ecds_attendance", date(2024, 2, 10), END), INDEX)
    assert (short.covers_12m, short.covers_prior) == (True, False)
    assert not window(Source("ecds_attendance", date(2024, 5, 10), END), INDEX).covers_12m
    # The first record of the window's own first month: the month is taken as whole.
    assert window(Source("ecds_attendance", date(2024, 4, 3), END), INDEX).covers_12m


def test_contacts_are_counted_to_the_last_complete_month(world):
    made = world.made(
        ecds_attendance=[
            world.about(arrival_date=day, department_type="01") for day in (date(2025, 2, 10), date(2025, 1, 31))
        ],
        spans={"ecds_attendance": (date(2020, 4, 1), date(2025, 2, 20))},
    )
    assert made["person"]["ed_attendances_12m"].tolist() == [1]
    row = made["activity_window"].set_index("source").loc["ecds_attendance"]
    assert row["to_date"] == pd.Timestamp(2025, 1, 31)


def nulls(person: pd.DataFrame) -> set[str]:
    """Columns that are null for everybody."""
    return set(person.columns[person.isna().all()])


def named(left: pd.DataFrame) -> pd.DataFrame:
    """The rows of `person_left_out` that name a column."""
    return left[left["column_name"] != ""]


@pytest.fixture(scope="module")
def whole(page) -> pd.DataFrame:
    """The person table of every source."""
    return page.made(**page.everything())["person"]


def test_of_every_source_there_is_little_that_nobody_has(whole):
    # Else a column could be null for lack of people, and not of a table.
    assert nulls(whole) - unpriced() == {"covid_vaccinated_on", "pneumococcal_vaccinated_on", "egfr", "egfr_months_ago",
                                         "diastolic_bp", "diastolic_bp_months_ago", "cholesterol",
                                         "cholesterol_months_ago"}  # fmt: skip


@pytest.mark.parametrize("table", NEEDING)
def test_without_a_table_just_the_columns_that_need_it_are_null_and_named(page, whole, table):
    needing = {name for name, column in person_columns().items() if table in column.needs} - in_no_total(table)
    rows = page.everything()
    rows.pop(table, None)
    made = page.made(absent=[table], **rows)
    person, left = made["person"], named(made["person_left_out"])
    assert list(person) == list(whole)
    assert len(person) == len(whole)
    assert nulls(person) - nulls(whole) == needing - nulls(whole)
    assert set(left["column_name"][left["table_name"] == table]) == needing
    assert set(left["column_name"][left["table_name"] != table]) == unpriced()
    titles = {name: column.title for name, column in person_columns().items()}
    assert left["what"].tolist() == left["column_name"].map(titles).tolist()
    # Whatever else there is, is as it was.
    apart = needing | nulls(whole) | {"last_contact", "no_fixed_abode"}
    same = [name for name in person if name not in apart]
    pd.testing.assert_frame_equal(person[same], whole[same])


def test_without_any_source_but_practices_and_registrations_people_are_still_counted(world):
    made = world.made(absent=[*NEEDING, "death", "practice_register", "programme_enrolment"])
    person = made["person"].iloc[0]
    needing = {name for name, column in person_columns().items() if column.needs} | {"last_contact"}
    assert {name for name in person.index if pd.isna(person[name])} == needing
    assert set(made["person_left_out"]["column_name"]) == needing | {""}
    assert made["activity_window"].empty
    assert made["person_month"].empty
    assert made["person_concept"].empty


DEATHS = "people who died and are still on a practice's list are counted as registered"
ABODE = "signals of no fixed abode come from GP codes alone"


def test_without_deaths_the_table_says_who_is_counted_and_nobody_is_known_to_live(world):
    made = world.made(absent=["death"])
    left = made["person_left_out"]
    assert left[left["table_name"] == "death"][["column_name", "what"]].values.tolist() == [["", DEATHS]]
    assert made["person_follow_up"]["died"].isna().all()
    assert not world.made()["person_follow_up"]["died"].any()


def test_without_emergency_departments_the_table_says_where_signals_come_from(world):
    left = world.made(absent=["ecds_attendance"])["person_left_out"]
    assert left.loc[left["column_name"] == "", ["table_name", "what"]].values.tolist() == [["ecds_attendance", ABODE]]


def test_months_of_a_source_that_is_absent_are_not_known(page):
    rows = page.everything()
    del rows["gp_appointment"]
    months = page.made(absent=["gp_appointment"], **rows)["person_month"]
    assert months["gp_appointments"].isna().all()
    assert months["cost_pence"].isna().all()  # as a year's cost, which would be too low
    assert months["ed_attendances"].notna().all()


STAYS = [name for name in person_columns() if name.startswith("stay_")]
COUNTED = {
    "gp_appointment": ["gp_appointments_12m", "cost_gp_pence_12m"],
    "ecds_attendance": ["ed_attendances_12m", "cost_ed_pence_12m"],
    "op_attendance": ["op_attendances_12m", "cost_op_pence_12m"],
    "csds_contact": ["community_contacts_12m", "cost_community_pence_12m"],
    "mhsds_contact": ["mental_health_contacts_12m", "cost_mental_health_pence_12m"],
    "apc_episode": [
        "emergency_admissions_12m", "other_admissions_12m", "emergency_bed_days_12m", "cost_emergency_pence_12m",
        "cost_other_admissions_pence_12m", *STAYS,
    ],
}  # fmt: skip
PRIOR = {
    "gp_appointment": ["gp_appointments_prior_12m"],
    "ecds_attendance": ["ed_attendances_prior_12m"],
    "op_attendance": ["op_attendances_prior_12m"],
    "csds_contact": ["community_contacts_prior_12m"],
    "mhsds_contact": ["mental_health_contacts_prior_12m"],
    "apc_episode": [
        "emergency_admissions_prior_12m", "other_admissions_prior_12m", "hfrs", "hfrs_category", "charlson",
    ],
}  # fmt: skip
REPEATS = ["repeat_medicines", "polypharmacy_medicines", "polypharmacy", "severe_polypharmacy"]
EFI = ["efi_deficits", "efi", "efi_category"]


def in_no_total(table):
    """Outpatients have no price: they are in no total cost, and take none away."""
    return {"cost_pence_12m"} if table == "op_attendance" else set()


SHORT = [
    # Table, its first record, columns that it is too short for. Windows begin on 1 April 2024 and 2023.
    *((table, date(2023, 4, 28), []) for table in COUNTED),
    *((table, date(2023, 5, 1), PRIOR[table]) for table in COUNTED),
    *((table, date(2024, 4, 28), PRIOR[table]) for table in COUNTED),
    *(
        (table, date(2024, 5, 1), [*PRIOR[table], *COUNTED[table], *({"cost_pence_12m"} - in_no_total(table))])
        for table in COUNTED
    ),
    ("gp_medication", date(2024, 4, 28), []),
    ("gp_medication", date(2024, 5, 1), ["qof_asthma", "cms"]),
    ("gp_medication", date(2024, 10, 28), ["qof_asthma", "cms"]),
    ("gp_medication", date(2024, 11, 1), ["qof_asthma", "cms", "qof_epilepsy", "qof_smi"]),
    ("gp_medication", date(2025, 2, 1), ["qof_asthma", "cms", "qof_epilepsy", "qof_smi", *REPEATS, *EFI]),
    ("gp_event", date(2025, 2, 1), []),  # what was never entered is not known from any length of it
    ("asc_event", date(2024, 4, 28), []),
    ("asc_event", date(2024, 5, 1), ["cost_social_care_pence_12m", "cost_pence_12m"]),
]


@pytest.mark.parametrize(("table", "first", "columns"), SHORT, ids=lambda v: str(v) if not isinstance(v, list) else "")
def test_a_table_that_begins_too_late_lacks_what_would_be_counted_too_low(definitions, table, first, columns):
    known, derived = definitions
    begins = dict.fromkeys([*NEEDING, "death"], date(2020, 4, 1)) | {table: first}
    sources = {name: Source(name, day, END) for name, day in begins.items()}
    missing = missing_columns(
        person_columns(known), known, sources, windows(sources, INDEX), INDEX, unit_costs(), derived
    )  # fmt: skip
    assert {name for name, tables in missing.items() if table in tables} == set(columns)
    assert set(missing) == set(columns) | unpriced()


@pytest.fixture(scope="module")
def definitions():
    known = concepts()
    return known, Derived.load(known)


def test_columns_that_a_table_is_too_short_for_are_null_and_named(page, whole):
    late = {"csds_contact": date(2024, 5, 1), "gp_medication": date(2024, 11, 1), "apc_episode": date(2023, 5, 1)}
    made = page.made(spans={name: (day, END) for name, day in late.items()}, **page.everything())
    expected = {
        (table, column) for table, first, columns in SHORT if late.get(table) == first for column in columns
    } | {("unit_costs", column) for column in unpriced()}  # fmt: skip
    left = made["person_left_out"]
    assert set(zip(named(left)["table_name"], named(left)["column_name"], strict=True)) == expected
    assert nulls(made["person"]) - nulls(whole) == {column for _, column in expected} - unpriced()
    assert made["activity_window"].set_index("source")["complete"].to_dict() == dict.fromkeys(COUNTED, True) | {
        "csds_contact": False, "apc_episode": False, "asc_event": True,
    }  # fmt: skip


DEPRIVATION = {"imd_decile", "imd_quintile", "core20"}
EMERGENCY_COST = {"cost_emergency_pence_12m", "cost_pence_12m"}
AGED = {
    "age", "age_band", "probable_care_home", "efi_category", "hfrs_category",
    *(f"qof_{r}" for r in ("asthma", "ckd", "depression", "diabetes", "epilepsy", "hypertension", "ndh", "obesity",
                           "osteoporosis", "ra")),
}  # fmt: skip


def whole_table(table):
    """Every column that needs a table."""
    return {name for name, column in person_columns().items() if table in column.needs} - in_no_total(table)


# Decisive fields: without any value in a table that has rows, what rests on them is not known.
BLANK = [
    ("gp_registration", "sex", {"sex"}),
    ("gp_registration", "birth_month", AGED),
    ("gp_registration", "lsoa", {"lsoa", "resident", "rural_urban", *DEPRIVATION}),
    ("gp_registration", "ethnicity", {"ethnic_group", "qof_obesity"}),
    ("gp_registration", "household_token", {"household_token", "household_size", "probable_care_home"}),
    ("area", "imd_decile", DEPRIVATION),
    ("area", "rural_urban", {"rural_urban"}),
    *((table, "token_person_id", whole_table(table)) for table in NEEDING if table != "area"),
    ("gp_event", "snomed_code", whole_table("gp_event")),
    ("gp_event", "value_num", {
        *(n for v in ("bmi", "systolic_bp", "diastolic_bp", "hba1c", "cholesterol", "egfr")
          for n in (v, f"{v}_months_ago")), "qof_obesity",
    }),
    ("gp_medication", "bnf_code", whole_table("gp_medication")),
    ("gp_medication", "is_repeat", {*REPEATS, *EFI}),
    ("apc_episode", "diag_01", {*STAYS, "hfrs", "hfrs_category", "charlson"}),
    ("apc_episode", ("disdate", "epiend"), {"emergency_bed_days_12m", *EMERGENCY_COST}),
    ("ecds_attendance", "department_type", whole_table("ecds_attendance")),
    ("apc_episode", "admimeth", {
        *COUNTED["apc_episode"][:5], "emergency_admissions_prior_12m", "other_admissions_prior_12m", "cost_pence_12m",
        "stay_fall_12m", "stay_frailty_12m", "stay_dental_12m",
    }),
    *(
        (table, column, {*COUNTED[table], *PRIOR[table], "cost_pence_12m"} - in_no_total(table))
        for table, column in (
            ("gp_appointment", "status"), ("op_attendance", "attended"), ("csds_contact", "attended"),
            ("mhsds_contact", "attended"),
        )
    ),
    ("asc_event", "event_type", {"asc_open", "asc_setting", "cost_social_care_pence_12m", "cost_pence_12m"}),
    ("asc_event", "service_type", {"asc_setting"}),
    ("asc_event", ("service_type", "unit_cost_pence"), {"asc_setting", "cost_social_care_pence_12m", "cost_pence_12m"}),
    ("partner_list", "flag", {*(f"flag_{f}" for f in ("mobility", "income", "housing", "food", "caring")),
                              "flag_domains"}),
]  # fmt: skip


QUICK = 3  # one in so many at every `make test`, all with the long suites


@pytest.mark.parametrize(
    ("table", "fields", "columns"),
    [pytest.param(*blank, marks=() if n % QUICK == 0 else pytest.mark.full) for n, blank in enumerate(BLANK)],
    ids=[f"{t}.{c}" for t, c, _ in BLANK],
)
def test_a_decisive_field_without_any_value_leaves_null_what_rests_on_it(page, whole, table, fields, columns):
    blank = dict.fromkeys([fields] if isinstance(fields, str) else fields)
    rows = {"area": page.areas(), **page.everything()}
    rows[table] = [row | blank for row in rows[table]]
    made = page.made(**rows)
    left = named(made["person_left_out"])
    assert set(left["column_name"][left["table_name"].isin(f"{table}.{field}" for field in blank)]) == columns
    assert set(left["column_name"]) == columns | unpriced()
    assert nulls(made["person"]) >= columns
    same = [n for n in whole if n not in columns | nulls(whole) | {"last_contact", "no_fixed_abode", "gp_data_to"}]
    if table not in ("gp_registration", "area"):  # what they say of a person is read with other tables
        pd.testing.assert_frame_equal(made["person"][same], whole[same])


@pytest.mark.parametrize(("known", "is_left_out"), [(20, False), (10, False), (9, True), (1, True)])
def test_a_field_that_most_must_have_is_not_known_where_few_have_it(world, known, is_left_out):
    people = [world.registered(f"person-{n:02d}", sex="2" if n < known else None) for n in range(20)]
    made = world.made(gp_registration=people)
    left = made["person_left_out"]
    assert ("sex" in set(left["column_name"])) == is_left_out
    assert made["person"]["sex"].isna().all() == is_left_out


def test_of_fewer_than_ten_rows_a_share_says_nothing(world):
    people = [world.registered(f"person-{n}", sex="2" if n < 2 else None) for n in range(9)]
    assert "sex" not in set(world.made(gp_registration=people)["person_left_out"]["column_name"])


def test_a_field_most_of_whose_values_were_faulty_is_not_known(world):
    entries = [world.entry("bmi", date(2025, 1, 2), 31.0, f"person-{n:02d}") for n in range(12)]
    people = [world.registered(f"person-{n:02d}") for n in range(20)]
    world.fill(gp_registration=people, gp_event=entries)
    world.count(nulled={("gp_event", "value_num"): 11})  # 12 of 23 could be used
    assert world.run()["person"]["bmi"].notna().sum() == 12
    world.count(nulled={("gp_event", "value_num"): 13})  # 12 of 25
    made = world.run()
    assert made["person"]["bmi"].isna().all()
    assert "gp_event.value_num" in set(made["person_left_out"]["table_name"])


@pytest.mark.parametrize(("services", "with_end", "known"), [(9, 0, True), (10, 0, False), (10, 1, True)])
def test_ten_services_of_which_none_has_ever_ended_are_not_known_to_be_open(world, services, with_end, known):
    rows = [
        world.about(
            f"person-{n:02d}", event_type="Service", event_start=date(2023, 5, 1), unit_cost_pence=30_000,
            service_type="Long Term Support: Community", event_end=date(2023, 8, 1) if n < with_end else None,
        )
        for n in range(services)
    ]  # fmt: skip
    people = [world.registered(f"person-{n:02d}") for n in range(services)]
    person = world.made(gp_registration=people, asc_event=rows)["person"]
    assert person["asc_open"].notna().all() == known
    assert person["asc_setting"].notna().all() == known
    assert person["cost_social_care_pence_12m"].notna().all() == known


def test_a_field_of_signals_that_is_empty_says_where_signals_come_from(page):
    left = page.made(**page.everything())["person_left_out"]  # nobody's accommodation was recorded
    found = left.loc[left["column_name"] == "", ["table_name", "what"]].values.tolist()
    assert found == [["ecds_attendance.accommodation_status", ABODE]]


def test_months_are_not_costed_less_where_the_year_is_not_known(world):
    # A table that is too short for the year still has its months: they say what was seen.
    made = world.made(
        ecds_attendance=[world.about(arrival_date=date(2025, 2, 3), department_type="01")],
        spans={"ecds_attendance": (date(2025, 1, 1), END)},
    )
    assert pd.isna(made["person"]["ed_attendances_12m"].iloc[0])
    assert made["person_month"][["ed_attendances", "cost_pence"]].values.tolist() == [[1, 28_017]]


def test_an_index_date_after_the_gp_extract_is_refused(world):
    with pytest.raises(InputError, match=r"after the GP extract's last record \(2025-04-30\)"):
        world.made(index_date=date(2025, 5, 1))
    assert len(world.made(index_date=END)["person"]) == 1


def test_an_extract_of_registrations_alone_reaches_to_the_last_that_began(world):
    alone = {"absent": [t for t in NEEDING if t.startswith("gp_")], "index_date": date(2024, 3, 31)}
    with pytest.raises(InputError, match=r"387 days before .* \(2025-04-22\), and the extract has no people who left"):
        world.made(**alone, spans={"gp_registration": (None, date(2025, 4, 22))})
    assert len(world.made(**alone, spans={"gp_registration": (None, date(2024, 4, 22))})["person"]) == 1


def test_a_past_index_date_needs_leavers_and_deaths(world):
    past = {"index_date": date(2024, 3, 31)}
    with pytest.raises(InputError, match="no people who left after it"):
        world.made(**past)
    people = [world.registered(), world.registered("person-02", registered_to=date(2024, 9, 1))]
    with pytest.raises(InputError, match="no deaths"):
        world.made(gp_registration=people, absent=["death"], **past)
    assert len(world.made(gp_registration=people, **past)["person"]) == 2


def test_31_days_before_the_last_record_are_no_past(world):
    assert len(world.made(index_date=END - timedelta(days=31))["person"]) == 1
    with pytest.raises(InputError, match="Choose a date after 2025-03-29"):
        world.made(index_date=END - timedelta(days=32))


def test_without_registrations_nobody_can_be_counted(world):
    world.fill()
    world.con.execute("UPDATE check_table SET state = 'unreadable' WHERE table_name = 'gp_registration'")
    with pytest.raises(InputError, match="People cannot be counted without gp_registration"):
        world.run()


def test_before_the_check_there_is_nothing_to_count(world):
    with pytest.raises(InputError, match="Run `phm check`"):
        world.run()
