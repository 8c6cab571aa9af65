"""The people of one network: households, ages, ethnicity, homes and practices."""

from dataclasses import dataclass, field

import numpy as np

from phm_utils.synthetic import days, geography
from phm_utils.synthetic.draws import chance, largest, pick
from phm_utils.synthetic.households import completed_years, make_ages, make_births, make_homes, make_sexes

UNREGISTERED = 255  # in `practice`: with no GP of the ICS
NO_PLACE = -1  # in `place`: no fixed abode
# Beyond those registered on the last day: a network's extract also has people who died or left in the
# five years, and other sources have people registered with no practice.
EVER_PER_REGISTERED = 1.092
UNREGISTERED_SHARE = 0.005
OUT_OF_AREA_SHARE, WALES_SHARE, MARCHES_WALES_SHARE = 0.04, 0.001, 0.02

ETHNIC_CODES = tuple("ABCDEFGHJKLMNPRS")
_MAJORITY = {"A": 0.935, "B": 0.010, "C": 0.055}
_MINORITY = {"D": 0.05, "E": 0.03, "F": 0.05, "G": 0.04, "H": 0.16, "J": 0.21, "K": 0.08, "L": 0.09, "M": 0.06,
             "N": 0.12, "P": 0.02, "R": 0.04, "S": 0.05}  # fmt: skip
SOUTH_ASIAN, BLACK = ("H", "J", "K"), ("M", "N", "P")


@dataclass
class People:
    """Everybody of one network, household by household; one entry per person in every array.

    birth: date32. age: completed years on the last day, or as it would be.
    deprivation: 1 most, -1 least. frailty, need: standard normal, in no
    source; they correlate conditions and hardships.
    Days are numbers of `days`; NO_DAY where a thing never happened.
    """

    pcn: int
    household: np.ndarray
    role: np.ndarray  # place in the household, 0 the reference person
    child: np.ndarray
    communal: np.ndarray  # 0 private, 1 care home, 2 hostel
    sex: np.ndarray  # 0 male, 1 female
    birth: np.ndarray
    age: np.ndarray
    twin: np.ndarray
    ethnicity: np.ndarray
    place: np.ndarray
    practice: np.ndarray
    deprivation: np.ndarray
    frailty: np.ndarray
    need: np.ndarray
    registered: np.ndarray = field(init=False)
    first: np.ndarray = field(init=False)  # first and last day seen in these five years
    last: np.ndarray = field(init=False)
    joined: np.ndarray = field(init=False)  # day of registration, may be years before START
    left: np.ndarray = field(init=False)
    died: np.ndarray = field(init=False)
    type_1: np.ndarray = field(init=False)
    opted_out: np.ndarray = field(init=False)

    def __len__(self) -> int:
        return len(self.birth)

    @property
    def years(self) -> np.ndarray:
        """Years between the first and the last day seen."""
        return (self.last - self.first + 1) / days.YEAR

    def numbers(self) -> np.ndarray:
        """The true number of each person, used in `truth` alone."""
        return np.arange(1, len(self) + 1, dtype=np.int64) + self.pcn * 1_000_000

    def is_ethnic(self, codes: tuple[str, ...]) -> np.ndarray:
        """True for people of any of the ethnic categories."""
        return np.isin(self.ethnicity, [ETHNIC_CODES.index(c) for c in codes])


def make_people(rng: np.random.Generator, county: geography.Geography, pcn: int, registered: int) -> People:
    """People enough for `registered` on the last day, those who died or left, and the unregistered."""
    outside = max(2, round(registered * UNREGISTERED_SHARE))
    total = round(registered * EVER_PER_REGISTERED) + outside
    tilt = geography.age_tilt(pcn)
    homes = make_homes(rng, total, tilt, registered)
    age = make_ages(rng, homes)
    birth, twin = make_births(rng, homes, age)
    place = _places(rng, county, pcn, len(homes.kind))[homes.household]
    n = len(homes)
    people = People(
        pcn=pcn,
        household=homes.household,
        role=homes.role,
        child=homes.child,
        communal=homes.communal,
        sex=make_sexes(rng, homes, age),
        birth=birth,
        age=completed_years(birth),
        twin=twin,
        ethnicity=_ethnicities(rng, county, place, homes.household, age),
        place=place,
        practice=_practices(rng, county, pcn, place, homes.household),
        deprivation=np.concatenate([county.deprivation, np.zeros(geography.WALES + 1)])[place].astype(np.float32),
        frailty=rng.standard_normal(n, dtype=np.float32),
        need=rng.standard_normal(n, dtype=np.float32),
    )
    _unregister(rng, people, outside)
    return people


