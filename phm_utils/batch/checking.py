"""`phm check`: the check stage alone; of identified extracts in a working folder that goes with the command."""

from phm_utils.batch.route import route_of
from phm_utils.batch.single_stage import run_single_stage
from phm_utils.errors import InputError
from phm_utils.inputs.check_report import report
from phm_utils.inputs.governance import permitted
from phm_utils.linkage.command import identified_place
from phm_utils.params import Workbook
from phm_utils.privacy.workplace import Workplace
from phm_utils.runs import Store, resolve


def checked_report(workbook: Workbook) -> str:
    """Check a parameter file's extracts; what was found, as text.

    Raises InputError where the extracts, or the permissions, are refused.
    """
    if workbook.form == "identified":
        with identified_place(workbook) as place:
            text = report(checked_identified(workbook, place))
            place.publish(place.quarantine(workbook.name))
        return text
    _refuse(workbook)
    return report(run_single_stage(workbook, route_of(workbook.data), "check", resolve(workbook.outputs)))


def checked_identified(workbook: Workbook, place: Workplace) -> Store:
    """The store of an identified extract's validated tables, and its quarantine, in a command's working folder.

    Where the check refuses the extract, the quarantine is published: the refusal names it.
    """
    _refuse(workbook)
    inside = workbook.model_copy(update={"identified_root": str(place.folder)})
    try:
        return run_single_stage(inside, route_of(workbook.data), "check", place.folder / "checked")
    except InputError:
        place.publish(place.quarantine(workbook.name))
        raise


def _refuse(workbook: Workbook) -> None:
    if workbook.data != "person_level":
        raise InputError("Published data have nothing to check or link: `phm run` reads them directly.")
    permitted(workbook)
