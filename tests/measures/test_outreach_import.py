"""`phm outreach import`: each row of a returned list is taken, held already, without a status yet, or rejected."""

import os
from datetime import date, datetime

import openpyxl
import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.measures import outreach
from phm_utils.measures.outreach import held_outreach, import_outreach
from phm_utils.measures.outreach_rows import days_of
from phm_utils.outreach_commands import imported_text
from phm_utils.params import Workbook
from phm_utils.privacy.audit_log import begin
from phm_utils.privacy.audit_place import place_of
from phm_utils.privacy.audit_seal import read_entry
from phm_utils.privacy.pseudonyms import demo_key
from phm_utils.privacy.request_file import RequestFolder, RequestHead, write_request

MADE, TODAY = date(2025, 1, 6), date(2025, 1, 15)  # the list expires on 20 January
ONE, TWO = "R-20250106-7K2M9Q", "R-20250106-8A8A8A"
HEAD = {
    "made": "2025-01-06", "expires": "2025-01-20", "synthetic": True, "run": "tiny", "index_date": "2024-12-31",
    "data_to": "2024-12-31", "role": "practice", "purpose": "direct_care", "requester": "Practice manager",
    "recipient": "Elm Surgery", "agreement": "A1", "cohort": "frequent_ed_attenders", "version": "0f3a",
    "title": "People to call", "reason": "Attendances", "practices": ("A99001",),
}  # fmt: skip


@pytest.fixture
def workbook(tmp_path) -> Workbook:
    found = Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing",
        outputs=str(tmp_path / "outputs"), identified_root=str(tmp_path / "identified"),
        audit={"log": str(tmp_path / "identified" / "audit"), "head": str(tmp_path / "head")},
    )  # fmt: skip
    begin(place_of(found), demo_key(0), root=tmp_path / "identified", synthetic=True)
    return found


def request(workbook: Workbook, name: str = ONE, people: int = 4) -> RequestFolder:
    tokens = [f"{name} {n}" for n in range(people)]
    rows = pd.DataFrame({"token": tokens, "practice_code": "A99001"})
    return write_request(outreach.requests_folder(workbook), RequestHead(request=name, **HEAD), rows)


@pytest.fixture
def four(workbook) -> list[str]:
    """The references of a request of four people."""
    return request(workbook).people()["reference"].tolist()


@pytest.fixture
def take(workbook, tmp_path):
    """Import a list of these lines below the usual heading."""

    def taken(*lines: str, heading: str = "reference,status,date", name: str = "list.csv") -> outreach.Imported:
        path = tmp_path / name
        path.write_text("\n".join((heading, *lines)) + "\n", encoding="utf-8")
        return import_outreach(workbook, path, ONE, TODAY)

    return taken


def kept(workbook: Workbook) -> list[tuple]:
    frame = held_outreach(outreach.requests_folder(workbook) / ONE)
    return list(frame[["reference", "status", "day"]].itertuples(index=False, name=None))


def test_each_row_is_counted_once(workbook, four, take):
    a, b, c, d = four
    done = take(
        f"{a},contacted,2025-01-08", f"{a},Reached,09/01/2025", f"{b},NOT REACHED,2025-01-08", f"{c},,", f"{d},,",
        f"{a},contacted,08/01/2025", f"{b},moved house,2025-01-08",
    )  # fmt: skip
    assert (done.rows, done.taken, done.held, done.nothing_yet, len(done.rejected)) == (7, 3, 1, 2, 1)
    assert set(kept(workbook)) == {
        (a, "contacted", "2025-01-08"), (a, "reached", "2025-01-09"), (b, "not_reached", "2025-01-08"),
    }  # fmt: skip
    assert imported_text(done).splitlines()[0] == (
        f"{ONE}: 7 rows = 3 taken + 1 held already + 2 with nothing yet + 1 rejected."
    )


FAULTS = {
    ",reached,2025-01-08": "no reference",
    "ZZZZZZZZZZZZ,reached,2025-01-08": "this list has no such reference",
    "{a},spoke to her son,2025-01-08": "the status is none of offered, contacted, reached, accepted, food parcel, ",
    "{a},attended,2025-01-08": "the status is none of offered",
    "{a},,2025-01-08": "a day and no status",
    "{a},reached,": "a status and no day",
    "{a},reached,soon": "not a day such as 2025-01-31 or 31/01/2025",
    "{a},reached,2025-02-30": "not a day such as",
    "{a},reached,45667": "not a day such as",
    "{a},reached,2025-01-16": "the day lies in the future (today is 2025-01-15)",
    "{a},reached,2025-01-05": "the day is before the list was made (2025-01-06)",
    "{a},reached,09/01/1925": "the day is before the list was made",
}


