"""Reviews and checks that practices owe people every year, with planted shares of those who get them.

Everything here is drawn after the other GP events, which it leaves as they were.
"""

import numpy as np

from phm_utils.synthetic import codes, days
from phm_utils.synthetic.draws import NULL, chance, expit, logit
from phm_utils.synthetic.facts import FRAILTIES, Facts
from phm_utils.synthetic.people import People
from phm_utils.synthetic.prevalence import LONG_TERM
from phm_utils.synthetic.rows import Rows

# Planted: the share of those due who are reviewed in a year, at deprivation 0, and its log-odds per unit of it.
SHARES = {
    "diabetes_review": (0.88, -0.30),
    "kidney_acr": (0.45, -0.15),
    "learning_disability_check": (0.76, -0.20),  # NHS England: 75% or more of those on the register
    "home_hypertension": (0.30, -0.35),
    "home_others": (0.03, -0.35),
}
HABIT = 0.8  # standard deviation of the log-odds between people: some are missed year after year
# Shares of the processes done at a diabetes review; the albumin:creatinine ratio is the one most often left out,
# as in the National Diabetes Audit. Weight, pressure and smoking have entries of their own.
AT_DIABETES_REVIEW = {"creatinine": 0.97, "cholesterol": 0.96, "foot_check": 0.90, "urine_acr": 0.76}
MEDICATION_REVIEWED = ((20, 0.20), (50, 0.35), (65, 0.52), (75, 0.66), (90, 0.62))  # by age, with a condition
STRUCTURED_SHARE = (0.06, 0.35)  # of medication reviews: of others, and of people of 65 and over with three conditions
LD_FROM_AGE = 14
# Entries of which the truth tells who has one: in the year to the index date, or ever.
YEARLY = (
    "creatinine",
    "urine_acr",
    "foot_check",
    "medication_review",
    "structured_medication_review",
    "learning_disability_check",
    "home_systolic_bp",
    "asthma_exacerbation",
)
EVER = (
    "cervical_screening",
    "cervical_screening_no_response",
    "cervical_screening_declined",
    "hysterectomy",
    "bowel_screening",
    "bowel_screening_no_response",
    "long_acting_contraception",
    "sterilisation",
    "mmr_vaccination",
    "shingles_vaccination",
)
_YEARS = 5


def add_care(rng, events, people: People, facts: Facts, seen: np.ndarray, last: np.ndarray) -> None:
    """Diabetes reviews, albumin in kidney disease, medication reviews, health checks, pressure taken at home."""
    _diabetes(rng, events, people, facts, seen, last)
    _kidneys(rng, events, people, facts, seen, last)
    _medicines(rng, events, people, facts, seen, last)
    _learning_disability(rng, events, people, facts, seen, last)
    _at_home(rng, events, people, facts, seen, last)


def add_attacks(events, people: People, facts: Facts, last: np.ndarray) -> None:
    """Attacks of asthma as practices code them."""
    attacks = facts.attacks.until(people, last)
    events.add(attacks.who, attacks.day, one_of("asthma_exacerbation", attacks.who))


def add_creatinine(events, people: People, who: np.ndarray, day: np.ndarray, egfr: np.ndarray) -> None:
    """The creatinine from which each eGFR was reckoned. egfr: in mL/min/1.73m2."""
    events.add(who, day, codes.positions("creatinine")[0], _creatinine(people, who, egfr) * 10, "umol/L")


def recorded(rows: Rows) -> dict[str, np.ndarray]:
    """The people with an entry of each of YEARLY in the year to the index date, and of EVER up to it."""
    code, day = rows.coded("snomed_code").index, rows.dates("event_date").days
    found = {}
    for concept in (*YEARLY, *EVER):
        mine = np.isin(code, codes.positions(concept)) & (day <= days.INDEX_DAY)
        if concept in YEARLY:
            mine &= day > days.INDEX_DAY - 365
        found[concept] = np.unique(rows.who[mine])
    return found


def one_of(concept: str, who: np.ndarray) -> np.ndarray:
    """One of a concept's codes for each person: the one that their practice uses."""
    listed = codes.positions(concept)
    return listed[(who * 7919 >> 3) % len(listed)]


