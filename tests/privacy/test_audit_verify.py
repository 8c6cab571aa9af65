"""What `phm audit verify` finds: each way to change a log, the first bad entry, and what only an anchor shows."""

import hashlib
import hmac
import json
import shutil
from datetime import date

import pytest
from audit_logs import FACTS, KEY, OTHER_KEY, in_process, lines_of, new_log, open_log, put, written
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.privacy.audit_anchor import anchor_of, read_anchor, write_anchor
from phm_utils.privacy.audit_place import Place
from phm_utils.privacy.audit_seal import first_key, hash_of, key_of, read_entry, sealed_line
from phm_utils.privacy.audit_state import read_head, read_seal
from phm_utils.privacy.audit_verify import verify


@pytest.fixture
def place(tmp_path) -> Place:
    """A log of six entries."""
    made = new_log(tmp_path)
    written(made, 6)
    return made


def test_the_format_by_hand(tmp_path):
    place = new_log(tmp_path)
    open_log(place).attempt("request", {"cohort": "frail"}, refused="no")
    first, second = lines_of(place)
    content = json.loads(first)
    # HKDF-SHA256 without salt, thrice: the auditor's key for the purpose, that of entry 1, that of entry 2.
    key = HKDF(SHA256(), 32, None, b"phm purpose audit").derive(KEY)
    key = HKDF(SHA256(), 32, None, f"phm audit log {content['facts']['log']} entry 1".encode()).derive(key)
    for line in (first, second):
        body, seal = line[:-76], json.loads(line)["seal"]  # ,"seal":"64 digits"}\n
        assert hmac.new(key, body, hashlib.sha256).hexdigest() == seal
        key = HKDF(SHA256(), 32, None, b"phm audit next entry").derive(key)
    assert json.loads(second)["previous"] == hashlib.sha256(first[:-1]).hexdigest()
    assert content["previous"] == "0" * 64
    head = json.loads(place.head.read_text())
    assert (head["count"], head["hash"]) == (2, hashlib.sha256(second[:-1]).hexdigest())
    assert json.loads(place.seal.read_text())["key"] == key.hex()  # of entry 3, from which the others do not follow


def test_a_whole_log_is_whole_and_unchanged_by_the_look(place):
    before = [(f.name, f.read_bytes()) for f in sorted(place.folder.iterdir())]
    found = verify(place, KEY)
    assert (found.bad, len(found.entries), found.doubtful, found.notes) == (None, 6, (), ())
    assert verify(place).bad is None
    assert verify(place).key is None
    assert [(f.name, f.read_bytes()) for f in sorted(place.folder.iterdir())] == before
    with pytest.raises(InputError, match="No audit log was begun"):
        verify(Place(place.folder.with_name("absent"), place.head_folder.with_name("absent")))


# Each kind of change, found by the seals, and by the chain alone.


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize(("lines", "number", "why"), [
    ([0, 1, 2, 4, 5], 4, "removed: entry 5 stands in its place"),
    ([0, 1, 4, 5], 3, "removed, with 1 after it"),
    ([1, 2, 3, 4, 5], 1, "removed"),
    ([0, 4, 2, 3, 1, 5], 2, "entry 5 stands in its place, and it stands further down: entries were reordered"),
    ([0, 1, 2, 2, 3, 4, 5], 4, "entry 3 stands in its place, where it was moved or copied"),
    ([0, 1, 2, 3, 4], 6, "gone: 6 entries were written, and the log was cut short after 5"),
    ([0, 1], 3, "gone: 6 entries were written"),
    ([], 1, "gone: 6 entries were written"),
])  # fmt: skip
def test_lines_removed_moved_or_cut_off(place, key, lines, number, why):
    sound = lines_of(place)
    put(place, [sound[i] for i in lines])
    bad = verify(place, key).bad
    assert bad is not None
    assert (bad.number, why in bad.why) == (number, True), bad


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize("number", [1, 3, 6])
def test_an_edit(place, key, number):
    lines = lines_of(place)
    old, new = (b'"key":"', b'"key":"0') if number == 1 else (b"Dr A", b"Dr B") if number != 3 else (b": 1", b": 0")
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new)
    put(place, lines)
    found = verify(place, key)
    assert found.bad is not None
    assert found.bad.number == number
    assert (len(found.entries), len(found.doubtful)) == (number - 1, 7 - number)
    if not (number == 6 and key is None):  # then the head alone shows it, and it could be the head that was changed
        assert "edited" in found.bad.why


