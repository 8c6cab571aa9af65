"""Traps: what makes a record easy to link to the wrong person."""

import numpy as np

from phm_utils.synthetic.draws import NULL, Coded
from phm_utils.synthetic.linkage.population import Population
from phm_utils.synthetic.linkage.sheet import Sheet
from phm_utils.synthetic.linkage.sources import FREQUENT_RECORDS

# Where several hold, the first is recorded. Those of the record come before those of its person.
TRAPS = ("wrong NHS number", "unnamed newborn", "placeholder", "married and moved", "twin", "father and son",
         "namesake", "not in GP extract", "not registered", "frequent attender", "care home", "hostel")  # fmt: skip


def trap_of_records(sheet: Sheet) -> Coded:
    """The trap of each record of a source, null for most."""
    trap = _first_trap(_of_people(sheet.population), len(sheet.population))[sheet.who]
    records = np.bincount(sheet.who, minlength=len(sheet.population))[sheet.who]
    own = {
        "wrong NHS number": sheet.has("another's number") | sheet.has("nobody's number"),
        "unnamed newborn": sheet.has("unnamed"),
        "placeholder": sheet.has("placeholder") | sheet.has("date filler"),
        "married and moved": sheet.has("former name") & sheet.has("former home"),
        "frequent attender": records >= FREQUENT_RECORDS[0],
    }
    return Coded(np.minimum(trap, _first_trap(own, len(sheet.who))), TRAPS)


def _of_people(population: Population) -> dict[str, np.ndarray]:
    people, relatives = population.people, population.relatives
    of_one_name = relatives.father >= 0
    of_one_name[relatives.father[of_one_name]] = True
    return {
        "twin": relatives.twin >= 0,
        "father and son": of_one_name,
        "namesake": relatives.namesake,
        "not in GP extract": population.resident & people.registered & ~population.in_gp,
        "not registered": ~people.registered,
        "care home": people.communal == 1,
        "hostel": people.communal == 2,
    }


def _first_trap(masks: dict[str, np.ndarray], size: int) -> np.ndarray:
    """Position of the first trap that holds, NULL for none."""
    trap = np.full(size, NULL, np.uint8)
    for name in sorted(masks, key=TRAPS.index, reverse=True):
        trap[masks[name]] = TRAPS.index(name)
    return trap
