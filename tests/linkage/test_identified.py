"""Linkage of the workbook's identified tables: the cases that trap it, and what it writes identifies nobody."""

import os
import shutil
from datetime import date

import duckdb
import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.linkage import identified
from phm_utils.linkage.link import IDENTITY_SOURCES, TOKEN_SOURCES
from phm_utils.linkage.linked_landing import record_columns
from phm_utils.linkage.linking import finish_linking, method_counts
from phm_utils.linkage.model import load_model
from phm_utils.linkage.scheme import PLACEHOLDER_NAMES, Scheme, deterministic_links
from phm_utils.linkage.training import use_saved
from phm_utils.privacy.pseudonyms import demo_key, load_key, make_key
from phm_utils.privacy.workplace import only_one
from phm_utils.tables import TABLES

KEY = demo_key(1)
MODEL = load_model()
DUCKDB = duckdb.connect()
DAYS = ("registered_from", "event_start", "enrolled_from", "epistart", "apptdate")


def nhs_number(stem: int) -> str:
    """A valid number of the test range 999 that begins with `stem` (six digits after 999), or the next stem's."""
    digits = f"999{stem:06d}"
    check = (11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11) % 11
    return nhs_number(stem + 1) if check == 10 else f"{digits}{check}"


ONE, TWO, THREE = nhs_number(100), nhs_number(200), nhs_number(300)
MARY = {"nhs_number": ONE, "forename": "Mary", "surname": "O'Brien", "date_of_birth": "1980-05-17", "sex": "2",
        "postcode": "ZA1 1AA", "uprn": "100"}  # fmt: skip


@pytest.fixture
def who(con, table):
    """Link GP registrations with ED attendances; the answer says which registration each attendance is of."""

    def run(registrations, attendances):
        defaults = {"practice_code": "A99001", "registered_from": "2020-01-01", "nhs_number_status": "01"}
        table(
            "gp_registration",
            [{**defaults, "registration_id": f"R{i}", **row} for i, row in enumerate(registrations)],
            "identified",
        )
        rows = [{"attendance_id": f"E{i}", "arrival_date": "2024-06-01", **row} for i, row in enumerate(attendances)]
        table("ecds_attendance", rows, "identified")
        identified.collect_records(con)
        deterministic_links(con, Scheme(identified.SPINE))
        finish_linking(con, Scheme(identified.SPINE), MODEL)
        people = con.execute("SELECT source, first_id, person FROM person_of ORDER BY ALL").fetchall()
        of_gp = {person: first for source, first, person in people if source == "gp_registration"}
        return {first: of_gp.get(person) for source, first, person in people if source == "ecds_attendance"}

    return run


def changed(person=MARY, **changes):
    return {**person, **changes}


def test_the_same_person_written_otherwise_is_found(who):
    otherwise = [
        {},
        {"surname": "Walker"},  # married: number, date of birth and forename
        {"forename": "Marie", "surname": "OBRIEN"},  # spelling
        {"date_of_birth": "1980-05-11"},  # one part of the date mistyped, both names alike
        {"forename": "O'Brien", "surname": "Mary", "date_of_birth": "1981-05-17"},  # swapped names
        {"date_of_birth": "1979-03-17"},  # same address, names equal, one part of the date
        {"nhs_number": f"{ONE[:3]} {ONE[3:6]} {ONE[6:]}"},  # written in groups
        {"nhs_number": None},  # no number: names, date of birth, postcode and sex
        {"nhs_number": "9999999999"},  # passes modulo 11, and is nobody's
        {"nhs_number": None, "surname": "Walker"},  # married: forename, date of birth and property
        {"nhs_number": None, "postcode": "ZZ99 3VZ"},  # no fixed abode, and a property
        {"nhs_number": None, "sex": "X"},
        {"nhs_number": None, "date_of_birth": "1980-05-11"},  # one digit mistyped
    ]
    found = who([MARY], [changed(**changes) for changes in otherwise])
    assert [n for n, registration in found.items() if registration != "R0"] == []


