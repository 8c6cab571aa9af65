"""The range in which a cohort's size would lie if every record were linked to the right person."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from phm_utils.absent import if_present
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.methods.linkage_error import count_range
from phm_utils.reports.findings import finding
from phm_utils.rules.concepts import concepts as known_concepts
from phm_utils.rules.derived import person_columns
from phm_utils.rules.event_concepts import event_concepts
from phm_utils.rules.forms import Criterion, InProgramme, OnList, concepts_of
from phm_utils.rules.tree import leaves

RANGE = ("false_lower", "false_upper", "missed_lower", "missed_upper")
LINKED = ("apc_episode", "ecds_attendance", "op_attendance", "csds_contact", "mhsds_contact", "asc_event",
          "partner_list", "programme_enrolment")  # fmt: skip


@if_present
def with_linkage_range(sizes: pd.DataFrame, errors: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """One row per cohort that a linked source decides on: its size, and the range if every link were right.

    errors: the released shares of false and missed links by source. Of several sources the widest range is taken.
    """
    whole = errors[errors["characteristic"] == "All"].set_index("source")
    rows = []
    for row in sizes.itertuples():
        for source in [s for s in linked_sources(cohorts[row.cohort]) if s in whole.index]:
            known = {"short": row.short, "source": source, "people": row.people}
            rows.append(known | dict(whole.loc[source, list(RANGE)]))
    frame = pd.DataFrame(rows, columns=["short", "source", "people", *RANGE])
    low, high = count_range(frame["people"].astype("Float64"), frame[list(RANGE)].astype(float))
    frame = frame.assign(low=np.floor(low / 5) * 5, high=np.ceil(high / 5) * 5)
    ends = {"people": ("people", "first"), "low": ("low", "min"), "high": ("high", "max")}
    return frame.groupby("short", sort=False).agg(**ends).reset_index()


@finding
def linkage_range_said(ranges: pd.DataFrame) -> str:
    """The range of each size if every link of the sources were right."""
    known = ranges.dropna(subset=["people", "low", "high"])
    if known.empty:
        return "Sizes do not rest on linked sources, or the range of their error is not known."
    listed = "; ".join(f"{row.short} {int(row.low):,} to {int(row.high):,}" for row in known.itertuples())
    return f"Were every record linked to the right person, there would be: {listed}."


def linked_sources(cohort: Cohort) -> list[str]:
    """The linked sources whose events or columns a cohort's criteria ask for.

    A list of addresses is none of them: who lives there is known from the registrations.
    """
    columns, concepts = person_columns(), event_concepts(known_concepts())
    asked: list[str] = []
    for leaf in (leaf for rule in cohort.criteria for leaf in leaves(rule)):
        if isinstance(leaf, Criterion) and leaf.column in columns:
            asked += columns[leaf.column].needs
        asked += [concepts[name].table for name in concepts_of(leaf) if name in concepts]
        asked += ["partner_list"] if isinstance(leaf, OnList) else []
        asked += ["programme_enrolment"] if isinstance(leaf, InProgramme) else []
    return [source for source in LINKED if source in asked]
