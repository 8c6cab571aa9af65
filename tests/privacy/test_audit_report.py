"""The report for a Caldicott review: who asked for what, for whom, and what became of it."""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import pytest
from audit_logs import FACTS, KEY, lines_of, new_log, open_log, put
from hypothesis import example, given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.privacy.audit_chain import Bad
from phm_utils.privacy.audit_place import Place
from phm_utils.privacy.audit_report import COLUMNS, report_csv, report_table
from phm_utils.privacy.audit_seal import Entry
from phm_utils.privacy.audit_text import report_text, verdict_line
from phm_utils.privacy.audit_verify import Verdict, verify
from phm_utils.privacy.pseudonyms import demo_key

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
DAYS = ["2025-04-01", "2025-04-02", "2025-04-03", "2025-04-08"]


@pytest.fixture
def place(tmp_path, monkeypatch) -> Iterator[Place]:
    """Four things asked for, on four days: refused, given, refused once begun, interrupted."""
    made = new_log(tmp_path)

    def on(day: str) -> None:
        monkeypatch.setattr("phm_utils.privacy.audit_writing.now", lambda: f"{day}T09:14:07Z")

    log = open_log(made)
    on(DAYS[0])
    log.attempt("request", FACTS | {"role": "analyst"}, refused="The agreement permits no analyst.")
    on(DAYS[1])
    practices = [f"A990{n:02d}" for n in range(1, 11)]
    with log.recorded("reidentify", FACTS | {"people": 15, "practices": practices, "version": "3f2a"}) as entry:
        entry.outcome({"granted": 12, "withheld": ["moved: 2", "opted out: 1"], "file": "list.xlsx"})
    on(DAYS[2])
    with pytest.raises(InputError), log.recorded("reidentify", FACTS | {"recipient": "=1+1", "people": 3}):
        raise InputError("The list expired.")
    on(DAYS[3])
    with suppress(RuntimeError, InputError), log.recorded("timeline", FACTS | {"people": 1}):
        yield made  # at work, without an outcome


def test_the_table_has_one_row_for_each_that_was_asked_for(place):
    table = report_table(verify(place, KEY))
    assert list(table) == COLUMNS
    assert table["action"].tolist() == ["begin", "request", "reidentify", "reidentify", "timeline"]
    assert table["outcome"].tolist() == ["log begun", "refused", "done", "refused", "no outcome"]
    assert table["asked"].tolist() == [None, None, 15, 3, 1]
    assert table["given"].tolist() == [None, None, 12, None, None]
    assert table["why"].tolist()[1:4] == ["The agreement permits no analyst.", "", "The list expired."]
    given = table.iloc[2]
    assert (given["withheld"], given["also"]) == ("moved: 2, opted out: 1", "file: list.xlsx")


@pytest.mark.parametrize(("first", "last", "actions"), [
    (None, DAYS[1], ["request", "reidentify"]),
    (DAYS[1], DAYS[1], ["reidentify"]),
    (DAYS[2], None, ["reidentify", "timeline"]),
    ("2030-01-01", None, []),
])  # fmt: skip
def test_days_are_those_of_the_asking_both_included(place, first, last, actions):
    days = [date.fromisoformat(day) if day else None for day in (first, last)]
    table = report_table(verify(place, KEY), *days)
    assert [a for a in table["action"] if a != "begin"] == actions
    text = report_text(verify(place, KEY), table, "Demoshire", *days)
    assert ("Nothing was asked for." in text) == (not actions)