def yearly(rng, people: People, who: np.ndarray, since, until, odds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One day in each of the five years to the index date, for those who are reviewed in it.

    since, until: first and last day on which each of `who` is due. odds: log-odds of a review in a whole year.
    """
    share = expit(odds + HABIT * rng.standard_normal(len(who)))
    whose, when = [], []
    for year in range(_YEARS):
        start = np.maximum(since, max(days.INDEX_DAY - 365 * (year + 1) + 1, 0)).astype(np.int64)
        end = np.minimum(until, days.INDEX_DAY - 365 * year).astype(np.int64)
        due = np.clip(end - start + 1, 0, 365)
        chosen = np.flatnonzero(chance(rng, share * due / 365))
        rows, day = days.SURGERY.spread(rng, start[chosen], end[chosen], np.ones(len(chosen), np.int8))
        whose.append(who[chosen][rows])
        when.append(day)
    return np.concatenate(whose), np.concatenate(when)


def _odds(people: People, who: np.ndarray, name: str) -> np.ndarray:
    share, gradient = SHARES[name]
    return np.asarray(logit(share) + gradient * people.deprivation[who])


def holders(facts: Facts, concept: str, seen: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, ...]:
    """People seen with a condition that is not resolved by the index date, the day it is known from, their last."""
    _, onset = facts.column(concept)
    who = seen[facts.at(concept)[seen]]
    return who, onset[who].astype(np.int64), last[who].astype(np.int64)


def _diabetes(rng, events, people, facts, seen, last) -> None:
    who, since, until = holders(facts, "diabetes", seen, last)
    who, day = yearly(rng, people, who, since, until, _odds(people, who, "diabetes_review"))
    for concept, share in AT_DIABETES_REVIEW.items():
        done = chance(rng, share, len(who))
        mine, when = who[done], day[done]
        if concept == "foot_check":
            events.add(mine, when, one_of(concept, mine))
        elif concept == "cholesterol":
            value = np.clip(4.3 + rng.normal(0, 0.95, len(mine)), 2, 11)
            events.add(mine, when, codes.positions(concept)[0], np.rint(value * 10), "mmol/L")
        elif concept == "creatinine":
            egfr = np.where(facts.of("ckd")[mine], 45, 82) + rng.normal(0, 9, len(mine))
            add_creatinine(events, people, mine, when, egfr.clip(10, 125))
        else:
            _add_acr(rng, events, facts, mine, when)


def _kidneys(rng, events, people, facts, seen, last) -> None:
    who, since, until = holders(facts, "ckd", seen, last)
    alone = ~facts.of("diabetes")[who]
    who, since, until = who[alone], since[alone], until[alone]
    _add_acr(rng, events, facts, *yearly(rng, people, who, since, until, _odds(people, who, "kidney_acr")))


def _add_acr(rng, events, facts, who, day) -> None:
    """Albumin:creatinine ratios, mg/mmol: a quarter of people with diabetes are above 3, more with kidney disease."""
    middle = np.where(facts.of("ckd")[who], 3.0, 1.2)
    value = np.clip(middle * np.exp(rng.normal(0, 1.15, len(who))), 0.3, 400)
    events.add(who, day, codes.positions("urine_acr")[0], np.rint(value * 10), "mg/mmol")


def _medicines(rng, events, people, facts, seen, last) -> None:
    burden = facts.health.has[seen, :LONG_TERM].sum(axis=1)
    who = seen[burden > 0]
    ages, shares = zip(*MEDICATION_REVIEWED, strict=True)
    odds = logit(np.interp(people.age[who], ages, shares)) - 0.15 * people.deprivation[who]
    severe = np.where(facts.frailty != NULL, facts.frailty, 0) == FRAILTIES.index("Severe")
    odds = odds - 0.3 * severe[who]  # at home, and harder to see
    who, day = yearly(rng, people, who, people.first[who], last[who], odds)
    many = (people.age[who] >= 65) & (facts.health.has[who, :LONG_TERM].sum(axis=1) >= 3)
    structured = chance(rng, np.where(many, STRUCTURED_SHARE[1], STRUCTURED_SHARE[0]))
    code = np.where(structured, codes.positions("structured_medication_review")[0], one_of("medication_review", who))
    events.add(who, day, code.astype(codes.index_type()))


def _learning_disability(rng, events, people, facts, seen, last) -> None:
    who, since, until = holders(facts, "learning_disability", seen, last)
    birthday = (people.birth[who] - days.EPOCH + LD_FROM_AGE * days.YEAR).astype(np.int64)
    since = np.maximum(since, birthday)
    who, day = yearly(rng, people, who, since, until, _odds(people, who, "learning_disability_check"))
    events.add(who, day, one_of("learning_disability_check", who))


def _at_home(rng, events, people, facts, seen, last) -> None:
    """Averages of readings at home or over a day; about 5 mmHg below those of the surgery."""
    known = facts.of("hypertension")[seen]
    for name, who in (("home_hypertension", seen[known]), ("home_others", seen[~known & (people.age[seen] >= 40)])):
        who, day = yearly(rng, people, who, people.first[who], last[who], _odds(people, who, name))
        usual = 108 + 0.34 * (people.age[who] - 20).clip(0) + 6 * (name == "home_hypertension")
        upper = np.rint(np.clip(usual + rng.normal(0, 10, len(who)), 85, 220))
        lower = np.rint(np.clip(upper * 0.46 + 16 + rng.normal(0, 5, len(who)), 40, 125))
        ambulatory = chance(rng, 0.3, len(who)).astype(int)
        events.add(who, day, codes.positions("home_systolic_bp")[ambulatory], upper * 10, "mmHg")
        events.add(who, day, codes.positions("home_diastolic_bp")[ambulatory], lower * 10, "mmHg")


def _creatinine(people: People, who: np.ndarray, egfr: np.ndarray) -> np.ndarray:
    """Creatinine in umol/L of an eGFR: the CKD-EPI equation of 2009 turned round (Levey and others, 2009)."""
    woman = people.sex[who] == 1
    age = people.age[who].astype(float)
    ratio = 141 * 0.993**age * np.where(woman, 1.018, 1.0) / egfr
    below = np.where(woman, 1 / 0.329, 1 / 0.411)
    times = ratio ** np.where(ratio >= 1, 1 / 1.209, below)
    return np.asarray(np.rint(np.clip(times * np.where(woman, 61.9, 79.6), 15, 1_200)))
