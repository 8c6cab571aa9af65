"""People's health apart from long-term conditions: deficits, late stages, resolutions, risks."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.attacks import Attacks, make_attacks
from phm_utils.synthetic.conditions import Health, log_odds, planted_factors
from phm_utils.synthetic.deficits import DEFICITS, FACT_LINKS, FACT_NAMES, FACTS, STAGE_OF
from phm_utils.synthetic.draws import NULL, chance, expit
from phm_utils.synthetic.maternity import Pregnancies, make_pregnancies
from phm_utils.synthetic.people import People
from phm_utils.synthetic.prevalence import CONDITIONS, NAMES

FACT_ONSET_SHARE = 0.35  # of the people with a deficit: first recorded within the five years
NEVER = days.DAYS + 400  # a day beyond the extract
KNOWN_FOR = 60  # days that a condition is known before it can be resolved
LAST_DAYS_SHARE = 0.55  # of the dying with a palliative care entry: recorded as in their last weeks
ALCOHOL_RISKS = ("Lower risk", "Increasing risk", "Higher risk")
ALCOHOL_RECORDED, ALCOHOL_RECORDED_SMI = 0.42, 0.80  # of adults, and of those with severe mental illness
FRAILTIES = ("Mild", "Moderate", "Severe")
FRAILTY_FROM = (5, 9, 13)  # deficits of 36: more than 0.12, 0.24 and 0.36 of them
FRAILTY_CODED = (0.02, 0.30, 0.55, 0.70)  # of people aged 65 and over: fit, mild, moderate, severe
PNEUMOCOCCAL_FROM_65, PNEUMOCOCCAL_AT_RISK, PNEUMOCOCCAL_GRADIENT = 0.70, 0.30, -0.25
OTHERS = ("end_of_life",)  # facts of their own making, after those of the table
NAMES_OF_FACTS = (*FACT_NAMES, *OTHERS)


@dataclass
class Facts:
    """Facts of everybody. has, onset: people x NAMES_OF_FACTS, as in `Health`.

    resolved: people x CONDITIONS, the day on which each condition ends; NEVER for most.
    deficits: of DEFICITS, on the index date. diabetes_type: 1, 2, or 0 without diabetes.
    alcohol, frailty: place in ALCOHOL_RISKS and FRAILTIES; NULL where not recorded.
    """

    health: Health
    has: np.ndarray
    onset: np.ndarray
    resolved: np.ndarray
    deficits: np.ndarray
    diabetes_type: np.ndarray
    alcohol: np.ndarray
    frailty: np.ndarray
    pneumococcal: np.ndarray
    pregnancies: Pregnancies
    attacks: Attacks

    def of(self, *concepts: str) -> np.ndarray:
        """True for people with any of the concepts, conditions among them."""
        return np.logical_or.reduce([self.column(c)[0] for c in concepts])

    def column(self, concept: str) -> tuple[np.ndarray, np.ndarray]:
        """Who has a condition or fact, and from which day."""
        if concept in NAMES:
            place = NAMES.index(concept)
            return self.health.has[:, place], self.health.onset[:, place]
        place = NAMES_OF_FACTS.index(concept)
        return self.has[:, place], self.onset[:, place]

    def at(self, concept: str, day: int = days.INDEX_DAY) -> np.ndarray:
        """True for people who have it on that day: known by then, and not resolved."""
        has, onset = self.column(concept)
        here = has & (onset <= day)
        return here & (self.resolved[:, NAMES.index(concept)] > day) if concept in NAMES else here


def make_facts(rng: np.random.Generator, people: People, health: Health) -> Facts:
    """Everything, from random numbers of its own."""
    n = len(people)
    shape = (n, len(NAMES_OF_FACTS))
    has, onset = np.zeros(shape, bool, order="F"), np.zeros(shape, np.int16, order="F")
    none = np.zeros(n, np.uint8)
    resolved = _resolved(rng, people, health)
    nothing = Attacks(none[:0], none[:0], none[:0])
    facts = Facts(health, has, onset, resolved, none, none, none, none, none, make_pregnancies(rng, people), nothing)
    _draw(rng, people, facts)
    _last_days(rng, people, facts)
    facts.deficits = sum(np.logical_or.reduce([facts.at(c) for c in group]) for group in DEFICITS).astype(np.uint8)
    facts.diabetes_type = _diabetes_types(rng, people, health)
    facts.alcohol = _alcohol(rng, people, health)
    facts.frailty = _frailty(rng, people, facts)
    at_risk = health.of("asthma", "copd", "chd", "diabetes", "ckd", "heart_failure", "chronic_liver_disease")
    takes = np.where(people.age >= 65, PNEUMOCOCCAL_FROM_65, PNEUMOCOCCAL_AT_RISK * (at_risk & (people.age > 1)))
    facts.pneumococcal = chance(rng, takes * np.exp(PNEUMOCOCCAL_GRADIENT * people.deprivation / 3))
    facts.attacks = make_attacks(rng, people, *facts.column("asthma"), resolved[:, NAMES.index("asthma")])
    return facts


def fact_factors(people: People, health: Health) -> dict[str, np.ndarray]:
    """What FACT_LINKS refer to, besides facts drawn before."""
    factors = planted_factors(people, health.bmi, health.smoking) | {"care_home": people.communal == 1}
    return factors | {name: health.has[:, place] for place, name in enumerate(NAMES)}


def _draw(rng: np.random.Generator, people: People, facts: Facts) -> None:
    """The facts of the table; a late stage comes after its disease."""
    factors = fact_factors(people, facts.health)
    span = (people.last - people.first).astype(np.float32)
    for place, fact in enumerate(FACTS):
        has = chance(rng, expit(log_odds(fact, people, factors, FACT_LINKS)).astype(np.float32))
        new = chance(rng, FACT_ONSET_SHARE, len(people))
        onset = people.first + np.where(new, span * rng.random(len(people), dtype=np.float32), 0).astype(np.int16)
        if fact.concept in STAGE_OF:
            disease, known = facts.column(STAGE_OF[fact.concept])
            has, onset = has & disease, np.maximum(onset, known)
        facts.has[:, place], facts.onset[:, place] = has, onset
        factors[fact.concept] = has


def _last_days(rng: np.random.Generator, people: People, facts: Facts) -> None:
    """The last weeks of some who die with palliative care, and a few who recover from them."""
    palliative = facts.health.of("palliative_care")
    share = np.where(people.died != days.NO_DAY, LAST_DAYS_SHARE, 0.05)
    place = NAMES_OF_FACTS.index("end_of_life")
    facts.has[:, place] = palliative & chance(rng, share)
    facts.onset[:, place] = np.maximum(people.first, people.last - rng.integers(2, 75, len(people)))


def _resolved(rng: np.random.Generator, people: People, health: Health) -> np.ndarray:
    """Day on which a share of each condition ends, somewhere in the later half of the time that it is known."""
    result = np.full(health.has.shape, NEVER, np.int16, order="F")
    for place, condition in enumerate(CONDITIONS):
        if condition.resolved:
            known_for = people.last - health.onset[:, place]
            ends = np.flatnonzero(health.has[:, place] & (known_for > KNOWN_FOR))
            ends = ends[chance(rng, condition.resolved, len(ends))]
            share = rng.uniform(0.5, 0.8, len(ends))
            result[ends, place] = health.onset[ends, place] + (known_for[ends] * share).astype(np.int16)
    return result


def _diabetes_types(rng: np.random.Generator, people: People, health: Health) -> np.ndarray:
    first = chance(rng, np.interp(people.age, [0, 15, 25, 35, 50, 65, 90], [0.97, 0.95, 0.75, 0.35, 0.10, 0.05, 0.03]))
    return np.where(health.of("diabetes"), np.where(first, 1, 2), 0).astype(np.uint8)


def _alcohol(rng: np.random.Generator, people: People, health: Health) -> np.ndarray:
    """Risk by drinking, where a practice asked: men and people with alcohol problems drink more."""
    problems = health.of("alcohol_problems")
    harm = np.where(people.sex == 0, 0.03, 0.015) * np.exp(0.4 * people.need)
    high = np.where(problems, 0.7, harm)
    increasing = np.where(problems, 0.2, np.where(people.sex == 0, 0.15, 0.09))
    draw = rng.random(len(people))
    risk = np.where(draw < high, 2, np.where(draw < high + increasing, 1, 0))
    usual = np.where(health.of("smi"), ALCOHOL_RECORDED_SMI, ALCOHOL_RECORDED)
    asked = (people.age >= 18) & chance(rng, np.maximum(usual, 0.75 * problems))
    return np.where(asked, risk, NULL).astype(np.uint8)


def _frailty(rng: np.random.Generator, people: People, facts: Facts) -> np.ndarray:
    """A code of frailty for some of the old, one step from the truth now and then."""
    medicines = (facts.health.has.sum(axis=1) >= 3).astype(int)  # they mostly take five or more
    true = np.searchsorted(FRAILTY_FROM, facts.deficits + medicines, side="right")
    coded = (people.age >= 65) & chance(rng, np.array(FRAILTY_CODED)[true])
    off = np.where(chance(rng, 0.15, len(people)), rng.choice([-1, 1], len(people)), 0)
    return np.where(coded, np.clip(true + off, 1, 3) - 1, NULL).astype(np.uint8)
