"""Hand-worked people: each test says who they are, what was recorded, and what must follow."""

from datetime import date

import duckdb
import pandas as pd
import pytest

from phm_utils.rules.person import person_columns

DIABETES, DEPRESSION, DEPRESSION_RESOLVED, BMI = "44054006", "35489007", "196381000000100", "60621009"
SMOKER, NEVER, HOMELESS = "77176002", "266919005", "32911000"


@pytest.fixture(scope="module", autouse=True)
def _codes():
    """The codes typed above are those of the workbook's own lists."""
    from phm_utils.rules.codelists import load

    lists = {
        "diabetes": DIABETES, "depression": DEPRESSION, "depression_resolved": DEPRESSION_RESOLVED, "bmi": BMI,
        "smoking_current": SMOKER, "smoking_never": NEVER, "homeless": HOMELESS,
    }  # fmt: skip
    assert all(code in load(concept) for concept, code in lists.items())


def one(made: dict[str, pd.DataFrame]) -> pd.Series:
    """The only person."""
    assert len(made["person"]) == 1
    return made["person"].iloc[0]


def episode(world, **kw):
    return world.about(
        **{"spell_id": "S1", "epiorder": 1, "admimeth": "21", "epistart": kw.get("admidate", date(2024, 6, 1)), **kw}
    )


def test_the_person_table_has_exactly_the_columns_that_rules_may_ask_for(world):
    person = world.made(gp_registration=[world.registered()])["person"].reset_index()
    assert list(person) == ["person_id", *person_columns()]


def test_age_is_completed_years_from_the_first_of_the_birth_month(world):
    born = {"turns": date(2007, 3, 1), "not_yet": date(2007, 4, 1), "oldest": date(1931, 1, 1), "unknown": None}
    people = [world.registered(f"person-{name}", birth_month=month) for name, month in born.items()]
    person = world.made(gp_registration=people)["person"]
    assert person["age"].dropna().to_dict() == {"person-turns": 18, "person-not_yet": 17, "person-oldest": 94}
    assert person["age_band"].dropna().to_dict() == {
        "person-turns": "15-19", "person-not_yet": "15-19", "person-oldest": "90+",
    }  # fmt: skip


def test_age_bands_are_those_of_the_standard_population(world):
    people = [world.registered(f"person-{n}", birth_month=date(2025 - 5 * n, 1, 1)) for n in range(19)]
    bands = set(world.made(gp_registration=people)["person"]["age_band"])
    assert bands == set(pd.read_csv("parameters/reference/esp2013.csv")["age_band"])


def test_of_two_registrations_the_one_begun_later_counts(world):
    old = world.registered(registration_id="r-1")
    new = world.registered(registration_id="r-2", practice_code="A99002", registered_from=date(2024, 1, 1))
    made = world.made(gp_registration=[old, new])
    assert one(made)["practice_code"] == "A99002"
    assert made["person_follow_up"]["practice_code"].tolist() == ["A99002"]


def test_of_two_registrations_begun_on_one_day_the_larger_number_counts(world):
    rows = [world.registered(registration_id="r-2", practice_code="A99002"), world.registered(registration_id="r-1")]
    assert one(world.made(gp_registration=rows))["practice_code"] == "A99002"


def test_somebody_who_left_is_followed_up_to_that_day_and_not_counted(world):
    gone = world.registered(registered_to=date(2024, 5, 20))
    made = world.made(gp_registration=[gone, world.registered("person-02", registered_to=date(2025, 3, 31))])
    assert list(made["person"].index) == ["person-02"]  # the last day registered is still registered
    follow = made["person_follow_up"].set_index("person_id")
    assert follow.loc["person-01", "end_date"] == pd.Timestamp(2024, 5, 20)
    assert not follow.loc["person-01", "died"]


