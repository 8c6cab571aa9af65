"""Screening, children's vaccinations and contraception as practices record them, with planted gaps."""

from datetime import date

import numpy as np

from phm_utils.synthetic import codes, days
from phm_utils.synthetic.care import one_of
from phm_utils.synthetic.draws import chance, expit, logit
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.people import BLACK, SOUTH_ASIAN, People

# Planted: share at deprivation 0, its log-odds per unit of deprivation, and log-odds of two groups of people.
CERVICAL, CERVICAL_GRADIENT, CERVICAL_SOUTH_ASIAN = 0.70, -0.30, -0.55
BOWEL, BOWEL_GRADIENT, BOWEL_SOUTH_ASIAN = 0.68, -0.45, -0.60
MMR_FIRST, MMR_SECOND, MMR_GRADIENT, MMR_BLACK = 0.91, 0.94, -0.50, -0.60  # the second of those with the first
SHINGLES, SHINGLES_GRADIENT = 0.50, -0.30
NO_RESPONSE_CODED, DECLINED = 0.60, 0.08  # of women not screened; BOWEL_NO_RESPONSE_CODED of people
BOWEL_NO_RESPONSE_CODED = 0.75
HYSTERECTOMY = ((25, 0.0), (35, 0.01), (45, 0.06), (55, 0.13), (65, 0.17), (90, 0.20))  # of women, by age
STERILISED = ((30, 0.0), (35, 0.02), (45, 0.07), (60, 0.14), (90, 0.05))
LONG_ACTING = ((15, 0.03), (22, 0.14), (35, 0.17), (45, 0.14), (54, 0.04))
LONG_ACTING_WATCHED = 0.40  # of women with epilepsy or severe mental illness, whose medicines may harm a child
_DOSES = (366, 1_220)  # days after birth: 12 months, and 3 years 4 months
_SHINGLES_FROM = date(2023, 9, 1)  # from when it is offered at 65


def add_prevention(rng, events, people: People, facts: Facts, seen: np.ndarray, last: np.ndarray) -> None:
    """Everything of this module. seen: people in the extract; last: their last days in it."""
    women = seen[people.sex[seen] == 1]
    without = _some_history(rng, events, people, women, last, "hysterectomy", HYSTERECTOMY)
    _some_history(rng, events, people, without, last, "sterilisation", STERILISED)
    _long_acting(rng, events, people, facts, without, last)
    _cervical(rng, events, people, without, last)
    _bowel(rng, events, people, seen, last)
    _mmr(rng, events, people, seen, last)
    _shingles(rng, events, people, seen, last)


