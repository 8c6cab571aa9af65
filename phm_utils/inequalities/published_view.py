"""What the published report computes from its released tables: frames in, frames out."""

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods import funnels, gradients, rates

FIFTHS = ("1 least deprived", "2", "3", "4", "5 most deprived")


def shares(rows: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """The rows with `value`, `lower`, `upper`: the share of `list_size` on the register, Wilson limits."""
    return pd.concat([rows.reset_index(drop=True), _wilson(rows, confidence)], axis=1)


def members(
    registers: pd.DataFrame,
    prevalence: pd.DataFrame,
    register_code: str,
    ics: str,
    *,
    whole_ics: bool,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The practices of a PCN, or the PCNs of the ICB, with their share on one register, highest first.

    Adds `unit`, the name of the practice or PCN. InputError for an unknown register.
    """
    if register_code not in set(prevalence["register_code"]):
        known = ", ".join(sorted(prevalence["register_code"].unique()))
        raise InputError(f"No register is called {register_code}. Set register_code to one of: {known}.")
    rows = prevalence[prevalence["unit_code"] != ics] if whole_ics else registers
    rows = rows[rows["register_code"] == register_code]
    rows = rows.assign(unit=rows["unit_name" if whole_ics else "practice_name"])
    return shares(rows, confidence).sort_values("value", ascending=False).reset_index(drop=True)


def references(prevalence: pd.DataFrame, register_code: str, ics: str) -> dict[str, float]:
    """The share of the PCN (in its own report) and of the ICB, to draw as lines."""
    rows = prevalence[prevalence["register_code"] == register_code].set_index("unit_code")
    share = rows["register"] / rows["list_size"]
    own = {"PCN": float(share.drop(ics).iloc[0])} if len(share) == 2 else {}
    return own | {"ICB": float(share[ics])}


def against_ics(prevalence: pd.DataFrame, unit: str, ics: str, confidence: float = 0.95) -> pd.DataFrame:
    """One row per register of one PCN, beside the whole ICB (which contains it).

    Returns `register_code`, `register_name`, `list_age`, `register`,
    `list_size`, `value`, `lower`, `upper`, `ics_value`, the ratio of the two
    with limits (`ratio`, `ratio_lower`, `ratio_upper`: of the PCN's share,
    taking the ICB's as fixed) and `gap`: people on the register beyond the
    ICB's share (negative: fewer). Largest gap above the average first.
    """
    own = shares(prevalence[prevalence["unit_code"] == unit], confidence)
    whole = prevalence[prevalence["unit_code"] == ics].set_index("register_code")
    ics_value = own["register_code"].map(whole["register"] / whole["list_size"])
    ratio = (
        own[["value", "lower", "upper"]]
        .div(ics_value, axis=0)
        .set_axis(["ratio", "ratio_lower", "ratio_upper"], axis=1)
    )
    gap = (own["register"] - own["list_size"] * ics_value).round().astype("Int64").rename("gap")
    frame = pd.concat([own, ics_value.rename("ics_value"), ratio, gap], axis=1)
    return frame.sort_values(["ratio", "register_code"], ascending=[False, True]).reset_index(drop=True)


def between_pcns(prevalence: pd.DataFrame, ics: str) -> pd.DataFrame:
    """One row per register: the PCNs with the lowest and the highest share, and people above the ICB's share.

    Returns `register_name`, `list_age`, `value` (ICB), `lowest`, `lowest_pcn`,
    `highest`, `highest_pcn`, `people_above`: summed over PCNs above the ICB.
    """
    pcns = shares(prevalence[~prevalence["unit_code"].isin([ics, "No PCN"])])
    rows = []
    for code, whole in prevalence[prevalence["unit_code"] == ics].groupby("register_code"):
        value = float(whole["register"].iloc[0] / whole["list_size"].iloc[0])
        part = pcns[pcns["register_code"] == code].sort_values(["value", "unit_code"])
        low, high = part.iloc[0], part.iloc[-1]
        above = (part["register"] - part["list_size"] * value).clip(lower=0).sum()
        rows.append(
            (code, low["register_name"], low["list_age"], value, low["value"], low["unit_name"], high["value"],
             high["unit_name"], round(above))
        )  # fmt: skip
    columns = ["register_code", "register_name", "list_age", "value", "lowest", "lowest_pcn", "highest", "highest_pcn"]
    frame = pd.DataFrame(rows, columns=[*columns, "people_above"])
    return frame.sort_values("people_above", ascending=False).reset_index(drop=True)


def units(practices: pd.DataFrame, whole_ics: bool) -> pd.DataFrame:
    """Deprivation of registered patients by practice, or by PCN for the whole ICB, largest Core20 share first.

    Returns `unit`, `patients`, `with_imd`, `core20`, `core20_share`, `imd_score`.
    """
    keyed = practices.assign(
        unit=practices["pcn_name" if whole_ics else "practice_name"],
        weighed=practices["imd_score"] * practices["with_imd"].astype(float),
    )
    sums = keyed.groupby("unit", as_index=False)[["patients", "with_imd", "core20", "weighed"]].sum()
    known = sums["with_imd"].astype(float).where(sums["with_imd"] > 0)
    sums = sums.assign(core20_share=sums["core20"] / known, imd_score=sums["weighed"] / known)
    return (
        sums.drop(columns="weighed")
        .sort_values(["core20_share", "unit"], ascending=[False, True])
        .reset_index(drop=True)
    )


def by_deprivation(
    registers: pd.DataFrame, practices: pd.DataFrame, register_code: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Practices of the whole ICB from the least to the most deprived, with their share on one register.

    Returns one row per practice in both tables: `practice_code`,
    `practice_name`, `pcn_code`, `register`, `list_size`, `value`, `lower`,
    `upper`, `next_year_share`, `imd_score`, `rank` (0 to 1: middle of its
    stretch of registered people) and `fifth` (of practices).
    """
    own = registers[registers["register_code"] == register_code]
    scores = practices[["practice_code", "imd_score"]].dropna()
    frame = own.merge(scores, on="practice_code").sort_values(["imd_score", "practice_code"])
    frame = shares(frame, confidence)
    _, rank = gradients.midranks(frame["list_size"].astype(float))
    place = np.minimum(np.arange(len(frame)) * len(FIFTHS) // max(len(frame), 1), len(FIFTHS) - 1)
    return frame.assign(rank=rank, fifth=[FIFTHS[i] for i in place])


def slope(ranked: pd.DataFrame, confidence: float = 0.95, value: str = "value") -> dict[str, float]:
    """The gap from the least to the most deprived practice of a line through all of them.

    Returns `sii` (as a share), `lower`, `upper`: limits from the scatter of
    practices about the line; `rii`: most over least deprived end; `intercept`.
    """
    known = ranked.dropna(subset=value)
    fit = gradients.line_limits(
        pd.DataFrame({"population": known["list_size"].astype(float), "value": known[value]}), confidence
    )
    return fit | {"rii": (fit["intercept"] + fit["sii"]) / fit["intercept"]}


def line(fit: dict[str, float]) -> pd.DataFrame:
    """The two ends of a fitted slope, to draw."""
    return pd.DataFrame({"x": [0.0, 1.0], "y": [fit["intercept"], fit["intercept"] + fit["sii"]]})


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


def by_fifth(ranked: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Fifths of practices by deprivation: `fifth`, `practices`, `register`, `list_size` and the share."""
    totals = {"practices": ("register", "size"), "register": ("register", "sum"), "list_size": ("list_size", "sum")}
    return shares(ranked.groupby("fifth", sort=False).agg(**totals).reset_index(), confidence)


def funnel(registers: pd.DataFrame, register_code: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Practices of the whole ICB against limits of chance and of usual variation.

    Returns the practices with `value`, `outside_chance` and `outside`
    (99.8%), the overdispersed limits over list sizes, and `target`, `phi`,
    `tau` (the usual standard deviation between practices).
    """
    frame = shares(registers[registers["register_code"] == register_code])
    register, size = frame["register"].astype(float), frame["list_size"].astype(float)
    target = register.sum() / size.sum()
    phi, tau = funnels.proportion_overdispersion(register, size, target)
    for name, spread in (("outside_chance", 0.0), ("outside", tau)):
        limits = funnels.overdispersed_limits(target, size, spread)
        value = frame["value"].astype(float).to_numpy()
        frame[name] = (value < limits["lower_998"]) | (value > limits["upper_998"])
    sizes = pd.Series(np.linspace(size.min() * 0.8, size.max() * 1.05, 100))
    return frame, funnels.overdispersed_limits(target, sizes, tau), {"target": target, "phi": phi, "tau": tau}


def _wilson(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    return rates.wilson(rows["register"], rows["list_size"], confidence).astype(float).reset_index(drop=True)