def test_a_number_edited_is_not_taken_for_a_move(place):
    sound = lines_of(place)
    for number in (1, 4):
        lines = [*sound]
        lines[number - 1] = lines[number - 1].replace(b'"number":%d' % number, b'"number":2')
        put(place, lines)
        bad = verify(place, KEY).bad
        assert (bad.number, "edited" in bad.why) == (number, True), bad


def rewritten(place: Place, key: bytes, keep: int) -> None:
    """As somebody who can write both folders, and has a key: all entries after `keep` are written anew."""
    sound = [read_entry(line[:-1]) for line in lines_of(place)]
    lines, previous = lines_of(place)[:keep], hash_of(lines_of(place)[keep - 1][:-1]) if keep else "0" * 64
    for entry in sound[keep:]:
        changed = {**entry.facts, "requester": "Dr B"} if "requester" in entry.facts else entry.facts
        made = type(entry)(entry.number, entry.when, entry.kind, entry.action, changed, previous)
        line = sealed_line(made, key_of(entry.number - keep, key))
        lines, previous = [*lines, line + b"\n"], hash_of(line)
    put(place, lines)
    head = json.loads(place.head.read_text()) | {"count": len(lines), "hash": previous}
    place.head.write_text(json.dumps(head))


def test_entries_written_anew_with_head_and_chain_are_found_by_their_seals(place):
    rewritten(place, read_seal(place).key, 2)  # the key of entry 7, which a writer has
    assert verify(place).bad is None  # without the auditor's key nothing is to be seen: the report says so
    assert verify(place, KEY).bad.number == 3


def test_the_holder_of_the_auditors_key_can_forge_everything(place):
    log = read_head(place).log
    rewritten(place, key_of(3, first_key(KEY, log)), 2)
    found = verify(place, KEY)
    assert found.bad is None
    assert found.entries[3].facts["requester"] == "Dr B"


@pytest.mark.parametrize("log", ['"\\ud800"', "[1]", "null", '"x"'])
def test_a_first_entry_that_names_no_log_is_an_edit(place, log):
    lines = lines_of(place)
    lines[0] = lines[0].replace(b'"%s"' % read_head(place).log.encode(), log.encode())
    put(place, lines)
    for key in (KEY, None):
        bad = verify(place, key).bad
        assert (bad.number, "edited" in bad.why) == (1, True), bad


@pytest.mark.parametrize("rewrite_seal", [True, False])
def test_a_log_cut_short_with_its_head_is_found_by_the_seal(place, rewrite_seal):
    lines = lines_of(place)[:4]
    put(place, lines)
    place.head.write_text(json.dumps(json.loads(place.head.read_text()) | {"count": 4, "hash": hash_of(lines[3][:-1])}))
    if rewrite_seal:  # with the key at hand, which is another than that of entry 5
        place.seal.write_text(json.dumps(json.loads(place.seal.read_text()) | {"next": 5}))
    bad = verify(place, KEY).bad
    assert bad.number == (4 if rewrite_seal else 5)
    assert "cut short" in bad.why
    assert (verify(place).bad is None) == rewrite_seal  # without the key: by the seal's number alone


def test_a_log_cut_short_and_written_on_is_found(place):
    lines = lines_of(place)[:4]
    put(place, lines)
    place.head.write_text(json.dumps(json.loads(place.head.read_text()) | {"count": 4, "hash": hash_of(lines[3][:-1])}))
    place.seal.write_text(json.dumps(json.loads(place.seal.read_text()) | {"next": 5}))
    open_log(place).attempt("request", FACTS, refused="no")  # a writer does not see it: the past is not at hand
    assert verify(place, KEY).bad.number == 5
    assert verify(place).bad is None


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
def test_another_log_in_its_place_is_found(place, tmp_path, key):
    other = new_log(tmp_path / "other", key)
    written(other, 6)
    shutil.copytree(other.folder, place.folder, dirs_exist_ok=True)
    found = verify(place, KEY).bad
    assert (found.number, "wholesale" in found.why) == (1, True)  # by its key; by its head, where that is the same
    shutil.copytree(other.head_folder, place.head_folder, dirs_exist_ok=True)
    assert (verify(place, KEY).bad is None) == (key == KEY)  # one more log of the auditor's own
    assert verify(place).bad is None


