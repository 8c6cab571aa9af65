"""Identified form: names, NHS numbers and addresses as a source records them, errors included.

A source has one identity per person and repeats it on every row, errors
included; only the NHS number is missing or wrong row by row.
"""

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.data_errors import IDENTITY, NUMBER_UNKNOWN, IdentityFaults
from phm_utils.synthetic.draws import Coded, chance
from phm_utils.synthetic.identity import uprns
from phm_utils.synthetic.network import Network
from phm_utils.synthetic.people import NO_PLACE
from phm_utils.synthetic.pseudonymised_columns import (
    IDENTIFIER_ONLY,
    OF_ADDRESSES,
    recorded_address,
    recorded_person,
    sexes,
)
from phm_utils.synthetic.rows import Column, Dates, Rows

NO_FIXED_ABODE = "ZZ99 3VZ"
NO_NUMBER = "0000000000"  # passes modulo 11; nobody has it
UNKNOWN, BABY, BIRTH_FILLER = "UNKNOWN", "BABY", "1900-01-01"
SWAPPED, DAY_MONTH_SWAPPED = 0.003, 0.003  # of people in a source
GP_UNVERIFIED = 0.004  # NHS numbers with status 02 in the GP's list
POSTCODES_PER_PLACE = 22
NEWBORN_DAYS = 21  # until then a hospital may have no name for a baby
_LETTERS = "ABCDEFGHJKLMNPQRSTUWXYZ"


def identified(rng: np.random.Generator, network: Network, table: str, rows: Rows) -> dict[str, Column]:
    """NHS number, name, birth date, sex and address of each row."""
    who = rows.who
    if table in OF_ADDRESSES:
        known = uprns(network.people.pcn, len(network.identities.address_token)).astype(str)
        return {"uprn": Coded(recorded_address(rng, network, who), known)}
    if table in IDENTIFIER_ONLY:
        return {"nhs_number": Coded(who, network.identities.nhs_number.astype(str))}
    faults = IDENTITY.get(table, IdentityFaults(0.0, 0.0, 0.0, 0.003, 0.0, 0.0, 0.0))
    forename, surname = _recorded_names(rng, network, faults)
    baby = _unnamed(network, rows, faults)
    columns = {
        "nhs_number": _numbers(rng, network, table, who, faults, baby),
        "sex": sexes(rng, network, table, who),
        "forename": Coded(np.where(baby, len(forename.words) - 1, forename.index[who]), forename.words),
        "surname": surname.take(who),
        "date_of_birth": Dates(_recorded_births(rng, network, faults)[who]),
        **_addresses(rng, network, who, faults),
    }
    if table == "gp_registration":
        verified = ~chance(rng, GP_UNVERIFIED, len(network.people))
        columns["nhs_number_status"] = Coded(np.where(verified, 0, 1).astype(np.uint8)[who], ("01", "02"))
    return columns


def postcodes(places: np.ndarray) -> np.ndarray:
    """POSTCODES_PER_PLACE codes for each place, place by place, in an area of the country that does not exist."""
    return np.array(
        [
            f"{'QW' if place.startswith('W') else 'QZ'}{number // 50 + 1} {number % 9 + 1}"
            f"{_LETTERS[number % 50 % 22]}{_LETTERS[k]}"
            for number, place in enumerate(places)
            for k in range(POSTCODES_PER_PLACE)
        ]
    )


def _numbers(rng, network: Network, table: str, who: np.ndarray, faults: IdentityFaults, baby: np.ndarray) -> Coded:
    """The NHS number: missing, a placeholder, another person's, or a valid one that nobody has."""
    identities = network.identities
    known = len(identities.nhs_number)
    words = np.concatenate([identities.nhs_number.astype(str), identities.spare.astype(str)[:1_000], [NO_NUMBER]])
    index = recorded_person(rng, network, who, faults.wrong, faults.missing)
    if len(words) > known + 1:
        nobody = chance(rng, faults.wrong / 2, len(who))
        index = np.where(nobody, rng.integers(known, len(words) - 1, len(who)), index)
    index = np.where(chance(rng, faults.placeholder, len(who)), len(words) - 1, index)
    hidden = chance(rng, NUMBER_UNKNOWN.get(table, 0.0), len(who)) | (baby & chance(rng, 0.5, len(who)))
    return Coded(np.where(hidden, -1, index).astype(np.int32), words)


