"""GP coded events: entries of conditions, measurements, answers about ways of life, vaccinations."""

from dataclasses import dataclass, field

import numpy as np

from phm_utils.synthetic import (
    care,
    codes,
    gp_conditions,
    gp_measurements,
    mental_illness_checks,
    prevention,
    vaccinations,
)
from phm_utils.synthetic.draws import NULL, Coded
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.people import People
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids

UNITS = ("kg/m2", "mmHg", "mmol/mol", "mmol/L", "mL/min/1.73m2", "umol/L", "mg/mmol")


@dataclass
class Events:
    """Blocks of events, one per kind, laid end to end at the end."""

    who: list[np.ndarray] = field(default_factory=list)
    day: list[np.ndarray] = field(default_factory=list)
    code: list[np.ndarray] = field(default_factory=list)
    value: list[np.ndarray] = field(default_factory=list)  # tenths of the unit; 0 for none
    unit: list[np.ndarray] = field(default_factory=list)

    def add(self, who, day, code, value=None, unit: str | None = None) -> None:
        """A block: `code` is one for all or one each; `value` in tenths of its unit."""
        n = len(who)
        self.who.append(who.astype(np.int32, copy=False))
        self.day.append(day)
        self.code.append(np.full(n, code, codes.index_type()) if np.ndim(code) == 0 else code)
        self.value.append(np.zeros(n, np.uint16) if value is None else value.astype(np.uint16))
        self.unit.append(np.full(n, NULL if unit is None else UNITS.index(unit), np.uint8))


def make_gp_events(rng: np.random.Generator, people: People, facts: Facts, use: np.ndarray, last: np.ndarray) -> Rows:
    """All coded events. use: how often each person is seen, mean about 1. last: last day of the extract, per person."""
    events = Events()
    seen = np.flatnonzero(people.registered & ~people.type_1 & (people.first <= last))
    gp_conditions.add_conditions(rng, events, people, facts, seen, last)
    egfr = gp_measurements.add_measurements(rng, events, people, facts, use, seen, last)
    vaccinations.add_vaccinations(rng, events, people, facts, seen, last)
    gp_conditions.add_facts(rng, events, people, facts, seen, last)
    care.add_creatinine(events, people, *egfr)
    care.add_care(rng, events, people, facts, seen, last)
    care.add_attacks(events, people, facts, last)
    prevention.add_prevention(rng, events, people, facts, seen, last)
    mental_illness_checks.add_checks(rng, events, people, facts, seen, last)
    value = np.concatenate(events.value)
    who = np.concatenate(events.who)
    return Rows(
        who,
        {
            "event_id": ids(people.pcn, len(who)),
            "event_date": Dates(np.concatenate(events.day)),
            "snomed_code": Coded(np.concatenate(events.code), codes.words()),
            "value_num": Numbers(value / 10.0, value == 0),
            "unit": Coded(np.concatenate(events.unit), UNITS),
        },
    )
