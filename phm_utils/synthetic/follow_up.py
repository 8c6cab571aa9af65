"""What came of lists that are planted: who was on them, and each status of theirs with its day.

The lists are made on LIST_DAY from a run of INDEX_DAY.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import NULL, Coded
from phm_utils.synthetic.rows import Dates, Rows

INDEX_DAY = days.day(date(2024, 12, 31))
LIST_DAY = days.day(date(2025, 1, 6))
LAST_DAY = days.day(date(2025, 3, 28))  # of an event: within the demo's index date
STATUSES = ("offered", "contacted", "not_reached", "reached", "accepted", "declined", "closed", "attended", "reviewed",
            "food_parcel", "hub_support")  # fmt: skip
CODE, RETURNED = HOW = ("code", "returned")
WORKING_DAYS = np.flatnonzero((days.WEEKDAY < 5) & (np.arange(days.DAYS) > LIST_DAY))  # after the lists were made


@dataclass
class FollowUp:
    """One entry per status of a person: position of the person, cohort, status, day and how it became known.

    listed: by cohort everybody who is planted, those without any status among them.
    ends: the last day of what became known in each of HOW.
    """

    listed: dict[str, np.ndarray]
    ends: dict[str, int]
    who: list[np.ndarray] = field(default_factory=list)
    cohort: list[np.ndarray] = field(default_factory=list)
    status: list[np.ndarray] = field(default_factory=list)
    day: list[np.ndarray] = field(default_factory=list)
    how: list[np.ndarray] = field(default_factory=list)

    def add(self, cohort: str, status: str, who: np.ndarray, day: np.ndarray, how: str, last: np.ndarray) -> None:
        """A status of some people, where its day comes before the end of their registration and of `how`."""
        end = np.minimum(last[who], self.ends[how])
        kept = day <= end
        for column, value in ((self.cohort, list(self.listed).index(cohort)), (self.status, STATUSES.index(status)),
                              (self.how, HOW.index(how))):  # fmt: skip
            column.append(np.full(int(kept.sum()), value, np.uint8))
        self.who.append(who[kept].astype(np.int32))
        self.day.append(day[kept].astype(np.int32))

    def rows(self) -> Rows:
        """The truth: one row per status, by cohort, person and day; of people without any, a row without one."""
        who, day = np.concatenate(self.who), np.concatenate(self.day)
        parts = [np.concatenate(column) for column in (self.cohort, self.status, self.how)]
        for place, cohort in enumerate(self.listed):
            silent = np.setdiff1d(self.listed[cohort], who[parts[0] == place]).astype(np.int32)
            who, day = np.concatenate([who, silent]), np.concatenate([day, np.full(len(silent), days.NO_DAY, np.int32)])
            more = (np.full(len(silent), value, np.uint8) for value in (place, NULL, NULL))
            parts = [np.concatenate(pair) for pair in zip(parts, more, strict=True)]
        order = np.lexsort((parts[1], day, who, parts[0]))
        of_cohort, status, how = (part[order] for part in parts)
        return Rows(
            who[order],
            {
                "cohort": Coded(of_cohort, tuple(self.listed)),
                "status": Coded(status, STATUSES),
                "day": Dates(day[order]),
                "how": Coded(how, HOW),
            },
        )


def age_on_index(birth: np.ndarray) -> np.ndarray:
    """Completed years on INDEX_DAY from the first of the month of birth, as runs count them. birth: date32."""
    months = birth.astype("datetime64[D]").astype("datetime64[M]").astype(int)
    return np.asarray((np.datetime64(days.START, "D") + INDEX_DAY).astype("datetime64[M]").astype(int) - months) // 12
