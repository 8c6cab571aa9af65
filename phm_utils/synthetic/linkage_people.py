"""The people of one network as linkage meets them: by which names they go, where they lived before, who is like whom."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days, geography
from phm_utils.synthetic.draws import chance, stream
from phm_utils.synthetic.identity import shuffled_numbers
from phm_utils.synthetic.lives import live
from phm_utils.synthetic.names import Names, draw_forenames, fathers, make_names
from phm_utils.synthetic.people import ETHNIC_CODES, NO_PLACE, People, make_people
from phm_utils.synthetic.wider_names import AFRICAN, BRITISH, CARIBBEAN, EUROPEAN, MUSLIM, WIDER

DOUBLE_BARRELLED = 0.03  # of households of some origins
HAVE_MIDDLE, GO_BY_MIDDLE, GO_BY_SHORT = 0.75, 0.04, 0.20
BORN_FIRST_JANUARY = 0.02  # of adults of some origins: their papers say so, in every source
ABSENT_KIN = 0.00015  # of people: twins, and as many sons, whom the GP's file lacks while it has their like
MOVED_AGES, MOVED = (0, 17, 22, 30, 45, 70, 100), (0.2, 0.15, 0.5, 0.45, 0.2, 0.08, 0.08)
MOVED_TO_CARE = 0.3

TRAPS = ("wrong NHS number", "unnamed newborn", "placeholder", "married and moved", "twin", "father and son", "namesake",
         "not in GP extract", "not registered", "frequent attender", "care home", "hostel")  # fmt: skip
NO_TRAP = 255


@dataclass(frozen=True)
class Known:
    """One entry per person in every array but `nobodys`.

    middle: position among the forenames, -1 for none. kin: a person of the same
    home whose number could be taken for this one's, else -1. mother: -1 where
    not known. trap: a position in TRAPS, the person's own, or NO_TRAP.
    here: alive and resident. in_gp: in the GP's file.
    """

    people: People
    names: Names
    middle: np.ndarray
    goes_by_short: np.ndarray
    goes_by_middle: np.ndarray
    moved: np.ndarray
    home: np.ndarray
    former_home: np.ndarray
    place_of_home: np.ndarray
    nhs_number: np.ndarray
    nobodys: np.ndarray
    kin: np.ndarray
    mother: np.ndarray
    here: np.ndarray
    in_gp: np.ndarray
    absent_kin: np.ndarray
    trap: np.ndarray

    def __len__(self) -> int:
        return len(self.people)


def make_known(seed: int, pcn: int, registered: int) -> Known:
    """The same people as in the other forms of that seed, with names of their own."""
    county = geography.demoshire(seed)
    people = make_people(stream(seed, pcn, "people"), county, pcn, registered)
    live(stream(seed, pcn, "lives"), people, registered)
    rng = stream(seed, pcn, "linkage people")
    origin = WIDER.origin(people)
    _paper_birthdays(rng, people, origin)
    names = _double_barrel(rng, people, origin, _tell_apart(rng, people, make_names(rng, people, WIDER)))
    number = shuffled_numbers(stream(seed, pcn, "identities"), people)
    here = (people.died == days.NO_DAY) & (people.left == days.NO_DAY)
    twin_of, father_of = _twins(people), _namesake_fathers(people, names)
    absent = np.concatenate([_absent(rng, people, here, other) for other in (twin_of, father_of)])
    in_gp = here & people.registered & ~people.type_1
    in_gp[absent] = False
    middle = np.where(chance(rng, HAVE_MIDDLE, len(people)), draw_forenames(rng, people, WIDER)[1], -1)
    homes, place = _homes(people)
    return Known(
        people=people,
        names=names,
        middle=middle,
        goes_by_short=chance(rng, GO_BY_SHORT, len(people)),
        goes_by_middle=(middle >= 0) & chance(rng, np.where(origin == MUSLIM, 3 * GO_BY_MIDDLE, GO_BY_MIDDLE)),
        moved=_moved(rng, people),
        home=people.household,
        former_home=rng.choice(homes, int(people.household[-1]) + 1)[people.household],
        place_of_home=place,
        nhs_number=number[: len(people)],
        nobodys=np.concatenate([number[len(people) :], number[: len(people)][~here]]),
        kin=np.where(twin_of >= 0, twin_of, _next_of_kin(people)),
        mother=_mothers(people),
        here=here,
        in_gp=in_gp,
        absent_kin=absent,
        trap=_traps(people, names, here, in_gp, twin_of, father_of),
    )


def _paper_birthdays(rng: np.random.Generator, people: People, origin: np.ndarray) -> None:
    """Some adults born where births went unrecorded have the first of January on all their papers."""
    chosen = np.isin(origin, (MUSLIM, AFRICAN)) & (people.age >= 18) & chance(rng, BORN_FIRST_JANUARY, len(people))
    year = people.birth.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int32)
    people.birth[chosen] = year[chosen]


def _tell_apart(rng: np.random.Generator, people: People, names: Names) -> Names:
    """No two children of a home have one forename: the lists alone would give some twins the same."""
    forename = names.forename
    for _ in range(4):
        order = np.lexsort((forename, people.child, people.household))
        alike = np.ones(len(order) - 1, bool)
        for facts in (forename, people.child, people.household):
            alike &= facts[order[1:]] == facts[order[:-1]]
        again = order[1:][alike & people.child[order[1:]]]
        forename[again] = draw_forenames(rng, people, WIDER)[1][again]
    return names


def _double_barrel(rng: np.random.Generator, people: People, origin: np.ndarray, names: Names) -> Names:
    """Two surnames joined, for all of a household who share its first."""
    first = np.flatnonzero(np.diff(people.household, prepend=-1))
    may = np.isin(origin[first], (BRITISH, CARIBBEAN, EUROPEAN)) & (people.communal[first] == 0)
    homes = np.flatnonzero(may & chance(rng, DOUBLE_BARRELLED, len(first)))
    other = names.surname[rng.choice(np.flatnonzero(np.isin(origin, (BRITISH, CARIBBEAN))), len(homes))]
    words, heads = names.surnames, names.surname[first]
    joined = [f"{words[a]}-{words[b]}" for a, b in zip(heads[homes], other, strict=True)]
    new = np.full(len(first), -1)
    new[homes] = len(words) + np.arange(len(homes))
    shares = (new[people.household] >= 0) & (names.surname == heads[people.household])
    surname = np.where(shares, new[people.household], names.surname)
    maiden = np.where(names.maiden == names.surname, surname, names.maiden)
    return Names(names.forename, surname, maiden, names.forenames, np.concatenate([words, np.array(joined, str)]))


def _twins(people: People) -> np.ndarray:
    """Each twin's twin, -1 for others."""
    result = np.full(len(people), -1)
    pair = (people.birth[1:] == people.birth[:-1]) & (people.household[1:] == people.household[:-1])
    second = np.flatnonzero(pair & people.twin[1:] & people.twin[:-1]) + 1
    result[second], result[second - 1] = second - 1, second
    return result


