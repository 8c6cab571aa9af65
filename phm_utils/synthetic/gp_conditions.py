"""GP entries of conditions and facts: a first entry, reviews, and an entry that ends some of them.

Each person's first entry follows soon upon the day from which a condition is
known, so that a register counted from the entries is that of the truth.
"""

import numpy as np

from phm_utils.synthetic import codes, days
from phm_utils.synthetic.deficits import FACTS
from phm_utils.synthetic.draws import NULL
from phm_utils.synthetic.facts import FRAILTIES, Facts
from phm_utils.synthetic.people import People
from phm_utils.synthetic.prevalence import CONDITIONS

EXTRA_ENTRIES = 1.45  # times the reviews: results, letters and admin coded under the condition
# Days within which the first entry comes: of a new condition, of a patient who joined with it, of one here at START.
_FIRST_ENTRY = (30, 60, 365)
_SILENT = 10  # days without entries before the one that ends a condition
_ALCOHOL_CODES = ("alcohol_lower_risk", "alcohol_increasing_risk", "alcohol_higher_risk")
_FRAILTY_CODES = tuple(f"frailty_{word.lower()}" for word in FRAILTIES)
_LAST_WEEKS = 26  # entries a year


def add_conditions(rng, events, people: People, facts: Facts, seen: np.ndarray, last: np.ndarray) -> None:
    """Entries of each long-term condition until it is resolved, and the code that resolves it."""
    for place, condition in enumerate(CONDITIONS):
        holders = seen[facts.health.has[seen, place]]
        ends = facts.resolved[holders, place]
        until = np.minimum(last[holders], ends - _SILENT)
        name = condition.concept
        code = _diabetes_codes(facts, holders) if name == "diabetes" else _own_code(name, holders)
        _add_entries(rng, events, people, holders, facts.health.onset[holders, place], until,
                     EXTRA_ENTRIES * condition.reviews, code)  # fmt: skip
        gone = ends <= last[holders]
        listed = [codes.positions(end) for end in codes.resolutions().get(name, ())]
        if listed and gone.any():
            rows, day = days.SURGERY.spread(
                rng, ends[gone], np.minimum(ends[gone] + 6, last[holders[gone]]), np.ones(int(gone.sum()), int)
            )
            who = holders[gone][rows]
            events.add(who, day, _one_of(np.concatenate(listed), who))


def add_facts(rng, events, people: People, facts: Facts, seen: np.ndarray, last: np.ndarray) -> None:
    """Entries of deficits and late stages, of the last weeks of life, of pregnancies, and of two statuses."""
    for fact in FACTS:
        has, onset = facts.column(fact.concept)
        holders = seen[has[seen]]
        _add_entries(rng, events, people, holders, onset[holders], last[holders], fact.reviews,
                     _own_code(fact.concept, holders))  # fmt: skip
    has, onset = facts.column("end_of_life")
    holders = seen[has[seen] & (onset[seen] <= last[seen])]
    _add_entries(rng, events, people, holders, onset[holders], last[holders], _LAST_WEEKS,
                 _own_code("end_of_life", holders), within=7)  # fmt: skip
    _add_pregnancies(events, people, facts, last)
    _add_status(rng, events, people, seen, last, facts.alcohol, _ALCOHOL_CODES, 0.12, days.DAYS)
    _add_status(rng, events, people, seen, last, facts.frailty, _FRAILTY_CODES, 0.3, 3 * 365)


def _add_entries(rng, events, people, holders, onset, until, per_year, code, within=None) -> None:
    """The first entry of each holder soon after `onset`, and then so many a year `until` the last."""
    alive = until >= onset
    holders, onset, until, code = holders[alive], onset[alive], until[alive], code[alive]
    new, joined, known = _FIRST_ENTRY if within is None else (within,) * 3
    wait = np.where(onset > people.first[holders], new, np.where(people.first[holders] > 0, joined, known))
    rows, day = days.SURGERY.spread(rng, onset, np.minimum(onset + wait, until), np.ones(len(holders), np.int8))
    events.add(holders[rows], day, code[rows])
    rows, day = days.SURGERY.spread(rng, onset, until, rng.poisson(per_year * (until - onset) / days.YEAR))
    events.add(holders[rows], day, code[rows])


def _one_of(listed: np.ndarray, who: np.ndarray) -> np.ndarray:
    """One of the codes for each person: the one that their practice uses."""
    return listed[(who * 7919 >> 3) % len(listed)]


def _own_code(concept: str, holders: np.ndarray) -> np.ndarray:
    return _one_of(codes.positions(concept), holders)


def _diabetes_codes(facts: Facts, holders: np.ndarray) -> np.ndarray:
    """The code of the person's type, which the list of diabetes has too."""
    first = facts.diabetes_type[holders] == 1
    return np.where(first, _own_code("diabetes_type1", holders), _own_code("diabetes_type2", holders))


def _add_pregnancies(events, people: People, facts: Facts, last: np.ndarray) -> None:
    who, day = facts.pregnancies.who, facts.pregnancies.day
    kept = people.registered[who] & ~people.type_1[who] & (day <= last[who])
    events.add(who[kept], day[kept], _own_code("pregnancy", who[kept]))


def _add_status(rng, events, people, seen, last, status, concepts, per_year, within) -> None:
    """A first answer in the last `within` days, and the same one again a few times."""
    asked = seen[status[seen] != NULL]
    low = np.maximum(people.first[asked], last[asked] - within).astype(np.int32)
    first = low + (rng.random(len(asked)) * (last[asked] - low)).astype(np.int32)
    code = np.array([codes.positions(c)[0] for c in concepts], codes.index_type())[status[asked]]
    _add_entries(rng, events, people, asked, first, last[asked], per_year, code, within=14)
