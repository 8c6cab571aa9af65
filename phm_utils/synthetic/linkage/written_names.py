"""Forename and surname as a source writes them, fault upon fault in the order in which they come about."""

from collections.abc import Callable

import numpy as np

from phm_utils.synthetic.draws import Coded
from phm_utils.synthetic.linkage import spellings
from phm_utils.synthetic.linkage.sheet import Sheet, Spelt
from phm_utils.synthetic.named import BABY, UNKNOWN

UNFAMILIAR = 1.3  # faults so many times commoner: such names are also swapped twice as often
FILLERS = (UNKNOWN, UNKNOWN, "NOT KNOWN", "TEST")
BOTH_FILLED = 0.1  # of filled forenames: the surname as well, as of somebody brought in unconscious
UNNAMED = (BABY, "BABY BOY", "BABY GIRL", "INFANT"), ("TWIN ONE", "TWIN TWO", "TWIN 1", "TWIN 2", BABY)
CAPITALS = ("hospital", "mental_health", "community")  # sources that write names so
GARBLED, TRAILING_BLANK, OTHER_CASE, TITLED = 0.02, 0.03, 0.03, 0.005  # of names that volunteers typed


def write_names(sheet: Sheet, maiden: np.ndarray, unnamed: np.ndarray) -> tuple[Coded, Coded]:
    """`maiden` and `unnamed` are masks of records: those with a name from before marriage, those of nameless babies."""
    known, who, names = sheet.known, sheet.who, sheet.known.names
    first = Spelt(names.forename[who], names.forenames)
    last = Spelt(np.where(maiden, names.maiden[who], names.surname[who]), names.surnames)
    of_mother = np.flatnonzero(unnamed & (known.kinship.mother[who] >= 0))
    last.index[of_mother] = names.surname[known.kinship.mother[who[of_mother]]]
    _use_other(sheet, first)
    _spell(sheet, first, last)
    _add_second(sheet, first)
    _swap(sheet, first, last)
    _unname(sheet, first, unnamed)
    _fill(sheet, first, last)
    if sheet.source == "voluntary":
        first.rewrite(sheet.rng, sheet.some(TITLED), spellings.titled)
    for column in (first, last):
        _style(sheet, column)
    return first.coded(), last.coded()


def _use_other(sheet: Sheet, first: Spelt) -> None:
    """The name that somebody goes by: the second one, or a short form."""
    known, who = sheet.known, sheet.who
    second = known.goes_by_second[who] & sheet.habit("second name used")
    first.index[second] = known.second[who[second]]
    sheet.note("second name used", second)
    chosen = known.goes_by_short[who] & sheet.habit("short form")
    sheet.note("short form", first.rewrite(sheet.rng, chosen, spellings.short))


def _spell(sheet: Sheet, first: Spelt, last: Spelt) -> None:
    for column in (first, last):
        other = column.rewrite(sheet.rng, sheet.fault("other spelling"), spellings.other_spelling)
        sheet.note("other spelling", other)
    sheet.note("half a surname", last.rewrite(sheet.rng, sheet.fault("half a surname"), spellings.half))
    for column, name in ((first, "forename"), (last, "surname")):
        wrong = column.rewrite(sheet.rng, sheet.fault("spelling"), spellings.misspelt)
        sheet.note(f"spelling of {name}", wrong)


def _add_second(sheet: Sheet, first: Spelt) -> None:
    second = sheet.known.second[sheet.who]
    added = (second >= 0) & ~sheet.has("second name used") & sheet.fault("second name added")
    for record in np.flatnonzero(added).tolist():
        first.put(record, f"{first.word(record)} {first.words[second[record]]}")
    sheet.note("second name added", added)


def _swap(sheet: Sheet, first: Spelt, last: Spelt) -> None:
    """Each in the other's field: oftener where the family's name comes first, or the given name sounds like one."""
    swapped = sheet.fault("names swapped") | ((sheet.times > UNFAMILIAR) & sheet.fault("names swapped"))
    for record in np.flatnonzero(swapped).tolist():
        forename, surname = first.word(record), last.word(record)
        first.put(record, surname)
        last.put(record, forename)
    sheet.note("names swapped", swapped)


def _any_of(words: tuple[str, ...]) -> Callable[[str, int], str]:
    return lambda _, luck: words[luck % len(words)]


def _unname(sheet: Sheet, first: Spelt, unnamed: np.ndarray) -> None:
    twin = sheet.known.people.twin[sheet.who]
    for mask, words in ((unnamed & ~twin, UNNAMED[0]), (unnamed & twin, UNNAMED[1])):
        first.rewrite(sheet.rng, mask, _any_of(words))


def _fill(sheet: Sheet, first: Spelt, last: Spelt) -> None:
    filled = sheet.fault("placeholder", 0.5)
    first.rewrite(sheet.rng, filled, lambda _, luck: FILLERS[luck % len(FILLERS)])
    last.rewrite(sheet.rng, filled & sheet.some(BOTH_FILLED), lambda *_: UNKNOWN)
    sheet.note("placeholder", filled)


def _style(sheet: Sheet, column: Spelt) -> None:
    """How a source writes whatever it knows; none of this is a fault."""
    rng = sheet.rng
    column.rewrite(rng, sheet.habit("loose style"), spellings.unjoined)
    column.rewrite(rng, sheet.some(0.5) | sheet.habit("loose style"), spellings.plain)
    if sheet.source in CAPITALS:
        column.words = [word.upper() for word in column.words]
    if sheet.source == "voluntary":
        column.rewrite(rng, sheet.some(GARBLED), spellings.garbled)
        column.rewrite(rng, sheet.some(TRAILING_BLANK), lambda name, _: f"{name} ")
        column.rewrite(rng, sheet.some(OTHER_CASE), spellings.other_case)
