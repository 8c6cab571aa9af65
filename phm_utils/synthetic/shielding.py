"""The list of shielded patients: drawn by the clinical rule of 2020 as far as Demoshire has it, with known faults.

Eligible: any late stage of disease ever, cancer first recorded in two years, or four issues of prednisolone in one.
The faults are those that practices and councils met in 2020; their shares are assumed, not measured.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import NULL, Coded, chance, largest
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.medicines import PREDNISOLONE
from phm_utils.synthetic.partners import here_on
from phm_utils.synthetic.people import People
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids

NAME = "shielded_patients"
LIST_DATE = date(2024, 12, 1)  # one edition, so that runs of December and of March have the same
LIST_DAY = days.day(LIST_DATE)
STAGES = ("end_stage_copd", "end_stage_renal", "end_stage_liver", "end_stage_heart")
CANCER_DAYS, COURSES_DAYS, COURSES = 731, 365, 4  # first recorded within; issues within, and how many
REASONS = (*STAGES, "cancer", "prednisolone")
MISSING = 0.14  # of those eligible
WITHOUT_REASON, DEAD, MOVED = 0.05, 0.02, 0.02  # of the list
GONE_WITHIN = 365  # days before the list: when its dead died and its movers left
STATES = ("right", "missing", "without reason", "dead", "moved")
IDS_FROM = 700_000_000  # of the network's row ids in `partner_list`


@dataclass(frozen=True)
class Shielded:
    """One entry per person listed or eligible: place of the person, of their STATES, and of REASONS (NULL: none)."""

    who: np.ndarray
    state: np.ndarray
    reason: np.ndarray

    @property
    def listed(self) -> np.ndarray:
        """The people on the list."""
        return self.who[self.state != STATES.index("missing")]

    def rows(self, pcn: int) -> Rows:
        """The rows of `partner_list`: no flag, for the list says nothing of the domains that flags are about."""
        who = self.listed
        return Rows(
            who,
            {
                "row_id": Numbers(ids(pcn, len(who)).values + IDS_FROM),
                "list_name": Coded(np.zeros(len(who), np.uint8), (NAME,)),
                "flag": Coded(np.full(len(who), NULL, np.uint8), ("",)),
                "list_date": Dates(np.full(len(who), LIST_DAY, np.int32)),
            },
        )

    def counts(self) -> dict[str, int]:
        """People by state, for the summary of the ICS."""
        return dict(zip(STATES, np.bincount(self.state, minlength=len(STATES)).tolist(), strict=True))

    def truth(self) -> Rows:
        """One row per person listed or eligible, with what is right or wrong about their place on the list."""
        return Rows(
            self.who,
            {
                "listed": Numbers(self.state != STATES.index("missing")),
                "eligible": Numbers(np.isin(self.state, [STATES.index("right"), STATES.index("missing")])),
                "state": Coded(self.state, STATES),
                "reason": Coded(self.reason, REASONS),
            },
        )


def steroid_issues(issues: Rows) -> tuple[np.ndarray, np.ndarray]:
    """The person and the day of each issue of oral prednisolone. issues: `gp_medication` before errors are added."""
    drug = issues.coded("bnf_code")
    mine = np.flatnonzero(drug.index == list(drug.words).index(PREDNISOLONE))
    return issues.who[mine], issues.dates("issue_date").days[mine].astype(np.int32)


def reasons(facts: Facts, steroids: tuple[np.ndarray, np.ndarray], day: int) -> np.ndarray:
    """By person: the first of REASONS that holds on a day, as a place in them; NULL where none does."""
    known, since = facts.column("cancer")
    who, issued = steroids
    lately = who[(issued > day - COURSES_DAYS) & (issued <= day)]
    courses = np.bincount(lately, minlength=len(known))
    holds = [facts.at(stage, day) for stage in STAGES]
    holds += [known & (since <= day) & (since > day - CANCER_DAYS), courses >= COURSES]
    return np.select(holds, range(len(REASONS)), NULL).astype(np.uint8)


def make_shielded(
    rng: np.random.Generator, people: People, facts: Facts, steroids: tuple[np.ndarray, np.ndarray]
) -> Shielded:
    """The list, its faults, and those whom it lacks. People whom practices may not extract are not on it."""
    reason = reasons(facts, steroids, LIST_DAY)
    asked = people.registered & ~people.type_1
    here = asked & here_on(people, LIST_DAY)
    eligible = np.flatnonzero(here & (reason != NULL))
    missing = chance(rng, MISSING, len(eligible))
    right = eligible[~missing]
    total = len(right) / (1 - WITHOUT_REASON - DEAD - MOVED)
    others = {
        "without reason": _chosen(
            rng, here & (people.age >= 18) & (reason == NULL), _ill(facts), WITHOUT_REASON * total
        ),
        "dead": _chosen(rng, asked & _ended(people.died), reason != NULL, DEAD * total),
        "moved": _chosen(rng, asked & _ended(people.left), reason != NULL, MOVED * total),
    }
    parts = {"right": right, "missing": eligible[missing], **others}
    who = np.concatenate([parts[state] for state in STATES])
    state = np.repeat(np.arange(len(STATES), dtype=np.uint8), [len(parts[name]) for name in STATES])
    order = np.argsort(who, kind="stable")
    who, state = who[order].astype(np.int32), state[order]
    return Shielded(who, state, np.where(state == STATES.index("without reason"), NULL, reason[who]).astype(np.uint8))


def _ended(end: np.ndarray) -> np.ndarray:
    """True for people who died, or left, in the year before the list."""
    return (end < LIST_DAY) & (end >= LIST_DAY - GONE_WITHIN)


def _ill(facts: Facts) -> np.ndarray:
    """People who are listed by mistake most easily: ill, but not by the rule."""
    return facts.of("copd", "ckd", "heart_failure", "asthma", "rheumatoid_arthritis", "cancer")


def _chosen(rng: np.random.Generator, among: np.ndarray, first: np.ndarray, count: float) -> np.ndarray:
    """So many of some people, those of `first` before the others."""
    places = np.flatnonzero(among)
    return places[largest(rng.random(len(places)) + first[places], min(round(count), len(places)))]
