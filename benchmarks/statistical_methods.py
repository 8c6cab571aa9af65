"""Error rates of the statistical methods, by simulation.

python benchmarks/statistical_methods.py [--runs 2000] [PART ...]

Prints a table for each part, by default all. A share of .95, or of .05, of 2,000 runs has a standard error of .005.
"""

import argparse
import time

import numpy as np
import pandas as pd
from scipy import special

from phm_utils.methods import rates
from phm_utils.methods.area_gradients import line_limits
from phm_utils.methods.gradients import midranks, slope_index
from phm_utils.methods.network_variance import between_networks, network_ratio
from phm_utils.methods.overdispersion import outliers
from phm_utils.methods.pooling import pool_rates

Row = dict[str, object]
GRADIENTS = {"none": 1.0, "mild": 1.4, "eightfold": 8.0}
BANDS = 19


def fifths(values: np.ndarray, errors: np.ndarray, people: float) -> pd.DataFrame:
    """Runs x fifths of values as the groups of `slope_index`, a run an area."""
    runs = len(values)
    return pd.DataFrame(
        {
            "area_code": np.repeat(np.arange(runs), 5), "quantile": np.tile(np.arange(1, 6), runs),
            "population": people, "value": values.ravel(), "se": errors.ravel(),
        }
    )  # fmt: skip


def gradients(runs: int, rng: np.random.Generator) -> list[Row]:
    """Coverage of SII and RII where the gradient is straight on the log or logit scale; fifths of equal size."""
    rows, rank, people = [], np.arange(0.1, 1, 0.2), 20_000
    for kind in ("rate", "proportion"):
        for name, ratio in GRADIENTS.items():
            for fewest in (15, 60):
                low = fewest / people
                scale, forward, back = (
                    ("log", np.log, np.exp) if kind == "rate" else ("logit", special.logit, special.expit)
                )
                ends = forward(low * ratio), forward(low)
                mean = back(ends[0] + (ends[1] - ends[0]) * rank)
                true = {"sii": low - low * ratio, "rii": 1 / ratio}
                size = (runs, 5)
                events = rng.poisson(people * mean, size) if kind == "rate" else rng.binomial(people, mean, size)
                events = events.clip(1)
                value = events / people
                limits = rates.crude_rate(pd.Series(events.ravel()), pd.Series(people, index=range(events.size)), per=1)
                error = np.log(limits["upper"] / limits["lower"]).to_numpy().reshape(runs, 5) / 3.919928
                for fit in ("straight line", "own scale"):
                    own = fit == "own scale"
                    groups = fifths(value, error if kind == "rate" else error / np.sqrt(1 - value), people)
                    found = slope_index(groups, scale=scale, transform=own, repetitions=2_000)  # type: ignore[arg-type] # a literal
                    inside = {
                        k: ((found[f"{k}_lower"] <= v) & (found[f"{k}_upper"] >= v)).mean() for k, v in true.items()
                    }
                    rows.append({"kind": kind, "gradient": name, "events, least": fewest, "line": fit, **inside})
    return rows


def area_lines(runs: int, rng: np.random.Generator) -> list[Row]:
    """Coverage of the SII of 80 practices that vary by more than chance (.3 on the logit scale)."""
    rows, usual = [], np.linspace(-4, 4, 401)
    for name, ratio in GRADIENTS.items():
        slope, hits = np.log(ratio), []
        ends = [
            np.average(special.expit(-3 + slope * e + 0.3 * usual), weights=np.exp(-(usual**2) / 2)) for e in (0, 1)
        ]
        for _ in range(runs):
            people = pd.Series(rng.integers(3_000, 15_000, 80))
            share = special.expit(-3 + slope * midranks(people)[1] + rng.normal(0, 0.3, 80))
            practices = pd.DataFrame({"population": people, "value": rng.binomial(people, share) / people})
            fits = [line_limits(practices, scale=scale) for scale in ("linear", "logit")]
            hits.append([fit["lower"] <= ends[1] - ends[0] <= fit["upper"] for fit in fits])
        straight, own = np.mean(hits, axis=0)
        rows.append({"gradient": name, "straight line": straight, "logit scale": own})
    return rows


