"""Releases of linkage quality: error, steps, weights, examples, review and settings.

They are measured over the whole ICS: the tests and reviews behind them are
too few for one network. `link_error` exists in both modes; the others only
where this workbook linked the records, `link_truth` on synthetic data alone.
"""

from collections.abc import Callable, Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.linkage.queries import AGES
from phm_utils.linkage_tables import BOUNDED
from phm_utils.methods.linkage_error import FALSE, MISSED
from phm_utils.methods.rates import proportion
from phm_utils.params import Workbook
from phm_utils.privacy.relations import AtMost
from phm_utils.privacy.release import AREA, PLACE, Release, aggregate, count, derived, estimate, key, keys
from phm_utils.rules.groups import ETHNIC_GROUPS, FIFTHS, NOT_KNOWN, SEXES
from phm_utils.tables import TABLES

# Within each characteristic youngest, or most deprived, first; not known last.
CATEGORIES = (
    *("All", *AGES.names, *SEXES),
    *(group for group in ETHNIC_GROUPS if group != NOT_KNOWN),
    *(*FIFTHS, "No IMD (outside England or not listed)"),
    *("No small area", "Yes", "Not recorded", NOT_KNOWN),
)
METHOD_ORDER = (
    *("NHS number", "same description", "probabilistic", "clerical review", "encoded"),
    *("identity of its own", "no usable identifier"),
)
BAND_BITS, LOWEST_BAND, HIGHEST_BAND = 2, -12, 30  # bits: weaker and stronger pairs share the outer bands
GROUP = (AREA, *keys("source", "title", "characteristic"), PLACE, *keys("category"))  # a source's group of records
MATCHED = ("match_value", "match_lower", "match_upper")


def _bound(shown: pd.DataFrame) -> pd.DataFrame:
    """Limits of missed links where only bounded: from none to every record not linked."""
    bounded = shown["missed_basis"] == BOUNDED
    not_linked = (1 - shown["linked"] / shown["records"].where(shown["records"] > 0)).astype("Float64")
    most = not_linked.clip(lower=0).astype(float)
    none = (most * 0).where(bounded, shown["missed_lower"])
    return shown.assign(missed_lower=none, missed_upper=most.where(bounded, shown["missed_upper"]))


def _truth_shares(shown: pd.DataFrame) -> pd.DataFrame:
    return shown.assign(
        wrong_share=shown["wrong"] / shown["links"].where(shown["links"] > 0),
        missed_share=shown["missed"] / shown["findable"].where(shown["findable"] > 0),
    )


def _step_share(shown: pd.DataFrame) -> pd.DataFrame:
    return shown.assign(share=shown["records"] / shown.groupby("source")["records"].transform("sum", min_count=1))


ERROR = Release(
    "link_error",
    "Estimated shares of links that are false and missed, by source and group of records, whole ICS",
    (
        *(*GROUP, *keys("false_basis", "missed_basis")),
        *(count(name, "rows") for name in ("records", "linked", "tested")),
        *(*(estimate(name, "behind") for name in FALSE), *(estimate(name, "tested") for name in MISSED)),
    ),
    relations=(AtMost("linked", "records"),),
    derive=_bound,
    part="Estimated false and missed links",
    needs="records other than GP registrations",
)
TRUTH = Release(
    "link_truth",
    "Links against the truth of the synthetic data, by source and group of records, whole ICS",
    (
        *(*GROUP, *(count(name, "rows") for name in ("records", "findable", "links", "wrong", "missed"))),
        *(derived("wrong_share"), derived("missed_share")),
    ),
    relations=(AtMost("wrong", "links"), AtMost("missed", "findable"), AtMost("findable", "records")),
    derive=_truth_shares,
    part="The linkage against the truth",
    needs="",
)
STEPS = Release(
    "link_steps",
    "Records of each source by linkage method, whole ICS",
    (
        *(AREA, *keys("source", "title"), PLACE, *keys("method")),
        *(count(name, "rows") for name in ("records", "identities", "contradicted")),
        derived("share"),
    ),
    derive=_step_share,
    part="How names were linked",
    needs="",
)
WEIGHTS = Release(
    "link_weights",
    "Best candidate pairs by match weight (bits) and decision, whole ICS",
    (AREA, key("band", "int"), *keys("decision"), count("pairs", "rows")),
    part="Match weights",
    needs="",
)
EXAMPLES = Release(
    "link_examples",
    "Patterns of agreement that many pairs share, and what each comparison added to the match weight",
    (
        *(AREA, key("example", "int"), PLACE, *keys("kind", "comparison", "level"), count("pairs", "rows")),
        estimate("weight_bits", "pairs"),
    ),
    part="Examples of match weights",
    needs="",
)
REVIEW = Release(
    "link_review",
    "Clerical review: the share of pairs that are one person, by band of match weight, whole ICS",
    (AREA, key("band", "int"), count("reviewed", "rows"), *(estimate(name, "reviewed") for name in MATCHED)),
    part="Clerical review",
    needs="a review file (`phm link --reviewed`)",
)
SETTINGS = Release(
    "link_settings",
    "Settings of the linkage",
    (AREA, *keys("name", "value")),
    part="Settings of the linkage",
    needs="",
)
QUALITY = (ERROR, TRUTH, STEPS, WEIGHTS, EXAMPLES, REVIEW, SETTINGS)


def quality_models(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """True figures of linkage quality, where present; first `link_error`, which every run has."""
    sources: dict[str, tuple[Release, Callable[[pd.DataFrame], pd.DataFrame]]] = {
        "link_error": (ERROR, _error),
        "link_truth": (TRUTH, _truth),
        "linkage_step": (STEPS, _steps),
        "linkage_weight": (WEIGHTS, _weights),
        "linkage_example": (EXAMPLES, lambda frame: frame),
        "linkage_review": (REVIEW, _review),
        "linkage_setting": (SETTINGS, lambda frame: frame),
    }
    present = present_tables(con)
    for table, (release, arrange) in sources.items():
        if table in present and len(frame := read_sql(con, f"SELECT * FROM {table}")):
            yield aggregate(release, arrange(frame.assign(area_code=workbook.ics_code)))


def titled(frame: pd.DataFrame) -> pd.DataFrame:
    """With the title of each source."""
    return frame.assign(title=frame["source"].map({t.name: t.title for t in TABLES.values()}))


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return titled(frame).assign(place=frame["category"].map(CATEGORIES.index))


def _error(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per source and group: the shares of links that are false and missed.

    Where missed links are only bounded, the bound is made from protected
    counts: the exact one would disclose a suppressed count.
    """
    bounded = frame["missed_basis"] == BOUNDED
    return _placed(frame).assign(**{name: frame[name].mask(bounded) for name in MISSED})


def _truth(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per source and group, and for all sources together."""
    counted = ["records", "findable", "links", "wrong", "missed"]
    total = frame.groupby(["area_code", "characteristic", "category"], as_index=False)[counted].sum()
    all_sources = _placed(total.assign(source="all")).assign(title="All sources")
    return pd.concat([_placed(frame), all_sources], ignore_index=True)


def _steps(frame: pd.DataFrame) -> pd.DataFrame:
    return titled(frame).assign(place=frame["method"].map(METHOD_ORDER.index))


def _weights(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per band of match weight and decision, all sources together."""
    band = (BAND_BITS * (frame["band"] // BAND_BITS)).clip(LOWEST_BAND, HIGHEST_BAND)
    return frame.assign(band=band).groupby(["area_code", "band", "decision"], as_index=False)["pairs"].sum()


def _review(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.join(proportion(frame["matches"], frame["reviewed"]).add_prefix("match_"))
