"""People in continuing care of a mental health team: steady contacts for years, and some whose contacts rise.

Each has a rate for good, and each year a factor of their own about it: gamma with mean 1 and variance 1/k, k of the
person's network. In the last year, to the index date, the rate of a few is a multiple of what it was: the risers,
some 2% of all people with mental health contacts.
"""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.draws import chance
from phm_utils.synthetic.people import People

STEADINESS = (5.0, 10.0)  # k: of networks with odd and with even numbers
PER_YEAR, RATE_SHAPE = 10.0, 3.0  # contacts of a person, and the gamma shape of rates
SMI, MOOD, OTHERS = 0.25, 0.05, 0.002  # chance of being in care
RISING = 0.08  # of people in care
RATIOS = (3.0, 5.0)  # of those who rise, half each
YEARS = tuple(days.day(date(year, 4, 1)) for year in range(2020, 2026))  # first days; the fifth year is the last


@dataclass(frozen=True)
class ContinuingCare:
    """People in continuing care: one entry each. rate: contacts a year. ratio: of the last year's rate, 1 if steady."""

    who: np.ndarray
    rate: np.ndarray
    ratio: np.ndarray
    steadiness: float

    def counts(self) -> dict[str, float]:
        """People in care and those who rise, by ratio, for the summary of the ICS."""
        rising = {f"by_{ratio:g}": int((self.ratio == ratio).sum()) for ratio in RATIOS}
        return {"k": self.steadiness, "in_care": len(self.who), **rising}

    def ratios(self, people: int) -> np.ndarray:
        """By person of the network: 0 where not in care, 1 where steady, else what the rate was multiplied by."""
        found = np.zeros(people, np.float32)
        found[self.who] = self.ratio
        return found


def make_continuing_care(rng: np.random.Generator, people: People, health: Health) -> ContinuingCare:
    """Who is in care, how often each is seen, and whose contacts rise."""
    need = SMI * health.of("smi") + MOOD * health.of("depression", "anxiety") + OTHERS
    who = np.flatnonzero(chance(rng, need * (people.age >= 16)))
    rate = PER_YEAR * rng.gamma(RATE_SHAPE, 1 / RATE_SHAPE, len(who))
    rises, much = chance(rng, RISING, len(who)), chance(rng, 0.5, len(who))
    ratio = np.where(rises, np.where(much, *reversed(RATIOS)), 1.0)
    return ContinuingCare(who, rate, ratio, STEADINESS[(people.pcn + 1) % 2])


def continuing_contacts(
    rng: np.random.Generator, people: People, care: ContinuingCare, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The place in `care` and the day of each contact, in order of place.

    last: last day of each person in the source.
    """
    place, day = [], []
    for year, (opening, following) in enumerate(pairwise(YEARS)):
        first = np.maximum(people.first[care.who], opening).astype(np.int64)
        until = np.minimum(last[care.who], following - 1).astype(np.int64)
        years = np.maximum(until - first + 1, 0) / days.YEAR
        factor = rng.gamma(care.steadiness, 1 / care.steadiness, len(care.who))
        ratio = care.ratio if year == len(YEARS) - 2 else 1.0
        counts = rng.poisson(care.rate * factor * ratio * years)
        found = days.CLINIC.spread(rng, np.minimum(first, days.DAYS - 1), np.maximum(until, 0), counts)
        place.append(found[0])
        day.append(found[1])
    order = np.argsort(np.concatenate(place), kind="stable")
    return np.concatenate(place)[order], np.concatenate(day)[order]
