"""Files as analysts have them: CSV or Parquet, any order, other names and codes, or broken."""

import duckdb
import pandas as pd
import pytest

from phm_utils.errors import InputError, StepFailed
from phm_utils.inputs import validate
from phm_utils.inputs.check import check_stage, input_files
from phm_utils.inputs.practice_table import areas


def bytes_of(store):
    return {f.relative_to(f.parents[1]).as_posix(): f.read_bytes() for f in sorted(store.root.rglob("*.parquet"))}


# One event 3,000 times is doubted, and right here.
DOUBTED = (
    *("gp_event.event_date:old", "gp_event.event_date:unusual", "gp_event.snomed_code:one_value"),
    *("gp_event.value_num:one_value", "gp_event:same_content"),
)


def many(rows, n=3000):
    """Events in which some rows have a fault and some keys are repeated."""
    frame = pd.DataFrame([rows["gp_event"]] * n)
    frame["event_id"] = [f"e{i % (n - 50)}" for i in range(n)]
    frame["event_date"] = [f"2024-06-{i % (n - 50) % 28 + 1:02d}" for i in range(n)]
    frame["unit"] = [f"u{i % 7}" for i in range(n)]
    frame["value_num"] = [["1.5", "x", "1e400", "-3"][i % 4] if i % 19 == 0 else "2" for i in range(n)]
    return frame


def test_an_extract_without_registrations_is_refused_unless_the_check_alone_is_wanted(landing, rows):
    landing.put("practice", rows["practice"]).put("gp_event", rows["gp_event"])
    with pytest.raises(InputError, match=r"- gp_registration: absent, and every report counts the people registered"):
        landing.checked()
    store = landing.checked(landing.workbook(accept=("gp_registration:absent",)))
    assert store.read("gp_event")["event_id"].tolist() == ["e1"]


def test_the_same_bytes_in_any_order_and_with_any_number_of_threads(small, rows, monkeypatch):
    frame, made = many(rows), []
    for seed, threads in ((None, 1), (1, 4), (2, 2)):
        shuffled = frame if seed is None else frame.sample(frac=1, random_state=seed)
        shuffled.to_csv(small.folder / "gp_event.csv", index=False)
        monkeypatch.setenv("PHM_THREADS", str(threads))
        made.append(bytes_of(small.checked(small.workbook(accept=DOUBTED), f"store{threads}")))
    assert made[0] == made[1] == made[2]
    assert any("gp_event" in name for name in made[0])


def test_csv_and_parquet_of_the_same_rows_give_the_same_table(small, rows):
    frame = many(rows)
    frame["event_date"] = pd.to_datetime(frame["event_date"])
    frame["value_num"] = [i / 7 for i in range(len(frame))]
    frame["event_id"] = range(10_000, 10_000 + len(frame))
    frame.to_parquet(small.folder / "gp_event.parquet")
    from_parquet = bytes_of(small.checked(small.workbook(accept=DOUBTED), "a"))
    (small.folder / "gp_event.parquet").unlink()
    frame.to_csv(small.folder / "gp_event.csv", index=False)
    assert bytes_of(small.checked(small.workbook(accept=DOUBTED), "b")) == from_parquet


def test_codes_that_a_data_frame_made_into_numbers_are_read_as_codes(small, rows):
    event = rows["gp_event"] | {"snomed_code": 44054006.0, "event_id": 17}
    store = small.put(
        "gp_event", event, event | {"snomed_code": None, "event_id": 18}, file="gp_event.parquet"
    ).checked()
    assert store.read("gp_event")["snomed_code"].fillna("").tolist() == ["44054006", ""]
    assert store.read("gp_event")["event_id"].tolist() == ["17", "18"]


