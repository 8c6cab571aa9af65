"""Movement between segments, in words."""

from itertools import combinations

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.topics.segmentation.movement import DIED, LEFT, NOT_REGISTERED


@finding
def moved(movement: pd.DataFrame) -> str:
    """How many of those registered at both dates are in another segment, and how many by age alone.

    movement: the rows of one area of `segment_movement`; counts that are
        hidden are missing from the sums.
    """
    both = movement[~movement["to_segment"].isin([DIED, LEFT]) & movement["from_segment"].ne(NOT_REGISTERED)]
    total = int(both["people"].sum())
    if not total:
        return TOO_FEW
    changed = both[both["from_segment"] != both["to_segment"]]
    people, aged = int(changed["people"].sum()), int(changed["people_by_age"].sum())
    return (
        f"Of about {total:,} people registered on both dates, about {people:,} ({people / total:.0%}) are in another "
        f"segment than 24 months before, about {aged:,} of them because of age alone. Suppressed counts are left out."
    )


@finding
def joined_died_left(movement: pd.DataFrame) -> str:
    """How many people joined or were born, died and left in the 24 months."""
    joined = movement[movement["from_segment"] == NOT_REGISTERED]["people"].sum()
    died, left = (movement[movement["to_segment"] == words]["people"].sum() for words in (DIED, LEFT))
    return f"In these 24 months about {joined:,.0f} people joined or were born, {died:,.0f} died and {left:,.0f} left."


@finding
def net_flow(flows: pd.DataFrame, movement: pd.DataFrame) -> str:
    """The pair of segments with the largest net movement, also per 1,000 people of the first."""
    known = shown(flows, "net")
    known = known[known["net"] > 0]
    if known.empty:
        return TOO_FEW
    row = known.loc[known["net"].idxmax()]
    were = movement.loc[movement["from_segment"] == row["from_segment"], "people_from"].max()
    rate = f", {row['net'] / were * 1000:.0f} per 1,000 people of {row['from_segment']}" if were else ""
    return (
        f"Apart from moves because of age alone, the largest net movement is from {row['from_segment']} to "
        f"{row['to_segment']}: about {row['there']:,.0f} people moved there and {row['back']:,.0f} back, a net "
        f"{row['net']:,.0f}{rate}."
    )


@if_present
def net_flows(movement: pd.DataFrame, segments: list[str]) -> pd.DataFrame:
    """One row per pair of segments: people who moved from the one to the other, back, and the difference.

    Those who moved only because they are older are not counted. A pair of
    which either direction is suppressed is left out.
    """
    beyond_age = movement.assign(people=movement["people"] - movement["people_by_age"].fillna(0))
    wide = beyond_age.pivot(index="from_segment", columns="to_segment", values="people").astype("Float64")
    wide = wide.reindex(index=segments, columns=segments)
    rows = []
    for first, second in combinations(segments, 2):
        there, back = wide.loc[first, second], wide.loc[second, first]
        if pd.notna(there) and pd.notna(back):
            rows.append((first, second, there, back) if there >= back else (second, first, back, there))
    frame = pd.DataFrame(rows, columns=["from_segment", "to_segment", "there", "back"])
    return frame.assign(net=frame["there"] - frame["back"])