def test_too_little_or_contrary_evidence_joins_nobody(who):
    otherwise = [
        {"forename": "John", "surname": "Smith", "date_of_birth": "1950-01-01"},  # somebody else's number
        {"nhs_number": None, "forename": "UNKNOWN", "postcode": None, "uprn": None},
        {"nhs_number": None, "forename": "XXX", "surname": "XXX", "uprn": None, "postcode": "ZA9 9ZZ"},
        {"nhs_number": None, "date_of_birth": "1900-01-01", "postcode": None, "uprn": None},  # a documented null
        {"nhs_number": None, "forename": "Ellen"},  # a twin
        {"nhs_number": None, "date_of_birth": "1952-11-08"},  # a namesake at the address
        {"nhs_number": TWO},  # another valid number is another person
    ]
    found = who([MARY], [changed(**changes) for changes in otherwise])
    assert [n for n, registration in found.items() if registration] == []


def test_twins_are_distinguished_even_with_the_others_number(who):
    tom = changed(forename="Tom", nhs_number=TWO, sex="1")
    tim = changed(forename="Tim", nhs_number=THREE, sex="1")
    found = who([tom, tim], [tom, tim, changed(tom, nhs_number=None), changed(tom, nhs_number=THREE)])
    assert found == {"E0": "R0", "E1": "R1", "E2": "R0", "E3": "R0"}


def test_father_and_son_of_one_name_and_address_stay_two(who):
    father = changed(forename="John", sex="1", nhs_number=TWO, date_of_birth="1950-02-03")
    son = changed(father, nhs_number=THREE, date_of_birth="1984-09-12")
    found = who([father, son], [changed(father, nhs_number=None), changed(son, nhs_number=None)])
    assert found == {"E0": "R0", "E1": "R1"}
    # With his father's number he is still himself: number contradicted, then his own description.
    assert who([father, son], [changed(son, nhs_number=TWO)]) == {"E0": "R1"}


def test_an_unnamed_newborn_needs_its_date_and_number_or_address_and_its_sex(who):
    baby = changed(forename="Ada", date_of_birth="2024-05-30")
    unnamed = changed(baby, forename="BABY", surname="Walker")  # the mother's surname, and later her former address
    found = who(
        [baby],
        [
            unnamed,
            changed(unnamed, postcode="ZA9 9ZZ", uprn=None),
            changed(unnamed, nhs_number=None),
            changed(unnamed, nhs_number=None, postcode="ZA9 9ZZ", uprn=None),
            changed(unnamed, date_of_birth="2024-06-02", postcode="ZA9 9ZZ", uprn=None),
            changed(unnamed, sex="1"),  # the unregistered twin brother, with his sister's number
        ],
    )
    assert found == {"E0": "R0", "E1": "R0", "E2": "R0", "E3": None, "E4": None, "E5": None}


def test_a_number_given_to_two_patients_stays_with_its_verified_holder(who):
    other = {"forename": "Zoe", "surname": "Ahmed", "date_of_birth": "1999-01-01", "sex": "2", "postcode": "ZA2 2BB"}
    wrong = {**other, "nhs_number": ONE, "nhs_number_status": "03", "registered_from": "2024-01-01"}
    found = who([MARY, wrong], [MARY, {**other, "nhs_number": None}, {**other, "nhs_number": ONE}])
    assert found == {"E0": "R0", "E1": "R1", "E2": "R1"}


def test_moved_registrations_are_one_person_and_either_address_finds_them(who):
    moved = changed(postcode="ZA2 2BB", registered_from="2023-01-01", practice_code="A99002")
    found = who([MARY, moved], [changed(nhs_number=None), changed(moved, nhs_number=None)])
    assert set(found.values()) == {"R1"}  # the last of the two registrations of the one person


def test_an_unregistered_person_is_one_person_across_sources_by_number_and_birth_and_by_description(con, who, table):
    unlisted = changed(nhs_number=TWO, forename="Una", surname="Nobody")
    without = changed(unlisted, nhs_number=None)
    table("partner_list", [{"row_id": "P1", **unlisted}, {"row_id": "P2", **without}], "identified")
    who([MARY], [changed(unlisted, surname="Nobodi"), without])
    people = dict(con.execute("SELECT source || first_id, person FROM person_of").fetchall())
    unlisted_records = ("partner_listP1", "partner_listP2", "ecds_attendanceE0", "ecds_attendanceE1")
    assert len({people[who_is_it] for who_is_it in unlisted_records}) == 1
    assert len(set(people.values())) == 2
    counts = method_counts(con).set_index(["source", "method"])
    assert counts.loc[("partner_list", "identity of its own"), "records"] == 2


