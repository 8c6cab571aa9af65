"""Practices against limits of chance and of usual variation."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.figures import charts
from phm_utils.methods import funnels
from phm_utils.methods.overdispersion import MIN_UNITS, Overdispersion, between_units, outliers
from phm_utils.reports.findings import finding
from phm_utils.topics.published.prevalence_page import shares


@if_present
def funnel(registers: pd.DataFrame, register_code: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Practices of the whole ICB against limits of chance and of usual variation.

    Returns the practices with `value`; `outside_chance` (99.8% limits of chance alone); `outside` (differs
    from what the other practices predict, at 5% false discoveries among all practices), `lower` and
    `upper` of that prediction; limits of usual variation over list sizes; and `target`,
    `phi` as published, `corrected` for what winsorising takes away, `tau` (the usual standard deviation between
    practices), and how many are `known`. A practice whose count is not shown is neither within nor outside.
    """
    frame = shares(registers[registers["register_code"] == register_code])
    register, size = frame["register"].astype(float), frame["list_size"].astype(float)
    known = register.notna() & (size > 0)
    target = register[known].sum() / size[known].sum()
    # Fewer practices say too little about how much practices usually vary: limits of chance alone are drawn.
    few = Overdispersion(np.nan, np.nan, 0.0)
    spread = between_units(register, size, kind="proportion") if known.sum() >= MIN_UNITS else few
    chance = funnels.limits(size, target, kind="proportion")
    value = frame["value"].astype(float)
    found = outliers(register, size, kind="proportion")
    frame = frame.assign(
        outside_chance=(value < chance["lower_998"]) | (value > chance["upper_998"]),
        outside=found["named"],
        lower=found["lower"],
        upper=found["upper"],
    )
    sizes = pd.Series(np.linspace(size.min() * 0.8, size.max() * 1.05, 100))
    lines = funnels.limits(sizes, target, kind="proportion", tau=spread.tau)
    shown = {"target": target, "phi": spread.phi, "corrected": spread.corrected, "tau": spread.tau}
    return frame, lines, shown | {"known": int(known.sum())}


@if_present
def draw_funnel(frame: pd.DataFrame, limits: pd.DataFrame, target: float) -> Figure:
    """Practices against limits of usual variation; those where `in_area` is true in colour."""
    return charts.funnel(
        frame,
        "list_size",
        "value",
        limits,
        target=target,
        highlight="in_area",
        labels="practice_name",
        size_unit="Patients on the list",
        unit=f"On the {frame['register_name'].iloc[0].lower()} register",
        percent=True,
    )


MOST_NAMED = 5  # practices in one sentence


@finding
def variation(frame: pd.DataFrame, spread: dict[str, float], here: pd.Series, is_ics: bool) -> str:
    """How many practices differ by chance alone, and which differ from what the others predict for them."""
    known, beyond = int(spread["known"]), int(frame["outside_chance"].sum())
    lead = (
        f"{frame['register_name'].iloc[0]}: {beyond} of {known} practices of the ICB ({beyond / max(known, 1):.0%}) "
        "are outside the 99.8% limits of chance"
    )
    if known <= MIN_UNITS:
        return f"{lead}. How much practices usually vary cannot be told from {known}, so none is named."
    out = frame[frame["outside"]]
    own = out if is_ics else out[here.loc[out.index]]
    lead += f"; the variance between practices is {spread['phi']:.1f} times that of chance."
    allowed = f"Allowing for usual variation and for {known} comparisons"
    if out.empty:
        return f"{lead} {allowed}, none stands out."
    whose = "" if is_ics else f" in the ICB, {len(own) or 'none'} of them here"
    verb = "differs" if len(out) == 1 else "differ"
    return f"{lead} {allowed}, {len(out)} {verb} from what the others predict{whose}{_named(own)}."


def _named(practices: pd.DataFrame) -> str:
    """Practices with their share and what the others predict, the furthest first."""
    apart = (practices["value"] - (practices["lower"] + practices["upper"]) / 2).abs()
    chosen = practices.loc[apart.astype(float).sort_values(ascending=False, kind="stable").index[:MOST_NAMED]]
    names = [
        f"{p.practice_name} ({p.value:.1%}; predicted {p.lower:.1%} to {p.upper:.1%})" for p in chosen.itertuples()
    ]
    more = len(practices) - len(names)
    return (": " + ", ".join(names) + (f" and {more} more" if more else "")) if names else ""