def standardised(runs: int, rng: np.random.Generator) -> list[Row]:
    """Coverage of directly standardised rates in 19 bands, among runs that are not withheld."""
    rows, band = [], np.arange(BANDS)
    standard = pd.Series(rng.uniform(2, 7, BANDS), index=band)
    for expected in (10, 20, 30, 60, 200):
        years = rng.uniform(100, 900, BANDS)
        rate = np.exp(0.2 * band)
        rate *= expected / (rate @ years)
        true = (standard.to_numpy() @ rate) / standard.sum()
        events = rng.poisson(rate * years, (runs, BANDS))
        strata = pd.DataFrame({"area_code": np.repeat(np.arange(runs), BANDS), "age_band": np.tile(band, runs)})
        found = rates.direct_rate(
            strata.assign(events=events.ravel(), person_years=np.tile(years, runs)), standard, per=1
        )
        every = rates.crude_rate(pd.Series(events.sum(axis=1)), pd.Series([1.0] * runs), per=1)
        shown = found.dropna()
        rows.append(
            {
                "expected events": expected, "shown": len(shown) / runs,
                "cover": ((shown["lower"] <= true) & (true <= shown["upper"])).mean(),
                "crude cover": ((every["lower"] <= expected) & (expected <= every["upper"])).mean(),
            }
        )  # fmt: skip
    return rows


def funnel_pages(runs: int, rng: np.random.Generator) -> list[Row]:
    """Pages on which any unit is named, where nothing is planted; and the power to find one that is."""
    rows = []
    for kind in ("proportion", "ratio"):
        for units in (18, 80):
            for phi, planted in ((1, 1.0), (10, 1.0), (1, 1.3), (10, 2.0)):
                rows.append(_pages(kind, units, phi, planted, runs, rng))
    return rows


def _pages(kind: str, units: int, phi: float, planted: float, runs: int, rng: np.random.Generator) -> Row:
    any_named, hit, false = [], [], []
    for _ in range(runs):
        n = rng.integers(3_000, 15_000, units)
        usual = np.sqrt((phi - 1) / (9_000 * 0.07)) * rng.normal(size=units)
        level = np.concatenate([[planted], np.exp(usual[1:])]) if planted != 1 else np.exp(usual)
        x = rng.binomial(n, np.clip(0.07 * level, 0, 1)) if kind == "proportion" else rng.poisson(n * 0.07 * level)
        sizes = pd.Series(n if kind == "proportion" else n * 0.07).astype(float)
        named = outliers(pd.Series(x), sizes, kind=kind)["named"].to_numpy()  # type: ignore[arg-type]
        any_named.append(named.any())
        hit.append(named[0] and planted != 1)
        false.append(named[planted != 1 :].any())
    row: Row = {"kind": kind, "units": units, "phi": phi, "one planted at": planted if planted != 1 else "-"}
    return row | {"any named": np.mean(any_named), "any false": np.mean(false), "planted found": np.mean(hit)}