@pytest.mark.parametrize("row", FAULTS)
def test_a_faulty_row_is_named_with_its_line_and_reason_and_the_others_are_taken(workbook, four, take, row):
    a, b, *_ = four
    done = take(f"{b},closed,2025-01-10", row.format(a=a))
    assert (done.taken, done.rejected["line"].tolist()) == (1, [3])
    assert done.rejected["reason"][0].startswith(FAULTS[row])
    assert kept(workbook) == [(b, "closed", "2025-01-10")]
    rejected = held_outreach(done.place, "outreach_rejected.csv")
    assert rejected["line"].tolist() == ["3"]
    assert rejected["reason"].tolist() == done.rejected["reason"].tolist()


def test_a_day_after_the_list_expired_is_rejected(workbook, four, tmp_path):
    path = tmp_path / "late.csv"
    path.write_text(f"reference,status,date\n{four[0]},reached,2025-01-20\n{four[1]},reached,2025-01-21\n")
    done = import_outreach(workbook, path, ONE, date(2025, 3, 1))
    assert done.taken == 1
    assert done.rejected["reason"].tolist() == ["the list had expired (2025-01-20)"]


def test_no_text_that_somebody_wrote_is_kept(workbook, four, take):
    a, b, c, _ = four
    done = take(
        f"{a},reached,2025-01-08,Mrs Smith,depressed", f"{b},told Mrs Smith,2025-01-08,,",
        f"{c},reached,943 476 5919,,", "943 476 5919,reached,2025-01-08,,", "Mary Smith,reached,2025-01-08,,",
        heading="Reference,Status,Date,Name,Notes",
    )  # fmt: skip
    assert done.not_read == ("Name", "Notes")
    assert "Not read and not kept: Name, Notes." in imported_text(done)
    text = "".join(path.read_text() for path in done.place.iterdir()) + imported_text(done)
    for words in ("Smith", "depressed", "943", "5919", "told"):
        assert words not in text
    rejected = held_outreach(done.place, "outreach_rejected.csv").set_index("line")
    assert rejected.loc["3", ["reference", "status", "day"]].tolist() == [b, "(text)", "2025-01-08"]
    assert rejected.loc["4", "day"] == rejected.loc["5", "reference"] == rejected.loc["6", "reference"] == "(text)"


def test_the_same_list_again_adds_nothing_and_says_so(workbook, four, take):
    lines = [f"{four[0]},reached,2025-01-08", f"{four[1]},closed,2025-01-09", f"{four[1]},gone,2025-01-09"]
    take(*lines)
    before = {path.name: path.read_bytes() for path in (outreach.requests_folder(workbook) / ONE).glob("out*")}
    again = take(*lines)
    assert (again.taken, again.held, len(again.rejected)) == (0, 2, 1)
    assert "Nothing new: what this list says is here already." in imported_text(again)
    assert before == {path.name: path.read_bytes() for path in again.place.glob("out*")}


def test_a_later_list_adds_what_is_new_and_keeps_the_history(workbook, four, take):
    take(f"{four[0]},contacted,2025-01-08")
    take(f"{four[0]},contacted,2025-01-08", f"{four[0]},reached,2025-01-10", name="second.csv")
    assert [row[1:] for row in kept(workbook)] == [("contacted", "2025-01-08"), ("reached", "2025-01-10")]
    assert held_outreach(outreach.requests_folder(workbook) / ONE)["file_sha256"].nunique() == 2


def test_another_lists_rows_are_named_by_it_and_a_file_of_them_alone_is_refused(workbook, four, take):
    other = request(workbook, TWO).people()["reference"].tolist()
    done = take(f"{four[0]},reached,2025-01-08", f"{other[0]},reached,2025-01-08")
    assert done.rejected["reason"].tolist() == [f"a row of the list {TWO}"]
    with pytest.raises(InputError, match=rf"No row of list.csv is of the request {ONE}.* Rows of {TWO} are among"):
        take(f"{other[0]},reached,2025-01-08")
    with pytest.raises(InputError, match="Is it the list of another run"):
        take("ZZZZZZZZZZZZ,reached,2025-01-08")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("reference,status\nX,reached\n", "names the columns reference, status and date"),
        ("reference,status,date,status\nX,reached,,\n", "Two columns are named status"),
        ("", "names the columns"),
        ('reference,status,date\n"X,reached,2025-01-08\nY,reached,2025-01-08\n', "a quotation mark is not closed"),
        (b"\xd0\xcf\x11\xe0\x00\x00", "is not text"),
        (b"PK\x03\x04 no workbook", "cannot be read as an Excel workbook"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused(workbook, four, tmp_path, content, words):
    path = tmp_path / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=words):
        import_outreach(workbook, path, ONE, TODAY)
    assert kept(workbook) == []


