"""The audit log as a table for a Caldicott review: who asked for what, for whom, and what became of it.

`audit_text` writes it for reading.
"""

from datetime import date

import pandas as pd

from phm_utils.printable import printable
from phm_utils.privacy.audit_facts import MOST, Fact
from phm_utils.privacy.audit_seal import BEGIN, OUTCOME, RECOVERED, REFUSED, Entry
from phm_utils.privacy.audit_verify import Verdict
from phm_utils.privacy.csv_text import NOTE, csv_text

LOG_BEGUN, RECOVERY, NO_OUTCOME = "log begun", "recovered", "no outcome"
OF_THE_LOG = (LOG_BEGUN, RECOVERY)  # outcomes of entries for which nobody asked
STATED = ["requester", "role", "purpose", "recipient", "agreement", "cohort", "version", "practices", "request", "run"]
COLUMNS = ["entry", "when", "action", *STATED, "asked", "given", "withheld", "outcome", "why", "also", "relied_on"]
_ELSEWHERE = {*STATED, "asked", "people", "granted", "withheld", "result", "why", "refused", "intent"}
_ENDS = {BEGIN: LOG_BEGUN, RECOVERED: RECOVERY, REFUSED: "refused"}


def report_table(verdict: Verdict, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """One row per thing asked for, by time, and per event of the log itself (begun, recovered).

    first, last: days (UTC) of the asking, inclusive. Columns as COLUMNS: `asked` and `given` are people, None where
    nothing was stated; `outcome` is done, refused, failed, or no outcome; `also` is every other fact; `relied_on` is
    "no" from the first bad entry on, whose rows are what can be read.
    """
    rows = _rows(verdict.entries, "yes", first, last) + _rows(verdict.doubtful, "no", first, last)
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def report_csv(table: pd.DataFrame) -> str:
    """The table for a spreadsheet, in which no text runs as a formula."""
    numbers = {name: table[name].map(lambda n: "" if n is None else str(n)) for name in ("asked", "given")}
    return NOTE + csv_text(table.assign(**numbers))


def _rows(entries: tuple[Entry, ...], relied_on: str, first: date | None, last: date | None) -> list[dict[str, object]]:
    outcomes: dict[object, list[Entry]] = {}
    for entry in entries:
        if entry.kind == OUTCOME:
            outcomes.setdefault(str(entry.facts.get("intent")), []).append(entry)
    asked = [e for e in entries if e.kind != OUTCOME and _within(e, first, last)]
    return [_row(e, outcomes.get(str(e.number), [])) | {"relied_on": relied_on} for e in asked]


def _within(entry: Entry, first: date | None, last: date | None) -> bool:
    day = entry.when[:10]
    return (first is None or day >= first.isoformat()) and (last is None or day <= last.isoformat())


def _row(entry: Entry, outcomes: list[Entry]) -> dict[str, object]:
    facts: dict[str, Fact] = dict(entry.facts)
    for outcome in outcomes:
        facts |= outcome.facts
    ends = [str(outcome.facts.get("result")) for outcome in outcomes]
    shown: dict[str, object] = {name: _text(facts.get(name, "")) for name in STATED}
    return shown | {
        "entry": entry.number,
        "when": _text(entry.when.replace("T", " ").removesuffix("Z")),
        "action": _text(entry.action),
        "asked": _people(facts.get("asked", facts.get("people"))),
        "given": _people(facts.get("granted")),
        "withheld": _text(facts.get("withheld", "")),
        "outcome": _ENDS.get(entry.kind) or _text(", then ".join(ends)) or NO_OUTCOME,
        "why": _text(facts.get("why", facts.get("refused", ""))),
        "also": "; ".join(f"{_text(name)}: {_text(value)}" for name, value in facts.items() if name not in _ELSEWHERE),
    }


# Somebody else may have written an entry: its facts may be of any kind.


def _people(fact: object) -> int | None:
    return fact if type(fact) is int and 0 <= fact <= MOST else None


def _text(fact: object) -> str:
    return printable(", ".join(map(str, fact)) if isinstance(fact, list) else str(fact))
