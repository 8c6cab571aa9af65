"""The rules in words: what they are, what was not asked, where their order decides."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.measures.definitions import Segmentation, load_segmentation
from phm_utils.reports.findings import finding
from phm_utils.reports.notebook import Run
from phm_utils.topics.segmentation.segment_rules import MET_BY_NOBODY


def load(run: Run, name: str) -> Segmentation:
    """The segmentation of this run, in the words that its figures were made with.

    Raises InputError for a name that the run did not know, or a file that has changed since.
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
    """One row per note of a rule file: where its rules leave their source, and what they cannot see."""
    numbers = [str(n) for n in range(1, len(model.notes) + 1)]
    return pd.DataFrame({"Note": numbers, "What to know of these rules": list(model.notes)})


@if_present
def telling(remarks: pd.DataFrame) -> pd.DataFrame:
    """Remarks on rules that are about the rules: those that merely nobody meets in this run stay in the table."""
    return remarks[remarks["remark"] != MET_BY_NOBODY]


@if_present
def not_asked(rules: pd.DataFrame) -> pd.DataFrame:
    """One row per segment: the rules of the published model that were not asked, and why."""
    unasked = rules[rules["state"] != "assessed"]
    why = unasked["needs"].map(lambda needs: f"this run lacks {needs}" if needs else "not yet in this workbook")
    grouped = unasked.assign(why=why).groupby(["segment", "why"], sort=False)["reason"].agg("; ".join).reset_index()
    return grouped[["segment", "reason", "why"]].rename(
        columns={"segment": "Segment", "reason": "Rules not asked", "why": "Why"}
    )


@finding("limit")
def not_assessed(rules: pd.DataFrame) -> str | None:
    """How many rules of the published model were not asked, and for which segments."""
    open_rules = rules[rules["state"] != "assessed"]
    if open_rules.empty:
        return None
    segments = ", ".join(dict.fromkeys(open_rules["segment"]))
    absent = sorted({n for n in open_rules["needs"] if n})
    lacking = f" This run lacks {', '.join(absent)}." if absent else ""
    return (
        f"{len(open_rules)} of {len(rules)} rules were not asked: people whom only these would place stand further "
        f"down than they belong. They are rules for {segments}.{lacking}"
    )


@finding("limit")
def widest_overlap(pairs: pd.DataFrame) -> str | None:
    """The two segments whose rules hold for most of the same people, so that the order decides.

    Not said of a segment that lies wholly within another, as a group with
    and a group without something else do: there the order is the definition.
    """
    smaller = pairs[["people_segment", "people_other"]].min(axis=1)
    known = pairs[pairs["people"].notna() & pairs["people"].gt(0) & pairs["people"].lt(smaller)]
    if known.empty:
        return None
    row = known.loc[known["people"].idxmax()]
    return (
        f"The order of the rules matters most between {row['segment']} and {row['other_segment']}: about "
        f"{row['people']:,.0f} people in the ICS meet a rule of both and are counted in {row['segment']} or before it."
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