def test_follow_up_starts_with_the_last_unbroken_run_of_registrations(world):
    # Left in 2021 for two years; moved practice in 2024 with ten days between: one run since 2023.
    rows = [
        world.registered(registration_id="r-1", registered_to=date(2021, 6, 1)),
        world.registered(registration_id="r-2", registered_from=date(2023, 6, 1), registered_to=date(2024, 1, 31)),
        world.registered(registration_id="r-3", registered_from=date(2024, 2, 10), practice_code="A99002"),
    ]
    follow = world.made(gp_registration=rows)["person_follow_up"].iloc[0]
    assert follow["start_date"] == pd.Timestamp(2023, 6, 1)
    assert (follow["end_date"], follow["practice_code"]) == (pd.Timestamp(2025, 3, 31), "A99002")


def test_somebody_who_died_by_the_index_date_is_followed_to_death_and_not_counted(world):
    deaths = [
        world.about("person-01", date_of_death=date(2025, 3, 31)),
        world.about("person-02", date_of_death=date(2025, 4, 1)),
    ]
    made = world.made(gp_registration=[world.registered(), world.registered("person-02")], death=deaths)
    assert list(made["person"].index) == ["person-02"]
    follow = made["person_follow_up"].set_index("person_id")
    assert follow["died"].to_dict() == {"person-01": True, "person-02": False}


def test_a_death_of_somebody_else_under_the_same_token_is_not_believed(world):
    other = world.about(sex="1", birth_month=date(1980, 1, 1), date_of_death=date(2024, 1, 1))
    assert len(world.made(gp_registration=[world.registered()], death=[other])["person"]) == 1


def test_residence_and_deprivation(world):
    places = {"poor": "E01999001", "rich": "E01999002", "welsh": "W01000001", "nowhere": None}
    people = [world.registered(f"person-{name}", lsoa=lsoa) for name, lsoa in places.items()]
    person = world.made(gp_registration=people)["person"].rename(index=lambda i: i.removeprefix("person-"))
    assert person["resident"].to_dict() == {
        "poor": "England", "rich": "England", "welsh": "Wales", "nowhere": "Not known",
    }  # fmt: skip
    assert person["imd_quintile"].dropna().to_dict() == {"poor": 1, "rich": 5}
    assert person["core20"].dropna().to_dict() == {"poor": True, "rich": False}


def test_not_stated_and_not_known_ethnicity_are_two_answers(world):
    given = {"R": "Asian", "Z": "Not stated", "99": "Not known", None: "Not known", "M": "Black"}
    people = [world.registered(f"person-{n}", ethnicity=code) for n, code in enumerate(given)]
    assert world.made(gp_registration=people)["person"]["ethnic_group"].tolist() == list(given.values())


def test_a_condition_is_resolved_by_a_later_code_and_returns_with_a_later_diagnosis(world):
    def has_depression(*events):
        return bool(one(world.made(gp_registration=[world.registered()], gp_event=list(events)))["depression"])

    first, later = date(2019, 5, 1), date(2022, 5, 1)
    assert has_depression(world.coded(DEPRESSION, first))
    assert not has_depression(world.coded(DEPRESSION, first), world.coded(DEPRESSION_RESOLVED, later))
    assert has_depression(world.coded(DEPRESSION_RESOLVED, first), world.coded(DEPRESSION, later))
    assert not has_depression(world.coded(DEPRESSION_RESOLVED, later), world.coded(DEPRESSION, later))  # same day


def test_of_two_values_on_the_latest_day_the_larger_counts(world):
    day = date(2024, 9, 1)
    events = [world.coded(BMI, day, 31.0), world.coded(BMI, day, 33.5), world.coded(BMI, date(2023, 1, 1), 40.0)]
    made = world.made(gp_registration=[world.registered()], gp_event=events)
    assert one(made)["bmi"] == 33.5
    concept = made["person_concept"].iloc[0]
    assert (concept["concept"], concept["events"], concept["latest_value"]) == ("bmi", 3, 33.5)


