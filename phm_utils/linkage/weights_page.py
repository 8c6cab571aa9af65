"""Linkage of identified records by method: released tables arranged for figures, and sentences of findings.

Measured over the whole ICS. See quality_releases.py for the tables.
"""

from collections.abc import Iterator

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.linkage.quality_tables import SUGGESTED
from phm_utils.linkage.review import BAND_BITS, HIGHEST_BAND, LOWEST_BAND
from phm_utils.reports.comparisons import percent
from phm_utils.reports.findings import finding
from phm_utils.wording import in_sentence

SPINE = "gp_registration"
ACCEPT = "linked from (bits)"  # the setting's name in `phm link`
DECISIONS = {
    "linked": "Linked",
    "review": "For clerical review",
    "too close": "Two people too similar",
    "contrary": "Evidence against",
    "too weak": "Too weak",
}
METHODS = {
    "NHS number": "NHS number and description",
    "same description": "Same description",
    "probabilistic": "Match weight",
    "clerical review": "Clerical review",
    "encoded": "Encoded by its owner",
    "identity of its own": "Not in the GP extract",
    "no usable identifier": "No usable identifier",
}
COLUMNS = {
    "NHS number": "NHS\nnumber",
    "same description": "Same\ndescription",
    "probabilistic": "Match\nweight",
    "clerical review": "Clerical\nreview",
    "encoded": "Encoded",
    "identity of its own": "Not in\nthe extract",
    "no usable identifier": "No usable\nidentifier",
}
KINDS = {
    "linked": "were linked",
    "review": "await clerical review",
    "too close": "were not linked: two people were too similar",
    "contrary": "were not linked: NHS number, forename or birth date contradicts",
    "too weak": "were not linked: too little evidence",
}


@if_present
def by_step(steps: pd.DataFrame) -> pd.DataFrame:
    """One row per source and step, without the GP registrations: its share of the source's records."""
    rows = steps[steps["source"] != SPINE]
    order = [m for m in METHODS if m in set(rows["method"])]
    titles = rows.drop_duplicates("title")[["title"]].merge(pd.DataFrame({"method": order}), how="cross")
    wide = titles.merge(rows[["title", "method", "records", "share"]], how="left", on=["title", "method"])
    absent = ~wide.set_index(["title", "method"]).index.isin(rows.set_index(["title", "method"]).index)
    wide["records"] = wide["records"].mask(absent, 0)
    wide["share"] = wide["share"].astype("Float64").mask(absent, 0.0)
    return wide.assign(step=wide["method"].map(COLUMNS))


@finding
def step_sentence(steps: pd.DataFrame) -> str:
    """Shares of other sources' records by linkage method."""
    rows = steps[steps["source"] != SPINE].dropna(subset="records")
    by_method = rows.groupby("method")["records"].sum()
    total = by_method.sum()
    if not total:
        return "No source has enough records to show how they were linked."
    share = {m: by_method.get(m, 0) / total for m in METHODS}
    unlinked = share["identity of its own"] + share["no usable identifier"]
    return (
        f"Of {total:,} records, {percent(share['NHS number'])} were linked by an NHS number with an agreeing "
        f"description, {percent(share['same description'])} by an equal description, "
        f"{percent(share['probabilistic'])} by match weight; {percent(unlinked)} are linked to no person of the GP "
        "extract."
    )


@if_present
def step_table(steps: pd.DataFrame) -> pd.DataFrame:
    """Records by source and step, ready to show."""
    shown = pd.DataFrame({"Source": steps["title"], "Step": steps["method"].map(METHODS), "Records": steps["records"]})
    return shown.assign(**{"Share (%)": (100 * steps["share"].astype("Float64")).round(2)})


@if_present
def decided(weights: pd.DataFrame) -> pd.DataFrame:
    """Pairs by weight and decision, with the decision's label."""
    return weights.assign(words=weights["decision"].map(DECISIONS))


