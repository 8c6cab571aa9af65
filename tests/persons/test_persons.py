"""Who is in the person table, where they live, and what GP codes say of them; each test says who the people are."""

from datetime import date

import duckdb
import pandas as pd
import pytest

from phm_utils.rules.derived import person_columns

INDEX = date(2025, 3, 31)


def test_the_person_table_has_exactly_the_columns_that_rules_may_ask_for(world):
    person = world.made()["person"].reset_index()
    assert list(person) == ["person_id", "person_no", *person_columns()]


def test_people_are_numbered_from_one_and_the_number_joins_every_table(world):
    made = world.made(
        gp_registration=[world.registered(f"person-{n}") for n in "cab"]
        + [world.registered("person-d", registered_to=date(2024, 1, 1))],
        gp_event=[world.entry("asthma", date(2020, 5, 1), token=f"person-{n}") for n in "bd"],
        gp_appointment=[{"token_person_id": "person-c", "appt_date": date(2024, 5, 2), "status": "Attended"}],
    )
    follow = made["person_follow_up"].set_index("person_no")["person_id"]
    assert sorted(follow.index) == [1, 2, 3, 4]
    assert made["person"]["person_no"].map(follow).tolist() == ["person-a", "person-b", "person-c"]
    assert made["person_concept"]["person_no"].map(follow).tolist() == ["person-b", "person-d"]
    assert made["person_month"]["person_no"].map(follow).tolist() == ["person-c"]


def test_age_is_completed_years_from_the_first_of_the_birth_month(world):
    born = {"turns": date(2007, 3, 1), "not_yet": date(2007, 4, 1), "oldest": date(1931, 1, 1), "unknown": None}
    person = world.person(gp_registration=[world.registered(name, birth_month=month) for name, month in born.items()])
    assert person["age"].dropna().to_dict() == {"turns": 18, "not_yet": 17, "oldest": 94}
    assert person["age_band"].dropna().to_dict() == {"turns": "15-19", "not_yet": "15-19", "oldest": "90+"}


def test_age_bands_are_those_of_the_standard_population(world):
    people = [world.registered(f"person-{n}", birth_month=date(2025 - 5 * n, 1, 1)) for n in range(19)]
    bands = set(world.person(gp_registration=people)["age_band"])
    assert bands == set(pd.read_csv("parameters/reference/esp2013.csv")["age_band"])


def test_of_two_registrations_the_one_begun_later_counts_and_on_one_day_the_larger_number(world):
    there = {"practice_code": "A99002"}
    made = world.made(
        gp_registration=[
            world.registered("later", registration_id="r-1"),
            world.registered("later", registration_id="r-0", registered_from=date(2024, 1, 1), **there),
            world.registered("one day", registration_id="r-3", **there),
            world.registered("one day", registration_id="r-2"),
        ]
    )
    assert made["person"]["practice_code"].to_dict() == {"later": "A99002", "one day": "A99002"}
    assert made["person"].loc["later", "registered_from"] == pd.Timestamp(2024, 1, 1)
    assert made["person_follow_up"]["practice_code"].tolist() == ["A99002", "A99002"]


def test_a_registration_sent_twice_is_one_person(world):
    rows = [
        world.registered("twice"), world.registered("twice"),
        world.registered("moved", registration_id="m-1", registered_to=date(2020, 1, 1)),
        *[world.registered("moved", registration_id="m-2", registered_from=date(2020, 1, 2))] * 2,
        # Two suppliers number their rows alike.
        world.registered("one", registration_id="1"), world.registered("two", registration_id="1"),
        world.registered("one", registration_id="2", registered_to=date(2015, 1, 1)),
        world.registered("two", registration_id="2", registered_to=date(2015, 1, 1)),
    ]  # fmt: skip
    made = world.made(gp_registration=rows)
    for name in ("person_follow_up", "person"):
        assert sorted(made[name].reset_index()["person_id"]) == ["moved", "one", "twice", "two"]
    assert set(made["person"]["household_size"]) == {4}


