"""Whether the groups can be compared, in words."""

from phm_utils.reports.findings import finding
from phm_utils.topics.evaluation.programme_page import Evaluated


@finding
def balance(of: Evaluated) -> str:
    """Whether the groups can be compared."""
    if of.balance.empty:
        return "The people enrolled and the controls could not be weighted to be alike."
    worst = of.balance.loc[of.balance["smd_before"].abs().idxmax()]
    before = f"{worst['covariate']}, by {abs(worst['smd_before']):.1f} standard deviations"
    if of.balance["smd_after"].isna().all():
        return f"No weighting makes the groups alike; they are furthest apart on {before}."
    after = of.balance["smd_after"].abs().max()
    return f"Before weighting the groups were furthest apart on {before}; after it, by {after:.2f} at most."
