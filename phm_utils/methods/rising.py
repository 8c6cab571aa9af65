"""Rising contacts: whose contacts rose by more than a steady person's do, and how many people that are.

How many are rising is estimated as a share of a mixture, with limits; it is not the number of those flagged.
A list is ordered by each person's posterior and says which share of it is expected to be real.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.practice_changes import practice_changes
from phm_utils.methods.rising_fit import fit, fit_together, judge
from phm_utils.methods.rising_limits import Part, share_limits
from phm_utils.methods.rising_mixture import POISSON, Mixture
from phm_utils.methods.rising_rows import Rows, tally
from phm_utils.methods.validation import counts, has_columns

FALSE_SHARE = 0.10  # of those flagged, expected
LEAST_PEOPLE = 500  # of a stratum with a dispersion of its own; people of smaller ones are judged by everybody's
MOST_PEOPLE = 60_000  # from whom a stratum is estimated: more make it no better
LEAST_YEARS = 0.25  # of exposure, in each year
GUESSED_STEADINESS = 5.0
FEW_PEOPLE, FEW_TRIED = 10_000, 30  # enough to see how steady people are, before practices' changes are estimated
COLUMNS = ("earlier", "later", "earlier_years", "later_years", "age_band", "use_stratum", "practice_code")


@dataclass(frozen=True)
class Rising:
    """Who is rising, and how many.

    people: on the index given: `posterior` (chance of rising), `flagged`, `expected` (contacts of a next whole year,
        were every rise to last), `steady` and `risen` (likelihoods, for areas), `prior` (share of the stratum).
    strata: one row per age band and use stratum: `people`, `k` (steadiness; infinite is Poisson), `differ` (do
        people differ in it), `rising` (share).
    changes: by practice, how many times as many contacts the later year has for a steady person.
    share, lower, upper: of people with contacts who are rising, with 95% limits.
    """

    people: pd.DataFrame
    strata: pd.DataFrame
    changes: pd.Series
    share: float
    lower: float
    upper: float


def rising(people: pd.DataFrame, *, false_share: float = FALSE_SHARE, limits: bool = True) -> Rising:
    """Who of some people is rising, and how many are.

    people: one row per person: `earlier`, `later` (contacts of two years, or episodes), `earlier_years`,
        `later_years` (exposure in each), `age_band`, `use_stratum` (how often the person came before both years; never
        by the counts of one of them alone), `practice_code`. Who has no contact in either year, or less than
        LEAST_YEARS in one, is not judged: missing, not flagged.
    false_share: of those flagged, at most this share is expected not to be rising. limits: are limits needed?
    Rising: at least twice the person's usual rate, above what the practice's own contacts changed by.
    Raises InputError for missing columns, negative or fractional counts, or fewer than LEAST_PEOPLE people judged.

    >>> usual = {"age_band": "18-64", "use_stratum": "1 to 5", "practice_code": "A99001"}
    >>> counts = pd.DataFrame({"earlier": [4] * 600, "later": [4] * 594 + [40] * 6})
    >>> found = rising(counts.assign(earlier_years=1, later_years=1, **usual), limits=False)
    >>> int(found.people["flagged"].sum()), round(found.share, 2)
    (6, 0.01)
    """
    checked = _checked(people)
    seen = judged_people(checked)
    if seen.sum() < LEAST_PEOPLE:
        raise InputError(
            f"{int(seen.sum())} of {len(people)} people have contacts and {LEAST_YEARS} years in both years; "
            f"at least {LEAST_PEOPLE} are needed to tell who is steady. Take a larger area, such as the ICS."
        )
    judged, changes, parts = _fitted(checked[seen])
    strata = _described(judged, parts)
    share = float(np.average(strata["rising"], weights=strata["people"]))
    lower, upper = share_limits(parts) if limits else (np.nan, np.nan)
    found = judged.reindex(people.index)
    found["flagged"] = flagged(found["posterior"], false_share)
    return Rising(found.drop(columns=["part", "age_band", "use_stratum"]), strata, changes, share, lower, upper)


def flagged(posterior: pd.Series, false_share: float = FALSE_SHARE) -> pd.Series:
    """The longest list, highest posterior first, of which at most `false_share` is expected to be false.

    People of the same posterior are all on it or none. Source: Newton and others 2004,
    doi:10.1093/biostatistics/5.2.155.

    >>> flagged(pd.Series([0.97, 0.4, 0.9])).tolist()
    [True, False, True]
    """
    if not 0 < false_share < 1:
        raise InputError(f"false_share is {false_share}; it is the share of false ones allowed, between 0 and 1 (0.1).")
    level, people = np.unique(posterior.dropna().round(12), return_counts=True)
    level, people = level[::-1], people[::-1]
    allowed = np.flatnonzero(np.cumsum((1 - level) * people) <= false_share * np.cumsum(people))
    return posterior.round(12) >= (level[allowed[-1]] if len(allowed) else np.inf)


def _checked(people: pd.DataFrame) -> pd.DataFrame:
    has_columns(people, *COLUMNS)
    frame = people[list(COLUMNS)].copy()
    for name in ("earlier", "later", "earlier_years", "later_years"):
        frame[name] = counts(people[name], name, missing=False)
    if fractional := int((frame[["earlier", "later"]] % 1 != 0).any(axis=1).sum()):
        raise InputError(f"{fractional} of {len(frame)} people have contacts that are no whole numbers. Give counts.")
    for name in ("age_band", "use_stratum", "practice_code"):
        if missing := int(frame[name].isna().sum()):
            raise InputError(f"{missing} of {len(frame)} values of {name} are missing. Give each, such as 'Not known'.")
    return frame


def judged_people(frame: pd.DataFrame) -> pd.Series:
    """Who is judged: people with a contact in either year, and LEAST_YEARS of exposure in both.

    >>> exposure = {"earlier_years": [1, 1, 0.1], "later_years": 1}
    >>> judged_people(pd.DataFrame({"earlier": [0, 0, 5], "later": [1, 0, 5]} | exposure)).tolist()
    [True, False, False]
    """
    years = frame[["earlier_years", "later_years"]].min(axis=1)
    return (frame["earlier"] + frame["later"] > 0) & (years >= LEAST_YEARS)


def _fitted(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, list[Part]]:
    """What is said of each person, practices' changes, and the mixture of each part of the people."""
    practice, codes = pd.factorize(frame["practice_code"], sort=True)
    part = _part_numbers(frame)
    earlier, later = (frame[name].to_numpy() for name in ("earlier", "later"))
    before, years = (np.log(frame[name].to_numpy()) for name in ("earlier_years", "later_years"))
    change = practice_changes(earlier, later, years - before, practice, GUESSED_STEADINESS)
    rough = fit(tally(earlier, later, before, years + change[practice])[0].thinned(FEW_PEOPLE), tried=FEW_TRIED)
    change = practice_changes(earlier, later, years - before, practice, 1 / max(rough.usual_dispersion, 1e-6))
    after = years + change[practice]
    places = [np.flatnonzero(part == number) for number in range(part.max() + 1)]
    tallies = [tally(earlier[of], later[of], before[of], after[of]) for of in places]
    mixtures = fit_together([rows.thinned(MOST_PEOPLE) for rows, _ in tallies])
    judged, level = [], np.zeros(len(frame))
    for number, (mixture, (rows, row), of) in enumerate(zip(mixtures, tallies, places, strict=True)):
        level[of] = mixture.level
        times = np.exp(change[practice[of]] + mixture.level)
        judged.append(_judged(mixture, rows, row, times, frame.iloc[of]).assign(part=number))
    raised = np.bincount(practice, level) / np.bincount(practice)
    changes = pd.Series(np.exp(change + raised), index=pd.Index(codes, name="practice_code"), name="change")
    parts = [Part(m, rows.thinned(MOST_PEOPLE), len(row)) for m, (rows, row) in zip(mixtures, tallies, strict=True)]
    return pd.concat(judged).loc[frame.index], changes, parts


