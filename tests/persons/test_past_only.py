"""Nothing that happens after the index date, in whatever table, moves any column of any table."""

from datetime import date

import pandas as pd
import pytest

from phm_utils.tables import TABLES

INDEX, LATER, MUCH_LATER = date(2025, 3, 31), date(2025, 4, 1), date(2025, 4, 29)
HOMELESS = "32911000"


def future(world, day: date) -> dict[str, list]:
    """Rows of a day after the index date, in every dated input table, about everybody there."""
    two = {"sex": "1", "birth_month": date(1988, 2, 1)}
    people = {"person-01": {}, "person-02": two, "person-05": {}, "person-06": {}}

    def each(**row) -> list:
        return [world.about(t, **kw, **row) for t, kw in people.items()]

    return {
        "gp_registration": [
            world.registered("person-01", registration_id="f-1", registered_from=day, practice_code="A99002"),
            world.registered("person-07", registration_id="f-7", registered_from=day),
            world.registered("person-04", registration_id="f-4", registered_from=day),
        ],
        "gp_event": [
            world.entry(concept, day, value, token)
            for token in people
            for concept, value in (
                ("bmi", 55.0), ("systolic_bp", 200.0), ("cancer", None), ("diabetes_resolved", None),
                ("asthma_resolved", None), ("ckd_1_2", None), ("smoking_never", None), ("frailty_severe", None),
                ("flu_vaccination", None), ("covid_vaccination", None), ("homeless", None), ("dementia", None),
                ("palliative_care", None), ("end_of_life", None), ("pregnancy", None), ("anxiety", None),
            )
        ],
        "gp_medication": [world.issue(f"04{n:02d}020K0", day, token=token) for token in people for n in range(1, 13)],
        "gp_appointment": [{"token_person_id": token, "appt_date": day, "status": "Attended"} for token in people],
        "ecds_attendance": each(arrival_date=day, department_type="01", accommodation_status=HOMELESS),
        "apc_episode": [
            *(
                world.episode(
                    t, "C787", "F103", "O800", epikey=f"new-{t}", spell_id=f"new-{t}", admidate=day, disdate=MUCH_LATER,
                    **kw,
                )
                for t, kw in people.items()
            ),
            # A further episode of a spell that was there: later discharge, a graver diagnosis.
            world.episode(
                "person-01", "C787", epikey="more", spell_id="person-01-2023-01-09", epiorder=2, epistart=day,
                admidate=date(2023, 1, 9), disdate=MUCH_LATER,
            ),
        ],
        "op_attendance": each(apptdate=day, attended="5"),
        "csds_contact": each(contact_date=day, attended="5"),
        "mhsds_contact": each(contact_date=day, attended="5"),
        "asc_event": each(
            event_type="Service", client_type="Service User", service_type="Long Term Support: Nursing", event_start=day
        ),
        "partner_list": each(list_name="Z", flag="housing", list_date=day),
        "address_list": [
            {"household_token": home, "list_name": "Z", "value": None, "list_date": day}
            for home in ("household-1", "household-2")
        ],
        "programme_enrolment": each(programme="x", enrolled_from=day),
        "death": each(date_of_death=day),
    }  # fmt: skip


def test_the_planted_rows_are_of_every_dated_input_table(world):
    dated = {name for name, table in TABLES.items() if table.date and not table.made_by_link}
    assert set(future(world, LATER)) == dated


@pytest.mark.parametrize("day", [LATER, MUCH_LATER])
def test_what_happens_after_the_index_date_changes_nothing(world, day):
    now = world.everything()
    before = world.made(**now)
    after = world.made(**{name: now.get(name, []) + rows for name, rows in future(world, day).items()} | {
        "practice_register": now["practice_register"]
    })  # fmt: skip
    assert set(before) == set(after)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, after[name], obj=name)
        assert len(frame), name


# By input table: a column of `person` that one more row of the index date moves.
MOVES = {
    "gp_event": "bmi",
    "gp_medication": "repeat_medicines",
    "gp_appointment": "gp_appointments_12m",
    "ecds_attendance": "ed_attendances_12m",
    "apc_episode": "charlson",
    "op_attendance": "op_attendances_12m",
    "csds_contact": "community_contacts_12m",
    "mhsds_contact": "mental_health_contacts_12m",
    "asc_event": "asc_open",
    "partner_list": "flag_housing",
}


