"""A workbook folder for a Synthea export, to try the workbook on.

The parameters and notebooks of this workbook are copied into it and may be
changed there.
"""

import re
import shutil
from datetime import date
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.inputs.published_lists import use_published
from phm_utils.inputs.synthea import read_synthea
from phm_utils.runs import project_root

COPIED = ("parameters", "notebooks")
PARAMETERS = "parameters/synthea.yml"
LANDING = "outputs/identified/landing/synthea"


def synthea_workbook(export: Path, out: Path, codelists: Path | None = None) -> str:
    """Make a workbook folder with a Synthea export in it; returns a summary as text.

    export: Synthea's `output/csv`. out: a folder that is not there yet, or is empty.
    codelists: a folder of published lists, to replace the workbook's own.
    Raises InputError where the export or a list cannot be used; then there is no folder.
    """
    root, made = project_root().resolve(), out.resolve()
    if made.exists() and (not made.is_dir() or any(made.iterdir())):
        raise InputError(f"{out} exists already. Name a new or an empty folder.")
    if any(made.is_relative_to(root / name) for name in COPIED):
        raise InputError(f"{out} is in the workbook's own {' or '.join(COPIED)}. Name a folder elsewhere.")
    try:
        for name in COPIED:
            shutil.copytree(root / name, made / name, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        lists = use_published(made, codelists) if codelists else "Every concept has the workbook's own list."
        extracts = read_synthea(export, made / LANDING)
        _set_index_date(made / PARAMETERS, extracts.last_whole_month)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return (
        f"{extracts}\n{lists}\nCounted on {extracts.last_whole_month}. Next: cd {out} && phm run {PARAMETERS}\n"
        "(The environment variable PHM_ROOT, where set, must be that folder.)"
    )


def _set_index_date(path: Path, day: date) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^index_date: .*$", f"index_date: {day}", text), encoding="utf-8", newline="\n")
