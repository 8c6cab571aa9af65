"""The people of one network: households, ages, ethnicity, homes and practices."""

from dataclasses import dataclass, field

import numpy as np

from phm_utils.synthetic import days, geography
from phm_utils.synthetic.draws import chance, pick

UNREGISTERED = 255  # in `practice`: with no GP of the ICS
NO_PLACE = -1  # in `place`: no fixed abode
# Beyond those registered on the last day: a network's extract also tells of people who died or left in the
# five years, and other sources of people whom no practice has registered.
EVER_PER_REGISTERED = 1.092
UNREGISTERED_SHARE = 0.005
CARE_HOME_SIZE, HOSTEL_SIZE = 40, 24
CARE_HOME_SHARE = 0.006  # of people, in a network of average age
OUT_OF_AREA_SHARE, WALES_SHARE, MARCHES_WALES_SHARE = 0.04, 0.001, 0.02
MARCHES = 12  # the network on the Welsh border

ETHNIC_CODES = tuple("ABCDEFGHJKLMNPRS")
_MAJORITY = {"A": 0.935, "B": 0.010, "C": 0.055}
_MINORITY = {"D": 0.05, "E": 0.03, "F": 0.05, "G": 0.04, "H": 0.16, "J": 0.21, "K": 0.08, "L": 0.09, "M": 0.06,
             "N": 0.12, "P": 0.02, "R": 0.04, "S": 0.05}  # fmt: skip
SOUTH_ASIAN, BLACK = ("H", "J", "K"), ("M", "N", "P")


@dataclass(frozen=True)
class HouseholdKind:
    """A kind of household: its share where the age mix is young, average, old; its adults and children."""

    shares: tuple[float, float, float]
    age: tuple[float, float]  # mean and spread of the reference person's
    adults: tuple[int, int]  # fewest and most
    children: tuple[int, int] = (0, 0)


KINDS = (
    HouseholdKind((0.17, 0.15, 0.10), (45, 12), (1, 1)),
    HouseholdKind((0.18, 0.18, 0.16), (46, 14), (2, 2)),
    HouseholdKind((0.28, 0.24, 0.17), (40, 7), (2, 2), (1, 3)),
    HouseholdKind((0.10, 0.06, 0.04), (38, 8), (1, 1), (1, 3)),
    HouseholdKind((0.11, 0.18, 0.23), (76, 8), (1, 1)),
    HouseholdKind((0.08, 0.16, 0.27), (73, 6.5), (2, 2)),
    HouseholdKind((0.08, 0.03, 0.01), (25, 4), (3, 5)),
    HouseholdKind((0.04, 0.07, 0.08), (56, 5), (3, 4)),
)
OLDER, SHARED, GROWN_CHILDREN = (4, 5), 6, 7