def test_an_open_registration_counts_before_a_closed_one_that_began_later(world):
    made = world.made(
        gp_registration=[
            world.registered(registration_id="r-1"),
            world.registered(
                registration_id="r-2", registered_from=date(2024, 1, 1), registered_to=date(2024, 6, 1),
                practice_code="A99002",
            ),
        ]
    )  # fmt: skip
    assert made["person"]["practice_code"].tolist() == ["A99001"]


def test_somebody_who_left_is_followed_up_to_that_day_and_not_counted(world):
    made = world.made(
        gp_registration=[
            world.registered("gone", registered_to=date(2024, 5, 20)),
            world.registered("last day", registered_to=INDEX),  # the last day registered is still registered
            world.registered("not yet", registered_from=date(2025, 4, 1)),
            world.registered("long gone", registered_to=date(2021, 3, 31)),  # 48 months begin on 1 April 2021
            world.registered("just in", registered_to=date(2021, 4, 1)),
        ]
    )
    assert list(made["person"].index) == ["last day"]
    follow = made["person_follow_up"].set_index("person_id")
    assert set(follow.index) == {"gone", "last day", "just in"}
    assert follow.loc["gone", "end_date"] == pd.Timestamp(2024, 5, 20)
    assert not follow["died"].any()


def test_follow_up_starts_with_the_last_unbroken_run_of_registrations(world):
    # Left in 2021 for two years; moved practice in 2024 with ten days between: one run since 2023.
    follow = world.made(
        gp_registration=[
            world.registered(registration_id="r-1", registered_to=date(2021, 6, 1)),
            world.registered(registration_id="r-2", registered_from=date(2023, 6, 1), registered_to=date(2024, 1, 31)),
            world.registered(registration_id="r-3", registered_from=date(2024, 2, 10), practice_code="A99002"),
        ]
    )["person_follow_up"].iloc[0]
    assert follow["start_date"] == pd.Timestamp(2023, 6, 1)
    assert (follow["end_date"], follow["practice_code"]) == (pd.Timestamp(INDEX), "A99002")


@pytest.mark.parametrize(
    ("back", "starts"), [(date(2024, 3, 3), date(2021, 4, 1)), (date(2024, 3, 4), date(2024, 3, 4))]
)
def test_31_days_between_registrations_are_no_break_and_32_are(world, back, starts):
    follow = world.made(
        gp_registration=[
            world.registered(registration_id="r-1", registered_to=date(2024, 2, 1)),
            world.registered(registration_id="r-2", registered_from=back),
        ]
    )["person_follow_up"].iloc[0]
    assert follow["start_date"] == pd.Timestamp(starts)


def test_somebody_who_died_by_the_index_date_is_followed_to_death_and_not_counted(world):
    deaths = {"by then": INDEX, "after": date(2025, 4, 1), "long ago": date(2021, 3, 31)}
    made = world.made(
        gp_registration=[world.registered(token) for token in deaths],
        death=[
            *(world.about(token, date_of_death=day) for token, day in deaths.items()),
            # Somebody else under the same token: sex and month of birth both contradict.
            world.about("after", sex="1", birth_month=date(1980, 1, 1), date_of_death=date(2024, 1, 1)),
        ],
    )
    assert list(made["person"].index) == ["after"]
    follow = made["person_follow_up"].set_index("person_id")
    assert follow["died"].to_dict() == {"by then": True, "after": False}
    assert follow.loc["by then", "end_date"] == pd.Timestamp(INDEX)


def test_residence_and_deprivation(world):
    places = {"poor": "E01999001", "rich": "E01999002", "welsh": "W01000001", "elsewhere": "E01000001", "nowhere": None}
    person = world.person(gp_registration=[world.registered(name, lsoa=lsoa) for name, lsoa in places.items()])
    assert person["resident"].to_dict() == {
        "poor": "England", "rich": "England", "welsh": "Wales", "elsewhere": "England", "nowhere": "Not known",
    }  # fmt: skip
    assert person["imd_quintile"].dropna().to_dict() == {"poor": 1, "rich": 5}
    assert person["core20"].dropna().to_dict() == {"poor": True, "rich": False}
    assert person["rural_urban"].dropna().to_dict() == {"poor": "Urban", "rich": "Rural"}


