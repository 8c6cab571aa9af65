"""Coding hospital stays: the main diagnosis, what caused it, and what else is noted, from `diagnoses`."""

import numpy as np

from phm_utils.synthetic.diagnoses import (
    COMPLICATION_CODED,
    COMPLICATIONS,
    HOMELESS_CODED,
    HOMELESSNESS,
    REASONS,
    SIGN_FRAILTY,
    SIGNS,
    SIGNS_PLANNED,
    WORDS,
)
from phm_utils.synthetic.draws import NULL, Coded, Mix, chance
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.people import NO_PLACE, People
from phm_utils.synthetic.prevalence import CONDITIONS, NAMES

OWN, NOTED = 5, 6  # columns of the person's conditions, and of what else is noted, after the main diagnosis
OWN_NOT_CODED = 0.12  # of a person's conditions, each time
EMERGENCY, ELECTIVE, MOTHER, BABY = range(4)  # kinds of stay


def positions(codes: dict[str, float] | tuple[str, ...]) -> np.ndarray:
    """Where codes stand in WORDS."""
    return np.array([WORDS.index(code) for code in codes], np.uint8)


def draw(rng: np.random.Generator, codes: dict[str, float], size: int) -> np.ndarray:
    """`size` codes by their weights, as positions in WORDS."""
    return positions(codes)[Mix.of(codes).draw(rng, size).index]


def own_diagnoses(facts: Facts, columns: int, among: tuple[str, ...] = NAMES) -> np.ndarray:
    """The first few conditions of everybody, as positions in WORDS; NULL where there are fewer."""
    has = facts.health.has
    result = np.full((len(has), columns), NULL, np.uint8)
    found = np.zeros(len(has), np.int8)
    for place, condition in enumerate(CONDITIONS):
        if condition.icd10 and condition.concept in among:
            rows = np.flatnonzero(has[:, place] & (found < columns))
            result[rows, found[rows]] = WORDS.index(condition.icd10)
            found[rows] += 1
    return result


def is_homeless(people: People, facts: Facts) -> np.ndarray:
    """People whom a hospital may code as homeless."""
    return facts.of("homeless") | (people.place == NO_PLACE)


class Notes:
    """Further codes of each stay, other than the main diagnosis and the person's conditions, in order."""

    def __init__(self, stays: int) -> None:
        self.codes = np.full((stays, NOTED), NULL, np.uint8)
        self.count = np.zeros(stays, np.int8)

    def write(self, stays: np.ndarray, code: np.ndarray | int) -> None:
        """A code of each of the given stays, where there is room and it is not there yet."""
        code = np.broadcast_to(np.asarray(code, np.uint8), stays.shape)
        free = (self.count[stays] < NOTED) & (self.codes[stays] != code[:, None]).all(axis=1)
        stays, code = stays[free], code[free]
        self.codes[stays, self.count[stays]] = code
        self.count[stays] += 1


def code_stays(
    rng: np.random.Generator, people: People, facts: Facts, who: np.ndarray, kind: np.ndarray, primary: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Main diagnoses with REASONS put in place of some, and the notes: a row per stay, NOTED columns.

    who, kind, primary: of each stay; kinds as above.
    """
    primary, notes = primary.copy(), Notes(len(who))
    emergency = np.flatnonzero(kind == EMERGENCY)
    grown = np.flatnonzero(kind < BABY)
    _reasons(rng, people, facts, who, emergency, primary, notes)
    stays = grown[is_homeless(people, facts)[who[grown]]]
    notes.write(stays[chance(rng, HOMELESS_CODED, len(stays))], WORDS.index(HOMELESSNESS))
    for concept, share, code in COMPLICATIONS:
        affected = facts.of(concept)
        affected[affected] = chance(rng, share, int(affected.sum()))
        stays = grown[affected[who[grown]]]
        notes.write(stays[chance(rng, COMPLICATION_CODED, len(stays))], WORDS.index(code))
    _signs(rng, people, facts, who, kind, notes)
    return primary, notes.codes


def reason_shares(people: People, facts: Facts) -> np.ndarray:
    """Planted share of emergency stays for each of REASONS: people x reasons."""
    shares = np.empty((len(people), len(REASONS)), np.float32)
    for place, reason in enumerate(REASONS):
        by_age = np.interp(np.arange(105), reason.ages, reason.shares)
        shares[:, place] = by_age[people.age]
        for concept, more in reason.links:
            shares[:, place] += np.float32(more) * facts.of(concept)
    return shares


def _reasons(rng, people, facts, who, emergency, primary, notes) -> None:
    """One reason at most for each emergency stay, its code, and its cause."""
    upper = reason_shares(people, facts).cumsum(axis=1)[who[emergency]]
    chosen = (rng.random(len(emergency), dtype=np.float32)[:, None] >= upper).sum(axis=1)
    for place, reason in enumerate(REASONS):
        stays = emergency[chosen == place]
        primary[stays] = draw(rng, reason.codes, len(stays))
        if reason.cause:
            notes.write(stays, draw(rng, reason.cause, len(stays)))


def _signs(rng, people, facts, who, kind, notes) -> None:
    """Signs of age and frailty, few in the young and in planned stays."""
    stays = np.flatnonzero((kind <= ELECTIVE) & (people.age[who] >= 18))
    age = np.clip((people.age[who[stays]] - 60) / 30, -0.5, 1.2)
    times = np.exp(SIGN_FRAILTY * people.frailty[who[stays]]) * np.where(kind[stays] == ELECTIVE, SIGNS_PLANNED, 1)
    for code, concept, young, old in SIGNS:
        mine = facts.of(concept)[who[stays]] if concept else np.ones(len(stays), bool)
        share = np.maximum(young + (old - young) * age[mine], young / 4) * times[mine]
        notes.write(stays[mine][chance(rng, share)], WORDS.index(code))


def diagnosis_columns(
    rng: np.random.Generator, facts: Facts, who: np.ndarray, kind: np.ndarray, primary: np.ndarray, noted: np.ndarray
) -> dict[str, Coded]:
    """The diagnosis columns of each episode: the reason, the person's conditions, what else is noted; no gaps.

    All but `facts` have a row per episode.
    """
    own = own_diagnoses(facts, OWN)[who]
    own[kind == BABY] = NULL
    own[rng.random(own.shape, dtype=np.float32) < OWN_NOT_CODED] = NULL
    both = np.concatenate([own, noted], axis=1)
    both[(both == primary[:, None])] = NULL  # the main diagnosis is not repeated
    order = np.argsort(both == NULL, axis=1, kind="stable")
    both = np.take_along_axis(both, order, axis=1)
    columns = {"diag_01": Coded(primary, WORDS)}
    return columns | {f"diag_{k + 2:02d}": Coded(both[:, k].copy(), WORDS) for k in range(OWN + NOTED)}
