"""What one source writes down about each of its people: names, numbers, dates and addresses, with its faults."""

from collections.abc import Callable

import numpy as np

from phm_utils.synthetic import days, spellings
from phm_utils.synthetic.dirt import LINKAGE, LINKAGE_TIMES, LinkageFaults
from phm_utils.synthetic.draws import NULL, Coded, chance
from phm_utils.synthetic.identity import uprns
from phm_utils.synthetic.linkage_people import NO_TRAP, TRAPS, Known
from phm_utils.synthetic.linkage_sources import FREQUENT_RECORDS
from phm_utils.synthetic.named import BABY, BIRTH_FILLER, NO_FIXED_ABODE, POSTCODES_PER_PLACE, UNKNOWN, postcodes
from phm_utils.synthetic.people import ETHNIC_CODES, NO_PLACE
from phm_utils.synthetic.rows import Column, Dates, Rows, ids

FAULTS = ("spelling of forename", "spelling of surname", "short form", "second name used", "second name added",
          "other spelling", "half a surname", "names swapped", "former name", "former home", "day and month swapped",
          "date slip", "first of January", "date filler", "date missing", "number missing", "another's number",
          "nobody's number", "number slip", "placeholder", "postcode slip", "postcode missing", "unnamed",
          "sex wrong")  # fmt: skip
BIT = {name: np.uint32(1 << place) for place, name in enumerate(FAULTS)}
NUMBER_FILLERS = ("0000000000", "1111111111", "9999999999", "1234567890")
NAME_FILLERS = (UNKNOWN, "NOT KNOWN", "X", "TEST")
UNNAMED = (BABY, "BABY BOY", "BABY GIRL", "INFANT"), ("TWIN ONE", "TWIN TWO", "TWIN 1", "TWIN 2", "BABY")
UNNAMED_SOURCES = {"hospital": 0.45, "community": 0.05}  # of babies in their first year
UNNAMED_NUMBERLESS = 0.15
FROM_HOSTEL_NOWHERE = 0.15
SPACED_NUMBERS = {"social_care": 0.3, "voluntary": 0.5}
KIN_SHARE = 0.5  # of wrong numbers, where there is one
SEXES = ("M", "F", "U", "X", "9")


class Spelt:
    """A column of words that are rewritten: an index per record into words of which there are ever more."""

    def __init__(self, index: np.ndarray, words: np.ndarray | list[str]) -> None:
        self.index, self.words = index.astype(np.int64), list(words)
        self._place: dict[str, int] = {}

    def rewrite(self, rng: np.random.Generator, chosen: np.ndarray, how: Callable[[str, int], str]) -> np.ndarray:
        """Write the chosen records' word otherwise. Returns the records in which that made a difference."""
        rows = np.flatnonzero(chosen & (self.index >= 0))
        changed = []
        for row, luck in zip(rows.tolist(), rng.integers(0, 1 << 32, len(rows)).tolist(), strict=True):
            word = self.words[self.index[row]]
            if (new := how(word, luck)) != word:
                self.index[row] = self.place(new)
                changed.append(row)
        return np.array(changed, int)

    def place(self, word: str) -> int:
        """Position of a word that is not among the first ones."""
        if word not in self._place:
            self._place[word] = len(self.words)
            self.words.append(word)
        return self._place[word]

    def coded(self) -> Coded:
        """The column; only words that stand in it."""
        used, index = np.unique(self.index, return_inverse=True)
        first = int(used[0] < 0) if len(used) else 0
        return Coded((index - first).astype(np.int32), [self.words[place] for place in used[first:]])


class Sheet:
    """The records of one source while they are written. Every fault that alters a record is noted in `noted`."""

    def __init__(self, rng: np.random.Generator, known: Known, source: str, who: np.ndarray) -> None:
        self.rng, self.known, self.source, self.who = rng, known, source, who
        self.rates: LinkageFaults = LINKAGE[source]
        group = np.array([LINKAGE_TIMES.get(code, 1.0) for code in ETHNIC_CODES], np.float32)
        self.times = group[known.people.ethnicity[who]]
        self.noted = np.zeros(len(who), np.uint32)
        self.stale = known.moved[who] & self.hit(self.rates.former_home)
        names = known.names
        took = names.maiden[who] != names.surname[who]
        self.maiden = took & (self.hit(self.rates.former_name) | (self.stale & chance(rng, 0.5, len(who))))
        self.note("former home", self.stale)
        self.note("former name", self.maiden)

    def hit(self, rate: float, times: bool = True) -> np.ndarray:
        """Records that a fault befalls, oftener in some ethnic groups."""
        return chance(self.rng, rate * self.times if times else np.full(len(self.who), rate, np.float32))

    def note(self, fault: str, rows: np.ndarray) -> None:
        """Remember a fault of some records, given as a mask or as positions."""
        self.noted[rows] |= BIT[fault]

    def has(self, fault: str) -> np.ndarray:
        """Records with a fault."""
        return (self.noted & BIT[fault]) > 0


