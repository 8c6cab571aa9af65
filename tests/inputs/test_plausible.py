"""What can be read and is unlikely: a sound extract raises no doubt, and each kind of corruption raises its own."""

from datetime import date, timedelta

import duckdb
import pandas as pd
import pytest

from phm_utils.inputs.doubts import ENOUGH, Doubt
from phm_utils.inputs.known_people import doubts_of_people
from phm_utils.inputs.listed_people import doubts_of_opt_outs, doubts_of_registrations
from phm_utils.inputs.plausible import doubts
from phm_utils.inputs.usual_values import doubts_of_values
from phm_utils.params import Workbook
from phm_utils.schema import SQL_TYPE
from phm_utils.tables import TABLES

N = 2_400
WORKBOOK = Workbook(
    name="tiny", title="Tiny ICS", ics_code="QZZ", synthetic=True, index_date=date(2025, 3, 31), landing="none"
)
WEEKDAYS = pd.bdate_range("2021-01-04", periods=1_000)


def frame(**columns) -> pd.DataFrame:
    """N rows; each column a function of the place."""
    return pd.DataFrame({name: [value(i) for i in range(N)] for name, value in columns.items()})


def registrations(**changes) -> pd.DataFrame:
    """Four practices, households of three, births of 90 years."""
    return frame(**{
        "registration_id": lambda i: f"r{i}", "token_person_id": lambda i: f"p{i}", "sex": lambda i: str(i % 2 + 1),
        "birth_month": lambda i: date(1934 + i % 90, i % 12 + 1, 1), "lsoa": lambda i: f"E0100000{i % 7}",
        "household_token": lambda i: f"h{i // 3}", "practice_code": lambda i: f"A9900{i % 4}",
        "registered_from": lambda i: date(1934 + i % 90, i % 12 + 1, i % 28 + 1) if i else date(2025, 3, 4),
        "registered_to": lambda i: date(2024, 1, 9) if i % 10 == 0 else None, **changes,
    }).astype({"registered_to": "datetime64[us]"})  # fmt: skip


def events(**changes) -> pd.DataFrame:
    return frame(**{
        "event_id": lambda i: f"e{i}", "token_person_id": lambda i: f"p{i}",
        "event_date": lambda i: WEEKDAYS[i % 1_000].date(), "snomed_code": lambda i: str(1_000 + i % 50),
        "value_num": lambda i: float(i % 90), "practice_code": lambda i: f"A9900{i % 4}", **changes,
    })  # fmt: skip


def contacts(**changes) -> pd.DataFrame:
    people = registrations()
    return frame(**{
        "care_contact_id": lambda i: f"c{i}", "token_person_id": lambda i: f"p{i}",
        **{name: (lambda i, name=name: people[name][i]) for name in ("sex", "birth_month", "lsoa")},
        "contact_date": lambda i: WEEKDAYS[(i * 7) % 1_000].date(), "attended": lambda i: "5" if i % 8 else "7",
        **changes,
    })  # fmt: skip


@pytest.fixture
def found():
    """Doubts of some tables, by name."""

    def doubts_of(**tables: pd.DataFrame) -> dict[str, Doubt]:
        tables = {"gp_registration": registrations()} | tables
        with duckdb.connect() as con:
            for name, rows in tables.items():
                put(con, name, rows)
            return {doubt.name: doubt for doubt in doubts(con, counts(tables), fills(tables), WORKBOOK)}

    return doubts_of


def put(con, name: str, rows: pd.DataFrame) -> None:
    """Make a validated table: every column that the extract can have, null where the frame lacks it."""
    con.register("made", rows)
    columns = TABLES[name].for_form("pseudonymised")
    values = [f"CAST({c.name if c.name in rows else 'NULL'} AS {SQL_TYPE[c.type]}) AS {c.name}" for c in columns]
    con.execute(f"CREATE TABLE {name} AS SELECT {', '.join(values)} FROM made")
    con.unregister("made")


def counts(tables) -> pd.DataFrame:
    """`check_table` of tables whose rows were all kept."""
    days = {"gp_event": "event_date", "csds_contact": "contact_date", "gp_registration": "registered_from",
            "death": "date_of_death", "apc_episode": "epistart"}  # fmt: skip
    rows = []
    for name, rows_of in tables.items():
        dates = pd.to_datetime(rows_of[days[name]]) if name in days else pd.Series(dtype="datetime64[us]")
        rows.append((name, "present", len(rows_of), len(rows_of), 30, dates.min(), dates.max()))
    names = ["table_name", "state", "rows_in", "rows_kept", "rows_withheld", "first_date", "last_date"]
    return pd.DataFrame(rows, columns=names)


