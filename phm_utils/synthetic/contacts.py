"""Outpatient, community and mental health contacts, and adult social care."""

from datetime import date

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.continuing_care import ContinuingCare, continuing_contacts
from phm_utils.synthetic.draws import NULL, Coded, Mix, chance
from phm_utils.synthetic.emergency import PROVIDER
from phm_utils.synthetic.people import NO_PLACE, People
from phm_utils.synthetic.prevalence import LONG_TERM
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids

# Sources reach an ICB late: the last day of each.
COMMUNITY_END, MENTAL_HEALTH_END = date(2025, 4, 30), date(2025, 3, 31)
OUTPATIENT_PER_YEAR, OUTPATIENT_SHAPE = 0.78, 0.55
COMMUNITY_PER_YEAR, COMMUNITY_SHAPE, COMMUNITY_GRADIENT = 0.22, 0.3, 0.15
MENTAL_HEALTH_GRADIENT = 0.25
SOCIAL_CARE_GRADIENT = 0.35
ATTENDED = Mix.of({"5": 0.85, "6": 0.02, "3": 0.06, "2": 0.04, "4": 0.02, "7": 0.01})
FIRST = Mix.of({"1": 0.27, "2": 0.53, "3": 0.05, "4": 0.15})
SPECIALTY = Mix.of({"130": 0.13, "110": 0.14, "300": 0.07, "320": 0.08, "330": 0.09, "340": 0.06, "502": 0.10,
                    "120": 0.09, "101": 0.07, "410": 0.06, "800": 0.07, "301": 0.04})  # fmt: skip
TEAM = Mix.of({"12": 0.40, "15": 0.18, "18": 0.12, "23": 0.10, "27": 0.10, "33": 0.10})
HOMELESS_TYPES = ("12", "14", "17", "18")  # rough sleeper, sofa surfing, night shelter, hostel
SETTLED = Mix.of({"01": 0.45, "02": 0.25, "03": 0.15, "": 0.15})
REASONS = Mix.of({
    "Physical Support: Personal Care Support": 0.6, "Support with Memory and Cognition": 0.14,
    "Learning Disability Support": 0.1, "Mental Health Support": 0.1, "Social Support": 0.06,
})  # fmt: skip
SERVICES = ("Long Term Support: Nursing", "Long Term Support: Residential", "Long Term Support: Community",
            "Short Term Support")  # fmt: skip
WEEKLY_PENCE = np.array([116_000, 98_500, 31_000, 42_000], np.int64)
EVENTS = ("Request", "Assessment", "Service", "Review")


def make_outpatients(rng: np.random.Generator, people: People, health: Health, use: np.ndarray) -> Rows:
    """The table `op_attendance`."""
    by_age = np.interp(people.age, [0, 10, 25, 50, 70, 85, 100], [0.8, 0.5, 0.7, 1.0, 1.8, 1.7, 1.0])
    burden = np.exp(0.22 * np.minimum(health.has[:, :LONG_TERM].sum(axis=1), 6)) * (1 + health.of("cancer"))
    own = rng.gamma(OUTPATIENT_SHAPE, 1 / OUTPATIENT_SHAPE, len(people)) * use**0.5
    counts = rng.poisson(OUTPATIENT_PER_YEAR * by_age * burden * own * people.years)
    who, day = days.CLINIC.spread(rng, people.first, people.last, counts)
    n = len(who)
    return Rows(
        who,
        {
            "attendkey": ids(people.pcn, n),
            "apptdate": Dates(day),
            "attended": ATTENDED.draw(rng, n),
            "firstatt": FIRST.draw(rng, n),
            "tretspef": SPECIALTY.draw(rng, n),
            "procode": PROVIDER.draw(rng, n),
        },
    )


def make_community(rng: np.random.Generator, people: People, health: Health) -> Rows:
    """The table `csds_contact`: mostly old age, housebound people and small children."""
    by_age = np.interp(people.age, [0, 1, 4, 6, 50, 65, 75, 85, 100], [6, 5, 2.5, 0.6, 0.5, 1.4, 4, 11, 17])
    boost = 1 + 5 * health.of("housebound") + 1.0 * health.of("diabetes", "heart_failure", "stroke_tia")
    own = rng.gamma(COMMUNITY_SHAPE, 1 / COMMUNITY_SHAPE, len(people))
    rate = COMMUNITY_PER_YEAR * by_age * boost * own
    rate = rate * np.exp(COMMUNITY_GRADIENT * people.deprivation + 0.3 * people.frailty)
    last = np.minimum(people.last, days.day(COMMUNITY_END))
    who, day = days.CLINIC.spread(rng, people.first, last, rng.poisson(rate * people.years))
    n = len(who)
    return Rows(
        who,
        {
            "care_contact_id": ids(people.pcn, n),
            "contact_date": Dates(day),
            "attended": ATTENDED.draw(rng, n),
            "team_type": TEAM.draw(rng, n),
        },
    )


