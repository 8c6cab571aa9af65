"""Emergency department attendances: a lasting personal rate, and runs of bad months."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import codes, days, programmes
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.draws import Coded, Mix, chance
from phm_utils.synthetic.people import NO_PLACE, People
from phm_utils.synthetic.prevalence import CONDITIONS, LONG_TERM
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids

PER_YEAR = 0.246  # of a person aged 30-65 without conditions, deprivation 0
GRADIENT = 0.32  # log ratio per unit of deprivation
SHAPE = 0.35  # of the gamma of lasting personal rates
BURSTS_PER_ATTENDANCE, BURST_DAYS, BURST_ATTENDANCES = 0.010, 200, 5.2  # so bursts follow every gradient
RATIOS = {  # planted log rate ratios
    "smi": 0.75,
    "alcohol_problems": 0.85,
    "depression": 0.35,
    "anxiety": 0.25,
    "copd": 0.35,
    "epilepsy": 0.5,
    "homeless": 1.2,
    "learning_disability": 0.3,
    "heart_failure": 0.3,
}
UNREGISTERED_RATIO = 1.0
DEPARTMENT = Mix.of({"01": 0.70, "03": 0.24, "04": 0.03, "05": 0.02, "02": 0.01})
CATEGORY = Mix.of({"1": 0.94, "2": 0.03, "3": 0.01, "4": 0.02})
COUNTED_DEPARTMENTS, COUNTED_CATEGORIES = ("01", "02", "03"), ("1", "2", "3")  # towards a programme's rule
PROVIDER = Mix.of({"RZ9": 0.82, "RZ8": 0.16, "RZ7": 0.02})
_HOURS = np.array([2, 1.5, 1.2, 1, 1, 1, 1.5, 2.5, 4, 5.5, 6, 6, 5.8, 5.6, 5.6, 5.6, 5.6, 5.8, 6, 6, 5.5, 4.8, 4, 3])
TIMES = tuple(f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in range(0, 60, 5))
_TIME_SLOTS = np.repeat(
    np.arange(len(TIMES), dtype=np.int16),
    np.diff(np.rint(np.append(0, np.cumsum(np.repeat(_HOURS, 12))) / (_HOURS.sum() * 12) * 65536).astype(int)),
)


@dataclass(frozen=True)
class Attendances:
    """ED attendances as they happened, ordered by person and day."""

    who: np.ndarray
    day: np.ndarray
    department: Coded
    category: Coded
    admitted: np.ndarray


def attendance_rate(people: People, health: Health) -> np.ndarray:
    """Planted attendances a year, before a person's own gamma and bursts."""
    by_age = np.interp(
        people.age, [0, 2, 5, 12, 20, 30, 64, 75, 85, 95], [2.0, 2.1, 1.2, 1.2, 1.4, 1.0, 1.0, 1.4, 2.2, 2.6]
    )
    logs = GRADIENT * people.deprivation + 0.22 * people.frailty + UNREGISTERED_RATIO * ~people.registered
    for concept, ratio in RATIOS.items():
        logs = logs + ratio * health.of(concept)
    return PER_YEAR * by_age * np.exp(logs)


def make_attendances(
    rng: np.random.Generator, people: People, health: Health
) -> tuple[Attendances, programmes.Enrolments]:
    """Every attendance, the programme's effect included, and who was enrolled."""
    rate = attendance_rate(people, health)
    own = rate * rng.gamma(SHAPE, 1 / SHAPE, len(people))
    who, day = days.EVERY_DAY.spread(rng, people.first, people.last, rng.poisson(own * people.years))
    more_who, more_day = _bursts(rng, people, rate)
    who, day = np.concatenate([who, more_who]), np.concatenate([day, more_day])
    order = np.lexsort((day, who))
    who, day = who[order], day[order]
    department, category = DEPARTMENT.draw(rng, len(who)), CATEGORY.draw(rng, len(who))
    counted = _one_of(department, COUNTED_DEPARTMENTS) & _one_of(category, COUNTED_CATEGORIES)
    enrolments = programmes.enrol(rng, people, health, who[counted], day[counted])
    happens = np.flatnonzero(~programmes.spared(rng, people, enrolments, who, day))
    who, day = who[happens], day[happens]
    admitted = _admitted(rng, people, who)
    return Attendances(who, day, department.take(happens), category.take(happens), admitted), enrolments


def _one_of(column: Coded, words: tuple[str, ...]) -> np.ndarray:
    return np.isin(column.index, [tuple(column.words).index(word) for word in words])


def _bursts(rng: np.random.Generator, people: People, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A bad half-year: several attendances on top, then back to the usual."""
    has = np.flatnonzero(chance(rng, 1 - np.exp(-BURSTS_PER_ATTENDANCE * rate * people.years)))
    start = people.first[has] + (rng.random(len(has)) * (people.last[has] - people.first[has])).astype(np.int16)
    end = np.minimum(start + BURST_DAYS, people.last[has])
    share = (end - start) / BURST_DAYS
    rows, day = days.EVERY_DAY.spread(
        rng, start, end, rng.poisson(BURST_ATTENDANCES * rng.gamma(3, 1 / 3, len(has)) * share)
    )
    return has[rows].astype(np.int32), day


def _admitted(rng: np.random.Generator, people: People, who: np.ndarray) -> np.ndarray:
    by_age = np.interp(np.arange(105), [0, 3, 15, 30, 50, 65, 80, 95], [0.12, 0.08, 0.08, 0.12, 0.18, 0.3, 0.48, 0.58])
    return chance(rng, by_age[people.age[who]] * np.exp(0.1 * people.frailty[who]))


def attendance_rows(rng: np.random.Generator, people: People, health: Health, seen: Attendances) -> Rows:
    """The table `ecds_attendance`."""
    n = len(seen.who)
    minutes = np.rint(np.clip(np.exp(rng.normal(5.15, 0.55, n) + 0.35 * seen.admitted), 5, 2_800))
    homeless = (health.of("homeless") | (people.place == NO_PLACE))[seen.who] & chance(rng, 0.6, n)
    return Rows(
        seen.who,
        {
            "attendance_id": ids(people.pcn, n),
            "arrival_date": Dates(seen.day),
            "arrival_time": Coded(_TIME_SLOTS[rng.integers(0, 65536, n, dtype=np.uint16)], TIMES),
            "duration_minutes": Numbers(minutes.astype(np.int32)),
            "department_type": seen.department,
            "attendance_category": seen.category,
            "diagnosis_code_1": Coded(_diagnoses(rng, health, seen.who), codes.words()),
            "accommodation_status": Coded(
                np.where(homeless, codes.positions("homeless")[0], codes.no_word()).astype(codes.index_type()),
                codes.words(),
            ),
            "procode": PROVIDER.draw(rng, n),
        },
    )


def _diagnoses(rng: np.random.Generator, health: Health, who: np.ndarray) -> np.ndarray:
    """One of the person's own conditions for a third, otherwise one outside our code lists."""
    listed = np.array([codes.positions(c.concept)[0] for c in CONDITIONS], codes.index_type())
    has = health.has[who, :LONG_TERM]
    first = np.argmax(has, axis=1)
    known = has.any(axis=1) & chance(rng, 0.35, len(who))
    return np.where(known, listed[first], codes.no_word()).astype(codes.index_type())
