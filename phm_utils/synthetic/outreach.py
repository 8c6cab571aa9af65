"""Follow-up as planted: what came, from January to March 2025, of lists made on LIST_DAY in one network.

Women overdue for cervical screening are invited by their practices, which code what comes of it. People with severe
frailty and no medication review are visited by a community team, which writes on the list what it did until the list
expires; practices code the reviews. Drawn last and from random numbers of its own, so that all else stays as it was.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from phm_utils.synthetic import codes, days
from phm_utils.synthetic.care import one_of
from phm_utils.synthetic.draws import NULL, Coded, chance, largest
from phm_utils.synthetic.follow_up import (
    CODE,
    HOW,
    INDEX_DAY,
    LAST_DAY,
    LIST_DAY,
    RETURNED,
    STATUSES,
    WORKING_DAYS,
    FollowUp,
    age_on_index,
)
from phm_utils.synthetic.network import Network
from phm_utils.synthetic.rows import Numbers, Rows

PCN = 2  # the network; none of its practices' extracts ends early
EXPIRES = days.day(date(2025, 1, 20))
CERVICAL, FRAILTY = COHORTS = ("cervical_screening_overdue", "severe_frailty_without_review")
SHARE, MOST = {CERVICAL: 0.5, FRAILTY: 0.9}, {CERVICAL: 300, FRAILTY: 150}  # of those overdue, and people at most
# Planted shares of the women: what practices code first; further tries of those who do not answer; and who comes then.
COMES, DECLINES, SILENT = 0.25, 0.10, 0.40  # of others nothing is coded
TRIED_AGAIN, TRIED_A_THIRD_TIME, COMES_LATE = 0.55, 0.50, 0.35
# Planted shares of the people with frailty.
OFFERED, LETTER_SENT = 0.90, 0.60
FAILED_TRIES = (0.45, 0.25, 0.15, 0.15)  # 0, 1, 2 and 3 of them, after which the team gives up
ACCEPTS, REFUSES, REVIEWED = 0.65, 0.22, 0.45  # reviewed: of those who accept
EVENT_IDS_FROM = 900_000_000  # of the network's event ids: beyond all others
_CONCEPTS = {"attended": "cervical_screening", "declined": "cervical_screening_declined",
             "not_reached": "cervical_screening_no_response", "reviewed": "medication_review"}  # fmt: skip


def coded_events(found: FollowUp) -> Rows:
    """The rows of gp_event by which practices coded it."""
    truth = found.rows()
    truth = truth.take(np.flatnonzero(truth.coded("how").index == HOW.index(CODE)))
    code = np.zeros(len(truth), codes.index_type())
    for status, concept in _CONCEPTS.items():
        mine = truth.coded("status").index == STATUSES.index(status)
        code[mine] = one_of(concept, truth.who[mine])
    number = np.arange(1, len(truth) + 1, dtype=np.int64) + PCN * 1_000_000_000 + EVENT_IDS_FROM
    nothing = np.zeros(len(truth))
    return Rows(truth.who, {
        "event_id": Numbers(number), "event_date": truth.dates("day"), "snomed_code": Coded(code, codes.words()),
        "value_num": Numbers(nothing, nothing == 0), "unit": Coded(np.full(len(truth), NULL, np.uint8), ()),
    })  # fmt: skip


def make_outreach(rng: np.random.Generator, network: Network, registrations: Rows, events: Rows) -> FollowUp:
    """What came of both lists. registrations, events: the network's rows before errors are added."""
    people, last = network.people, network.gp_last().astype(np.int64)
    moved = registrations.take(np.flatnonzero(np.bincount(registrations.who)[registrations.who] > 1))
    began = moved.dates("registered_from").days
    changed = np.zeros(len(people), bool)
    changed[moved.who[(began > LIST_DAY) & (began <= LAST_DAY)]] = True
    changed |= (people.last > LIST_DAY) & (people.last <= LAST_DAY)
    entries = Entries(len(people), events)
    eligible = people.registered & ~people.type_1 & (people.first <= INDEX_DAY) & (last > LIST_DAY)
    overdue = {CERVICAL: eligible & _unscreened(network, entries), FRAILTY: eligible & _unreviewed(network, entries)}
    listed = {cohort: _some(rng, overdue[cohort], changed, cohort) for cohort in COHORTS}
    found = FollowUp(listed, {CODE: LAST_DAY, RETURNED: EXPIRES})
    _invite(rng, found, last)
    _visit(rng, found, last)
    return found


@dataclass(frozen=True)
class Entries:
    """The events of a network, to ask when somebody last had one."""

    people: int
    events: Rows

    def last(self, *concepts: str, until: int = INDEX_DAY) -> np.ndarray:
        """The day of each person's last entry of any of the concepts; NO_DAY where there is none."""
        listed = np.concatenate([codes.positions(concept) for concept in concepts])
        day = self.events.dates("event_date").days
        rows = np.flatnonzero(np.isin(self.events.coded("snomed_code").index, listed) & (day <= until))
        found = np.full(self.people, days.NO_DAY, np.int64)
        np.maximum.at(found, self.events.who[rows], day[rows])
        return found

    def none_since(self, day: int, *concepts: str) -> np.ndarray:
        """True for people without an entry of any of the concepts after a day, up to the end of the extract."""
        return self.last(*concepts, until=days.DAYS) <= day