def test_the_wrong_key_is_said(place):
    assert "was begun with the key" in verify(place, OTHER_KEY).bad.why


# Head and seal.


@pytest.mark.parametrize("key", [KEY, None])
def test_a_head_that_disagrees(place, key):
    sound = json.loads(place.head.read_text())
    for changes, number, why in [
        ({"hash": "0" * 64}, 6, "states another content of it"),
        ({"count": 7}, 7, "gone"),
        ({"count": 3, "hash": hash_of(lines_of(place)[2][:-1])}, 4, "set back"),
        ({"log": "0" * 16}, 1, "replaced wholesale"),
        ({"count": "6"}, 6, "missing or was edited"),
    ]:
        place.head.write_text(json.dumps(sound | changes))
        bad = verify(place, key).bad
        assert (bad.number, why in bad.why) == (number, True), bad
    place.head.unlink()
    assert "missing" in verify(place, key).bad.why


def test_a_seal_that_disagrees(place):
    sound = json.loads(place.seal.read_text())
    for changes, why in [
        ({"key": "0" * 64}, "another key than follows it"),
        ({"next": 9}, "gone: 8 entries were written"),
        ({"next": 4}, "set back"),
        ({"format": "x"}, "missing or was edited"),
    ]:
        place.seal.write_text(json.dumps(sound | changes))
        assert why in verify(place, KEY).bad.why
        assert (verify(place).bad is None) == ("key" in changes)


def test_an_entry_whose_head_was_not_written_yet_is_no_fault(place):
    before = place.head.read_bytes()
    open_log(place).attempt("request", FACTS, refused="no")
    place.head.write_bytes(before)
    found = verify(place, KEY)
    assert (found.bad, len(found.entries)) == (None, 7)
    assert found.notes[0].startswith("Entry 7: a command was killed while it wrote it")


def test_a_clock_set_back_and_a_file_set_aside_are_to_be_known(place, monkeypatch):
    place.log.write_bytes(place.log.read_bytes() + b"{")
    monkeypatch.setattr("phm_utils.privacy.audit_writing.now", lambda: "2001-01-01T00:00:00Z")
    open_log(place)
    found = verify(place, KEY)
    assert found.bad is None
    assert "Entry 7 says 2001-01-01" in found.notes[0]
    assert found.notes[1].endswith("left at the end is in torn-000007.")
    (place.folder / "torn-000007").unlink()
    assert "is no more" in verify(place, KEY).notes[1]


# An anchor.


def test_log_seal_and_head_set_back_together_are_found_by_an_anchor_alone(place, tmp_path):
    for folder in (place.folder, place.head_folder):
        shutil.copytree(folder, tmp_path / "old" / folder.parent.name)
    written(place, 8)
    anchor = anchor_of(read_head(place), date(2025, 3, 31))
    write_anchor(anchor, tmp_path / "anchor.json", place)
    written(place, 10)
    assert verify(place, KEY, read_anchor(tmp_path / "anchor.json")).bad is None
    for folder in (place.folder, place.head_folder):
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "old" / folder.parent.name, folder)
    assert verify(place, KEY).bad is None
    bad = verify(place, KEY, read_anchor(tmp_path / "anchor.json")).bad
    assert (bad.number, "on 2025-03-31 the log had 8 entries" in bad.why) == (7, True)
    for _ in range(4):  # and written on: entries 7 and 8 are others
        open_log(place).attempt("request", FACTS, refused="no")
    assert verify(place, KEY).bad is None
    assert verify(place, KEY, anchor).bad.number == 8


def test_an_anchor_shows_another_log_without_any_key(place, tmp_path):
    other = new_log(tmp_path / "other", OTHER_KEY)
    bad = verify(place, None, anchor_of(read_head(other), date(2025, 3, 31))).bad
    assert (bad.number, "replaced wholesale" in bad.why) == (1, True)


def test_an_anchor_is_kept_elsewhere_and_never_overwritten(place, tmp_path):
    anchor = anchor_of(read_head(place), date(2025, 3, 31))
    for folder in (place.folder, place.head_folder):
        with pytest.raises(InputError, match="beside the log"):
            write_anchor(anchor, folder / "anchor.json", place)
    write_anchor(anchor, tmp_path / "anchor.json", place)
    with pytest.raises(InputError, match="never overwritten"):
        write_anchor(anchor, tmp_path / "anchor.json", place)


