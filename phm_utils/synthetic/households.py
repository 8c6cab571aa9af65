"""Households of one network: who lives together, and how old they are."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import chance, pick

CARE_HOME_SIZE, HOSTEL_SIZE = 40, 24
LEAST_FOR_HOSTEL = 1_000  # registered people of a network that has one
TWIN_SHARE = 0.016  # of children who follow another in the household
CARE_HOME_SHARE = 0.006  # of people, in a network of average age


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


@dataclass(frozen=True)
class Homes:
    """kind: of each household, a place in KINDS. The other arrays have one entry per person, by household.

    role: place in the household, 0 the reference person. communal: 0 private, 1 care home, 2 hostel.
    """

    kind: np.ndarray
    household: np.ndarray
    role: np.ndarray
    child: np.ndarray
    communal: np.ndarray

    def __len__(self) -> int:
        return len(self.household)


def make_homes(rng: np.random.Generator, total: int, tilt: float, registered: int) -> Homes:
    """Households of `total` people, communal ones first; the last is cut to fit."""
    weights = np.array([np.interp(tilt, [-1, 0, 1], k.shares) for k in KINDS])
    adults, children = (np.array([getattr(k, name) for k in KINDS]) for name in ("adults", "children"))
    count = round(total / 1.9) + 50
    kind = pick(rng, weights, count).astype(np.int8)
    n_adults = rng.integers(adults[kind, 0], adults[kind, 1] + 1)
    n_children = rng.integers(children[kind, 0], children[kind, 1] + 1)
    care_homes = round(registered * CARE_HOME_SHARE * (1 + 0.6 * tilt) / CARE_HOME_SIZE)
    communal = np.repeat([1, 2], [care_homes, int(registered > LEAST_FOR_HOSTEL)]).astype(np.int8)
    size = np.concatenate([np.where(communal == 1, CARE_HOME_SIZE, HOSTEL_SIZE), n_adults + n_children])
    n_adults = np.concatenate([size[: len(communal)], n_adults])
    kind = np.concatenate([np.full(len(communal), OLDER[0], np.int8), kind])
    communal = np.concatenate([communal, np.zeros(count, np.int8)])
    household = np.repeat(np.arange(len(kind), dtype=np.int32), size)[:total]
    role = (np.arange(total) - np.repeat(np.cumsum(size) - size, size)[:total]).astype(np.int16)
    kind = kind[: household[-1] + 1]
    return Homes(kind, household, role, role >= n_adults[household], communal[household])


def make_ages(rng: np.random.Generator, homes: Homes) -> np.ndarray:
    """Age in years, with a fraction: partners alike, children a generation younger."""
    n, kind = len(homes), homes.kind[homes.household]
    head = _reference_ages(rng, homes.kind)[homes.household]
    age = head + np.where(homes.role > 0, rng.normal(-1, 3, n), 0)
    grown = (kind == GROWN_CHILDREN) & (homes.role >= 2)
    age = np.where(grown, head - 31 + rng.normal(0, 3, n), age)
    age = np.where(kind == SHARED, rng.normal(25, 4, n), age)
    age = _at_least(age, 18).clip(max=104)
    age = np.where(homes.child, np.clip(head - 19, 1, 18) * rng.random(n) ** 0.9, age)
    age = np.where(homes.communal == 1, _at_least(rng.normal(86, 6.5, n), 66).clip(max=104), age)
    return np.where(homes.communal == 2, _at_least(rng.normal(37, 10, n), 18), age)


def _reference_ages(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    mean, spread = np.array([k.age for k in KINDS]).T
    age = _at_least(rng.normal(mean[kind], spread[kind]), 18)
    return np.where(np.isin(kind, OLDER), _at_least(age, 62), age)


def _at_least(age: np.ndarray, low: float) -> np.ndarray:
    """Folded at `low`: cutting would give hundreds of people one birthday."""
    return low + np.abs(age - low)


def make_births(rng: np.random.Generator, homes: Homes, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Birth dates (date32), and who is a twin; twins share theirs."""
    end = days.EPOCH + days.DAYS - 1
    birth = np.minimum(end - np.floor(age * days.YEAR).astype(np.int32), end)
    siblings = homes.child[1:] & homes.child[:-1] & (homes.household[1:] == homes.household[:-1])
    follows = np.flatnonzero(siblings) + 1
    second = follows[chance(rng, TWIN_SHARE, len(follows))]
    birth[second] = birth[second - 1]
    twin = np.zeros(len(birth), bool)
    twin[second] = twin[second - 1] = True
    return birth, twin


def completed_years(birth: np.ndarray) -> np.ndarray:
    """Age on the last day of the five years."""
    return np.clip((days.EPOCH + days.DAYS - 1 - birth) / days.YEAR, 0, 104).astype(np.int16)


def make_sexes(rng: np.random.Generator, homes: Homes, age: np.ndarray) -> np.ndarray:
    """0 male, 1 female: partners mostly of the two sexes; women outlive men."""
    n, communal = len(homes), homes.communal
    female = chance(rng, np.where(age > 70, 0.5 + np.clip((age - 70) * 0.011, 0, 0.22), 0.5))
    couple = (homes.role == 1) & ~homes.child & (communal == 0) & (homes.kind[homes.household] != SHARED)
    second = np.flatnonzero(couple)
    female[second] = np.where(chance(rng, 0.97, len(second)), ~female[second - 1], female[second])
    female[communal == 1] = chance(rng, 0.70, n)[communal == 1]
    female[communal == 2] = chance(rng, 0.25, n)[communal == 2]
    return female.astype(np.uint8)
