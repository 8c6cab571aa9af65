"""Where an audit log lies: the folder of the log, and another for its head."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.privacy.access import private_folder
from phm_utils.runs import resolve

SECONDS = 120  # an entry takes a fraction of one
NO_AUDIT = (
    "No audit, no list: the parameter file has no `audit`. Add\n"
    "audit:\n"
    "  log: ${PHM_IDENTIFIED}/audit/my_ics     # a folder of this run alone\n"
    "  head: ${PHM_AUDIT_HEAD}/my_ics          # on another disk or share\n"
    "and let the holder of the auditor's key begin it: `phm audit begin PARAMETERS --key-file FILE` (docs/AUDIT.md)."
)


@dataclass(frozen=True)
class Place:
    """The two folders of a log. Neither may lie within the other: InputError."""

    folder: Path
    head_folder: Path

    def __post_init__(self) -> None:
        log, head = self.folder.resolve(), self.head_folder.resolve()
        if log.is_relative_to(head) or head.is_relative_to(log):
            raise InputError(
                f"The audit's log ({self.folder}) and head ({self.head_folder}) lie in one another: whoever restores "
                "an old copy of one restores both. Set `audit.head` to a folder on another disk or share."
            )

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    @property
    def seal(self) -> Path:
        return self.folder / "seal.json"

    @property
    def head(self) -> Path:
        return self.head_folder / "head.json"

    @property
    def torn(self) -> Path:
        """What was not written whole, until an entry says so."""
        return self.folder / "torn"

    @property
    def exists(self) -> bool:
        """Is anything of a log here?"""
        return any(path.exists() for path in (self.log, self.seal, self.head))

    def holds(self, path: Path) -> bool:
        """Does a path lie in one of the two folders?"""
        return any(path.resolve().is_relative_to(f.resolve()) for f in (self.folder, self.head_folder))

    def make(self, root: Path, *, synthetic: bool) -> None:
        """Make both folders for their owner alone. root: the identified root, which is too, where the log is below."""
        within = self.folder.is_relative_to(root)
        private_folder(self.folder, root if within else self.folder, synthetic=synthetic)
        private_folder(self.head_folder, self.head_folder, synthetic=synthetic)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else reads or writes the log meanwhile; the lock of a killed process is free."""
        lock = FileLock(self.folder / ".lock", timeout=SECONDS, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(f"Another command has held {self.folder} for {SECONDS} seconds. Try later.") from None
        try:
            yield
        finally:
            lock.release()


def place_of(workbook: Workbook) -> Place:
    """The place of a run's log. Raises InputError where the parameter file names none, or one that protects nothing."""
    if workbook.audit is None:
        raise InputError(NO_AUDIT)
    place = Place(resolve(workbook.audit.log), resolve(workbook.audit.head))
    root = resolve(workbook.identified_root).resolve()
    if place.head_folder.resolve().is_relative_to(root):
        raise InputError(
            f"`audit.head` lies below `identified_root` ({root}), as its log may: an old copy of that root would bring "
            "both back. Set it to a folder elsewhere, on another disk or share."
        )
    return place