def fills(tables) -> pd.DataFrame:
    rows = [(t, c, "QZZ", len(f), int(f[c].notna().sum())) for t, f in tables.items() for c in f.columns]
    return pd.DataFrame(rows, columns=["table_name", "column_name", "area_code", "rows", "filled"])


def recent(day: str = "2025-03-03"):
    """One row of late date, so that no table ends before the others."""
    return lambda i: date.fromisoformat(day) if i == 0 else WEEKDAYS[i % 1_000].date()


def test_a_sound_extract_raises_no_doubt_that_stops(found):
    tables = {"gp_event": events(event_date=recent()), "csds_contact": contacts(contact_date=recent())}
    assert [name for name, doubt in found(**tables).items() if doubt.stops] == []


EVENTS_WRONG = {
    "gp_event.token_person_id:unknown": {"token_person_id": lambda i: f"other{i}"},
    "gp_event.token_person_id:nobody": {"token_person_id": lambda i: None if i % 10 == 0 else f"p{i}"},
    "gp_event.practice_code:contradicted": {"practice_code": lambda i: f"A9900{(i + 1) % 4}"},
    "gp_event.event_date:unusual": {"event_date": lambda i: date(2021 + i % 4, i % 12 + 1, 1)},
    "gp_event.event_date:before_birth": {"event_date": lambda i: date(1930, 1, 2)},
    "gp_event.snomed_code:one_value": {"snomed_code": lambda i: "44054006"},
    "gp_event.value_num:one_value": {"value_num": lambda i: 0.0},
    "gp_event.practice_code:not_filled": {"practice_code": lambda i: None if i % 5 == 0 else f"A9900{i % 4}"},
    "gp_event:same_content": {name: (lambda i, does=does: does(i // 2)) for name, does in {
        "token_person_id": lambda i: f"p{i}", "event_date": lambda i: WEEKDAYS[i % 1_000].date(),
        "snomed_code": lambda i: str(i % 50), "value_num": float, "practice_code": lambda i: f"A9900{i % 4}"}.items()},
    "gp_event.event_date:old": {"event_date": lambda i: WEEKDAYS[i % 500].date()},
}  # fmt: skip


@pytest.mark.parametrize("name", EVENTS_WRONG)
def test_events_that_are_unlikely_are_named(found, name):
    only_mentioned = ("nobody", "not_filled")
    doubt = found(gp_event=events(**{"event_date": recent()} | EVENTS_WRONG[name]))[name]
    assert doubt.stops != name.endswith(only_mentioned)
    assert 0 < doubt.rows <= doubt.of


CONTACTS_WRONG = {
    "csds_contact.sex:contradicted": {"sex": lambda i: str((i + 1) % 2 + 1)},
    "csds_contact.birth_month:contradicted": {"birth_month": lambda i: date(1950, i % 12 + 1, 1)},
    "csds_contact.attended:unusual": {"attended": lambda i: "3" if i % 8 else "5"},
    "csds_contact.token_person_id:placeholder": {"token_person_id": lambda i: "p1" if i % 10 == 0 else f"p{i}"},
    "csds_contact.token_person_id:silent": {"token_person_id": lambda i: f"p{i // 4 * 4}"},
}


@pytest.mark.parametrize("name", CONTACTS_WRONG)
def test_contacts_that_are_unlikely_stop_the_check(found, name):
    assert found(csds_contact=contacts(**CONTACTS_WRONG[name]))[name].stops


def test_a_practice_that_is_left_out_as_silent_is_no_doubt_besides():
    of_three = events(token_person_id=lambda i: f"p{i // 4 * 4 + i % 3}")  # none of the fourth practice's patients
    tables = {"gp_registration": registrations(), "gp_event": of_three}
    for left_out, doubted in ((False, True), (True, False)):
        with duckdb.connect() as con:
            for name, rows in tables.items():
                put(con, name, rows)
            con.execute(f"CREATE TABLE silent_practice AS SELECT 'A99003' AS practice_code, {left_out} AS left_out")
            names = [doubt.name for doubt in doubts_of_people(con, list(tables), WORKBOOK)]
        assert ("gp_event.token_person_id:silent" in names) == doubted


def test_some_residents_and_some_mistyped_births_are_mentioned_at_most(found):
    made = contacts(
        contact_date=recent(),
        token_person_id=lambda i: f"resident{i}" if i % 5 == 0 else f"p{i}",
        birth_month=lambda i: date(1950, 1, 1) if i % 25 == 0 else registrations_birth(i),
    )
    named = found(csds_contact=made)
    assert named["csds_contact.token_person_id:unknown"].rows == N // 5
    assert not any(doubt.stops for doubt in named.values())


def registrations_birth(i: int) -> date:
    return date(1934 + i % 90, i % 12 + 1, 1)


def test_one_person_with_many_contacts_and_mistyped_births_is_no_placeholder(found):
    # 240 rows of one person, 5 of them with other births: most say the same.
    births = {0: date(1940, 1, 1), 10: date(1941, 1, 1), 20: date(1942, 1, 1), 30: date(1943, 1, 1)}
    made = contacts(
        token_person_id=lambda i: "p0" if i % 10 == 0 else f"p{i}",
        birth_month=lambda i: births.get(i, date(1934, 1, 1)) if i % 10 == 0 else registrations_birth(i),
    )
    assert "csds_contact.token_person_id:placeholder" not in found(csds_contact=made)


REGISTERED_WRONG = {
    "gp_registration.birth_month:unusual": {
        "birth_month": lambda i: date(1934 + i % 90, 1 if i % 2 else i % 12 + 1, 1)
    },
    "gp_registration.birth_month:ages": {"birth_month": lambda i: date(1934 + i % 60, i % 12 + 1, 1)},
    "gp_registration.registered_to:current": {"registered_to": lambda i: date(2024, 1, 9)},
    "gp_registration.token_person_id:twice": {"token_person_id": lambda i: f"p{i // 2}"},
    "gp_registration.household_token:households": {"household_token": lambda i: f"h{i % 20}"},
}


@pytest.mark.parametrize("name", REGISTERED_WRONG)
def test_registrations_that_are_unlikely_stop_the_check(found, name):
    assert found(gp_registration=registrations(**REGISTERED_WRONG[name]))[name].stops


def test_households_of_one_person_each_stop_it_and_barracks_do_not(found):
    alone = found(gp_registration=registrations(household_token=lambda i: f"h{i}"))
    assert alone["gp_registration.household_token:households"].stops
    barracks = found(gp_registration=registrations(household_token=lambda i: "b" if i < 400 else f"h{i // 3}"))
    assert "gp_registration.household_token:households" not in barracks


def test_people_under_two_pseudonyms_are_found_and_twins_are_not(found):
    def like(i: int) -> int:  # the second half of the rows repeats the first
        return i % (N // 2)

    twice = registrations(
        sex=lambda i: str(like(i) % 2 + 1), birth_month=lambda i: registrations_birth(like(i)),
        household_token=lambda i: f"h{like(i) // 3}",
        registered_from=lambda i: date(1934 + like(i) % 90, like(i) % 12 + 1, like(i) % 28 + 1),
    )  # fmt: skip
    assert found(gp_registration=twice)["gp_registration.token_person_id:alike"].stops
    assert "gp_registration.token_person_id:alike" not in found()


def test_deaths_of_people_who_are_seen_for_years_are_doubted(found):
    deaths = pd.DataFrame({"death_id": range(600), "token_person_id": [f"p{i}" for i in range(600)],
                           "date_of_death": [date(2021, 2, 1)] * 600})  # fmt: skip
    named = found(death=deaths, gp_event=events(event_date=recent()))
    assert named["gp_event.event_date:after_death"].rows > 300
    assert named["death:deaths"].stops


@pytest.mark.parametrize(("early", "named"), [(0, False), (30, True)])
def test_deaths_a_month_early_are_doubted(found, early, named):
    last = [WEEKDAYS[i % 1_000].date() for i in range(600)]
    deaths = pd.DataFrame({"death_id": range(600), "token_person_id": [f"p{i}" for i in range(600)],
                           "date_of_death": [day - timedelta(days=early) for day in last]})  # fmt: skip
    doubts_found = found(death=deaths, gp_event=events(), apc_episode=episodes())
    assert ("gp_event.event_date:after_death" in doubts_found) == named
    assert ("apc_episode.epistart:after_death" in doubts_found) == named


def test_registrations_of_people_whom_no_gp_table_mentions_are_doubted(found):
    def of_a_third(key: str, day: str) -> pd.DataFrame:
        return frame(**{
            key: lambda i: f"{key}{i}", "token_person_id": lambda i: f"p{i // 3}",
            day: lambda i: WEEKDAYS[i % 1_000].date(),
        })  # fmt: skip

    medicines, visits = of_a_third("issue_id", "issue_date"), of_a_third("appointment_id", "appt_date")
    name = "gp_registration.token_person_id:unheard"
    assert name not in found(gp_event=events(), gp_medication=medicines, gp_appointment=visits)
    a_third = of_a_third("event_id", "event_date").assign(snomed_code="1000")
    doubt = found(gp_event=a_third, gp_medication=medicines, gp_appointment=visits)[name]
    assert doubt.rows / doubt.of == pytest.approx(2 / 3, abs=0.02)
    assert name not in found(gp_event=a_third)  # of the other tables nothing is known


def test_a_column_of_ethnicity_sorted_by_itself_is_doubted(found):
    of_households = [("A", "A", "J", "N", "A")[i // 3 % 5] for i in range(N)]
    name = "gp_registration.ethnicity:strangers"
    assert name not in found(gp_registration=registrations(ethnicity=of_households.__getitem__))
    assert name not in found(gp_registration=registrations(ethnicity=lambda i: "A"))
    mixed = [of_households[i * 7 % N] for i in range(N)]
    assert found(gp_registration=registrations(ethnicity=mixed.__getitem__))[name].rows > 1_000
    by_practice = {"practice_code": lambda i: f"A9900{i * 10 // N}"}
    in_order = sorted(of_households)  # households stay alike where the file has them one after the other
    name = "gp_registration.ethnicity:one_category"
    assert name in found(gp_registration=registrations(ethnicity=in_order.__getitem__, **by_practice))
    assert name not in found(gp_registration=registrations(ethnicity=of_households.__getitem__, **by_practice))


MEASURES_WRONG = {"60621009": lambda i: 170.0 + i % 30, "271649006": lambda i: 16.0 + i % 5}


@pytest.mark.parametrize("code", MEASURES_WRONG)
def test_measurements_in_another_unit_than_their_own_are_named(found, code):
    name = "gp_event.value_num:unusual"
    made = events(snomed_code=lambda i: code, value_num=MEASURES_WRONG[code])
    assert found(gp_event=made)[name].rows == N
    assert name not in found(gp_event=made.assign(unit="stated"))  # converted or refused when values are read
    usual = 27.0 if code == "60621009" else 130.0
    assert name not in found(gp_event=made.assign(value_num=usual))


def areas(decile) -> pd.DataFrame:
    ranks = range(50, 33_750, 100)
    return pd.DataFrame({"lsoa": [f"E{r}" for r in ranks], "imd_rank": list(ranks), "lsoa_name": "Demo",
                         "imd_decile": [decile((r - 1) * 10 // 33_755 + 1) for r in ranks]})  # fmt: skip


@pytest.mark.parametrize(
    ("decile", "wrong"), [(lambda d: d, False), (lambda d: 11 - d, True), (lambda d: (d + 1) // 2, True)]
)
def test_deciles_must_belong_to_the_ranks(found, decile, wrong):
    assert ("area.imd_decile:order" in found(area=areas(decile))) == wrong


def practices(**changes) -> pd.DataFrame:
    made = pd.DataFrame({"practice_code": [f"A9900{i}" for i in range(4)], "practice_name": "Alder",
                         "pcn_code": [f"U{i}" for i in range(4)], "icb_code": "QZZ",
                         "published_list_size": N // 4, "close_date": [None] * 4})  # fmt: skip
    return made.assign(**changes).astype({"close_date": "datetime64[us]"})


def test_practices_are_compared_with_their_registrations(found):
    assert not [name for name in found(practice=practices()) if name.startswith("practice")]
    wrong = practices(published_list_size=[1, 600, 600, 60_000], close_date=[date(2019, 3, 31)] * 4,
                      icb_code="QYY", practice_name="CafÃ© Surgery")  # fmt: skip
    named = found(practice=wrong)
    assert named["practice.close_date:closed"].stops
    # 540 people each: a list of 1 and one of 60,000 cannot be theirs, one of 600 can.
    assert named["practice.published_list_size:list_size"].rows == 2
    assert {"practice.icb_code:elsewhere", "practice.practice_name:garbled"} <= set(named)


def episodes(**changes) -> pd.DataFrame:
    return frame(**{
        "epikey": lambda i: f"k{i}", "token_person_id": lambda i: f"p{i}", "spell_id": lambda i: f"s{i}",
        "procode": lambda i: "RZ9", "epiorder": lambda i: 1, "sex": lambda i: str(i % 2 + 1),
        "birth_month": registrations_birth, "admidate": lambda i: WEEKDAYS[i % 1_000].date(),
        "epistart": lambda i: WEEKDAYS[i % 1_000].date(), **changes,
    })  # fmt: skip


def test_spell_numbers_of_several_people_are_doubted(found):
    assert "apc_episode.spell_id:shared" not in found(apc_episode=episodes())
    assert found(apc_episode=episodes(spell_id=lambda i: f"s{i % 100}"))["apc_episode.spell_id:shared"].stops


def test_first_episodes_begin_with_the_admission(found):
    name = "apc_episode.epistart:unusual"
    assert name not in found(apc_episode=episodes())
    assert found(apc_episode=episodes(epistart=lambda i: WEEKDAYS[i % 1_000].date() - timedelta(days=1)))[name].stops


def test_diagnoses_of_pregnancy_are_women_s(found):
    name = "apc_episode.diag_01:unusual"
    women = episodes(diag_01=lambda i: "O800" if i % 2 else "J180", birth_month=lambda i: date(1990, 1, 1))
    assert name not in found(apc_episode=women)
    assert found(apc_episode=women.assign(diag_01=sorted(women["diag_01"])))[name].beyond


def test_a_flag_turned_round_opts_nearly_everybody_out():
    tables = pd.DataFrame([("gp_registration", 5_000, 4_900)], columns=["table_name", "rows_in", "rows_withheld"])
    key = pd.MultiIndex.from_tuples([("gp_registration", "type_1_opt_out")])
    filled = pd.DataFrame({"rows": [5_000], "filled": [5_000]}, index=key)
    assert [d.name for d in doubts_of_opt_outs(tables, filled)] == ["gp_registration.type_1_opt_out:withheld"]
    none = tables.assign(rows_withheld=0)
    assert [d.kind for d in doubts_of_opt_outs(none, filled)] == ["none"]


def test_a_small_table_is_doubted_without_a_stop():
    doubt = Doubt("gp_event", "value_num", "one_value", 1_500, ENOUGH - 1, True, "", "")
    assert not doubt.stops
    assert doubt.entry == ("gp_event", "value_num", "nearly all rows have one and the same", 1_500)


def test_tables_without_registrations_are_not_compared_with_any():
    with duckdb.connect() as con:
        assert list(doubts_of_people(con, ["gp_event"], WORKBOOK)) == []


def test_columns_that_an_extract_lacks_raise_no_error():
    with duckdb.connect() as con:
        put(con, "gp_registration", registrations())
        assert not [d for d in doubts_of_values(con, ["gp_registration"], pd.DataFrame()) if d.stops]
        assert not [d for d in doubts_of_registrations(con, ["gp_registration"], WORKBOOK) if d.stops]


def addresses(home, value, name="energy_band") -> pd.DataFrame:
    """N rows, of the 800 households of `registrations` or of others."""
    return frame(
        row_id=lambda i: f"a{i}", household_token=home, list_name=lambda i: name, value=value,
        list_date=lambda i: pd.Timestamp(2024, 1, 1 + i % 28).date(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("home", "value", "named"),
    [
        (lambda i: f"h{i % 800}", lambda i: "ABCDEFG"[i % 7], set()),
        (lambda i: f"h{i % 700}", lambda i: "yes", set()),  # 700 of 800: 88%
        (lambda i: f"h{i % 800}", lambda i: "yes", {"address_list.list_name:every_address"}),
        (lambda i: f"h{i % 800}", lambda i: None, {"address_list.list_name:every_address"}),
        (lambda i: f"other-{i}", lambda i: "F", {"address_list.household_token:unknown_address"}),
    ],
)
def test_lists_with_other_keys_or_with_every_address_are_doubted(found, home, value, named):
    doubts = found(gp_registration=registrations(), address_list=addresses(home, value))
    assert {name for name in doubts if name.startswith("address_list") and "same_content" not in name} == named


def test_a_list_that_arrived_twice_is_doubted(found):
    once = addresses(lambda i: f"h{i % 800}", lambda i: "ABCDEFG"[i % 7]).drop_duplicates(
        ["household_token", "value", "list_date"]
    )
    twice = pd.concat([once, once.assign(row_id=once["row_id"] + "x")])
    assert "address_list:same_content" in found(gp_registration=registrations(), address_list=twice)
    assert "address_list:same_content" not in found(gp_registration=registrations(), address_list=once)
