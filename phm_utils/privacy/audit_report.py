"""The audit log as a table for a Caldicott review: who asked for what, for whom, and what became of it.

`audit_text` writes it for reading.
"""

from datetime import date

import pandas as pd

from phm_utils.privacy.audit_facts import Fact
from phm_utils.privacy.audit_seal import BEGIN, OUTCOME, RECOVERED, REFUSED, Entry
from phm_utils.privacy.audit_verify import Verdict
from phm_utils.privacy.csv_text import NOTE, csv_text

LOG_BEGUN, RECOVERY, NO_OUTCOME = "log begun", "recovered", "no outcome"
OF_THE_LOG = (LOG_BEGUN, RECOVERY)  # outcomes of entries for which nobody asked
STATED = ["requester", "role", "purpose", "recipient", "agreement", "cohort", "version", "practices", "request", "run"]
COLUMNS = ["entry", "when", "action", *STATED, "asked", "given", "withheld", "outcome", "why", "also"]
_ELSEWHERE = {*STATED, "asked", "people", "granted", "withheld", "result", "why", "refused", "intent"}
_ENDS = {BEGIN: LOG_BEGUN, RECOVERED: RECOVERY, REFUSED: "refused"}


def report_table(verdict: Verdict, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """One row per thing asked for, by time, and per event of the log itself (begun, recovered).

    first, last: days (UTC) of the asking, inclusive. Columns as COLUMNS: `asked` and `given` are people, None where
    nothing was stated; `outcome` is done, refused, failed, or no outcome; `also` is every other fact.
    """
    outcomes: dict[object, list[Entry]] = {}
    for entry in verdict.entries:
        if entry.kind == OUTCOME:
            outcomes.setdefault(entry.facts.get("intent"), []).append(entry)
    asked = [e for e in verdict.entries if e.kind != OUTCOME and _within(e, first, last)]
    return pd.DataFrame([_row(e, outcomes.get(e.number, [])) for e in asked], columns=COLUMNS, dtype=object)


def report_csv(table: pd.DataFrame) -> str:
    """The table for a spreadsheet, in which no text runs as a formula."""
    numbers = {name: table[name].map(lambda n: "" if n is None else str(n)) for name in ("asked", "given")}
    return NOTE + csv_text(table.assign(**numbers))


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
        "when": entry.when.replace("T", " ").removesuffix("Z"),
        "action": entry.action,
        "asked": facts.get("asked", facts.get("people")),
        "given": facts.get("granted"),
        "withheld": _text(facts.get("withheld", "")),
        "outcome": _ENDS.get(entry.kind) or ", then ".join(ends) or NO_OUTCOME,
        "why": _text(facts.get("why", facts.get("refused", ""))),
        "also": "; ".join(f"{name}: {_text(value)}" for name, value in facts.items() if name not in _ELSEWHERE),
    }


def _text(fact: Fact) -> str:
    return ", ".join(fact) if isinstance(fact, list) else str(fact)