def test_a_mapping_renames_recodes_dates_and_fills(small, rows):
    (small.folder / "sus").mkdir()
    (small.folder / "sus/april.txt").write_text(
        "KEY;Who;Born;ARRIVED;Dept;Note\n1;token-1;021980;31/01/2024;1;a\n2;token-1;021980;1.2.2024;UNK;b\n", "utf-8"
    )
    workbook = small.mapped("""
tables:
  ecds_attendance:
    files: sus/*.txt
    delimiter: ";"
    columns: {attendance_id: KEY, token_person_id: who, birth_month: Born, arrival_date: ARRIVED, department_type: Dept}
    constants: {procode: RXX}
    values: {department_type: {"1": "01"}}
    nulls: {department_type: [UNK]}
    date_formats: ["%d/%m/%Y", "%d.%m.%Y"]
    formats: {birth_month: ["%m%Y"]}
""")
    frame = small.checked(workbook).read("ecds_attendance")
    assert frame["arrival_date"].astype(str).str[:10].tolist() == ["2024-01-31", "2024-02-01"]
    assert frame["birth_month"].astype(str).str[:10].tolist() == ["1980-02-01"] * 2
    assert frame["department_type"].fillna("").tolist() == ["01", ""]
    assert frame["procode"].tolist() == ["RXX"] * 2
    assert frame["nulled_fields"].isna().all()


def test_a_misspelt_name_in_a_mapping_is_refused_with_the_nearest(small):
    workbook = small.mapped("tables: {gp_events: {}, apc_episode: {columns: {epi_start: X}}}")
    with pytest.raises(InputError, match="did you mean `gp_event`") as error:
        small.checked(workbook)
    assert "did you mean `epistart`" in str(error.value)


def test_everything_wrong_with_the_files_is_said_at_once(small, rows):
    (small.folder / "gp_event.parquet").write_bytes(b"PAR1 not really")
    (small.folder / "death.csv").touch()
    small.put("apc_episode", {"epikey": "1", "token_person_id": "token-1"})
    (small.folder / "csds_contact.csv").write_text("care_contact_id;token_person_id;contact_date\n1;t;2024-01-01\n")
    (small.folder / "op_attendance.csv").write_text("attendkey,token_person_id,apptdate\n")
    with pytest.raises(InputError) as error:
        small.checked()
    text = str(error.value)
    assert "5 faults" in text
    for part in ("gp_event.parquet is not a readable Parquet", "death.csv is empty", "that the table needs: epistart",
                 "care_contact_id, token_person_id, contact_date", "op_attendance: no rows"):  # fmt: skip
        assert part in text


def test_no_landing_folder_is_one_clear_error(landing):
    with pytest.raises(InputError, match="phm simulate"):
        landing.checked(landing.workbook(landing="${PHM_NOWHERE}/x"))


def test_letters_that_are_not_utf8_are_named_and_can_be_declared(small):
    text = "row_id,token_person_id,list_name,flag,list_date\n1,token-1,Café,x,2024-01-01\n"
    (small.folder / "partner_list.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8") as error:
        small.checked()
    assert "Caf" not in str(error.value)
    store = small.checked(small.mapped("tables: {partner_list: {encoding: latin-1}}"))
    assert store.read("partner_list")["list_name"].tolist() == ["Café"]


def test_a_byte_order_mark_and_windows_line_ends_are_read(small, rows):
    text = pd.DataFrame([rows["gp_event"]]).to_csv(index=False, lineterminator="\r\n")
    (small.folder / "gp_event.csv").write_bytes(text.encode("utf-8-sig"))
    assert small.checked().read("gp_event")["practice_code"].tolist() == ["A99001"]


HOSTILE = ["'; DROP TABLE gp_event; --", 'a"b', "a,b", "=cmd|' /C calc'!A0", "\\N", "x" * 70_000, "💉"]


def test_hostile_values_are_data(small, rows):
    event = rows["gp_event"]
    small.put("gp_event", *(event | {"event_id": f"e{i}", "unit": value} for i, value in enumerate(HOSTILE)))
    frame = small.checked().read("gp_event")
    units = frame.set_index("event_id")["unit"].fillna("").tolist()
    assert units == [value if len(value) < 256 else "" for value in HOSTILE]
    assert frame["nulled_fields"].dropna().tolist() == ["unit:too long"]


def test_no_row_is_lost_to_a_quotation_mark_that_nothing_closes(small, rows):
    lines = pd.DataFrame([rows["gp_event"] | {"event_id": f"e{i}", "unit": "mm"} for i in range(4)]).to_csv(index=False)
    (small.folder / "gp_event.csv").write_text(lines.replace("mm", '"mm', 1))
    with pytest.raises(InputError, match="a quotation mark in line 2 opens a field that is never closed"):
        small.checked()
    (small.folder / "gp_event.csv").write_text(lines.replace("mm", 'm"m', 1))
    assert len(small.checked().read("gp_event")) == 4


