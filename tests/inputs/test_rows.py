"""What becomes of a row: kept, kept with a field nulled, or quarantined."""

import pandas as pd
import pytest


def flags(store, table, key, value):
    frame = store.read(table).set_index(key)
    return frame.loc[value, "nulled_fields"]


def account(store, table):
    return store.read("check_table").set_index("table_name").loc[table]


def test_rows_in_are_kept_plus_quarantined(small, rows):
    event = rows["gp_event"]
    small.put(
        "gp_event",
        event,
        event | {"event_id": "e2", "snomed_code": "44054007"},  # wrong check digit: kept, the code nulled
        event | {"event_id": "e3", "event_date": "31/06/2024"},  # cannot be dated
        event | {"event_id": None},  # cannot be keyed
        event | {"event_id": "e5", "practice_code": "Alder Surgery"},  # one bad field: kept
    )
    row = account(small.checked(), "gp_event")
    assert (row.rows_in, row.rows_kept, row.rows_quarantined, row.rows_nulled) == (5, 3, 2, 2)


def test_a_bad_field_is_nulled_and_named_and_its_row_kept(small, rows):
    small.put("apc_episode", rows["apc_episode"] | {"diag_01": "7999", "sex": "3", "epiorder": "0"})
    store = small.checked()
    row = store.read("apc_episode").iloc[0]
    assert row["nulled_fields"] == "sex:unknown code;epiorder:out of range;diag_01:wrong form"
    assert row[["diag_01", "sex", "epiorder"]].isna().all()
    assert row["admimeth"] == "21"


def test_documented_nulls_are_null_without_a_flag(small, rows):
    small.put(
        "apc_episode",
        rows["apc_episode"] | {"diag_02": "-", "opertn_01": "-   ", "gppract": "V81999", "disdate": "1801-01-01",
                               "lsoa": "Z99999999", "spell_id": "-1"},
    )  # fmt: skip
    store = small.checked()
    row = store.read("apc_episode").iloc[0]
    assert row[["diag_02", "opertn_01", "gppract", "disdate", "lsoa", "spell_id", "nulled_fields"]].isna().all()
    counted = store.read("check_field").query("disposition == 'documented null'")
    assert set(counted["column_name"]) == {"diag_02", "opertn_01", "gppract", "disdate", "lsoa", "spell_id"}


@pytest.mark.parametrize(
    ("column", "given", "kept"),
    [("diag_01", "S7200", "S7200"), ("diag_01", "M05.9D", "M059D"), ("diag_01", "J22X", "J22X"),
     ("lsoa", "W01000218", "W01000218"), ("sex", "0", "0"), ("sex", "X", "X"), ("sex", "female", "2"),
     ("gppract", " a99001 ", "A99001")],
)  # fmt: skip
def test_valid_though_unusual(small, rows, column, given, kept):
    store = small.put("apc_episode", rows["apc_episode"] | {column: given}).checked()
    row = store.read("apc_episode").iloc[0]
    assert row[column] == kept
    assert pd.isna(row["nulled_fields"])


@pytest.mark.parametrize("code", ["Z", "99", "S"])
def test_ethnicity_not_stated_and_not_known_are_kept_apart(small, rows, code):
    store = small.put("gp_registration", rows["gp_registration"] | {"ethnicity": code}).checked()
    assert store.read("gp_registration")["ethnicity"].tolist() == [code]
    filled = store.read("check_completeness").query("column_name == 'ethnicity' and area_code == 'QZZ'")["filled"]
    assert filled.tolist() == [0 if code == "99" else 1]


@pytest.mark.parametrize("day", ["2025-05-02", "2999-01-01", "1801-01-01", "0001-01-01", "infinity", "45444", ""])
def test_a_row_that_cannot_be_dated_is_quarantined_with_its_text(small, rows, day):
    small.put("gp_event", rows["gp_event"], rows["gp_event"] | {"event_id": "e2", "event_date": day})
    store = small.checked()
    assert store.read("gp_event")["event_id"].tolist() == ["e1"]
    rejected = small.rejected_rows("gp_event")
    assert rejected["event_id"].tolist() == ["e2"]
    assert rejected["event_date"].fillna("").tolist() == [day]
    assert rejected["reason"].str.startswith("event_date:").all()


