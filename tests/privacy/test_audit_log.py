"""The audit log as whoever gives out lists uses it: intent before, outcome after, and nothing of a patient in it."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from audit_logs import FACTS, KEY, lines_of, new_log, open_log
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import DiskFull, InputError, StepFailed
from phm_utils.params import Audit, Workbook
from phm_utils.privacy import audit_disk
from phm_utils.privacy.audit_facts import OWN, check_facts, safe_words
from phm_utils.privacy.audit_log import AuditLog, begin
from phm_utils.privacy.audit_place import Place, place_of
from phm_utils.privacy.audit_verify import verify
from phm_utils.privacy.pseudonyms import demo_key

TOKEN = "0f1e2d3c" * 4
WORKBOOK = {"name": "t", "title": "T", "ics_code": "QZZ", "index_date": "2025-03-31", "landing": "landing"}


@pytest.fixture
def place(tmp_path) -> Place:
    return new_log(tmp_path)


def entries(place: Place) -> list[dict]:
    return [json.loads(line) for line in lines_of(place)]


# Intent and outcome.


def test_the_intent_is_on_disk_with_its_seal_and_head_when_the_block_begins(place):
    log = open_log(place)
    with log.recorded("reidentify", FACTS | {"people": 3}) as entry:
        [_, intent] = entries(place)
        assert (intent["number"], intent["kind"], intent["action"]) == (2, "intent", "reidentify")
        assert intent["facts"] == FACTS | {"people": 3}
        assert json.loads(place.head.read_text())["count"] == 2
        assert json.loads(place.seal.read_text())["next"] == 3
        assert [e.number for e in verify(place, KEY).open_intents] == [2]
        entry.outcome({"granted": 2, "withheld": ["moved: 1"]})
    outcome = entries(place)[-1]
    assert (outcome["kind"], outcome["facts"]) == (
        "outcome",
        {"granted": 2, "withheld": ["moved: 1"], "intent": 2, "result": "done"},
    )
    assert verify(place, KEY).bad is None
    assert verify(place, KEY).open_intents == ()


@pytest.mark.parametrize(
    ("error", "result", "why"),
    [
        (InputError("The list expired for 943 476 5919.\nAsk again."), "refused", "The list expired for (withheld)."),
        (KeyError("QUILLFEATHER"), "failed", "KeyError"),
        (StepFailed("no rows"), "failed", "StepFailed"),
        (KeyboardInterrupt(), "failed", "KeyboardInterrupt"),
    ],
)
def test_a_block_that_ends_with_an_error_has_that_outcome(place, error, result, why):
    with pytest.raises(type(error)), open_log(place).recorded("reidentify", FACTS):
        raise error
    assert entries(place)[-1]["facts"] == {"intent": 2, "result": result, "why": why}


def test_an_error_after_the_outcome_is_a_second_outcome(place):
    with pytest.raises(OSError, match="the list cannot be moved"), open_log(place).recorded("reidentify", FACTS) as e:
        e.outcome({"granted": 2})
        raise OSError("the list cannot be moved")
    assert [e["facts"].get("result") for e in entries(place)] == [None, None, "done", "failed"]


def test_a_block_that_states_no_outcome_or_two_is_a_fault_of_the_program(place):
    with pytest.raises(RuntimeError, match="stated no outcome"), open_log(place).recorded("reidentify", FACTS):
        pass
    assert entries(place)[-1]["facts"]["result"] == "failed"
    with pytest.raises(ValueError, match="recorded already"), open_log(place).recorded("reidentify", FACTS) as entry:
        entry.outcome({})
        entry.outcome({})


def test_a_refused_attempt_is_one_entry(place):
    open_log(place).attempt("request", FACTS, refused="No agreement names A99003.\nMore.")
    assert [e["kind"] for e in entries(place)] == ["begin", "refused"]
    assert entries(place)[-1]["facts"] == FACTS | {"refused": "No agreement names A99003."}


# What may be said.


def with_check_digit(nine: int) -> str | None:
    """Nine digits and the tenth by modulo 11; None where that would be 10."""
    digit = -sum(weight * int(d) for weight, d in zip(range(10, 1, -1), str(nine), strict=True)) % 11
    return f"{nine}{digit}" if digit < 10 else None


NUMBERS = st.integers(10**8, 10**9 - 1).map(with_check_digit).filter(bool)


@given(NUMBERS, st.sampled_from(["{}", "for {}.", "{}/x", "NHS{}", "({})"]), st.sampled_from(["", " ", "-", "."]))
def test_no_nhs_number_is_recorded(number, form, between):
    shown = between.join((number[:3], number[3:6], number[6:]))
    text = form.format(shown)
    with pytest.raises(ValueError, match="`reason` may not be recorded: it has what may be an NHS number") as caught:
        check_facts({"reason": text})
    assert number not in str(caught.value)
    assert shown not in safe_words(text)


@given(st.text() | st.text("0123456789abcdef -\n", max_size=400))
def test_the_words_of_any_error_can_be_recorded(text):
    check_facts({"reason": safe_words(text)})


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"name": "x"}, "`name` is not one that the log takes"),
        ({"people": True}, "neither text"),
        ({"people": 2.0}, "neither text"),
        ({"people": -1}, "below 0"),
        ({"people": 9434765919}, "ten digits"),
        ({"cohort": "x" * 201}, "more than 200 signs"),
        ({"cohort": "two\nlines"}, "line break"),
        ({"cohort": "turned\u202eround"}, "cannot be seen"),
        ({"reason": TOKEN}, "pseudonym"),
        ({"practices": ["A99001", TOKEN.upper()]}, "pseudonym"),
        ({"cohort": "ab" * 32}, "pseudonym"),  # a hash is one only under its name
        ({"sha256": "ab" * 31}, "pseudonym"),
        ({"practices": [1]}, "not text"),
        ({"practices": ["A"] * 1001}, "more than 1000 items"),
        ({"practices": ["X" * 100] * 900}, "50000 are the most"),
    ],
)
def test_facts_that_are_not_for_the_log_are_refused_and_nothing_is_written(place, facts, why):
    with pytest.raises(ValueError, match=why), open_log(place).recorded("reidentify", facts):
        pytest.fail("it was granted")
    assert len(lines_of(place)) == 1


def test_facts_that_look_alike_and_are_none_are_taken():
    check_facts(
        {"request": "R-20250106-7QX2ZB", "sha256": "ab" * 32, "practices": ["A99001"], "version": "3f2a90bc11de"}
    )
    check_facts({"reason": "9434765918", "people": 10**9 - 1})  # modulo 11 fails
    digits = "9434765919"  # passes, and may stand within a digest by chance
    check_facts({"version": f"a{digits}b", "people_sha256": "f" * 54 + digits} | {"sha256": digits + "f" * 54})
    check_facts({"log": f"ab{digits}cdef"}, OWN)
    with pytest.raises(ValueError, match="NHS number"):
        check_facts({"version": digits})
    assert safe_words(f"{TOKEN} is unknown") == "(withheld) is unknown"
    assert safe_words("") == ""
    assert len(safe_words("long " * 100)) == 200


# Where it lies.


def test_without_settings_or_a_log_nothing_is_opened(place, tmp_path):
    with pytest.raises(InputError, match="No audit, no list"):
        place_of(Workbook(**WORKBOOK, synthetic=True))
    with pytest.raises(InputError, match="No audit log was begun"):
        AuditLog(tmp_path / "absent", tmp_path / "head")
    place.head.unlink()
    with pytest.raises(InputError, match=r"No file .*head\.json"):
        open_log(place)


@pytest.mark.parametrize("head", [".", "log", "log/head", "log/../log"])
def test_log_and_head_in_one_another_are_refused(tmp_path, head):
    with pytest.raises(InputError, match="lie in one another"):
        Place(tmp_path / "log", tmp_path / head)


def test_a_head_below_the_identified_root_is_refused(tmp_path):
    audit = Audit(log=str(tmp_path / "id" / "log"), head=str(tmp_path / "id" / "head"))
    with pytest.raises(InputError, match="lies below `identified_root`"):
        place_of(Workbook(**WORKBOOK, synthetic=True, identified_root=str(tmp_path / "id"), audit=audit))


def test_a_log_of_real_data_with_the_demos_key_is_refused(tmp_path):
    place = new_log(tmp_path, demo_key(0))
    named = {"audit": Audit(log=str(place.folder), head=str(place.head_folder)), "identified_root": str(tmp_path / "x")}
    AuditLog.of(Workbook(**WORKBOOK, synthetic=True, **named))
    with pytest.raises(InputError, match="demo's public key"):
        AuditLog.of(Workbook(**WORKBOOK, synthetic=False, **named))


def test_a_log_is_never_begun_twice(place, tmp_path):
    before = place.log.read_bytes()
    for gone in (None, place.head, place.seal):
        if gone:
            gone.rename(tmp_path / gone.name)
        with pytest.raises(InputError, match="never begun again"):
            begin(place, KEY, root=tmp_path / "identified", synthetic=False)
    assert place.log.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes: the folder's own rights hold")
def test_only_the_owner_may_read_it(place):
    open_log(place).attempt("request", FACTS, refused="no")
    for folder in (place.folder, place.head_folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_the_key_of_a_written_entry_is_nowhere_on_disk(place):
    used = json.loads(place.seal.read_text())["key"]
    kept = place.folder.parent / "link"  # another name of the same file: what it had is overwritten, not only unlinked
    os.link(place.seal, kept)
    open_log(place).attempt("request", FACTS, refused="no")
    files = [f for folder in (place.folder, place.head_folder) for f in folder.iterdir()]
    assert not any(used in f.read_text() for f in files)
    if os.name != "nt":
        assert not kept.read_bytes().strip(b"\0")


def test_an_entry_reads_the_end_of_the_log_alone(place, monkeypatch):
    open_log(place).attempt("request", FACTS, refused="no")
    open_log(place).attempt("request", FACTS, refused="no")
    size = place.log.stat().st_size
    monkeypatch.setattr("phm_utils.privacy.audit_writing.TAIL_BYTES", 700)  # one entry and some of the next
    open_log(place).attempt("request", FACTS, refused="no")
    assert place.log.stat().st_size > size > 700
    assert audit_disk.tail(place.log, 700)[1] > 0
    assert verify(place, KEY).bad is None


# A full disk.


def full_at(monkeypatch, name: str) -> None:
    """The disk is full from here on, for writing into the file or draft of that name."""
    real = os.write
    names: dict[int, str] = {}
    opened = os.open

    def noted(path, *arguments, **named):
        handle = opened(path, *arguments, **named)
        names[handle] = Path(path).name
        return handle

    def write(handle, content):
        if names.get(handle) == name:
            real(handle, bytes(content)[: len(content) // 2])  # the last bytes that there was room for
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, content)

    monkeypatch.setattr(audit_disk.os, "open", noted)
    monkeypatch.setattr(audit_disk.os, "write", write)


@pytest.mark.parametrize("file", ["head.json.part", "seal.json.part", "log.jsonl"])
def test_a_full_disk_before_the_intent_grants_nothing(place, monkeypatch, file):
    log = open_log(place)
    with monkeypatch.context() as patch, pytest.raises(DiskFull, match="without it no list is given"):
        full_at(patch, file)
        with log.recorded("reidentify", FACTS):
            pytest.fail("it was granted")
    assert len(lines_of(place)) == 1
    assert verify(place, KEY).bad is None


@pytest.mark.parametrize("file", ["head.json.part", "seal.json.part", "log.jsonl"])
def test_a_full_disk_between_intent_and_outcome_leaves_the_intent(place, monkeypatch, file):
    log = open_log(place)
    with monkeypatch.context() as patch, pytest.raises(DiskFull), log.recorded("reidentify", FACTS) as entry:
        full_at(patch, file)
        entry.outcome({"granted": 2})
    assert [e["kind"] for e in entries(place)] == ["begin", "intent"]
    found = verify(place, KEY)
    assert (found.bad, [e.number for e in found.open_intents]) == (None, [2])
    open_log(place).attempt("request", FACTS, refused="no")  # there is room again
    assert verify(place, KEY).bad is None


def test_a_full_disk_that_has_room_again_has_the_outcome_failed(place, monkeypatch):
    log = open_log(place)
    with pytest.raises(DiskFull), log.recorded("reidentify", FACTS) as entry, monkeypatch.context() as patch:
        full_at(patch, "log.jsonl")
        entry.outcome({"granted": 2})
    assert entries(place)[-1]["facts"] == {"intent": 2, "result": "failed", "why": "DiskFull"}


@pytest.mark.parametrize("file", ["seal.json", "head.json"])
def test_a_file_that_cannot_be_replaced_grants_nothing(place, monkeypatch, file):
    log, replace = open_log(place), os.replace

    def locked(old, new):
        if Path(new).name == file:
            raise PermissionError(errno.EACCES, "Permission denied", str(new))
        replace(old, new)

    with monkeypatch.context() as patch, pytest.raises(StepFailed, match="Permission denied"):
        patch.setattr(audit_disk.os, "replace", locked)
        with log.recorded("reidentify", FACTS):
            pytest.fail("it was granted")
    # Before the seal moved on the entry does not count; after, it is an intent without an outcome.
    assert len(lines_of(place)) == (1 if file == "seal.json" else 2)
    open_log(place).attempt("request", FACTS, refused="no")
    assert verify(place, KEY).bad is None