def test_the_text_begins_with_whether_the_log_is_whole_and_says_each(place):
    verdict = verify(place, KEY)
    lines = report_text(verdict, report_table(verdict), "Demoshire", None, None).splitlines()
    assert lines[0].startswith("WHOLE: 7 entries, sealed under the auditor's key")
    assert "Entry 7, timeline of 2025-04-08T09:14:07Z, has no outcome: interrupted, or still at work." in lines[4]
    assert "Withheld, reidentify: moved 2, opted out 1." in lines
    [by_recipient] = [line.split() for line in lines if line.split()[:4] == ["reidentify", "Elm", "team", "elm_2025"]]
    assert by_recipient[4:] == ["1", "0", "1", "0", "12"]  # asked, refused, done, no outcome, people given
    at = next(i for i, line in enumerate(lines) if "reidentify: done" in line)
    assert lines[at].split()[:3] == ["3", "2025-04-02", "09:14:07"]
    assert lines[at].endswith("done; 12 given of 15 asked for")
    assert lines[at + 1].split(maxsplit=2)[2] == "Dr A, role clinician"
    assert lines[at + 2].endswith("Elm team, agreement elm_2025, practices " + ", ".join(
        f"A990{n:02d}" for n in range(1, 9)) + " and 2 more")  # fmt: skip
    assert lines[at + 3].endswith("frail, version 3f2a")


def test_the_first_line_says_what_was_checked(place, tmp_path):
    assert verdict_line(verify(place)).startswith(
        "CHAIN AND HEAD ONLY: 7 entries, which fit together. No key was given"
    )
    demo = new_log(tmp_path / "demo", demo_key(0))
    assert "WHOLE: 1 entry, sealed under the demo's public key" in verdict_line(verify(demo, demo_key(0)))
    lines = lines_of(place)
    lines[2] = lines[2].replace(b"15", b"16")
    put(place, lines)
    verdict = verify(place, KEY)
    assert verdict_line(verdict).startswith("NOT WHOLE. Entry 3: it was edited")
    assert verdict_line(verdict).endswith(" What stands from there on (5 can be read) is not to be relied on.")


def test_what_stands_after_a_bad_entry_is_shown_apart_and_not_counted(place):
    lines = lines_of(place)
    lines[4] = lines[4].replace(b"clinician", b"nurse")
    put(place, lines)
    verdict = verify(place, KEY)
    table = report_table(verdict)
    assert table["entry"].tolist() == [1, 2, 3, 5, 7]
    assert table["relied_on"].tolist() == ["yes", "yes", "yes", "no", "no"]
    text = report_text(verdict, table, "Demoshire", None, None)
    sums, apart = text.split("NOT TO BE RELIED ON:")
    assert "nurse" in apart
    assert "nurse" not in sums


def test_the_csv_runs_nothing_in_a_spreadsheet(place):
    rows = list(csv.DictReader(io.StringIO(report_csv(report_table(verify(place, KEY))).removeprefix("\ufeff"))))
    assert [row["recipient"] for row in rows] == ["", "Elm team", "Elm team", "'=1+1", "Elm team"]
    assert [(row["asked"], row["given"]) for row in rows[2:]] == [("15", "12"), ("3", ""), ("1", "")]


@given(
    st.dictionaries(st.sampled_from(["granted", "people", "withheld", "practices", "recipient", "intent", "x"]), JSON),
    st.sampled_from(["intent", "outcome", "refused", "recovered", "begin", "other"]),
    st.text(max_size=5),
)
@example({"withheld": [f"moved: {10**30}", "died: \u0661"], "recipient": "\ud800"}, "refused", "")
@example({"granted": 10**30, "people": True}, "outcome", "2025")
def test_a_forged_entry_is_shown_whatever_it_says(facts, kind, when):
    first = Entry(1, "2025-04-01T09:14:07Z", "intent", "reidentify", dict(FACTS), "0" * 64)
    forged = Entry(2, when, kind, "reidentify", facts, "0" * 64)
    for verdict in (Verdict((first,), Bad(2, "it was edited"), None, (forged,)), Verdict((first, forged))):
        table = report_table(verdict)
        text = report_text(verdict, table, "Demoshire", None, None)
        assert text.startswith(("NOT WHOLE", "CHAIN AND HEAD ONLY"))
        assert len(list(csv.reader(io.StringIO(report_csv(table))))) == len(table) + 1
