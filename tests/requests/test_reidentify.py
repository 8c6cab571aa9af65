"""From a request to names: what the vault gives out, what it refuses, what the audit has of it."""

import hashlib
import json
import os
import re
import shutil
from datetime import date, timedelta

import openpyxl
import pytest
from list_steps import NEXT, listed, read_list, refused, request_of
from list_world import DAY, KEY, World, token

from phm_utils.errors import InputError, StepFailed
from phm_utils.measures.outreach import import_outreach, requests_folder
from phm_utils.privacy.audit_seal import read_entry
from phm_utils.privacy.pseudonyms import demo_key
from phm_utils.requests.list_files import CSV, EXCEL, NUMBERS, remove_expired
from phm_utils.requests.reidentify import reidentify


def test_a_list_has_the_fields_that_the_agreement_names_and_says_when_it_expires(world):
    world.make()
    request = request_of(world)
    made = listed(world, request)
    frame = read_list(made.folder)
    assert list(frame) == [
        "Reference",
        "NHS number",
        "Surname",
        "Forename",
        "Date of birth",
        "Sex",
        "Practice",
        "Why on the list",
        "Last contact",
        "Contact preference",
        "Reason",
        "Status",
        "Date",
        "List expires",
    ]
    assert list(frame["Surname"]) == [f"Surname{n}" for n in range(1, 6)]
    assert set(frame["Reference"]) == set(request.people()["reference"])
    assert set(frame["List expires"]) == {"2025-04-15"}
    assert frame.loc[0, "Why on the list"] == "Diabetes recorded, 1 May 2024"
    assert (made.folder / NUMBERS).read_text() == "".join(f"999000{n:04d}\n" for n in range(1, 6))
    for path in (made.folder, *made.folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_a_field_that_the_agreement_does_not_name_is_in_no_file(world):
    world.make()
    world.agree(fields=["surname"])
    made = listed(world, request_of(world))
    assert list(read_list(made.folder)) == ["Reference", "Surname", "Reason", "Status", "Date", "List expires"]
    assert not (made.folder / NUMBERS).exists()
    content = (made.folder / CSV).read_bytes() + _texts(made.folder / EXCEL).encode()
    for hidden in (b"9990000001", b"Name1", b"1950", b"ZA1", b"iabetes recorded", b"letter"):
        assert hidden not in content


def _texts(path) -> str:
    sheet = openpyxl.load_workbook(path).active
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row)