def _namesake_fathers(people: People, names: Names) -> np.ndarray:
    """The father of each son who has his name, -1 for others."""
    father = fathers(people)
    same = people.child & (people.sex == 0) & (father >= 0)
    same &= (names.forename == names.forename[father]) & (names.surname == names.surname[father])
    return np.where(same, father, -1)


def _absent(rng: np.random.Generator, people: People, here: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A few people whose twin or father of the same name is in the GP's file, while they are not."""
    listed = here & people.registered & ~people.type_1
    may = np.flatnonzero(people.child & listed & (other >= 0) & listed[other] & (other < np.arange(len(people))))
    return rng.permutation(may)[: max(1, round(ABSENT_KIN * len(people)))]


def _moved(rng: np.random.Generator, people: People) -> np.ndarray:
    """Who lived elsewhere until lately; children move with the home's first person."""
    share = np.where(people.communal > 0, MOVED_TO_CARE, np.interp(people.age, MOVED_AGES, MOVED))
    moved = chance(rng, share)
    first = np.flatnonzero(np.diff(people.household, prepend=-1))
    return np.where(people.child, moved[first][people.household], moved)


def _homes(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Private homes, and the small area of every home."""
    place = np.full(people.household[-1] + 1, NO_PLACE, np.int32)
    np.maximum.at(place, people.household, people.place)
    private = np.unique(people.household[(people.communal == 0) & (place[people.household] != NO_PLACE)])
    return private, place


def _next_of_kin(people: People) -> np.ndarray:
    """The first of the home, or for the first the second; -1 in communal homes and for people alone."""
    n = len(people)
    first = np.flatnonzero(np.diff(people.household, prepend=-1))[people.household]
    second = np.minimum(first + 1, n - 1)
    kin = np.where(people.role > 0, first, second)
    return np.where(
        (people.household[kin] == people.household) & (kin != np.arange(n)) & (people.communal == 0), kin, -1
    )


def _mothers(people: People) -> np.ndarray:
    mother = np.full(people.household[-1] + 1, -1)
    women = np.flatnonzero((people.sex == 1) & ~people.child & (people.role < 2))
    mother[people.household[women]] = women
    return np.where(people.child, mother[people.household], -1)


def _traps(people, names, here, in_gp, twin_of, father_of) -> np.ndarray:
    """What makes each person easy to mistake; of several the first in TRAPS."""
    related = father_of >= 0
    related[father_of[related]] = True
    masks = {
        "twin": twin_of >= 0,
        "father and son": related,
        "namesake": _namesakes(people, names, here),
        "not in GP extract": here & people.registered & ~in_gp,
        "not registered": ~people.registered,
        "care home": people.communal == 1,
        "hostel": people.communal == 2,
    }
    trap = np.full(len(people), NO_TRAP, np.uint8)
    for name in reversed(masks):
        trap[masks[name]] = TRAPS.index(name)
    return trap


def _namesakes(people: People, names: Names, here: np.ndarray) -> np.ndarray:
    """People of different homes with one name, sex and birthday."""
    facts = (people.household, people.birth, people.sex, names.surname, names.forename)
    now = np.flatnonzero(here)
    order = now[np.lexsort([fact[now] for fact in facts])]
    alike = people.household[order[1:]] != people.household[order[:-1]]
    for fact in facts[1:]:
        alike &= fact[order[1:]] == fact[order[:-1]]
    result = np.zeros(len(people), bool)
    result[order[1:][alike]] = result[order[:-1][alike]] = True
    return result


def ethnicity(known: Known, who: np.ndarray) -> np.ndarray:
    """Ethnic category of each record's person."""
    return np.array(ETHNIC_CODES)[known.people.ethnicity[who]]