@dataclass
class People:
    """Everybody of one network, household by household; one entry per person in every array.

    birth: date32. age: completed years on the last day, or as it would be.
    deprivation: 1 most, -1 least. frailty, need: standard normal, unseen by
    any source; they make conditions and hardships run together.
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
    registered: np.ndarray = field(default=None)
    first: np.ndarray = field(default=None)  # first and last day seen in these five years
    last: np.ndarray = field(default=None)
    joined: np.ndarray = field(default=None)  # day of registration, may be years before START
    left: np.ndarray = field(default=None)
    died: np.ndarray = field(default=None)
    type_1: np.ndarray = field(default=None)
    opted_out: np.ndarray = field(default=None)

    def __len__(self) -> int:
        return len(self.birth)

    @property
    def years(self) -> np.ndarray:
        """Years between the first and the last day seen."""
        return (self.last - self.first + 1) / days.YEAR

    def is_ethnic(self, codes: tuple[str, ...]) -> np.ndarray:
        return np.isin(self.ethnicity, [ETHNIC_CODES.index(c) for c in codes])


def make_people(rng: np.random.Generator, county: geography.Geography, pcn: int, registered: int) -> People:
    """People enough for `registered` on the last day, those who died or left, and the unregistered."""
    outside = max(2, round(registered * UNREGISTERED_SHARE))
    total = round(registered * EVER_PER_REGISTERED) + outside
    tilt = geography.age_tilt(pcn)
    kind, household, role, child, communal = _households(rng, total, tilt, registered)
    reference = _reference_ages(rng, kind)
    age = _ages(rng, kind, household, role, child, communal, reference)
    birth, twin = _births(rng, age, household, child)
    place = _places(rng, county, pcn, len(kind))[household]
    n = len(household)
    people = People(
        pcn=pcn,
        household=household,
        role=role,
        child=child,
        communal=communal,
        sex=_sexes(rng, kind, household, role, age, communal),
        birth=birth,
        age=_completed(birth),
        twin=twin,
        ethnicity=_ethnicities(rng, county, place, household, age),
        place=place,
        practice=_practices(rng, county, pcn, place, household),
        deprivation=np.concatenate([county.deprivation, np.zeros(geography.WALES + 1)])[place].astype(np.float32),
        frailty=rng.standard_normal(n, dtype=np.float32),
        need=rng.standard_normal(n, dtype=np.float32),
    )
    _unregister(rng, people, outside)
    return people


def _households(rng: np.random.Generator, total: int, tilt: float, registered: int) -> tuple[np.ndarray, ...]:
    """Kind of each household; household, role, child and communal of each person, `total` of them."""
    weights = np.array([np.interp(tilt, [-1, 0, 1], k.shares) for k in KINDS])
    adults = np.array([k.adults for k in KINDS])
    children = np.array([k.children for k in KINDS])
    count = round(total / 1.9) + 50
    kind = pick(rng, weights, count).astype(np.int8)
    n_adults = rng.integers(adults[kind, 0], adults[kind, 1] + 1)
    n_children = rng.integers(children[kind, 0], children[kind, 1] + 1)
    homes = round(registered * CARE_HOME_SHARE * (1 + 0.6 * tilt) / CARE_HOME_SIZE)
    hostels = int(registered > 1_000)
    communal = np.repeat([1, 2], [homes, hostels]).astype(np.int8)
    size = np.concatenate([np.where(communal == 1, CARE_HOME_SIZE, HOSTEL_SIZE), n_adults + n_children])
    n_adults = np.concatenate([size[: len(communal)], n_adults])
    kind = np.concatenate([np.full(len(communal), 4, np.int8), kind])
    communal = np.concatenate([communal, np.zeros(count, np.int8)])
    household = np.repeat(np.arange(len(kind), dtype=np.int32), size)[:total]
    role = np.arange(len(household)) - np.repeat(np.cumsum(size) - size, size)[:total]
    kind = kind[: household[-1] + 1]
    return kind, household, role.astype(np.int16), role >= n_adults[household], communal[household]


def _reference_ages(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    mean, spread = np.array([k.age for k in KINDS]).T
    low = np.where(np.isin(kind, OLDER), 62, 18)
    return np.clip(rng.normal(mean[kind], spread[kind]), low, 100)


def _ages(
    rng: np.random.Generator,
    kind: np.ndarray,
    household: np.ndarray,
    role: np.ndarray,
    child: np.ndarray,
    communal: np.ndarray,
    reference: np.ndarray,
) -> np.ndarray:
    """Age in years, with a fraction: partners alike, children a generation younger."""
    n = len(household)
    head, shape = reference[household], kind[household]
    age = head + np.where(role > 0, rng.normal(-1, 3, n), 0)
    grown = (shape == GROWN_CHILDREN) & (role >= 2)
    age = np.where(grown, head - 31 + rng.normal(0, 3, n), age)
    age = np.where(shape == SHARED, rng.normal(25, 4, n), age)
    age = np.clip(age, 18, 103)
    oldest = np.clip(head - 19, 1, 18)
    age = np.where(child, oldest * rng.random(n) ** 0.9, age)
    age = np.where(communal == 1, np.clip(rng.normal(86, 6.5, n), 66, 104), age)
    return np.where(communal == 2, np.clip(rng.normal(37, 10, n), 18, 64), age)


def _births(rng: np.random.Generator, age: np.ndarray, household: np.ndarray, child: np.ndarray) -> tuple:
    """Birth dates (date32), twins sharing theirs."""
    end = days.EPOCH + days.DAYS - 1
    birth = np.minimum(end - np.floor(age * days.YEAR).astype(np.int32), end)
    follows = np.flatnonzero(child[1:] & child[:-1] & (household[1:] == household[:-1])) + 1
    second = follows[chance(rng, 0.016, len(follows))]
    birth[second] = birth[second - 1]
    twin = np.zeros(len(birth), bool)
    twin[second] = twin[second - 1] = True
    return birth, twin


def _completed(birth: np.ndarray) -> np.ndarray:
    return np.clip((days.EPOCH + days.DAYS - 1 - birth) / days.YEAR, 0, 104).astype(np.int16)


def _sexes(rng, kind, household, role, age, communal) -> np.ndarray:
    """Partners mostly of the two sexes; women outlive men."""
    n = len(household)
    female = chance(rng, np.where(age > 70, 0.5 + np.clip((age - 70) * 0.011, 0, 0.22), 0.5))
    second = np.flatnonzero((role == 1) & (age >= 18) & (communal == 0) & (kind[household] != SHARED))
    female[second] = np.where(chance(rng, 0.97, len(second)), ~female[second - 1], female[second])
    female[communal == 1] = chance(rng, 0.70, n)[communal == 1]
    female[communal == 2] = chance(rng, 0.25, n)[communal == 2]
    return female.astype(np.uint8)


def _places(rng: np.random.Generator, county: geography.Geography, pcn: int, households: int) -> np.ndarray:
    """Position in `county.places` of each household: mostly the network's own areas, some nearby, some in Wales."""
    own = np.flatnonzero(county.pcn == pcn)
    place = own[pick(rng, county.population[own], households)]
    centre = county.practice_point[county.practices_of(pcn)].mean(axis=0)
    apart = np.linalg.norm(county.point - centre, axis=1) / 1_000
    near = pick(rng, np.where(county.pcn == pcn, 0, county.population * np.exp(-apart / 2.5)), households)
    place = np.where(chance(rng, OUT_OF_AREA_SHARE, households), near, place)
    abroad = chance(rng, MARCHES_WALES_SHARE if pcn == MARCHES else WALES_SHARE, households)
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
    """Make some adults known to no practice, half of them without an address."""
    weight = np.where((people.age >= 18) & (people.age < 65) & (people.communal != 1), np.exp(0.8 * people.need), 0)
    weight *= np.where(people.communal == 2, 12, 1)
    key = np.log(np.maximum(weight, 1e-30)) + rng.gumbel(size=len(people))
    chosen = np.argpartition(-key, count)[:count]
    people.registered = np.ones(len(people), bool)
    people.registered[chosen] = False
    people.practice[chosen] = UNREGISTERED
    people.place[chosen[chance(rng, 0.55, count)]] = NO_PLACE
    people.need[chosen] += 1.0