def test_no_cell_runs_as_a_formula(world):
    formulas = ["=1+1", "+44 20", "-2", "@SUM(A1)", "  =cmd|' /C calc'!A0"]
    world.names = {n: {"surname": text, "contact_preference": text} for n, text in enumerate(formulas, start=1)}
    world.make()
    made = listed(world, request_of(world))
    frame = read_list(made.folder)
    assert all(text.startswith("'") for text in frame["Surname"])
    sheet = openpyxl.load_workbook(made.folder / EXCEL).active
    cells = [cell for row in sheet.iter_rows(min_row=4) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    runs = [cell for cell in cells if cell.value.lstrip().startswith(("=", "+", "-", "@"))]
    assert len(runs) == 10
    assert all(cell.quotePrefix for cell in runs)  # so that nor does it run once somebody edits the cell


def test_the_sheet_says_on_every_printed_page_whose_it_is_and_until_when(world):
    world.make()
    made = listed(world, request_of(world))
    sheet = openpyxl.load_workbook(made.folder / EXCEL).active
    assert "Not to be used after 15 April 2025" in sheet["A1"].value
    assert "Not to be used after 15 April 2025" in sheet.oddFooter.left.text
    assert sheet.print_title_rows == "$1:$3"
    assert sheet["A1"].value.startswith("SYNTHETIC DATA")


def test_who_died_moved_or_opted_out_since_the_request_is_left_out(world):
    world.people[2] = {"practice_code": "A99002"}
    world.make()
    request = request_of(world, practice=None, agreement="TEAM")
    world.people = {
        1: {"registered_to": "2025-03-20"},
        2: {"practice_code": "A99003"},
        3: {"sensitive": "true"},
        4: {"type_1_opt_out": "true"},
        5: {},
    }
    world.write_vault()
    made = listed(world, request)
    assert list(read_list(made.folder)["Surname"]) == ["Surname5"]
    assert {why: n for why, n in made.decisions.items() if n} == {
        "granted": 1,
        "not registered on the day": 1,
        "record flagged as sensitive": 1,
        "opted out": 1,
        "registered with a practice that the agreement does not name": 1,
    }


def test_a_list_is_not_written_after_its_last_day_nor_before_its_first(world):
    world.make()
    request = request_of(world)
    refused(world, request, "may be used from", day=date(2025, 4, 16))
    refused(world, request, "may be used from", day=DAY - timedelta(days=1))
    assert listed(world, request, day=date(2025, 4, 15)).folder.is_dir()


def test_an_agreement_that_ended_or_changed_since_the_request_permits_no_list(world):
    world.make()
    request = request_of(world)
    for changed, says in [
        ({"expires": "2025-04-01"}, "expired on 01 April 2025"),
        ({"practices": ["A99002"]}, "no longer names A99001"),
        ({"roles": ["nurse"]}, "and not gp"),
    ]:
        world.agree(**({"expires": "2026-03-31", "practices": ["A99001"], "roles": ["gp"]} | changed))
        refused(world, request, says)


def test_fields_taken_out_of_the_agreement_since_are_not_given(world):
    world.make()
    request = request_of(world)
    world.agree(fields=["surname"])
    assert "NHS number" not in read_list(listed(world, request).folder)


def test_a_request_made_by_hand_or_changed_is_refused(world):
    world.make()
    request = request_of(world)
    people = (request.path / "people.csv").read_text().replace(token(1), token(9))
    (request.path / "people.csv").write_text(people)
    refused(world, request, "not as it was written")
    head = json.loads((request.path / "request.json").read_text())
    head["people_sha256"] = hashlib.sha256(people.encode()).hexdigest()
    (request.path / "request.json").write_text(json.dumps(head))
    refused(world, request, "The audit knows no request")
    with pytest.raises(InputError, match="has no request"):
        reidentify(world.workbook, "../../elsewhere", lambda: KEY, world.log(), NEXT, "Data Manager")


def test_a_head_changed_by_hand_gives_nobody_more(world):
    world.people[2] = {"practice_code": "A99002"}
    world.make()
    request = request_of(world)
    head = json.loads((request.path / "request.json").read_text())
    for change in (
        {"expires": "2025-04-10"},
        {"role": "nurse"},
        {"practices": ["A99002"]},
        {"fields": ["postcode"]},
        {"requester": "Somebody else"},
        {"reason": "Diabetes"},
        {"agreement": "TEAM"},
    ):
        (request.path / "request.json").write_text(json.dumps(head | change))
        refused(world, request, "The audit knows no request")


def test_the_vault_is_refused_with_a_wrong_or_missing_key(world):
    world.make()
    request = request_of(world)
    refused(world, request, "was locked with the key", key=demo_key(1))
    refused(world, request, "too short", key=b"")


def test_a_vault_cut_short_changed_replaced_or_older_is_refused(world, tmp_path):
    world.make()
    request = request_of(world)
    kept = tmp_path / "kept.phm"
    shutil.copy(world.vault, kept)
    content = kept.read_bytes()
    for changed in (
        content[:-1],
        content[: len(content) // 2],
        content[:60] + b"x" + content[61:],
        b"",
        b"not a vault",
    ):
        world.vault.write_bytes(changed)
        refused(world, request, "changed since it was written|not a file of the vault")
    world.write_vault()  # a newer linkage: its digest differs where a row does
    world.people[5] = {"registered_to": "2025-03-01"}
    world.write_vault()
    shutil.copy(kept, world.vault)  # the older one put back
    refused(world, request, "not the vault with which the landing")
    world.vault.unlink()
    refused(world, request, "cannot be read")


def test_a_vault_of_another_purpose_is_refused(world):
    world.make()
    request = request_of(world)
    world.write_vault(purpose="commissioning")
    refused(world, request, "changed since it was written")


def test_a_pseudonymised_run_has_no_vault_and_says_who_may_be_asked(world):
    world.make()
    request = request_of(world)
    world.store.keep_stages(["tables"])
    refused(world, request, "whoever holds the key")


def test_a_run_or_cohort_that_changed_since_needs_a_new_request(world):
    world.make()
    request = request_of(world)
    world.cohort["criteria"] = [{"has": "asthma"}]
    world.write_definitions()
    refused(world, request, "has changed since")


def test_a_disk_that_is_full_when_the_outcome_is_written_gives_no_list(world, monkeypatch):
    world.make()
    request = request_of(world)
    written = []
    real = os.fsync

    def full(handle):
        written.append(handle)
        if _outcome_of_list(world):
            raise OSError(28, "No space left on device")
        return real(handle)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StepFailed):
        listed(world, request)
    monkeypatch.setattr("os.fsync", real)
    assert not (world.identified / "lists" / request.head.request).exists()
    assert list((world.identified / "lists").iterdir()) == []
    assert written


def _outcome_of_list(world: World) -> bool:
    """Is the draft of a list complete, so that what is written next is the outcome?"""
    return any((world.identified / "lists").glob(".R-*/list.xlsx"))


def test_expired_lists_are_removed_and_others_stay(world):
    world.make()
    old, new = request_of(world), request_of(world, day=DAY + timedelta(days=10))
    listed(world, old)
    listed(world, new, day=DAY + timedelta(days=10))
    assert remove_expired(world.identified, requests_folder(world.workbook), date(2025, 4, 15)) == 0
    assert remove_expired(world.identified, requests_folder(world.workbook), date(2025, 4, 16)) == 1
    assert [p.name for p in (world.identified / "lists").iterdir()] == [new.head.request]


def test_a_second_list_of_one_request_takes_the_place_of_the_first(world):
    world.make()
    request = request_of(world)
    first = read_list(listed(world, request).folder)
    assert read_list(listed(world, request).folder).equals(first)


def test_both_files_of_a_list_come_back_filled_in(world):
    world.make()
    request = request_of(world)
    made = listed(world, request)
    path = made.folder / EXCEL
    book = openpyxl.load_workbook(path)
    sheet = book.active
    titles = [cell.value for cell in sheet[3]]
    sheet.cell(4, titles.index("Status") + 1, "Not reached")
    sheet.cell(4, titles.index("Date") + 1, date(2025, 4, 3))
    back = world.root / "back.xlsx"
    book.save(back)
    done = import_outreach(world.workbook, back, request.head.request, date(2025, 4, 10))
    assert (done.rows, done.taken, done.nothing_yet, len(done.rejected)) == (5, 1, 4, 0)
    frame = read_list(made.folder)
    frame.loc[1, ["Status", "Date"]] = ["Reached", "04/04/2025"]
    frame.to_csv(world.root / "back.csv", index=False)
    done = import_outreach(world.workbook, world.root / "back.csv", request.head.request, date(2025, 4, 10))
    assert (done.rows, done.taken, done.nothing_yet, len(done.rejected)) == (5, 1, 4, 0)
    assert "Surname" not in (request.path / "outreach.csv").read_text()


@pytest.mark.parametrize("requester", ["", "943 476 5919", "943.476.5919", "x" * 500, "\n"])
def test_a_list_is_written_by_somebody_with_a_name(world, requester):
    world.make()
    with pytest.raises(InputError, match="who asks, by name"):
        reidentify(world.workbook, request_of(world).head.request, lambda: KEY, world.log(), NEXT, requester)
    last = read_entry(world.log().place.log.read_bytes().splitlines()[-1])
    assert (last.action, last.facts["result"]) == ("reidentify", "refused")  # the attempt is in the audit
    assert not re.search("943.476.5919", world.log().place.log.read_text())


@pytest.mark.parametrize("name", ["943 476 5919", "b" * 40, "R-\x00", "R-\n20250401", ""])
def test_a_request_by_any_other_name_is_not_found(world, name):
    world.make()
    with pytest.raises(InputError, match="has no request"):
        reidentify(world.workbook, name, lambda: KEY, world.log(), NEXT, "Data Manager")
