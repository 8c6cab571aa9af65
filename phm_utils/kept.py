"""Tables of finished runs that are kept, so that a later run can say what changed: one folder for each index date.

    kept/2025-02-28/kept.json                the files of each table and their hashes
    kept/2025-02-28/cohort_step/000.parquet as the run's store had it

They hold pseudonyms: they lie below the run's folder like its store, for their owner alone.
"""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.json_files import load_json
from phm_utils.privacy.access import owner_only
from phm_utils.runs import Store

FOLDER = "kept"  # of a run's folder
MOST_KEPT = 3
LIST = "kept.json"
ADVICE = "Remove its folder and run again: changes are then told from an earlier run that is kept, if there is one."
# Folders that a killed run may leave begin with a dot and end with one of these.
UNFINISHED, REPLACED = ".part", ".old"


@dataclass(frozen=True)
class Snapshot:
    """What is kept of the run of one index date."""

    folder: Path

    @property
    def index_date(self) -> date:
        return date.fromisoformat(self.folder.name)

    def listed(self) -> dict[str, dict[str, str]]:
        """The files of each table, with the hash of each. Raises InputError where the list cannot be read."""
        tables = load_json(self.folder / LIST, ADVICE).get("tables")
        if not isinstance(tables, dict) or not all(isinstance(files, dict) for files in tables.values()):
            raise InputError(f"{self.folder / LIST} does not hold what such a file holds. {ADVICE}")
        return tables

    def files(self, table: str) -> list[Path]:
        """The files of a table, in their order. Raises InputError where one is gone."""
        found = [self.folder / name for name in sorted(self.listed()[table])]
        if lost := [path for path in found if not path.is_file()]:
            raise InputError(
                f"What is kept of the run of {self.index_date} lacks {len(lost)} of {len(found)} files of `{table}` "
                f"({self.folder}). {ADVICE}"
            )
        return found

    def whole(self) -> bool:
        """Are the list and all its files there?"""
        try:
            return all((self.folder / name).is_file() for files in self.listed().values() for name in files)
        except InputError:
            return False


def snapshots(folder: Path) -> list[Snapshot]:
    """What is kept in a folder, by index date."""
    return [Snapshot(path) for path in sorted(folder.glob("????-??-??")) if (path / LIST).is_file() and _is_day(path)]


def _is_day(path: Path) -> bool:
    try:
        return bool(date.fromisoformat(path.name))
    except ValueError:
        return False


def newest_before(folder: Path, day: date, tables: Iterable[str]) -> Snapshot | None:
    """The newest snapshot of an index date before `day` that has all of some tables; None where there is none.

    Raises InputError where a list that is looked into cannot be read.
    """
    asked = set(tables)
    earlier = [kept for kept in reversed(snapshots(folder)) if kept.index_date < day]
    return next((kept for kept in earlier if asked <= set(kept.listed())), None)


def keep(folder: Path, day: date, store: Store, tables: Iterable[str]) -> None:
    """Keep tables of a store as the snapshot of an index date, in place of one of the same date.

    Those of the store that it lacks are left out. Of more than MOST_KEPT snapshots the oldest go, save the one
    that a run of `day` is compared with: the same run would otherwise say something else the next time.
    """
    mend(folder)
    files = {name: store.files(name) for name in sorted(tables) if store.files(name)}
    if not files:
        return
    listed = {
        name: {f"{name}/{n:03d}.parquet": digest for n, digest in enumerate(store.content(name).values())}
        for name in files
    }
    before = {kept.index_date for kept in snapshots(folder)}
    remaining = remaining_days(before | {day}, day)
    with owner_only():
        if day in remaining and not _is_kept(Snapshot(folder / day.isoformat()), listed):
            _write(folder, day, files, listed)
        for old in sorted(before - remaining):
            _remove(folder / old.isoformat())


def remaining_days(days: Iterable[date], day: date) -> set[date]:
    """The index dates whose snapshots remain after a run of `day`.

    >>> sorted(d.day for d in remaining_days([date(2025, 3, n) for n in (1, 2, 3, 4)], date(2025, 3, 4)))
    [2, 3, 4]
    """
    known = sorted(set(days))
    compared = max((d for d in known if d < day), default=None)
    surplus = max(len(known) - MOST_KEPT, 0)
    return set(known) - set([other for other in known if other != compared][:surplus])


def mend(folder: Path) -> None:
    """Put in order what a killed run left: half-written folders go, and one that was being replaced comes back."""
    for path in sorted(folder.glob(f".*{UNFINISHED}")):
        shutil.rmtree(path, ignore_errors=True)
    for path in sorted(folder.glob(f".*{REPLACED}")):
        home = folder / path.name.removeprefix(".").removesuffix(REPLACED)
        if home.exists():
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.replace(path, home)


def _is_kept(kept: Snapshot, listed: dict[str, dict[str, str]]) -> bool:
    return kept.whole() and kept.listed() == listed


def _write(folder: Path, day: date, files: dict[str, list[Path]], listed: dict[str, dict[str, str]]) -> None:
    """Write a snapshot beside its place and then put it there: readers see the old one or the new, whole."""
    home = folder / day.isoformat()
    draft, old = (folder / f".{home.name}{ending}" for ending in (UNFINISHED, REPLACED))
    try:
        for name, paths in files.items():
            (draft / name).mkdir(parents=True)
            for path, copy in zip(paths, listed[name], strict=True):
                shutil.copyfile(path, draft / copy)
        text = json.dumps({"index_date": home.name, "tables": listed}, indent=1, sort_keys=True) + "\n"
        (draft / LIST).write_text(text, encoding="utf-8", newline="\n")
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)  # a full disk: the old one stays
        raise
    if home.exists():
        os.replace(home, old)
    os.replace(draft, home)
    shutil.rmtree(old, ignore_errors=True)


def _remove(path: Path) -> None:
    """Remove a snapshot: out of its place at once, then file by file."""
    going = path.with_name(f".{path.name}{UNFINISHED}")
    os.replace(path, going)
    shutil.rmtree(going, ignore_errors=True)
