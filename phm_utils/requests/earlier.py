"""Nobody is asked twice: who of a request was reached or declined on an earlier list, or is on one that still runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from phm_utils.engine import read_sql, session
from phm_utils.measures.outreach import held_outreach
from phm_utils.measures.outreach_status import REACHED
from phm_utils.params import Workbook
from phm_utils.privacy.household_request import HouseholdFolder
from phm_utils.privacy.permission import ALREADY, GRANTED, STILL_LISTED
from phm_utils.privacy.request_file import RequestFolder
from phm_utils.runs import Store, resolve

EVENTS = "outreach_event"  # what codes of practices say of earlier lists, as of the last run


@dataclass(frozen=True)
class Earlier:
    """Tokens of people, or of households, by what an earlier list means for a new one."""

    reached: frozenset[str]
    listed: frozenset[str]

    def applied(self, decided: pd.DataFrame) -> pd.DataFrame:
        """`decided` with ALREADY or STILL_LISTED in place of GRANTED. decided: `token`, `decision`, `practice_code`."""
        granted = decided["decision"].eq(GRANTED)
        reached = granted & decided["token"].isin(self.reached)
        listed = granted & ~reached & decided["token"].isin(self.listed)
        decision = decided["decision"].mask(reached, ALREADY).mask(listed, STILL_LISTED)
        return decided.assign(decision=decision, practice_code=decided["practice_code"].mask(reached | listed))


def earlier_lists(workbook: Workbook, requests: Sequence[RequestFolder | HouseholdFolder], day: date) -> Earlier:
    """What earlier requests mean for a new one of a day.

    requests: those of the same name, for any recipient. Reached, or declined, is what a returned list or, in the last
    run, a code of a practice says; a list runs to its last day.
    """
    known = {request.head.request: request.listed() for request in requests}
    people = pd.concat([rows.assign(request=name) for name, rows in known.items()]) if known else _nobody()
    running = {r.head.request for r in requests if r.head.made <= day <= r.head.expires}
    said = pd.concat([_returned(requests), _coded(workbook, known)], ignore_index=True)
    met = said[said["status"].isin(REACHED)].merge(people, on=["request", "reference"])
    return Earlier(frozenset(met["token"]), frozenset(people.loc[people["request"].isin(running), "token"]))


def _nobody() -> pd.DataFrame:
    return pd.DataFrame(columns=["reference", "token", "request"], dtype="str")


def _returned(requests: Iterable[RequestFolder | HouseholdFolder]) -> pd.DataFrame:
    """One row per request, reference and status that came back."""
    parts = [held_outreach(r.path).assign(request=r.head.request) for r in requests]
    columns = ["request", "reference", "status"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns, dtype="str")


def _coded(workbook: Workbook, known: Iterable[str]) -> pd.DataFrame:
    """One row per request, reference and status of the run's store; none before a run that knows the requests."""
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    if not store.files(EVENTS):
        return pd.DataFrame(columns=["request", "reference", "status"], dtype="str")
    with session() as con:
        store.register_some(con, (EVENTS,))
        sql = f"SELECT DISTINCT request, reference, status FROM {EVENTS} WHERE list_contains($known, request)"
        return read_sql(con, sql, {"known": list(known)})
