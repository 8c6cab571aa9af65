"""Movement between segments, in words."""

from itertools import combinations

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.methods.discovery import RATE as ALONE
from phm_utils.reports.comparisons import Family, people, percent
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.topics.segmentation.comparisons import WHOLE_ICS, beside_ics
from phm_utils.topics.segmentation.movement import DIED, LEFT, NOT_REGISTERED
from phm_utils.wording import uncapitalised


@finding
def moved(movement: pd.DataFrame) -> str:
    """How many of those registered at both dates are in another segment, and how many by age alone.

    movement: the rows of one area of `segment_movement`; counts that are
        hidden are missing from the sums. A PCN is compared with the ICS over the cells that it shows.
    """
    both = movement[~movement["to_segment"].isin([DIED, LEFT]) & movement["from_segment"].ne(NOT_REGISTERED)]
    both = both[both["people"].notna()]
    total = int(both["people"].sum())
    if not total:
        return TOO_FEW
    changed = both["from_segment"] != both["to_segment"]
    count, aged = int(both.loc[changed, "people"].sum()), int(both.loc[changed, "people_by_age"].sum())
    tail = "Suppressed counts are left out."
    if "ics_people" in both and both["ics_people"].sum():
        ics = float(both.loc[changed, "ics_people"].sum() / both["ics_people"].sum())
        row = pd.DataFrame({"people": [count], "registered": total, "ics_share": ics})
        words = Family(
            "of people registered on both dates", "PCN", "PCNs", WHOLE_ICS, percent, counted="people",
            caution=f"{_aged(aged)} of them moved because of age alone. {tail}",
        )  # fmt: skip
        return words.own(beside_ics(row, lambda _: "In another segment than 24 months before", ALONE).iloc[0])
    return (
        f"Of about {total:,} people registered on both dates, about {count:,} ({percent(count / total)}) are in "
        f"another segment than 24 months before, {uncapitalised(_aged(aged))} of them because of age alone. {tail}"
    )


def _aged(people_by_age: int) -> str:
    return f"About {people_by_age:,}" if people_by_age else "None or too few to show"


@finding
def joined_died_left(movement: pd.DataFrame) -> str:
    """How many people joined or were born, died and left in the 24 months."""
    joined = movement[movement["from_segment"] == NOT_REGISTERED]["people"].sum()
    died, left = (movement[movement["to_segment"] == words]["people"].sum() for words in (DIED, LEFT))
    parts = [f"{words} {f'about {count:,.0f}' if count else 'none or too few to show'}" for words, count in (
        ("joined or born", joined), ("died", died), ("left", left))]  # fmt: skip
    return f"People in these 24 months: {', '.join(parts)}."


@finding
def net_flow(flows: pd.DataFrame, last: str) -> str:
    """How many people left the segment without recorded need for another, and how many came into it.

    flows: of `net_flows`. last: the segment of those to whom no rule applies.
    """
    known = shown(flows, "net")
    here, other = known[known["from_segment"] == last], known[known["to_segment"] == last]
    out, into = here["there"].sum() + other["back"].sum(), other["there"].sum() + here["back"].sum()
    if not out + into:
        return TOO_FEW
    net = "as many" if out == into else f"a net {people(int(abs(out - into)))} {'out of' if out > into else 'into'} it"
    return (
        f"Apart from moves because of age alone, about {people(int(out))} moved from {last} to another segment and "
        f"{int(into):,} into it: {net}. Pairs of segments with a suppressed count are left out."
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
