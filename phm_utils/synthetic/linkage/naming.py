"""True names for linkage: no two children of a home alike, some surnames joined, some birthdays those of papers."""

import numpy as np

from phm_utils.synthetic.draws import chance, pick
from phm_utils.synthetic.linkage.wider_names import AFRICAN, BRITISH, CARIBBEAN, EUROPEAN, MUSLIM, OF_WOMEN, WIDER
from phm_utils.synthetic.names import Names, draw_forenames, make_names
from phm_utils.synthetic.people import People

JOINED = 0.03  # of households of some origins: a double-barrelled surname
BORN_FIRST_JANUARY = 0.02  # of adults of some origins: on their papers, and in every source


def name_people(rng: np.random.Generator, people: People) -> Names:
    """Names from the wider lists. Alters `people.birth` of those whose papers give the first of January."""
    origin = WIDER.origin(people)
    _paper_birthdays(rng, people, origin)
    names = make_names(rng, people, WIDER)
    _make_forenames_differ(rng, people, names.forename)
    return _join(rng, people, origin, _of_women(rng, people, origin, names))


def second_names(rng: np.random.Generator, people: People, share: float) -> np.ndarray:
    """Position of each person's second name among the forenames, -1 for none."""
    return np.where(chance(rng, share, len(people)), draw_forenames(rng, people, WIDER)[1], -1)


def _paper_birthdays(rng: np.random.Generator, people: People, origin: np.ndarray) -> None:
    """Where births went unrecorded, papers made later say the first of January."""
    chosen = np.isin(origin, (MUSLIM, AFRICAN)) & (people.age >= 18) & chance(rng, BORN_FIRST_JANUARY, len(people))
    year = people.birth.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int32)
    people.birth[chosen] = year[chosen]


def _make_forenames_differ(rng: np.random.Generator, people: People, forename: np.ndarray) -> None:
    """Draw again where two children of a home have one forename: twins must differ in it."""
    for _ in range(4):
        order = np.lexsort((forename, people.child, people.household))
        alike = np.ones(len(order) - 1, bool)
        for fact in (forename, people.child, people.household):
            alike &= fact[order[1:]] == fact[order[:-1]]
        again = order[1:][alike & people.child[order[1:]]]
        forename[again] = draw_forenames(rng, people, WIDER)[1][again]


def _of_women(rng: np.random.Generator, people: People, origin: np.ndarray, names: Names) -> Names:
    """Begum or Kaur in the surname's place, for some women and girls."""
    surname, maiden, words = names.surname.copy(), names.maiden.copy(), list(names.surnames)
    for group, (share, own) in OF_WOMEN.items():
        chosen = np.flatnonzero((origin == group) & (people.sex == 1) & chance(rng, share, len(people)))
        likely = len(own) - np.arange(len(own))
        surname[chosen] = maiden[chosen] = len(words) + pick(rng, likely, len(chosen))
        words.extend(own)
    return Names(names.forename, surname, maiden, names.forenames, np.array(words))


def _join(rng: np.random.Generator, people: People, origin: np.ndarray, names: Names) -> Names:
    """Two surnames joined, for all of a household who bear its first."""
    first = np.flatnonzero(np.diff(people.household, prepend=-1))
    may = np.isin(origin[first], (BRITISH, CARIBBEAN, EUROPEAN)) & (people.communal[first] == 0)
    homes = np.flatnonzero(may & chance(rng, JOINED, len(first)))
    other = names.surname[rng.choice(np.flatnonzero(np.isin(origin, (BRITISH, CARIBBEAN))), len(homes))]
    words, heads = names.surnames, names.surname[first]
    joined = [f"{words[head]}-{words[second]}" for head, second in zip(heads[homes], other, strict=True)]
    new = np.full(len(first), -1)
    new[homes] = len(words) + np.arange(len(homes))
    bears = (new[people.household] >= 0) & (names.surname == heads[people.household])
    surname = np.where(bears, new[people.household], names.surname)
    maiden = np.where(names.maiden == names.surname, surname, names.maiden)
    return Names(names.forename, surname, maiden, names.forenames, np.concatenate([words, np.array(joined, str)]))
