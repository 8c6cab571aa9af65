"""Every line of a CSV is a row, or lies in the quarantine with its text, or its file is refused."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.engine import session
from phm_utils.errors import InputError
from phm_utils.inputs.check_report import report
from phm_utils.inputs.csv_files import convert_csv, header_of
from phm_utils.inputs.mapping import TableMapping

RULE = "line break in a field"


def events(rows, n):
    """Lines of `n` events, the header first."""
    frame = pd.DataFrame([rows["gp_event"] | {"event_id": f"e{i}", "unit": "mm"} for i in range(n)])
    return frame.to_csv(index=False).splitlines()


def counts(store, table="gp_event"):
    row = store.read("check_table").set_index("table_name").loc[table]
    return row["rows_in"], row["rows_kept"], row["rows_quarantined"]


def test_lines_between_two_stray_marks_are_quarantined_with_their_text(small, rows):
    lines = events(rows, 400)
    for place in (11, 20):
        lines[place] = lines[place].replace("mm", '"mm')
    (small.folder / "gp_event.csv").write_text("\n".join(lines) + "\n")
    store = small.checked()
    assert counts(store) == (400, 390, 10)
    kept = small.rejected_rows("gp_event").sort_values("line")
    assert kept["line"].tolist() == list(range(12, 22))
    assert kept["text"].tolist() == lines[11:21]
    assert set(kept["reason"]) == {f"(row):{RULE}"}


def test_an_extract_that_loses_most_of_a_table_to_stray_marks_stops_by_name(small, rows):
    lines = events(rows, 1_000)
    for place in (30, 975):
        lines[place] = lines[place].replace("mm", '"mm')
    (small.folder / "gp_event.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=rf"gp_event:quarantined: 946 of 1,000 rows \(95%\) .*{RULE}: 946"):
        small.checked()


def test_a_line_break_in_a_field_costs_its_lines_and_no_other(small, rows):
    lines = events(rows, 30)
    lines[5] = lines[5].replace("mm", '"two\n\nlines"')
    (small.folder / "gp_event.csv").write_text("\n".join(lines))
    assert counts(small.checked()) == (32, 29, 3)
    assert small.rejected_rows("gp_event").sort_values("line")["text"].tolist() == lines[5].split("\n")


def test_unreadable_lines_are_quarantined_with_number_and_text(small, rows):
    lines = events(rows, 40)
    lines.insert(7, "one,too,few")
    (small.folder / "gp_event.csv").write_text("\n".join(lines))
    assert counts(small.checked()) == (41, 40, 1)
    [kept] = small.rejected_rows("gp_event").to_dict("records")
    assert (kept["file"], kept["line"], kept["text"]) == ("gp_event", 8, "one,too,few")


SIGNS = ['"', '""', ",", "\n", "\r\n", "\r", " ", "a", "é", "1,2,3\n", '"x",2,3\n', "\0"]


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with session(tmp_path_factory.mktemp("spill")) as open_session:
        yield open_session


@settings(max_examples=60)
@given(st.lists(st.sampled_from(SIGNS), max_size=25), st.sampled_from(["utf-8", "cp1252", "utf-16"]))
def test_no_line_is_lost_whatever_the_signs_in_a_file(con, tmp_path_factory, parts, encoding):
    path = tmp_path_factory.getbasetemp() / "signs.csv"
    text = "a,b,c\n" + "".join(parts)
    path.write_bytes(text.encode(encoding))
    mapping = TableMapping(encoding=encoding)
    try:
        made = convert_csv(con, path, mapping, header_of(path, mapping, "t"), ["a", "b", "c"], "t")
    except InputError:
        return
    rows, blank = count(con, made.rows), sum(count(con, file, "text = ''") for file in made.unread)
    unread = sum(count(con, file) for file in made.unread)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert rows + unread - blank == sum(line != "" for line in lines) - 1


def count(con, file, where="true"):
    [(rows,)] = con.execute(f"SELECT count(*) FROM '{file}' WHERE {where}").fetchall()
    return rows


TAKEN = ["filename", "FILE_ROW_NUMBER", "landing_file", "reason", "original", "line", "text"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_columns_more_mean_nothing_whatever_their_names(small, rows, ending):
    events = [rows["gp_event"] | {"event_id": f"e{i}"} | dict.fromkeys(TAKEN, "x") for i in range(3)]
    small.put("gp_event", *events, file=f"gp_event.{ending}")
    assert small.checked().read("gp_event")["event_id"].tolist() == ["e0", "e1", "e2"]


def test_a_name_that_the_reader_uses_cannot_be_mapped(small, rows):
    small.put("gp_event", rows["gp_event"] | {"file_row_number": "e1"})
    with pytest.raises(InputError, match="reads a column `file_row_number`, a name that the reader uses"):
        small.checked(small.mapped("tables: {gp_event: {columns: {event_id: file_row_number}}}"))


DAYS = ("infinity", "-infinity", "5881580-07-10", "5877642-06-25 (BC)")


def test_a_day_at_the_end_of_its_range_is_a_fault_of_its_field(small, rows):
    episodes = pd.DataFrame([rows["apc_episode"] | {"epikey": str(i)} for i in range(len(DAYS))])
    days = " ".join(f"WHEN '{i}' THEN DATE '{day}'" for i, day in enumerate(DAYS))
    episodes.to_parquet(small.root / "usual.parquet")
    with session() as own:
        changed = f"SELECT * REPLACE (CASE epikey {days} END AS birth_month) FROM '{small.root / 'usual.parquet'}'"
        own.execute(f"COPY ({changed}) TO '{small.folder / 'apc_episode.parquet'}'")
    nulled = small.checked().read("apc_episode")["nulled_fields"]
    assert nulled.tolist() == ["birth_month:impossible date"] * len(DAYS)


def test_names_that_readers_see_are_without_characters_that_cannot_be_shown(small, rows):
    practice = rows["practice"] | {"practice_name": " Elm\t\u202eSurgery\x00 $1 <b>", "pcn_name": "North\u200bgate"}
    small.put("practice", practice)
    store = small.checked()
    [kept] = store.read("practice").to_dict("records")
    assert (kept["practice_name"], kept["pcn_name"]) == ("Elm Surgery\ufffd $1 <b>", "Northgate")
    assert "practice.practice_name, characters that cannot be shown, replaced" in report(store)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("nan")])
def test_no_number_is_a_fault_whatever_the_statistics_of_its_file_say(small, rows, value):
    # Arrow's statistics leave out NaN: they say that every value is 1.
    events = pa.Table.from_pylist(
        [rows["gp_event"] | {"event_id": n, "value_num": v} for n, v in [("a", value), ("b", 1.0)]]
    )
    pq.write_table(events, small.folder / "gp_event.parquet")
    kept = small.checked().read("gp_event").set_index("event_id")
    assert kept.loc["a", "nulled_fields"] == "value_num:not a number"
    assert kept["value_num"].isna().tolist() == [True, False]
