"""Admitted patient care: spells, and the consultant episodes that form them."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import coding, days, diagnoses
from phm_utils.synthetic.draws import NULL, Coded, Mix, chance
from phm_utils.synthetic.emergency import PROVIDER, Attendances
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.maternity import births
from phm_utils.synthetic.people import People
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids

DIRECT_PER_YEAR, DIRECT_GRADIENT = 0.010, 0.25  # emergency admissions that pass no ED
ELECTIVE_PER_YEAR, ELECTIVE_SHAPE = 0.085, 0.5
METHOD = {
    "ed": Mix.of({"21": 0.96, "2A": 0.04}),
    "direct": Mix.of({"22": 0.50, "24": 0.18, "25": 0.04, "28": 0.20, "2B": 0.08}),
    "elective": Mix.of({"11": 0.62, "12": 0.26, "13": 0.12}),
}
METHODS = ("21", "2A", "22", "24", "25", "28", "2B", "11", "12", "13", "31", "82")
OPERATIONS = Mix.of({"-": 0.12, "C751": 0.2, "H229": 0.16, "G459": 0.12, "W401": 0.1, "T202": 0.08, "X721": 0.22})
TREATMENT = Mix.of({"300": 0.42, "100": 0.17, "110": 0.10, "130": 0.08, "301": 0.10, "502": 0.06, "420": 0.07})


@dataclass
class Spells:
    """One entry per spell. stay: nights. kind: 0 emergency, 1 elective, 2 mother, 3 baby."""

    who: np.ndarray
    admitted: np.ndarray
    stay: np.ndarray
    kind: np.ndarray
    method: np.ndarray
    primary: np.ndarray
    day_case: np.ndarray

    def take(self, rows: np.ndarray) -> "Spells":
        """The given spells, in their order."""
        return Spells(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def make_admissions(
    rng: np.random.Generator,
    coder: np.random.Generator,
    people: People,
    facts: Facts,
    use: np.ndarray,
    attendances: Attendances,
) -> Rows:
    """The table `apc_episode`, ordered by person, admission and episode.

    coder: the random numbers of what is coded; whatever changes there leaves the stays as they were.
    """
    blocks = [
        _emergencies(rng, people, facts, attendances),
        _electives(rng, people, facts, use),
        _births(rng, people),
    ]
    joined = Spells(*(np.concatenate([getattr(b, f) for b in blocks]) for f in Spells.__dataclass_fields__))
    spells = joined.take(np.lexsort((joined.admitted, joined.who)))
    spells.primary, noted = coding.code_stays(coder, people, facts, spells.who, spells.kind, spells.primary)
    return _episodes(rng, people, facts, spells, noted)


def _spells(who, admitted, stay, kind, method, primary, day_case=None) -> Spells:
    n = len(who)
    day_case = np.zeros(n, bool) if day_case is None else day_case
    return Spells(who.astype(np.int32), admitted.astype(np.int32), stay.astype(np.int32), np.full(n, kind, np.uint8),
                  method, primary, day_case)  # fmt: skip


def _methods(rng: np.random.Generator, name: str, size: int) -> np.ndarray:
    drawn = METHOD[name].draw(rng, size)
    return np.array([METHODS.index(w) for w in drawn.words], np.uint8)[drawn.index]


def _emergencies(rng: np.random.Generator, people: People, facts: Facts, attendances: Attendances) -> Spells:
    """Admissions from ED on the day of the attendance, and those that a GP or clinic sends straight in."""
    by_age = np.interp(people.age, [0, 2, 10, 40, 65, 80, 95], [2.5, 1.5, 0.6, 0.7, 1.6, 3.5, 4.5])
    rate = DIRECT_PER_YEAR * by_age * np.exp(DIRECT_GRADIENT * people.deprivation + 0.4 * people.frailty)
    counts = rng.poisson(rate * rng.gamma(0.8, 1 / 0.8, len(people)) * people.years)
    rows, day = days.EVERY_DAY.spread(rng, people.first, people.last, counts)
    taken = attendances.admitted
    who = np.concatenate([attendances.who[taken], rows])
    admitted = np.concatenate([attendances.day[taken], day])
    method = np.concatenate([_methods(rng, "ed", int(taken.sum())), _methods(rng, "direct", len(rows))])
    age = people.age[who]
    mean = np.interp(age, [0, 18, 45, 65, 80, 95], [0.7, 1.0, 2.4, 4.5, 7.5, 9.0]) * np.exp(0.15 * people.frailty[who])
    stay = np.where(chance(rng, np.interp(age, [0, 40, 90], [0.55, 0.42, 0.18])), 0, rng.exponential(mean * 1.35) + 0.5)
    return _spells(who, admitted, stay, 0, method, _acute_diagnosis(rng, facts, who, age))


def _acute_diagnosis(rng: np.random.Generator, facts: Facts, who: np.ndarray, age: np.ndarray) -> np.ndarray:
    """A flare of one of the person's own conditions for a third, else what brings their age to hospital."""
    own = coding.own_diagnoses(facts, 1, diagnoses.FLARES)[who, 0]
    result = np.empty(len(who), np.uint8)
    young, old = age < 18, age >= 65
    groups = ((young, diagnoses.CHILD), (~young & ~old, diagnoses.ADULT), (old, diagnoses.OLDER))
    for group, mix in groups:
        result[group] = coding.draw(rng, mix, int(group.sum()))
    return np.where((own != NULL) & chance(rng, 0.33, len(who)), own, result).astype(np.uint8)