def test_an_unbelievable_or_old_or_missing_value_is_no_value(world):
    events = [
        world.coded(BMI, date(2025, 1, 1), 300.0, "person-01"),
        world.coded(BMI, date(2025, 1, 1), None, "person-01"),
        world.coded(BMI, date(2024, 1, 1), 28.0, "person-01"),
        world.coded(BMI, date(2020, 3, 31), 28.0, "person-02"),  # 60 months to 31 March 2025 begin on 1 April 2020
        world.coded(BMI, date(2020, 4, 1), 28.0, "person-03"),
    ]
    people = [world.registered(f"person-0{n}") for n in (1, 2, 3)]
    person = world.made(gp_registration=people, gp_event=events)["person"]
    assert person["bmi"].dropna().to_dict() == {"person-01": 28.0, "person-03": 28.0}
    assert person["bmi_months_ago"].dropna().to_dict() == {"person-01": 14, "person-03": 59}


def test_months_ago_counts_completed_months(world):
    events = [
        world.coded(BMI, date(2024, 4, 1), 28.0, "person-01"),  # the first of the last 12 months
        world.coded(BMI, date(2024, 3, 31), 28.0, "person-02"),
        world.coded(BMI, date(2025, 3, 1), 28.0, "person-03"),
    ]
    people = [world.registered(f"person-0{n}") for n in (1, 2, 3)]
    person = world.made(gp_registration=people, gp_event=events)["person"]
    assert person["bmi_months_ago"].to_dict() == {"person-01": 11, "person-02": 12, "person-03": 0}


def test_smoking_is_the_latest_code_and_current_on_a_tie(world):
    events = [
        world.coded(SMOKER, date(2015, 1, 1), token="person-01"),
        world.coded(NEVER, date(2024, 1, 1), token="person-01"),
        world.coded(NEVER, date(2024, 1, 1), token="person-02"),
        world.coded(SMOKER, date(2024, 1, 1), token="person-02"),
    ]
    people = [world.registered(f"person-0{n}") for n in (1, 2, 3)]
    person = world.made(gp_registration=people, gp_event=events)["person"]
    assert person["smoking_status"].tolist() == ["Never", "Current", "Not recorded"]


def test_episodes_of_one_spell_are_one_admission(world):
    rows = [
        episode(world, admidate=date(2024, 6, 1), epiend=date(2024, 6, 4)),
        episode(world, epiorder=2, admidate=date(2024, 6, 1), epistart=date(2024, 6, 4), disdate=date(2024, 6, 9)),
        episode(world, spell_id="S2", admidate=date(2024, 8, 1), disdate=date(2024, 8, 1)),
    ]
    person = one(world.made(gp_registration=[world.registered()], apc_episode=rows))
    assert person["emergency_admissions_12m"] == 2
    assert person["emergency_bed_days_12m"] == 8  # 1 to 9 June; a stay within one day has no night
    assert person["cost_pence_12m"] == 541_928 + 82_586  # one long, one short


def test_a_spell_is_an_emergency_by_its_first_episode(world):
    rows = [
        episode(world, epiorder=2, admidate=date(2024, 6, 1), epistart=date(2024, 6, 3), admimeth="21"),
        episode(world, epiorder=1, admidate=date(2024, 6, 1), admimeth="11"),
        episode(world, spell_id="S2", epiorder=1, admidate=date(2024, 7, 1), admimeth=None),  # nulled by the check
        episode(world, spell_id="S2", epiorder=2, admidate=date(2024, 7, 1), admimeth="2A"),
        episode(world, spell_id="S3", admidate=date(2024, 8, 1), admimeth="81"),
    ]
    assert one(world.made(gp_registration=[world.registered()], apc_episode=rows))["emergency_admissions_12m"] == 1


def test_episodes_without_a_spell_number_are_joined_by_day_and_provider(world):
    rows = [
        episode(world, spell_id=None, admidate=date(2024, 6, 1), procode="RZZ"),
        episode(world, spell_id=None, epiorder=2, admidate=date(2024, 6, 1), epistart=date(2024, 6, 2), procode="RZZ"),
        episode(world, spell_id=None, admidate=date(2024, 6, 1), procode="RYY"),
    ]
    assert one(world.made(gp_registration=[world.registered()], apc_episode=rows))["emergency_admissions_12m"] == 2