def _places(rng: np.random.Generator, county: geography.Geography, pcn: int, households: int) -> np.ndarray:
    """Position in `county.places` of each household: mostly the network's own areas, some nearby, some in Wales."""
    own = np.flatnonzero(county.pcn == pcn)
    place = own[pick(rng, county.population[own], households)]
    centre = county.practice_point[county.practices_of(pcn)].mean(axis=0)
    apart = np.linalg.norm(county.point - centre, axis=1) / 1_000
    near = pick(rng, np.where(county.pcn == pcn, 0, county.population * np.exp(-apart / 2.5)), households)
    place = np.where(chance(rng, OUT_OF_AREA_SHARE, households), near, place)
    abroad = chance(rng, MARCHES_WALES_SHARE if geography.at_the_border(pcn) else WALES_SHARE, households)
    wales = len(county.lsoa) + rng.integers(0, geography.WALES, households)
    return np.where(abroad, wales, place).astype(np.int16)


def _ethnicities(rng, county, place, household, age) -> np.ndarray:
    """Households of one group mostly; minorities cluster in some areas and are younger."""
    minority = np.concatenate([county.minority, np.full(geography.WALES + 1, 0.02)])
    codes = {code: place for place, code in enumerate(ETHNIC_CODES)}
    n, households = len(household), household[-1] + 1
    majority_of = np.array([codes[c] for c in _MAJORITY], np.uint8)
    minority_of = np.array([codes[c] for c in _MINORITY], np.uint8)
    first = np.flatnonzero(np.diff(household, prepend=-1))
    young = np.clip(1.6 - age[first] / 60, 0.25, 1.3)
    is_minority = chance(rng, np.clip(minority[place[first]] * young, 0, 0.95))
    group = np.where(
        is_minority,
        minority_of[pick(rng, np.array(list(_MINORITY.values())), households)],
        majority_of[pick(rng, np.array(list(_MAJORITY.values())), households)],
    )
    other = majority_of[pick(rng, np.array(list(_MAJORITY.values())), n)]
    return np.where(chance(rng, 0.03, n), other, group[household]).astype(np.uint8)


def _practices(rng, county, pcn, place, household) -> np.ndarray:
    """A practice of the network for each household, near and large ones likelier."""
    mine = county.practices_of(pcn)
    apart = np.linalg.norm(county.point[:, None] - county.practice_point[mine][None], axis=2) / 1_000
    scale = 1.0 + np.sort(apart, axis=1)[:, :1]
    weight = county.practice_size[mine] * np.exp(-apart / scale) + 0.01
    weight = np.vstack([weight, np.ones((geography.WALES + 1, len(mine)))])
    edges = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    first = np.flatnonzero(np.diff(household, prepend=-1))
    chosen = (rng.random(len(first))[:, None] > edges[place[first]]).sum(axis=1)
    return chosen[household].clip(0, len(mine) - 1).astype(np.uint8)


def _unregister(rng: np.random.Generator, people: People, count: int) -> None:
    """Make some adults unregistered, half of them without an address."""
    weight = np.where((people.age >= 18) & (people.age < 65) & (people.communal != 1), np.exp(0.8 * people.need), 0)
    weight *= np.where(people.communal == 2, 12, 1)
    key = np.log(np.maximum(weight, 1e-30)) + rng.gumbel(size=len(people))
    chosen = largest(key, count)
    people.registered = np.ones(len(people), bool)
    people.registered[chosen] = False
    people.practice[chosen] = UNREGISTERED
    people.place[chosen[chance(rng, 0.55, count)]] = NO_PLACE
    people.need[chosen] += 1.0
