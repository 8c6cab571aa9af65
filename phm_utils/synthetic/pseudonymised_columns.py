"""Pseudonymised form: token, sex, birth month and small area as a source records them, errors included."""

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.data_errors import ADDRESS_MISSING, ADDRESS_WRONG, IDENTITY
from phm_utils.synthetic.draws import Coded, chance
from phm_utils.synthetic.network import Network
from phm_utils.synthetic.people import NO_PLACE
from phm_utils.synthetic.rows import Column, Dates, Numbers, Rows
from phm_utils.tables import TABLES

# 1.4% of GP addresses found no UPRN, thrice as many of people lately moved (Harper and others 2021,
# doi:10.23889/ijpds.v6i1.1674); that they are more where deprivation is higher is assumed.
ADDRESS_UNKNOWN, LATELY_MOVED, MORE_DEPRIVED = 0.012, 3.0, 0.5
SEXES = ("1", "2", "0", "X", "9")  # male, female, then codes for not known
IDENTIFIER_ONLY = ("gp_event", "gp_medication", "gp_appointment")  # no other column of identity
OF_ADDRESSES = ("address_list",)  # the `who` of a row is the place of an address, not of a person


def pseudonymised(rng: np.random.Generator, network: Network, table: str, rows: Rows) -> dict[str, Column]:
    """Pseudonym, sex, month of birth, small area and household of each row."""
    who, identities = rows.who, network.identities
    if table in OF_ADDRESSES:
        return {"household_token": Coded(recorded_address(rng, network, who), identities.address_token)}
    if table in IDENTIFIER_ONLY:
        return {"token_person_id": Coded(who, identities.token)}
    faults = IDENTITY.get(table)
    token = who if faults is None else recorded_person(rng, network, who, faults.wrong, faults.missing)
    columns: dict[str, Column] = {
        "token_person_id": Coded(token, identities.token),
        "sex": sexes(rng, network, table, who),
        "birth_month": Dates(_birth_months(rng, network, table, who)),
        "lsoa": places(rng, network, table, who),
    }
    if any(column.name == "household_token" for column in TABLES[table].columns):
        home = np.where(network.people.place[who] == NO_PLACE, -1, network.people.household[who])
        if table == "gp_registration":  # drawn last, so that all else is as it would be without
            home = np.where(_unknown_addresses(rng, network)[network.people.household[who]], -1, home)
        columns["household_token"] = Coded(home.astype(np.int32), identities.household_token)
    if any(column.name == "no_fixed_abode" for column in TABLES[table].columns):
        columns["no_fixed_abode"] = Numbers(network.people.place[who] == NO_PLACE)
    return columns


def _unknown_addresses(rng: np.random.Generator, network: Network) -> np.ndarray:
    """True for each household whose address found no property number: more of the deprived and the lately moved."""
    people = network.people
    _, first = np.unique(people.household, return_index=True)
    lately = people.joined[first] > days.INDEX_DAY - 365
    times = np.where(lately, LATELY_MOVED, 1.0) * (1 + MORE_DEPRIVED * people.deprivation[first])
    return chance(rng, ADDRESS_UNKNOWN * times, len(first))


def recorded_person(
    rng: np.random.Generator, network: Network, who: np.ndarray, wrong: float, missing: float
) -> np.ndarray:
    """The person whose identifier each row has: another person's on a few rows, -1 on some.

    The other person is drawn at random: about half are of the same sex, and
    those errors cannot be detected.
    """
    result = who.astype(np.int32)
    chosen = np.flatnonzero(chance(rng, wrong, len(who)))
    result[chosen] = rng.integers(0, len(network.people), len(chosen))
    result[chance(rng, missing, len(who))] = -1
    return result


def recorded_address(rng: np.random.Generator, network: Network, where: np.ndarray) -> np.ndarray:
    """The address whose key each row of a list of addresses has: another's on a few rows, -1 on some."""
    result = where.astype(np.int32)
    chosen = np.flatnonzero(chance(rng, ADDRESS_WRONG, len(where)))
    result[chosen] = rng.integers(0, len(network.identities.address_token), len(chosen))
    result[chance(rng, ADDRESS_MISSING, len(where))] = -1
    return result


def sexes(rng: np.random.Generator, network: Network, table: str, who: np.ndarray) -> Coded:
    """Sex as recorded: a few mistyped, a few not known."""
    index = network.people.sex[who]
    if faults := IDENTITY.get(table):
        index = np.where(chance(rng, faults.mistyped / 10, len(who)), 1 - index, index)
        unknown = chance(rng, faults.sex_unknown, len(who))
        index = np.where(unknown, rng.integers(2, len(SEXES), len(who)), index).astype(np.uint8)
    return Coded(index, SEXES)


def _birth_months(rng: np.random.Generator, network: Network, table: str, who: np.ndarray) -> np.ndarray:
    """Day number of the first of the month; mistyped by a month or a year on a few rows."""
    month = (days.first_of_month(network.people.birth) - days.EPOCH)[who]
    faults = IDENTITY.get(table)
    if faults is None:
        return month
    chosen = np.flatnonzero(chance(rng, faults.mistyped / 4, len(who)))
    shift = rng.choice([-365, -31, 31, 365], len(chosen))
    wrong = days.first_of_month(month[chosen] + shift + days.EPOCH + 3) - days.EPOCH
    month[chosen] = np.minimum(wrong, days.day(days.END) - 29)
    return month


def places(rng: np.random.Generator, network: Network, table: str, who: np.ndarray) -> Coded:
    """Small area as recorded: of a former home for some people, missing on a few rows."""
    people, words = network.people, tuple(network.county.places)
    faults = IDENTITY.get(table)
    if faults is None:
        return Coded(people.place[who], words)
    former = people.place[rng.permutation(len(people))]
    place = np.where(chance(rng, faults.moved, len(people)) & (people.place != NO_PLACE), former, people.place)[who]
    return Coded(np.where(chance(rng, faults.place_missing, len(who)), -1, place).astype(np.int16), words)
