"""How records were linked here, step by step: released tables made ready to draw, and what they say in words.

All of it is measured over the whole ICS. See quality_releases.py for the tables.
"""

from collections.abc import Iterator

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.linkage.measured import SUGGESTED
from phm_utils.linkage.review import BAND_BITS, HIGHEST_BAND, LOWEST_BAND
from phm_utils.reports.findings import finding

SPINE = "gp_registration"
ACCEPT = "linked from (bits)"  # the setting's name, as `phm link` states it
DECISIONS = {
    "linked": "Linked",
    "review": "To be reviewed",
    "too close": "Two people too alike",
    "contrary": "Evidence against",
    "too weak": "Too weak",
}
METHODS = {
    "NHS number": "NHS number and description",
    "same description": "Same description",
    "probabilistic": "Weight of evidence",
    "clerical review": "Judged by a person",
    "encoded": "Encoded by its owner",
    "identity of its own": "Nobody in the GP extract",
    "no usable identifier": "No usable identifier",
}
COLUMNS = {
    "NHS number": "NHS\nnumber",
    "same description": "Same\ndescription",
    "probabilistic": "Weight of\nevidence",
    "clerical review": "Judged by\na person",
    "encoded": "Encoded",
    "identity of its own": "Nobody in\nthe extract",
    "no usable identifier": "Nothing\nusable",
}
KINDS = {
    "linked": "were linked",
    "review": "wait for a person's judgement",
    "too close": "were not linked: two people were too alike",
    "contrary": "were not linked: another NHS number, forename or birth date speaks against them",
    "too weak": "were not linked: too little speaks for them",
}


@if_present
def by_step(steps: pd.DataFrame) -> pd.DataFrame:
    """One row per source and step, without the GP registrations themselves: its share of the source's records."""
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
    """What settled the records of the other sources, in shares of those that are shown."""
    rows = steps[steps["source"] != SPINE].dropna(subset="records")
    by_method = rows.groupby("method")["records"].sum()
    total = by_method.sum()
    if not total:
        return "No source has records enough to say what settled them."
    share = {m: by_method.get(m, 0) / total for m in METHODS}
    nobody = share["identity of its own"] + share["no usable identifier"]
    return (
        f"Of {total:,} records, {share['NHS number']:.1%} were settled by an NHS number that their description agrees "
        f"with, {share['same description']:.1%} by an equal description, {share['probabilistic']:.1%} by weight of "
        f"evidence; {nobody:.1%} belong to nobody in the GP extract, or to nobody that could be told."
    )


@if_present
def step_table(steps: pd.DataFrame) -> pd.DataFrame:
    """Records by source and step, ready to read."""
    shown = pd.DataFrame({"Source": steps["title"], "Step": steps["method"].map(METHODS), "Records": steps["records"]})
    return shown.assign(**{"Share (%)": (100 * steps["share"].astype("Float64")).round(2)})


@if_present
def decided(weights: pd.DataFrame) -> pd.DataFrame:
    """Pairs by weight and decision, the decision in words."""
    return weights.assign(words=weights["decision"].map(DECISIONS))


@finding
def weight_sentence(weights: pd.DataFrame) -> str:
    """What was decided about the pairs that no rule settled."""
    counted = weights.dropna(subset="pairs").groupby("decision")["pairs"].sum()
    parts = [f"{counted[d]:,} {KINDS[d]}" for d in DECISIONS if counted.get(d, 0) > 0]
    if not parts:
        return "Too few pairs had to be weighed to say what became of them."
    return f"Of the pairs that had to be weighed, about {'; '.join(parts)}."


@if_present
def weight_table(weights: pd.DataFrame) -> pd.DataFrame:
    """Pairs by band and decision, ready to read."""
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
    """What adds most and takes most away."""
    evidence = rows.iloc[1:]
    most, least = evidence.loc[evidence["weight_bits"].idxmax()], evidence.loc[evidence["weight_bits"].idxmin()]
    against = f" {least['evidence']} takes away {-least['weight_bits']:.1f}." if least["weight_bits"] < 0 else ""
    return (
        f"{most['evidence']} adds most, {most['weight_bits']:.1f} bits.{against} "
        f"Together {rows['weight_bits'].sum():+.1f}."
    )


@if_present
def example_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What each comparison added, ready to read, and the sum so far."""
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
    """How many pairs were judged, and the threshold that their verdicts suggest."""
    total = review["reviewed"].fillna(0).sum()
    suggested = dict(zip(settings["name"], settings["value"], strict=True))[SUGGESTED]
    return (
        f"A person judged about {total:,} pairs without seeing their weights. Threshold at which links are right often "
        f"enough: {suggested}{' bits' if suggested.lstrip('-').isdecimal() else ''}."
    )


@if_present
def review_table(review: pd.DataFrame) -> pd.DataFrame:
    """Judged pairs by band, ready to read."""
    percent = {
        f"{name} (%)": (100 * review[f"match_{column}"].astype(float)).round(1)
        for name, column in (("One person", "value"), ("Lower", "lower"), ("Upper", "upper"))
    }
    return pd.DataFrame({"Match weight": review["name"], "Pairs judged": review["reviewed"], **percent})


@if_present
def other_thresholds(weights: pd.DataFrame, settings: pd.DataFrame) -> pd.DataFrame:
    """One row per threshold around the one in use: best pairs at or above it that nothing speaks against.

    settings: of which ACCEPT is the threshold in use.
    """
    accept = float(dict(zip(settings["name"], settings["value"], strict=True))[ACCEPT])
    counted = weights[weights["decision"].isin(["linked", "review", "too weak"])].fillna({"pairs": 0})
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