def write_down(rng: np.random.Generator, known: Known, places: np.ndarray, source: str, who: np.ndarray) -> Sheet:
    """A source's records, in its columns but the practice; `places` are the codes of small areas."""
    sheet = Sheet(rng, known, source, who)
    unnamed = _unnamed(sheet)
    forename, surname = _names(sheet, unnamed)
    sheet.columns: dict[str, Column] = {
        "record_id": ids(known.people.pcn, len(who)),
        "nhs_number": _numbers(sheet, unnamed),
        "forename": forename,
        "surname": surname,
        "date_of_birth": Dates(_births(sheet)),
        "sex": _sexes(sheet),
        **_addresses(sheet, places),
    }
    return sheet


def traps(sheet: Sheet) -> np.ndarray:
    """The trap of each record: its own before its person's."""
    known, who = sheet.known, sheet.who
    trap = known.trap[who].copy()
    records = np.bincount(who, minlength=len(known))[who]
    trap[(records >= FREQUENT_RECORDS[0]) & (trap == NO_TRAP)] = TRAPS.index("frequent attender")
    for name, mask in (
        ("married and moved", sheet.has("former name") & sheet.has("former home")),
        ("placeholder", sheet.has("placeholder") | sheet.has("date filler")),
        ("unnamed newborn", sheet.has("unnamed")),
        ("wrong NHS number", sheet.has("another's number") | sheet.has("nobody's number")),
    ):
        trap[mask] = TRAPS.index(name)
    return trap


def _unnamed(sheet: Sheet) -> np.ndarray:
    baby = (sheet.known.people.age[sheet.who] == 0) & sheet.hit(UNNAMED_SOURCES.get(sheet.source, 0.0), times=False)
    sheet.note("unnamed", baby)
    return baby


def _names(sheet: Sheet, unnamed: np.ndarray) -> tuple[Coded, Coded]:
    """Forename and surname, fault upon fault, in the order in which they come about."""
    known, who, rng, rates = sheet.known, sheet.who, sheet.rng, sheet.rates
    names = known.names
    first = Spelt(names.forename[who], names.forenames)
    last = Spelt(np.where(sheet.maiden, names.maiden[who], names.surname[who]), names.surnames)
    second = known.goes_by_middle[who] & sheet.hit(rates.by_middle, times=False)
    first.index[second] = known.middle[who[second]]
    sheet.note("second name used", second)
    of_mother = np.flatnonzero(unnamed & (known.mother[who] >= 0))
    last.index[of_mother] = names.maiden[known.mother[who[of_mother]]]
    goes_by_short = known.goes_by_short[who]
    sheet.note("short form", first.rewrite(rng, goes_by_short & sheet.hit(rates.short_form, False), spellings.short))
    for column in (first, last):
        sheet.note("other spelling", column.rewrite(rng, sheet.hit(rates.other_spelling), spellings.other_spelling))
    sheet.note("half a surname", last.rewrite(rng, sheet.hit(rates.half), spellings.half))
    sheet.note("spelling of forename", first.rewrite(rng, sheet.hit(rates.spelling), spellings.misspelt))
    sheet.note("spelling of surname", last.rewrite(rng, sheet.hit(rates.spelling), spellings.misspelt))
    _add_second(sheet, first, second)
    _swap(sheet, first, last)
    _unname(sheet, first, unnamed)
    _fill_names(sheet, first, last)
    for column in (first, last):
        _style(sheet, column)
    return first.coded(), last.coded()


def _add_second(sheet: Sheet, first: Spelt, used: np.ndarray) -> None:
    """The second name behind the first in one field."""
    middle = sheet.known.middle[sheet.who]
    rows = np.flatnonzero((middle >= 0) & ~used & sheet.hit(sheet.rates.with_middle))
    for row in rows.tolist():
        first.index[row] = first.place(f"{first.words[first.index[row]]} {first.words[middle[row]]}")
    sheet.note("second name added", rows)


def _swap(sheet: Sheet, first: Spelt, last: Spelt) -> None:
    """Each in the other's field; oftener where the family's name is told first, or the given name sounds like one."""
    foreign = sheet.times > 1.3
    rows = np.flatnonzero(sheet.hit(sheet.rates.swapped) | (foreign & sheet.hit(sheet.rates.swapped)))
    for row in rows.tolist():
        forename, surname = first.words[first.index[row]], last.words[last.index[row]]
        first.index[row], last.index[row] = first.place(surname), last.place(forename)
    sheet.note("names swapped", rows)