def make_mental_health(
    rng: np.random.Generator, care_rng: np.random.Generator, people: People, health: Health, care: ContinuingCare
) -> Rows:
    """The table `mhsds_contact`: referrals of people with mental illness, each a run of contacts; and continuing care.

    care_rng: the random numbers of people in continuing care, who have no referrals beside it.
    """
    need = 0.10 * health.of("depression", "anxiety") + 0.55 * health.of("smi") + 0.15 * health.of("dementia")
    need = need + 0.010 + 0.02 * ((people.age > 8) & (people.age < 19))
    rate = need * 0.75 * np.exp(MENTAL_HEALTH_GRADIENT * people.deprivation + 0.15 * people.need)
    rate[care.who] = 0  # they are seen already
    last = np.minimum(people.last, days.day(MENTAL_HEALTH_END))
    person, start = days.CLINIC.spread(rng, people.first, last, rng.poisson(rate * people.years))
    length = rng.exponential(np.where(health.of("smi")[person], 420, 120))
    end = np.minimum(start + length, last[person]).astype(np.int16)
    counts = 1 + rng.poisson(rng.gamma(0.8, 1 / 0.8, len(person)) * 9.0 * (end - start) / 120)
    referral, day = days.CLINIC.spread(rng, start, end, counts)
    cared, seen = continuing_contacts(care_rng, people, care, last)
    who = np.concatenate([person[referral], care.who[cared]]).astype(np.int32)
    order = np.argsort(who, kind="stable")
    who, day = who[order], np.concatenate([day, seen])[order]
    referral = np.concatenate([referral, len(start) + cared])[order]
    start = np.concatenate([start, people.first[care.who]])
    n = len(who)
    no_abode = (health.of("homeless") | (people.place == NO_PLACE))[who] & chance(rng, 0.7, n)
    kept = SETTLED.draw(rng, n)
    return Rows(
        who,
        {
            "contact_id": ids(people.pcn, n),
            "contact_date": Dates(day),
            "referral_id": Numbers(referral.astype(np.int64) + 1 + people.pcn * 1_000_000_000),
            "referral_date": Dates(start[referral]),
            "attended": ATTENDED.draw(rng, n),
            "accommodation_type": Coded(
                np.where(no_abode, len(kept.words) + who % len(HOMELESS_TYPES), kept.index).astype(np.uint8),
                (*kept.words, *HOMELESS_TYPES),
            ),
        },
    )


def social_care_rate(people: People, health: Health) -> np.ndarray:
    """Planted chance of having had social care in the five years."""
    by_age = np.interp(people.age, [17, 18, 60, 70, 80, 90, 100], [0, 0.008, 0.015, 0.04, 0.13, 0.35, 0.5])
    boost = np.exp(
        1.6 * health.of("learning_disability")
        + 0.9 * health.of("dementia", "housebound")
        + 0.5 * health.of("stroke_tia", "parkinsons", "multiple_sclerosis", "smi")
        + SOCIAL_CARE_GRADIENT * people.deprivation
        + 0.3 * people.frailty
    )
    return np.clip(np.maximum(by_age * boost, 0.97 * (people.communal == 1)), 0, 0.97)


def make_social_care(rng: np.random.Generator, people: People, health: Health) -> Rows:
    """The table `asc_event`: a request, an assessment, then for most a service with its reviews."""
    clients = np.flatnonzero(chance(rng, social_care_rate(people, health)) & (people.last - people.first > 60))
    n = len(clients)
    start = people.first[clients] + (rng.random(n) ** 1.3 * (people.last[clients] - people.first[clients])).astype(int)
    home = people.communal[clients] == 1
    service = np.where(home, chance(rng, 0.6, n).astype(int), 2 + chance(rng, 0.3, n)).astype(np.uint8)
    short = service == 3
    until = np.where(short, start + 42, np.where(chance(rng, 0.15, n), start + 300, days.DAYS + 99))
    until = np.minimum(until, np.where(people.last[clients] < days.DAYS - 1, people.last[clients], days.DAYS + 99))
    served = home | chance(rng, 0.75, n)
    blocks = [_care(clients, start, start + 14, 0, NULL), _care(clients, start + 14, start + 35, 1, NULL)]
    blocks.append(tuple(part[served] for part in _care(clients, start + 35, until, 2, service)))
    for year in range(1, 5):
        when = start + 35 + 365 * year
        reviewed = served & ~short & (when < np.minimum(until, days.DAYS))
        blocks.append(tuple(part[reviewed] for part in _care(clients, when, when + 10, 3, NULL)))
    who, begins, ends, event, kind = (np.concatenate(column) for column in zip(*blocks, strict=True))
    inside = (begins <= people.last[who]) & (begins < days.DAYS)
    order = np.flatnonzero(inside)[np.lexsort((begins[inside], who[inside]))]
    return _care_rows(rng, people, *(column[order] for column in (who, begins, ends, event, kind)))


def _care(who, begins, ends, event: int, service) -> tuple[np.ndarray, ...]:
    n = len(who)
    kind = np.full(n, service, np.uint8) if np.ndim(service) == 0 else service
    return who.astype(np.int32), begins.astype(np.int32), np.maximum(ends, begins), np.full(n, event, np.uint8), kind


def _care_rows(rng, people, who, begins, ends, event, kind) -> Rows:
    n = len(who)
    per_person = REASONS.draw(rng, len(people)).index
    pence = np.where(kind != NULL, WEEKLY_PENCE[np.where(kind == NULL, 0, kind)], 0) * rng.uniform(0.8, 1.25, n)
    zero = np.zeros(n, np.uint8)
    return Rows(
        who,
        {
            "asc_event_id": ids(people.pcn, n),
            "la_code": Coded(zero, ("999",)),
            "client_type": Coded(zero, ("Service User",)),
            "event_type": Coded(event, EVENTS),
            "event_start": Dates(begins),
            "event_end": Dates.some(ends, ends < days.DAYS),
            "service_type": Coded(kind, SERVICES),
            "primary_support_reason": Coded(per_person[who], REASONS.words),
            "accommodation_status": Coded(
                np.where(people.place[who] == NO_PLACE, 1, NULL).astype(np.uint8), ("Settled", "No fixed abode")
            ),
            "unit_cost_pence": Numbers(np.rint(pence).astype(np.int64), kind == NULL),
        },
    )
