"""The largest effect of another threshold."""

import pandas as pd

from phm_utils.reports.findings import TOO_FEW, finding


@finding
def alternative_effect(frame: pd.DataFrame) -> str:
    """The largest change that another threshold makes to a segment."""
    wide = frame.pivot(index="segment", columns="alternative", values="people")
    changes = wide.drop(columns="As defined").sub(wide["As defined"], axis=0).stack().dropna()
    if changes.empty:
        return TOO_FEW
    segment, alternative = changes.astype(float).abs().idxmax()
    before, after = wide.loc[segment, "As defined"], wide.loc[segment, alternative]
    return f"“{alternative}” changes a segment most: {segment} goes from about {before:,} people to {after:,}."
