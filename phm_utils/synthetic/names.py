"""Names of the make-believe people: households share surnames, twins and namesakes confuse."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic.draws import chance, pick
from phm_utils.synthetic.name_lists import FORENAMES, SURNAMES
from phm_utils.synthetic.people import BLACK, SOUTH_ASIAN, People

PARTNER_SHARES, FATHER_AND_SON, NAMESAKES, MARRIED = 0.62, 0.02, 0.002, 0.35


@dataclass(frozen=True)
class Names:
    """Everybody's true name: positions in lists of words.

    maiden: a woman's surname before marriage, where an older record may hold it; else her surname.
    """

    forename: np.ndarray
    surname: np.ndarray
    maiden: np.ndarray
    forenames: np.ndarray
    surnames: np.ndarray


def make_names(rng: np.random.Generator, people: People) -> Names:
    """Names by sex and origin; common ones are common."""
    forenames, forename = _forenames(rng, people)
    surnames, surname, maiden = _surnames(rng, people)
    _sons(rng, people, forename)
    _namesakes(rng, people, forename, surname, maiden)
    return Names(forename, surname, maiden, forenames, surnames)


def _origin(people: People) -> np.ndarray:
    return np.where(people.is_ethnic(SOUTH_ASIAN), 1, np.where(people.is_ethnic(BLACK), 2, 0))


def _draw(rng: np.random.Generator, count: int, size: int, fall: float) -> np.ndarray:
    """Positions in a list in which the word in place k is likelier than the next."""
    return pick(rng, (1.0 + np.arange(count)) ** -fall, size)


def _forenames(rng: np.random.Generator, people: People) -> tuple[np.ndarray, np.ndarray]:
    lists = FORENAMES
    group = _origin(people) * 2 + people.sex
    result = np.zeros(len(people), np.int32)
    offset = 0
    for number, words in enumerate(lists):
        mine = np.flatnonzero(group == number)
        popular = rng.permutation(len(words))
        result[mine] = offset + popular[_draw(rng, len(words), len(mine), 0.7)]
        offset += len(words)
    return np.concatenate(lists), result


def _surnames(rng: np.random.Generator, people: People) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One to a household mostly; partners and people who merely share a home have their own."""
    lists = SURNAMES
    starts = np.cumsum([0] + [len(words) for words in lists])
    origin = _origin(people)
    own = np.zeros(len(people), np.int32)
    for number, words in enumerate(lists):
        mine = np.flatnonzero(origin == number)
        popular = rng.permutation(len(words))
        own[mine] = starts[number] + popular[_draw(rng, len(words), len(mine), 0.55)]
    first = np.flatnonzero(np.diff(people.household, prepend=-1))
    of_home = own[first][people.household]
    shares = (people.role == 0) | people.child | ((people.role > 0) & chance(rng, PARTNER_SHARES, len(people)))
    surname = np.where(shares & (people.communal == 0), of_home, own)
    wife = (people.sex == 1) & (people.role == 1) & ~people.child & shares
    maiden = np.where(wife & chance(rng, MARRIED, len(people)), own, surname)
    return np.concatenate(lists), surname, maiden


def _sons(rng: np.random.Generator, people: People, forename: np.ndarray) -> None:
    """Some sons have their father's name: same name, same home, another birth date."""
    father = np.full(people.household[-1] + 1, -1)
    men = np.flatnonzero((people.sex == 0) & ~people.child & (people.role < 2))
    father[people.household[men]] = men
    sons = np.flatnonzero(people.child & (people.sex == 0) & (father[people.household] >= 0))
    sons = sons[chance(rng, FATHER_AND_SON, len(sons))]
    forename[sons] = forename[father[people.household[sons]]]


def _namesakes(rng: np.random.Generator, people: People, forename, surname, maiden) -> None:
    """Strangers with one name, sex and birth date."""
    order = np.lexsort((people.sex, people.birth))
    after, before = order[1:], order[:-1]
    alike = (people.birth[after] == people.birth[before]) & (people.sex[after] == people.sex[before])
    alike &= people.household[after] != people.household[before]
    chosen = np.flatnonzero(alike & chance(rng, NAMESAKES, len(after)))
    forename[after[chosen]] = forename[before[chosen]]
    surname[after[chosen]] = surname[before[chosen]]
    maiden[after[chosen]] = surname[before[chosen]]
