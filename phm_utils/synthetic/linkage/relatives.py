"""People easily confused: twins, fathers and sons of one name, people of one home, unrelated namesakes."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic.names import Names, fathers
from phm_utils.synthetic.people import People


@dataclass(frozen=True)
class Relatives:
    """Positions of other people, -1 for none; one entry per person in each array.

    twin: the other twin. father: of a son who bears his name. mother: of a
    child. nearest: the twin, or another of a private home, whose NHS number
    could be taken for this person's. namesake: True for people of different
    homes with one name, sex and birthday.
    """

    twin: np.ndarray
    father: np.ndarray
    mother: np.ndarray
    nearest: np.ndarray
    namesake: np.ndarray


def make_relatives(people: People, names: Names, resident: np.ndarray) -> Relatives:
    """Found from homes, names and birthdays; namesakes among `resident` people."""
    twin = _twins(people)
    nearest = np.where(twin >= 0, twin, _of_one_home(people))
    return Relatives(
        twin, _fathers_of_one_name(people, names), _mothers(people), nearest, _namesakes(people, names, resident)
    )


def _twins(people: People) -> np.ndarray:
    result = np.full(len(people), -1)
    pair = (people.birth[1:] == people.birth[:-1]) & (people.household[1:] == people.household[:-1])
    second = np.flatnonzero(pair & people.twin[1:] & people.twin[:-1]) + 1
    result[second], result[second - 1] = second - 1, second
    return result


def _fathers_of_one_name(people: People, names: Names) -> np.ndarray:
    father = fathers(people)
    same = people.child & (people.sex == 0) & (father >= 0)
    same &= (names.forename == names.forename[father]) & (names.surname == names.surname[father])
    return np.where(same, father, -1)


def _mothers(people: People) -> np.ndarray:
    mother = np.full(people.household[-1] + 1, -1)
    women = np.flatnonzero((people.sex == 1) & ~people.child & (people.role < 2))
    mother[people.household[women]] = women
    return np.where(people.child, mother[people.household], -1)


def _of_one_home(people: People) -> np.ndarray:
    """The first of the home, or for the first the second."""
    n = len(people)
    first = np.flatnonzero(np.diff(people.household, prepend=-1))[people.household]
    other = np.where(people.role > 0, first, np.minimum(first + 1, n - 1))
    together = (people.household[other] == people.household) & (other != np.arange(n)) & (people.communal == 0)
    return np.where(together, other, -1)


def _namesakes(people: People, names: Names, resident: np.ndarray) -> np.ndarray:
    facts = (people.household, people.birth, people.sex, names.surname, names.forename)
    now = np.flatnonzero(resident)
    order = now[np.lexsort([fact[now] for fact in facts])]
    alike = people.household[order[1:]] != people.household[order[:-1]]
    for fact in facts[1:]:
        alike &= fact[order[1:]] == fact[order[:-1]]
    result = np.zeros(len(people), bool)
    result[order[1:][alike]] = result[order[:-1][alike]] = True
    return result