def _unscreened(network: Network, entries: Entries) -> np.ndarray:
    """Women of 25 to 49 overdue for cervical screening, and without any entry of what is planted from then on.

    Older ones are due every five years, and five years before INDEX_DAY the extracts had not begun.
    """
    age, since = age_on_index(network.people.birth), entries.last("cervical_screening")
    late = INDEX_DAY - since > 42 * days.YEAR / 12
    declined = INDEX_DAY - entries.last("cervical_screening_declined") <= 3 * days.YEAR
    free = entries.none_since(INDEX_DAY, *(_CONCEPTS[status] for status in ("attended", "declined", "not_reached")))
    whole = entries.none_since(days.NO_DAY, "hysterectomy")
    return (network.people.sex == 1) & (age >= 25) & (age <= 49) & late & ~declined & free & whole


def _unreviewed(network: Network, entries: Entries) -> np.ndarray:
    """People of 65 or over coded with severe frailty, without a review in the year and from then on."""
    severe = entries.last("frailty_severe")
    now_severe = (severe > days.NO_DAY) & (severe >= entries.last("frailty_moderate", "frailty_mild"))
    free = entries.none_since(INDEX_DAY - 366, "medication_review", "structured_medication_review")
    living = entries.none_since(days.NO_DAY, "end_of_life")
    return (age_on_index(network.people.birth) >= 65) & now_severe & free & living


def _some(rng: np.random.Generator, overdue: np.ndarray, changed: np.ndarray, cohort: str) -> np.ndarray:
    """Some of those overdue: first those who die, leave or change practice in the months of follow-up."""
    among = np.flatnonzero(overdue)
    count = min(MOST[cohort], int(np.ceil(SHARE[cohort] * len(among))))
    return among[largest(rng.random(len(among)) + changed[among], count)]


def _invite(rng: np.random.Generator, found: FollowUp, last: np.ndarray) -> None:
    """The women: what their practices code."""
    who = found.listed[CERVICAL]
    answer, first = rng.random(len(who)), rng.integers(0, 20, len(who))  # in the first four weeks
    later, again = rng.integers(5, 31, len(who)), rng.integers(14, 19, len(who))
    tries = 1 + (chance(rng, TRIED_AGAIN, len(who)) * (1 + chance(rng, TRIED_A_THIRD_TIME, len(who))))
    late = chance(rng, COMES_LATE, len(who))
    comes, declines = answer < COMES, (answer >= COMES) & (answer < COMES + DECLINES)
    silent = (answer >= COMES + DECLINES) & (answer < COMES + DECLINES + SILENT)

    def code(status: str, chosen: np.ndarray, place: np.ndarray) -> None:
        day = WORKING_DAYS[np.minimum(place[chosen], len(WORKING_DAYS) - 1)]
        found.add(CERVICAL, status, who[chosen], day, CODE, last)

    code("attended", comes, first + later)
    code("declined", declines, first)
    for number in range(3):
        code("not_reached", silent & (tries > number), first + number * again)
    code("attended", silent & late, first + (tries - 1) * again + later // 3 + 1)


def _visit(rng: np.random.Generator, found: FollowUp, last: np.ndarray) -> None:
    """The people with frailty: what the team writes on the list, and reviews that practices code."""
    who = found.listed[FRAILTY]
    n = len(who)
    offered, letter = chance(rng, OFFERED, n), chance(rng, LETTER_SENT, n)
    fails = np.searchsorted(np.cumsum(FAILED_TRIES)[:-1], rng.random(n), side="right")
    place, answer, reviewed = rng.integers(0, 3, n), rng.random(n), chance(rng, REVIEWED, n)
    wait = rng.integers(4, 25, n)

    def write(status: str, chosen: np.ndarray, at: np.ndarray, how: str = RETURNED) -> None:
        found.add(FRAILTY, status, who[offered & chosen], WORKING_DAYS[at[offered & chosen]], how, last)

    write("offered", offered, place)
    write("contacted", letter, place + 1)
    at = place + 1 + letter
    for number in range(3):
        failing = fails > number
        write("not_reached", failing, at)
        at = at + failing * rng.integers(1, 3, n)
    reached = fails < 3
    accepts, refuses = answer < ACCEPTS, (answer >= ACCEPTS) & (answer < ACCEPTS + REFUSES)
    write("reached", reached, at)
    write("accepted", reached & accepts, at)
    write("declined", reached & refuses, at)
    write("closed", ~reached | refuses, at + 1)
    known = WORKING_DAYS[at] <= np.minimum(EXPIRES, last[who])  # accepted in time to be on the list that came back
    write("reviewed", reached & accepts & reviewed & known, at + wait, CODE)