def _uniform(rng, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """A day between two, both included, for each."""
    low, high = low.astype(np.int64), high.astype(np.int64)
    return (low + np.floor(rng.random(len(low)) * (np.maximum(high - low, 0) + 1))).astype(np.int64)


def _by_age(people: People, who: np.ndarray, table: tuple[tuple[float, float], ...]) -> np.ndarray:
    ages, shares = zip(*table, strict=True)
    return np.where(people.age[who] < ages[0], 0, np.interp(people.age[who], ages, shares))


def _add(events, who, day, code, people: People, last: np.ndarray) -> None:
    """Entries on days within each person's extract."""
    inside = (day >= people.first[who]) & (day <= last[who])
    code = code[inside] if np.ndim(code) else code
    events.add(who[inside], day[inside].astype(np.int16), code)


def _some_history(rng, events, people, who, last, concept, table) -> np.ndarray:
    """An entry of something past, in the first year of the extract, for a share by age; those without it."""
    has = chance(rng, _by_age(people, who, table))
    mine = who[has]
    day = _uniform(rng, people.first[mine], np.minimum(people.first[mine].astype(np.int64) + 365, last[mine]))
    _add(events, mine, day, one_of(concept, mine), people, last)
    return np.asarray(who[~has])


def _long_acting(rng, events, people, facts, women, last) -> None:
    share = _by_age(people, women, LONG_ACTING)
    watched = facts.of("epilepsy", "smi")[women] & (people.age[women] < 55)
    fitted = women[chance(rng, np.where(watched, np.maximum(share, LONG_ACTING_WATCHED * (share > 0)), share))]
    fitted = fitted[(people.age[fitted] >= 15) & (people.age[fitted] < 55)]
    day = _uniform(rng, people.first[fitted], last[fitted])
    _add(events, fitted, day, one_of("long_acting_contraception", fitted), people, last)


def _cervical(rng, events, people, women, last) -> None:
    """Women of 25 to 64: every three years to 49, then every five."""
    who = women[(people.age[women] >= 25) & (people.age[women] < 65)]
    every = np.where(people.age[who] < 50, 3, 5) * 365
    odds = logit(CERVICAL) + CERVICAL_GRADIENT * people.deprivation[who]
    taken = chance(rng, expit(odds + CERVICAL_SOUTH_ASIAN * people.is_ethnic(SOUTH_ASIAN)[who]))
    since = np.maximum(people.first[who].astype(np.int64), days.INDEX_DAY - every)
    _screened(rng, events, people, who, taken, since, every, last, "cervical_screening")
    out, start = who[~taken], since[~taken]
    answer = rng.random(len(out))
    for concept, low, high in (
        ("cervical_screening_no_response", 0, NO_RESPONSE_CODED),
        ("cervical_screening_declined", NO_RESPONSE_CODED, NO_RESPONSE_CODED + DECLINED),
    ):
        mine = (answer >= low) & (answer < high)
        day = _uniform(rng, start[mine], last[out[mine]])
        _add(events, out[mine], day, one_of(concept, out[mine]), people, last)


def _bowel(rng, events, people, seen, last) -> None:
    """People of 54 to 74: every two years."""
    who = seen[(people.age[seen] >= 54) & (people.age[seen] < 75)]
    every = np.full(len(who), 730)
    odds = logit(BOWEL) + BOWEL_GRADIENT * people.deprivation[who]
    taken = chance(rng, expit(odds + BOWEL_SOUTH_ASIAN * people.is_ethnic(SOUTH_ASIAN)[who]))
    since = np.maximum(people.first[who].astype(np.int64), days.INDEX_DAY - every)
    _screened(rng, events, people, who, taken, since, every, last, "bowel_screening")
    silent = np.flatnonzero(~taken)
    silent = silent[chance(rng, BOWEL_NO_RESPONSE_CODED, len(silent))]
    mine = who[silent]
    concept = "bowel_screening_no_response"
    _add(events, mine, _uniform(rng, since[silent], last[mine]), one_of(concept, mine), people, last)


def _screened(rng, events, people, who, taken, since, every, last, concept) -> None:
    """The latest test of those who take it, and the one before where the extract reaches back to it."""
    mine, every = who[taken], every[taken]
    day = _uniform(rng, since[taken], last[mine])
    code = one_of(concept, mine)
    _add(events, mine, day, code, people, last)
    _add(events, mine, day - every - rng.integers(0, 60, len(mine)), code, people, last)


def _mmr(rng, events, people, seen, last) -> None:
    """Two doses of children born late enough for both to fall into the five years."""
    born = (people.birth - days.EPOCH).astype(np.int64)
    who = seen[born[seen] + _DOSES[0] >= 0]
    odds = MMR_GRADIENT * people.deprivation[who] + MMR_BLACK * people.is_ethnic(BLACK)[who]
    first = chance(rng, expit(logit(MMR_FIRST) + odds))
    second = first & chance(rng, expit(logit(MMR_SECOND) + odds))
    for due, given, place in ((_DOSES[0], first, 0), (_DOSES[1], second, 1)):
        child = who[given]
        day = born[child] + due + np.floor(rng.exponential(25, len(child))).astype(np.int64)
        arrived = people.first[child].astype(np.int64) + rng.integers(0, 15, len(child))
        day = np.where(day < people.first[child], arrived, day)  # written up when the child joined
        _add(events, child, day, codes.positions("mmr_vaccination")[place], people, last)


def _shingles(rng, events, people, seen, last) -> None:
    """People who turned 70, or turned 65 since the offer began there."""
    birth = (people.birth - days.EPOCH).astype(np.int64)
    at_65, at_70 = (birth + np.int64(age * days.YEAR) for age in (65, 70))
    offered = np.where(at_65 >= days.day(_SHINGLES_FROM), at_65, at_70)
    who = seen[(offered[seen] < last[seen]) & (people.age[seen] < 90)]
    who = who[chance(rng, expit(logit(SHINGLES) + SHINGLES_GRADIENT * people.deprivation[who]))]
    day = _uniform(rng, np.maximum(offered[who], people.first[who]), last[who])
    _add(events, who, day, one_of("shingles_vaccination", who), people, last)
