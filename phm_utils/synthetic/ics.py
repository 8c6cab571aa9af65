"""Simulate the simulated ICS: network by network, into a draft folder that replaces the old one once complete."""

import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Literal

from phm_utils.errors import InputError
from phm_utils.privacy.access import owner_only, private_folder
from phm_utils.privacy.workplace import default_root
from phm_utils.runs import write_atomically
from phm_utils.schema import Form
from phm_utils.synthetic import geography
from phm_utils.synthetic.extracts import Task, write_network
from phm_utils.synthetic.identity import MOST_REGISTERED
from phm_utils.synthetic.linkage.form import join_parts, write_linkage
from phm_utils.synthetic.references import write_references
from phm_utils.synthetic.service_effects import effects
from phm_utils.synthetic.writing import FileFormat

VERSION = 7  # of the simulated data: goes up where the same seed gives other bytes
FormAsked = Literal["pseudonymised", "identified", "both", "linkage"]
LINKAGE = "linkage"  # identities alone, without tables of events
FORMS: dict[str, tuple[Form, ...]] = {
    "pseudonymised": ("pseudonymised",),
    "identified": ("identified",),
    "both": ("pseudonymised", "identified"),
    LINKAGE: (),
}
LEAST_PEOPLE = 100


def simulate(
    root: Path,
    *,
    pcns: int = 3,
    seed: int = 2025,
    people_per_pcn: int | None = None,
    form: FormAsked = "pseudonymised",
    file_format: FileFormat = "parquet",
    workers: int = 2,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write Demoshire's extracts and the truth about them below `root`, and return it.

    pcns: networks simulated, 1 to 80, above 15 pseudonymised alone; those simulated are the same for any number.
    form: of the tables; "linkage" has none, but six sources of identities to be linked.
    people_per_pcn: registered on the last day; None is real sizes, about 54,500 each.
    workers: processes; the files are the same for any number.
    progress: called with the code of each network that is done.

    Writes `<form>/<table>/<PCN>.<format>`, with reference tables and outlines,
    `truth/` and `simulation.json`; for linkage `linkage/<source>.<format>`
    and `truth/linkage.parquet`. Earlier output is replaced at the
    end; an interrupted run changes nothing.
    Raises InputError where a number is out of range, or `root` holds other things.
    """
    root = Path(root).resolve()
    _check(root, pcns, seed, people_per_pcn, form, workers)
    draft = root.with_name(f".{root.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    _make_parent(root)
    try:
        with owner_only():
            draft.mkdir()
            tasks = [
                Task(draft, seed, pcn, people_per_pcn or geography.pcn_size(pcn), FORMS[form], file_format)
                for pcn in range(1, pcns + 1)
            ]
            summaries = _simulated(write_linkage if form == LINKAGE else write_network, tasks, workers, progress)
            if form == LINKAGE:
                join_parts(draft, file_format)
            for one in FORMS[form]:
                write_references(draft / one, one, seed, summaries, file_format)
            if FORMS[form]:
                _write_json(draft / "truth" / "effects.json", effects(summaries))
            card = {"pcns": pcns, "seed": seed, "people_per_pcn": people_per_pcn, "form": form, "format": file_format}
            _write_json(draft / "simulation.json", card | {"version": VERSION})
            _swap(draft, root)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return root


def _make_parent(root: Path) -> None:
    """The folder that `root` is to lie in; below the usual identified root, folders for their owner alone."""
    with suppress(InputError):  # no workbook, so no such root
        if root.is_relative_to(default_root().resolve()):
            private_folder(root.parent, default_root().resolve(), synthetic=True)
    root.parent.mkdir(parents=True, exist_ok=True)


def _check(root: Path, pcns: int, seed: int, people_per_pcn: int | None, form: FormAsked, workers: int) -> None:
    faults = []
    if not 1 <= pcns <= geography.MOST_PCNS:
        faults.append(f"pcns is {pcns}: ask for 1 to {geography.MOST_PCNS}")
    elif pcns > geography.PCNS and form != "pseudonymised":
        faults.append(
            f"pcns is {pcns}: the test range of NHS numbers has enough for {geography.PCNS}; "
            "more are simulated in the form pseudonymised alone"
        )
    if people_per_pcn is not None and people_per_pcn < LEAST_PEOPLE:
        faults.append(f"people_per_pcn is {people_per_pcn}: ask for {LEAST_PEOPLE} or more")
    if people_per_pcn is not None and people_per_pcn > MOST_REGISTERED:
        faults.append(
            f"people_per_pcn is {people_per_pcn}: ask for {MOST_REGISTERED} or fewer (the test range of NHS numbers)"
        )
    if seed < 0:
        faults.append(f"seed is {seed}: give 0 or a positive whole number")
    if workers < 1:
        faults.append(f"workers is {workers}: give 1 or more")
    if root.exists() and not root.is_dir():
        faults.append(f"{root.name} is a file: give a folder")
    elif root.exists() and any(root.iterdir()) and not (root / "simulation.json").exists():
        faults.append(f"{root} holds files that no simulation wrote: give another folder, or empty it")
    if faults:
        raise InputError("Cannot simulate: " + "; ".join(faults) + ".")


def _simulated(
    write: Callable[[Task], dict], tasks: list[Task], workers: int, progress: Callable[[str], None] | None
) -> list[dict]:
    """The networks' summaries, in the networks' order."""
    summaries = []
    for summary in _run(write, tasks, workers):
        summaries.append(summary)
        if progress:
            progress(geography.pcn_code(summary["pcn"]))
    return sorted(summaries, key=lambda summary: summary["pcn"])


def _run(write: Callable[[Task], dict], tasks: list[Task], workers: int) -> Iterator[dict]:
    """Each network's summary, in whatever order they are done."""
    if workers == 1 or len(tasks) == 1:
        yield from map(write, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context) as pool:
        for done in as_completed([pool.submit(write, task) for task in tasks]):
            yield done.result()


def _write_json(path: Path, facts: dict) -> None:
    write_atomically(path, json.dumps(facts, indent=1, sort_keys=True) + "\n")


def _swap(draft: Path, root: Path) -> None:
    """Replace the old folder with the complete draft."""
    old = root.with_name(f".{root.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if root.exists():
        root.rename(old)
    try:
        draft.rename(root)
    except OSError:
        if old.exists():
            old.rename(root)
        raise
    shutil.rmtree(old, ignore_errors=True)
