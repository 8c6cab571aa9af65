"""Opening the cohort explorer on a run, for a notebook in JupyterLab."""

import atexit
from contextlib import ExitStack
from pathlib import Path

from phm_utils.measures.asking import open_question
from phm_utils.runs import resolve
from phm_utils.topics.cohorts.explorer.page import Explorer
from phm_utils.topics.registry import load_workbook


def explore(parameters: Path | str, area_code: str | None = None, definitions: Path | None = None) -> Explorer:
    """The explorer on the run of a parameter file, of all its people or of one PCN's; a notebook shows it.

    parameters: the file, from the workbook's folder. definitions: the folder of rule files; parameters/cohorts by
    default. The run's tables stay open until the kernel ends.
    Raises InputError where the run has not been made yet, or has no such PCN.
    """
    workbook = load_workbook(resolve(parameters))
    stack = ExitStack()
    asking = stack.enter_context(open_question(workbook, area_code))
    atexit.register(stack.close)
    return Explorer(asking, area_code or workbook.ics_code, definitions)
