"""Rising contacts: whose contacts rose by more than a steady person's do, and how many people that are.

How many are rising is estimated as a share of a mixture, with limits; it is not the number of those flagged.
A list is ordered by each person's posterior and says which share of it is expected to be real.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.practice_changes import practice_changes
from phm_utils.methods.rising_fit import MOST_TRIED, fit, judge
from phm_utils.methods.rising_limits import Part, share_limits
from phm_utils.methods.rising_mixture import Mixture, Prior
from phm_utils.methods.rising_rows import Rows, tally
from phm_utils.methods.validation import counts, has_columns

FALSE_SHARE = 0.10  # of those flagged, expected
LEAST_PEOPLE = 500  # of a stratum with a dispersion of its own; people of smaller ones are judged by everybody's
MOST_PEOPLE = 60_000  # from whom a stratum is estimated: more make it no better
LEAST_YEARS = 0.25  # of exposure, in each year
GUESSED_STEADINESS = 5.0
FEW_PEOPLE, FEW_TRIED = 10_000, 30  # enough to see how steady people are, before practices' changes are estimated
STRATA = ("age_band", "use_stratum", "people", "k", "differ", "rising")
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
    """
    checked = _checked(people)
    seen = _with_contacts(checked)
    if seen.sum() < LEAST_PEOPLE:
        raise InputError(
            f"{int(seen.sum())} of {len(people)} people have contacts and {LEAST_YEARS} years in both years; "
            f"at least {LEAST_PEOPLE} are needed to tell who is steady. Take a larger area, such as the ICS."
        )
    model = _fitted(checked[seen])
    share = float(np.average(model.strata["rising"], weights=model.strata["people"]))
    around = share_limits(model.parts) if limits else (np.nan, np.nan)
    found = model.people.reindex(people.index)
    found["flagged"] = flagged(found["posterior"], false_share)
    return Rising(found, model.strata, model.changes, share, *around)


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


@dataclass(frozen=True)
class _Model:
    people: pd.DataFrame
    strata: pd.DataFrame
    changes: pd.Series
    parts: list[Part]


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


def _with_contacts(frame: pd.DataFrame) -> pd.Series:
    years = frame[["earlier_years", "later_years"]].min(axis=1)
    return (frame["earlier"] + frame["later"] > 0) & (years >= LEAST_YEARS)


def _fitted(frame: pd.DataFrame) -> _Model:
    """The mixture of everybody, then of each stratum with that as its prior."""
    practice, codes = pd.factorize(frame["practice_code"], sort=True)
    strata = frame.groupby(["age_band", "use_stratum"], sort=True, observed=True)
    stratum, names = strata.ngroup().to_numpy(), list(strata.groups)
    earlier, later = (frame[name].to_numpy() for name in ("earlier", "later"))
    before, years = (np.log(frame[name].to_numpy()) for name in ("earlier_years", "later_years"))
    k = GUESSED_STEADINESS
    for most, tried in ((FEW_PEOPLE, FEW_TRIED), (MOST_PEOPLE, MOST_TRIED)):
        change = practice_changes(earlier, later, years - before, practice, k)
        after = years + change[practice]
        whole = fit(tally(earlier, later, before, after)[0].thinned(most), tried=tried)
        k = 1 / max(whole.usual_dispersion, 1e-6)
    prior = Prior(float(np.sqrt(whole.usual_dispersion)), whole.level, whole.rises)
    judged, described, parts = [], [], []
    for number, name in enumerate(names):
        of = np.flatnonzero(stratum == number)
        rows, row = tally(earlier[of], later[of], before[of], after[of])
        own = len(names) > 1 and len(of) >= LEAST_PEOPLE
        mixture = fit(rows.thinned(MOST_PEOPLE), prior) if own else whole
        times = np.exp(change[practice[of]] + mixture.level)
        judged.append(_judged(mixture, rows, row, times, frame.index[of]))
        k_own = 1 / mixture.usual_dispersion if mixture.usual_dispersion > 1e-6 else np.inf
        described.append((*name, len(of), k_own, mixture.differ, mixture.rising))
        parts.append(Part(mixture, rows.thinned(MOST_PEOPLE), len(of)))
    changes = pd.Series(np.exp(change + whole.level), index=pd.Index(codes, name="practice_code"), name="change")
    return _Model(pd.concat(judged), pd.DataFrame(described, columns=list(STRATA)), changes, parts)


def _judged(mixture: Mixture, rows: Rows, row: np.ndarray, times: np.ndarray, index: pd.Index) -> pd.DataFrame:
    """What the mixture says of each person. times: contacts recorded a year for each of the person's rate."""
    found = judge(mixture, rows)
    columns = {
        "posterior": found.posterior[row],
        "expected": found.expected[row] * times,
        "steady": found.steady[row],
        "risen": found.risen[row],
        "prior": mixture.rising,
    }
    return pd.DataFrame(columns, index=index)
