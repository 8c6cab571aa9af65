"""Practices against limits of chance and of usual variation."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.figures import charts
from phm_utils.methods import funnels
from phm_utils.methods.comparisons import ABOVE, BELOW
from phm_utils.methods.overdispersion import MIN_UNITS, Overdispersion, between_units
from phm_utils.reports.comparisons import number
from phm_utils.reports.findings import finding
from phm_utils.topics.published.comparisons import among_others, standing_out
from phm_utils.wording import in_sentence


@if_present
def funnel(
    registers: pd.DataFrame, register_code: str, confidence: float = 0.95
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """All practices in the files against limits of chance and of usual variation.

    Returns the practices as `among_others` judges them, with `outside_chance` (99.8% limits of chance alone) and
    `outside` (its verdict is above or below); limits of usual variation over list sizes; and
    `target`, `phi` as published, `corrected` for what winsorising takes away, `tau` (the usual standard
    deviation between practices), and how many are `known`. A practice whose count is suppressed, or that is marked,
    counts in none of these, is neither within nor outside, and stays in the table.
    """
    rows = registers[registers["register_code"] == register_code].reset_index(drop=True)
    frame = among_others(rows, "practice_name", confidence)
    register, size = frame["register"].astype("Float64").astype(float), frame["list_size"].astype(float)
    known = register.notna() & (size > 0) & frame["mark"].eq("")
    register = register.where(known)
    target = register.sum() / size[known].sum()
    # Fewer practices say too little about how much practices usually vary: limits of chance alone are drawn.
    few = Overdispersion(np.nan, np.nan, 0.0)
    spread = between_units(register, size, kind="proportion") if known.sum() >= MIN_UNITS else few
    chance = funnels.classify(register, size, kind="proportion", target=target)
    outside_chance = chance.isin(["low 99.8", "high 99.8"]).to_numpy()
    frame = frame.assign(outside_chance=outside_chance, outside=frame["verdict"].isin([ABOVE, BELOW]))
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
        unit=f"On the {in_sentence(frame['register_name'].iloc[0])} register",
        percent=True,
    )


@finding
def variation(frame: pd.DataFrame, spread: dict[str, float], here: pd.Series, is_ics: bool) -> str:
    """How many practices differ by chance alone, and which differ from what the others predict for them.

    here: which practices the report is about: only they are named, though all are compared.
    """
    known, beyond = int(spread["known"]), int(frame["outside_chance"].sum())
    title = frame["register_name"].iloc[0]
    if not known:
        return f"{title}: no practice in the files has a count that can be compared."
    lead = f"{title}: {beyond} of {known} practices in the files lie outside the 99.8% limits of chance."
    if known > MIN_UNITS:
        lead += (
            f" Their variance is {number(spread['phi'])} times that of chance (phi as published; "
            f"{number(spread['corrected'])} corrected for winsorising, which decides)."
        )
    own = frame if is_ics else frame[here.to_numpy()]
    if own.empty:
        return f"{lead} None of them is here."
    caution = "" if is_ics else f"Each is compared with all {known} in the files."
    return f"{lead} {standing_out(own, 'practice', known, caution)}"
