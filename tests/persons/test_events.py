"""Events that rules can ask for: one row each, with day, value and code; and how far each source reaches."""

from datetime import date

import pytest

from phm_utils.tables import TABLES

INDEX = date(2025, 3, 31)
JUNE = date(2024, 6, 1)


@pytest.fixture(autouse=True)
def _with_events(world):
    world.events = True


@pytest.fixture
def events(world):
    def of(concept: str, **tables: list[dict]) -> list[tuple]:
        """Day, value and code of each event of a concept."""
        found = world.made(**tables)["person_event"].query("concept == @concept")
        found = found[["day", "value", "code"]].astype(object)
        rows = found.where(found.notna(), None).itertuples(index=False)
        return sorted((row.day.date(), row.value, row.code) for row in rows)

    return of


def test_a_gp_entry_has_its_value_within_the_believable_range_and_none_outside(world, events):
    entries = [world.entry("bmi", JUNE, 31.5), world.entry("bmi", date(2024, 7, 1), 900.0)]
    entries.append(world.entry("bmi", date(2025, 4, 1), 30.0))  # after the index date
    assert [row[:2] for row in events("bmi", gp_event=entries)] == [(JUNE, 31.5), (date(2024, 7, 1), None)]


def test_a_condition_has_a_row_for_every_entry_and_no_value(world, events):
    entries = [world.entry("diabetes", day) for day in (JUNE, JUNE, INDEX)]
    assert [row[:2] for row in events("diabetes", gp_event=entries)] == [(JUNE, None), (JUNE, None), (INDEX, None)]


def test_an_admission_has_its_nights_and_a_stay_its_diagnosis(world, events):
    episode = world.episode("person-01", "S720", admidate=JUNE, disdate=date(2024, 6, 9))
    assert events("emergency_admissions", apc_episode=[episode]) == [(JUNE, 8.0, None)]
    assert events("stay_hip_fracture", apc_episode=[episode]) == [(JUNE, 8.0, "S720")]


def test_a_list_and_its_day_are_events_by_its_name(world, events):
    listed = [world.about(list_name="Warm homes", flag="income", list_date=date(2024, 5, 1))]
    assert events("partner_list", partner_list=listed) == [(date(2024, 5, 1), None, "Warm homes")]


def listed(home: str, value: str | None, day: date = JUNE, name: str = "energy_band") -> dict:
    return {"household_token": home, "list_name": name, "value": value, "list_date": day}


def test_a_list_of_addresses_gives_an_event_to_everybody_who_lives_there_now(world):
    people = [
        *(world.registered(f"home-{n:02d}", household_token="home") for n in range(1, 13)),  # twelve: communal
        world.registered("left", household_token="home", registered_to=date(2024, 5, 1)),
        world.registered("moved", registration_id="r-1", household_token="home", registered_to=date(2024, 12, 1)),
        world.registered("moved", registration_id="r-2", household_token="new", registered_from=date(2024, 12, 2)),
        world.registered("dead", household_token="home"),
        world.registered("nowhere", household_token=None),
    ]
    rows = [listed("home", "F"), listed("new", None), listed("home", "E", date(2025, 4, 1)), listed(None, "G"),
            listed("nobody's", "A")]  # fmt: skip
    made = world.made(
        gp_registration=people, address_list=rows, death=[world.about("dead", date_of_death=date(2025, 1, 1))]
    )
    events = world.named(made, "person_event").query("concept == 'address_list'")
    found = {row.person_id: (row.day.date(), row.code) for row in events.itertuples()}
    assert len(events) == len(found)
    # A row without a value has the name of the list alone; who moved is at the new address; one row is not true yet.
    assert found == {f"home-{n:02d}": (JUNE, "energy_band/F") for n in range(1, 13)} | {"moved": (JUNE, "energy_band")}