def test_a_stray_quotation_mark_swallows_no_row(workbook, four, take):
    a, b, c, _ = four
    notes = "reference,status,date,notes"
    with pytest.raises(InputError, match="line 2: between two quotation marks stand other rows"):
        take(f'{a},reached,2025-01-08,"late', f"{b},reached,2025-01-08,", f'{c},reached,2025-01-08,call"',
             heading=notes)  # fmt: skip
    done = take(
        f'{a},reached,2025-01-08,"late\nagain"', f"{b},reacht,2025-01-08,", heading="reference,status,date,notes"
    )
    assert (done.taken, done.rejected["line"].tolist()) == (1, [4])


def test_a_request_or_file_that_is_not_there_is_refused(workbook, four, tmp_path):
    with pytest.raises(InputError, match=f"has no request R-20250106-000000. Its latest: {ONE}"):
        import_outreach(workbook, tmp_path / "no.csv", "R-20250106-000000", TODAY)
    with pytest.raises(InputError, match="There is no file"):
        import_outreach(workbook, tmp_path / "no.csv", ONE, TODAY)
    with pytest.raises(InputError, match="has no request"):
        import_outreach(workbook, tmp_path / "no.csv", "../other", TODAY)


def test_columns_in_any_order_and_capitals_below_a_heading_with_semicolons_or_tabs(workbook, four, take):
    for place, apart in enumerate(";\t"):
        heading = f"Expires on 20 January 2025\n\nDATE{apart}Note{apart} Reference {apart}STATUS"
        done = take(f"0{8 + place}.01.2025{apart}x{apart}{four[0].lower()}{apart}not_reached", heading=heading)
        assert (done.rows, done.taken, done.not_read) == (1, 1, ("Note",))
    assert [row[2] for row in kept(workbook)] == ["2025-01-08", "2025-01-09"]


def test_letters_of_another_encoding_do_not_matter(workbook, four, tmp_path):
    path = tmp_path / "list.csv"
    for place, encoding in enumerate(("cp1252", "utf-16", "utf-8-sig")):
        path.write_text(f"reference,status,date,café\n{four[place]},reached,2025-01-08,£\n", encoding=encoding)
        assert import_outreach(workbook, path, ONE, TODAY).taken == 1


