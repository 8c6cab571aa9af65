"""Working folders of the identified side: a dead command's goes or is completed, a living one's stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from phm_utils.engine import TEMP_ENV, session
from phm_utils.errors import InputError, StepFailed
from phm_utils.privacy import workplace as w

BUSY = """
import sys, time
from pathlib import Path
from phm_utils.privacy import workplace as w
root = Path(sys.argv[1])
with w.only_one(root, "tiny"), w.workplace(root) as place:
    (place.folder / "names.csv").write_text("QUILLFEATHER")
    place.note(root.parent / ".draft.part").write_text("QUILLFEATHER")
    print(place.folder, flush=True)
    time.sleep(120)
"""


@pytest.fixture
def root(tmp_path):
    return tmp_path / "outputs" / "identified"


@pytest.fixture
def busy(root):
    """A process at work below the root, and its working folder."""
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(root)], stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    assert folder.is_relative_to(root)
    yield process, folder
    process.kill()
    process.wait()


def left(root):
    """What working folders hold, locks apart."""
    return [p for p in (root / w.WORK).rglob("*") if p.is_file() and p.name != ".lock"]


def test_what_a_living_command_uses_stays_and_what_it_left_when_it_dies_goes(root, busy):
    process, folder = busy
    w.sweep(root)
    assert (folder / "names.csv").read_text() == "QUILLFEATHER"
    assert (root.parent / ".draft.part").exists()
    process.kill()
    process.wait()
    w.sweep(root)
    assert left(root) == []
    assert not folder.exists()
    assert not (root.parent / ".draft.part").exists()


def test_one_command_at_a_time_and_the_lock_of_a_dead_one_is_free(root, busy):
    process, _ = busy
    with pytest.raises(InputError, match="at work on `tiny`"), w.only_one(root, "tiny"):
        pass
    with w.only_one(root, "another"):
        pass
    process.kill()
    process.wait()
    with w.only_one(root, "tiny"):
        pass


def test_a_command_sweeps_when_it_opens_its_own_folder_and_removes_that_at_its_end(root, busy):
    process, folder = busy
    process.kill()
    process.wait()
    with w.workplace(root) as place:
        assert not folder.exists()
        (place.folder / "names.csv").write_text("QUILLFEATHER")
    assert left(root) == []
    with pytest.raises(ZeroDivisionError), w.workplace(root) as place:
        (place.folder / "names.csv").write_text("QUILLFEATHER")
        raise ZeroDivisionError
    assert left(root) == []


def test_spill_lies_in_the_working_folder_and_nowhere_else(root, tmp_path, monkeypatch):
    monkeypatch.setenv(TEMP_ENV, str(tmp_path / "elsewhere"))
    with w.workplace(root) as place, session() as con:
        [(spill,)] = con.execute("SELECT current_setting('temp_directory')").fetchall()
        assert Path(spill).is_relative_to(place.folder)
    assert os.environ[TEMP_ENV] == str(tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def published(root, monkeypatch, dies_at):
    """Publish two results over earlier ones; the process dies before one of its moves."""
    for name in ("landing", "ledger"):
        (root / name / "a").mkdir(parents=True, exist_ok=True)
        (root / name / "a" / "f").write_text("old")
    moves, rename = iter(range(100)), w._rename

    def dying(old, new):
        if next(moves) == dies_at:
            raise SystemExit
        rename(old, new)

    monkeypatch.setattr(w, "_rename", dying)
    try:
        with w.workplace(root) as place:
            results = {place.folder / "out" / n: root / n / "a" for n in ("landing", "ledger")}
            for draft in results:
                draft.mkdir(parents=True)
                (draft / "f").write_text("new")
            place.publish(results)
    except SystemExit:
        pass
    monkeypatch.setattr(w, "_rename", rename)


@pytest.mark.parametrize("dies_at", range(5))  # two moves each, then after them all
def test_a_publication_that_began_is_completed_by_the_next_command(root, monkeypatch, dies_at):
    published(root, monkeypatch, dies_at)
    w.sweep(root)
    assert [(root / n / "a" / "f").read_text() for n in ("landing", "ledger")] == ["new", "new"]
    assert left(root) == []


def test_a_place_that_cannot_be_written_is_named_and_the_next_command_goes_on(root, monkeypatch):
    rename = w._rename

    def refused(old, new):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(w, "_rename", refused)
    cannot = pytest.raises(StepFailed, match=r"Results are complete, but .*pairs\.csv cannot be replaced \(Permission")
    with cannot, w.workplace(root) as place:
        (place.folder / "pairs.csv").write_text("new")
        place.publish({place.folder / "pairs.csv": root / "review" / "pairs.csv"})
    with pytest.raises(StepFailed, match="cannot be replaced"):
        w.sweep(root)
    monkeypatch.setattr(w, "_rename", rename)
    w.sweep(root)
    assert (root / "review" / "pairs.csv").read_text() == "new"


def test_checked_tables_of_an_earlier_version_are_removed(root):
    (root / "checked" / "demo" / "store").mkdir(parents=True)
    (root / "checked" / "demo" / "store" / "names.parquet").write_text("QUILLFEATHER")
    w.sweep(root)
    assert not (root / "checked").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_folders_are_their_owners_alone_and_a_disk_without_modes_is_refused(root, monkeypatch, capsys):
    before = os.umask(0)
    try:
        with w.workplace(root) as place:
            folders = [place.folder, *(p for p in place.folder.parents if p.is_relative_to(root))]
            assert {p.stat().st_mode & 0o777 for p in folders} == {0o700}
            assert root.parent.stat().st_mode & 0o777 == 0o777  # not ours
    finally:
        os.umask(before)
    (root / w.WORK).chmod(0o755)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # as on such a share
    with pytest.raises(InputError, match=r"may be read by others \(mode 755\)"), w.workplace(root):
        pass
    with w.workplace(root, synthetic=True):
        assert "may be read by others" in capsys.readouterr().err
