"""GP coded events: reviews of conditions, measurements, smoking status, vaccinations."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from phm_utils.synthetic import codes, days
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.draws import NULL, Coded, chance, expit
from phm_utils.synthetic.people import BLACK, SOUTH_ASIAN, People
from phm_utils.synthetic.prevalence import CONDITIONS
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids

EXTRA_ENTRIES = 1.65  # times the reviews: results, letters and admin coded under the condition
UNITS = ("kg/m2", "mmHg", "mmol/mol")
# Planted log-odds of being vaccinated, per unit of deprivation, and for two groups of people.
COVID_GRADIENT, COVID_BLACK, COVID_SOUTH_ASIAN = -0.55, -1.1, -0.5
FLU_GRADIENT = -0.35
_COVID_FIRST = (date(2020, 12, 14), date(2021, 8, 31))
_BOOSTERS = ((2021, 0.80, 18), (2022, 0.80, 50), (2023, 0.72, 65), (2024, 0.62, 65))  # autumn, uptake, from age


@dataclass
class _Events:
    """Blocks of events, one per kind, laid end to end at the end."""

    who: list[np.ndarray]
    day: list[np.ndarray]
    code: list[np.ndarray]
    value: list[np.ndarray]  # tenths of the unit; 0 for none
    unit: list[np.ndarray]

    def add(self, who, day, code, value=None, unit=NULL) -> None:
        """A block: `code` is one for all or one each; `value` in tenths of its unit."""
        n = len(who)
        self.who.append(who.astype(np.int32, copy=False))
        self.day.append(day)
        self.code.append(np.full(n, code, np.uint8) if np.ndim(code) == 0 else code)
        self.value.append(np.zeros(n, np.uint16) if value is None else value.astype(np.uint16))
        self.unit.append(np.full(n, unit, np.uint8))


def make_gp_events(rng: np.random.Generator, people: People, health: Health, use: np.ndarray, last: np.ndarray) -> Rows:
    """All coded events. use: how often each person is seen, mean about 1. last: last day of the extract, per person."""
    events = _Events([], [], [], [], [])
    seen = np.flatnonzero(people.registered & ~people.type_1 & (people.first <= last))
    _reviews(rng, events, people, health, seen, last)
    _measurements(rng, events, people, health, use, seen, last)
    _smoking(rng, events, people, health, use, seen, last)
    _covid(rng, events, people, health, seen, last)
    _flu(rng, events, people, health, seen, last)
    value = np.concatenate(events.value)
    who = np.concatenate(events.who)
    return Rows(
        who,
        {
            "event_id": ids(people.pcn, len(who)),
            "event_date": Dates(np.concatenate(events.day)),
            "snomed_code": Coded(np.concatenate(events.code), codes.words()),
            "value_num": Numbers(value / 10.0, value == 0),
            "unit": Coded(np.concatenate(events.unit), UNITS),
        },
    )


def _reviews(rng, events, people, health, seen, last) -> None:
    """Entries of each condition, from its onset on; one at least. Later a code that resolves some."""
    for column, condition in enumerate(CONDITIONS):
        holders = seen[health.has[seen, column]]
        onset, end = health.onset[holders, column], last[holders]
        resolved = chance(rng, condition.resolved, len(holders)) & (end - onset > 400)
        until = np.where(resolved, onset + ((end - onset) * 0.6).astype(np.int16), end)
        counts = 1 + rng.poisson(EXTRA_ENTRIES * condition.reviews * np.maximum(until - onset, 0) / days.YEAR)
        rows, when = days.SURGERY.spread(rng, onset, until, counts)
        listed = codes.positions(condition.concept)
        mine = listed[(holders * 7919 >> 3) % len(listed)]  # a person's practice uses one code of the list
        events.add(holders[rows], when, mine[rows])
        if resolved.any():
            gone = holders[resolved]
            [code] = codes.positions(f"{condition.concept}_resolved")
            rows, when = days.SURGERY.spread(rng, until[resolved] + 10, until[resolved] + 120, np.ones(len(gone), int))
            events.add(gone[rows], when, code)


def _measurements(rng, events, people, health, use, seen, last) -> None:
    """Blood pressure, body mass index and HbA1c."""
    age, first, end = people.age[seen], people.first[seen], last[seen]
    years = np.maximum(end - first, 1) / days.YEAR
    adult = np.interp(age, [0, 15, 18, 40, 70], [0.02, 0.05, 0.45, 0.75, 1.3])
    diabetic = health.of("diabetes")[seen]
    treated = health.of("hypertension", "ckd", "chd", "stroke_tia")[seen]

    rate = (adult * 1.8 + 3.4 * treated + 1.5 * diabetic) * use[seen] ** 0.5
    rows, when = days.SURGERY.spread(rng, first, end, rng.poisson(rate * years))
    usual = 113 + 0.36 * (age - 20).clip(0) + 5.0 * treated + rng.normal(0, 9, len(seen))
    upper = np.rint(np.clip(usual.astype(np.float32)[rows] + 8 * rng.standard_normal(len(rows), np.float32), 80, 230))
    lower = np.rint(np.clip(upper * 0.45 + 18 + 6 * rng.standard_normal(len(rows), np.float32), 40, 130))
    who = seen[rows]
    events.add(who, when, codes.positions("systolic_bp")[0], upper * 10, UNITS.index("mmHg"))
    events.add(who, when, codes.positions("diastolic_bp")[0], lower * 10, UNITS.index("mmHg"))

    rate = (np.maximum(adult, 0.15) * 1.1 + 1.2 * diabetic) * use[seen] ** 0.5
    rows, when = days.SURGERY.spread(rng, first, end, rng.poisson(rate * years))
    value = health.bmi[seen][rows] * (1 + 0.025 * rng.standard_normal(len(rows), np.float32))
    events.add(seen[rows], when, codes.positions("bmi")[0], np.rint(value.clip(11, 75) * 10), UNITS.index("kg/m2"))

    rate = np.where(diabetic, 2.6, 0.35 * adult) * use[seen] ** 0.3
    rows, when = days.SURGERY.spread(rng, first, end, rng.poisson(rate * years))
    usual = np.where(diabetic, 42 + rng.gamma(2.0, 8.0, len(seen)), 36 + rng.normal(0, 2.5, len(seen)))
    value = np.rint(np.clip(usual.astype(np.float32)[rows] + 4 * rng.standard_normal(len(rows), np.float32), 20, 160))
    events.add(seen[rows], when, codes.positions("hba1c")[0], value * 10, UNITS.index("mmol/mol"))


def _smoking(rng, events, people, health, use, seen, last) -> None:
    """Smoking status of people aged 15 and over."""
    adults = seen[people.age[seen] >= 16]
    years = np.maximum(last[adults] - people.first[adults], 1) / days.YEAR
    rate = (2.0 + 0.7 * (health.smoking[adults] == 2)) * use[adults] ** 0.5
    rows, when = days.SURGERY.spread(rng, people.first[adults], last[adults], rng.poisson(rate * years))
    status = [codes.positions(f"smoking_{s}")[0] for s in ("never", "ex", "current")]
    events.add(adults[rows], when, np.array(status, np.uint8)[health.smoking[adults]][rows])


def covid_log_odds(people: People) -> np.ndarray:
    """Planted log-odds of a first Covid-19 vaccination."""
    by_age = np.interp(people.age, [11, 12, 16, 20, 30, 45, 60, 75, 90], [-7, -0.4, 0.7, 0.9, 1.2, 1.8, 2.7, 3.4, 3.2])
    groups = COVID_BLACK * people.is_ethnic(BLACK) + COVID_SOUTH_ASIAN * people.is_ethnic(SOUTH_ASIAN)
    return by_age + COVID_GRADIENT * people.deprivation + groups


def _covid(rng, events, people, health, seen, last) -> None:
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
