"""Who is truly on each disease register, and the counts that practices would publish.

Derived from planted facts alone: an unresolved condition, an age, a medicine.
The obesity register is left out: it depends on when a weight was last measured.
"""

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.people import UNREGISTERED, People

# Registers of everybody who has the condition, and of those from an age on.
OF_ANY_AGE = {
    "af": "atrial_fibrillation", "cancer": "cancer", "chd": "chd", "copd": "copd", "dementia": "dementia",
    "heart_failure": "heart_failure", "learning_disability": "learning_disability", "pad": "pad",
    "palliative": "palliative_care", "stroke_tia": "stroke_tia",
}  # fmt: skip
FROM_AGE = {
    "ckd": ("ckd", 18), "depression": ("depression", 18), "diabetes": ("diabetes", 17),
    "hypertension": ("hypertension", 18),
}  # fmt: skip
TREATED = {"asthma": ("asthma", 6, "asthma_medicines"), "epilepsy": ("epilepsy", 18, "epilepsy_medicines")}
REGISTERS = (*OF_ANY_AGE, *FROM_AGE, *TREATED, "ndh", "osteoporosis", "ra", "smi")


def age_at(people: People, day: np.ndarray | int) -> np.ndarray:
    """Completed years on a day."""
    return np.floor((day + days.EPOCH - people.birth) / days.YEAR).astype(np.int16)


def registered(people: People) -> np.ndarray:
    """True for people registered with a practice on the index date."""
    return people.registered & (people.first <= days.INDEX_DAY) & (people.last >= days.INDEX_DAY)


def on_registers(people: People, facts: Facts, takes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """For each of REGISTERS who is on it on the index date. takes: who takes each of the medicines' TREATMENTS."""
    age = age_at(people, days.INDEX_DAY)
    on = {name: facts.at(concept) for name, concept in OF_ANY_AGE.items()}
    on |= {name: facts.at(concept) & (age >= least) for name, (concept, least) in FROM_AGE.items()}
    on |= {name: facts.at(concept) & (age >= least) & takes[drug] for name, (concept, least, drug) in TREATED.items()}
    grown = age_at(people, facts.column("ndh")[1]) >= 18
    on["ndh"] = facts.at("ndh") & grown & ~facts.at("diabetes")
    broken = facts.at("osteoporosis") & facts.at("fragility_fracture")
    on["osteoporosis"] = broken & ((age >= 75) | ((age >= 50) & facts.at("dxa")))
    on["ra"] = facts.at("rheumatoid_arthritis") & (age_at(people, facts.column("rheumatoid_arthritis")[1]) >= 16)
    on["smi"] = facts.at("smi") | takes["lithium_medicines"]
    here = registered(people)
    return {name: on[name] & here for name in REGISTERS}


def counts(people: People, on: dict[str, np.ndarray], practices: np.ndarray) -> dict[str, dict[str, int]]:
    """People on each register by practice code."""
    known = people.practice != UNREGISTERED
    found = {
        name: np.bincount(people.practice[member & known], minlength=len(practices)) for name, member in on.items()
    }
    return {code: {name: int(found[name][n]) for name in found} for n, code in enumerate(practices.tolist())}
