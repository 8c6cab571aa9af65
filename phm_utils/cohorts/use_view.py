"""What the report draws of use, cost, scores, registers and movement: released frames in, frames for figures out."""

from itertools import combinations

import pandas as pd

from phm_utils.cohorts.scores import EFI, HFRS, MEDICINES, OLDER
from phm_utils.cohorts.view import ICS, SHORT, TITLES

# Settings as a figure of five parts groups them; the table has each.
PARTS = {
    "GP appointments": "GP appointments",
    "Emergency departments": "Emergency care",
    "Emergency admissions": "Emergency care",
    "Planned and other admissions": "Planned care and outpatients",
    "Outpatients": "Planned care and outpatients",
    "Community care": "Community and mental health",
    "Mental health care": "Community and mental health",
    "Adult social care": "Adult social care",
}
# The categories that say something of need, as columns of a figure.
NEED = {
    (EFI, "Mild"): "eFI mild",
    (EFI, "Moderate"): "eFI moderate",
    (EFI, "Severe"): "eFI severe",
    (HFRS, "Intermediate"): "Hospital risk intermediate",
    (HFRS, "High"): "Hospital risk high",
    (MEDICINES, "5 to 9"): "5 to 9 medicines",
    (MEDICINES, "10 or more"): "10 or more medicines",
}
MIN_REGISTER = 50  # published people: rounding to 5 moves fewer by a twentieth and more
DIFFERS = 0.1  # share: a register that differs by more from the published one is named


def rates(both: pd.DataFrame) -> pd.DataFrame:
    """One row per area, segment and kind of contact: contacts, people, contacts per 1,000 people."""
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m"
        if column in both:
            frame = both[["area", "place", "segment", "people"]]
            parts.append(frame.assign(activity=title, contacts=both[column], per_1000=both[f"{column}_per_1000"]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def beside_ics(both: pd.DataFrame, value: str, *keys: str) -> pd.DataFrame:
    """An area's rows with the ICS's `value` as a column of its own; the ICS's own rows have nothing beside them."""
    own, whole = both[both["area"] != ICS], both[both["area"] == ICS]
    if own.empty:
        return whole
    theirs = whole[[*keys, value]].rename(columns={value: f"{value}_ics"})
    return own.merge(theirs, how="left", on=list(keys), validate="one_to_one")


def cost_parts(cost: pd.DataFrame) -> pd.DataFrame:
    """Cost per person by segment and part of the service; a part is missing where any of its settings is."""
    shown = cost.assign(part=cost["setting"].map(PARTS))
    order = {part: i for i, part in enumerate(dict.fromkeys(PARTS.values()))}
    by = shown.groupby(["segment", "part"], sort=False)
    sums = by.agg(place=("place", "min"), cost_per_person_gbp=("cost_per_person_gbp", lambda v: v.sum(skipna=False)))
    nobody = cost.groupby("segment")["people"].max().eq(0).fillna(False)
    frame = sums.reset_index()
    frame = frame[~frame["segment"].map(nobody).astype(bool)]
    return frame.sort_values(["place", "part"], key=lambda c: c.map(order) if c.name == "part" else c, kind="stable",
                             ignore_index=True)  # fmt: skip


def cost_sums(cost: pd.DataFrame) -> pd.Series:
    """Cost per person of all settings, by segment; missing where any is suppressed."""
    return cost.groupby("segment", sort=False)["cost_per_person_gbp"].agg(lambda v: v.sum(skipna=False))


def need(both: pd.DataFrame) -> pd.DataFrame:
    """People of 65 and over by age and area, one column per category of need."""
    columns = [NEED.get(pair) for pair in zip(both["score"], both["category"], strict=True)]
    shown = both.assign(column=columns)
    shown = shown[shown["column"].notna() & shown["age_group"].isin(OLDER)]
    single = shown["area"].nunique() == 1
    rows = shown["age_group"] if single else shown["age_group"] + ", " + shown["area"]
    order = {c: i for i, c in enumerate(NEED.values())}
    return shown.assign(row=rows, at=shown["column"].map(order)).sort_values(
        ["age_group", "area", "at"], kind="stable", ignore_index=True
    )


def registers(frame: pd.DataFrame) -> pd.DataFrame:
    """Ratios of counted to published, people registered first, then registers by title.

    Registers of fewer than 50 people are left out: rounding alone can move them by a tenth.
    """
    first = frame["register"].ne("list_size")
    frame = frame.assign(first=first).sort_values(["first", "title", "practice_name"], ignore_index=True)
    return frame[frame["published"] >= MIN_REGISTER].reset_index(drop=True)


def register_table(registers: pd.DataFrame, *, is_ics: bool) -> pd.DataFrame:
    """The table behind the ratios: every practice of a PCN; of an ICS, which has too many, each register's spread."""
    if not is_ics:
        wide = registers.pivot(index="title", columns="practice_name", values="ratio")
        return (
            wide.reindex(registers["title"].unique())
            .rename_axis(TITLES["title"])
            .rename_axis(None, axis=1)
            .reset_index()
        )
    some = registers.assign(ratio=registers["ratio"].astype("Float64").astype(float))
    spread = some.groupby("title", sort=False)["ratio"].agg(
        shown="count",
        lowest="min",
        middle="median",
        highest="max",
        apart=lambda r: int((r - 1).abs().gt(DIFFERS).sum()),
    )
    titles = ["Register", "Practices shown", "Lowest ratio", "Middle ratio", "Highest ratio", "More than 10% apart"]
    return spread.reset_index().set_axis(titles, axis=1)


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
