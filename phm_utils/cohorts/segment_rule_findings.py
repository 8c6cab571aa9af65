"""Sentences about the rules of a segmentation and movement between its segments, from protected tables."""

import pandas as pd

from phm_utils.cohorts.movement import DIED, LEFT, NOT_REGISTERED
from phm_utils.cohorts.wording import TOO_FEW


def moved(movement: pd.DataFrame) -> str:
    """How many of those registered at both dates are in another segment, and how many by age alone.

    movement: the rows of one area of `segment_movement`; counts that are
        hidden are missing from the sums.
    """
    both = movement[~movement["to_segment"].isin([DIED, LEFT]) & movement["from_segment"].ne(NOT_REGISTERED)]
    total = int(both["people"].sum())
    if not total:
        return TOO_FEW
    gone = both[both["from_segment"] != both["to_segment"]]
    people, aged = int(gone["people"].sum()), int(gone["people_by_age"].sum())
    return (
        f"Of about {total:,} people registered both then and now, about {people:,} ({people / total:.0%}) are in "
        f"another segment than 24 months before, about {aged:,} of them only because they are older. "
        "Numbers too small to show are left out."
    )


def come_and_gone(movement: pd.DataFrame) -> str:
    """How many joined or were born, died and left since."""
    joined = movement[movement["from_segment"] == NOT_REGISTERED]["people"].sum()
    died, left = (movement[movement["to_segment"] == words]["people"].sum() for words in (DIED, LEFT))
    return f"Since then about {joined:,.0f} people joined or were born, {died:,.0f} died and {left:,.0f} left."


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
