"""Rising contacts in the cohort report: frames for tables, and sentences."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.comparisons import number, people, percent
from phm_utils.reports.findings import finding
from phm_utils.rules.columns import ACTIVITIES
from phm_utils.wording import all_lacking, in_sentence

TOO_FEW = "too few to show"


@if_present
def rising(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per activity: people with contacts, with more than the year before, rising with limits, and listed.

    frame: of the release `rising_contacts`.
    """
    shown = frame.assign(
        activity=frame["activity"].map(_title), rising=[_estimate(row) for row in frame.to_dict("records")]
    )
    columns = {
        "activity": "Contacts", "people": "People with any in two years", "more": "With more than the year before",
        "rising": "Rising, estimated (95% limits)", "flagged": "Listed", "share_real": "Expected share real",
    }  # fmt: skip
    return shown[list(columns)].rename(columns=columns)


@if_present
def fall_back(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per activity and group: contacts of each in the later year, and expected in the next by themselves."""
    groups = {"more": "With more than the year before", "flagged": "Listed as rising"}
    parts = [
        pd.DataFrame(
            {
                "Contacts": frame["activity"].map(_title),
                "People": words,
                "Each in the last year": frame[f"{group}_each"],
                "Each expected in the next": frame[f"{group}_expected"],
            }
        )
        for group, words in groups.items()
    ]
    return pd.concat(parts, ignore_index=True).sort_values("Contacts", kind="stable", ignore_index=True)


@if_present
def steadiness(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per activity, age and former use: people, and how much the rate of each varies from year to year.

    frame: of the release `rising_steadiness`. The variation is the standard deviation over the mean.
    """
    variation = (1 / frame["k"].astype(float)) ** 0.5
    columns = {
        "activity": "Contacts", "age_band": "Age", "use_stratum": "In the year before both", "people": "People",
        "variation": "Own variation from year to year",
    }  # fmt: skip
    shown = frame.assign(activity=frame["activity"].map(_title), variation=variation.map(percent, na_action="ignore"))
    return shown[list(columns)].rename(columns=columns)


@finding
def how_many(frame: pd.DataFrame) -> list[str]:
    """For each activity how many are rising, beside how many had more contacts than the year before."""
    return [_how_many(row) for row in frame.to_dict("records")]


@finding("limit")
def falls_back(frame: pd.DataFrame) -> list[str]:
    """For each activity by how much those listed fall back by themselves; none where that cannot be shown."""
    found = (_falls_back(row) for row in frame.to_dict("records"))
    return [sentence for sentence in found if sentence]


@finding("limit")
def left_out(frame: pd.DataFrame) -> str | None:
    """Activities that could not be judged, and what the run lacks; None where there are none."""
    if frame.empty:
        return None
    parts = [f"{in_sentence(_title(row.activity))} (lacking: {all_lacking([row.needs])})" for row in frame.itertuples()]
    return f"Rising contacts could not be judged: {'; '.join(parts)}."


def _title(activity: str) -> str:
    return ACTIVITIES[activity][0]


def _estimate(row: dict) -> str:
    if pd.isna(row["rising"]):
        return TOO_FEW
    found, low, high = (f"{row[name]:,.0f}" for name in ("rising", "lower", "upper"))
    return f"{found} ({low} to {high})"


def _how_many(row: dict) -> str:
    title = _title(row["activity"])
    if pd.isna(row["people"]):
        return f"{title}: too few people have any to say who is rising."
    more = TOO_FEW if pd.isna(row["more"]) else f"{int(row['more']):,}"
    lead = f"{title}: of {people(int(row['people']))} with any in two years, {more} had more than the year before"
    rising = "too few to show are" if pd.isna(row["rising"]) else f"an estimated {_estimate(row)} are"
    lead += f"; {rising} rising, at least twice their own rate beyond chance and their practice's change."
    if pd.isna(row["flagged"]) or row["flagged"] == 0:
        return f"{lead} {'Nobody' if row['flagged'] == 0 else 'Too few to show'} can be named with enough certainty."
    real = "" if pd.isna(row["share_real"]) else f", of whom {percent(row['share_real'])} are expected to be rising"
    return f"{lead} The list holds {people(int(row['flagged']))}{real}."


def _falls_back(row: dict) -> str:
    """What a list does by itself: what an evaluation without controls would take for its effect."""
    each, expected = row["flagged_each"], row["flagged_expected"]
    if pd.isna(each) or pd.isna(expected):
        return ""
    lead = f"{_title(row['activity'])}: those listed had {number(each)} each in the last year"
    lead += f", and {number(expected)} are to be expected in the next even if every rise lasts and nothing is done"
    if pd.isna(row["more_each"]) or pd.isna(row["more_expected"]):
        return f"{lead}."
    before, after = number(row["more_each"]), number(row["more_expected"])
    return f"{lead}; all with more than the year before would go from {before} to {after}."
