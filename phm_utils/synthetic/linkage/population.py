"""The people of one network for linkage: the names they use, their former homes, and who is in the GP's file."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days, geography
from phm_utils.synthetic.draws import chance, stream
from phm_utils.synthetic.identity import shuffled_numbers
from phm_utils.synthetic.linkage.naming import name_people, second_names
from phm_utils.synthetic.linkage.relatives import Relatives, make_relatives
from phm_utils.synthetic.linkage.wider_names import MUSLIM, WIDER
from phm_utils.synthetic.lives import add_life_events
from phm_utils.synthetic.names import Names
from phm_utils.synthetic.people import NO_PLACE, People, make_people

HAVE_SECOND, GO_BY_SHORT = 0.75, 0.20
GO_BY_SECOND, MUSLIM_GO_BY_SECOND = 0.04, 0.08  # the latter where the first name is a prophet's and many share it
ABSENT_RELATIVES = (
    0.00005  # of people: twins, and as many sons, absent from the GP's file while the twin or father is in it
)
MOVED_AGES, MOVED = (0, 17, 22, 30, 45, 70, 100), (0.2, 0.15, 0.5, 0.45, 0.2, 0.08, 0.08)  # in the last few years
MOVED_TO_COMMUNAL = 0.3


@dataclass(frozen=True)
class Population:
    """One entry per person in every array but `unused_numbers`, `place_of_home` and `absent_relatives`.

    second: second forename's position among the forenames, -1 for none.
    moved: lived in `former_home` until lately. place_of_home: small area of
    each home, NO_PLACE where unknown. unused_numbers: valid NHS numbers of nobody in
    any source. resident: alive and not left. in_gp: in the GP's file.
    absent_relatives: people missing there while their twin, or father of the same
    name, is in it.
    """

    people: People
    names: Names
    relatives: Relatives
    second: np.ndarray
    goes_by_short: np.ndarray
    goes_by_second: np.ndarray
    moved: np.ndarray
    home: np.ndarray
    former_home: np.ndarray
    place_of_home: np.ndarray
    nhs_number: np.ndarray
    unused_numbers: np.ndarray
    resident: np.ndarray
    in_gp: np.ndarray
    absent_relatives: np.ndarray

    def __len__(self) -> int:
        return len(self.people)


def make_population(seed: int, pcn: int, registered: int) -> Population:
    """The same people as in the other forms of that seed, with names from wider lists and a past.

    The dead and those who left are in no source: an extract of the living.
    """
    people = make_people(stream(seed, pcn, "people"), geography.geography(seed, pcn), pcn, registered)
    add_life_events(stream(seed, pcn, "lives"), people, registered)
    rng = stream(seed, pcn, "linkage people")
    names = name_people(rng, people)
    second = second_names(rng, people, HAVE_SECOND)
    resident = (people.died == days.NO_DAY) & (people.left == days.NO_DAY)
    relatives = make_relatives(people, names, resident)
    in_gp = resident & people.registered & ~people.type_1
    absent = np.concatenate([_absent(rng, people, in_gp, other) for other in (relatives.twin, relatives.father)])
    in_gp[absent] = False
    number = shuffled_numbers(stream(seed, pcn, "identities"), people)
    private, place = _homes(people)
    go_by_second = np.where(WIDER.origin(people) == MUSLIM, MUSLIM_GO_BY_SECOND, GO_BY_SECOND)
    return Population(
        people=people,
        names=names,
        relatives=relatives,
        second=second,
        goes_by_short=chance(rng, GO_BY_SHORT, len(people)),
        goes_by_second=(second >= 0) & chance(rng, go_by_second),
        moved=_moved(rng, people),
        home=people.household,
        former_home=rng.choice(private, len(place))[people.household],
        place_of_home=place,
        nhs_number=number[: len(people)],
        unused_numbers=np.concatenate([number[len(people) :], number[: len(people)][~resident]]),
        resident=resident,
        in_gp=in_gp,
        absent_relatives=absent,
    )


def _absent(rng: np.random.Generator, people: People, in_gp: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A few people whose twin or father of the same name stays in the GP's file, while they are struck from it."""
    may = np.flatnonzero(people.child & in_gp & (other >= 0) & in_gp[other] & (other < np.arange(len(people))))
    return rng.permutation(may)[: max(1, round(ABSENT_RELATIVES * len(people)))]


def _moved(rng: np.random.Generator, people: People) -> np.ndarray:
    """Who lived elsewhere until lately; children move with the home's first person."""
    share = np.where(people.communal > 0, MOVED_TO_COMMUNAL, np.interp(people.age, MOVED_AGES, MOVED))
    moved = chance(rng, share)
    first = np.flatnonzero(np.diff(people.household, prepend=-1))
    return np.where(people.child, moved[first][people.household], moved)


def _homes(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Private homes, and the small area of every home."""
    place = np.full(people.household[-1] + 1, NO_PLACE, np.int32)
    np.maximum.at(place, people.household, people.place)
    private = np.unique(people.household[(people.communal == 0) & (place[people.household] != NO_PLACE)])
    return private, place
