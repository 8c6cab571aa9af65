"""Names of the simulated people: households share surnames, twins and namesakes confuse."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic.draws import chance, pick
from phm_utils.synthetic.name_lists import FORENAMES, SURNAMES
from phm_utils.synthetic.people import BLACK, ETHNIC_CODES, SOUTH_ASIAN, People

PARTNER_SHARES, FATHER_AND_SON, NAMESAKES, MARRIED = 0.62, 0.02, 0.002, 0.35


@dataclass(frozen=True)
class NameLists:
    """Words to draw from, by origin.

    forenames: men's, then women's, of each origin. surnames: of each origin.
    origin_of: ethnic category to origin; 0 for those absent. as_listed: the
    first of a list is the commonest everywhere, else each network has its own
    favourites. fall: how much likelier a word is than the next, forenames' and
    surnames' power of the rank.
    """

    forenames: tuple[tuple[str, ...], ...]
    surnames: tuple[tuple[str, ...], ...]
    origin_of: dict[str, int]
    as_listed: bool = False
    fall: tuple[float, float] = (0.7, 0.55)

    def origin(self, people: People) -> np.ndarray:
        """Origin of each person's names."""
        return np.array([self.origin_of.get(code, 0) for code in ETHNIC_CODES])[people.ethnicity]

    def order(self, rng: np.random.Generator, words: tuple[str, ...]) -> np.ndarray:
        """Positions in a list, the commonest first."""
        return np.arange(len(words)) if self.as_listed else rng.permutation(len(words))


PLAIN = NameLists(FORENAMES, SURNAMES, dict.fromkeys(SOUTH_ASIAN, 1) | dict.fromkeys(BLACK, 2))


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


def make_names(rng: np.random.Generator, people: People, lists: NameLists = PLAIN) -> Names:
    """Names by sex and origin; common ones are common."""
    forenames, forename = draw_forenames(rng, people, lists)
    surnames, surname, maiden = _surnames(rng, people, lists)
    _name_sons_after_fathers(rng, people, forename)
    _add_namesakes(rng, people, forename, surname, maiden)
    return Names(forename, surname, maiden, forenames, surnames)


def _draw(rng: np.random.Generator, count: int, size: int, fall: float) -> np.ndarray:
    """Positions in a list in which the word in place k is likelier than the next."""
    return pick(rng, (1.0 + np.arange(count)) ** -fall, size)


def draw_forenames(rng: np.random.Generator, people: People, lists: NameLists) -> tuple[np.ndarray, np.ndarray]:
    """Words, and the position of each person's among them."""
    group = lists.origin(people) * 2 + people.sex
    result = np.zeros(len(people), np.int32)
    offset = 0
    for number, words in enumerate(lists.forenames):
        mine = np.flatnonzero(group == number)
        popular = lists.order(rng, words)
        result[mine] = offset + popular[_draw(rng, len(words), len(mine), lists.fall[0])]
        offset += len(words)
    return np.concatenate(lists.forenames), result


def _surnames(rng: np.random.Generator, people: People, lists: NameLists) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One to a household mostly; partners and people who merely share a home have their own."""
    starts = np.cumsum([0] + [len(words) for words in lists.surnames])
    origin = lists.origin(people)
    own = np.zeros(len(people), np.int32)
    for number, words in enumerate(lists.surnames):
        mine = np.flatnonzero(origin == number)
        popular = lists.order(rng, words)
        own[mine] = starts[number] + popular[_draw(rng, len(words), len(mine), lists.fall[1])]
    first = np.flatnonzero(np.diff(people.household, prepend=-1))
    of_home = own[first][people.household]
    shares = (people.role == 0) | people.child | ((people.role > 0) & chance(rng, PARTNER_SHARES, len(people)))
    surname = np.where(shares & (people.communal == 0), of_home, own)
    wife = (people.sex == 1) & (people.role == 1) & ~people.child & shares
    maiden = np.where(wife & chance(rng, MARRIED, len(people)), own, surname)
    return np.concatenate(lists.surnames), surname, maiden


def _name_sons_after_fathers(rng: np.random.Generator, people: People, forename: np.ndarray) -> None:
    """Some sons have their father's name: same name, same home, another birth date."""
    father = fathers(people)
    sons = np.flatnonzero(people.child & (people.sex == 0) & (father >= 0))
    sons = sons[chance(rng, FATHER_AND_SON, len(sons))]
    forename[sons] = forename[father[sons]]


def fathers(people: People) -> np.ndarray:
    """The man of each person's household who is a father there if it has children; -1 where there is none."""
    father = np.full(people.household[-1] + 1, -1)
    men = np.flatnonzero((people.sex == 0) & ~people.child & (people.role < 2))
    father[people.household[men]] = men
    return father[people.household]


def _add_namesakes(rng: np.random.Generator, people: People, forename, surname, maiden) -> None:
    """Unrelated people with the same name, sex and birth date."""
    order = np.lexsort((people.sex, people.birth))
    after, before = order[1:], order[:-1]
    alike = (people.birth[after] == people.birth[before]) & (people.sex[after] == people.sex[before])
    alike &= people.household[after] != people.household[before]
    chosen = np.flatnonzero(alike & chance(rng, NAMESAKES, len(after)))
    forename[after[chosen]] = forename[before[chosen]]
    surname[after[chosen]] = surname[before[chosen]]
    maiden[after[chosen]] = surname[before[chosen]]
