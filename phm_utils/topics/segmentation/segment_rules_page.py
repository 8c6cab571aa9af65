"""The rules: listed, not assessed, and where their order decides."""

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.definitions import Segmentation, load_segmentation
from phm_utils.measures.segments import NEEDED_RULES, applicable
from phm_utils.reports.comparisons import people
from phm_utils.reports.findings import finding
from phm_utils.reports.notebook import Run
from phm_utils.topics.segmentation.segment_rules import MET_BY_NOBODY
from phm_utils.wording import all_lacking, joined

MANY = 0.5  # of the people who meet a rule of the smaller of two segments


def load(run: Run, name: str) -> Segmentation:
    """The segmentation file as this run used it.

    Raises InputError for a name that the run did not use, or a file that has changed since.
    """
    path = run.definition(f"parameters/segments/{name}.yml")
    return load_segmentation(path.stem, path.parent)


@if_present
def segments_listed(model: Segmentation) -> pd.DataFrame:
    """One row per segment of a rule file, in order: who it is for."""
    rows = [(s.name, s.about) for s in model.segments] + [(model.otherwise.name, model.otherwise.about)]
    return pd.DataFrame(rows, columns=["Segment", "Who is in it"])


@if_present
def notes_listed(model: Segmentation) -> pd.DataFrame:
    """One row per note of a rule file: departures from its source, and limits."""
    numbers = [str(n) for n in range(1, len(model.notes) + 1)]
    return pd.DataFrame({"Note": numbers, "What to know of these rules": list(model.notes)})


@if_present
def remarks_on_rules(remarks: pd.DataFrame) -> pd.DataFrame:
    """Remarks without rules that merely nobody meets in this run; those stay in the table."""
    return remarks[remarks["remark"] != MET_BY_NOBODY]


@if_present
def rules_assessed(rules: pd.DataFrame) -> pd.DataFrame | Absent:
    """The rules that place people, with how many meet each; absent where nobody is placed."""
    if not applicable(rules):
        return Absent("People by rule", NEEDED_RULES)
    return rules.loc[rules["state"] == "assessed", ["segment", "reason", "people_meeting"]]


@if_present
def rules_not_assessed(rules: pd.DataFrame) -> pd.DataFrame:
    """One row per segment: the rules of the published model that were not assessed, and why."""
    left_out = rules[rules["state"] != "assessed"]
    why = left_out["needs"].map(
        lambda needs: f"this run lacks {all_lacking([needs])}" if needs else "not yet in this workbook"
    )
    grouped = left_out.assign(why=why).groupby(["segment", "why"], sort=False)["reason"].agg("; ".join).reset_index()
    return grouped[["segment", "reason", "why"]].rename(
        columns={"segment": "Segment", "reason": "Rules not assessed", "why": "Reason"}
    )


@finding("limit")
def not_assessed(rules: pd.DataFrame) -> str | None:
    """How many rules of the published model were not assessed, and for which segments."""
    left_out = rules[rules["state"] != "assessed"]
    if left_out.empty:
        return None
    segments = ", ".join(dict.fromkeys(left_out["segment"]))
    absent = sorted({n for n in left_out["needs"] if n})
    lacking = f" This run lacks {all_lacking(absent)}." if absent else ""
    so = "so nobody is placed in a segment"
    if applicable(rules):
        so = "so people who meet only these are in a later segment than they should be"
    return f"{len(left_out)} of {len(rules)} rules were not assessed, {so}. They are rules for {segments}.{lacking}"


@finding("limit")
def overlapping(pairs: pd.DataFrame) -> str | None:
    """Pairs of segments whose order decides for half or more of those who meet a rule of either, in the rules' order.

    A segment wholly within another is not mentioned: there the order is the
    definition.
    """
    smaller = pairs[["people_segment", "people_other"]].min(axis=1)
    known = pairs[pairs["people"].notna() & pairs["people"].gt(0) & pairs["people"].lt(smaller)]
    if known.empty:
        return None
    share = (known["people"] / smaller[known.index]).astype(float)
    often = known[share >= MANY]
    lead = f"Rules of both segments hold for some people in {len(known)} {'pair' if len(known) == 1 else 'pairs'}"
    if often.empty:
        return f"{lead} of segments, in none for half or more of those who meet a rule of the smaller one."
    parts = [
        f"{row.segment} before {row.other_segment} (about {people(int(row.people))})" for row in often.itertuples()
    ]
    return (
        f"{lead} of segments; for half or more of those who meet a rule of the smaller one the order of the rules "
        f"decides in {joined(parts)}, in the whole ICS."
    )


@finding("warning")
def placing_nobody(remarks: pd.DataFrame) -> str | None:
    """Rules that place nobody, by the reason why."""
    if remarks.empty:
        return None
    parts = [
        f"{remark[0].lower()}{remark[1:]} ({', '.join(rows['reason'])})"
        for remark, rows in remarks.groupby("remark", sort=False)
    ]
    rules = "1 rule places" if len(remarks) == 1 else f"{len(remarks)} rules place"
    return f"{rules} nobody or repeat another: {'; '.join(parts)}."
