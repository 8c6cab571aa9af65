"""Births of the five years, who bore the children, and pregnancies as practices record them."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import chance
from phm_utils.synthetic.people import People

WINDOW = (days.month_number(2024, 7), days.INDEX_DAY)  # month and day: nine months to the index date
PREGNANT_AGES = (15, 45)  # completed years, of an entry
_WEEKS_TO_BOOKING = 7
_LENGTH = 270  # days
_LOST_SHARE = 0.12  # pregnancies that end without a birth, per birth
_ENTRIES = 2.5  # mean, besides the first


def births(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Babies born since START, and for each the woman of the household who can be the mother."""
    babies = np.flatnonzero((people.birth >= days.EPOCH) & people.child)
    grown = np.flatnonzero((people.sex == 1) & (people.age >= 20) & (people.age < 52) & (people.communal == 0))
    mother = np.full(people.household[-1] + 1, -1)
    mother[people.household[grown[::-1]]] = grown[::-1]
    babies = babies[mother[people.household[babies]] >= 0]
    return babies, mother[people.household[babies]]


@dataclass(frozen=True)
class Pregnancies:
    """Entries of pregnancies: whose, and the day."""

    who: np.ndarray
    day: np.ndarray

    def of_late(self, people: int) -> np.ndarray:
        """True for those with an entry in the nine months to the index date."""
        inside = (self.day >= days.MONTH_START[WINDOW[0]]) & (self.day <= WINDOW[1])
        return np.bincount(self.who[inside], minlength=people) > 0


def make_pregnancies(rng: np.random.Generator, people: People) -> Pregnancies:
    """Pregnancies that ended in the births, that end after the last day, and that were lost."""
    babies, mothers = births(people)
    born = people.birth[babies] - days.EPOCH
    could = np.flatnonzero((people.sex == 1) & (people.age >= 18) & (people.age < 44) & (people.communal == 0))
    weight = np.interp(people.age[could], [18, 24, 31, 38, 43], [0.3, 1, 1.5, 0.8, 0.1])
    expected = len(babies) / (days.DAYS / days.YEAR) * _LENGTH / days.YEAR
    expecting = could[chance(rng, np.clip(weight * expected / max(weight.sum(), 1), 0, 0.5))]
    lost = could[chance(rng, np.clip(weight * _LOST_SHARE * len(babies) / max(weight.sum(), 1), 0, 0.5))]
    due = days.DAYS + rng.integers(0, _LENGTH, len(expecting))
    over = rng.integers(0, days.DAYS, len(lost))
    who = np.concatenate([mothers, expecting, lost])
    start = np.concatenate([born - _LENGTH, due - _LENGTH, over - 35 - _WEEKS_TO_BOOKING * 7]) + _WEEKS_TO_BOOKING * 7
    end = np.concatenate([born, due, over])
    low, high = np.maximum(start, people.first[who]), np.minimum(end, people.last[who])
    here = high - low >= 7
    rows, day = days.SURGERY.spread(rng, low[here], high[here], 1 + rng.poisson(_ENTRIES, int(here.sum())))
    who = who[here][rows]
    age = (day + days.EPOCH - people.birth[who]) / days.YEAR
    fits = (age >= PREGNANT_AGES[0]) & (age < PREGNANT_AGES[1] + 1)
    return Pregnancies(who[fits].astype(np.int32), day[fits])
