"""`phm doctor`: what this machine, or a parameter file, lacks.

Only the standard library is needed to start: an absent package
gives a line, not a traceback.
"""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phm_utils.errors import InputError
from phm_utils.printable import printable_lines

if TYPE_CHECKING:
    from phm_utils.params import Workbook

OK, MISSING, ADVICE = "ok", "missing", "advice"
Line = tuple[str, str]
DISTRIBUTION = "phm-utils"
KERNEL_SECONDS = 180
DISK_GB, MEMORY_GB = 5, 4  # the demo needs about a quarter; an ICS of 817,000 people about all of it
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "msedge")
EXIT_OK, EXIT_MISSING = 0, 2
INSTALL = "run `pip install --require-hashes --no-deps -r locks/run.txt` in the workbook's folder"


def doctor(path: Path | None = None) -> int:
    """Print one line per check; returns 0, or 2 where something is missing.

    path: a parameter file to check as well.
    """
    missing = 0
    for state, text in _lines(path):
        print(f"{state:<8} {printable_lines(text)}", flush=True)
        missing += state == MISSING
    print("Nothing is missing." if not missing else f"{missing} thing{'s are' if missing > 1 else ' is'} missing.")
    return EXIT_MISSING if missing else EXIT_OK


def _lines(path: Path | None) -> Iterator[Line]:
    installed = True
    for state, text in machine():
        installed &= not (state == MISSING and text.startswith("package"))
        yield state, text
    if path and installed:
        yield from parameter_file(path)
    elif path:
        yield ADVICE, f"{path.name} was not checked: install the packages first"


def parameter_file(path: Path) -> Iterator[Line]:
    """What a parameter file names: present, absent or faulty, by topic."""
    from phm_utils.privacy.workplace import sweep  # these need the packages
    from phm_utils.runs import resolve
    from phm_utils.topics.registry import load_workbook, topics_of

    try:
        workbook = load_workbook(path)
    except InputError as fault:
        yield MISSING, str(fault)
        return
    yield OK, f"{path.name}: {workbook.title}, up to {workbook.index_date:%d %B %Y}, for {workbook.purpose}"
    yield from _engine(workbook.resources.engine)
    if workbook.data == "person_level":
        root = resolve(workbook.identified_root)
        yield from _folder_access(root)
        sweep(root)
        yield from _lists(workbook)
    for topic in topics_of(workbook.data):
        if topic.examine is not None:
            yield from _examined(topic.examine, workbook)


def _lists(workbook: "Workbook") -> Iterator[Line]:
    """May lists of people be made: agreements, and a begun audit log."""
    from datetime import date

    from phm_utils.privacy.agreements import load_agreements
    from phm_utils.privacy.audit_place import place_of

    if workbook.agreements is None and workbook.audit is None:
        yield OK, "no lists of people can be made: neither `agreements` nor `audit` is set (docs/LISTS.md)"
        return
    try:
        agreements = load_agreements(workbook)
        ended = sorted(name for name, agreement in agreements.items() if agreement.expires < date.today())
        yield OK, f"{workbook.agreements}: {len(agreements)} agreements about lists of people"
        if ended:
            yield ADVICE, f"agreements that have expired, and permit no list: {', '.join(ended)}"
        laws = [f"{name}: {field}" for name, a in agreements.items() for field in a.ended_gateways(date.today())]
        if laws:
            yield ADVICE, f"gateways that have expired, whose field of households is told to nobody: {', '.join(laws)}"
        if place_of(workbook).exists:
            yield OK, "the audit log of lists is begun"
        else:
            yield ADVICE, "the audit log of lists is not begun, and no list can be made: `phm audit begin`"
    except InputError as fault:
        yield MISSING, str(fault)


