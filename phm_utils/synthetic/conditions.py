"""Long-term conditions: planted prevalence by age, and gradients by deprivation.

Log-odds of having a condition = log-odds at the person's age
 + deprivation x gradient + sex + frailty + the few links named in LINKS.
"""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import chance, expit, logit
from phm_utils.synthetic.people import BLACK, SOUTH_ASIAN, People
from phm_utils.synthetic.prevalence import AGES, CONDITIONS, NAMES, Condition

ONSET_SHARE = 0.22  # of the people with a condition: first recorded within the five years


Link = tuple[str, str, float]  # concept, factor, log-odds
# Planted links beyond age, sex, deprivation and frailty: log-odds where the factor holds, or per unit of it.
LINKS: tuple[Link, ...] = (
    ("diabetes", "south_asian", 1.0),
    ("diabetes", "black", 0.6),
    ("diabetes", "bmi", 0.10),
    ("hypertension", "black", 0.5),
    ("hypertension", "bmi", 0.05),
    ("osteoarthritis", "bmi", 0.05),
    ("copd", "smoker", 1.3),
    ("pad", "smoker", 0.7),
    ("chd", "smoker", 0.4),
    ("homeless", "need", 0.8),
    ("alcohol_problems", "need", 0.5),
    ("smi", "need", 0.4),
    ("anxiety", "depression", 1.1),
    ("ckd", "hypertension", 0.6),
    ("heart_failure", "chd", 1.0),
)
FACTOR_MEAN = {"bmi": 27.0, "smoker": 0.40}  # taken off, so that prevalence stays near `at_age`


@dataclass
class Health:
    """What is true of each person's health. has: people x CONDITIONS. onset, end: days of each condition's entries."""

    has: np.ndarray
    onset: np.ndarray
    bmi: np.ndarray
    smoking: np.ndarray  # 0 never, 1 ex, 2 current

    def of(self, *concepts: str) -> np.ndarray:
        """True for people with any of the concepts."""
        return np.asarray(self.has[:, [NAMES.index(c) for c in concepts]].any(axis=1))

    def since(self, *concepts: str) -> np.ndarray:
        """First day of any of the concepts; a day beyond the end where there is none."""
        columns = [NAMES.index(c) for c in concepts]
        return np.where(self.has[:, columns], self.onset[:, columns], days.DAYS).min(axis=1)


def make_health(rng: np.random.Generator, people: People) -> Health:
    """Conditions, body mass and smoking of everybody."""
    bmi = _body_mass(rng, people)
    smoking = _smoking(rng, people)
    factors = planted_factors(people, bmi, smoking)
    has = np.zeros((len(people), len(CONDITIONS)), bool, order="F")  # read column by column
    for column, condition in enumerate(CONDITIONS):
        has[:, column] = chance(rng, expit(log_odds(condition, people, factors)).astype(np.float32))
        factors[condition.concept] = has[:, column]
    _end_of_life(rng, people, has)
    return Health(has, _onsets(rng, people, has), bmi, smoking)


def planted_factors(people: People, bmi: np.ndarray, smoking: np.ndarray) -> dict[str, np.ndarray]:
    """What LINKS refer to, besides conditions drawn before."""
    return {
        "south_asian": people.is_ethnic(SOUTH_ASIAN),
        "black": people.is_ethnic(BLACK),
        "bmi": bmi,
        "smoker": smoking > 0,
        "need": people.need,
    }


def log_odds(
    condition: Condition, people: People, factors: dict[str, np.ndarray], links: tuple[Link, ...] = LINKS
) -> np.ndarray:
    """Planted log-odds of a condition for each person."""
    spread = np.sqrt(1 + 0.346 * condition.frailty**2)  # keeps the mean over frailty near `at_age`
    by_age = np.interp(np.arange(105), AGES, logit(condition.at_age) * spread).astype(np.float32)
    result = by_age[people.age] + np.float32(condition.gradient) * people.deprivation
    result += np.float32(condition.frailty) * people.frailty + np.float32(condition.female) * (people.sex - 0.5)
    for concept, factor, weight in links:
        if concept == condition.concept:
            result += np.float32(weight) * (factors[factor] - np.float32(FACTOR_MEAN.get(factor, 0.0)))
    return result


def _body_mass(rng: np.random.Generator, people: People) -> np.ndarray:
    """Planted: 0.9 kg/m2 per unit of deprivation, lower at both ends of life."""
    by_age = np.interp(np.arange(105), [0, 5, 12, 18, 30, 55, 70, 100], [16, 16, 19, 23.5, 26.5, 28.3, 28, 24.5])
    spread = np.where(people.age < 18, 2.5, 4.8)
    noise = rng.gamma(9.0, 1 / 3.0, len(people)) - 3.0  # skewed to the right, variance 1
    return np.clip(by_age[people.age] + 0.9 * people.deprivation + spread * noise, 12, 68).astype(np.float32)


def _smoking(rng: np.random.Generator, people: People) -> np.ndarray:
    """Planted log-odds of smoking: 0.6 per unit of deprivation."""
    by_age = np.interp(np.arange(105), [14, 18, 30, 50, 65, 80, 100], [-6, -2.0, -1.6, -1.7, -2.1, -3, -4])
    current = chance(rng, expit(by_age[people.age] + 0.6 * people.deprivation + 0.2 * people.need))
    former = chance(rng, np.interp(people.age, [16, 25, 45, 70, 100], [0, 0.08, 0.25, 0.36, 0.33]))
    return np.where(current, 2, np.where(former, 1, 0)).astype(np.uint8)


def _end_of_life(rng: np.random.Generator, people: People, has: np.ndarray) -> None:
    """Two in five of those who die of old age or illness have a palliative care entry."""
    dying = (people.died != days.NO_DAY) & (people.age > 40)
    has[:, NAMES.index("palliative_care")] |= dying & chance(rng, 0.4, len(people))


def _onsets(rng: np.random.Generator, people: People, has: np.ndarray) -> np.ndarray:
    """Day from which each condition is known: before START for most, and late for palliative care."""
    shape = has.shape
    new = rng.random(shape, dtype=np.float32) < ONSET_SHARE
    span = (people.last - people.first)[:, None] * rng.random(shape, dtype=np.float32)
    onset = people.first[:, None] + np.where(new, span, 0).astype(np.int16)
    column = NAMES.index("palliative_care")
    onset[:, column] = np.maximum(people.first, people.last - rng.integers(5, 330, len(people)))
    return onset.astype(np.int16, order="F")
