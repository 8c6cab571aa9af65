"""How often people are seen, and their GP appointments."""

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.draws import Mix
from phm_utils.synthetic.people import People
from phm_utils.synthetic.prevalence import LONG_TERM
from phm_utils.synthetic.rows import Dates, Rows, ids

PER_YEAR = 4.55  # at mean use, deprivation 0, age 40
GRADIENT = 0.10  # log ratio per unit of deprivation
USE_SHAPE = 1.6  # of the gamma that makes people differ for good
STATUS = Mix.of({"Attended": 0.905, "DNA": 0.045, "Unknown": 0.03, "Cancelled": 0.02})
MODE = Mix.of({"Face-to-face": 0.64, "Telephone": 0.28, "Video/Online": 0.04, "Home visit": 0.01, "Unknown": 0.03})
PROFESSION = Mix.of({"GP": 0.48, "Other practice staff": 0.50, "Unknown": 0.02})


def make_use(rng: np.random.Generator, people: People, health: Health) -> np.ndarray:
    """How often each person uses the practice, for good: a gamma, more with each condition. Mean about 1."""
    own = rng.gamma(USE_SHAPE, 1 / USE_SHAPE, len(people))
    burden = np.exp(0.16 * np.minimum(health.has[:, :LONG_TERM].sum(axis=1), 8))
    return own * burden * np.exp(0.12 * people.frailty) / 1.17


def appointment_rate(people: People, use: np.ndarray) -> np.ndarray:
    """Planted appointments a year of each person."""
    by_age = np.interp(people.age, [0, 3, 10, 20, 40, 60, 80, 100], [1.6, 1.0, 0.55, 0.8, 1.0, 1.25, 1.7, 1.9])
    women = np.where((people.sex == 1) & (people.age > 15) & (people.age < 50), 1.3, 1.0)
    return PER_YEAR * use * by_age * women * np.exp(GRADIENT * people.deprivation)


def make_appointments(rng: np.random.Generator, people: People, use: np.ndarray, last: np.ndarray) -> Rows:
    """Every appointment, kept or not. last: last day of the extract, per person."""
    seen = np.flatnonzero(people.registered & ~people.type_1 & (people.first <= last))
    years = np.maximum(last[seen] - people.first[seen], 1) / days.YEAR
    counts = rng.poisson(appointment_rate(people, use)[seen] * years)
    rows, day = days.SURGERY.spread(rng, people.first[seen], last[seen], counts)
    n = len(rows)
    return Rows(
        seen[rows].astype(np.int32),
        {
            "appointment_id": ids(people.pcn, n),
            "appt_date": Dates(day),
            "status": STATUS.draw(rng, n),
            "mode": MODE.draw(rng, n),
            "hcp_type": PROFESSION.draw(rng, n),
        },
    )
