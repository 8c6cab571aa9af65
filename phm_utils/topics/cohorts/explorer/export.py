"""What leaves the explorer: one cohort's breakdowns and attrition after disclosure control, and its definition."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from phm_utils.params import Disclosure
from phm_utils.privacy.csv_text import NOTE, csv_text
from phm_utils.privacy.disclosure import protect
from phm_utils.privacy.release import AREA, PLACE, Release, count, counts, estimate, keys
from phm_utils.runs import write_atomically

BREAKDOWN = Release(
    "explored_breakdown",
    "People of one cohort by level of each breakdown, and those expected at everybody's rates of their age and sex",
    (AREA, PLACE, *keys("dimension", "level"), *counts("people", "registered"), estimate("expected", "people")),
    zeros_shown=False,
)
ATTRITION = Release(
    "explored_attrition",
    "People of one cohort left after each criterion, in order, and those whom it could not judge",
    (AREA, PLACE, *keys("criterion"), count("people"), count("unknown")),
    zeros_shown=False,
)


def protected_breakdown(by: Mapping[str, pd.DataFrame], area_code: str, policy: Disclosure) -> pd.DataFrame:
    """The breakdowns of one cohort as they may leave the screen.

    by: for each breakdown the rows of `asking.by`. Returns one row per `dimension` and `level`: `people` and
    `registered` with small counts and zeros as <NA> and the rest rounded, `expected` where enough people are behind it.
    Where one level alone would be hidden, which the others would give away, the smallest of the others is hidden too.
    This protects one table: two exports of nearly the same cohort can still be subtracted.
    """
    frame = pd.concat([levels.assign(dimension=dimension) for dimension, levels in by.items()], ignore_index=True)
    shown = protect(BREAKDOWN, _placed(frame, area_code), policy, {})
    for name in ("people", "registered"):
        alone = shown.groupby("dimension")[name].transform(lambda counts: counts.isna().sum()) == 1
        smallest = shown[alone].groupby("dimension")[name].idxmin()
        shown.loc[smallest, [name, "expected"]] = pd.NA
    return shown.drop(columns=PLACE.name)


def protected_attrition(attrition: pd.DataFrame, area_code: str, policy: Disclosure) -> pd.DataFrame:
    """The rows of `asking.attrition` as they may leave the screen: one per criterion, in their order."""
    return protect(ATTRITION, _placed(attrition, area_code), policy, {}).drop(columns=PLACE.name)


def _placed(frame: pd.DataFrame, area_code: str) -> pd.DataFrame:
    return frame.assign(area_code=area_code, place=range(len(frame)))


def write(
    folder: Path, name: str, tables: Mapping[str, pd.DataFrame], definition: str, policy: Disclosure
) -> list[Path]:
    """Write protected tables and the definition that they belong to.

    name: begins the names of the files. tables: protected, by what they show. Returns the files.
    """
    files = {folder / f"{name}_{table}.csv": NOTE + csv_text(frame) for table, frame in tables.items()}
    files[folder / f"{name}_definition.txt"] = f"{definition.strip()}\n\n{_rules(policy)}\n"
    for path, content in files.items():
        write_atomically(path, content)
    return list(files)


def _rules(policy: Disclosure) -> str:
    return (
        f"Counts below {policy.suppress_below}, zeros included, are *; the rest are rounded to {policy.round_to}. "
        f"Expected numbers need {policy.min_events_for_estimate} people. Exports of nearly the same cohort can be "
        "subtracted from each other: they are for partners under agreement, not for publication."
    )
