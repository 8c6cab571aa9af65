"""The story of households at risk, from the question to the last contact, on simulated people: `phm story`.

A list of March 2020 cannot be made again, so it is retold: Demoshire's extracts up to the end of 2024 find the
households, practices ask for their lists from January on, a hub and the practices call them, what they did comes back
list by list, and the run of March shows the funnel. Each step is the command that an analyst would give.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from phm_utils.batch.run import run
from phm_utils.errors import InputError, StepFailed
from phm_utils.measures.outreach import import_outreach, requests_folder
from phm_utils.params import Workbook
from phm_utils.privacy.agreements import PRACTICE, load_agreements
from phm_utils.privacy.audit_log import AuditLog, begin
from phm_utils.privacy.audit_place import place_of
from phm_utils.privacy.pseudonyms import demo_key
from phm_utils.privacy.request_file import LIST_DAYS, RequestFolder, requests_of
from phm_utils.requests.make import make_request
from phm_utils.requests.terms import Ask
from phm_utils.runs import resolve
from phm_utils.synthetic import days, follow_up, geography, support
from phm_utils.synthetic.network import STALE_PRACTICE
from phm_utils.synthetic.returned_list import returned_list

NOTEBOOK = "06_vulnerable_households"
FOUND_ON, FIRST_LIST, LAST_CONTACT = (
    days.START + timedelta(days=day) for day in (follow_up.INDEX_DAY, follow_up.LIST_DAY, follow_up.LAST_DAY)
)
ROLE, PURPOSE, REQUESTER = "gp", "direct_care", "Practice of the story"


@dataclass(frozen=True)
class Round:
    """One day on which practices ask for lists, and the last day on which these may be used."""

    day: date

    @property
    def last(self) -> date:
        return min(self.day + timedelta(days=LIST_DAYS), LAST_CONTACT)


def rounds() -> Iterator[Round]:
    """The days on which lists are asked for: when those before have expired."""
    day = FIRST_LIST
    while day <= LAST_CONTACT:
        yield Round(day)
        day += timedelta(days=LIST_DAYS + 1)


def tell(workbook: Workbook) -> int:
    """Run, ask, contact, take in and run again; 0 where every step was done.

    workbook: of synthetic data with the simulator's truth, whose index date is after the last contact.
    Raises InputError where it is another, or where the story has been told in its folder already.
    """
    _refuse_other(workbook)
    model = str(workbook.notebooks.get(NOTEBOOK, {}).get("model", support.MODEL))
    before = workbook.model_copy(update={"index_date": FOUND_ON})
    if run(before, notebooks=NOTEBOOK):
        raise StepFailed(f"The run of {FOUND_ON:%d %B %Y} has steps that failed.")
    if not place_of(workbook).exists:
        begin(place_of(workbook), demo_key(0), root=resolve(workbook.identified_root), synthetic=True)
    truth = pd.read_parquet(resolve(str(workbook.truth)) / "outreach")
    for one in rounds():
        _ask(before, model, one)
        _take_in(workbook, model, truth, one)
    return run(workbook, notebooks=NOTEBOOK)


def _refuse_other(workbook: Workbook) -> None:
    if not workbook.synthetic or workbook.truth is None:
        raise InputError("A story is told of simulated people alone: the file needs `synthetic: true` and `truth`.")
    if workbook.index_date < LAST_CONTACT:
        raise InputError(f"The story ends on {LAST_CONTACT:%d %B %Y}: give an index date from then on.")
    if requests_of(requests_folder(workbook)):
        raise InputError(
            f"{requests_folder(workbook)} holds requests already: take the run's folder away to tell the story again."
        )


def _practices(workbook: Workbook) -> list[str]:
    """The practices of the network whose story is planted that an agreement lets ask for their own patients.

    Not the one whose extract ends early: nothing is planted there.
    """
    named = {p for a in load_agreements(workbook).values() if a.kind == PRACTICE for p in a.practices}
    own = geography.geography(0, support.PCN)
    return sorted(named & set(own.practice_code[own.practices_of(support.PCN)].tolist()) - {STALE_PRACTICE})


def _ask(workbook: Workbook, model: str, one: Round) -> None:
    """Each practice asks for a list; one without anybody to list says so."""
    log = AuditLog.of(workbook)
    for practice in _practices(workbook):
        ask = Ask(cohort=model, role=ROLE, purpose=PURPOSE, requester=REQUESTER, practice=practice, day=one.day)
        try:
            made = make_request(workbook, ask, log)
        except InputError as nobody:
            print(f"{one.day:%d %B}, {practice}: {nobody}")
        else:
            print(f"{one.day:%d %B}, {practice}: {made.request.head.people:,} people")


def _take_in(workbook: Workbook, model: str, truth: pd.DataFrame, one: Round) -> None:
    """What came of the lists of a round comes back as a file each."""
    found = [r for r in requests_of(requests_folder(workbook)) if r.head.made == one.day]
    with tempfile.TemporaryDirectory(dir=resolve(workbook.outputs) / workbook.name) as folder:
        for request in found:
            done = import_outreach(workbook, _returned(request, model, truth, one, Path(folder)), request.head.request)
            print(f"{one.last:%d %B}, {done.request}: {done.taken} entries of what was done")


def _returned(request: RequestFolder, model: str, truth: pd.DataFrame, one: Round, folder: Path) -> Path:
    people = request.people().set_index("reference")["token"]
    path = folder / f"{request.head.request}.csv"
    returned_list(truth, dict(people), model, since=one.day, until=one.last).to_csv(path, index=False)
    return path
