"""Released tables: declared once, protected, and safe to open in a spreadsheet."""

import pandas as pd
import pytest

from phm_utils.batch.protect import protect
from phm_utils.batch.released_csv import write_tables
from phm_utils.engine import session
from phm_utils.printable import printable
from phm_utils.privacy.csv_text import csv_text
from phm_utils.privacy.release import AREA, Release, aggregate, count, key
from phm_utils.runs import Store

AREAS = {"QZZ": "Demo ICS", "U99001": "First PCN"}


RELEASE = Release("people", "People", (AREA, key("practice"), count("people")))
FRAME = pd.DataFrame(
    {
        "area_code": ["QZZ", "QZZ", "U99001"],
        "practice": ["=HYPERLINK(1)", "Église", "-2+3"],
        "people": [123, 4, 0],
        "secret": [1, 2, 3],
    }
)


@pytest.fixture
def store(tmp_path, workbook) -> Store:
    made = Store(tmp_path / "store")
    with session() as con, made.stage("tables", "k") as writer:
        writer.add(con, aggregate(RELEASE, FRAME))
        with made.stage("protect", "k") as protection:
            for model in protect([(RELEASE, None)], con, workbook):
                protection.add(con, model)
    return made


def test_each_area_has_its_own_rows_and_small_counts_are_stars(store, tmp_path):
    assert write_tables(store, tmp_path / "release", AREAS) == 2
    ics = (tmp_path / "release" / "QZZ" / "people.csv").read_bytes().decode("utf-8-sig")
    assert ics == "practice,people\n'=HYPERLINK(1),125\nÉglise,*\n"
    assert (tmp_path / "release" / "U99001" / "people.csv").read_text("utf-8-sig") == "practice,people\n'-2+3,0\n"


PART = {"part": "Part", "needs": "what it declares"}
ON = Release("on", "On", (AREA,), **PART, rests_on=("bmi", "age"))
ONE_OF = Release("one_of", "One of", (AREA,), **PART, one_of=("efi", "hfrs"))
LACKS = Release("lacks", "Lacks", (AREA, key("table_name"), key("column_name")), lists_lacks=True)


@pytest.mark.parametrize(
    ("lacking", "on", "one_of"),
    [
        ([], "what it declares", "what it declares"),
        ([("gp_event.value_num", "bmi"), ("apc_episode", "hfrs")], "GP coded events (field value_num)",
         "what it declares"),
        ([("gp_event", "efi"), ("gp_medication", "efi"), ("apc_episode", "hfrs")], "what it declares",
         "GP coded events, GP medicines issued and admitted patient care episodes"),
    ],
)  # fmt: skip
def test_a_table_that_is_not_made_says_which_of_its_needs_the_run_lacks(workbook, lacking, on, one_of):
    frame = pd.DataFrame(lacking, columns=["table_name", "column_name"]).astype("str").assign(area_code="QZZ")
    with session() as con:
        con.register("aggregate_lacks", frame)
        *_, catalogue = protect([(r, None) for r in (ON, ONE_OF, LACKS)], con, workbook)
    assert catalogue.frame.set_index("name").loc[["on", "one_of"], "needs"].tolist() == [on, one_of]


def test_a_file_that_has_not_changed_is_not_touched_and_one_no_longer_released_goes(store, tmp_path):
    write_tables(store, tmp_path / "release", AREAS)
    file = tmp_path / "release" / "QZZ" / "people.csv"
    before = file.stat().st_mtime_ns
    (tmp_path / "release" / "QZZ" / "old.csv").write_text("x\n")
    write_tables(store, tmp_path / "release", AREAS)
    assert file.stat().st_mtime_ns == before
    assert [p.name for p in (tmp_path / "release" / "QZZ").iterdir()] == ["people.csv"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_is_run_by_a_spreadsheet_and_no_number_is_changed(start):
    text = csv_text(pd.DataFrame({"name": [f"{start}cmd"], "difference": [-2.5]}))
    assert f"'{printable(start)}cmd" in text  # in one line: a tab and a line's end are a blank
    assert ",-2.5" in text


def test_only_declared_columns_leave(store):
    assert list(store.read("release_people")) == ["area_code", "practice", "people"]
    catalogue = store.read("released_table").iloc[0]
    assert (catalogue["name"], catalogue["counts"], bool(catalogue["published"])) == ("people", "people", False)
