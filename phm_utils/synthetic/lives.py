"""Who joined, left and died in the five years, and who opted out."""

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import chance, largest
from phm_utils.synthetic.people import People

# Yearly chance of dying at deprivation 0 by age, and its planted gradient (log ratio per unit of deprivation).
_DEATH_AGES = (0, 1, 20, 40, 50, 60, 70, 80, 90, 100)
_DEATH_RATES = (0.003, 0.0002, 0.0005, 0.0015, 0.0033, 0.0085, 0.022, 0.064, 0.19, 0.40)
DEATH_GRADIENT, DEATH_FRAILTY = 0.35, 0.45
JOINED_SHARE = 0.17  # of those registered on the last day, in the five years
TYPE_1_SHARE, NATIONAL_OPT_OUT_SHARE = 0.004, 0.012
BABY_FIRST_DAYS = 14  # a newborn is registered within so many days


def add_life_events(rng: np.random.Generator, people: People, registered: int) -> None:
    """Fill `joined`, `left`, `died`, `first`, `last` so that `registered` people are left on the last day."""
    n = len(people)
    people.died = np.full(n, days.NO_DAY, np.int32)
    people.left = np.full(n, days.NO_DAY, np.int32)
    born = people.birth - days.EPOCH
    _add_deaths(rng, people, born, at_most=int((people.registered.sum() - registered) * 0.85))
    _add_leavers(rng, people, born, registered)
    _add_joiners(rng, people, born)
    ended = np.where(people.died != days.NO_DAY, people.died, people.left)
    people.last = np.where(ended != days.NO_DAY, ended, days.DAYS - 1).astype(np.int16)
    people.joined = np.minimum(people.joined, people.last)
    people.first = np.maximum(people.joined, 0).astype(np.int16)
    people.type_1 = people.registered & chance(rng, TYPE_1_SHARE, n)
    people.opted_out = chance(rng, np.where(people.type_1, 0.6, NATIONAL_OPT_OUT_SHARE))


def death_rate(people: People) -> np.ndarray:
    """Planted yearly chance of dying."""
    base = np.exp(np.interp(people.age - 2, _DEATH_AGES, np.log(_DEATH_RATES)))
    male = np.where(people.sex == 0, 1.18, 0.86)
    return base * male * np.exp(DEATH_GRADIENT * people.deprivation + DEATH_FRAILTY * people.frailty - 0.1)


def _add_deaths(rng: np.random.Generator, people: People, born: np.ndarray, at_most: int) -> None:
    """Deaths by the planted rate, spread over the five years."""
    rate = death_rate(people)
    dies = chance(rng, 1 - np.exp(-rate * days.DAYS / days.YEAR))
    chosen = rng.permutation(np.flatnonzero(dies))[:at_most]
    earliest = np.maximum(born[chosen] + 1, 0)
    wait = np.floor(rng.random(len(chosen)) * (days.DAYS - earliest)).astype(np.int32)
    people.died[chosen] = np.minimum(earliest + wait, days.DAYS - 1)


def _add_leavers(rng: np.random.Generator, people: People, born: np.ndarray, registered: int) -> None:
    """Leavers: young adults and renters most, as many as bring the list to its size."""
    stays = people.registered & (people.died == days.NO_DAY)
    excess = int(stays.sum()) - registered
    settled = stays & (born < days.DAYS - 60)
    weight = np.interp(people.age, [0, 17, 22, 30, 45, 70, 100], [0.8, 0.7, 3.0, 2.4, 0.9, 0.4, 0.4])
    key = np.where(settled, np.log(weight) + rng.gumbel(size=len(people)), -np.inf)
    if excess > 0:
        gone = largest(key, excess)
        earliest = np.clip(born[gone] + 30, 60, days.DAYS - 2)
        people.left[gone] = earliest + np.floor(rng.random(excess) * (days.DAYS - 1 - earliest)).astype(np.int32)


def _add_joiners(rng: np.random.Generator, people: People, born: np.ndarray) -> None:
    """First day registered: long ago for most, at birth for the newborn, recently for those who moved in."""
    n = len(people)
    years_ago = np.minimum(rng.gamma(1.3, 11.0, n), np.maximum(-born / days.YEAR, 0) * rng.beta(6, 1.2, n))
    joined = -np.floor(years_ago * days.YEAR).astype(np.int32) - 1
    young = np.interp(people.age, [0, 17, 22, 30, 45, 70, 100], [1.0, 0.8, 2.6, 2.2, 0.9, 0.4, 0.5])
    ended = np.maximum(people.died, people.left)
    latest = np.where(ended != days.NO_DAY, ended, days.DAYS)
    recent = chance(rng, np.clip(JOINED_SHARE * young, 0, 0.6)) & (latest > 60) & (people.communal != 1)
    joined = np.where(recent, np.floor(rng.random(n) * (latest - 30)).astype(np.int32), joined)
    newborn = born > joined
    people.joined = np.where(newborn, born + rng.integers(1, BABY_FIRST_DAYS, n), joined)