def _recorded_names(rng: np.random.Generator, network: Network, faults: IdentityFaults) -> tuple[Coded, Coded]:
    """Each person's names in this source; BABY is the forenames' last word."""
    names = network.names
    if names is None:
        raise TypeError("an identified extract needs a network made with names")
    n = len(network.people)
    older = chance(rng, faults.moved, n)  # a source that knows an old address knows an old surname too
    surname = np.where(older, names.maiden, names.surname)
    forenames, surnames = list(names.forenames), list(names.surnames)
    first = _mistype(rng, names.forename.copy(), forenames, chance(rng, faults.mistyped, n))
    last = _mistype(rng, surname.copy(), surnames, chance(rng, faults.mistyped, n))
    if faults.placeholder:
        swap = np.flatnonzero(chance(rng, SWAPPED, n))
        _swap(first, forenames, last, surnames, swap)
    for index, words in ((first, forenames), (last, surnames)):
        index[chance(rng, faults.placeholder / 2, n)] = len(words)
        words.append(UNKNOWN)
    forenames.append(BABY)
    return _upper(first, forenames), _upper(last, surnames)


def _upper(index: np.ndarray, words: list[str]) -> Coded:
    return Coded(index.astype(np.int32), np.char.upper(np.array(words)))


def _mistype(rng: np.random.Generator, index: np.ndarray, words: list[str], chosen: np.ndarray) -> np.ndarray:
    """One slip of the finger in each chosen word: a letter left out, doubled, swapped or replaced."""
    for row in np.flatnonzero(chosen):
        word = words[index[row]]
        at, kind = int(rng.integers(0, len(word) - 1)), int(rng.integers(0, 4))
        letter = _LETTERS[int(rng.integers(0, len(_LETTERS)))]
        start, rest = word[:at], word[at + 1 :]
        middle = ("", word[at] * 2, letter, rest[0] + word[at])[kind]
        index[row] = len(words)
        words.append(start + middle + (rest[1:] if kind == 3 else rest))
    return index


def _swap(first: np.ndarray, forenames: list[str], last: np.ndarray, surnames: list[str], rows: np.ndarray) -> None:
    """Forename and surname in each other's field."""
    for row in rows:
        forename, surname = forenames[first[row]], surnames[last[row]]
        first[row], last[row] = len(forenames), len(surnames)
        forenames.append(surname)
        surnames.append(forename)


def _recorded_births(rng: np.random.Generator, network: Network, faults: IdentityFaults) -> np.ndarray:
    """Day of birth of each person in this source: a digit wrong, day and month swapped, or a filler."""
    birth = network.people.birth.astype(np.int32)
    dates = birth.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    in_month = (dates - month).astype(int) + 1
    number = month.astype(int) % 12 + 1
    n = len(birth)
    swap = (in_month <= 12) & chance(rng, DAY_MONTH_SWAPPED if faults.placeholder else 0.0, n)
    swapped = (
        (month.astype("datetime64[Y]").astype("datetime64[M]") + (in_month - 1)).astype("datetime64[D]") + number - 1
    )
    birth = np.where(swap, swapped.astype(np.int32), birth)
    slip = chance(rng, faults.mistyped / 3, n)
    birth = np.where(slip, birth + rng.choice([-3652, -365, -10, -1, 1, 10, 365], n), birth)
    filler = chance(rng, faults.placeholder / 2, n)
    birth = np.where(filler, np.datetime64(BIRTH_FILLER).astype(int), birth)
    return np.minimum(birth - days.EPOCH, days.DAYS - 1).astype(np.int32)


def _unnamed(network: Network, rows: Rows, faults: IdentityFaults) -> np.ndarray:
    """Hospital rows of babies too young to have a name there."""
    dated = next((c for c in ("epistart", "arrival_date") if c in rows.columns), None)
    if dated is None:
        return np.zeros(len(rows), bool)
    born = network.people.birth[rows.who] - days.EPOCH
    day = rows.dates(dated).days
    return (day >= born) & (day < born + NEWBORN_DAYS)


def _addresses(
    rng: np.random.Generator, network: Network, who: np.ndarray, faults: IdentityFaults
) -> dict[str, Column]:
    """Postcode, property and small area, of a former home for some; ZZ99 3VZ for people without one."""
    people, county = network.people, network.county
    moved = chance(rng, faults.moved, len(people))
    source = np.where(moved, rng.permutation(len(people)), np.arange(len(people)))
    place, household = people.place[source].astype(np.int32), people.household[source]
    nowhere = (people.place == NO_PLACE) | (place == NO_PLACE)
    words = np.append(postcodes(county.places), NO_FIXED_ABODE)
    postcode = np.where(nowhere, len(words) - 1, place * POSTCODES_PER_PLACE + household % POSTCODES_PER_PLACE)
    homes = uprns(people.pcn, int(people.household.max()) + 1).astype(str)
    blank = chance(rng, faults.place_missing, len(who))
    unknown_uprn = blank | chance(rng, faults.place_missing * 4, len(who)) | nowhere[who]
    return {
        "postcode": Coded(np.where(blank, -1, postcode[who]).astype(np.int32), words),
        "uprn": Coded(np.where(unknown_uprn, -1, household[who]).astype(np.int32), homes),
        "lsoa": Coded(np.where(blank | nowhere[who], -1, place[who]).astype(np.int16), tuple(county.places)),
    }