def _examined(examine: Any, workbook: "Workbook") -> Iterator[Line]:
    """What a topic says of a parameter file; where its extracts have names, DuckDB spills below the identified root."""
    from phm_utils.privacy.workplace import workplace
    from phm_utils.runs import resolve
    from phm_utils.topic import call

    if workbook.form != "identified":
        yield from call(examine, workbook)
        return
    try:
        with workplace(resolve(workbook.identified_root), synthetic=workbook.synthetic):
            yield from call(examine, workbook)
    except InputError as fault:
        yield MISSING, str(fault)


def _engine(name: str) -> Iterator[Line]:
    from phm_utils.engine.spark import require_spark

    if name == "spark":
        try:
            require_spark()
            yield OK, "Spark and Java are installed"
        except InputError as fault:
            yield MISSING, str(fault)


def _folder_access(folder: Path) -> Iterator[Line]:
    """On Windows, where file modes do not show it: who may open the folder of identities and of quarantined rows."""
    from phm_utils.privacy import access

    if access.WINDOWS and folder.is_dir() and (sentence := access.open_to_others(folder)):
        yield ADVICE, sentence


def machine() -> Iterator[Line]:
    """The machine: Python, packages, a kernel, a writable folder, disk and memory."""
    faults = [*package_faults()]
    yield from _python()
    yield from ((MISSING, fault) for fault in faults)
    if not faults:
        yield OK, "all packages are installed in versions that fit"
        yield from _kernel()
        yield from _folder()
    yield from _disk_and_memory()
    browser = next((b for b in BROWSERS if shutil.which(b)), None)
    if browser:
        yield OK, f"{browser}: accessibility tests of pages can run"
    else:
        yield ADVICE, "no Chromium: only the accessibility tests need it, and are skipped without it"


def _python() -> Iterator[Line]:
    wanted = metadata.metadata(DISTRIBUTION)["Requires-Python"]
    lowest = tuple(int(part) for part in wanted.removeprefix(">=").split("."))
    fits = tuple(int(part) for part in platform.python_version_tuple()[: len(lowest)]) >= lowest
    yield (OK if fits else MISSING), f"Python {platform.python_version()} (needed: {wanted})"


def package_faults() -> Iterator[str]:
    """Each package of pyproject.toml that is absent or of a version that does not fit."""
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:
        yield f"package packaging: {INSTALL}"
        return
    for text in metadata.requires(DISTRIBUTION) or []:
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield f"package {wanted.name}: {INSTALL}"
            continue
        if not wanted.specifier.contains(version, prereleases=True):
            yield f"package {wanted.name} {version} does not fit {wanted.specifier}: {INSTALL}"


def _kernel() -> Iterator[Line]:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    try:
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=KERNEL_SECONDS)
        client.stop_channels()
        yield OK, "a Jupyter kernel starts"
    except Exception as error:  # the advice is the same for every cause
        yield MISSING, f"a Jupyter kernel does not start ({type(error).__name__}): `python -m ipykernel install --user`"
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def _folder() -> Iterator[Line]:
    from phm_utils.runs import project_root

    try:
        with tempfile.TemporaryFile(dir=project_root()):
            yield OK, "the workbook's folder can be written to"
    except InputError as fault:
        yield MISSING, str(fault)
    except OSError:
        yield MISSING, f"the workbook's folder cannot be written to: {project_root()}"


def _disk_and_memory() -> Iterator[Line]:
    disk = shutil.disk_usage(Path.cwd()).free / 1e9
    yield (OK if disk >= DISK_GB else ADVICE), f"{disk:.0f} GB of disk free (an ICS of five years: about {DISK_GB})"
    if memory := _free_memory_gb():
        yield (OK if memory >= MEMORY_GB else ADVICE), f"{memory:.0f} GB of memory free (wanted: {MEMORY_GB})"
    yield OK, f"{os.cpu_count()} processors"


def _free_memory_gb() -> float | None:
    try:
        from phm_utils.engine.limits import free_memory
    except ModuleNotFoundError:  # a package is absent, as another line says
        return None
    return free_memory() / 1e9