def _electives(rng: np.random.Generator, people: People, facts: Facts, use: np.ndarray) -> Spells:
    by_age = np.interp(people.age, [0, 10, 20, 40, 60, 75, 90], [0.3, 0.25, 0.35, 0.8, 1.7, 2.6, 1.6])
    ill = 1 + 1.8 * facts.of("cancer") + 0.6 * facts.of("osteoarthritis") + 0.5 * facts.of("ckd")
    rate = ELECTIVE_PER_YEAR * by_age * ill * use**0.4 * rng.gamma(ELECTIVE_SHAPE, 1 / ELECTIVE_SHAPE, len(people))
    who, day = days.CLINIC.spread(rng, people.first, people.last, rng.poisson(rate * people.years))
    day_case = chance(rng, 0.8, len(who))
    stay = np.where(day_case, 0, 1 + rng.exponential(2.0, len(who)))
    primary = coding.draw(rng, diagnoses.ELECTIVE, len(who))
    return _spells(who, day, stay, 1, _methods(rng, "elective", len(who)), primary, day_case)


def _births(rng: np.random.Generator, people: People) -> Spells:
    """A birth admits the baby and its mother."""
    babies, mothers = births(people)
    born = people.birth[babies] - days.EPOCH
    stay = rng.integers(0, 4, len(babies))
    home = (born >= people.first[mothers]) & (born <= people.last[mothers])
    parts = []
    for who, kind, method, code, keep in ((mothers, 2, "31", "O80X", home), (babies, 3, "82", "Z380", born >= 0)):
        size = int(keep.sum())
        same = np.full(size, METHODS.index(method), np.uint8)
        primary = np.full(size, diagnoses.WORDS.index(code), np.uint8)
        parts.append(_spells(who[keep], born[keep], stay[keep], kind, same, primary))
    return Spells(*(np.concatenate([getattr(p, f) for p in parts]) for f in Spells.__dataclass_fields__))


def _episodes(rng: np.random.Generator, people: People, facts: Facts, spells: Spells, noted: np.ndarray) -> Rows:
    """Split each spell into episodes that follow each other; one in hospital on the last day is still open."""
    last = np.where(people.last < days.DAYS - 1, people.last, days.DAYS + 400)
    discharged = np.minimum(spells.admitted + spells.stay, np.maximum(last[spells.who], spells.admitted))
    stay = discharged - spells.admitted
    extra = (spells.kind == 0).astype(int) * (rng.random(len(stay)) < 0.13) + (stay > 3) * (
        rng.random(len(stay)) < 0.25
    )
    extra = extra + (stay > 14) * rng.integers(0, 3, len(stay))
    count = 1 + np.minimum(extra, np.maximum(stay, 1)).astype(np.int64)
    spell = np.repeat(np.arange(len(count), dtype=np.int32), count)
    order = np.arange(len(spell)) - np.repeat(np.cumsum(count) - count, count)
    start = spells.admitted[spell] + stay[spell] * order // count[spell]
    end = spells.admitted[spell] + stay[spell] * (order + 1) // count[spell]
    keep = start < days.DAYS  # an episode that has not begun is in no extract
    spell, order, start, end = spell[keep], order[keep], start[keep], end[keep]
    who, n = spells.who[spell], len(spell)
    return Rows(
        who,
        {
            "epikey": ids(people.pcn, n),
            "spell_id": Numbers(spell.astype(np.int64) + 1 + people.pcn * 1_000_000_000),
            "admidate": Dates(spells.admitted[spell]),
            "disdate": Dates.some(discharged[spell], discharged[spell] < days.DAYS),
            "epistart": Dates(start),
            "epiend": Dates.some(end, end < days.DAYS),
            "epiorder": Numbers((order + 1).astype(np.int32)),
            "admimeth": Coded(spells.method[spell], METHODS),
            "classpat": Coded(_patient_class(spells)[spell], ("1", "2", "5")),
            **coding.diagnosis_columns(rng, facts, who, spells.kind[spell], spells.primary[spell], noted[spell]),
            "opertn_01": _operations(rng, spells.kind[spell]),
            "procode": Coded(PROVIDER.draw(rng, len(count)).index[spell], PROVIDER.words),
            "tretspef": TREATMENT.draw(rng, n),
        },
    )


def _patient_class(spells: Spells) -> np.ndarray:
    return np.where(spells.kind == 3, 2, np.where(spells.day_case, 1, 0)).astype(np.uint8)


def _operations(rng: np.random.Generator, kind: np.ndarray) -> Coded:
    drawn = OPERATIONS.draw(rng, len(kind))
    none = (kind != 1) & chance(rng, 0.8, len(kind))
    return Coded(np.where(none, 0, drawn.index).astype(np.uint8), drawn.words)
