"""GP registrations and deaths, from people's lives."""

import numpy as np

from phm_utils.synthetic import data_errors, days
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.draws import Coded, Mix, chance
from phm_utils.synthetic.people import ETHNIC_CODES, People
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids

MOVED_SHARE = 0.05  # changed practice within the network in the five years
NOT_CLOSED_SHARE = 0.02  # of those: the old registration was left open
CAUSES = Mix.of({"C349": 12, "C509": 8, "I259": 15, "I640": 7, "F03X": 12, "J449": 8, "J189": 8, "C189": 5, "C61X": 4,
                 "K746": 2, "U071": 8, "R54X": 5, "X599": 3, "I500": 3})  # fmt: skip


def make_registrations(rng: np.random.Generator, people: People, practices: int) -> Rows:
    """The table `gp_registration`: one row per registration, a second for those who changed practice."""
    seen = np.flatnonzero(people.registered)
    ended = np.maximum(people.died, people.left)
    moved = seen[chance(rng, MOVED_SHARE, len(seen)) & (people.last[seen] - people.first[seen] > 400)]
    change = people.first[moved] + 100 + (rng.random(len(moved)) * (people.last[moved] - people.first[moved] - 200))
    change = change.astype(np.int32)
    start, practice = people.joined.copy(), people.practice.astype(np.int32)
    start[moved] = change
    before = (practice[moved] + 1 + rng.integers(0, max(practices - 1, 1), len(moved))) % practices
    closed = ~chance(rng, NOT_CLOSED_SHARE, len(moved))
    who = np.concatenate([seen, moved])
    order = np.lexsort((np.concatenate([start[seen], people.joined[moved]]), who))
    who = who[order]
    from_day = np.concatenate([start[seen], people.joined[moved]])[order]
    to_day = np.concatenate([ended[seen], np.where(closed, change - 1, days.NO_DAY)])[order]
    place = np.concatenate([practice[seen], before])[order]
    return Rows(
        who.astype(np.int32),
        {
            "registration_id": ids(people.pcn, len(who)),
            "ethnicity": Coded(data_errors.recorded_ethnicity(rng, people)[who], (*ETHNIC_CODES, "Z", "99")),
            "practice_code": Coded(place.astype(np.uint8), ()),
            "registered_from": Dates(from_day.astype(np.int32)),
            "registered_to": Dates(to_day.astype(np.int32)),
            "type_1_opt_out": Numbers(people.type_1[who]),
            "national_data_opt_out": Numbers(people.opted_out[who]),
        },
    )


def make_deaths(rng: np.random.Generator, people: People, health: Health) -> Rows:
    """The table `death`."""
    who = np.flatnonzero(people.died != days.NO_DAY).astype(np.int32)
    cause = CAUSES.draw(rng, len(who))
    ill = health.of("cancer")[who] & chance(rng, 0.5, len(who))
    cause.index[ill] = CAUSES.words.index("C349")
    return Rows(
        who,
        {"death_id": ids(people.pcn, len(who)), "date_of_death": Dates(people.died[who]), "underlying_cause": cause},
    )
