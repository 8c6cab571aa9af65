"""Vaccinations as practices record them, with planted gaps between groups of people."""

from datetime import date

import numpy as np

from phm_utils.synthetic import codes, days
from phm_utils.synthetic.draws import chance, expit
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.people import BLACK, SOUTH_ASIAN, People

# Planted log-odds of being vaccinated, per unit of deprivation, and for two groups of people.
COVID_GRADIENT, COVID_BLACK, COVID_SOUTH_ASIAN = -0.55, -1.1, -0.5
FLU_GRADIENT = -0.35
_COVID_FIRST = (date(2020, 12, 14), date(2021, 8, 31))
_BOOSTERS = ((2021, 0.80, 18), (2022, 0.80, 50), (2023, 0.72, 65), (2024, 0.62, 65))  # autumn, uptake, from age


def covid_log_odds(people: People) -> np.ndarray:
    """Planted log-odds of a first Covid-19 vaccination."""
    by_age = np.interp(people.age, [11, 12, 16, 20, 30, 45, 60, 75, 90], [-7, -0.4, 0.7, 0.9, 1.2, 1.8, 2.7, 3.4, 3.2])
    groups = COVID_BLACK * people.is_ethnic(BLACK) + COVID_SOUTH_ASIAN * people.is_ethnic(SOUTH_ASIAN)
    return by_age + COVID_GRADIENT * people.deprivation + groups


def add_vaccinations(rng, events, people: People, facts: Facts, seen: np.ndarray, last: np.ndarray) -> None:
    """Covid-19, influenza and pneumococcal vaccinations."""
    _covid(rng, events, people, seen, last)
    _flu(rng, events, people, facts.health, seen, last)
    takes = seen[facts.pneumococcal[seen]]
    birthday = (people.birth[takes] - days.EPOCH + 65 * days.YEAR).astype(np.int32)  # offered at 65
    earliest = np.maximum(people.first[takes], np.where(birthday < last[takes] - 60, birthday, 0))
    rows, day = days.SURGERY.spread(rng, earliest, last[takes], np.ones(len(takes), np.int8))
    events.add(takes[rows], day, codes.positions("pneumococcal_vaccination")[0])


def _covid(rng, events, people, seen, last) -> None:
    """Two first doses, then boosters in autumn for fewer and older people."""
    code = codes.positions("covid_vaccination")[0]
    takes = seen[chance(rng, expit(covid_log_odds(people))[seen])]
    opening, close = (days.day(d) for d in _COVID_FIRST)
    wait = np.interp(people.age[takes], [12, 30, 50, 70, 80], [0.75, 0.55, 0.32, 0.1, 0.02])
    day = opening + ((close - opening) * np.clip(wait + rng.normal(0, 0.06, len(takes)), 0, 1)).astype(np.int32)
    day = np.maximum(day, people.first[takes] - 1 + (people.first[takes] > opening) * 30)
    for start, after in ((day, 0), (day, 70)):
        _dose(rng, events, takes, start + after, code, people, last)
    for autumn, uptake, age in _BOOSTERS:
        later = takes[(people.age[takes] >= age) & chance(rng, uptake, len(takes))]
        start = days.day(date(autumn, 9, 20)) + rng.integers(0, 70, len(later))
        _dose(rng, events, later, start, code, people, last)


def _flu(rng, events, people, health, seen, last) -> None:
    """Autumn vaccination of the old, the ill and small children."""
    code = codes.positions("flu_vaccination")[0]
    at_risk = health.of("asthma", "copd", "chd", "diabetes", "ckd", "heart_failure", "stroke_tia")
    by_age = np.interp(
        people.age, [0, 1, 2, 16, 17, 49, 50, 64, 65, 80], [-9, -9, 0.2, -0.1, -3, -2, -0.9, 0, 1.4, 1.8]
    )
    odds = by_age + 1.3 * at_risk * (people.age < 65) + FLU_GRADIENT * people.deprivation
    habit = odds[seen] + rng.logistic(0, 0.8, len(seen))
    for autumn in range(2020, 2025):
        takes = seen[habit + rng.logistic(0, 0.5, len(seen)) > 0]
        start = days.day(date(autumn, 9, 15)) + rng.integers(0, 80, len(takes))
        _dose(rng, events, takes, start, code, people, last)


def _dose(rng, events, who, day, code, people, last) -> None:
    given = (day >= people.first[who]) & (day <= last[who])
    events.add(who[given], day[given].astype(np.int16), code)
