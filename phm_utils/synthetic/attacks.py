"""Attacks of asthma: when they come, and which of them are treated with a course of prednisolone."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import chance
from phm_utils.synthetic.people import People

# Planted attacks a year of a person with asthma, by age, their log ratio per unit of deprivation, and the gamma
# shape of lasting differences between people.
_AGES, _A_YEAR = (0, 5, 12, 18, 40, 70), (0.30, 0.28, 0.18, 0.11, 0.11, 0.10)
GRADIENT, SHAPE = 0.30, 0.6
TREATED_SHARE = 0.70  # attacks with a course of prednisolone on the same day


@dataclass(frozen=True)
class Attacks:
    """One entry per attack: whose, the day, and whether prednisolone was prescribed."""

    who: np.ndarray
    day: np.ndarray
    treated: np.ndarray

    def until(self, people: People, last: np.ndarray) -> "Attacks":
        """Those that practices may extract, up to each person's last day there."""
        kept = people.registered[self.who] & ~people.type_1[self.who] & (self.day <= last[self.who])
        return Attacks(self.who[kept], self.day[kept], self.treated[kept])


def make_attacks(
    rng: np.random.Generator, people: People, has: np.ndarray, onset: np.ndarray, ends: np.ndarray
) -> Attacks:
    """Attacks of everybody. has, onset, ends: who has asthma, and from which day to which."""
    who = np.flatnonzero(has & (onset <= people.last))
    until = np.minimum(people.last[who], ends[who])
    who, until = who[until >= onset[who]], until[until >= onset[who]]
    rate = np.interp(people.age[who], _AGES, _A_YEAR) * np.exp(GRADIENT * people.deprivation[who])
    years = (until - onset[who] + 1) / days.YEAR
    counts = rng.poisson(rate * rng.gamma(SHAPE, 1 / SHAPE, len(who)) * years)
    rows, day = days.SURGERY.spread(rng, onset[who], until, counts)
    return Attacks(who[rows].astype(np.int32), day, chance(rng, TREATED_SHARE, len(rows)))
