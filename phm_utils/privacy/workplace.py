"""The working folder of one command on the identified side, and what becomes of it when the command dies.

Whatever holds identities on the way (spill, checked tables, drafts) lies in
`<identified_root>/work/<id>`, which belongs to one process: it holds an
operating system's lock on `<id>.lock`, which ends with the process. Every
command sweeps at its start: a folder whose lock is free is of a dead process.

Results are published together. They are complete in the working folder before
`publication.json` there names their places; from then on they are moved, by
this process, or, where it dies, by the next command's sweep. Without that file
nothing is published and all drafts are removed.
"""

import errno
import json
import os
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from phm_utils.engine import TEMP_ENV
from phm_utils.errors import InputError, StepFailed
from phm_utils.full_disk import full_disk
from phm_utils.json_files import load_json
from phm_utils.params import Workbook
from phm_utils.privacy.access import owner_only, private_folder
from phm_utils.runs import resolve

WORK, LOCKS, QUARANTINE = "work", "locks", "quarantine"
MASTER = ".lock"  # held while working folders are made or swept
MASTER_SECONDS = 600  # a sweep may have much to remove
JOURNAL, NOTES, REPLACED = "publication.json", "drafts.txt", "replaced"
CHECKED = "checked"  # earlier versions kept the checked tables, with names, below the identified root
NO_FOLLOWING = "Close programs that have it open or make room or rights for it, then run any command of `phm` again."


