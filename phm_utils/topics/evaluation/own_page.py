"""Which programmes are an area's own: a report never puts another's first."""

from collections.abc import Callable

import pandas as pd

from phm_utils.absent import Absent
from phm_utils.reports.findings import finding
from phm_utils.topics.evaluation.interventions import OWN
from phm_utils.topics.evaluation.trials import ENROLLED
from phm_utils.wording import joined


def programmes_here(released: Callable[[str], pd.DataFrame], area_code: str, is_ics: bool) -> list[str]:
    """Codes of the programmes in which an area's own people enrolled, most of them first; all of them for the ICS.

    released: gives a released table by name, such as `run.table`. Of equal numbers the first by name; a suppressed
    number is a small one.
    """
    programmes, people = released("evaluation_programme"), released("evaluation_people")
    if isinstance(programmes, Absent) or isinstance(people, Absent):
        return []
    if is_ics:
        return sorted(programmes["intervention"])
    own = people[(people["unit_code"] == area_code) & (people["criterion"] == ENROLLED)]
    enrolled = own.set_index("intervention")["people"].astype("Float64").fillna(1)
    return enrolled[enrolled > 0].sort_index().sort_values(ascending=False, kind="stable").index.tolist()


def chosen(released: Callable[[str], pd.DataFrame], programme: str, here: list[str]) -> str:
    """The programme of a report: the one asked for, or the area's own; empty where nobody of it is in one.

    here: of `programmes_here`. Where no programme could be evaluated at all, the first by name: its page says what the
    run lacks.
    """
    if programme != OWN or here:
        return here[0] if programme == OWN else programme
    programmes = released("evaluation_programme")
    if isinstance(programmes, Absent) or programmes["reason"].eq("").any():
        return ""
    return str(programmes["intervention"].min())


@finding
def none_here(released: Callable[[str], pd.DataFrame], programme: str, area_name: str) -> str | None:
    """That nobody of the area is in a programme, where that is so. programme: as `chosen` gives it."""
    programmes = released("evaluation_programme")
    if programme or isinstance(programmes, Absent):
        return None
    titles = joined(programmes.sort_values("intervention")["title"].tolist())
    return (
        f"None here: nobody of {area_name} enrolled in a programme that has a definition ({titles}). Its people may be "
        "among those with whom people enrolled elsewhere are compared."
    )
