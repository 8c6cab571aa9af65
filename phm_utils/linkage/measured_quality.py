"""The quality of the linkage, declared for release: error, steps, weights, examples, review and settings.

They are measured over the whole ICS: the tests and reviews behind them are
too few for one network. `link_error` is there in both modes; the others only
where this workbook did the linking, `link_truth` on synthetic data alone.
"""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.linkage.error import BOUNDED
from phm_utils.linkage.queries import present_tables
from phm_utils.methods.linkage_error import FALSE, MISSED
from phm_utils.methods.rates import wilson
from phm_utils.params import Workbook
from phm_utils.privacy.release import Release
from phm_utils.tables import TABLES

# Within each characteristic youngest, or most deprived, first; not known last.
CATEGORIES = (
    *("All", "0-17", "18-39", "40-64", "65-79", "80+", "Male", "Female", "Other or not known"),
    *("White", "Mixed", "Asian", "Black", "Other", "Not stated"),
    *("1 (most deprived)", "2", "3", "4", "5 (least deprived)", "No IMD (outside England or not listed)"),
    *("No small area", "Yes", "Not recorded", "Not known"),
)
METHOD_ORDER = (
    *("NHS number", "same description", "probabilistic", "clerical review", "encoded"),
    *("identity of its own", "no usable identifier"),
)
BAND_BITS, LOWEST_BAND, HIGHEST_BAND = 2, -12, 30  # bits: what is weaker or stronger stands in the outer bands


def quality_releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """What there is to release of the linkage's quality; first `link_error`, which every run has."""
    made = {
        "link_error": _error,
        "link_truth": _truth,
        "linkage_step": _steps,
        "linkage_weight": _weights,
        "linkage_example": _examples,
        "linkage_review": _review,
        "linkage_setting": _settings,
    }
    held = [name for name in made if name in present_tables(con)]
    frames = {name: read_sql(con, f"SELECT * FROM {name}").assign(area_code=workbook.ics_code) for name in held}
    return [made[name](frame) for name, frame in frames.items() if len(frame)]


def titled(frame: pd.DataFrame) -> pd.DataFrame:
    """With the title of each source."""
    return frame.assign(title=frame["source"].map({t.name: t.title for t in TABLES.values()}))


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return titled(frame).assign(place=frame["category"].map(CATEGORIES.index))


def _error(frame: pd.DataFrame) -> Release:
    """One row per source and group: the shares of links that are false and missed.

    Where missed links are bounded by what is not joined, the bound is made
    from protected counts: the exact one would tell a count that is suppressed.
    """
    bounded = frame["missed_basis"] == BOUNDED
    frame = _placed(frame).assign(**{name: frame[name].mask(bounded) for name in MISSED})
    return Release(
        "link_error",
        "Estimated shares of links that are false and missed, by source and group of records, whole ICS",
        frame,
        keys=("area_code", "source", "title", "characteristic", "place", "category", "false_basis", "missed_basis"),
        counts=("records", "linked", "tested"),
        estimates=dict.fromkeys(FALSE, "behind") | dict.fromkeys(MISSED, "tested"),
        derive=_bound,
    )


def _bound(shown: pd.DataFrame) -> pd.DataFrame:
    """Where missed links are only bounded: from none to every record that is not joined."""
    bounded = shown["missed_basis"] == BOUNDED
    unjoined = (1 - shown["linked"] / shown["records"].where(shown["records"] > 0)).astype("Float64")
    most = unjoined.clip(lower=0).astype(float)
    none = (most * 0).where(bounded, shown["missed_lower"])
    return shown.assign(missed_lower=none, missed_upper=most.where(bounded, shown["missed_upper"]))


def _truth(frame: pd.DataFrame) -> Release:
    """One row per source and group, and for all sources together: links against the truth of the make-believe ICS."""
    counts = ["records", "findable", "links", "wrong", "missed"]
    together = frame.groupby(["area_code", "characteristic", "category"], as_index=False)[counts].sum()
    frame = pd.concat([_placed(frame), _placed(together.assign(source="all")).assign(title="All sources")])
    return Release(
        "link_truth",
        "Links against the truth of the synthetic data, by source and group of records, whole ICS",
        frame.reset_index(drop=True),
        keys=("area_code", "source", "title", "characteristic", "place", "category"),
        counts=tuple(counts),
        derive=lambda shown: shown.assign(
            wrong_share=shown["wrong"] / shown["links"].where(shown["links"] > 0),
            missed_share=shown["missed"] / shown["findable"].where(shown["findable"] > 0),
        ),
    )


def _steps(frame: pd.DataFrame) -> Release:
    return Release(
        "link_steps",
        "Records of each source by the step that settled them, whole ICS",
        titled(frame).assign(place=frame["method"].map(METHOD_ORDER.index)),
        keys=("area_code", "source", "title", "place", "method"),
        counts=("records", "identities", "contradicted"),
        derive=lambda shown: shown.assign(
            share=shown["records"] / shown.groupby("source")["records"].transform("sum", min_count=1)
        ),
    )


def _weights(frame: pd.DataFrame) -> Release:
    """One row per band of match weight and decision, all sources together."""
    band = (BAND_BITS * (frame["band"] // BAND_BITS)).clip(LOWEST_BAND, HIGHEST_BAND)
    frame = frame.assign(band=band).groupby(["area_code", "band", "decision"], as_index=False)["pairs"].sum()
    return Release(
        "link_weights",
        "Best candidate pairs by match weight (bits) and by what was decided, whole ICS",
        frame,
        keys=("area_code", "band", "decision"),
        counts=("pairs",),
    )


def _examples(frame: pd.DataFrame) -> Release:
    return Release(
        "link_examples",
        "Patterns of agreement that many pairs share, and what each comparison added to the match weight",
        frame,
        keys=("area_code", "example", "place", "kind", "comparison", "level"),
        counts=("pairs",),
        estimates={"weight_bits": "pairs"},
    )


def _review(frame: pd.DataFrame) -> Release:
    limits = wilson(frame["matches"], frame["reviewed"]).add_prefix("match_")
    return Release(
        "link_review",
        "Pairs judged by a person: the share that is one person, by band of match weight, whole ICS",
        frame.join(limits),
        keys=("area_code", "band"),
        counts=("reviewed",),
        estimates=dict.fromkeys(limits, "reviewed"),
    )


def _settings(frame: pd.DataFrame) -> Release:
    return Release("link_settings", "Settings of the linkage", frame, keys=("area_code", "name", "value"))
