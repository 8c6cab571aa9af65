"""What the person table is made of as at one day: definitions, windows and prices, and no data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from phm_utils.persons.derived import Derived
from phm_utils.persons.missing import missing_columns
from phm_utils.persons.prices import price_values, unit_costs
from phm_utils.persons.recorded import Recorded
from phm_utils.persons.sources import FOLLOW_MONTHS, Source, Window, months_before, windows
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.concepts import Concept, concepts
from phm_utils.rules.person import person_columns
from phm_utils.rules.scores import HOSPITAL_MONTHS
from phm_utils.tables import EMERGENCY_ADMIMETH


@dataclass(frozen=True)
class Plan:
    """Everything that decides what `person` is made of.

    missing: columns that are null for everybody, with the tables that they lack.
    """

    index_date: date
    known: tuple[Concept, ...]
    columns: Mapping[str, RuleColumn]
    spans: Mapping[str, Window]
    costs: Mapping[str, int]
    derived: Derived
    missing: Mapping[str, tuple[str, ...]]

    @classmethod
    def at(
        cls, index_date: date, sources: Mapping[str, Source], blank: frozenset[tuple[str, str]] = frozenset()
    ) -> "Plan":
        """From the files of `parameters` and the sources at hand; `blank` columns have no value at all."""
        known, spans, costs = concepts(), windows(sources, index_date), unit_costs()
        columns, derived = person_columns(known), Derived.load(known)
        missing = missing_columns(columns, known, sources, spans, index_date, costs, derived, blank)
        return cls(index_date, known, columns, spans, costs, derived, missing)

    @cached_property
    def recorded(self) -> Recorded:
        """The columns that GP coded events give."""
        asked = {name for names in self.derived.asked().values() for name in names}
        return Recorded(self.known, self.index_date, frozenset(asked - set(self.columns)))

    def days(self, activity: str) -> dict[str, date]:
        """A window's days; where the source is absent, days over an empty table."""
        span = self.spans.get(activity)
        if span is None:
            return dict.fromkeys(("from_date", "to_date", "prior_from"), self.index_date)
        return {"from_date": span.from_date, "to_date": span.to_date, "prior_from": span.prior_from}

    @property
    def stays_to(self) -> date:
        """The last day up to which hospital spells are counted."""
        return self.days("emergency_admissions")["to_date"]

    @property
    def follow_from(self) -> date:
        """First day of the months of follow-up."""
        return months_before(self.index_date, FOLLOW_MONTHS)

    @property
    def values(self) -> dict[str, Any]:
        """What the SQL files call by name."""
        hospital = [c.window_months for c in self.known if c.system == "icd10" and c.window_months]
        return {
            "index_date": self.index_date,
            "follow_from": self.follow_from,
            "first_day": min([self.follow_from, *(w.prior_from for w in self.spans.values())]),
            "emergency_admimeth": EMERGENCY_ADMIMETH,
            "stays_to": self.stays_to,
            "scored_from": months_before(self.stays_to, HOSPITAL_MONTHS),
            "diagnoses_from": months_before(self.stays_to, max([HOSPITAL_MONTHS, *hospital])),
            **price_values(dict(self.costs)),
        }
