"""Programmes for frequent attenders: who is offered one, month by month, and what it does.

Eligible in a month: seven or more ED attendances in the twelve months before
it, alive, registered, no palliative care entry yet, not yet enrolled. Staff
choose among the eligible by what the record shows. From the first day of the
month of enrolment each attendance that would have been happens with
probability `ratio`: the planted rate ratio, whatever the person's own rate.
"""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.draws import Coded, chance, expit
from phm_utils.synthetic.geography import place_in_county
from phm_utils.synthetic.people import People
from phm_utils.synthetic.rows import Dates, Rows, ids

ELIGIBLE_ATTENDANCES, LOOK_BACK_MONTHS = 7, 12
FIRST_MONTH, LAST_MONTH = days.month_number(2023, 9), days.month_number(2024, 9)
LEAST_MONTHS, MOST_MONTHS = 6, 12  # enrolled for
PER_RECENT_ATTENDANCE, MENTAL_HEALTH = 0.22, 0.5  # log-odds of being enrolled in a month
INTERCEPT = -3.05  # of those log-odds: about two in five of the eligible are enrolled in the end


@dataclass(frozen=True)
class Programme:
    """A programme: its planted rate ratio on ED attendances, and which of each county's networks offer it."""

    code: str
    ratio: float
    pcns: tuple[int, ...]


# Six networks of a county offer neither: with fewer controls an evaluation gives no verdict.
PROGRAMMES = (Programme("HIU", 0.59, (1, 4, 7, 10, 13)), Programme("CHECKIN", 1.0, (2, 8, 11, 14)))


def offered(pcn: int) -> Programme | None:
    """The programme of a network, if it has one."""
    return next((p for p in PROGRAMMES if place_in_county(pcn) + 1 in p.pcns), None)


@dataclass(frozen=True)
class Enrolments:
    """One entry per person enrolled, and how many were ever eligible in the months of enrolment."""

    who: np.ndarray
    start: np.ndarray
    end: np.ndarray  # last day enrolled, may lie beyond the extract
    ever_eligible: np.ndarray


def enrol(rng: np.random.Generator, people: People, health: Health, who: np.ndarray, day: np.ndarray) -> Enrolments:
    """Enrol from the attendances that count towards the rule, as they would be without the programme.

    Those counts are right for whoever is not enrolled yet, and only they matter.
    """
    often = np.flatnonzero(np.bincount(who, minlength=len(people)) >= ELIGIBLE_ATTENDANCES)
    place = np.full(len(people), -1, np.int32)
    place[often] = np.arange(len(often))
    mine = place[who] >= 0
    monthly = np.zeros((len(often), days.MONTHS + 1), np.int32)
    np.add.at(monthly, (place[who[mine]], days.MONTH[day[mine]] + 1), 1)
    total = monthly.cumsum(axis=1)
    start = np.full(len(often), days.NO_DAY, np.int32)
    ever = np.zeros(len(often), bool)
    service = offered(people.pcn)
    palliative = health.since("palliative_care")[often]
    ill_since = health.since("depression", "anxiety", "smi", "alcohol_problems")[often]
    for month in range(FIRST_MONTH, LAST_MONTH + 1):
        opening = days.MONTH_START[month]
        eligible = (total[:, month] - total[:, month - LOOK_BACK_MONTHS] >= ELIGIBLE_ATTENDANCES) & (
            people.registered[often]
            & (people.first[often] < opening)
            & (people.last[often] > opening)
            & (palliative >= opening)
        )
        ever |= eligible
        recent = total[:, month] - total[:, month - 3]
        odds = INTERCEPT + PER_RECENT_ATTENDANCE * recent + MENTAL_HEALTH * (ill_since < opening)
        chosen = eligible & (start == days.NO_DAY) & chance(rng, expit(odds)) & (service is not None)
        start[chosen] = opening
    enrolled = start != days.NO_DAY
    months = rng.integers(LEAST_MONTHS, MOST_MONTHS + 1, len(often))
    after = (days.MONTH[start.clip(0)] + months).clip(0, days.MONTHS)
    end = np.where(after < days.MONTHS, days.MONTH_START[after] - 1, days.DAYS + 30)
    return Enrolments(often[enrolled], start[enrolled], end[enrolled], often[ever])


def spared(
    rng: np.random.Generator, people: People, enrolments: Enrolments, who: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """True for attendances that the programme prevents."""
    service = offered(people.pcn)
    ratio = service.ratio if service else 1.0
    start = np.full(len(people), days.DAYS + 1, np.int32)
    end = np.zeros(len(people), np.int32)
    start[enrolments.who], end[enrolments.who] = enrolments.start, enrolments.end
    inside = (day >= start[who]) & (day <= end[who])
    return inside & chance(rng, 1 - ratio, len(who))


def enrolment_rows(people: People, enrolments: Enrolments) -> Rows:
    """The table `programme_enrolment`; still open where the end lies beyond the extract."""
    who = enrolments.who.astype(np.int32)
    end = np.minimum(enrolments.end, np.where(people.last[who] < days.DAYS - 1, people.last[who], days.DAYS + 30))
    return Rows(
        who,
        {
            "enrolment_id": ids(people.pcn, len(who)),
            "programme": Coded(
                np.zeros(len(who), np.uint8), (service.code if (service := offered(people.pcn)) else "",)
            ),
            "enrolled_from": Dates(enrolments.start),
            "enrolled_to": Dates.some(end, end < days.DAYS),
        },
    )