@dataclass(frozen=True)
class Workplace:
    """A working folder that is this process's own.

    root: the identified root. folder: below it; removed at the end.
    """

    root: Path
    folder: Path

    def note(self, draft: Path) -> Path:
        """`draft` itself, a file or folder outside the root that is removed at the sweep if this process dies."""
        with (self.folder / NOTES).open("a", encoding="utf-8") as notes:
            notes.write(f"{draft.resolve()}\n")
            notes.flush()
            os.fsync(notes.fileno())
        return draft

    def quarantine(self, name: str) -> dict[Path, Path]:
        """The result `quarantine/<name>`, to be published: what the check rejected, empty where it is nothing."""
        draft = self.folder / QUARANTINE / name
        draft.mkdir(parents=True, exist_ok=True)
        return {draft: self.root / QUARANTINE / name}

    def publish(self, results: Mapping[Path, Path]) -> None:
        """Put files and folders of the working folder (keys) into their places below the root (values): all or none.

        An earlier file or folder in such a place is replaced. Raises StepFailed
        where a place cannot be written: the next command goes on from there.
        """
        moves = [
            [draft.relative_to(self.folder).as_posix(), place.relative_to(self.root).as_posix()]
            for draft, place in results.items()
        ]
        written = self.folder / f"{JOURNAL}.part"
        with written.open("w", encoding="utf-8") as file:
            json.dump(moves, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(written, self.folder / JOURNAL)
        _move_all(self.root, self.folder)


def default_root() -> Path:
    """The identified root of commands that have no parameter file."""
    return resolve(Workbook.model_fields["identified_root"].default)


@contextmanager
def workplace(root: Path | None = None, *, synthetic: bool = False) -> Iterator[Workplace]:
    """A working folder below an identified root, where DuckDB and Spark spill too; files are their owner's alone.

    root: None for commands without a parameter file: the usual root, and spill in PHM_TEMP if that is set.
    Raises InputError where it cannot be made, or others could open it; the latter is a warning of synthetic data.
    """
    _make_above(root or default_root())
    with owner_only():
        try:
            place, lock = _open(root or default_root(), synthetic)
        except OSError as error:
            if full := full_disk(error, root or default_root()):
                raise full from None
            raise InputError(
                f"Cannot write in {root or default_root()} ({error.strerror}). Free it, or set `identified_root`."
            ) from None
        before = os.environ.get(TEMP_ENV)
        spill = place.folder / "spill"
        if root is None and before:
            spill = place.note(Path(before) / f"phm-{place.folder.name}")
        os.environ[TEMP_ENV] = str(spill)
        try:
            yield place
        finally:
            if before is None:
                os.environ.pop(TEMP_ENV)
            else:
                os.environ[TEMP_ENV] = before
            _remove(spill)
            if not (place.folder / JOURNAL).is_file():  # else a publication is not complete: the sweep completes it
                _remove(place.folder)
            _release(lock)


def _make_above(root: Path) -> None:
    """The folders above a root, with the user's own modes."""
    with suppress(OSError):  # said where the root itself is made
        root.parent.mkdir(parents=True, exist_ok=True)


def _open(root: Path, synthetic: bool) -> tuple[Workplace, FileLock]:
    work = private_folder(root / WORK, root, synthetic=synthetic)
    with _master(work):
        _sweep(root)
        folder = work / uuid.uuid4().hex[:12]
        lock = FileLock(_lock_of(folder), timeout=0, mode=0o600)
        lock.acquire()
        folder.mkdir(mode=0o700)
    return Workplace(root, folder), lock


def sweep(root: Path) -> None:
    """Complete or remove what commands that died left below an identified root; what living ones use stays."""
    if (root / WORK).is_dir() or (root / CHECKED).is_dir():
        with owner_only(), _master(private_folder(root / WORK, root, synthetic=True)):
            _sweep(root)


@contextmanager
def only_one(root: Path, name: str, *, synthetic: bool = False) -> Iterator[None]:
    """Refuse a second command on the identified side of one parameter file; the lock of a killed one is free."""
    _make_above(root)
    with owner_only():
        lock = FileLock(private_folder(root / LOCKS, root, synthetic=synthetic) / name, timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(
                f"Another `phm link` or `phm check` is at work on `{name}`: nothing was read or written. Wait for it, "
                "or stop it."
            ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _master(work: Path) -> Iterator[None]:
    lock = FileLock(work / MASTER, timeout=MASTER_SECONDS, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"Another command has been sweeping {work} for {MASTER_SECONDS} seconds. Try later.") from None
    try:
        yield
    finally:
        lock.release()


def _sweep(root: Path) -> None:
    """Under the master lock: every working folder whose process is dead."""
    work = root / WORK
    for folder in {p.with_suffix("") for p in work.iterdir() if p.name != MASTER and not p.name.startswith(".")}:
        lock = FileLock(_lock_of(folder), timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:  # at work
            continue
        try:
            _settle(root, folder)
        finally:
            lock.release()
        if not folder.exists():
            _lock_of(folder).unlink(missing_ok=True)
    _remove_checked(root)


def _settle(root: Path, folder: Path) -> None:
    """Complete the publication of a process that died, or remove what it left."""
    if (folder / JOURNAL).is_file():
        _move_all(root, folder)
    with suppress(OSError):
        for draft in (folder / NOTES).read_text(encoding="utf-8").splitlines():
            _remove(Path(draft))
    _remove(folder)


def _move_all(root: Path, folder: Path) -> None:
    """Make the moves of a journal that are still to be made, then delete it."""
    for number, (draft, place) in enumerate(_moves_of(folder / JOURNAL)):
        try:
            if (folder / draft).exists():
                _move(folder / draft, root / place, folder / REPLACED / str(number), root)
        except OSError as error:
            raise StepFailed(
                f"Results are complete, but {root / place} cannot be replaced ({error.strerror}). {NO_FOLLOWING}"
            ) from None
    (folder / JOURNAL).unlink()


def _moves_of(journal: Path) -> list[tuple[str, str]]:
    """The moves of a journal: each a draft below the working folder, and its place below the root."""
    advice = f"Results of an earlier command cannot be put into place: remove {journal.parent} and run it again."
    moves = load_json(journal, advice, list)
    paths = [path for move in moves for path in (move if isinstance(move, list) and len(move) == 2 else [None])]
    if any(not isinstance(path, str) or Path(path).is_absolute() or ".." in Path(path).parts for path in paths):
        raise InputError(f"{journal.name} holds something else than moves within its folders. {advice}")
    return [(draft, place) for draft, place in moves]


def _move(draft: Path, place: Path, replaced: Path, root: Path) -> None:
    private_folder(place.parent, root, synthetic=True)  # whether others may open it was said of the working folder
    if place.exists() and draft.is_dir():
        _rename(place, replaced)
    _rename(draft, place)


def _rename(old: Path, new: Path) -> None:
    """Rename, also onto another disk that is mounted below the root: there by way of a copy."""
    new.parent.mkdir(parents=True, exist_ok=True)
    if new.is_dir():
        shutil.rmtree(new)
    try:
        os.replace(old, new)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = new.with_name(f".{new.name}.part")
        if old.is_dir():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(old, copy, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(old, copy)
        os.replace(copy, new)
        _remove(old)


def _remove_checked(root: Path) -> None:
    """Checked tables with names that an earlier version left."""
    for folder in (root / CHECKED).glob("*"):
        lock = FileLock(folder / ".lock", timeout=0, mode=0o600)
        with suppress(Timeout, OSError):
            lock.acquire()
            lock.release()
            _remove(folder)
    with suppress(OSError):
        (root / CHECKED).rmdir()


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _release(lock: FileLock) -> None:
    path = Path(lock.lock_file)
    lock.release()
    if not path.with_suffix("").exists():
        with suppress(OSError):  # a sweep has it in hand
            path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    if path.exists():
        print(f"phm: {path} could not be removed, and may hold names: remove it.", file=sys.stderr)
