"""Sentences on conditions that people have together: combinations, burden by age, clusters; from protected tables."""

import numpy as np
import pandas as pd

from phm_utils.cohorts.clusters import COMES_BACK, NOT_SHOWN
from phm_utils.cohorts.condition_overlap import JOINED
from phm_utils.cohorts.wording import TOO_FEW, in_sentence, joined, shown
from phm_utils.methods.clustering import PATTERN, STABLE

MOST, LEAST = "1 most deprived", "5 least deprived"


def commonest_combination(listed: pd.DataFrame, *, is_ics: bool) -> str:
    """The most frequent combination of two or more conditions; for a PCN also the widest difference from the ICS."""
    known = shown(listed, "per_1000")
    if known.empty:
        return TOO_FEW
    top = known.loc[known["per_1000"].idxmax()]
    against = "" if is_ics else f", against {top['per_1000_ics']:.1f} in the ICS"
    first = f"{_named(top)} and no other is the most frequent combination: {top['per_1000']:.1f} per 1,000{against}."
    both = shown(known, "per_1000_ics")
    if is_ics or len(both) < 2:
        return first
    apart = both[(both["lower"] * 1000 > both["per_1000_ics"]) | (both["upper"] * 1000 < both["per_1000_ics"])]
    if apart.empty:
        return f"{first} No combination shown differs from the ICS beyond chance."
    row = apart.loc[(apart["per_1000"] - apart["per_1000_ics"]).abs().idxmax()]
    if row["combination"] == top["combination"]:
        return f"{first} No other differs more, beyond chance."
    return (
        f"{first} Beyond chance, {in_sentence(_named(row))} differs most: {row['per_1000']:.1f} here, "
        f"{row['per_1000_ics']:.1f} in the ICS."
    )


def _named(row: pd.Series) -> str:
    first, *others = row["combination"].split(JOINED)
    return joined([first, *(in_sentence(o) for o in others)])


def burden_gap(ages: pd.DataFrame, burden: float, ics: pd.DataFrame | None = None) -> str:
    """How much earlier the most deprived fifth reaches the burden than the least; `ics`, its ages beside a PCN's."""
    at = ages.set_index("quintile")
    reached = f"{burden:.0%} have two or more conditions"
    if not {MOST, LEAST} <= set(at.index) or at.loc[[MOST, LEAST], "age"].isna().any():
        return TOO_FEW
    most, least = at.loc[MOST], at.loc[LEAST]
    against = f" In the ICS: {_gap(ics.set_index('quintile'))}." if ics is not None else ""
    if np.isfinite(most["age"]) and np.isfinite(least["age"]):
        beyond = most["latest"] < least["earliest"] or least["latest"] < most["earliest"]
        chance = "" if beyond else " The two ranges overlap, so chance could explain it."
        return (
            f"In the most deprived fifth {reached} at age {most['says']}, in the least deprived at "
            f"{least['says']}: {_gap(at)}.{chance}{against}"
        )
    return f"The age at which {reached}: most deprived fifth {most['says']}, least deprived {least['says']}.{against}"


def _gap(at: pd.DataFrame) -> str:
    """Years between the two fifths, in words."""
    most, least = (at["age"].get(q, np.nan) for q in (MOST, LEAST))
    if not np.isfinite(most) or not np.isfinite(least):
        words = [at["says"].get(q, "numbers are too small to say") for q in (MOST, LEAST)]
        return f"most deprived {words[0]}, least deprived {words[1]}"
    years = least - most
    if abs(years) < 0.5:
        return "no difference"
    return f"{abs(years):.0f} {'year' if round(abs(years)) == 1 else 'years'} {'earlier' if years > 0 else 'later'}"


def stability(tried: pd.DataFrame, clusters: pd.DataFrame) -> str:
    """What was found, or that nothing was, and on what grounds."""
    listed = clusters[clusters["verdict"] != NOT_SHOWN].drop_duplicates("cluster")
    if tried.empty:
        return "No clusters are shown: one group describes the adults of this ICS as well as several do."
    if listed.empty:
        return (
            f"No clusters are shown: of those tried, none came back in resamples with a mean Jaccard similarity of "
            f"{PATTERN:g} or more."
        )
    taken = tried[tried["taken"].astype(bool)].iloc[0]
    stable, count = int((listed["verdict"] == COMES_BACK).sum()), int(taken["clusters"])
    parts = [
        f"{n} {words}"
        for n, words in (
            (stable, f"stable (mean Jaccard similarity over {STABLE:g})"),
            (len(listed) - stable, f"only a pattern ({PATTERN:g} to {STABLE:g})"),
            (count - len(listed), f"not shown, since below {PATTERN:g} a cluster does not come back"),
        )
        if n
    ]
    return (
        f"{count} clusters were found in the ICS: {joined(parts)}. Clusterings of resamples agree with an adjusted "
        f"Rand index of {taken['rand']:.2f} (1 is the same, 0 chance)."
    )


def cluster_sizes(both: pd.DataFrame, ics: str) -> str:
    """The cluster whose share differs most from the ICS's; for the ICS, the smallest and the largest."""
    known = shown(both[both["verdict"] != NOT_SHOWN], "share")
    own = known[known["area"] != ics]
    whole = known[known["area"] == ics]
    if whole.empty:
        return TOO_FEW
    if not (both["area"] != ics).any():
        parts = [f"“{r.named}” {r.share:.0%}" for r in whole.itertuples()]
        return f"Shares of adults: {joined(parts)}."
    own = own.assign(ics_share=own["cluster"].map(whole.set_index("cluster")["share"])).dropna(subset=["ics_share"])
    if own.empty:
        return TOO_FEW
    row = own.loc[(own["share"] - own["ics_share"]).abs().idxmax()]
    return (
        f"The cluster “{row['named']}” differs most from the ICS: {row['share']:.1%} of adults here, "
        f"{row['ics_share']:.1%} in the ICS."
    )


def rules_and_clusters(crossed: pd.DataFrame) -> str:
    """Into how many segments the rules divide each cluster: the one that most agrees with a single segment."""
    known = shown(crossed, "share")
    if known.empty:
        return TOO_FEW
    top = known.loc[known.groupby("named")["share"].idxmax()]
    most, least = top.loc[top["share"].idxmax()], top.loc[top["share"].idxmin()]
    first = f"The rules place {most['share']:.0%} of the cluster “{most['named']}” in {most['segment']}"
    if len(top) == 1:
        return f"{first}."
    return f"{first}; they divide “{least['named']}” most, with no more than {least['share']:.0%} in one segment."
