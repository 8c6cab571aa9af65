"""Replace the workbook's own code lists by published ones, in a workbook folder made for the purpose.

Published lists are not part of this package: an analyst has them in a folder.
`parameters/published/lists.csv` names the list, or lists, of each concept.
"""

import csv
import shutil
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.rules.codelists import MANIFEST, load
from phm_utils.rules.concepts import concepts
from phm_utils.rules.data_files import rows_of

LISTS_FILE = "parameters/published/lists.csv"


def chosen_lists(root: Path) -> dict[str, list[str]]:
    """The published lists of each concept, by the names of their files, as a workbook folder names them.

    Raises InputError for a concept that the workbook does not have.
    """
    path = root / LISTS_FILE
    chosen: dict[str, list[str]] = {}
    for _, row in rows_of(path, "the published list of each concept", ("concept", "code_list")):
        chosen.setdefault(row["concept"], []).append(row["code_list"])
    if unknown := sorted(set(chosen) - {c.concept for c in concepts(root / "parameters" / "concepts.csv")}):
        raise InputError(f"{LISTS_FILE} names no concept of concepts.csv: {', '.join(unknown)}.")
    return chosen


def use_published(root: Path, folder: Path) -> str:
    """Use published lists for the concepts of a workbook folder; returns a summary as text.

    root: a workbook folder of its own: its concepts.csv and code lists are changed.
    folder: the published lists, `<name>.csv` each.
    Every list of `folder` that can be used is copied to the workbook's own
    lists, so that `code_list` in concepts.csv can name another one.
    Raises InputError where a list that is named is absent or bad.
    """
    chosen = chosen_lists(root)
    if absent := sorted({n for names in chosen.values() for n in names if not (folder / f"{n}.csv").is_file()}):
        raise InputError(
            f"{folder} lacks {len(absent)} of the lists that {LISTS_FILE} names (first: {absent[0]}.csv). "
            "Add them, or name others there."
        )
    own = root / "parameters" / "codelists"
    known = {c.concept: c for c in concepts(root / "parameters" / "concepts.csv")}
    lists = {}
    for concept, names in chosen.items():
        codes = {name: load(name, folder, known[concept].system) for name in names}
        lists[concept] = names[0] if len(names) == 1 else f"{concept}__published"
        if len(names) > 1:
            _write_joined(own / f"{lists[concept]}.csv", codes)
    for path in sorted(folder.glob("*.csv")):
        if path.name != MANIFEST and not (own / path.name).exists():
            shutil.copyfile(path, own / path.name)
    if (folder / MANIFEST).is_file():
        shutil.copyfile(folder / MANIFEST, root / "parameters" / "published" / MANIFEST)
    _name_lists(root / "parameters" / "concepts.csv", lists)
    return f"{len(lists)} of {len(known)} concepts have a published list; the others keep the workbook's own."


def _write_joined(path: Path, codes: dict[str, list[str]]) -> None:
    """Several lists as one: each code once, with the list that has it first."""
    first = {code: name for name, listed in reversed(codes.items()) for code in listed}
    with path.open("w", encoding="utf-8", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerows([("code", "from_list"), *sorted(first.items())])


def _name_lists(path: Path, lists: dict[str, str]) -> None:
    """Write the lists' names into the column `code_list` of concepts.csv."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        rows = [row | {"code_list": lists.get(row["concept"], row["code_list"])} for row in reader]
        columns = list(reader.fieldnames or [])
    with path.open("w", encoding="utf-8", newline="") as handle:
        out = csv.DictWriter(handle, columns, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
