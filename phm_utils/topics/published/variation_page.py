"""Practices against limits of chance and of usual variation."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.figures import charts
from phm_utils.methods import funnels
from phm_utils.methods.overdispersion import MIN_UNITS, Overdispersion, between_units
from phm_utils.reports.findings import finding
from phm_utils.topics.published.prevalence_page import shares


@if_present
def funnel(registers: pd.DataFrame, register_code: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Practices of the whole ICB against limits of chance and of usual variation.

    Returns the practices with `value`, `outside_chance` and `outside`
    (99.8%), the overdispersed limits over list sizes, and `target`, `phi` as
    published, `corrected` for what winsorising takes away, and `tau` (the usual standard deviation between practices).
    """
    frame = shares(registers[registers["register_code"] == register_code])
    register, size = frame["register"].astype(float), frame["list_size"].astype(float)
    known = register.notna() & (size > 0)
    target = register[known].sum() / size[known].sum()
    # Fewer practices say too little about how much practices usually vary: limits of chance alone are drawn.
    few = Overdispersion(np.nan, np.nan, 0.0)
    spread = between_units(register, size, kind="proportion") if known.sum() >= MIN_UNITS else few
    for name, tau in (("outside_chance", 0.0), ("outside", spread.tau)):
        limits = funnels.limits(size, target, kind="proportion", tau=tau)
        value = frame["value"].astype(float).to_numpy()
        frame[name] = (value < limits["lower_998"]) | (value > limits["upper_998"])
    sizes = pd.Series(np.linspace(size.min() * 0.8, size.max() * 1.05, 100))
    lines = funnels.limits(sizes, target, kind="proportion", tau=spread.tau)
    return frame, lines, {"target": target, "phi": spread.phi, "corrected": spread.corrected, "tau": spread.tau}


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


@finding
def variation(frame: pd.DataFrame, spread: dict[str, float], here: pd.Series, is_ics: bool) -> str:
    """How many practices stand out, before and after allowing for usual variation."""
    out = frame[frame["outside"]]
    own = out if is_ics else out[here.loc[out.index]]
    names = ", ".join(own.sort_values("value")["practice_name"])
    which = f": {names}" if names else ""
    whose = "" if is_ics else f" ({len(own) or 'none'} here)"
    chance = frame["outside_chance"]
    verb = "is" if len(out) == 1 else "are"
    count = "none is outside the limits" if out.empty else f"{len(out)} {verb} outside{whose}{which}"
    return (
        f"{frame['register_name'].iloc[0]}: {chance.sum()} of {len(frame)} practices of the ICB ({chance.mean():.0%}) "
        f"are outside the limits of chance; variation is {spread['phi']:.1f} times that expected by chance. "
        f"After allowing for this overdispersion, {count}."
    )
