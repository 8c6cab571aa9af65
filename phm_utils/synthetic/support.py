"""Support as planted: what came of the households at risk whom the model of 2020 finds, week by week, in one network.

A hub and practices work through the list from LIST_DAY to LAST_DAY, the highest band first, household by household,
until everybody who is still there has had a first contact: at once, after several tries, or by a letter through the
door. Planned for everybody who may be in a band, so that whomever a run lists has a history, also where an error of
linkage made the run list them. Shares are assumed. Drawn from random numbers of its own.
"""

import numpy as np

from phm_utils.synthetic.draws import NULL, chance
from phm_utils.synthetic.follow_up import (
    CODE,
    INDEX_DAY,
    LAST_DAY,
    RETURNED,
    WORKING_DAYS,
    FollowUp,
    age_on_index,
)
from phm_utils.synthetic.network import STALE_PRACTICE, Network
from phm_utils.synthetic.rows import Rows
from phm_utils.synthetic.shielding import STAGES
from phm_utils.synthetic.vulnerable import BANDS, DOMAINS, LOWER, LOWER_FROM, MODEL, OF_LOWER, OF_MEDIUM, Vulnerable

PCN = 1  # the network
MAY_BE_OBESE = 33.0  # kg/m2: may be measured as VERY_OBESE
# Working days after LIST_DAY on which households of a band are first tried: from the first to the last of them.
FIRST_TRIED = {"high": (0, 10), "medium": (3, 25), "lower": (10, 38)}
LEFT_TO_THE_END = 0.6  # of the households in which somebody dies or leaves meanwhile: for some nobody came in time
FAILED_TRIES = (0.64, 0.19, 0.09, 0.08)  # 0, 1, 2 and 3 of them, after which a letter is put through the door
BETWEEN_TRIES, AFTER_LETTER = 5, 4  # working days at most
ANSWERS_LETTER = 0.70  # of those; the others have had the letter as their one contact
ACCEPTS, DECLINES = 0.62, 0.18  # of those who are reached; the others need nothing
PARCEL, PARCEL_IN_NEED, PARCEL_AGAIN = 0.25, 0.60, 0.50  # of those who accept; in need: of income or of food
HUB_SUPPORT = 0.30  # of those who accept: medicines brought, somebody who calls


def make_support(rng: np.random.Generator, network: Network, vulnerable: Vulnerable, registrations: Rows) -> FollowUp:
    """What comes of each person who may be listed, one history per household. registrations: without errors."""
    people, last = network.people, network.people.last.astype(np.int64)
    may_be_listed = vulnerable.here & _with_practices(network, registrations) & _in_a_band(network, vulnerable)
    who = np.flatnonzero(may_be_listed & (people.last > INDEX_DAY))
    found = FollowUp({MODEL: who}, {RETURNED: LAST_DAY, CODE: LAST_DAY})
    homes, home = np.unique(people.household[who], return_inverse=True)
    parted = np.bincount(home[last[who] <= LAST_DAY], minlength=len(homes)) > 0
    history = _Histories(rng, *_of_homes(vulnerable, who, home, len(homes)), parted)
    for status, chosen, place in history.steps():
        mine = chosen[home]
        found.add(MODEL, status, who[mine], WORKING_DAYS[place[home[mine]]], RETURNED, last)
    return found


def _in_a_band(network: Network, vulnerable: Vulnerable) -> np.ndarray:
    """In a band by the truth, or by records that say more than is true."""
    ever = network.facts.of(*STAGES, "cancer", *OF_MEDIUM, *OF_LOWER) | (
        age_on_index(network.people.birth) >= LOWER_FROM
    )
    return np.asarray((vulnerable.band != NULL) | ever | (network.health.bmi >= MAY_BE_OBESE))


def _with_practices(network: Network, registrations: Rows) -> np.ndarray:
    """Registered on INDEX_DAY with a practice whose extract does not end early."""
    began, ended = (registrations.dates(name).days for name in ("registered_from", "registered_to"))
    open_then = (began <= INDEX_DAY) & ((ended >= INDEX_DAY) | (ended < 0))
    practice = network.practices[registrations.coded("practice_code").index]
    found = np.zeros(len(network.people), bool)
    found[registrations.who[open_then & (practice != STALE_PRACTICE)]] = True
    return found


def _of_homes(vulnerable: Vulnerable, who: np.ndarray, home: np.ndarray, homes: int) -> tuple[np.ndarray, np.ndarray]:
    """By household: the highest band of its people, as a place in BANDS, and whether income or food is a need."""
    band = np.full(homes, len(BANDS) - 1)
    np.minimum.at(band, home, np.minimum(vulnerable.band[who], len(BANDS) - 1))
    needs = np.asarray(vulnerable.domains[:, [DOMAINS.index("income"), DOMAINS.index("food_fuel")]])
    in_need = home[needs[who].any(axis=1)]
    return band, np.asarray(np.bincount(in_need, minlength=homes) > 0)


class _Histories:
    """One history per household, in working days after LIST_DAY. parted: where somebody dies or leaves meanwhile."""

    def __init__(self, rng: np.random.Generator, band: np.ndarray, in_need: np.ndarray, parted: np.ndarray) -> None:
        n = len(band)
        low, high = (np.array([FIRST_TRIED[name][end] for name in BANDS])[band] for end in (0, 1))
        at_the_end = parted & chance(rng, LEFT_TO_THE_END, n)
        self.first = np.where(at_the_end, FIRST_TRIED[LOWER][1], rng.integers(low, high + 1))
        self.fails = np.searchsorted(np.cumsum(FAILED_TRIES)[:-1], rng.random(n), side="right")
        self.waits = rng.integers(1, BETWEEN_TRIES + 1, (len(FAILED_TRIES), n))
        self.by_letter = self.fails == len(FAILED_TRIES) - 1
        self.answers = ~self.by_letter | chance(rng, ANSWERS_LETTER, n)
        self.after_letter = rng.integers(1, AFTER_LETTER + 1, n)
        answer = rng.random(n)
        self.accepts = self.answers & (answer < ACCEPTS)
        self.declines = self.answers & (answer >= ACCEPTS) & (answer < ACCEPTS + DECLINES)
        self.parcel = self.accepts & chance(rng, np.where(in_need, PARCEL_IN_NEED, PARCEL))
        self.parcel_again = self.parcel & chance(rng, PARCEL_AGAIN, n)
        self.hub = self.accepts & chance(rng, HUB_SUPPORT, n)
        self.delivery = rng.integers(1, 4, n)

    def steps(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Each status, the households that have it, and the working day of each household."""
        found: list[tuple[str, np.ndarray, np.ndarray]] = []
        at = self.first
        for number in range(len(FAILED_TRIES) - 1):
            failing = self.fails > number
            found.append(("not_reached", failing, at))
            at = at + failing * self.waits[number]
        found.append(("contacted", self.by_letter, at))
        at = at + self.by_letter * self.after_letter
        return [
            *found,
            ("reached", self.answers, at),
            ("offered", self.answers, at),
            ("accepted", self.accepts, at),
            ("declined", self.declines, at),
            ("food_parcel", self.parcel, at + self.delivery),
            ("food_parcel", self.parcel_again, at + self.delivery + 5),
            ("hub_support", self.hub, at + self.delivery),
            ("closed", ~self.accepts, at + 1),
        ]
