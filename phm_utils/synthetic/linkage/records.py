"""One source's records: their columns, with the faults of `data_errors`."""

import numpy as np

from phm_utils.synthetic.draws import NULL, Coded, chance
from phm_utils.synthetic.identified_columns import NO_FIXED_ABODE, NO_NUMBER, POSTCODES_PER_PLACE, postcodes
from phm_utils.synthetic.identity import uprns
from phm_utils.synthetic.linkage.population import Population
from phm_utils.synthetic.linkage.sheet import Sheet, TextColumn
from phm_utils.synthetic.linkage.spellings import digit_slip, postcode_slip, typed_postcode
from phm_utils.synthetic.linkage.written_dates import write_births
from phm_utils.synthetic.linkage.written_names import write_names
from phm_utils.synthetic.people import NO_PLACE
from phm_utils.synthetic.rows import Column, ids

UNNAMED = {"hospital": 0.45, "community": 0.05}  # of records of babies in their first year
UNNAMED_NUMBERLESS = 0.15  # of those
NOT_REGISTERED_NUMBERLESS = 0.4  # beyond the source's rate, of people without a GP
MAIDEN_WITH_FORMER_HOME = 0.5  # of records with the former home of somebody who took a spouse's name
FROM_HOSTEL_NOWHERE = 0.15  # of records of people in hostels, but for the GP's
NUMBER_FILLERS = (NO_NUMBER, "1111111111", "9999999999", "1234567890")
RELATIVES_NUMBER = 0.5  # of wrong NHS numbers, where there is a relative; else a random person's
SPACED_NUMBERS = {"social_care": 0.3, "voluntary": 0.5}  # written as 999 123 4567
TYPED_POSTCODES = {"social_care": 0.15, "voluntary": 0.25}  # without the blank, or in small letters
SEXES = ("M", "F", "U", "X", "9")
UNKNOWN_SEX_CODED = 0.3  # else null


def make_sheet(
    rng: np.random.Generator, population: Population, places: np.ndarray, source: str, who: np.ndarray
) -> Sheet:
    """A source's records with all columns but the practice.

    places: codes of small areas, as `population` counts them. who: position of each record's person.
    """
    sheet = Sheet(rng, population, source, who)
    stale = population.moved[who] & sheet.fault("former home")
    maiden = sheet.fault("former name") | (stale & sheet.sample(MAIDEN_WITH_FORMER_HOME))
    maiden &= population.names.maiden[who] != population.names.surname[who]
    unnamed = (population.people.age[who] == 0) & sheet.sample(UNNAMED.get(source, 0.0))
    for fault, records in (("former home", stale), ("former name", maiden), ("unnamed", unnamed)):
        sheet.note(fault, records)
    forename, surname = write_names(sheet, maiden, unnamed)
    sheet.columns = {
        "record_id": ids(population.people.pcn, len(who)),
        "nhs_number": _numbers(sheet, unnamed),
        "forename": forename,
        "surname": surname,
        "date_of_birth": write_births(sheet),
        "sex": _sexes(sheet),
        **_addresses(sheet, places, stale),
    }
    return sheet


def _numbers(sheet: Sheet, unnamed: np.ndarray) -> Coded:
    """The NHS number: missing, another's, nobody's, mistyped or a filler."""
    population, who, rng = sheet.population, sheet.who, sheet.rng
    column = TextColumn(who, np.concatenate([population.nhs_number, population.unused_numbers]).astype(str))
    missing = sheet.fault("number missing") | (unnamed & sheet.sample(UNNAMED_NUMBERLESS))
    missing |= ~population.people.registered[who] & sheet.sample(NOT_REGISTERED_NUMBERLESS)
    _mistake(sheet, column, missing)
    slip = column.rewrite(rng, sheet.fault("number slip") & ~missing, digit_slip)
    filled = sheet.fault("placeholder", 0.5) & ~missing
    column.rewrite(rng, filled, lambda _, luck: NUMBER_FILLERS[luck % len(NUMBER_FILLERS)])
    spaced = sheet.sample(SPACED_NUMBERS.get(sheet.source, 0.0)) & ~missing
    column.rewrite(rng, spaced, lambda number, _: f"{number[:3]} {number[3:6]} {number[6:]}")
    column.index[missing] = -1
    for fault, records in (("number slip", slip), ("placeholder", filled), ("number missing", missing)):
        sheet.note(fault, records)
    return column.coded()


def _mistake(sheet: Sheet, column: TextColumn, missing: np.ndarray) -> None:
    """Some records get another person's number (a relative's or a random one), others a valid number of nobody."""
    population, who, rng = sheet.population, sheet.who, sheet.rng
    wrong = np.flatnonzero(sheet.fault("another's number") & ~missing)
    relative = population.relatives.nearest[who[wrong]]
    random_person = rng.choice(np.flatnonzero(population.resident), len(wrong))
    column.index[wrong] = np.where((relative >= 0) & chance(rng, RELATIVES_NUMBER, len(wrong)), relative, random_person)
    sheet.note("another's number", wrong[column.index[wrong] != who[wrong]])
    unused_numbers = np.flatnonzero(sheet.fault("nobody's number") & ~missing & ~sheet.has("another's number"))
    column.index[unused_numbers] = len(population) + rng.integers(
        0, len(population.unused_numbers), len(unused_numbers)
    )
    sheet.note("nobody's number", unused_numbers)


def _sexes(sheet: Sheet) -> Coded:
    sex = sheet.population.people.sex[sheet.who]
    wrong, unknown = sheet.uniform_fault("sex wrong"), sheet.uniform_fault("sex missing")
    code = np.where(sheet.sample(UNKNOWN_SEX_CODED), sheet.rng.integers(2, len(SEXES), len(sex)), NULL)
    sheet.note("sex wrong", wrong & ~unknown)
    return Coded(np.where(unknown, code, np.where(wrong, 1 - sex, sex)).astype(np.uint8), SEXES)


def _addresses(sheet: Sheet, places: np.ndarray, stale: np.ndarray) -> dict[str, Column]:
    """Postcode and property, of the former home in stale records; ZZ99 3VZ for people without one."""
    population, who, people = sheet.population, sheet.who, sheet.population.people
    home = np.where(stale, population.former_home[who], population.home[who])
    place = population.place_of_home[home]
    nowhere = ((people.place[who] == NO_PLACE) & ~stale) | (place == NO_PLACE)
    nowhere |= (people.communal[who] == 2) & sheet.sample(FROM_HOSTEL_NOWHERE) & (sheet.source != "gp")
    words = np.append(postcodes(places), NO_FIXED_ABODE)
    code = place * POSTCODES_PER_PLACE + home % POSTCODES_PER_PLACE
    postcode = TextColumn(np.where(nowhere, len(words) - 1, code), words)
    slip = postcode.rewrite(sheet.rng, sheet.fault("postcode slip") & ~nowhere, postcode_slip)
    postcode.rewrite(sheet.rng, sheet.sample(TYPED_POSTCODES.get(sheet.source, 0.0)), typed_postcode)
    missing = sheet.fault("postcode missing")
    postcode.index[missing] = -1
    sheet.note("postcode slip", slip)
    sheet.note("postcode missing", missing)
    unmatched = missing | nowhere | sheet.has("postcode slip") | sheet.uniform_fault("UPRN missing")
    properties = uprns(people.pcn, len(population.place_of_home)).astype(str)
    return {"postcode": postcode.coded(), "uprn": Coded(np.where(unmatched, -1, home).astype(np.int32), properties)}
