"""What `phm cohorts` and `phm columns` print."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.measures.askable import ADDRESS, COHORT, EVENTS, LIST, PROGRAMME, SEGMENT, askable, completeness
from phm_utils.measures.asking import Asking, cohorts_known, open_question
from phm_utils.measures.cohort_check import Checked
from phm_utils.measures.cohort_definitions import Cohort, cohort_path, read_cohort
from phm_utils.measures.cohort_run import static_words
from phm_utils.params import Workbook

FEW = 3  # things asked about, up to which completeness by practice is shown
PEOPLE_NOTE = "True numbers of people, for the analyst: only what `phm run` releases is protected."


def checked_text(results: Iterable[Checked]) -> str:
    """A line per file that is valid, its faults where it is not."""
    lines = []
    for result in results:
        if result.fault:
            fault = result.fault
            lines.append(fault if fault.startswith(result.path.name) else f"{result.path.name}: {fault}")
        else:
            lines.append(f"{result.path.name}: valid{f', {result.remark}' if result.remark else ''}")
    return "\n".join(lines)


def try_text(workbook: Workbook, file: Path, area: str | None) -> str:
    """The definition of a cohort in words, how it comes about, its size by practice, and what could not be judged."""
    with open_question(workbook, area) as asking:
        cohort = _read(file, asking)
        steps = asking.attrition(cohort)
        size = int(steps["people"].iloc[-1])
        parts = [asking.describe(cohort), "", _table(_with_left(steps)), "", _size(size, int(steps["people"].iloc[0]))]
        unknown = steps[steps["unknown"] > 0]
        for row in unknown.itertuples():
            parts.append(f"Not known of {row.unknown:,} people: {row.criterion}. They are not in the cohort.")
        if size:
            parts += ["", _table(_by_practice(asking.by(cohort, "Practice")))]
        parts += ["", PEOPLE_NOTE]
        return "\n".join(parts)


def _read(file: Path, asking: Asking) -> Cohort:
    path = file if file.suffix == ".yml" or file.is_file() else cohort_path(str(file))
    cohort = read_cohort(path, asking.run.static)
    if late := cohort.out_of_season(asking.run.index_date, cohorts_known()):
        raise InputError(f"{path.name}: {late}.")
    return cohort


def _with_left(steps: pd.DataFrame) -> pd.DataFrame:
    shown = steps.rename(columns={"criterion": "Criterion", "people": "People left", "unknown": "Not known of"})
    return shown[["Criterion", "People left", "Not known of"]]


def _size(size: int, registered: int) -> str:
    return f"{size:,} people of {registered:,} registered, {1_000 * size / max(registered, 1):.2f} per 1,000."


def _by_practice(found: pd.DataFrame) -> pd.DataFrame:
    shown = found[["level", "people", "registered"]].assign(
        rate=(1_000 * found["people"] / found["registered"]).round(2)
    )
    shown["expected"] = found["expected"].round(1)
    names = ["Practice", "People", "Registered", "Per 1,000", "As everybody of their ages and sex"]
    return shown.set_axis(names, axis=1)


def compare_text(workbook: Workbook, a: Path, b: Path, area: str | None) -> str:
    """Who is in both of two cohorts, in one, and which criterion of the other the rest do not meet."""
    with open_question(workbook, area) as asking:
        first, second = _read(a, asking), _read(b, asking)
        found = asking.compare(first, second)
        shown = found[found["people"].gt(0) | found["group"].eq("In both")]
        heads = {"group": "Who", "criterion": "First criterion of the other that they do not meet", "people": "People",
                 "unknown": "Not known of"}  # fmt: skip
        sizes = [f"{name}: {c.title}, {asking.size(c):,} people" for name, c in (("A", first), ("B", second))]
        return "\n".join([*sizes, "", _table(shown.rename(columns=heads)), "", PEOPLE_NOTE])


def columns_text(workbook: Workbook, word: str | None) -> str:
    """What can be asked, and of up to FEW things how complete it is by practice."""
    try:
        with open_question(workbook) as asking:
            found = askable(asking.run.words, word)
            parts = [_listed(found, word)]
            some = found[~found["kind"].isin([SEGMENT, LIST, ADDRESS, PROGRAMME, COHORT])]
            for row in some.itertuples() if word and len(some) <= FEW else ():
                parts += ["", _completeness(asking, row.name, row.kind)]
            return "\n".join(parts)
    except InputError as fault:
        return f"{_listed(askable(static_words(workbook, {}), word), word)}\n\nCompleteness is not shown: {fault}"


def _listed(found: pd.DataFrame, word: str | None) -> str:
    if found.empty:
        raise InputError(f"Nothing that can be asked has `{word}` in its name or title. `phm columns` lists all.")
    return _table(found.set_axis(["Name", "Asked by", "Meaning", "Type", "Unit", "Values", "Needs"], axis=1))


def _completeness(asking: Asking, name: str, kind: str) -> str:
    shares = completeness(asking.con, asking.run, name, kind)
    source = asking.run.sources.get(name)
    window = f" Data from {source.first_date or 'any day'} to {source.to_date}." if kind == EVENTS and source else ""
    shown = shares.assign(known=(100 * shares["known"]).round(1)).set_axis(
        ["Practice", "Registered", "Known, %"], axis=1
    )
    return f"{name}, by practice.{window}\n{_table(shown)}"


def _table(frame: pd.DataFrame) -> str:
    """A table of plain text: words begin where their heading does, numbers end together."""
    shown = frame.copy()
    for name in frame:
        whole = pd.api.types.is_integer_dtype(frame[name])
        cells = frame[name].map("{:,}".format) if whole else frame[name].astype("str")
        width = max([len(str(name)), *cells.str.len()])
        words = not pd.api.types.is_numeric_dtype(frame[name])
        shown[name] = cells.str.ljust(width) if words else cells.str.rjust(width)
    heads = [f"{name:<{len(shown[name].iloc[0]) if len(shown) else len(name)}}" for name in frame]
    return "\n".join("  ".join(line).rstrip() for line in [heads, *shown.itertuples(index=False)])