def _unname(sheet: Sheet, first: Spelt, unnamed: np.ndarray) -> None:
    twin = sheet.known.people.twin[sheet.who]
    for row, luck in zip(np.flatnonzero(unnamed), sheet.rng.integers(0, 20, int(unnamed.sum())), strict=True):
        words = UNNAMED[int(twin[row])]
        first.index[row] = first.place(words[luck % len(words)])


def _fill_names(sheet: Sheet, first: Spelt, last: Spelt) -> None:
    """A filler for a name; now and then for both, as of somebody brought in unconscious."""
    rows = np.flatnonzero(sheet.hit(sheet.rates.placeholder / 2))
    for row, luck in zip(rows, sheet.rng.integers(0, 80, len(rows)), strict=True):
        word = NAME_FILLERS[luck % 4 if luck >= 40 else 0]
        first.index[row] = first.place(word)
        if luck % 10 == 0:
            last.index[row] = last.place(UNKNOWN)
    sheet.note("placeholder", rows)


def _style(sheet: Sheet, column: Spelt) -> None:
    """How a source writes whatever it knows; none of it is a fault."""
    rng, loose = sheet.rng, sheet.rates.loose
    column.rewrite(rng, sheet.hit(loose, False), spellings.unjoined)
    column.rewrite(rng, sheet.hit(0.5 + loose / 2, False), spellings.plain)
    if sheet.source == "voluntary":
        column.rewrite(rng, sheet.hit(0.02, False), spellings.garbled)
        column.rewrite(rng, sheet.hit(0.03, False), lambda name, _: f"{name} ")
        column.rewrite(rng, sheet.hit(0.03, False), lambda name, luck: (name.upper(), name.lower())[luck % 2])
    elif sheet.source in ("hospital", "mental_health", "community"):
        column.words = [word.upper() for word in column.words]


def _numbers(sheet: Sheet, unnamed: np.ndarray) -> Coded:
    """The NHS number: missing, another's, nobody's, mistyped or a filler."""
    known, who, rng, rates = sheet.known, sheet.who, sheet.rng, sheet.rates
    words = np.concatenate([known.nhs_number, known.nobodys]).astype(str).tolist()
    column = Spelt(who, words)
    missing = sheet.hit(rates.number_missing) | (unnamed & sheet.hit(UNNAMED_NUMBERLESS, False))
    missing |= ~known.people.registered[who] & sheet.hit(0.4, False)
    wrong = np.flatnonzero(sheet.hit(rates.number_wrong) & ~missing)
    kin = known.kin[who[wrong]]
    stranger = rng.choice(np.flatnonzero(known.here), len(wrong))
    column.index[wrong] = np.where((kin >= 0) & chance(rng, KIN_SHARE, len(wrong)), kin, stranger)
    wrong = wrong[column.index[wrong] != who[wrong]]
    sheet.note("another's number", wrong)
    nobodys = np.flatnonzero(sheet.hit(rates.number_of_nobody) & ~missing)
    column.index[nobodys] = len(known) + rng.integers(0, len(known.nobodys), len(nobodys))
    sheet.note("nobody's number", nobodys)
    sheet.note("number slip", column.rewrite(rng, sheet.hit(rates.number_slip) & ~missing, _digit_slip))
    filler = sheet.hit(rates.placeholder / 2) & ~missing
    column.rewrite(rng, filler, lambda _, luck: NUMBER_FILLERS[luck % len(NUMBER_FILLERS)])
    sheet.note("placeholder", filler)
    spaced = sheet.hit(SPACED_NUMBERS.get(sheet.source, 0.0), False) & ~missing
    column.rewrite(rng, spaced, lambda n, _: f"{n[:3]} {n[3:6]} {n[6:]}")
    column.index[missing] = -1
    sheet.note("number missing", missing)
    return column.coded()


