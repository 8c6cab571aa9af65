"""Forename and surname as a source writes them, fault upon fault in the order in which they come about."""

from collections.abc import Callable

import numpy as np

from phm_utils.synthetic.draws import Coded
from phm_utils.synthetic.identified_columns import BABY, UNKNOWN
from phm_utils.synthetic.linkage import spellings
from phm_utils.synthetic.linkage.sheet import Sheet, TextColumn

UNFAMILIAR = 1.3  # faults so many times commoner: such names are also swapped twice as often
FILLERS = (UNKNOWN, UNKNOWN, "NOT KNOWN", "TEST")
BOTH_FILLED = 0.1  # of filled forenames: the surname as well, as of somebody brought in unconscious
UNNAMED = (BABY, "BABY BOY", "BABY GIRL", "INFANT"), ("TWIN ONE", "TWIN TWO", "TWIN 1", "TWIN 2", BABY)
CAPITALS = ("hospital", "mental_health", "community")  # sources that write names so
GARBLED, TRAILING_BLANK, OTHER_CASE, TITLED = 0.02, 0.03, 0.03, 0.005  # of names that volunteers typed


def write_names(sheet: Sheet, maiden: np.ndarray, unnamed: np.ndarray) -> tuple[Coded, Coded]:
    """`maiden` and `unnamed` are masks of records: those with a name from before marriage, those of nameless babies."""
    population, who, names = sheet.population, sheet.who, sheet.population.names
    first = TextColumn(names.forename[who], names.forenames)
    last = TextColumn(np.where(maiden, names.maiden[who], names.surname[who]), names.surnames)
    of_mother = np.flatnonzero(unnamed & (population.relatives.mother[who] >= 0))
    last.index[of_mother] = names.surname[population.relatives.mother[who[of_mother]]]
    _use_other(sheet, first)
    _spell(sheet, first, last)
    _add_second(sheet, first)
    _swap(sheet, first, last)
    _unname(sheet, first, unnamed)
    _fill(sheet, first, last)
    if sheet.source == "voluntary":
        first.rewrite(sheet.rng, sheet.sample(TITLED), spellings.titled)
    for column in (first, last):
        _style(sheet, column)
    return first.coded(), last.coded()


def _use_other(sheet: Sheet, first: TextColumn) -> None:
    """The name that somebody goes by: the second one, or a short form."""
    population, who = sheet.population, sheet.who
    second = population.goes_by_second[who] & sheet.uniform_fault("second name used")
    first.index[second] = population.second[who[second]]
    sheet.note("second name used", second)
    chosen = population.goes_by_short[who] & sheet.uniform_fault("short form")
    sheet.note("short form", first.rewrite(sheet.rng, chosen, spellings.short))


def _spell(sheet: Sheet, first: TextColumn, last: TextColumn) -> None:
    for column in (first, last):
        other = column.rewrite(sheet.rng, sheet.fault("other spelling"), spellings.other_spelling)
        sheet.note("other spelling", other)
    sheet.note("half a surname", last.rewrite(sheet.rng, sheet.fault("half a surname"), spellings.half))
    for column, name in ((first, "forename"), (last, "surname")):
        wrong = column.rewrite(sheet.rng, sheet.fault("spelling"), spellings.misspelt)
        sheet.note(f"spelling of {name}", wrong)


def _add_second(sheet: Sheet, first: TextColumn) -> None:
    second = sheet.population.second[sheet.who]
    added = (second >= 0) & ~sheet.has("second name used") & sheet.fault("second name added")
    for record in np.flatnonzero(added).tolist():
        first.put(record, f"{first.word(record)} {first.words[second[record]]}")
    sheet.note("second name added", added)


def _swap(sheet: Sheet, first: TextColumn, last: TextColumn) -> None:
    """Each in the other's field: oftener where the family's name comes first, or the given name sounds like one."""
    swapped = sheet.fault("names swapped") | ((sheet.times > UNFAMILIAR) & sheet.fault("names swapped"))
    for record in np.flatnonzero(swapped).tolist():
        forename, surname = first.word(record), last.word(record)
        first.put(record, surname)
        last.put(record, forename)
    sheet.note("names swapped", swapped)


def _any_of(words: tuple[str, ...]) -> Callable[[str, int], str]:
    return lambda _, luck: words[luck % len(words)]


def _unname(sheet: Sheet, first: TextColumn, unnamed: np.ndarray) -> None:
    twin = sheet.population.people.twin[sheet.who]
    for mask, words in ((unnamed & ~twin, UNNAMED[0]), (unnamed & twin, UNNAMED[1])):
        first.rewrite(sheet.rng, mask, _any_of(words))


def _fill(sheet: Sheet, first: TextColumn, last: TextColumn) -> None:
    filled = sheet.fault("placeholder", 0.5)
    first.rewrite(sheet.rng, filled, lambda _, luck: FILLERS[luck % len(FILLERS)])
    last.rewrite(sheet.rng, filled & sheet.sample(BOTH_FILLED), lambda *_: UNKNOWN)
    sheet.note("placeholder", filled)


def _style(sheet: Sheet, column: TextColumn) -> None:
    """How a source writes whatever it knows; none of this is a fault."""
    rng = sheet.rng
    column.rewrite(rng, sheet.uniform_fault("loose style"), spellings.unjoined)
    column.rewrite(rng, sheet.sample(0.5) | sheet.uniform_fault("loose style"), spellings.plain)
    if sheet.source in CAPITALS:
        column.words = [word.upper() for word in column.words]
    if sheet.source == "voluntary":
        column.rewrite(rng, sheet.sample(GARBLED), spellings.garbled)
        column.rewrite(rng, sheet.sample(TRAILING_BLANK), lambda name, _: f"{name} ")
        column.rewrite(rng, sheet.sample(OTHER_CASE), spellings.other_case)
