"""A process killed at any step of writing leaves what the next command sets right: no grant without an entry."""

import hashlib

import pytest
from audit_logs import FACTS, KEY, in_process, lines_of, new_log, open_log

from phm_utils.errors import InputError
from phm_utils.privacy.audit_log import begin
from phm_utils.privacy.audit_place import Place
from phm_utils.privacy.audit_verify import verify

STEPS = ["draft of head.json", "draft of seal.json", "log.jsonl", "seal.json", "head.json"]
KILLED_AT = """
import os
from phm_utils.privacy import audit_disk
step, times = arguments[0], int(arguments[1])
seen = 0
def after(name):
    global seen
    seen += name == step
    if name == step and seen == times:
        os._exit(9)
audit_disk.after = after
"""
# Half of what is to be written into the file reaches the disk.
TORN_AT = """
import os
from phm_utils.privacy import audit_disk
step, times = arguments[0], int(arguments[1])
seen, whole, opened, names = 0, audit_disk._write_all, os.open, {}
def noted(path, *rest):
    handle = opened(path, *rest)
    names[handle] = os.path.basename(path)
    return handle
def torn(handle, content):
    global seen
    seen += names.get(handle) == step
    if names.get(handle) == step and seen == times:
        os.write(handle, content[: len(content) // 2])
        os.fsync(handle)
        os._exit(9)
    whole(handle, content)
os.open, audit_disk._write_all = noted, torn
"""
GIVE = """
from phm_utils.privacy.audit_log import AuditLog
log = AuditLog(folder, head)
with log.recorded("reidentify", {"cohort": "frail", "people": 3}) as entry:
    print("opened", flush=True)
    entry.outcome({"granted": 3})
print("given", flush=True)
"""
OPEN = """
from phm_utils.privacy.audit_log import AuditLog
AuditLog(folder, head)
"""


@pytest.fixture
def place(tmp_path) -> Place:
    return new_log(tmp_path)


def went_on(place: Place) -> list[tuple[str, str | None]]:
    """The next command writes an entry; the log is whole. Kind and result of the entries before it."""
    open_log(place).attempt("request", FACTS, refused="no")
    found = verify(place, KEY)
    assert found.bad is None
    assert not list(place.folder.glob("*.part")) + list(place.head_folder.glob("*.part"))
    return [(e.kind, e.facts.get("result")) for e in found.entries[1:-1]]


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_it_records_the_intent_it_opens_nothing(place, step):
    ended = in_process(KILLED_AT + GIVE, place, step, 1)
    assert (ended.returncode, ended.stdout) == (9, "")
    wrote = STEPS.index(step) >= 2
    assert went_on(place) == ([("intent", None)] if wrote else [])
    assert [e.number for e in verify(place, KEY).open_intents] == ([2] if wrote else [])


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_it_records_the_outcome_it_gives_nothing(place, step):
    ended = in_process(KILLED_AT + GIVE, place, step, 2)
    assert (ended.returncode, ended.stdout.split()) == (9, ["opened"])
    outcome = [("outcome", "done")] if STEPS.index(step) >= 2 else []  # what was about to be given
    assert went_on(place) == [("intent", None), *outcome]


@pytest.mark.parametrize("file", ["head.json.part", "seal.json.part"])
def test_a_draft_cut_short_counts_for_nothing(place, file):
    assert in_process(TORN_AT + GIVE, place, file, 1).returncode == 9
    assert went_on(place) == []


@pytest.mark.parametrize(("times", "said", "before"), [(1, "", []), (2, "opened", [("intent", None)])])
def test_a_line_cut_short_is_set_aside_and_said(place, times, said, before):
    ended = in_process(TORN_AT + GIVE, place, "log.jsonl", times)
    assert (ended.returncode, ended.stdout.strip()) == (9, said)
    torn = lines_of(place)[-1]
    assert not torn.endswith(b"\n")
    number = 1 + times
    assert (found := verify(place, KEY)).bad
    assert found.bad.number == number
    assert "not written whole" in found.bad.why
    assert went_on(place) == [*before, ("recovered", None)]
    recovered = verify(place, KEY).entries[number - 1]
    assert recovered.facts == {
        "bytes": len(torn),
        "sha256": hashlib.sha256(torn).hexdigest(),
        "file": f"torn-{number:06d}",
    }
    assert (place.folder / f"torn-{number:06d}").read_bytes() == torn


@pytest.mark.full
@pytest.mark.parametrize("step", ["draft of torn", "torn", "cut of log.jsonl", *STEPS])
def test_killed_while_it_sets_aside_nothing_is_lost(place, step):
    in_process(TORN_AT + GIVE, place, "log.jsonl", 1)
    torn = lines_of(place)[-1]
    assert in_process(KILLED_AT + OPEN, place, step, 1).returncode == 9
    assert went_on(place) == [("recovered", None)]
    assert (place.folder / "torn-000002").read_bytes() == torn
    assert not place.torn.exists()


def test_an_entry_of_recovery_cut_short_itself_is_set_aside_with_the_first(place):
    in_process(TORN_AT + GIVE, place, "log.jsonl", 1)
    first = lines_of(place)[-1]
    assert in_process(TORN_AT + OPEN, place, "log.jsonl", 1).returncode == 9
    second = lines_of(place)[-1]
    assert b"recovered" in second
    assert went_on(place) == [("recovered", None)]
    assert (place.folder / "torn-000002").read_bytes() == first + second


def test_a_line_added_by_somebody_else_is_set_aside_and_said(place):
    added = lines_of(place)[0].replace(b'"number":1', b'"number":2')
    place.log.write_bytes(place.log.read_bytes() + added)
    assert verify(place, KEY).bad.number == 2
    assert went_on(place) == [("recovered", None)]
    assert (place.folder / "torn-000002").read_bytes() == added


@pytest.mark.parametrize("gone", ["log", "seal", "head", "line", "head_before"])
def test_what_no_kill_leaves_is_refused(place, gone):
    open_log(place).attempt("request", FACTS, refused="no")
    old = place.head.read_bytes()
    for _ in range(2):
        open_log(place).attempt("request", FACTS, refused="no")
    if gone == "line":
        place.log.write_bytes(b"".join(lines_of(place)[:-1]))
    elif gone == "head_before":
        place.head.write_bytes(old)
    else:
        getattr(place, gone).unlink()
    with pytest.raises(InputError, match="phm audit verify"):
        open_log(place)
    assert verify(place, KEY).bad


def test_a_beginning_that_was_killed_is_not_taken_for_a_log(tmp_path):
    begun = """
from pathlib import Path
from phm_utils.privacy.audit_log import begin
from phm_utils.privacy.audit_place import Place
begin(Place(Path(folder), Path(head)), bytes(range(32)), root=Path(folder).parent, synthetic=False)
"""
    for number, step in enumerate(STEPS[2:4]):
        place = Place(tmp_path / str(number) / "log", tmp_path / str(number) / "head")
        assert in_process(KILLED_AT + begun, place, step, 1).returncode == 9
        with pytest.raises(InputError, match="No file"):
            open_log(place)
        with pytest.raises(InputError, match="or part of one"):
            begin(place, KEY, root=place.folder.parent, synthetic=False)
