"""Rising contacts: false discoveries, power against the best possible test, and how many are said to be rising.

    OPENBLAS_NUM_THREADS=1 python benchmarks/rising_contacts.py [--runs 200] [--people 60000] [PART ...]

cells: dispersion x ratio x baseline, 2% risers, practices' changes estimated from the data. The best test knows
    everything but who is rising: rate, k, ratio and share; it is randomised where it is indifferent, so that its
    false-discovery rate is exactly that asked for.
limits: bias of the estimated share of risers, and cover of its limits, in the same cells.
strata: two ages x two kinds of use with k of their own, rates that differ between people, partly exposed people.
recording: one practice's later year is recorded 2 times as fully, or half as fully: is anybody flagged in excess?
unlike: people whose steadiness is not what the model supposes.
following: contacts of the third year of those flagged, against those expected.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.methods.rising import FALSE_SHARE, Rising, rising

SHARE = 0.02  # of people who are rising
DISPERSIONS, RATES, RATIOS = (np.inf, 10.0, 5.0), (5, 20), (2, 3, 5)
Cell = tuple[float, float, float]  # rate, k, ratio
CELLS: list[Cell] = [(rate, k, ratio) for rate in RATES for k in DISPERSIONS for ratio in RATIOS]
PRACTICES = 40
PROCESSES = 2
Sample = tuple[pd.DataFrame, np.ndarray]


def best_power(rate: float, k: float, ratio: float, false_share: float = FALSE_SHARE) -> float:
    """Of risers, the share found by the likelihood ratio with everything known, at that false-discovery rate."""
    counts = np.arange(stats.poisson.isf(1e-12, 40 * rate * ratio) if np.isinf(k) else 60 * rate * ratio)
    steady, risen = (_counts(k, rate * times).pmf(counts) for times in (1, ratio))
    order = np.argsort(-risen / np.maximum(steady, 1e-300), kind="stable")  # the earlier year says nothing of a rise
    false, true = (1 - SHARE) * steady[order].cumsum(), SHARE * risen[order].cumsum()
    within = np.flatnonzero(false <= false_share * (false + true))
    last = within[-1] if len(within) else -1
    got_false, got_true = (false[last], true[last]) if last >= 0 else (0.0, 0.0)
    more_false, more_true = (1 - SHARE) * steady[order][last + 1], SHARE * risen[order][last + 1]
    room = false_share * (got_false + got_true) - got_false
    part = np.clip(room / (more_false - false_share * (more_false + more_true)), 0, 1)
    return float((got_true + part * more_true) / SHARE)


def _counts(k: float, mean: float):
    return stats.poisson(mean) if np.isinf(k) else stats.nbinom(k, k / (k + mean))


def noise(random: np.random.Generator, k: float | np.ndarray, people: int) -> np.ndarray:
    """A year's factor of each person's rate."""
    k = np.broadcast_to(k, people)
    safe = np.where(np.isinf(k), 1.0, k)
    return np.where(np.isinf(k), 1.0, random.gamma(safe, 1 / safe))


def sample(
    random: np.random.Generator, rate: np.ndarray, years: tuple[np.ndarray, ...], ratio: float,
    *, share: float = SHARE, exposure: tuple[np.ndarray, np.ndarray] | None = None, **columns: np.ndarray,
) -> Sample:  # fmt: skip
    """People's contacts in two years, and who is rising. years: each year's factor of the rates."""
    people = len(rate)
    rises = random.random(people) < share
    first, second = exposure or (np.ones(people), np.ones(people))
    plain = {"age_band": "all", "use_stratum": "all", "practice_code": random.integers(0, PRACTICES, people)}
    frame = pd.DataFrame(
        {
            "earlier": random.poisson(rate * years[0] * first),
            "later": random.poisson(rate * years[1] * second * np.where(rises, ratio, 1)),
            "earlier_years": first, "later_years": second, **plain, **columns,
        }
    )  # fmt: skip
    return frame, rises


def of_cell(random: np.random.Generator, cell: Cell, people: int) -> Sample:
    rate, k, ratio = cell
    return sample(random, np.full(people, float(rate)), (noise(random, k, people), noise(random, k, people)), ratio)


def outcome(found: Rising, rises: np.ndarray) -> dict[str, float]:
    """False share and power of one run."""
    listed = found.people["flagged"].to_numpy()
    false, true = int((listed & ~rises).sum()), int((listed & rises).sum())
    promised = float((1 - found.people.loc[listed, "posterior"]).mean()) if listed.any() else 0.0
    return {"false": false / max(false + true, 1), "power": true / rises.sum(), "said": promised,
            "share": found.share, "listed": false + true}  # fmt: skip


def one_cell(seed: int, cell: Cell, people: int) -> dict[str, float]:
    random = np.random.default_rng([20_270_105, seed, CELLS.index(cell)])
    frame, rises = of_cell(random, cell, people)
    return outcome(rising(frame, limits=False), rises)


def cells(runs: int, people: int, pool: ProcessPoolExecutor) -> None:
    """Realised false-discovery rate, and power against the best possible, at 10% false ones."""
    print("rate    k    ratio  false  power  best   ratio  same*  share  sd   (*power over the best at the same false)")
    for cell in CELLS:
        frame = pd.DataFrame(pool.map(partial(one_cell, cell=cell, people=people), range(runs), chunksize=5))
        mean, best = frame.mean(), best_power(*cell)
        same = best_power(*cell, false_share=float(np.clip(mean["false"], 0.005, 0.5)))
        figures = (mean["false"], mean["power"], best, mean["power"] / best, mean["power"] / same, mean["share"])
        print(
            named(cell), *(f"{figure:.3f}" for figure in figures), f"{frame['share'].std():.4f}", sep="  ", flush=True
        )


def named(cell: Cell) -> str:
    """Rate, k and ratio, of one width."""
    return f"{cell[0]:4}  {cell[1]:5.0f}  {cell[2]:5}"


def one_limit(seed: int, cell: Cell, people: int) -> tuple[float, float, float]:
    random = np.random.default_rng([20_270_106, seed, CELLS.index(cell)])
    found = rising(of_cell(random, cell, people)[0])
    return found.share, found.lower, found.upper


def limits(runs: int, people: int, pool: ProcessPoolExecutor) -> None:
    """The estimated share of risers (true: .02), and its limits; a fifth of the runs."""
    print("rate    k    ratio  share   lower   upper   cover   all below  all above")
    covers = []
    for cell in CELLS:
        found = np.array(list(pool.map(partial(one_limit, cell=cell, people=people), range(max(runs // 5, 1)))))
        share, lower, upper = found.mean(axis=0)
        below, above = (found[:, 2] < SHARE).mean(), (found[:, 1] > SHARE).mean()
        covers.append(1 - below - above)
        figures = " ".join(f"{figure:.4f} " for figure in (share, lower, upper, covers[-1], below, above))
        print(named(cell), figures, flush=True)
    print(f"all cells: cover {np.mean(covers):.3f}")


def one_mixed(seed: int, people: int, ratio: float) -> dict[str, float]:
    """Steady people seldom seen and unsteady ones often seen, young and old; one in ten not there all the time."""
    random = np.random.default_rng([20_270_107, seed, int(ratio)])
    old, often = random.integers(0, 2, people), random.integers(0, 2, people)
    k = np.array([[np.inf, 10.0], [10.0, 5.0]])[old, often]
    rate = random.gamma(3, np.where(often, 15, 4) / 3)
    whole = random.random(people) < 0.9
    exposure = np.where(whole, 1, random.uniform(0.25, 1, people)), np.where(whole, 1, random.uniform(0.25, 1, people))
    years = noise(random, k, people), noise(random, k, people) * 1.1  # contacts of everybody grow by a tenth
    frame, rises = sample(random, rate, years, ratio, exposure=exposure, age_band=old, use_stratum=often)
    found = rising(frame, limits=False)
    return outcome(found, rises) | {f"k{n}": k for n, k in enumerate(found.strata["k"])}


def strata(runs: int, people: int, pool: ProcessPoolExecutor) -> None:
    """Four strata: k infinite, 10, 10 and 5; k is the median of what is found."""
    print("ratio  false  power  share   k (median)")
    for ratio in (3, 5):
        frame = pd.DataFrame(pool.map(partial(one_mixed, people=people, ratio=ratio), range(max(runs // 5, 1))))
        k = "  ".join(f"{value:.1f}" for value in frame.filter(regex="^k").median())
        mean = frame.mean()
        print(f"{ratio:5}  {mean['false']:.3f}  {mean['power']:.3f}  {mean['share']:.4f}  {k}", flush=True)


def one_recording(seed: int, people: int, times: float, k: float) -> dict[str, float]:
    random = np.random.default_rng([20_270_108, seed, int(10 * times)])
    practice = random.integers(0, PRACTICES, people)
    rate = random.gamma(3, 12 / 3, people)
    later = noise(random, k, people) * np.where(practice == 0, times, 1.0)
    frame, rises = sample(random, rate, (noise(random, k, people), later), 5, practice_code=practice)
    listed = rising(frame, limits=False).people["flagged"].to_numpy()
    of, others = practice == 0, practice != 0
    false, true = listed & ~rises, listed & rises
    counted = {"false there": false[of], "false elsewhere": false[others],
               "found there": true[of], "found elsewhere": true[others]}  # fmt: skip
    return {name: some.sum() / (1 if "there" in name else PRACTICES - 1) for name, some in counted.items()}


def recording(runs: int, people: int, pool: ProcessPoolExecutor) -> None:
    """People flagged in the practice whose recording changed, and in a practice elsewhere, per run; ratio 5, k = 10."""
    print("times  false there  false elsewhere  found there  found elsewhere")
    for times in (1.0, 2.0, 0.5):
        one = partial(one_recording, people=people, times=times, k=10.0)
        mean = pd.DataFrame(pool.map(one, range(max(runs // 5, 1)))).mean()
        print(
            f"{times:5}  {mean.iloc[0]:11.2f}  {mean.iloc[1]:15.2f}  {mean.iloc[2]:11.2f}  {mean.iloc[3]:15.2f}",
            flush=True,
        )


UNLIKE: dict[str, Callable[[np.random.Generator, int], tuple[np.ndarray, ...]]] = {
    "half k = 20, half k = 3": lambda random, people: _years(random, random.choice([20.0, 3.0], people)),
    "log-normal, as k = 5": lambda random, people: _log_normal(random, people),
    "k = 10, 5% begin and 5% end": lambda random, people: _turned_over(random, people),
}


def _years(random: np.random.Generator, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return noise(random, k, len(k)), noise(random, k, len(k))


def _log_normal(random: np.random.Generator, people: int) -> tuple[np.ndarray, ...]:
    """Factors of mean 1 and variance 1/5."""
    spread = np.sqrt(np.log(1.2))
    return tuple(np.exp(random.normal(-(spread**2) / 2, spread, (2, people))))


def _turned_over(random: np.random.Generator, people: int) -> tuple[np.ndarray, np.ndarray]:
    first, second = _years(random, np.full(people, 10.0))
    draw = random.random(people)
    return np.where(draw < 0.05, 0.02 * first, first), np.where(draw > 0.95, 0.02 * second, second)


def one_unlike(seed: int, people: int, name: str, rate: float) -> dict[str, float]:
    random = np.random.default_rng([20_270_109, seed, list(UNLIKE).index(name)])
    years = UNLIKE[name](random, people)
    frame, rises = sample(random, np.full(people, rate), years, 5)
    return outcome(rising(frame, limits=False), rises)


def unlike(runs: int, people: int, pool: ProcessPoolExecutor) -> None:
    """Where the model is wrong: ratio 5. Of those who begin none is a planted riser."""
    print("rate  false  power  share   people")
    for name in UNLIKE:
        for rate in RATES:
            one = partial(one_unlike, people=people, name=name, rate=float(rate))
            mean = pd.DataFrame(pool.map(one, range(max(runs // 5, 1)))).mean()
            print(f"{rate:4}  {mean['false']:.3f}  {mean['power']:.3f}  {mean['share']:.4f}  {name}", flush=True)


def one_following(seed: int, people: int, k: float, ratio: float) -> dict[str, float]:
    random = np.random.default_rng([20_270_110, seed, int(k), int(ratio)])
    rate = random.gamma(3, 12 / 3, people)
    frame, rises = sample(random, rate, (noise(random, k, people), noise(random, k, people)), ratio)
    third = random.poisson(rate * noise(random, k, people) * np.where(rises, ratio, 1))
    found = rising(frame, limits=False).people
    groups = {"flagged": found["flagged"], "more": frame["later"] > frame["earlier"]}
    values = {"later": frame["later"], "expected": found["expected"], "third": pd.Series(third)}
    return {f"{n} {of}": v[some].mean() for of, some in groups.items() for n, v in values.items() if some.any()}


def following(runs: int, people: int, pool: ProcessPoolExecutor) -> None:
    """Contacts each: later year, expected of the next, and the third year as it came, every rise lasting."""
    print("   k  ratio  flagged: later  expected  third   more than last year: later  expected  third")
    for k, ratio in ((10.0, 3.0), (10.0, 5.0), (5.0, 5.0)):
        mean = pd.DataFrame(
            pool.map(partial(one_following, people=people, k=k, ratio=ratio), range(max(runs // 5, 1)))
        ).mean()
        values = "  ".join(f"{value:8.2f}" for value in mean)
        print(f"{k:4.0f}  {ratio:5.0f}  {values}", flush=True)


PARTS = {one.__name__: one for one in (cells, limits, strata, recording, unlike, following)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), choices=[*PARTS, []], help="by default all")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--people", type=int, default=60_000)
    asked = parser.parse_args()
    with ProcessPoolExecutor(PROCESSES) as pool:
        for name in asked.parts or PARTS:
            print(f"\n{name}: {PARTS[name].__doc__}")
            PARTS[name](asked.runs, asked.people, pool)


if __name__ == "__main__":
    main()