@pytest.mark.parametrize("change", [{"count": 0}, {"count": True}, {"hash": "x"}, {"day": "today"}, {"more": 1}])
def test_what_is_no_anchor_is_refused(place, tmp_path, change):
    content = json.loads(anchor_of(read_head(place), date(2025, 3, 31)).text()) | change
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"a\.json is no anchor"):
        read_anchor(tmp_path / "a.json")


# Any change.


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> tuple[Place, list[list[bytes]]]:
    """A log of nine entries, and what its folders held when it had each number of them."""
    place = new_log(tmp_path_factory.mktemp("sound"))
    states = [[path.read_bytes() for path in (place.log, place.seal, place.head)]]
    for number in range(2, 10):
        written(place, number) if number % 2 == 0 else open_log(place).attempt("request", FACTS, refused="no")
        states.append([path.read_bytes() for path in (place.log, place.seal, place.head)])
    return place, states


def restored(sound: tuple[Place, list[list[bytes]]], entries: int) -> tuple[Place, bytes]:
    place, states = sound
    for path, content in zip((place.log, place.seal, place.head), states[entries - 1], strict=True):
        path.write_bytes(content)
    return place, states[entries - 1][0]


def first_different(before: bytes, after: bytes) -> int:
    """The first entry, from 1, whose line is not as it was."""
    old, new = before.split(b"\n"), after.split(b"\n")
    lines = [[line + b"\n" for line in part[:-1]] + ([part[-1]] if part[-1] else []) for part in (old, new)]
    same = [a == b for a, b in zip(*lines, strict=False)]
    return (same.index(False) if False in same else len(same)) + 1


@given(st.data(), st.integers(1, 9))
def test_any_change_of_bytes_is_found_and_the_first_bad_entry_named(sound, data, entries):
    place, content = restored(sound, entries)
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(begin + data.draw(st.sampled_from([1, 1, 4, 600])), len(content))))
    put_in = data.draw(st.binary(max_size=3) | st.sampled_from([b"", b"\n", b" ", b"0", b"}"]))
    changed = content[:begin] + put_in + content[end:]
    if changed == content:
        return
    place.log.write_bytes(changed)
    bad = verify(place, KEY).bad
    assert bad is not None
    assert bad.number == first_different(content, changed), bad
    assert verify(place).bad is not None  # that it is not whole the chain shows by itself


@given(st.data(), st.integers(2, 9), st.sampled_from(["remove", "swap", "copy", "cut"]))
def test_any_lines_removed_swapped_copied_or_cut_off_are_found(sound, data, entries, kind):
    place, content = restored(sound, entries)
    lines = content.splitlines(keepends=True)
    a, b = sorted(data.draw(st.lists(st.integers(0, entries - 1), min_size=2, max_size=2, unique=True)))
    if kind == "remove":
        changed = lines[:a] + lines[b:]
    elif kind == "cut":
        changed = lines[:b]
    elif kind == "copy":
        changed = [*lines[:b], lines[a], *lines[b:]]
    else:
        changed = [*lines]
        changed[a], changed[b] = lines[b], lines[a]
    put(place, changed)
    for key in (KEY, None):
        bad = verify(place, key).bad
        assert bad is not None
        assert bad.number == first_different(content, b"".join(changed)), bad
        assert "edited" not in bad.why


# Two processes.

MANY = """
from phm_utils.privacy.audit_log import AuditLog
for number in range(25):
    with AuditLog(folder, head).recorded("reidentify", {"requester": arguments[0], "rows": number}) as entry:
        entry.outcome({"granted": number})
"""


def test_two_processes_that_write_at_once_lose_nothing(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    place = new_log(tmp_path)
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda who: in_process(MANY, place, who), ["first", "second"]))
    assert [(one.returncode, one.stderr) for one in ended] == [(0, "")] * 2
    found = verify(place, KEY)
    assert (found.bad, len(found.entries), found.open_intents) == (None, 101, ())
    intents = {e.number: e.facts for e in found.entries if e.kind == "intent"}
    assert sorted((f["requester"], f["rows"]) for f in intents.values()) == [
        (who, number) for who in ("first", "second") for number in range(25)
    ]
    for entry in found.entries:
        if entry.kind == "outcome":  # each of its own intent
            assert entry.facts["granted"] == intents[entry.facts["intent"]]["rows"]
