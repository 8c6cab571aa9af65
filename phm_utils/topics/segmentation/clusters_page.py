"""Clusters of adults: their names, stability and segments."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.methods.clustering import PATTERN, STABLE
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.topics.segmentation.clusters import ALL_ADULTS, NOT_CLUSTERED, NOT_SHOWN, STABLE_CLUSTER
from phm_utils.topics.segmentation.comparisons import NOT_FOR_AGE, WHOLE_ICS, beside_ics, in_order
from phm_utils.wording import in_sentence, joined

NAMING, NAMED = 3, 0.15  # conditions in a cluster's name; the share of its people who must have each
MARKED = 1.5  # how many times the adults' share a condition's must be to name a cluster
FEW = "few conditions"
MUCH = 0.1  # of a cluster: segments that hold less of it are not listed in a sentence


@if_present
def cluster_names(conditions: pd.DataFrame) -> dict[str, str]:
    """A name for each cluster from its protected counts: the conditions that mark it, most frequent first.

    A condition marks a cluster if at least 15% of its people have it and
    that is 1.5 times the share of all adults or more.
    """
    everybody = conditions[conditions["cluster"] == ALL_ADULTS].set_index("condition")["share"]
    names = {}
    for cluster, rows in conditions[~conditions["cluster"].isin([ALL_ADULTS, NOT_CLUSTERED])].groupby(
        "cluster", sort=True
    ):
        share = rows.set_index("condition")["share"].astype("Float64")
        marks = share[(share >= NAMED) & (share >= MARKED * everybody.reindex(share.index))].fillna(0)
        top = marks.sort_values(ascending=False, kind="stable").head(NAMING).index
        names[str(cluster)] = f"{cluster}: {joined([in_sentence(c) for c in top]) if len(top) else FEW}"
    return names


@if_present
def clusters(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """`segment_cluster` with names, people in no cluster last, if there are any."""
    shown = frame.assign(named=[names.get(c, c) for c in frame["cluster"]])
    nobody = (shown["cluster"] == NOT_CLUSTERED) & shown["people"].eq(0).fillna(False)
    return shown[~nobody].sort_values("place", ignore_index=True)


@if_present
def cluster_profile(conditions: pd.DataFrame, names: dict[str, str], count: int = 12) -> pd.DataFrame:
    """The share of each cluster, and of all adults, with the conditions most frequent among adults."""
    order = conditions[conditions["cluster"] == ALL_ADULTS].sort_values("share", ascending=False, kind="stable")
    leading = order["condition"].head(count).tolist()
    chosen = conditions[conditions["condition"].isin(leading) & conditions["cluster"].ne(NOT_CLUSTERED)]
    chosen = chosen.assign(named=[names.get(c, c) for c in chosen["cluster"]])
    place = {name: i for i, name in enumerate([*sorted(names), ALL_ADULTS])}
    order = chosen["condition"].map({c: i for i, c in enumerate(leading)}) * len(place) + chosen["cluster"].map(place)
    return chosen.iloc[order.argsort(kind="stable")].reset_index(drop=True)


@if_present
def cluster_segments(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """`segment_cluster_segment` of named clusters; segments without any adult are left out."""
    shown = frame[frame["cluster"].isin(names)].assign(named=lambda f: f["cluster"].map(names))
    # A segment that suppression hides is not empty.
    not_empty = shown.groupby("segment")["people"].transform(lambda people: people.ne(0).fillna(True).any())
    return shown[not_empty.astype(bool)].sort_values("place", ignore_index=True)


@finding
def stability(tried: pd.DataFrame, clusters: pd.DataFrame) -> str:
    """How many clusters were found, and their stability."""
    listed = clusters[clusters["verdict"] != NOT_SHOWN].drop_duplicates("cluster")
    if tried.empty:
        return "No clusters are shown: one group describes the adults of this ICS as well as several do."
    if listed.empty:
        return (
            f"No clusters are shown: of those tried, none has a mean Jaccard similarity over resamples of "
            f"{PATTERN:g} or more."
        )
    taken = tried[tried["taken"].astype(bool)].iloc[0]
    stable, count = int((listed["verdict"] == STABLE_CLUSTER).sum()), int(taken["clusters"])
    parts = [
        f"{n} {words}"
        for n, words in (
            (stable, f"stable (mean Jaccard similarity over {STABLE:g})"),
            (len(listed) - stable, f"only a pattern ({PATTERN:g} to {STABLE:g})"),
            (count - len(listed), f"not shown, because below {PATTERN:g} a cluster is not stable"),
        )
        if n
    ]
    return (
        f"{count} clusters were found in the ICS: {joined(parts)}. Clusterings of resamples agree with an adjusted "
        f"Rand index of {taken['rand']:.2f} (1 is the same, 0 chance)."
    )


@finding
def cluster_sizes(clusters: pd.DataFrame) -> str:
    """The clusters whose share of adults differs from the ICS's; for the ICS, the share of each."""
    known = clusters[clusters["verdict"] != NOT_SHOWN].assign(named=lambda f: "“" + f["named"] + "”")
    if shown(known, "share").empty:
        return TOO_FEW
    if "ics_share" not in clusters:
        return f"Shares of adults: {in_order(known, 'named', 'share')}."
    words = Family("share of adults", "cluster", "clusters", WHOLE_ICS, percent, counted="adults", caution=NOT_FOR_AGE)
    return words.standing_out(beside_ics(known, lambda row: row["named"]))


@finding
def rules_and_clusters(crossed: pd.DataFrame) -> str:
    """Where the rules place each cluster: segments that hold a tenth of it or more, in the order of the rules."""
    known = shown(crossed, "share")
    known = known[known["share"] >= MUCH]
    if known.empty:
        return TOO_FEW
    parts = [f"of “{named}” {in_order(rows, 'segment', 'share')}" for named, rows in known.groupby("named", sort=True)]
    return f"Where the rules place a tenth or more of a cluster's adults: {'; '.join(parts)}."