@finding
def weight_sentence(weights: pd.DataFrame) -> str:
    """Decisions on the pairs that were scored."""
    counted = weights.dropna(subset="pairs").groupby("decision")["pairs"].sum()
    parts = [f"{counted[d]:,} {KINDS[d]}" for d in DECISIONS if counted.get(d, 0) > 0]
    if not parts:
        return "Too few pairs were scored to show the decisions."
    return f"Of the scored pairs, about {'; '.join(parts)}."


@if_present
def weight_table(weights: pd.DataFrame) -> pd.DataFrame:
    """Pairs by band and decision, ready to show."""
    names = {"band": "Match weight from (bits)", "words": "Decision", "pairs": "Pairs"}
    return weights[list(names)].rename(columns=names)


@if_present
def examples(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each example with a title in words and its rows in order: `evidence`, `weight_bits`."""
    for number, rows in frame.sort_values("place").groupby("example"):
        evidence = rows["comparison"] + ": " + rows["level"]
        yield f"Example {number}: pairs that {KINDS[rows['kind'].iloc[0]]}", rows.assign(evidence=evidence)


@finding
def example_sentence(rows: pd.DataFrame) -> str:
    """What each comparison adds or subtracts, in the order of adding up."""
    parts = [f"{in_sentence(row.evidence)} {row.weight_bits:+.1f}" for row in rows.itertuples()]
    return f"In bits: {'; '.join(parts)}. Together {rows['weight_bits'].sum():+.1f}."


@if_present
def example_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What each comparison added, ready to show, and the sum so far."""
    so_far = rows["weight_bits"].cumsum().round(2)
    shown = pd.DataFrame({"Comparison": rows["comparison"], "Level": rows["level"]})
    return shown.assign(**{"Adds (bits)": rows["weight_bits"].round(2), "So far (bits)": so_far})


@if_present
def banded(review: pd.DataFrame) -> pd.DataFrame:
    """One row per band of match weight, strongest first, with its name."""
    rows = review.sort_values("band", ascending=False)
    return rows.assign(name=rows["band"].map(_band)).reset_index(drop=True)


@finding
def review_sentence(review: pd.DataFrame, settings: pd.DataFrame) -> str:
    """Pairs reviewed, and the threshold that the verdicts suggest."""
    total = review["reviewed"].fillna(0).sum()
    suggested = dict(zip(settings["name"], settings["value"], strict=True))[SUGGESTED]
    return (
        f"About {total:,} pairs were reviewed with their weights hidden. Threshold at which precision is high "
        f"enough: {suggested}{' bits' if suggested.lstrip('-').isdecimal() else ''}."
    )


@if_present
def review_table(review: pd.DataFrame) -> pd.DataFrame:
    """Judged pairs by band, ready to show."""
    percent = {
        f"{name} (%)": (100 * review[f"match_{column}"].astype(float)).round(1)
        for name, column in (("One person", "value"), ("Lower", "lower"), ("Upper", "upper"))
    }
    return pd.DataFrame({"Match weight": review["name"], "Pairs judged": review["reviewed"], **percent})


@if_present
def other_thresholds(weights: pd.DataFrame, settings: pd.DataFrame) -> pd.DataFrame:
    """One row per threshold around the one in use: best pairs at or above it that are not contrary.

    settings: of which ACCEPT is the threshold in use.
    """
    accept = float(dict(zip(settings["name"], settings["value"], strict=True))[ACCEPT])
    by_weight = weights["decision"].isin(["linked", "too weak"]) | (
        (weights["decision"] == "review") & (weights["band"] < accept)  # above it, no weight would link them
    )
    counted = weights[by_weight].fillna({"pairs": 0})
    steps = [accept + shift for shift in (-4, -2, 0, 2, 4, 8)]
    pairs = [int(counted.loc[counted["band"] >= step, "pairs"].sum()) for step in steps]
    in_use = ["in use" if step == accept else "" for step in steps]
    return pd.DataFrame({"Threshold (bits)": steps, "Pairs": pd.array(pairs, "Int64"), "Remark": in_use})


def _band(band: int) -> str:
    """A band of the review by its edges."""
    if band >= HIGHEST_BAND:
        return f"{band} bits and more"
    if band <= LOWEST_BAND:
        return f"below {band + BAND_BITS} bits"
    return f"{band} to {band + BAND_BITS} bits"