def test_bed_days_are_cut_at_the_window(world):
    rows = [
        episode(world, admidate=date(2024, 3, 20), disdate=date(2024, 4, 5)),  # four nights from 1 April
        episode(world, spell_id="S2", admidate=date(2025, 3, 25), disdate=date(2025, 4, 20)),  # six to 31 March
    ]
    person = one(world.made(gp_registration=[world.registered()], apc_episode=rows))
    assert person["emergency_bed_days_12m"] == 4 + 6
    assert (person["emergency_admissions_12m"], person["emergency_admissions_prior_12m"]) == (1, 1)


def test_attendances_are_unplanned_and_of_departments_01_to_03(world):
    kinds = [("01", "1"), ("03", "2"), (None, None), ("04", "1"), ("05", "1"), ("01", "4"), ("99", "1")]
    rows = [
        world.about(arrival_date=date(2024, 10, 1), department_type=kind, attendance_category=category)
        for kind, category in kinds
    ]
    person = one(world.made(gp_registration=[world.registered()], ecds_attendance=rows))
    assert person["ed_attendances_12m"] == 3  # a field that could not be read throws no attendance away
    assert person["cost_pence_12m"] == 3 * 28_017


def test_contacts_count_where_they_were_attended(world):
    day = date(2024, 10, 1)
    seen = [world.about(attended=code, contact_date=day) for code in ("5", "6", "7", "3")]
    made = world.made(
        gp_registration=[world.registered()],
        op_attendance=[world.about(attended=code, apptdate=day) for code in ("5", "2")],
        csds_contact=seen,
        mhsds_contact=seen[:1],
        gp_appointment=[
            {"token_person_id": "person-01", "appt_date": day, "status": s} for s in ("Attended", "DNA", "Unknown")
        ],
    )
    person = one(made)
    assert person[["op_attendances_12m", "community_contacts_12m"]].tolist() == [1, 2]
    assert person[["mental_health_contacts_12m", "gp_appointments_12m"]].tolist() == [1, 1]
    assert person["cost_pence_12m"] == 2 * 8_400 + 30_594 + 4_800


def test_repeat_medicines_are_distinct_substances_of_90_days(world):
    def issue(bnf, day, repeat=True):
        return {"token_person_id": "person-01", "bnf_code": bnf, "issue_date": day, "is_repeat": repeat}

    rows = [
        issue("0212000B0AAAAAA", date(2025, 3, 1)),
        issue("0212000B0BBBBBB", date(2025, 2, 1)),  # the same substance
        issue("0601022B0AAAAAA", date(2025, 1, 1)),  # the first of 90 days
        issue("0601021M0AAAAAA", date(2024, 12, 31)),
        issue("0501013B0AAAAAA", date(2025, 3, 1), repeat=False),
    ]
    assert one(world.made(gp_registration=[world.registered()], gp_medication=rows))["repeat_medicines"] == 2


def test_open_social_care_partner_lists_and_no_fixed_abode(world):
    service = {"event_type": "Service", "client_type": "Service User", "service_type": "Short Term Support"}
    care = [
        world.about("person-01", event_start=date(2024, 1, 1), **service),
        world.about("person-02", event_start=date(2024, 1, 1), event_end=date(2025, 3, 30), **service),
        world.about("person-03", event_start=date(2024, 1, 1), **(service | {"client_type": "Carer"})),
    ]
    lists = [
        world.about(list_name=name, list_date=day)
        for name, day in (("A", date(2024, 1, 1)), ("A", date(2024, 2, 1)), ("B", date(2024, 1, 1)))
    ]
    homeless = [
        world.coded(HOMELESS, date(2023, 1, 1), token="person-01"),
        world.coded(HOMELESS, date(2024, 4, 1), token="person-03"),
    ]
    made = world.made(
        gp_registration=[world.registered(f"person-0{n}") for n in (1, 2, 3)],
        asc_event=care,
        partner_list=[*lists, world.about(list_name="C", list_date=date(2025, 4, 1))],
        gp_event=homeless,
        ecds_attendance=[world.about("person-02", arrival_date=date(2025, 1, 1), accommodation_status=HOMELESS)],
    )
    person = made["person"]
    assert person["asc_open"].tolist() == [True, False, False]
    assert person["partner_lists"].tolist() == [2, 0, 0]
    assert person["no_fixed_abode"].tolist() == [False, True, True]


