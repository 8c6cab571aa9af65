"""Long-term conditions: planted prevalence by age, and gradients by deprivation.

Log-odds of having a condition = log-odds at the person's age
 + deprivation x gradient + sex + frailty + the few links named in LINKS.
"""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import chance, expit, logit
from phm_utils.synthetic.people import BLACK, SOUTH_ASIAN, People

AGES = (2, 15, 25, 35, 45, 55, 65, 75, 85, 95)
ONSET_SHARE = 0.22  # of the people with a condition: first recorded within the five years


@dataclass(frozen=True)
class Condition:
    """One condition.

    at_age: prevalence at AGES, deprivation 0. gradient: log-odds from the
    mean area to the most deprived. female: log-odds, women against men.
    reviews: coded entries a year. resolved: share coded as resolved later.
    icd10: how a hospital codes it.
    """

    concept: str
    at_age: tuple[float, ...]
    gradient: float
    female: float
    frailty: float
    reviews: float
    icd10: str = ""
    resolved: float = 0.0


_F, _M = 0.45, 0.55
CONDITIONS = (
    Condition("asthma", (0.04, 0.08, 0.085, 0.08, 0.08, 0.085, 0.09, 0.09, 0.075, 0.05), 0.14, 0.15, _F, 4, "J459", 0.15),
    Condition("atrial_fibrillation", (1e-4, 2e-4, 6e-4, 0.002, 0.005, 0.016, 0.048, 0.115, 0.20, 0.22), 0.05, -0.45, _F, 6, "I489"),
    Condition("cancer", (0.001, 0.002, 0.004, 0.01, 0.022, 0.045, 0.085, 0.14, 0.17, 0.16), -0.08, 0.1, 0.3, 6, "C509"),
    Condition("chd", (1e-5, 5e-5, 3e-4, 0.001, 0.008, 0.03, 0.075, 0.13, 0.18, 0.18), 0.30, -0.8, _F, 6, "I251"),
    Condition("copd", (1e-5, 5e-5, 3e-4, 0.001, 0.006, 0.022, 0.055, 0.08, 0.08, 0.05), 0.60, -0.1, _F, 6, "J449"),
    Condition("dementia", (1e-6, 1e-6, 1e-5, 5e-5, 3e-4, 0.002, 0.008, 0.035, 0.12, 0.22), 0.12, 0.15, _F, 6, "F03X"),
    Condition("depression", (1e-4, 0.03, 0.14, 0.18, 0.19, 0.18, 0.145, 0.12, 0.12, 0.11), 0.32, 0.55, _M, 5, "F329", 0.2),
    Condition("anxiety", (0.002, 0.05, 0.11, 0.12, 0.11, 0.10, 0.085, 0.07, 0.06, 0.05), 0.22, 0.5, _M, 4, "F419"),
    Condition("diabetes", (0.0005, 0.003, 0.006, 0.016, 0.045, 0.09, 0.15, 0.19, 0.18, 0.13), 0.30, -0.3, _F, 9, "E119"),
    Condition("epilepsy", (0.002, 0.005, 0.007, 0.008, 0.009, 0.009, 0.009, 0.01, 0.01, 0.009), 0.35, -0.05, 0.2, 5, "G409"),
    Condition("heart_failure", (1e-4, 1e-4, 3e-4, 6e-4, 0.002, 0.006, 0.018, 0.042, 0.095, 0.13), 0.30, -0.3, 0.7, 8, "I500"),
    Condition("hypertension", (1e-5, 3e-4, 0.006, 0.025, 0.08, 0.19, 0.345, 0.47, 0.55, 0.50), 0.14, -0.05, _F, 6, "I10X"),
    Condition("ckd", (1e-4, 2e-4, 0.001, 0.003, 0.009, 0.025, 0.07, 0.17, 0.32, 0.38), 0.18, 0.1, _F, 6, "N183"),
    Condition("learning_disability", (0.002, 0.006, 0.007, 0.006, 0.005, 0.005, 0.004, 0.003, 0.002, 0.001), 0.40, -0.4, 0.0, 4, "F819"),
    Condition("osteoporosis", (1e-6, 1e-6, 1e-5, 5e-4, 0.001, 0.01, 0.022, 0.045, 0.08, 0.10), 0.08, 1.5, 0.3, 4, "M819"),
    Condition("pad", (1e-6, 1e-5, 1e-5, 3e-4, 0.001, 0.005, 0.015, 0.027, 0.035, 0.03), 0.45, -0.6, _F, 5, "I739"),
    Condition("palliative_care", (5e-5, 5e-5, 1e-4, 2e-4, 5e-4, 0.0015, 0.004, 0.010, 0.03, 0.06), 0.06, 0.0, 0.8, 12, "Z515"),
    Condition("rheumatoid_arthritis", (1e-4, 5e-4, 0.001, 0.003, 0.006, 0.01, 0.016, 0.019, 0.017, 0.012), 0.12, 0.9, 0.3, 6, "M069"),
    Condition("smi", (1e-5, 0.001, 0.006, 0.0115, 0.014, 0.014, 0.012, 0.010, 0.009, 0.007), 0.55, -0.1, 0.3, 7, "F209"),
    Condition("stroke_tia", (2e-4, 4e-4, 0.001, 0.003, 0.008, 0.02, 0.045, 0.085, 0.13, 0.15), 0.24, -0.25, _F, 6, "I694"),
    Condition("hypothyroidism", (3e-4, 0.002, 0.009, 0.02, 0.035, 0.055, 0.075, 0.09, 0.10, 0.09), 0.04, 1.4, 0.2, 5, "E039"),
    Condition("parkinsons", (1e-7, 1e-7, 1e-6, 1e-5, 2e-4, 6e-4, 0.003, 0.009, 0.017, 0.017), 0.03, -0.4, 0.3, 7, "G20X"),
    Condition("multiple_sclerosis", (1e-6, 1e-5, 5e-4, 0.002, 0.0035, 0.004, 0.0035, 0.002, 0.001, 5e-4), 0.04, 1.0, 0.1, 6, "G35X"),
    Condition("chronic_liver_disease", (1e-4, 3e-4, 0.001, 0.004, 0.009, 0.013, 0.012, 0.010, 0.006, 0.003), 0.35, -0.3, 0.4, 5, "K746"),
    Condition("osteoarthritis", (1e-5, 5e-4, 0.003, 0.012, 0.05, 0.12, 0.20, 0.27, 0.32, 0.31), 0.18, 0.35, 0.4, 3, "M1996"),
    Condition("alcohol_problems", (1e-6, 0.001, 0.012, 0.022, 0.028, 0.026, 0.018, 0.009, 0.004, 0.002), 0.55, -0.9, 0.4, 4, "F102"),
    Condition("housebound", (1e-5, 1e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.004, 0.018, 0.075, 0.20), 0.25, 0.2, 0.9, 3, ""),
    Condition("carer", (1e-5, 0.004, 0.008, 0.015, 0.03, 0.045, 0.045, 0.04, 0.025, 0.008), 0.15, 0.6, -0.1, 2, ""),
    Condition("homeless", (1e-5, 0.0005, 0.0025, 0.0025, 0.0025, 0.0015, 0.0004, 1e-4, 1e-5, 1e-5), 0.60, -0.8, 0.6, 3, ""),
)  # fmt: skip
NAMES = tuple(c.concept for c in CONDITIONS)
# Planted links beyond age, sex, deprivation and frailty: log-odds where the factor holds, or per unit of it.
LINKS = (
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
        return self.has[:, [NAMES.index(c) for c in concepts]].any(axis=1)

    def since(self, *concepts: str) -> np.ndarray:
        """First day of any of the concepts; a day beyond the end where there is none."""
        columns = [NAMES.index(c) for c in concepts]
        return np.where(self.has[:, columns], self.onset[:, columns], days.DAYS).min(axis=1)


def make_health(rng: np.random.Generator, people: People) -> Health:
    """Conditions, body mass and smoking of everybody."""
    bmi = _body_mass(rng, people)
    smoking = _smoking(rng, people)
    factors = {
        "south_asian": people.is_ethnic(SOUTH_ASIAN),
        "black": people.is_ethnic(BLACK),
        "bmi": bmi,
        "smoker": smoking > 0,
        "need": people.need,
    }
    has = np.zeros((len(people), len(CONDITIONS)), bool)
    for column, condition in enumerate(CONDITIONS):
        has[:, column] = chance(rng, expit(log_odds(condition, people, factors)).astype(np.float32))
        factors[condition.concept] = has[:, column]
    _end_of_life(rng, people, has)
    return Health(has, _onsets(rng, people, has), bmi, smoking)


def log_odds(condition: Condition, people: People, factors: dict[str, np.ndarray]) -> np.ndarray:
    """Planted log-odds of a condition for each person."""
    spread = np.sqrt(1 + 0.346 * condition.frailty**2)  # keeps the mean over frailty near `at_age`
    by_age = np.interp(np.arange(105), AGES, logit(condition.at_age) * spread).astype(np.float32)
    result = by_age[people.age] + np.float32(condition.gradient) * people.deprivation
    result += np.float32(condition.frailty) * people.frailty + np.float32(condition.female) * (people.sex - 0.5)
    for concept, factor, weight in LINKS:
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
    return onset.astype(np.int16)