def test_gp_events_follow_the_practices_own_registration_with_that_number(con, who, table):
    wrong = {"nhs_number": ONE, "forename": "Zoe", "surname": "Ahmed", "date_of_birth": "1999-01-01", "sex": "2",
             "postcode": "ZA2 2BB", "practice_code": "A99002", "nhs_number_status": "02"}  # fmt: skip
    events = [(ONE, "A99001"), (ONE, "A99002"), (ONE, "A99003"), (TWO, "A99001"), (None, "A99001")]
    rows = [
        {"event_id": f"V{i}", "event_date": "2024-01-01", "nhs_number": n, "practice_code": p}
        for i, (n, p) in enumerate(events)
    ]
    table("gp_event", rows, "identified")
    who([MARY, wrong], [])
    identified.link_events(con)
    found = con.execute("SELECT practice_code, nhs_number, person FROM event_person ORDER BY ALL").fetchall()
    persons = dict(con.execute("SELECT first_id, person FROM person_of").fetchall())
    assert found == [
        ("A99001", ONE, persons["R0"]),
        ("A99001", TWO, None),
        ("A99002", ONE, persons["R1"]),
        ("A99003", ONE, persons["R0"]),
    ]


def test_every_placeholder_is_written_as_cleaning_leaves_it():
    assert all(name == "" or (name.isascii() and name.isalpha() and name.isupper()) for name in PLACEHOLDER_NAMES)


@pytest.fixture
def extract(table):
    """An identified extract of a few people; returns what must not appear in anything written."""
    other = {"nhs_number": TWO, "forename": "Ferdinand", "surname": "Quillfeather", "date_of_birth": "1948-11-23",
             "sex": "1", "postcode": "ZA2 2BB", "uprn": "20099001234"}  # fmt: skip
    defaults = {"practice_code": "A99001", "registered_from": "2020-01-01", "nhs_number_status": "01"}
    table(
        "gp_registration",
        [{"registration_id": f"R{i}", **defaults, **p} for i, p in enumerate([MARY, other])],
        "identified",
    )
    table("partner_list", [{"row_id": "P1", "list_name": "council", "list_date": "2024-01-01", **other}], "identified")
    table("gp_event", [{"event_id": "V1", "event_date": "2024-01-01", "nhs_number": TWO}], "identified")
    table("practice", [{"practice_code": "A99001", "pcn_code": "U99001"}], "identified")
    table("postcode_area", [{"postcode": "ZA2 2BB", "lsoa": "E01999002"}], "identified")
    hidden = [
        str(p[c]) for p in (MARY, other) for c in ("nhs_number", "forename", "surname", "date_of_birth", "postcode")
    ]
    return [*hidden, other["uprn"], "ZA22BB", "QUILLFEATHER", "OBRIEN"]


def place(workbook, tmp_path, **changes):
    folders = {"identified_root": str(tmp_path), "landing": str(tmp_path / "none")}
    return workbook.model_copy(update={**folders, **changes})


def test_the_landing_is_pseudonymised_and_joins_up(con, extract, workbook, tmp_path):
    linked = identified.run(con, place(workbook, tmp_path), KEY, use_saved())
    assert linked.folder == tmp_path / "landing" / "tiny" / "linked"
    gp, council, events = (
        pd.read_parquet(linked.folder / f"{t}.parquet") for t in ("gp_registration", "partner_list", "gp_event")
    )
    gp = gp.sort_values("birth_month", ascending=False)  # Mary, then Ferdinand: rows are in the order of new ids
    assert council["token_person_id"].item() == gp["token_person_id"].iloc[1] == events["token_person_id"].item()
    assert gp["token_person_id"].str.fullmatch("[0-9a-f]{32}").all()
    assert council["household_token"].item() == gp["household_token"].iloc[1] != gp["household_token"].iloc[0]
    assert gp["lsoa"].tolist()[1] == council["lsoa"].item() == "E01999002"
    assert council["birth_month"].item() == date(1948, 11, 1)
    assert len(set(gp["token_person_id"])) == 2