def test_a_name_with_brackets_is_no_pattern(small, rows):
    whole = pd.DataFrame([rows["gp_event"] | {"event_id": f"e{i}"} for i in range(3)])
    small.folder.joinpath("gp_event").mkdir(exist_ok=True)
    for name, part in (("list1", whole[:1]), ("list[1]", whole[1:])):
        part.to_csv(small.folder / "gp_event" / f"{name}.csv", index=False)
    assert len(small.checked().read("gp_event")) == 3


def test_columns_of_any_spelling_are_only_names(small, rows):
    frame = pd.DataFrame([rows["gp_event"]]).assign(**{'x" FROM y; --': "1", "select": "2"})
    frame.rename(columns=str.upper).to_csv(small.folder / "gp_event.csv", index=False)
    assert len(small.checked().read("gp_event")) == 1


def test_a_table_found_twice_is_refused(small, rows):
    small.put("gp_event", rows["gp_event"]).put("gp_event", rows["gp_event"], file="gp_event/U99001.csv")
    with pytest.raises(InputError, match="gp_event: found twice"):
        small.checked()


def test_an_error_of_the_database_quotes_no_row(small, rows, monkeypatch):

    def broken(*_):
        raise duckdb.Error("Could not convert 'Mrs Secret' to DATE")

    monkeypatch.setattr(validate, "_check_rows", broken)
    with pytest.raises(InputError) as error:
        small.put("gp_event", rows["gp_event"]).checked()
    assert "Secret" not in str(error.value)


def test_areas_are_the_ics_and_its_own_pcns(small, rows):
    small.put("practice", rows["practice"], rows["practice"] | {"practice_code": "A88001", "pcn_code": "U88001",
                                                                "icb_code": "QYY"})  # fmt: skip
    assert areas(small.workbook()) == {"QZZ": "Tiny ICS", "U99001": "Northgate"}


def test_input_files_are_all_that_the_check_reads(small):
    names = {path.name for path in input_files(small.workbook())}
    assert names == {"practice.csv", "area.csv", "gp_registration.csv", "governance.yml", "restricted_codes.csv"}


def test_two_files_of_one_name_in_two_folders_are_both_read(small, rows):
    small.put("gp_event", rows["gp_event"], file="2023/events.csv")
    small.put("gp_event", rows["gp_event"] | {"event_id": "e2"}, file="2024/events.csv")
    store = small.checked(small.mapped("tables: {gp_event: {files: '20*/events.csv'}}"))
    assert store.read("gp_event")["event_id"].tolist() == ["e1", "e2"]


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_reading_files_together_or_apart_changes_no_row(small, rows, monkeypatch, at_once):
    monkeypatch.setattr(validate, "rows_at_once", lambda memory, fields: at_once)
    event = rows["gp_event"]
    for n in range(4):
        shared = event | {"event_id": "shared", "unit": f"u{n}"}
        small.put("gp_event", shared, event | {"event_id": f"e{n}"}, file=f"gp_event/f{n}.csv")
    frame = small.checked().read("gp_event").sort_values("event_id")
    assert frame["event_id"].tolist() == ["e0", "e1", "e2", "e3", "shared"]
    assert frame["unit"].dropna().tolist() == ["u0"]
    assert small.rejected_rows("gp_event")["file"].tolist() == ["f1", "f2", "f3"]


def test_keys_held_as_numbers_and_as_text_are_compared_as_text(small, rows):
    small.put("gp_event", rows["gp_event"] | {"event_id": 7}, file="gp_event/a.parquet")
    small.put("gp_event", rows["gp_event"] | {"event_id": " 7"}, file="gp_event/b.parquet")
    assert len(small.checked().read("gp_event")) == 1


def test_a_landing_that_is_replaced_while_it_is_read_is_refused(small, tmp_path, monkeypatch):
    def replaced(*_, **__):
        small.folder.rename(small.folder.with_name("old"))
        small.folder.mkdir()

    monkeypatch.setattr("phm_utils.inputs.check.check", replaced)
    workbook = small.workbook(outputs=str(tmp_path / "outputs"), identified_root=str(tmp_path))
    with pytest.raises(StepFailed, match="was replaced while it was read"):
        check_stage(None, workbook, None)
