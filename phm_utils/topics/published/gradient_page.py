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
from phm_utils.topics.published.deprivation_page import MIN_KNOWN
from phm_utils.topics.published.prevalence_page import shares
from phm_utils.wording import in_sentence

SLOPES = Headings(
    {
        "register_name": "Register",
        "sii": "Slope index (percentage points)",
        "lower": "Lower limit",
        "upper": "Upper limit",
        "rii": "RII, most over least deprived",
        "marked": "Practices not of the usual kind",
        "alone": "Slope index without them (percentage points)",
        "alone_lower": "Lower limit without them",
        "alone_upper": "Upper limit without them",
        "later": "Slope index a year later (percentage points)",
    },
    decimals=dict.fromkeys(("sii", "lower", "upper", "rii", "alone", "alone_lower", "alone_upper", "later"), 2),
)


@if_present
def by_deprivation(
    registers: pd.DataFrame, practices: pd.DataFrame, register_code: str, confidence: float = 0.95
) -> pd.DataFrame:
    """All practices in the files from the least to the most deprived, with their share on one register.

    Practices whose count is suppressed, or of whose patients fewer than MIN_KNOWN could be placed, are left out.
    Returns one row per practice in both tables: `practice_code`,
    `practice_name`, `pcn_code`, `mark`, `register`, `list_size`, `value`, `lower`,
    `upper`, `next_year_share`, `known_share`, `imd_score`, `rank` (0 to 1: middle of its
    stretch of registered people) and `fifth` (of practices, numbered from the most deprived).
    """
    own = registers[registers["register_code"] == register_code].dropna(subset="register")
    placed = practices["with_imd"].astype(float) / practices["patients"].astype(float)
    scores = practices.assign(known_share=placed)[["practice_code", "imd_score", "known_share"]].dropna()
    scores = scores[scores["known_share"] >= MIN_KNOWN]
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
def usual(ranked: pd.DataFrame) -> pd.DataFrame:
    """The practices that are not marked: of the usual kind, and unchanged between the files."""
    return ranked[ranked["mark"] == ""]


@if_present
def line(fit: dict[str, float]) -> pd.DataFrame:
    """A fitted slope to draw: straight on the logit scale, so slightly bent here."""
    rank = np.linspace(0, 1, 21)
    ends = special.logit([fit["intercept"], fit["intercept"] + fit["sii"]])
    return pd.DataFrame({"x": rank, "y": special.expit(ends[0] + (ends[1] - ends[0]) * rank)})


@if_present
def slopes(registers: pd.DataFrame, practices: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """One row per register, by name: the slope in percentage points, without marked practices, and a year later."""
    rows = []
    for code, part in registers.groupby("register_code"):
        ranked = by_deprivation(part, practices, code, confidence)
        alone = usual(ranked)
        if len(alone) < gradients.FEWEST:
            continue
        fit, later = slope(ranked, confidence), np.nan
        if alone["next_year_share"].notna().sum() >= gradients.FEWEST:
            later = 100 * slope(alone, confidence, "next_year_share")["sii"]
        both = [100 * of[name] for of in (fit, slope(alone, confidence)) for name in ("sii", "lower", "upper")]
        rows.append((part["register_name"].iloc[0], *both[:3], fit["rii"], len(ranked) - len(alone), *both[3:], later))
    return pd.DataFrame(rows, columns=list(SLOPES.own)).sort_values("register_name", ignore_index=True)


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
def draw_gradient(ranked: pd.DataFrame, confidence: float = 0.95) -> Figure:
    """Practices by rank of deprivation, those where `in_area` is true in colour, with the line of the usual kind."""
    alone = usual(ranked)
    fitted = line(slope(alone, confidence)) if len(alone) >= gradients.FEWEST else None
    return charts.scatter(
        ranked,
        "rank",
        "value",
        lower="lower",
        upper="upper",
        highlight="in_area",
        trend=fitted,
        x_unit="Registered people, least deprived practice to most deprived",
        y_unit=f"On the {in_sentence(ranked['register_name'].iloc[0])} register",
        percent_x=True,
        percent=True,
    )


@finding
def gradient(ranked: pd.DataFrame, confidence: float = 0.95) -> str:
    """The slope over practices of the usual kind, with its limits, and what marked practices make of it."""
    alone = usual(ranked)
    name = in_sentence(ranked["register_name"].iloc[0]) if len(ranked) else "this register"
    if len(alone) < gradients.FEWEST:
        return f"A gradient of {name} is not shown: {len(alone)} practices of the usual kind are too few for a line."
    fit = slope(alone, confidence)
    text = f"Across {len(alone)} practices in the files, recorded {name} {_trend(fit)}."
    if len(alone) < len(ranked):
        text += f" {_with_marked(fit, slope(ranked, confidence), len(ranked) - len(alone))}"
    return f"{text} This compares practices, not people (ecological), and is not age-standardised."


def _trend(fit: dict[str, float]) -> str:
    points, ends = _gap(fit)
    if not _sign(fit):
        return f"shows no clear gradient by deprivation: {points} percentage points ({ends})"
    limits = f"{fit['rii_lower']:.2f} to {fit['rii_upper']:.2f}"
    ratio = "" if np.isnan(fit["rii"]) else f"; {fit['rii']:.2f} times, {limits}"
    word = "higher" if fit["sii"] > 0 else "lower"
    return f"is {word} at the most deprived end than at the least: {points} percentage points ({ends}{ratio})"


def _with_marked(alone: dict[str, float], whole: dict[str, float], marked: int) -> str:
    """The slope with the practices that are not of the usual kind, and whether they change what is said."""
    who = "the 1 practice" if marked == 1 else f"the {marked} practices"
    points, ends = _gap(whole)
    text = f"With {who} marked † it is {points} ({ends})"
    before, after = _sign(alone), _sign(whole)
    if before == after:
        return f"{text}."
    change = "hide the gradient" if not after else "alone make a gradient" if not before else "turn the gradient round"
    return f"{text}: marked practices {change}."


def _gap(fit: dict[str, float]) -> tuple[str, str]:
    """Percentage points with their sign, and their limits; two decimals below one."""
    digits = 2 if abs(fit["sii"]) < 0.01 else 1
    points, low, high = (f"{100 * fit[name]:+.{digits}f}" for name in ("sii", "lower", "upper"))
    return points, f"{low} to {high}"


def _sign(fit: dict[str, float]) -> int:
    """1 or -1 where the gradient is clear, else 0."""
    return int(fit["lower"] > 0) - int(fit["upper"] < 0)