def test_the_landing_says_who_is_registered_with_the_postcode_of_no_fixed_abode(
    con, extract, table, workbook, tmp_path
):
    postcodes = {"R0": "zz99 3vz", "R1": "ZZ993VZ", "R2": "ZA2 2BB", "R3": "ZZ99 3CZ", "R4": None}
    known = {"practice_code": "A99001", "registered_from": "2020-01-01", "nhs_number_status": "01", "surname": "Lee"}
    people = [
        {"registration_id": key, **known, "postcode": place, "date_of_birth": f"1950-0{n + 1}-01", "forename": f"N{n}"}
        for n, (key, place) in enumerate(postcodes.items())
    ]
    table("gp_registration", people, "identified")
    folder = identified.run(con, place(workbook, tmp_path), KEY, use_saved()).folder
    found = pd.read_parquet(folder / "gp_registration.parquet").sort_values("birth_month")["no_fixed_abode"]
    assert [None if pd.isna(value) else bool(value) for value in found] == [True, True, False, False, None]


def test_the_landing_carries_sensitive_records_and_contact_preferences(con, extract, table, workbook, tmp_path):
    known = {"practice_code": "A99001", "registered_from": "2020-01-01", "nhs_number_status": "01"}
    people = [
        known | {"registration_id": "R0", "sensitive": True, "contact_preference": "interpreter", **MARY},
        known | {"registration_id": "R1", "sensitive": False, **changed(nhs_number=TWO, date_of_birth="1981-05-17")},
        known
        | {
            "registration_id": "R2",
            "contact_preference": "phone",
            **changed(nhs_number=THREE, date_of_birth="1982-05-17"),
        },
    ]
    table("gp_registration", people, "identified")
    folder = identified.run(con, place(workbook, tmp_path), KEY, use_saved()).folder
    found = pd.read_parquet(folder / "gp_registration.parquet").sort_values("birth_month")
    assert [None if pd.isna(flag) else bool(flag) for flag in found["sensitive"]] == [True, False, None]
    assert found["contact_preference"].fillna("").tolist() == ["interpreter", "", "phone"]


def test_a_list_of_addresses_gets_the_households_of_the_registrations(con, extract, table, workbook, tmp_path):
    # Mary's address written in another way, one that nobody's record has, twice, and a row without any.
    uprns = {"A0": "0100", "A1": "555", "A2": "0555", "A3": None}
    listed = {"list_name": "energy_band", "value": "F", "list_date": "2024-01-01"}
    table("address_list", [{"row_id": key, "uprn": uprn, **listed} for key, uprn in uprns.items()], "identified")
    linked = identified.run(con, place(workbook, tmp_path), KEY, use_saved())
    gp = pd.read_parquet(linked.folder / "gp_registration.parquet").sort_values("birth_month", ascending=False)
    found = pd.read_parquet(linked.folder / "address_list.parquet")
    assert list(found) == [c.name for c in TABLES["address_list"].for_form("pseudonymised")]
    tokens = found["household_token"].value_counts(dropna=False)
    assert sorted(tokens) == [1, 1, 2]
    assert tokens[gp["household_token"].iloc[0]] == 1
    assert found["household_token"].isna().sum() == 1
    assert not {"555", "0555", *uprns} & set(found.astype("str").to_numpy().ravel())
    assert "address_list: 4 rows, 1 of them without a UPRN" in str(linked)


def test_no_identifier_is_in_the_landing_nor_to_be_read_in_the_ledger(con, extract, workbook, tmp_path):
    folder = identified.run(con, place(workbook, tmp_path), KEY, use_saved()).folder
    landing = [f for f in folder.iterdir() if not f.stem.startswith("linkage_")]
    assert {f.stem for f in landing} == {"gp_registration", "partner_list", "gp_event", "practice"}
    for file in folder.iterdir():
        text = pd.read_parquet(file).to_csv().upper()
        assert [value for value in extract if value.upper() in text] == []
    ledger = tmp_path / "linking" / "tiny" / identified.LEDGER_FILE
    for file in [*folder.iterdir(), ledger]:
        raw = file.read_bytes()
        assert [value for value in extract if value.encode() in raw] == []