def test_each_row_of_a_list_of_addresses_is_one_event(events):
    rows = [listed("household-1", "F"), listed("household-1", "F"), listed("household-1", "yes", name="bins")]
    assert events("address_list", address_list=rows) == [
        (JUNE, None, "bins/yes"), (JUNE, None, "energy_band/F"), (JUNE, None, "energy_band/F")]  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "lacks"),
    [
        ({"absent": ["address_list"]}, "address_list"),
        ({"address_list": [listed(None, "F")]}, "address_list.household_token"),
        ({"household": None}, "gp_registration.household_token"),
        ({}, ""),
    ],
)
def test_without_addresses_on_either_side_the_run_knows_of_no_such_event(world, tables, lacks):
    given = {"address_list": [listed("household-1", "F")]} | tables
    home = given.pop("household", "household-1")
    if "absent" in given:
        del given["address_list"]
    made = world.made(gp_registration=[world.registered(household_token=home)], **given)
    known = made["event_concept"].set_index("concept").loc["address_list"]
    assert (known["source"], known["lacks"]) == ("address_list", lacks)


def test_a_person_is_born_on_the_first_day_of_the_month(events):
    assert events("born") == [(date(1950, 6, 1), None, None)]


def test_the_postcode_of_no_fixed_abode_counts_while_the_registration_lasts(world, events):
    begun = date(2010, 1, 1)
    here = [world.registered(no_fixed_abode=True), world.registered("person-02", no_fixed_abode=False)]
    assert events("no_fixed_abode_address", gp_registration=here) == [(begun, None, None)]
    former = world.registered(no_fixed_abode=True, registered_to=date(2024, 5, 1))
    now = world.registered(registration_id="r-2", no_fixed_abode=False, registered_from=date(2024, 5, 2))
    assert events("no_fixed_abode_address", gp_registration=[former, now]) == []


def test_types_of_accommodation_that_count_as_homeless(world, events):
    seen = {"person-01": "12", "person-02": "08", "person-03": "17"}  # rough sleeper, mobile home, night shelter
    found = events(
        "no_fixed_abode_mhsds",
        gp_registration=[world.registered(token) for token in seen],
        mhsds_contact=[world.about(token, contact_date=JUNE, accommodation_type=code) for token, code in seen.items()],
    )
    assert found == [(JUNE, None, "12"), (JUNE, None, "17")]


def test_without_the_field_the_postcode_of_no_fixed_abode_is_not_known(world):
    reach = world.made(gp_registration=[world.registered()])["event_concept"].set_index("concept")["lacks"]
    assert reach["no_fixed_abode_address"] == "gp_registration.no_fixed_abode"
    given = world.made(gp_registration=[world.registered(no_fixed_abode=False)])["event_concept"]
    assert given.set_index("concept")["lacks"]["no_fixed_abode_address"] == ""


def test_events_of_people_who_left_are_not_there(world, events):
    people = [world.registered(), world.registered("person-02", registered_to=date(2024, 12, 1))]
    entries = [world.entry("diabetes", JUNE, token=token) for token in ("person-01", "person-02")]
    assert len(events("diabetes", gp_registration=people, gp_event=entries)) == 1


def test_each_source_says_from_which_day_on_its_events_are_there(world):
    made = world.made(
        spans={"ecds_attendance": (date(2024, 1, 10), date(2025, 3, 20)), "apc_episode": (date(2016, 4, 1), INDEX)},
        **world.everything(),
    )
    reach = made["event_concept"].set_index("concept")
    days = {name: tuple(reach.loc[name, ["first_date", "to_date"]].map(lambda day: day.date())) for name in reach.index
            if name != "born"}  # fmt: skip
    assert days["ed_attendances"] == (date(2024, 1, 10), date(2025, 2, 28))  # to the last complete month
    assert days["diabetes"] == (date(2020, 4, 1), INDEX)
    assert days["emergency_admissions"] == (date(2021, 4, 1), INDEX)  # 48 months are followed
    # Diagnoses are read as far back as scores look: 24 months.
    assert days["stay_hip_fracture"] == (date(2023, 4, 1), INDEX)


def test_a_table_that_is_absent_is_said_of_its_events(world):
    made = world.made(absent=["ecds_attendance"])
    lacks = made["event_concept"].set_index("concept")["lacks"]
    assert lacks["ed_attendances"] == lacks["no_fixed_abode_ecds"] == "ecds_attendance"
    assert lacks["diabetes"] == ""


def test_a_run_of_registrations_alone_knows_when_people_were_born(world):
    made = world.made(absent=[name for name in TABLES if name not in ("gp_registration", "practice", "area")])
    assert made["person_event"]["concept"].tolist() == ["born"]
    assert made["event_concept"].query("lacks == ''")["concept"].tolist() == ["born"]