def test_deciles_1_and_2_are_the_first_quintile_and_core20(world):
    areas = [{"lsoa": f"E0100000{n}", "lsoa_vintage": 2021, "imd_decile": n + 1} for n in range(10)]
    person = world.person(
        area=areas, gp_registration=[world.registered(a["lsoa"], lsoa=a["lsoa"]) for a in areas]
    ).sort_values("imd_decile")  # fmt: skip
    assert person["imd_quintile"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert person["core20"].tolist() == [True, True, *[False] * 8]


def test_ethnic_groups_are_those_of_the_census_and_not_stated_is_not_not_known(world):
    given = {
        **dict.fromkeys("ABC", "White"), **dict.fromkeys("DEFG", "Mixed"), **dict.fromkeys("HJKLR", "Asian"),
        **dict.fromkeys("MNP", "Black"), "S": "Other", "Z": "Not stated", "99": "Not known", None: "Not known",
    }  # fmt: skip
    people = [world.registered(f"person-{code}", ethnicity=code) for code in given]
    person = world.person(gp_registration=people)
    assert person["ethnic_group"].to_dict() == {f"person-{code}": group for code, group in given.items()}


def test_how_a_person_asks_to_be_reached_is_what_the_current_registration_says(world):
    then, now = {"registration_id": "r-1", "registered_to": date(2024, 12, 1)}, {"registration_id": "r-2"}
    made = world.made(gp_registration=[
        world.registered("changed", contact_preference="letter", **then),
        world.registered("changed", contact_preference="phone", registered_from=date(2024, 12, 2), **now),
        world.registered("no longer said", contact_preference="email", **then),
        world.registered("no longer said", contact_preference=None, registered_from=date(2024, 12, 2), **now),
        world.registered("once", contact_preference="easy read"),
    ])  # fmt: skip
    asked = made["person"]["contact_preference"]
    assert asked.dropna().to_dict() == {"changed": "phone", "once": "easy read"}
    assert asked.isna().sum() == 1
    assert "contact_preference" not in set(made["person_left_out"]["column_name"])


def test_without_contact_preferences_the_column_is_left_out_and_says_why(world):
    made = world.made(gp_registration=[world.registered(contact_preference=None)])
    left = made["person_left_out"].set_index("column_name")["table_name"]
    assert left["contact_preference"] == "gp_registration.contact_preference"


def test_sexes(world):
    given = {
        "1": "Male",
        "2": "Female",
        "9": "Other or not known",
        "X": "Other or not known",
        None: "Other or not known",
    }
    person = world.person(gp_registration=[world.registered(f"person-{code}", sex=code) for code in given])
    assert person["sex"].to_dict() == {f"person-{code}": word for code, word in given.items()}


def test_a_condition_ends_with_a_code_of_its_day_or_later_and_returns_with_a_later_diagnosis(world):
    first, later = date(2019, 5, 1), date(2022, 5, 1)
    entries = {
        "never": [],
        "has": [("depression", first)],
        "ended": [("depression", first), ("depression_resolved", later)],
        "returned": [("depression_resolved", first), ("depression", later)],
        "same day": [("depression_resolved", later), ("depression", later)],
        "another's end": [("depression", first), ("asthma_resolved", later)],
    }
    made = world.made(
        gp_registration=[world.registered(token) for token in entries],
        gp_event=[world.entry(*entry, token=token) for token, found in entries.items() for entry in found],
    )
    person = made["person"]
    assert set(person.index[person["depression"]]) == {"has", "returned", "another's end"}
    assert person["n_conditions"].to_dict() == person["depression"].astype(int).to_dict()


def test_pregnancy_is_of_nine_months_and_other_conditions_of_a_lifetime(world):
    days = {"first day": date(2024, 7, 1), "day before": date(2024, 6, 30)}
    person = world.person(
        gp_registration=[world.registered(token, birth_month=date(1995, 1, 1)) for token in [*days, "ever"]],
        gp_event=[world.entry("pregnancy", day, token=token) for token, day in days.items()]
        + [world.entry(concept, date(1996, 1, 1), token="ever") for concept in ("asthma", "end_stage_renal", "carer")],
    )
    assert person["pregnancy"].to_dict() == {"first day": True, "day before": False, "ever": False}
    assert person.loc["ever", ["asthma", "end_stage_renal", "carer"]].all()
    assert person.loc["ever", "n_conditions"] == 1  # a stage and a role are no long-term conditions


def test_of_two_values_on_the_latest_day_the_larger_counts(world):
    day = date(2024, 9, 1)
    made = world.made(
        gp_event=[
            world.entry("bmi", day, 31.0),
            world.entry("bmi", day, 33.5),
            world.entry("bmi", date(2023, 1, 1), 40.0),
        ]
    )
    assert made["person"]["bmi"].tolist() == [33.5]
    concept = made["person_concept"].iloc[0]
    assert (concept["concept"], concept["events"], concept["latest_value"]) == ("bmi", 3, 33.5)
    assert (concept["first_date"], concept["last_date"]) == (pd.Timestamp(2023, 1, 1), pd.Timestamp(day))


def test_an_unbelievable_or_old_or_missing_value_is_no_value(world):
    events = [
        world.entry("bmi", date(2025, 1, 1), 300.0, "not believed"),
        world.entry("bmi", date(2025, 1, 1), None, "not believed"),
        world.entry("bmi", date(2024, 1, 1), 28.0, "not believed"),
        world.entry("bmi", date(2020, 3, 31), 28.0, "old"),  # 60 months to 31 March 2025 begin on 1 April 2020
        world.entry("bmi", date(2020, 4, 1), 28.0, "just in"),
        world.entry("bmi", INDEX, 10.0, "least"),
        world.entry("bmi", INDEX, 9.99, "below"),
        world.entry("bmi", INDEX, 90.0, "most"),
    ]
    tokens = dict.fromkeys(row["token_person_id"] for row in events)
    person = world.person(gp_registration=[world.registered(token) for token in tokens], gp_event=events)
    assert person["bmi"].dropna().to_dict() == {"not believed": 28.0, "just in": 28.0, "least": 10.0, "most": 90.0}
    assert person["bmi_months_ago"].dropna().to_dict() == {"not believed": 14, "just in": 59, "least": 0, "most": 0}


def test_months_ago_counts_completed_months(world):
    days = {"first of 12": date(2024, 4, 1), "before": date(2024, 3, 31), "this month": date(2025, 3, 1)}
    person = world.person(
        gp_registration=[world.registered(token) for token in days],
        gp_event=[world.entry("bmi", day, 28.0, token) for token, day in days.items()],
    )
    assert person["bmi_months_ago"].to_dict() == {"first of 12": 11, "before": 12, "this month": 0}


def test_a_status_is_the_latest_word_and_on_one_day_the_first_of_the_file(world):
    old, day = date(2015, 1, 1), date(2024, 1, 1)
    entries = {
        "latest": [("smoking_current", old), ("smoking_never", day), ("frailty_severe", old), ("frailty_mild", day)],
        "tie": [("smoking_never", day), ("smoking_current", day), ("diabetes_type2", day), ("diabetes_type1", day)],
        "drinks": [("alcohol_lower_risk", day), ("alcohol_higher_risk", day), ("frailty_moderate", day)],
        "nothing": [],
    }
    person = world.person(
        gp_registration=[world.registered(token) for token in entries],
        gp_event=[world.entry(*entry, token=token) for token, found in entries.items() for entry in found],
    )
    columns = ["smoking_status", "diabetes_type", "alcohol_risk", "frailty_coded"]
    none = "Not recorded"
    assert person.loc["latest", columns].tolist() == ["Never", none, none, "Mild"]
    assert person.loc["tie", columns].tolist() == ["Current", "Type 1", none, none]
    assert person.loc["drinks", columns].tolist() == [none, none, "Higher risk", "Moderate"]
    assert person.loc["nothing", columns].tolist() == [none] * 4


def test_vaccinations_of_this_season_and_ever(world):
    given = [
        world.entry("covid_vaccination", date(2021, 2, 1), token="once"),
        world.entry("flu_vaccination", date(2024, 4, 1), token="once"),
        world.entry("flu_vaccination", date(2024, 3, 31), token="last season"),
        world.entry("covid_vaccination", date(2021, 2, 1), token="last season"),
        world.entry("covid_vaccination", date(2023, 10, 1), token="last season"),
    ]
    person = world.person(gp_registration=[world.registered(t) for t in ("once", "last season")], gp_event=given)
    assert person["flu_vaccinated"].to_dict() == {"once": True, "last season": False}
    assert person["flu_vaccinated_on"].dropna().to_dict() == {"once": pd.Timestamp(2024, 4, 1)}
    assert person["covid_vaccinated"].all()
    assert person.loc["last season", "covid_vaccinated_on"] == pd.Timestamp(2023, 10, 1)
    assert not person["pneumococcal_vaccinated"].any()


def test_no_fixed_abode_is_a_signal_of_12_months(world):
    code = "32911000"  # homeless
    emergency = {"in A&E": date(2025, 1, 1), "in A&E then": date(2024, 3, 31)}
    entries = {"coded": date(2024, 4, 1), "coded then": date(2024, 3, 31)}
    person = world.person(
        gp_registration=[world.registered(token) for token in [*emergency, *entries]],
        gp_event=[world.entry("homeless", day, token=token) for token, day in entries.items()],
        ecds_attendance=[
            world.about(token, arrival_date=day, accommodation_status=code) for token, day in emergency.items()
        ],
    )
    assert set(person.index[person["no_fixed_abode"]]) == {"in A&E", "coded"}
    assert set(person.index[person["homeless"]]) == {"coded", "coded then"}


def test_the_last_contact_of_any_kind_and_how_fresh_the_practice_is(world):
    made = world.made(
        gp_registration=[world.registered("a"), world.registered("b"), world.registered("c", practice_code="A99002")],
        gp_appointment=[{"token_person_id": "a", "appt_date": date(2024, 5, 2), "status": "Attended"}],
        op_attendance=[world.about("a", apptdate=date(2024, 7, 1), attended="5")],
        ecds_attendance=[world.about("b", arrival_date=date(2022, 1, 1), department_type="01")],
        gp_event=[world.entry("asthma", date(2025, 2, 3), token="b")],
    )["person"]
    assert made["last_contact"].dropna().to_dict() == {"a": pd.Timestamp(2024, 7, 1), "b": pd.Timestamp(2022, 1, 1)}
    assert made["gp_data_to"].dropna().to_dict() == dict.fromkeys("ab", pd.Timestamp(2025, 2, 3))


def test_palliative_care_starts_with_its_first_entry(world):
    days = (date(2024, 8, 1), date(2023, 2, 1))
    follow = world.made(gp_event=[world.entry("palliative_care", day) for day in days])["person_follow_up"]
    assert follow["palliative_from"].tolist() == [pd.Timestamp(2023, 2, 1)]


def test_nothing_made_on_the_way_is_left_behind(world):
    world.made()
    with pytest.raises(duckdb.Error):
        world.con.execute("SELECT * FROM registered")
    temporary = {
        name for (name,) in world.con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    }
    assert temporary == set()


def test_a_registration_that_ended_on_an_unknown_day_is_not_current(world):
    faulty = {"nulled_fields": "registered_to:before registered_from"}
    person = world.person(gp_registration=[world.registered(), world.registered("person-02", **faulty)])
    assert list(person.index) == ["person-01"]