def test_the_order_of_rows_changes_no_byte_and_another_key_changes_every_token(con, extract, workbook, tmp_path):
    first = identified.run(con, place(workbook, tmp_path / "a"), KEY, use_saved()).folder
    for name in ("gp_registration", "partner_list"):
        con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name} ORDER BY surname")
    again = identified.run(con, place(workbook, tmp_path / "b"), KEY, use_saved()).folder
    for file in first.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes()
    other = identified.run(con, place(workbook, tmp_path / "c"), demo_key(2), use_saved()).folder
    tokens = [set(pd.read_parquet(f / "gp_registration.parquet")["token_person_id"]) for f in (first, other)]
    assert not tokens[0] & tokens[1]


@pytest.fixture
def many(table):
    """An extract with every table of people, of 40 people, who have a row in each."""
    for name in (*IDENTITY_SOURCES, *TOKEN_SOURCES):
        columns = {c.name for c in TABLES[name].for_form("identified")}
        filled = {**{c: "2024-01-{:02d}" for c in columns if "date" in c or c in DAYS},
                  "date_of_birth": "19{:02d}-05-17",
                  **dict.fromkeys((*TABLES[name].key, "spell_id", "referral_id"), "X{}"), "nhs_number": None,
                  "forename": "Mary{}", "surname": "O'Brien{}", "sex": "2", "postcode": "ZA2 2BB", "uprn": "2009{}",
                  "practice_code": "A99001"}  # fmt: skip
        people = range(1, 29)
        rows = [
            {c: nhs_number(n * 100) if c == "nhs_number" else v.format(n) for c, v in filled.items() if c in columns}
            for n in people
        ]
        table(name, rows, "identified")


def test_landings_of_two_purposes_share_no_id_token_or_order(con, many, workbook, tmp_path):
    purposes = ("population_health_management", "direct_care")
    folders = [
        identified.run(con, place(workbook, tmp_path / purpose, purpose=purpose), KEY, use_saved()).folder
        for purpose in purposes
    ]
    ids = 0
    for name in (*IDENTITY_SOURCES, *TOKEN_SOURCES):
        one, two = (pd.read_parquet(folder / f"{name}.parquet") for folder in folders)
        assert len(one) == len(two) == 28
        for column in one:
            # Anything that tells most rows of the table apart could join it; days, months and codes are facts of both.
            if one[column].nunique() > 20 and one[column].dtype == "str":
                assert not set(one[column]) & set(two[column]), (name, column)
                ids += 1
        assert set(record_columns(name)) <= set(one.columns)
        facts = [c for c in one if c in DAYS or c == "birth_month"]
        if facts:  # nor do they join by the place of a row
            assert one[facts].astype(str).to_numpy().tolist() != two[facts].astype(str).to_numpy().tolist()
    # 15 tables with a record id and a person's token, 2 with groups of records, 2 with a household's token.
    assert ids == 15 * 2 + 2 + 2 - (15 - len((*IDENTITY_SOURCES, *TOKEN_SOURCES))) * 2
    settings = [pd.read_parquet(f / "linkage_setting.parquet").set_index("name")["value"] for f in folders]
    assert settings[0]["ledger"] != settings[1]["ledger"]


def test_record_ids_are_the_same_in_every_run_for_a_purpose_and_no_source_id_is_left(con, extract, workbook, tmp_path):
    first, again = (identified.run(con, place(workbook, tmp_path), KEY, use_saved()).folder for _ in range(2))
    ids = pd.read_parquet(first / "gp_registration.parquet")["registration_id"]
    assert ids.str.fullmatch("[0-9a-f]{20}").all()
    assert ids.is_unique
    assert ids.tolist() == pd.read_parquet(again / "gp_registration.parquet")["registration_id"].tolist()