def excel(path, *sheets: list[list]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_excel_gives_the_same_with_its_own_days_and_numbers(workbook, tmp_path):
    request(workbook)
    numbered = outreach.request_of(workbook, ONE)
    a, b, c, _ = numbered.people()["reference"]
    path = tmp_path / "list.xlsx"
    rows = [["Expires 20 January"], [], ["Status", "Reference", "Date", "Notes"],
            ["reached", a, datetime(2025, 1, 8, 10, 30), "x"], ["", b, None, None], ["closed", c, "10/01/2025", None],
            ["gone", c, date(2025, 1, 9), None]]  # fmt: skip
    excel(path, [["About this list"]], rows)
    done = import_outreach(workbook, path, ONE, TODAY)
    assert (done.rows, done.taken, done.nothing_yet, done.rejected["line"].tolist()) == (4, 2, 1, [7])
    assert set(kept(workbook)) == {(a, "reached", "2025-01-08"), (c, "closed", "2025-01-10")}
    excel(path, rows, rows)
    with pytest.raises(InputError, match="2 sheets with these columns"):
        import_outreach(workbook, path, ONE, TODAY)


def test_where_day_and_month_could_stand_either_way_the_list_decides():
    def read(*texts: str) -> list[str]:
        return days_of(pd.Series(texts), date(2025, 1, 1), date(2025, 1, 14)).dt.strftime("%d %b").tolist()

    assert read("02/01/2025", "03/01/2025") == ["02 Jan", "03 Jan"]
    assert read("01/02/2025", "01/03/2025") == ["02 Jan", "03 Jan"]  # February and March lie after the list
    assert read("01/01/2025", "2025-01-02") == ["01 Jan", "02 Jan"]


def test_an_import_that_is_cut_short_leaves_the_former_file(workbook, four, take, monkeypatch):
    take(f"{four[0]},reached,2025-01-08")

    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(KeyboardInterrupt):
        take(f"{four[1]},reached,2025-01-08")
    monkeypatch.undo()
    assert kept(workbook) == [(four[0], "reached", "2025-01-08")]
    assert take(f"{four[1]},reached,2025-01-08").taken == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no modes")
def test_what_is_kept_is_its_owners_alone(workbook, four, take):
    done = take(f"{four[0]},reached,2025-01-08", f"{four[0]},gone,2025-01-08")
    modes = {path.name: path.stat().st_mode & 0o777 for path in done.place.glob("outreach*")}
    assert modes == {"outreach.csv": 0o600, "outreach_rejected.csv": 0o600}


def test_a_file_of_what_was_kept_that_was_changed_is_refused(workbook, four, take):
    done = take(f"{four[0]},reached,2025-01-08")
    (done.place / "outreach.csv").write_text("a,b\n")
    with pytest.raises(InputError, match=r"outreach.csv of .* was changed"):
        take(f"{four[1]},reached,2025-01-08")


CELLS = st.tuples(
    st.sampled_from([0, 1, 2, 3, "", "ZZZZZZZZZZZZ", "x y"]),
    st.sampled_from(["", "reached", "Not Reached", "closed", "rang twice", "attended"]),
    st.sampled_from(["", "2025-01-08", "09/01/2025", "2025-01-30", "2024-01-01", "soon"]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELLS, min_size=1, max_size=12))
def test_no_row_is_lost_and_the_same_again_takes_none(workbook, tmp_path, rows):
    folder = outreach.requests_folder(workbook) / ONE
    found = outreach.request_of(workbook, ONE) if folder.is_dir() else request(workbook)
    for path in folder.glob("outreach*"):
        path.unlink()
    people = found.people()["reference"].tolist()
    cells = [(people[who] if isinstance(who, int) else who, status, day) for who, status, day in rows]
    path = tmp_path / "list.csv"
    path.write_text("reference,status,date\n" + "".join(",".join(row) + "\n" for row in cells))
    filled = [row for row in cells if any(row)]
    try:
        done = import_outreach(workbook, path, ONE, TODAY)
    except InputError:
        assert filled
        assert not any(row[0] in people for row in filled)
        return
    assert done.rows == len(filled) == done.taken + done.held + done.nothing_yet + len(done.rejected)
    again = import_outreach(workbook, path, ONE, TODAY)
    assert (again.taken, again.held) == (0, done.taken + done.held)
    assert again.rejected.equals(done.rejected)


def test_every_import_is_in_the_audit_and_without_one_nothing_is_taken(workbook, four, take):
    take(f"{four[0]},contacted,2025-01-08", "nobody,reached,2025-01-08")
    last = read_entry((place_of(workbook).log).read_bytes().splitlines()[-1])
    assert (last.action, last.facts["accepted"], last.facts["rejected"], last.facts["rows"]) == (
        "outreach import",
        1,
        1,
        2,
    )
    with pytest.raises(InputError, match="names the columns"):
        take(heading="nothing of the kind")
    assert read_entry((place_of(workbook).log).read_bytes().splitlines()[-1]).facts["result"] == "refused"
    silent = workbook.model_copy(update={"audit": None})
    with pytest.raises(InputError, match="No audit, no list"):
        import_outreach(silent, place_of(workbook).log, ONE, TODAY)


def test_while_one_import_runs_another_is_asked_to_wait(workbook, four, take, monkeypatch):
    monkeypatch.setattr(outreach, "WAIT_SECONDS", 0)
    with (
        FileLock(outreach.requests_folder(workbook) / ONE / ".lock"),
        pytest.raises(InputError, match=f"Another import into {ONE} is still running"),
    ):
        take(f"{four[0]},reached,2025-01-08")
    assert take(f"{four[0]},reached,2025-01-08").taken == 1


def test_on_a_full_disk_the_former_file_stays_and_the_same_list_can_be_taken_again(workbook, four, take, monkeypatch):
    take(f"{four[0]},reached,2025-01-08")
    write = outreach.write_atomically

    def full(path, text):
        if path.name == "outreach.csv":
            raise OSError(28, "No space left on device", str(path))
        write(path, text)

    monkeypatch.setattr(outreach, "write_atomically", full)
    with pytest.raises(OSError, match="No space left"):
        take(f"{four[1]},reached,2025-01-08", f"{four[1]},gone,2025-01-08")
    monkeypatch.undo()
    assert kept(workbook) == [(four[0], "reached", "2025-01-08")]
    done = take(f"{four[1]},reached,2025-01-08", f"{four[1]},gone,2025-01-08")
    assert (done.taken, len(done.rejected)) == (1, 1)
    assert len(held_outreach(done.place, "outreach_rejected.csv")) == 1