def _digit_slip(number: str, luck: int) -> str:
    """One digit wrong, or two neighbours swapped."""
    at = luck // 4 % (len(number) - 1)
    if luck % 4 == 0:
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    digit = (int(number[at]) + 1 + luck // 64 % 9) % 10
    return f"{number[:at]}{digit}{number[at + 1 :]}"


def _births(sheet: Sheet) -> np.ndarray:
    """Birth dates: day and month swapped, a digit wrong, only the year known, fillers, nothing."""
    rates, rng = sheet.rates, sheet.rng
    birth = sheet.known.people.birth[sheet.who].astype("datetime64[D]")
    year, month, day = _parts(birth)
    swap = (day <= 12) & (day != month) & sheet.hit(rates.day_month)
    month, day = np.where(swap, day, month), np.where(swap, month, day)
    sheet.note("day and month swapped", swap)
    slip = sheet.hit(rates.date_slip)
    kind, by = rng.integers(0, 6, len(birth)), np.where(chance(rng, 0.5, len(birth)), 1, -1)
    day = np.where(slip & (kind < 3), np.where(kind == 2, day + 10 * by, day + by), day)
    month = np.where(slip & (kind == 3), month + by, month)
    year = np.where(slip & (kind > 3), year + np.where(kind == 5, 10, 1) * by, year)
    month, day = np.clip(month, 1, 12), np.clip(day, 1, _month_days(year, np.clip(month, 1, 12)))
    only_year = sheet.hit(rates.first_january)
    month, day = np.where(only_year, 1, month), np.where(only_year, 1, day)
    written = _date(year, month, day)
    written = np.minimum(written, np.datetime64(days.END))
    sheet.note("date slip", slip & (written != birth) & ~only_year)
    sheet.note("first of January", only_year & (written != birth))
    filler, missing = sheet.hit(rates.date_filler), sheet.hit(rates.date_missing)
    sheet.note("date filler", filler)
    sheet.note("date missing", missing)
    written = np.where(filler, np.datetime64(BIRTH_FILLER), written).astype(int) - days.EPOCH
    return np.where(missing, days.NO_DAY, written).astype(np.int32)


def _parts(dates: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    months = dates.astype("datetime64[M]")
    years = dates.astype("datetime64[Y]")
    return years.astype(int) + 1970, months.astype(int) % 12 + 1, (dates - months).astype(int) + 1


def _date(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return months.astype("datetime64[D]") + (day - 1)


def _month_days(year: np.ndarray, month: np.ndarray) -> np.ndarray:
    return (_date(year + month // 12, month % 12 + 1, 1) - _date(year, month, 1)).astype(int)


def _sexes(sheet: Sheet) -> Coded:
    sex = sheet.known.people.sex[sheet.who]
    wrong, unknown = sheet.hit(sheet.rates.sex_wrong, False), sheet.hit(sheet.rates.sex_missing, False)
    code = np.where(sheet.hit(0.7, False), NULL, sheet.rng.integers(2, len(SEXES), len(sex)))
    sheet.note("sex wrong", wrong & ~unknown)
    return Coded(np.where(unknown, code, np.where(wrong, 1 - sex, sex)).astype(np.uint8), SEXES)


def _addresses(sheet: Sheet, places: np.ndarray) -> dict[str, Column]:
    """Postcode and property, of a former home for some; ZZ99 3VZ for people without one."""
    known, who, rates, rng = sheet.known, sheet.who, sheet.rates, sheet.rng
    home = np.where(sheet.stale, known.former_home[who], known.home[who])
    place = known.place_of_home[home]
    nowhere = ((known.people.place[who] == NO_PLACE) & ~sheet.stale) | (place == NO_PLACE)
    nowhere |= (known.people.communal[who] == 2) & sheet.hit(FROM_HOSTEL_NOWHERE, False) & (sheet.source != "gp")
    words = np.append(postcodes(places), NO_FIXED_ABODE)
    postcode = Spelt(np.where(nowhere, len(words) - 1, place * POSTCODES_PER_PLACE + home % POSTCODES_PER_PLACE), words)
    sheet.note("postcode slip", postcode.rewrite(rng, sheet.hit(rates.postcode_slip) & ~nowhere, _postcode_slip))
    if sheet.source in ("social_care", "voluntary"):
        loose = sheet.hit(rates.loose / 2, False)
        postcode.rewrite(rng, loose, lambda code, luck: (code.replace(" ", ""), code.lower())[luck % 2])
    missing = sheet.hit(rates.postcode_missing)
    postcode.index[missing] = -1
    sheet.note("postcode missing", missing)
    unmatched = missing | nowhere | sheet.has("postcode slip") | sheet.hit(rates.uprn_missing, False)
    properties = uprns(known.people.pcn, len(known.place_of_home)).astype(str)
    return {"postcode": postcode.coded(), "uprn": Coded(np.where(unmatched, -1, home).astype(np.int32), properties)}


def _postcode_slip(code: str, luck: int) -> str:
    """A digit or a letter of the inward part, or the sector, wrong."""
    at = len(code) - 1 - luck % 3
    if code[at].isdigit():
        return f"{code[:at]}{(int(code[at]) + 1 + luck // 3 % 8) % 10}{code[at + 1 :]}"
    letters = "ABDEFGHJLNPQRSTUWXYZ".replace(code[at], "")
    return code[:at] + letters[luck // 3 % len(letters)] + code[at + 1 :]


def rows(sheet: Sheet) -> Rows:
    """The records as rows to be written."""
    return Rows(sheet.who, sheet.columns)