def test_an_older_a_truncated_and_a_deleted_ledger_are_refused_by_name(con, extract, workbook, tmp_path):
    work = place(workbook, tmp_path)
    ledger = tmp_path / "linking" / "tiny" / identified.LEDGER_FILE
    identified.run(con, work, KEY, use_saved())
    old = ledger.read_bytes()
    con.execute(
        "UPDATE gp_registration SET forename = 'Xenia', date_of_birth = '1999-01-02' WHERE registration_id = 'R0'"
    )
    folder = identified.run(con, work, KEY, use_saved()).folder
    new = ledger.read_bytes()
    landing = {file.name: file.read_bytes() for file in folder.iterdir()}

    def refused(reason):
        with pytest.raises(InputError, match=reason) as refusal:
            identified.run(con, work, KEY, use_saved())
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == landing
        return str(refusal.value)

    ledger.write_bytes(old)
    assert "--accept-ledger" in refused(r"\(run 1, [0-9a-f]{16}\) is not the one with which .* \(run 2, [0-9a-f]{16}\)")
    ledger.write_bytes(new[:-1])
    refused("changed since it was written")
    ledger.write_bytes(b"")
    refused("not a file of the vault")
    ledger.unlink()
    assert "--accept-ledger" in refused("is missing, and .* was made with it")
    shutil.move(folder, tmp_path / "given away")  # the record below the identified root remains
    with pytest.raises(InputError, match=r"is missing, and .*stamps.tiny\.json was made with it"):
        identified.run(con, work, KEY, use_saved())
    shutil.move(tmp_path / "given away", folder)
    ledger.write_bytes(new)
    identified.run(con, work, KEY, use_saved())
    ledger.write_bytes(old)
    identified.run(con, work, KEY, use_saved(), accept_ledger=True)
    identified.run(con, work, KEY, use_saved())  # from now on, that is the ledger


def test_a_landing_taken_over_from_before_stamps_is_linked_again(con, extract, workbook, tmp_path):
    work = place(workbook, tmp_path)
    folder = identified.run(con, work, KEY, use_saved()).folder
    settings = pd.read_parquet(folder / "linkage_setting.parquet")
    settings[~settings["name"].isin(["ledger", "purpose"])].to_parquet(folder / "linkage_setting.parquet")
    shutil.rmtree(tmp_path / "stamps")
    identified.run(con, work, KEY, use_saved())


def test_a_second_linkage_of_the_same_extract_is_refused_while_one_is_at_work(con, extract, workbook, tmp_path):
    work = place(workbook, tmp_path)
    with only_one(tmp_path, "tiny"), pytest.raises(InputError, match="Another `phm link` or `phm check` is at work"):
        identified.run(con, work, KEY, use_saved())
    assert not (tmp_path / "landing").exists()
    identified.run(con, work, KEY, use_saved())


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_all_that_a_linkage_writes_is_its_owners_alone_whatever_was_there(con, extract, workbook, tmp_path):
    for folder in ("landing/tiny", "linking/tiny/review", "quarantine"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder).chmod(0o755)
    before = os.umask(0o000)
    try:
        identified.run(con, place(workbook, tmp_path), KEY, use_saved())
    finally:
        os.umask(before)
    written = [path for path in tmp_path.rglob("*") if path != tmp_path / "quarantine"]
    assert len(written) > 10
    assert {oct(p.stat().st_mode & 0o777) for p in written if p.is_file()} == {"0o600"}
    assert {oct(p.stat().st_mode & 0o777) for p in written if p.is_dir()} == {"0o700"}


def test_real_data_need_a_key_of_their_own_and_a_spine(con, extract, workbook, tmp_path):
    real = place(workbook, tmp_path / "work", synthetic=False)
    with pytest.raises(InputError, match="not synthetic"):
        identified.run(con, real, KEY, use_saved())
    assert not (tmp_path / "work").exists()
    make_key(tmp_path / "phm.key")
    assert identified.run(con, real, load_key(tmp_path / "phm.key"), use_saved()).folder.is_dir()
    con.execute("DROP TABLE gp_registration")
    with pytest.raises(InputError, match="No gp_registration"):
        identified.run(con, real, load_key(tmp_path / "phm.key"), use_saved())