def test_the_planted_rows_would_have_shown_on_the_day_itself(world):
    # Else a table could be planted in vain.
    now, rows = world.everything(), future(world, INDEX)
    lost = {name: rows.pop(name) for name in ("gp_registration", "death")}
    assert set(rows) - set(MOVES) == {"programme_enrolment", "address_list"}  # events alone come of them
    before = world.made(**now)["person"]
    after = world.made(**{name: now.get(name, []) + more for name, more in rows.items()} | {
        "gp_registration": now["gp_registration"]
    })["person"]  # fmt: skip
    for table, column in MOVES.items():
        assert after.loc["person-06", column] != before.loc["person-06", column], table
    registered = world.person(**now | {"gp_registration": now["gp_registration"] + lost["gp_registration"]})
    assert set(registered.index) - set(before.index) == {"person-07"}  # person-04 died
    assert registered.loc["person-01", "practice_code"] == "A99002" != before.loc["person-01", "practice_code"]
    assert set(world.person(**now | {"death": lost["death"]}).index) == {"person-03"}


def test_a_stay_that_ends_after_the_index_date_ends_with_it(world):
    # Admitted the day before and on the day: one night and none so far, both short as yet.
    def stays(end: date) -> dict[str, pd.DataFrame]:
        begun = {"S1": date(2025, 3, 30), "S2": INDEX}
        return world.made(
            apc_episode=[world.episode(spell_id=s, admidate=day, disdate=end, epiend=end) for s, day in begun.items()]
        )

    ends = [stays(day) for day in (LATER, MUCH_LATER)]
    for name, frame in ends[0].items():
        pd.testing.assert_frame_equal(frame, ends[1][name], obj=name)
    assert ends[0]["person"]["emergency_bed_days_12m"].tolist() == [1]
    assert ends[0]["person"]["cost_emergency_pence_12m"].tolist() == [2 * 82_586]


def test_an_end_that_lies_ahead_is_no_end_yet(world):
    services = {"event_type": "Service", "client_type": "Service User", "service_type": "Short Term Support"}
    made = [
        world.made(
            gp_registration=[world.registered(registered_to=end)],
            asc_event=[world.about(event_start=date(2025, 3, 1), event_end=end, **services)],
        )
        for end in (None, LATER, MUCH_LATER)
    ]
    for name, frame in made[0].items():
        pd.testing.assert_frame_equal(frame, made[1][name], obj=name)
        pd.testing.assert_frame_equal(frame, made[2][name], obj=name)
    assert made[0]["person"]["asc_open"].tolist() == [True]


def test_what_a_column_holds_later_does_not_say_what_was_known(world):
    # Appointments without any status are not known to have been attended, whatever is recorded since.
    def seen(*later):
        rows = [{"token_person_id": "person-01", "appt_date": date(2024, 5, n), "status": None} for n in range(1, 9)]
        return world.person(gp_appointment=[*rows, *later])["gp_appointments_12m"]

    assert seen().isna().all()
    assert seen({"token_person_id": "person-01", "appt_date": LATER, "status": "Attended"}).isna().all()


def test_how_much_is_recorded_later_does_not_say_how_far_a_table_reaches_back(world):
    # 40 contacts a month to the index date, and 40 times as many in each month of the two years since.
    def contacts(first: date, months: int, each: int) -> str:
        return (
            f"INSERT INTO csds_contact BY NAME SELECT 'c-{first}-' || month || '-' || n AS care_contact_id, "
            "'person-01' AS token_person_id, '2' AS sex, DATE '1950-06-01' AS birth_month, '5' AS attended, "
            f"CAST(DATE '{first}' + to_months(CAST(month AS INTEGER)) AS DATE) AS contact_date "
            f"FROM range({months}) AS m (month), range({each}) AS t (n)"
        )

    day = date(2023, 3, 31)
    leaver = world.registered("person-02", registered_to=date(2024, 1, 1))
    world.fill(gp_registration=[world.registered(), leaver])
    world.con.execute(contacts(date(2021, 1, 5), 27, 40))
    world.index()
    before = world.run(index_date=day)
    world.con.execute(contacts(date(2023, 4, 5), 30, 1_600))
    world.index()
    after = world.run(index_date=day)
    assert before["person"]["community_contacts_12m"].tolist() == [12 * 40, 0]
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, after[name], obj=name)
