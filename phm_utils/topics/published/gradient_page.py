"""A register by deprivation of the practice: the slope and its sentence."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import special

from phm_utils.absent import if_present
from phm_utils.figures import charts
from phm_utils.methods import area_gradients, gradients
from phm_utils.reports.findings import finding
from phm_utils.reports.headings import Headings
from phm_utils.rules.groups import FIFTHS
from phm_utils.topics.published.prevalence_page import shares

SLOPES = Headings(
    {
        "register_name": "Register",
        "sii": "Slope index (percentage points)",
        "lower": "Lower limit",
        "upper": "Upper limit",
        "rii": "RII, most over least deprived",
        "later": "Slope index a year later (percentage points)",
    },
    decimals=dict.fromkeys(("sii", "lower", "upper", "rii", "later"), 2),
)


@if_present
def by_deprivation(
    registers: pd.DataFrame, practices: pd.DataFrame, register_code: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Practices of the whole ICB from the least to the most deprived, with their share on one register.

    Returns one row per practice in both tables: `practice_code`,
    `practice_name`, `pcn_code`, `register`, `list_size`, `value`, `lower`,
    `upper`, `next_year_share`, `imd_score`, `rank` (0 to 1: middle of its
    stretch of registered people) and `fifth` (of practices, numbered from the most deprived).
    """
    own = registers[registers["register_code"] == register_code]
    scores = practices[["practice_code", "imd_score"]].dropna()
    frame = own.merge(scores, on="practice_code").sort_values(["imd_score", "practice_code"])
    frame = shares(frame, confidence)
    _, rank = gradients.midranks(frame["list_size"].astype(float))
    place = np.minimum(np.arange(len(frame)) * len(FIFTHS) // max(len(frame), 1), len(FIFTHS) - 1)
    return frame.assign(rank=rank, fifth=[FIFTHS[len(FIFTHS) - 1 - i] for i in place])


@if_present
def slope(ranked: pd.DataFrame, confidence: float = 0.95, value: str = "value") -> dict[str, float]:
    """The gap from the least to the most deprived practice of a line through all of them, on the logit scale.

    Returns `sii` (as a share), `lower`, `upper`: limits from the scatter of
    practices about the line; `rii`: most over least deprived end, with its limits; `intercept`.
    """
    known = ranked.dropna(subset=value)
    practices = pd.DataFrame({"population": known["list_size"].astype(float), "value": known[value]})
    return area_gradients.line_limits(practices, confidence, scale="logit")


@if_present
def line(fit: dict[str, float]) -> pd.DataFrame:
    """A fitted slope to draw: straight on the logit scale, so slightly bent here."""
    rank = np.linspace(0, 1, 21)
    ends = special.logit([fit["intercept"], fit["intercept"] + fit["sii"]])
    return pd.DataFrame({"x": rank, "y": special.expit(ends[0] + (ends[1] - ends[0]) * rank)})


@if_present
def slopes(registers: pd.DataFrame, practices: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """One row per register: the slope in percentage points, and a year later where that is published."""
    rows = []
    for code, part in registers.groupby("register_code"):
        ranked = by_deprivation(part, practices, code, confidence)
        if len(ranked) < gradients.FEWEST:
            continue
        fit, later = slope(ranked, confidence), np.nan
        if ranked["next_year_share"].notna().sum() >= gradients.FEWEST:
            later = 100 * slope(ranked, confidence, "next_year_share")["sii"]
        points = [100 * fit[name] for name in ("sii", "lower", "upper")]
        rows.append((part["register_name"].iloc[0], *points, fit["rii"], later))
    columns = ["register_name", "sii", "lower", "upper", "rii", "later"]
    return pd.DataFrame(rows, columns=columns).sort_values("rii", ascending=False).reset_index(drop=True)


@if_present
def by_fifth(ranked: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Fifths of practices, the most deprived first: `fifth`, `practices`, `register`, `list_size` and the share."""
    totals = {"practices": ("register", "size"), "register": ("register", "sum"), "list_size": ("list_size", "sum")}
    return shares(ranked.groupby("fifth").agg(**totals).reset_index(), confidence)


@if_present
def slopes_table(slopes: pd.DataFrame) -> pd.DataFrame:
    """`slopes` with readable headings, in percentage points."""
    return SLOPES.table(slopes, *slopes.columns)


@if_present
def draw_gradient(ranked: pd.DataFrame, fit: dict[str, float]) -> Figure:
    """Practices by rank of deprivation with the fitted line; those where `in_area` is true in colour."""
    return charts.scatter(
        ranked,
        "rank",
        "value",
        lower="lower",
        upper="upper",
        highlight="in_area",
        trend=line(fit),
        x_unit="Registered people, least deprived practice to most deprived",
        y_unit=f"On the {ranked['register_name'].iloc[0].lower()} register",
        percent_x=True,
        percent=True,
    )


@finding
def gradient(fit: dict[str, float], ranked: pd.DataFrame) -> str:
    """The slope over all practices of the ICB, and its limits."""
    points, low, high = (100 * fit[name] for name in ("sii", "lower", "upper"))
    name = ranked["register_name"].iloc[0].lower()
    if low <= 0 <= high:
        trend = f"shows no clear gradient: {points:+.1f} percentage points ({low:+.1f} to {high:+.1f})"
    else:
        word = "higher" if points > 0 else "lower"
        limits = sorted([abs(low), abs(high)])
        trend = f"is {abs(points):.1f} percentage points ({limits[0]:.1f} to {limits[1]:.1f}) {word}"
    return (
        f"Across the ICB's {len(ranked)} practices, recorded {name} {trend} at the most deprived end than at the least "
        f"({fit['rii']:.2f} times). This compares practices, not people (ecological), and is not age-standardised."
    )
