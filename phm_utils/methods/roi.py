"""Return on investment: five common ratios, each with its definition.

A saving counts events avoided at their average cost. Most of it is capacity
released (a quieter department), not money that leaves a budget; ratios of the
whole saving and of its cashable part answer different questions.
"""

from statistics import NormalDist

import numpy as np
import pandas as pd

from phm_utils.errors import InputError

DRAWS = 10_000


def return_ratios(saving_gbp: float, saving_months: float, cost_gbp_per_year: float) -> pd.DataFrame:
    """Every common ratio of saving to cost, each with its definition.

    saving_gbp: saved in `saving_months` months; may be negative.
    cost_gbp_per_year: > 0.

    Returns one row per ratio: `measure`, `definition`, `ratio` (GBP saved per
    GBP spent; net ones subtract the cost first).
    `As often reported` sets a saving of some months against a year's cost: it
    misleads unless the saving took the year.

    >>> return_ratios(60_000, saving_months=6, cost_gbp_per_year=100_000)[["measure", "ratio"]]
                      measure  ratio
    0       As often reported    0.6
    1             Same period    1.2
    2              Annualised    1.2
    3  Net, as often reported   -0.4
    4        Net, same period    0.2
    """
    if cost_gbp_per_year <= 0 or saving_months <= 0:
        raise InputError("A return needs a cost above 0 GBP per year and a saving over more than 0 months.")
    period_cost = cost_gbp_per_year * saving_months / 12
    yearly = saving_gbp * 12 / saving_months
    months = f"{saving_months:g} months"
    reported = saving_gbp / cost_gbp_per_year
    rows = [
        ("As often reported", f"saving of {months} / cost of 12 months", reported),
        ("Same period", f"saving of {months} / cost of {months}", saving_gbp / period_cost),
        ("Annualised", f"saving of {months} scaled to 12 / cost of 12 months", yearly / cost_gbp_per_year),
        ("Net, as often reported", "(saving - cost of 12 months) / cost of 12 months", reported - 1),
        ("Net, same period", f"(saving - cost of {months}) / cost of {months}", saving_gbp / period_cost - 1),
    ]
    return pd.DataFrame(rows, columns=["measure", "definition", "ratio"])


def break_even_share(saving_gbp: float, cost_gbp: float) -> float:
    """Share of the saving that must be cash for the programme to pay for itself; NaN without a saving.

    Above 1 the programme costs more than everything it frees.

    >>> break_even_share(saving_gbp=200_000, cost_gbp=50_000)
    0.25
    """
    return float(cost_gbp / saving_gbp) if saving_gbp > 0 else float("nan")


def split_saving(saving_gbp: float, *, cashable: float, cost_shifted: float) -> pd.DataFrame:
    """The saving by use: `part`, `meaning`, `gbp`. Shares are assumptions, 0-1, together at most 1.

    >>> split_saving(1_000, cashable=0.2, cost_shifted=0.1)[["part", "gbp"]]
                    part    gbp
    0           Cashable  200.0
    1       Cost shifted  100.0
    2  Capacity released  700.0
    """
    if min(cashable, cost_shifted) < 0 or cashable + cost_shifted > 1:
        raise InputError("Shares of a saving lie between 0 and 1 and together make at most 1.")
    parts = [
        ("Cashable", "leaves a budget", cashable),
        ("Cost shifted", "paid by another service instead", cost_shifted),
        ("Capacity released", "time and space for other patients", 1 - cashable - cost_shifted),
    ]
    return pd.DataFrame([(part, meaning, saving_gbp * share) for part, meaning, share in parts],
                        columns=["part", "meaning", "gbp"])  # fmt: skip


def return_uncertainty(
    *,
    rate_ratio: float,
    log_se: float,
    events: float,
    unit_cost_gbp: float,
    cost_gbp: float,
    seed: int,
    cost_variation: float = 0.2,
    draws: int = DRAWS,
) -> dict[str, float]:
    """Probabilistic sensitivity: the saving and its ratio to cost when effect and costs vary together.

    rate_ratio, log_se: the effect, drawn lognormal. events: observed among the treated.
    unit_cost_gbp, cost_gbp: gamma with this coefficient of variation, over the same period.

    Returns `saving_gbp`, `saving_lower`, `saving_upper`, `ratio`, `ratio_lower`, `ratio_upper`
    (medians and 2.5th and 97.5th percentiles) and `pays_back`: the share of draws in which
    the whole saving exceeds the cost. Same seed, same figures.
    Source: Briggs 2000, doi:10.2165/00019053-200017050-00006.

    >>> money = {"unit_cost_gbp": 3_000, "cost_gbp": 50_000}
    >>> found = return_uncertainty(rate_ratio=0.8, log_se=0.05, events=100, seed=1, **money)
    >>> round(found["ratio"], 1), round(found["pays_back"], 2)
    (1.5, 0.84)
    """
    random = np.random.default_rng(seed)
    # Quantiles of stratified uniforms: an even spread, so that few draws settle the percentiles.
    strata = (random.permutation(draws) + random.random(draws)) / draws
    normal = NormalDist()
    ratio = rate_ratio * np.exp(log_se * np.array([normal.inv_cdf(u) for u in strata]))
    shape = 1 / cost_variation**2
    unit_cost = random.gamma(shape, unit_cost_gbp / shape, draws)
    cost = random.gamma(shape, cost_gbp / shape, draws)
    saving = events * (1 / ratio - 1) * unit_cost
    result = {"pays_back": float((saving > cost).mean())}
    for name, values in (("saving", saving), ("ratio", saving / cost)):
        low, middle, high = np.percentile(values, [2.5, 50, 97.5])
        result |= {f"{name}_gbp" if name == "saving" else name: middle, f"{name}_lower": low, f"{name}_upper": high}
    return {name: float(value) for name, value in result.items()}