def _part_numbers(frame: pd.DataFrame) -> np.ndarray:
    """Numbers of the parts of people with a dispersion of their own: strata, those of too few people together."""
    stratum = frame.groupby(["age_band", "use_stratum"], sort=True, observed=True).ngroup().to_numpy()
    sizes = np.bincount(stratum)
    few = sizes < LEAST_PEOPLE
    if few.any() and sizes[few].sum() < LEAST_PEOPLE and not few.all():
        few[np.argmin(np.where(few, np.inf, sizes))] = True  # they join the smallest of the others
    return np.unique(np.where(few[stratum], -1, stratum), return_inverse=True)[1]


def _judged(mixture: Mixture, rows: Rows, row: np.ndarray, times: np.ndarray, people: pd.DataFrame) -> pd.DataFrame:
    """What the mixture says of each person. times: contacts recorded a year for each of the person's rate."""
    found = judge(mixture, rows)
    return people[["age_band", "use_stratum"]].assign(
        posterior=found.posterior[row],
        expected=found.expected[row] * times,
        steady=found.steady[row],
        risen=found.risen[row],
        prior=mixture.rising,
    )


def _described(judged: pd.DataFrame, parts: list[Part]) -> pd.DataFrame:
    """One row per stratum, with the figures of the part that it belongs to."""
    names = ["age_band", "use_stratum"]
    strata = judged.groupby(names, sort=True, observed=True).agg(people=("part", "size"), part=("part", "first"))
    mixtures = [parts[number].mixture for number in strata["part"]]
    dispersion = np.array([mixture.usual_dispersion for mixture in mixtures])
    steadiness = np.where(dispersion > POISSON, 1 / np.maximum(dispersion, POISSON), np.inf)
    described = strata.assign(k=steadiness, differ=[m.differ for m in mixtures], rising=[m.rising for m in mixtures])
    return described.drop(columns="part").reset_index()
