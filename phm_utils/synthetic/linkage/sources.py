"""Who is in which of the six sources, and with how many records."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic.draws import chance, largest
from phm_utils.synthetic.linkage.population import Population

SECOND_REGISTRATION = 0.008  # of people in the GP's file: a former practice still lists them
FREQUENT_PER_PERSON = 60e-6  # people of the GP's file with FREQUENT_RECORDS records in hospital
FREQUENT_RECORDS = (30, 46)


@dataclass(frozen=True)
class Source:
    """share: people, as a share of those registered. again: chance of one more record, and of one more after that.

    weight: how much likelier a person is to be there by age (at AGES), per unit
    of deprivation, of need, in a care home. unregistered: chance that a person
    without a GP is there.
    """

    name: str
    share: float
    again: float
    weight: tuple[float, ...]
    deprivation: float = 0.0
    need: float = 0.0
    care_home: float = 1.0
    unregistered: float = 0.0


AGES = (0, 1, 5, 16, 25, 45, 65, 75, 85, 100)
SOURCES = (
    Source("hospital", 0.2165, 0.055, (6, 3, 1.2, 1, 1.2, 1.2, 1.8, 2.6, 3.6, 4), 0.2, 0.2, 1.2, 0.45),
    Source("mental_health", 0.037, 0.03, (0.05, 0.1, 0.5, 2, 1.5, 1.2, 0.8, 1, 1.5, 1.5), 0.25, 0.3, 1.2, 0.10),
    Source("community", 0.077, 0.03, (9, 6, 1.5, 0.6, 0.5, 0.6, 1.2, 3, 7, 10), 0.15, 0.1, 1.5, 0.06),
    Source("social_care", 0.036, 0.03, (0, 0.05, 0.3, 0.5, 0.6, 0.8, 1.5, 4, 12, 20), 0.35, 0.2, 8, 0.10),
    Source("voluntary", 0.039, 0.06, (0.2, 0.2, 0.2, 0.8, 1.2, 1.1, 1, 1.3, 1.6, 1.2), 0.6, 0.7, 0.4, 0.30),
)
ABSENT_RELATIVES_SEEN = {"community": 1.0, "hospital": 0.4, "voluntary": 0.6}  # chances


def choose(rng: np.random.Generator, population: Population) -> dict[str, np.ndarray]:
    """The person of each record, by source, in random order."""
    registered = np.flatnonzero(population.resident & population.people.registered)
    without = np.flatnonzero(population.resident & ~population.people.registered)
    seen = {source.name: chance(rng, source.unregistered, len(without)) for source in SOURCES}
    nowhere = ~np.logical_or.reduce(list(seen.values()))
    seen["hospital"] |= nowhere & chance(rng, 0.5, len(without))
    seen["voluntary"] |= nowhere & ~seen["hospital"]
    result = {"gp": _gp(rng, population)}
    for source in SOURCES:
        some = _weighted(rng, population, source, registered)
        once = np.concatenate([some, without[seen[source.name]], _absent_kin(rng, population, source)])
        who = np.concatenate([once, *_repeats(rng, once, source.again)])
        if source.name == "hospital":
            who = np.concatenate([who, _frequent(rng, some, len(registered))])
        result[source.name] = rng.permutation(who).astype(np.int32)
    return result


def _gp(rng: np.random.Generator, population: Population) -> np.ndarray:
    listed = np.flatnonzero(population.in_gp)
    twice = listed[chance(rng, np.where(population.moved[listed], 4, 0.2) * SECOND_REGISTRATION)]
    return rng.permutation(np.concatenate([listed, twice])).astype(np.int32)


def _weighted(rng: np.random.Generator, population: Population, source: Source, among: np.ndarray) -> np.ndarray:
    """A fixed number of people, the likelier the greater their weight (Efraimidis and Spirakis, by Gumbel keys)."""
    people = population.people
    weight = np.interp(np.arange(105), AGES, source.weight)[people.age[among]]
    weight = weight * np.where(people.communal[among] == 1, source.care_home, 1)
    log_weight = np.log(np.maximum(weight, 1e-9)) + source.deprivation * people.deprivation[among]
    key = log_weight + source.need * people.need[among] + rng.gumbel(size=len(among))
    count = min(round(source.share * len(among)), len(among))
    return among[largest(key, count)]


def _repeats(rng: np.random.Generator, once: np.ndarray, again: float) -> list[np.ndarray]:
    """The further records of some people: a second, of these a third, and so on."""
    rounds = []
    while len(once := once[chance(rng, again, len(once))]):
        rounds.append(once)
        again = max(again, 0.25)
    return rounds


def _frequent(rng: np.random.Generator, seen: np.ndarray, registered: int) -> np.ndarray:
    """The many records of a few."""
    some = rng.choice(seen, max(1, round(FREQUENT_PER_PERSON * registered)), replace=False)
    return np.repeat(some, rng.integers(*FREQUENT_RECORDS, len(some)))


def _absent_kin(rng: np.random.Generator, population: Population, source: Source) -> np.ndarray:
    """Twins and sons absent from the GP's file who are in this source."""
    return population.absent_relatives[
        chance(rng, ABSENT_RELATIVES_SEEN.get(source.name, 0.0), len(population.absent_relatives))
    ]
