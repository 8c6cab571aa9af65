"""The audit log as a Caldicott review reads it: who asked for what, for whom, and what became of it."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

import pandas as pd

from phm_utils.privacy.audit_facts import Fact
from phm_utils.privacy.audit_seal import BEGIN, INTENT, OUTCOME, RECOVERED, REFUSED, Entry
from phm_utils.privacy.audit_verify import Verdict

ASKED = (INTENT, REFUSED)
NO_OUTCOME, REFUSED_FIRST = "no outcome", "refused"
STATED = ["requester", "role", "purpose", "recipient", "agreement", "cohort", "version", "practices", "request", "run"]
COLUMNS = ["entry", "when", "action", *STATED, "asked", "given", "withheld", "outcome", "why", "also"]
WORDS = {"asked", "people", "granted", "withheld", "result", "why", "refused", "intent"}  # of other columns
COUNTED = re.compile(r"(.+): (\d+)")


def report_table(verdict: Verdict, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """One row per thing asked for, by time, and per event of the log itself (begun, recovered).

    first, last: days (UTC) of the asking, inclusive. Columns as COLUMNS: `asked` and `given` are people, None where
    nothing was stated; `outcome` is done, refused, failed, or no outcome; `also`: every other fact.
    """
    outcomes: dict[object, list[Entry]] = {}
    for entry in verdict.entries:
        if entry.kind == OUTCOME:
            outcomes.setdefault(entry.facts.get("intent"), []).append(entry)
    rows = [
        _row(e, outcomes.get(e.number, [])) for e in verdict.entries if e.kind != OUTCOME and _within(e, first, last)
    ]
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def _within(entry: Entry, first: date | None, last: date | None) -> bool:
    day = entry.when[:10]
    return (first is None or day >= first.isoformat()) and (last is None or day <= last.isoformat())


def _row(entry: Entry, outcomes: list[Entry]) -> dict[str, object]:
    facts: dict[str, Fact] = dict(entry.facts)
    for outcome in outcomes:
        facts |= outcome.facts
    ends = [str(o.facts.get("result")) for o in outcomes]
    outcome = {BEGIN: "log begun", RECOVERED: "recovered", REFUSED: REFUSED_FIRST}.get(entry.kind)
    shown = {name: _text(facts.get(name, "")) for name in STATED}
    return shown | {
        "entry": entry.number,
        "when": entry.when.replace("T", " ").removesuffix("Z"),
        "action": entry.action,
        "asked": facts.get("asked", facts.get("people")),
        "given": facts.get("granted"),
        "withheld": _text(facts.get("withheld", "")),
        "outcome": outcome or ", then ".join(ends) or NO_OUTCOME,
        "why": _text(facts.get("why", facts.get("refused", ""))),
        "also": "; ".join(f"{name}: {_text(v)}" for name, v in facts.items() if name not in WORDS | set(STATED)),
    }


def _text(fact: Fact) -> str:
    return ", ".join(fact) if isinstance(fact, list) else str(fact)


def verdict_line(verdict: Verdict) -> str:
    """Whether the log is whole, in one line, as a report begins."""
    count = len(verdict.entries)
    if verdict.bad:
        after = f" {verdict.after} lines from there on are not to be relied on." if verdict.after else ""
        return f"NOT WHOLE. Entry {verdict.bad.number}: {verdict.bad.why}.{after}"
    if verdict.key is None:
        return (
            f"CHAIN AND HEAD ONLY: {count} entries fit together. No key was given, so the seals were not checked: whoever "
            "can write to both folders could have forged them."
        )
    return f"WHOLE: {count} entries, each sealed under the auditor's key {verdict.key}; the head agrees."


def open_text(verdict: Verdict) -> Iterator[str]:
    """A line for each intent that has no outcome."""
    for entry in verdict.open_intents:
        yield f"Entry {entry.number}, {entry.action} of {entry.when}, has no outcome: interrupted, or still at work."


def report_text(verdict: Verdict, table: pd.DataFrame, title: str, first: date | None, last: date | None) -> str:
    """The report: is the log whole; sums, by recipient and by requester; then each thing asked for.

    table: of `report_table` with the same days. title: the run's, as readers know it.
    """
    asked = table[~table["outcome"].isin(["log begun", "recovered"])]
    begins, ends = first.isoformat() if first else "its beginning", last.isoformat() if last else "today"
    lines = [verdict_line(verdict), "", f"{title}: who asked for which list of people, from {begins} to {ends} (UTC)"]
    known = [f"- {line}" for line in (*verdict.notes, *open_text(verdict))]
    lines += [_sums(asked), *(["", "To be known:", *known] if known else [])]
    for name in ("recipient", "requester"):
        if len(asked):
            lines += ["", *_by(asked, name)]
    lines += ["", "Each, in order of time:", *(line for row in table.to_dict("records") for line in _block(row))]
    return "\n".join(lines)


def _sums(asked: pd.DataFrame) -> str:
    if asked.empty:
        return "Nothing was asked for."
    counts = asked["outcome"].value_counts(sort=False)
    ends = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    given = int(asked["given"].dropna().sum())
    reasons = _reasons(entry.split(", ") for entry in asked["withheld"])
    withheld = f"; withheld: {', '.join(f'{reason} {count:,}' for reason, count in reasons.items())}" if reasons else ""
    return f"{len(asked)} asked: {ends}. {given:,} people were given out{withheld}."


def _reasons(lists: Iterable[list[str]]) -> dict[str, int]:
    """People withheld by reason, from texts such as "moved: 2"."""
    sums: dict[str, int] = {}
    for found in (COUNTED.fullmatch(text) for texts in lists for text in texts):
        if found:
            sums[found[1]] = sums.get(found[1], 0) + int(found[2])
    return sums


def _by(asked: pd.DataFrame, name: str) -> list[str]:
    """A small table: of each recipient, or requester, how many asked with which end, and people given."""
    known = asked.assign(**{name: asked[name].replace("", "(not stated)"), "given": asked["given"].fillna(0)})
    counts = pd.crosstab(known[name], known["outcome"])
    counts.insert(0, "asked", counts.sum(axis=1))
    counts["people given"] = known.groupby(name)["given"].sum()
    return counts.rename_axis(columns=None).reset_index().to_string(index=False).splitlines()


def _block(row: dict[str, object]) -> Iterator[str]:
    """One thing asked for: a line with its end, and below it who, for whom and on what ground."""
    yield f"{row['entry']:>6}  {row['when']}  {row['action']}: {row['outcome']}{_counts(row)}"
    said = {
        "asked by": _joined(row, "requester", "role", "purpose"),
        "for": _joined(row, "recipient", "agreement", "practices"),
        "cohort": _joined(row, "cohort", "version", "request", "run"),
        "withheld": str(row["withheld"]),
        "why": str(row["why"]),
        "also": str(row["also"]),
    }
    for name, text in said.items():
        if text:
            yield f"{'':8}{name:<9} {text}"


def _counts(row: dict[str, object]) -> str:
    asked, given = row["asked"], row["given"]
    if given is not None:
        return f"; {given:,} people given" + (f" of {asked:,} asked for" if asked is not None else "")
    return f"; {asked:,} people asked for" if asked is not None else ""


def _joined(row: dict[str, object], first: str, *others: str) -> str:
    """The first in plain words, the others with their names."""
    parts = [str(row[first])] if row[first] else []
    return ", ".join([*parts, *(f"{name} {row[name]}" for name in others if row[name])])