def test_a_month_of_birth_after_the_rows_date_is_the_faulty_field(small, rows):
    store = small.put("apc_episode", rows["apc_episode"] | {"birth_month": "2024-05-01"}).checked()
    row = store.read("apc_episode").iloc[0]
    assert row["nulled_fields"] == "birth_month:after epistart"
    assert str(row["epistart"])[:10] == "2024-03-01"


def test_in_a_registration_the_month_of_birth_stays(small, rows):
    store = small.put("gp_registration", rows["gp_registration"] | {"birth_month": "2024-05-01"}).checked()
    assert store.read("gp_registration")["birth_month"].notna().all()


def test_a_date_before_the_one_it_must_follow_is_nulled(small, rows):
    store = small.put("apc_episode", rows["apc_episode"] | {"disdate": "2024-02-01"}).checked()
    assert flags(store, "apc_episode", "epikey", "1") == "disdate:before admidate"


def test_of_a_repeated_key_one_row_is_kept_in_whatever_file_and_order(small, rows):
    event = rows["gp_event"]
    first, second = event | {"unit": "kg"}, event | {"unit": "lb"}
    other = event | {"event_id": "e2"}
    kept = []
    for order in ([first, other, second], [second, first, other]):
        small.put("gp_event", *order, file="gp_event/b.csv").put("gp_event", second, file="gp_event/c.csv")
        store = small.checked(store=f"store{len(kept)}")
        kept.append(store.read("gp_event"))
        assert account(store, "gp_event").rows_quarantined == 2
    pd.testing.assert_frame_equal(*kept)
    assert kept[0]["event_id"].tolist() == ["e1", "e2"]
    assert set(small.rejected_rows("gp_event")["reason"]) == {"event_id:repeated key"}


def test_a_usable_row_is_kept_rather_than_an_unusable_one_of_the_same_key(small, rows):
    event = rows["gp_event"]
    store = small.put("gp_event", event | {"event_date": "never"}, event).checked()
    assert store.read("gp_event")["event_id"].tolist() == ["e1"]
    assert small.rejected_rows("gp_event")["reason"].tolist() == ["event_date:not a date"]


def test_an_absent_table_is_reported_and_not_stored(small):
    store = small.checked()
    assert account(store, "ecds_attendance").state == "absent"
    assert "ecds_attendance" not in store.tables()


def test_all_columns_of_the_form_are_there_and_absent_ones_are_null(small, rows):
    from phm_utils.tables import TABLES

    store = small.put("apc_episode", rows["apc_episode"]).checked()
    frame = store.read("apc_episode")
    assert list(frame) == [c.name for c in TABLES["apc_episode"].for_form("pseudonymised")] + ["nulled_fields"]
    assert frame["opertn_24"].isna().all()


def test_residents_elsewhere_and_unknown_practices_are_kept_and_counted(small, rows):
    episode = rows["apc_episode"]
    small.put("apc_episode", episode, episode | {"epikey": "2", "lsoa": "W01000218", "gppract": "W98001"})
    found = small.checked().read("check_field").query("disposition == 'kept'").set_index("column_name")
    assert found.loc["lsoa", ["rule", "rows"]].tolist() == ["not in the area table", 1]
    assert found.loc["gppract", ["rule", "rows"]].tolist() == ["not in the practice table", 1]


def test_practice_account_has_freshness_and_list_sizes(small, rows):
    small.put("gp_event", rows["gp_event"], rows["gp_event"] | {"event_id": "e2", "event_date": "2024-09-30"})
    row = small.checked().read("check_practice").iloc[0]
    assert (str(row["last_event_date"])[:10], row["registered"], row["published_list_size"]) == ("2024-09-30", 1, 2)


def test_identified_form_checks_nhs_numbers(landing, rows):
    person = {"registration_id": "r1", "nhs_number": "943 476 5919", "surname": "Smith", "postcode": "zz99 3vz",
              "date_of_birth": "1980-02-03", "practice_code": "A99001", "registered_from": "2010-01-01"}  # fmt: skip
    bad = [person | {"registration_id": f"r{n}", "nhs_number": number} for n, number in
           enumerate(["9434765918", "9999999999", "0000000000"], start=2)]  # fmt: skip
    landing.put("gp_registration", person, *bad)
    frame = landing.checked(landing.workbook(form="identified")).read("gp_registration")
    assert frame["nhs_number"].fillna("").tolist() == ["9434765919", "", "", ""]
    assert frame["nulled_fields"].fillna("").tolist() == ["", *["nhs_number:failed check digit"] * 3]
    assert frame["postcode"].tolist() == ["ZZ99 3VZ"] * 4
