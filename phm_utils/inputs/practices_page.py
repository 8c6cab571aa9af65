"""Practices in the data-quality report: how fresh their records are, their lists, and which are not compared."""

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.inputs.quality_page import COMPLETE, LOW_SHARE
from phm_utils.reports.findings import finding
from phm_utils.wording import joined


@if_present
def with_events(practices: pd.DataFrame, everywhere: pd.DataFrame) -> pd.DataFrame | Absent:
    """The practices of an area, where the run knows any practice's last event. everywhere: those of the whole ICS."""
    if (everywhere["last_event"] == "").all():
        return Absent("How recent each practice's data is", "GP coded events that name their practice")
    return practices


@if_present
def freshness(practices: pd.DataFrame, most: int = 30) -> pd.DataFrame:
    """One row per practice, the longest behind first: days from its last event to the newest of the extract."""
    late = practices.sort_values(["days_behind", "unit_code"], ascending=[False, True], na_position="first").head(most)
    shown = late[["unit_name", "last_event", "days_behind"]]
    return shown.set_axis(["Practice", "Last event", "Days behind"], axis=1).reset_index(drop=True)


@if_present
def stale_practices(practices: pd.DataFrame, stale_days: int) -> list[str]:
    """Names of practices without an event in the last `stale_days`, or without any."""
    late = practices["days_behind"].isna() | (practices["days_behind"] > stale_days)
    return practices.loc[late, "unit_name"].tolist()


@finding
def freshness_finding(practices: pd.DataFrame, stale_days: int) -> tuple[str, str]:
    """The stale practices: text and level."""
    late = stale_practices(practices, stale_days)
    if not late:
        return f"Every practice has an event within {stale_days} days of the newest.", "finding"
    verb = "has" if len(late) == 1 else "have"
    behind = practices.loc[practices["unit_name"].isin(late), "days_behind"].dropna()
    days = f" (last events {_range(behind)} days behind)" if len(behind) else ""
    return (
        f"{len(late)} of {len(practices)} practices {verb} no event in the last {stale_days} days: "
        f"{joined(late)}{days}. Their recent care is missing from the data."
    ), "warning"


def _range(values: pd.Series) -> str:
    """Numbers from the least to the greatest, or the one that there is.

    >>> _range(pd.Series([60, 47])), _range(pd.Series([47]))
    ('47 to 60', '47')
    """
    low, high = f"{values.min():,}", f"{values.max():,}"
    return low if low == high else f"{low} to {high}"


@if_present
def stale_by_limit(practices: pd.DataFrame, limits: tuple[int, ...]) -> pd.DataFrame:
    """How many practices are stale under other limits: one row per limit."""
    rows = [
        (f"{days} days", len(late := stale_practices(practices, days)), ", ".join(late) or "none")
        for days in sorted(set(limits))
    ]
    return pd.DataFrame(rows, columns=["Stale after", "Practices", "Which"])


@if_present
def list_sizes(practices: pd.DataFrame, most: int = 30) -> pd.DataFrame:
    """One row per practice, the largest difference first: registered in the extract against the published list."""
    known = practices.dropna(subset="gap")
    order = known["gap"].astype(float).abs().sort_values(ascending=False, kind="stable").index
    shown = known.loc[order].head(most)[["unit_name", "registered", "published_list_size", "gap"]]
    shown = shown.set_axis(["Practice", "In the extract", "Published", "Difference"], axis=1).reset_index(drop=True)
    return shown.assign(**{"Absolute difference": shown["Difference"].astype(float).abs()})


@if_present
def list_size_outliers(practices: pd.DataFrame, limit: float) -> list[str]:
    """Practices whose list differs from the published size by more than `limit`."""
    sizes = list_sizes(practices, most=len(practices))
    return sizes.loc[sizes["Absolute difference"] > limit, "Practice"].tolist()


@finding
def list_finding(practices: pd.DataFrame, limit: float) -> tuple[str, str]:
    """The lists that differ from the published size by more than `limit`: text and level."""
    sizes = list_sizes(practices, most=len(practices))
    if sizes.empty:
        return "No published list size to compare with.", "limit"
    names = list_size_outliers(practices, limit)
    if not names:
        return f"Every list is within {limit:.0%} of its published size.", "finding"
    verb = "differs" if len(names) == 1 else "differ"
    text = f"{len(names)} of {len(sizes)} lists {verb} from the published size by more than {limit:.0%}"
    gaps = sizes.loc[sizes["Absolute difference"] > limit, "Difference"].astype(float)
    low, high = f"{gaps.min():+.1%}", f"{gaps.max():+.1%}"
    return f"{text}: {joined(sorted(names))} ({low if low == high else f'{low} to {high}'}).", "warning"


@if_present
def deprivation_known(practices: pd.DataFrame, most: int = 30) -> pd.DataFrame:
    """One row per practice of whose people deprivation is known for fewer than COMPLETE, the fewest first."""
    few = practices.dropna(subset="deprivation_share").sort_values(["deprivation_share", "unit_code"])
    few = few[few["deprivation_share"].astype(float) < COMPLETE].head(most)
    shown = few[["unit_name", "registered", "deprivation_known", "deprivation_share"]]
    return shown.set_axis(["Practice", "Registered", "Deprivation known", "Share known"], axis=1).reset_index(drop=True)


@finding
def deprivation_finding(practices: pd.DataFrame) -> tuple[str, str]:
    """Practices of whose people fewer than LOW_SHARE have a known deprivation: text and level."""
    if practices["deprivation_share"].isna().all():
        return "The deprivation of people's areas is not known: no table of small areas.", "limit"
    table = deprivation_known(practices, most=len(practices))
    low = table.loc[table["Share known"].astype(float) < LOW_SHARE, "Practice"].tolist()
    if not low:
        return f"Deprivation is known for at least {LOW_SHARE:.0%} of the people of every practice.", "finding"
    return (
        f"Deprivation is known for fewer than {LOW_SHARE:.0%} of the people of {len(low)} of {len(practices)} "
        f"practices: {joined(sorted(low))}. Compare them by deprivation with care.",
        "warning",
    )


@if_present
def not_compared(caution: pd.DataFrame) -> pd.DataFrame:
    """One row per practice that is compared with no other, and why, for readers. caution: of `practice_caution`."""
    return caution[["unit_name", "why"]].set_axis(["Practice", "Not compared, because"], axis=1)


@finding
def caution_finding(caution: pd.DataFrame, practices: int) -> tuple[str, str]:
    """The practices that are compared with no other, and why: text and level. practices: how many there are."""
    if caution.empty:
        return f"Each of {practices} practices is compared with the others.", "finding"
    reasons = [f"{joined(rows['unit_name'].tolist())} ({why})" for why, rows in caution.groupby("why", sort=False)]
    verb = "practice is" if len(caution) == 1 else "practices are"
    return f"{len(caution)} of {practices} {verb} compared with no other: {joined(reasons)}.", "warning"
