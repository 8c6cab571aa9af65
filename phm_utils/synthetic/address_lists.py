"""Lists of addresses: energy bands of dwellings, a network operator's register, and a council tax discount.

Their rates are assumed. An address is a household's place, or a dwelling in which nobody lives; households whose people
have all died or left, and people known to no practice, are addresses too.
"""

from datetime import date

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import NULL, Coded, chance, expit, logit
from phm_utils.synthetic.facts import FRAILTY_FROM, Facts
from phm_utils.synthetic.geography import WALES, Geography
from phm_utils.synthetic.partners import here_on
from phm_utils.synthetic.people import NO_PLACE, People
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids

LIST_DATE = date(2024, 12, 1)  # of all of them: one edition
ENERGY, SERVICES, DISCOUNT = LISTS = ("energy_band", "priority_services_register", "single_person_discount")
# Energy certificates: share of private dwellings that have one, shares of their bands in an urban place of average
# deprivation, and log-odds of a worse one.
CERTIFIED = 0.60
BANDS = {"A": 0.01, "B": 0.13, "C": 0.36, "D": 0.36, "E": 0.10, "F": 0.03, "G": 0.01}
WORSE_RURAL, WORSE_DEPRIVED, WORSE_OLD = 0.9, 0.25, 0.5  # deprived: per unit; old: the reference person is 65 or over
OLD = 65
# The register: shares of households by what is true of one of its people. Electricity: of powered equipment at home.
ON_ELECTRICITY = {"end_stage_copd": 0.55, "severe_frailty": 0.12, "multiple_sclerosis": 0.15, "parkinsons": 0.10}
ON_OTHER = {"aged_75": 0.25, "disabled": 0.20, "anybody": 0.015}
DISABLED = ("activity_limitation", "mobility_problems", "housebound", "visual_impairment", "learning_disability")
REGISTERED_AS = ELECTRICITY, OTHER = ("electricity", "other")
# The discount: of addresses with one adult, and of those with more, who are not due it.
CLAIMED, CLAIMED_WRONGLY = 0.90, 0.02
VALUES = (*BANDS, *REGISTERED_AS)


def make_address_lists(
    rng: np.random.Generator, people: People, facts: Facts, county: Geography, addresses: int
) -> Rows:
    """The table `address_list`; the `who` of a row is the place of its address, and `right` is for the truth alone.

    addresses: the households' in their order, then the dwellings in which nobody lives.
    """
    homes = _Homes(people, addresses)
    parts = [_energy(rng, homes, county), _services(rng, homes, facts), _discount(rng, homes)]
    where, value, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    listed = np.repeat(np.arange(len(LISTS), dtype=np.uint8), [len(part[0]) for part in parts])
    return Rows(
        where.astype(np.int32),
        {
            "row_id": ids(people.pcn, len(where)),
            "list_name": Coded(listed, LISTS),
            "value": Coded(value.astype(np.uint8), VALUES),
            "list_date": Dates(np.full(len(where), days.day(LIST_DATE), np.int32)),
            "right": Numbers(right),
        },
    )


class _Homes:
    """The addresses of a network, and who lives there on LIST_DATE."""

    def __init__(self, people: People, addresses: int) -> None:
        self.people, self.addresses = people, addresses
        self.here = here_on(people, days.day(LIST_DATE)) & (people.place != NO_PLACE)
        self.first = np.flatnonzero(np.diff(people.household, prepend=-1))  # the reference person of each household

    def of(self, values: np.ndarray, empty: np.ndarray) -> np.ndarray:
        """By address: a value of the household's reference person, and those of the dwellings in which nobody lives."""
        return np.concatenate([values[self.first], empty])

    def count(self, which: np.ndarray) -> np.ndarray:
        """By address: how many of the people who live there."""
        return np.bincount(self.people.household[self.here & which], minlength=self.addresses)

    @property
    def empty(self) -> int:
        """Dwellings in which nobody lives."""
        return self.addresses - len(self.first)


def _energy(rng: np.random.Generator, homes: _Homes, county: Geography) -> tuple[np.ndarray, ...]:
    """The band of each private dwelling that has a certificate."""
    people = homes.people
    place = homes.of(people.place, rng.choice(people.place[homes.first], homes.empty))
    private = homes.of(people.communal == 0, np.ones(homes.empty, bool))
    old = homes.of(people.age >= OLD, np.zeros(homes.empty, bool))
    beyond = np.zeros(WALES + 1)  # areas across the border, and no fixed abode
    rural, deprivation = np.append(county.rural, beyond), np.append(county.deprivation, beyond)
    worse = WORSE_RURAL * rural[place] + WORSE_DEPRIVED * deprivation[place] + WORSE_OLD * old
    edges = logit(np.cumsum(list(BANDS.values()))[:-1])
    draw = rng.random(homes.addresses)
    band = (draw[:, None] > expit(edges[None] - worse[:, None])).sum(axis=1)
    where = np.flatnonzero(private & (place != NO_PLACE) & chance(rng, CERTIFIED, homes.addresses))
    return where, band[where], np.ones(len(where), bool)


def _services(rng: np.random.Generator, homes: _Homes, facts: Facts) -> tuple[np.ndarray, ...]:
    """Private households on the register: of electricity where somebody depends on it, else for another reason."""
    people, day = homes.people, days.day(LIST_DATE)
    private = people.communal == 0
    severe = facts.deficits >= FRAILTY_FROM[2]
    true = {name: severe if name == "severe_frailty" else facts.at(name, day) for name in ON_ELECTRICITY}
    true |= {"aged_75": people.age >= 75, "anybody": np.ones(len(people), bool)}
    true["disabled"] = np.logical_or.reduce([facts.at(name, day) for name in DISABLED])

    def drawn(shares: dict[str, float]) -> np.ndarray:
        none = [1 - share * (homes.count(private & true[name]) > 0) for name, share in shares.items()]
        return chance(rng, 1 - np.prod(none, axis=0))

    electricity, other = drawn(ON_ELECTRICITY), drawn(ON_OTHER)
    where = np.flatnonzero(electricity | other)
    value = np.where(electricity[where], VALUES.index(ELECTRICITY), VALUES.index(OTHER))
    return where, value, np.ones(len(where), bool)


def _discount(rng: np.random.Generator, homes: _Homes) -> tuple[np.ndarray, ...]:
    """Private addresses that get the discount: most of those with one adult, and a few with more."""
    adults = homes.count((homes.people.age >= 18) & (homes.people.communal == 0))
    share = np.select([adults == 1, adults > 1], [CLAIMED, CLAIMED_WRONGLY], 0.0)
    where = np.flatnonzero(chance(rng, share))
    return where, np.full(len(where), NULL), adults[where] == 1