def test_months_of_emergency_care_have_a_row_only_where_there_was_some(world):
    seen = [world.about(arrival_date=day, department_type="01") for day in (date(2024, 5, 2), date(2024, 5, 30))]
    too_early = world.about(arrival_date=date(2021, 3, 31), department_type="01")  # 48 months begin on 1 April 2021
    made = world.made(
        gp_registration=[world.registered()],
        ecds_attendance=[*seen, too_early],
        apc_episode=[episode(world, admidate=date(2024, 5, 30))],
    )
    assert made["person_month"].drop(columns=["person_id", "pcn_code"]).values.tolist() == [
        [pd.Timestamp(2024, 5, 1), 2, 1]
    ]


def full_world(world) -> dict[str, list]:
    """Some of everything, about three people."""
    people = [
        world.registered("person-01"),
        world.registered("person-02", sex="1", birth_month=date(1988, 2, 1), practice_code="A99002"),
        world.registered("person-03", registered_from=date(2024, 12, 1)),
    ]
    events = [world.coded(code, date(2024, m, 5), 30.0 + m) for m in range(1, 13) for code in (BMI, DIABETES, SMOKER)]
    return {
        "gp_registration": people,
        "gp_event": [*events, world.coded(BMI, date(2024, 12, 5), 55.0), world.coded(DEPRESSION, date(2020, 1, 1))],
        "ecds_attendance": [world.about(arrival_date=date(2024, m, 9), department_type="01") for m in range(1, 13)],
        "apc_episode": [
            episode(world, epiorder=n, admidate=date(2024, 6, 1), epistart=date(2024, 6, n), epikey=f"e{n}")
            for n in range(1, 5)
        ],
        "mhsds_contact": [world.about(attended="5", contact_date=date(2023, m, 9)) for m in range(1, 13)],
    }


def test_the_order_of_rows_changes_nothing(world):
    tables = full_world(world)
    first = world.made(**tables)
    again = world.made(**{name: rows[::-1] for name, rows in tables.items()})
    for name, frame in first.items():
        pd.testing.assert_frame_equal(frame, again[name])


def test_what_happens_after_the_index_date_changes_nothing(world):
    tables = full_world(world)
    before = world.made(**tables)
    later = date(2025, 4, 10)
    tables["gp_event"] += [
        world.coded(BMI, later, 20.0), world.coded(DEPRESSION_RESOLVED, later), world.coded(HOMELESS, later),
        world.coded(DIABETES, later, token="person-02"),
    ]  # fmt: skip
    tables["ecds_attendance"] += [world.about(arrival_date=later, department_type="01", accommodation_status=HOMELESS)]
    tables["apc_episode"] += [
        episode(world, epiorder=5, admidate=date(2024, 6, 1), epistart=later, disdate=later, epikey="e5")
    ]
    tables["mhsds_contact"] += [world.about(attended="5", contact_date=later)]
    after = world.made(
        **tables,
        death=[world.about("person-02", date_of_death=later)],
        partner_list=[world.about(list_name="A", list_date=later)],
        asc_event=[world.about(event_type="Service", event_start=later)],
        gp_medication=[
            {"token_person_id": "person-01", "bnf_code": "0212000B0AA", "issue_date": later, "is_repeat": True}
        ],
    )
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, after[name], obj=name)


def test_nothing_made_on_the_way_is_left_behind(world):
    world.made(gp_registration=[world.registered()])
    with pytest.raises(duckdb.Error):
        world.con.execute("SELECT * FROM registered")
