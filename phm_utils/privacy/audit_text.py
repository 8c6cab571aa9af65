"""The audit log in words: whether it is whole, sums by who asked and for whom, and each thing asked for."""

import re
from collections.abc import Iterator
from datetime import date

import pandas as pd

from phm_utils.privacy.audit_report import OF_THE_LOG
from phm_utils.privacy.audit_seal import auditor_key_id
from phm_utils.privacy.audit_verify import Verdict
from phm_utils.privacy.pseudonyms import demo_key

FEW_PRACTICES = 8  # more are counted, and named in the CSV
GIVEN, NOT_STATED = "people given", "(not stated)"
_COUNTED = re.compile(r"(.+): ([0-9]{1,9})$")


def verdict_line(verdict: Verdict) -> str:
    """Whether the log is whole, in one line, as every report begins."""
    entries = f"{len(verdict.entries):,} {'entry' if len(verdict.entries) == 1 else 'entries'}"
    if verdict.bad:
        later = f" What stands from there on ({len(verdict.doubtful):,} can be read) is not to be relied on."
        return f"NOT WHOLE. Entry {verdict.bad.number}: {verdict.bad.why}.{later if verdict.doubtful else ''}"
    if verdict.key is None:
        return (
            f"CHAIN AND HEAD ONLY: {entries}, which fit together. No key was given, so no seal was checked: whoever "
            "can write to both folders could have forged them."
        )
    whose = "the demo's public key" if verdict.key == auditor_key_id(demo_key(0)) else "the auditor's key"
    return f"WHOLE: {entries}, sealed under {whose} {verdict.key}; the head agrees."


def open_text(verdict: Verdict) -> Iterator[str]:
    """A line for each intent that has no outcome."""
    for entry in verdict.open_intents:
        yield f"Entry {entry.number}, {entry.action} of {entry.when}, has no outcome: interrupted, or still at work."


def report_text(verdict: Verdict, table: pd.DataFrame, title: str, first: date | None, last: date | None) -> str:
    """The report for a Caldicott review. table: of `report_table`, with the same days. title: the run's."""
    sound = table[table["relied_on"] == "yes"]
    asked = sound[~sound["outcome"].isin(OF_THE_LOG)]
    days = f"{first.isoformat() if first else 'its beginning'} to {last.isoformat() if last else 'now'}"
    lines = [verdict_line(verdict), "", f"{title}: who asked for which list of people, from {days} (days by UTC)."]
    lines += [f"To be known: {line}" for line in (*verdict.notes, *open_text(verdict))]
    lines += _all_sums(asked) if len(asked) else ["Nothing was asked for."]
    for title, rows in (("Each, by time:", sound), ("NOT TO BE RELIED ON:", table[table["relied_on"] == "no"])):
        if len(rows):
            lines += ["", title, *(line for row in rows.to_dict("records") for line in _block(row))]
    return "\n".join(lines)


def _all_sums(asked: pd.DataFrame) -> list[str]:
    by_recipient, by_requester = _sums(asked, ["recipient", "agreement"]), _sums(asked, ["requester", "role"])
    heading = "By recipient (a person given twice counts twice):"
    return [*_withheld(asked), "", heading, *by_recipient, "", "By who asked:", *by_requester]


def _withheld(asked: pd.DataFrame) -> Iterator[str]:
    """People withheld by reason, for each action, from texts such as "moved: 2"."""
    for action, texts in asked.groupby("action", sort=False)["withheld"]:
        parts = texts.str.split(", ").explode().str.extract(_COUNTED).dropna()
        sums = parts[1].astype(int).groupby(parts[0], sort=False).sum()
        if len(sums):
            yield f"Withheld, {action}: {', '.join(f'{reason} {count:,}' for reason, count in sums.items())}."


def _sums(asked: pd.DataFrame, by: list[str]) -> list[str]:
    """A small table: of each action and `by`, how often it was asked for, with which ends, and people given."""
    keys = ["action", *by]
    known = asked.assign(**{name: asked[name].replace("", NOT_STATED) for name in by})
    ends = known.groupby([*keys, "outcome"], sort=False).size().unstack(fill_value=0)
    ends.insert(0, "asked", ends.sum(axis=1))
    ends[GIVEN] = known["given"].fillna(0).astype(int).groupby([known[name] for name in keys], sort=False).sum()
    cells = ends.rename_axis(columns=None).reset_index().astype(str)
    columns = [cells[name].tolist() for name in cells]
    widths = [max(map(len, [name, *column])) for name, column in zip(cells, columns, strict=True)]
    rows = [list(cells), *map(list, zip(*columns, strict=True))]
    return ["  " + "  ".join(_aligned(row, widths, len(keys))) for row in rows]


def _aligned(row: list[str], widths: list[int], words: int) -> list[str]:
    """The first `words` cells to the left, numbers to the right."""
    sides = enumerate(zip(row, widths, strict=True))
    return [cell.ljust(width) if place < words else cell.rjust(width) for place, (cell, width) in sides]


def _block(row: dict[str, object]) -> Iterator[str]:
    """One thing asked for: a line with its end, and below it who, for whom, on what ground."""
    yield f"{row['entry']:>6}  {row['when']}  {row['action']}: {row['outcome']}{_people(row)}"
    said = {
        "asked by": _joined(row, "requester", "role", "purpose"),
        "for": _joined(row | {"practices": _practices(str(row["practices"]))}, "recipient", "agreement", "practices"),
        "cohort": _joined(row, "cohort", "version", "request", "run"),
        **{name: str(row[name]) for name in ("withheld", "why", "also")},
    }
    for name, text in said.items():
        if text:
            yield f"{'':8}{name:<9} {text}"


def _people(row: dict[str, object]) -> str:
    asked, given = row["asked"], row["given"]
    if given is None:
        return "" if asked is None else f"; {asked:,} asked for"
    return f"; {given:,} given" if asked is None else f"; {given:,} given of {asked:,} asked for"


def _practices(text: str) -> str:
    codes = text.split(", ")
    return (
        text
        if len(codes) <= FEW_PRACTICES
        else f"{', '.join(codes[:FEW_PRACTICES])} and {len(codes) - FEW_PRACTICES} more"
    )


def _joined(row: dict[str, object], first: str, *others: str) -> str:
    """The first by itself, the others with their names."""
    parts = [str(row[first])] if row[first] else []
    return ", ".join([*parts, *(f"{name} {row[name]}" for name in others if row[name])])