def pooled(runs: int, rng: np.random.Generator) -> list[Row]:
    """Error of pooled rates over that of the best possible shrinkage, which knows how units differ."""
    rows = []
    for units in (100, 500):
        for expected in (10, 30, 100):
            for tau in (0.1, 0.2, 0.3):
                rows.append(_pooled(units, expected, tau, max(runs * 20 // units // 10, 10), rng))
    return rows


def _pooled(units: int, expected: float, tau: float, sets: int, rng: np.random.Generator) -> Row:
    error, inside, sure = np.zeros(3), [], []
    for _ in range(sets):
        deprivation = rng.normal(size=units)
        prior = np.exp(0.15 * deprivation)
        true, size = prior * np.exp(tau * rng.normal(size=units)), expected * rng.uniform(0.5, 1.5, units)
        x = rng.poisson(size * true)
        found = pool_rates(pd.Series(x), pd.Series(size), pd.Series(deprivation))
        for i, value in enumerate((found["value"].to_numpy(), _best(x, size, prior, tau), x / size)):
            error[i] += ((value - true) ** 2).sum()
        inside.append(((found["lower"] <= true) & (true <= found["upper"])).mean())
        sure += list(true[found["exceedance"] >= 0.9] > 1)
    own, best, raw = np.sqrt(error)
    row: Row = {"units": units, "E": expected, "tau": tau, "best / raw": best / raw, "pooled / best": own / best}
    return row | {"cover": np.mean(inside), "exceedance >= .9 true": np.mean(sure)}


def _best(x: np.ndarray, size: np.ndarray, prior: np.ndarray, tau: float) -> np.ndarray:
    """Posterior means where the distribution between units is known."""
    z = np.linspace(-5, 5, 201)
    ratio = prior[:, None] * np.exp(tau * z)
    log_weight = x[:, None] * np.log(ratio) - size[:, None] * ratio - z**2 / 2
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return (weight * ratio).sum(axis=1) / weight.sum(axis=1)


def networks(runs: int, rng: np.random.Generator) -> list[Row]:
    """False positives and power with shocks of 10% between networks, and person-level noise of .08 on the log scale."""
    rows = []
    for treated, controls in ((1, 6), (3, 6), (1, 14), (3, 12)):
        for effect in (1.0, 0.75):
            people, noise, with_networks, by_person = pd.Series([500] * 20), 0.08, [], []
            for _ in range(runs):
                own, others = (rng.normal(0, np.hypot(0.1, noise), size) for size in (treated, controls))
                placebo = pd.Series((others - others.mean()) * controls / (controls - 1))
                variance = between_networks(placebo, pd.Series([noise * np.sqrt(1 + 1 / (controls - 1))] * controls))
                log_ratio, error = (
                    np.log(effect) + own.mean() - others.mean(),
                    noise * np.sqrt(1 / treated + 1 / controls),
                )
                found = network_ratio(
                    np.exp(log_ratio), error, treated=people[:treated], controls=people[:controls], variance=variance
                )
                with_networks.append(found.p < 0.05)
                by_person.append(abs(log_ratio) > 1.959964 * error)
            names: Row = {"treated": treated, "controls": controls, "ratio": effect}
            rows.append(names | {"person-clustered": np.mean(by_person), "with networks": np.mean(with_networks)})
    return rows


def speed(runs: int, rng: np.random.Generator) -> list[Row]:
    """CPU seconds, the least of five."""
    areas = 7_000
    strata = pd.DataFrame(
        {"area_code": np.repeat(np.arange(areas), BANDS), "age_band": np.tile(np.arange(BANDS), areas)}
    )
    strata = strata.assign(events=rng.poisson(3, len(strata)), person_years=rng.uniform(50, 500, len(strata)))
    size = pd.Series(rng.uniform(5, 50, areas))
    x, deprivation = pd.Series(rng.poisson(size)), pd.Series(rng.normal(size=areas))
    tasks = {
        "direct_rate, 7,000 areas x 19 bands": lambda: rates.direct_rate(strata, pd.Series(1.0, index=range(BANDS))),
        "pool_rates, 7,000 areas": lambda: pool_rates(x, size, deprivation),
        "outliers, 240 units": lambda: outliers(x[:240], size[:240], kind="ratio"),
    }
    return [{"what": name, "CPU s": min(_seconds(task) for _ in range(5))} for name, task in tasks.items()]


def _seconds(task) -> float:
    start = time.process_time()
    task()
    return time.process_time() - start


PARTS = {
    "gradients": gradients, "area_lines": area_lines, "standardised": standardised, "funnels": funnel_pages,
    "pooling": pooled, "networks": networks, "speed": speed,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=[], choices=[*PARTS, []], help="by default all")
    parser.add_argument("--runs", type=int, default=2_000)
    asked = parser.parse_args()
    for name in asked.parts or PARTS:
        rows = PARTS[name](asked.runs, np.random.default_rng(20_261_127))
        print(f"\n{name}: {PARTS[name].__doc__}\n{pd.DataFrame(rows).round(3).to_string(index=False)}", flush=True)


if __name__ == "__main__":
    main()
