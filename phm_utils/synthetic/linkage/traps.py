"""What makes a record easy to link to the wrong person, in one word of the truth."""

import numpy as np

from phm_utils.synthetic.draws import NULL, Coded
from phm_utils.synthetic.linkage.known import Known
from phm_utils.synthetic.linkage.sheet import Sheet
from phm_utils.synthetic.linkage.sources import FREQUENT_RECORDS

# Of several that hold, the first is told. Those of the record itself stand before those of its person.
TRAPS = ("wrong NHS number", "unnamed newborn", "placeholder", "married and moved", "twin", "father and son",
         "namesake", "not in GP extract", "not registered", "frequent attender", "care home", "hostel")  # fmt: skip


def trap_of_records(sheet: Sheet) -> Coded:
    """The trap of each record of a source, null for most."""
    trap = _told(_of_people(sheet.known), len(sheet.known))[sheet.who]
    records = np.bincount(sheet.who, minlength=len(sheet.known))[sheet.who]
    own = {
        "wrong NHS number": sheet.has("another's number") | sheet.has("nobody's number"),
        "unnamed newborn": sheet.has("unnamed"),
        "placeholder": sheet.has("placeholder") | sheet.has("date filler"),
        "married and moved": sheet.has("former name") & sheet.has("former home"),
        "frequent attender": records >= FREQUENT_RECORDS[0],
    }
    return Coded(np.minimum(trap, _told(own, len(sheet.who))), TRAPS)


def _of_people(known: Known) -> dict[str, np.ndarray]:
    people, kinship = known.people, known.kinship
    of_one_name = kinship.father >= 0
    of_one_name[kinship.father[of_one_name]] = True
    return {
        "twin": kinship.twin >= 0,
        "father and son": of_one_name,
        "namesake": kinship.namesake,
        "not in GP extract": known.here & people.registered & ~known.in_gp,
        "not registered": ~people.registered,
        "care home": people.communal == 1,
        "hostel": people.communal == 2,
    }


def _told(masks: dict[str, np.ndarray], size: int) -> np.ndarray:
    """Position of the first trap that holds, NULL for none."""
    trap = np.full(size, NULL, np.uint8)
    for name in sorted(masks, key=TRAPS.index, reverse=True):
        trap[masks[name]] = TRAPS.index(name)
    return trap
