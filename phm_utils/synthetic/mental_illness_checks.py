"""The yearly physical health check of people with severe mental illness: its six core elements."""

import numpy as np

from phm_utils.synthetic import codes
from phm_utils.synthetic.care import holders, yearly
from phm_utils.synthetic.draws import NULL, chance, logit
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.people import People

# Planted: the share checked in a year at deprivation 0, its log-odds per unit of deprivation, and the share of each
# element that is done at a check. NHS England's aim is three of four people with all six.
SHARE, GRADIENT, ELEMENT_DONE = 0.66, -0.25, 0.94
_SMOKING = ("smoking_never", "smoking_ex", "smoking_current")
_DRINKING = ("alcohol_lower_risk", "alcohol_increasing_risk", "alcohol_higher_risk")


def add_checks(rng, events, people: People, facts: Facts, seen: np.ndarray, last: np.ndarray) -> None:
    """Blood pressure, body mass, HbA1c, cholesterol, smoking, and drinking where it is known, of adults."""
    who, since, until = holders(facts, "smi", seen, last)
    grown = people.age[who] >= 18
    who, since, until = who[grown], since[grown], until[grown]
    who, day = yearly(rng, people, who, since, until, logit(SHARE) + GRADIENT * people.deprivation[who])
    for add in (_pressure, _weight, _sugar, _fat, _smoking, _drinking):
        done = chance(rng, ELEMENT_DONE, len(who))
        add(rng, events, people, facts, who[done], day[done])


def _pressure(rng, events, people, facts, who, day) -> None:
    upper = np.rint(np.clip(115 + 0.3 * (people.age[who] - 20) + rng.normal(0, 12, len(who)), 85, 210))
    lower = np.rint(np.clip(upper * 0.45 + 18 + rng.normal(0, 6, len(who)), 40, 125))
    events.add(who, day, codes.positions("systolic_bp")[0], upper * 10, "mmHg")
    events.add(who, day, codes.positions("diastolic_bp")[0], lower * 10, "mmHg")


def _weight(rng, events, people, facts, who, day) -> None:
    value = facts.health.bmi[who] * (1 + 0.025 * rng.standard_normal(len(who)))
    events.add(who, day, codes.positions("bmi")[0], np.rint(value.clip(11, 75) * 10), "kg/m2")


def _sugar(rng, events, people, facts, who, day) -> None:
    value = np.where(facts.of("diabetes")[who], 58, 37) + rng.normal(0, 4, len(who))
    events.add(who, day, codes.positions("hba1c")[0], np.rint(value.clip(20, 160)) * 10, "mmol/mol")


def _fat(rng, events, people, facts, who, day) -> None:
    value = np.clip(5.2 + rng.normal(0, 0.9, len(who)), 2, 12)
    events.add(who, day, codes.positions("cholesterol")[0], np.rint(value * 10), "mmol/L")


def _smoking(rng, events, people, facts, who, day) -> None:
    events.add(who, day, _coded(_SMOKING, facts.health.smoking[who]))


def _drinking(rng, events, people, facts, who, day) -> None:
    known = facts.alcohol[who] != NULL
    events.add(who[known], day[known], _coded(_DRINKING, facts.alcohol[who[known]]))


def _coded(concepts: tuple[str, ...], answer: np.ndarray) -> np.ndarray:
    """The code of each answer, which is a place in `concepts`."""
    return np.array([codes.positions(name)[0] for name in concepts], codes.index_type())[answer]
