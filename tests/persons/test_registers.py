"""The 21 disease registers: for every rule of each, somebody on either side of it.

Each case is one person, born so that they have the age stated on 31 March
2025, with nothing on record but what the case says.
"""

from dataclasses import dataclass, field
from datetime import date

import pytest

from phm_utils.rules.derived import load_registers

INDEX = date(2025, 3, 31)
LONG_AGO, SINCE = date(2012, 9, 1), date(2016, 9, 1)
LAST_YEAR = date(2024, 4, 1)  # the first of the 12 months to 31 March 2025
HALF_A_YEAR = date(2024, 10, 1)  # the first of six months
INHALER, ANTIEPILEPTIC, LITHIUM, METFORMIN = "0301011R0", "0408010H0", "0402030K0", "0601022B0"


def before(day: date) -> date:
    """The day before."""
    return date.fromordinal(day.toordinal() - 1)


def aged(years: int, months: int = 0) -> date:
    """Born so long before the index date, by the months that an extract tells: 18 and 0 is March 2007."""
    place = 2025 * 12 + 2 - years * 12 - months
    return date(place // 12, place % 12 + 1, 1)


@dataclass(frozen=True)
class Case:
    """One person: is she on the register?"""

    register: str
    on: bool
    says: str
    entries: tuple = ()  # (concept, day) or (concept, day, value)
    issues: tuple = ()  # (BNF code, day)
    born: date | None = field(default_factory=lambda: aged(60))
    ethnicity: str | None = "A"

    def __str__(self) -> str:
        return f"{self.register}: {self.says}"


def resolved(register: str, concept: str, end: str, **kw) -> list[Case]:
    """A condition with an end: before its last entry, on the same day, after it, and returned."""
    return [
        Case(register, True, "on record", ((concept, LONG_AGO),), **kw),
        Case(register, True, "recorded on the index date", ((concept, INDEX),), **kw),
        Case(register, False, f"{end} after", ((concept, LONG_AGO), (end, SINCE)), **kw),
        Case(register, False, f"{end} on the same day", ((concept, SINCE), (end, SINCE)), **kw),
        Case(register, True, f"{end} the day before", ((concept, SINCE), (end, before(SINCE))), **kw),
        Case(
            register, True, f"{end} before, recorded again", ((concept, LONG_AGO), (end, SINCE), (concept, INDEX)), **kw
        ),
    ]


def from_age(register: str, concept: str, least: int, issues: tuple = ()) -> list[Case]:
    """A register for people of an age: the month of the birthday, and a month too young."""
    entries = ((concept, SINCE if least > 10 else date(2023, 1, 1)),)
    return [
        Case(register, True, f"{least} this month", entries, issues, aged(least)),
        Case(register, False, f"{least} next month", entries, issues, aged(least, -1)),
        Case(register, False, "no month of birth", entries, issues, None),
    ]


def treated(register: str, concept: str, drug: str, first_day: date) -> list[Case]:
    """A register of treated people: issues on either side of the window's first day."""
    entries = ((concept, LONG_AGO),)
    return [
        Case(register, False, "never treated", entries),
        Case(register, False, "treated with another medicine", entries, ((METFORMIN, INDEX),)),
        Case(register, True, "treated on the window's first day", entries, ((drug, first_day),)),
        Case(register, False, "treated the day before the window", entries, ((drug, before(first_day)),)),
        Case(register, True, "treated on the index date", entries, ((drug, INDEX),)),
        Case(register, False, "treated and never diagnosed", (), ((drug, INDEX),)),
    ]


def obesity(on: bool, says: str, bmi: float, day: date = INDEX, **kw) -> Case:
    return Case("obesity", on, says, (("bmi", day, bmi),), **kw)


def fracture(on: bool, says: str, day: date, age: int, *more: str, months: int = 0, osteoporosis: bool = True) -> Case:
    entries = [("fragility_fracture", day), *((concept, SINCE) for concept in more)]
    entries += [("osteoporosis", SINCE)] if osteoporosis else []
    return Case("osteoporosis", on, says, tuple(entries), (), aged(age, months))


RECENT_INHALER = ((INHALER, INDEX),)
RECENT_ANTIEPILEPTIC = ((ANTIEPILEPTIC, INDEX),)
CASES = [
    *resolved("af", "atrial_fibrillation", "atrial_fibrillation_resolved"),
    Case("af", False, "nothing on record"),
    Case("af", True, "of any age", (("atrial_fibrillation", INDEX),), (), aged(1)),
    *resolved("asthma", "asthma", "asthma_resolved", issues=RECENT_INHALER),
    *from_age("asthma", "asthma", 6, RECENT_INHALER),
    *treated("asthma", "asthma", INHALER, LAST_YEAR),
    Case("cancer", True, "first recorded on 1 April 2003", (("cancer", date(2003, 4, 1)),)),
    Case("cancer", False, "first recorded on 31 March 2003", (("cancer", date(2003, 3, 31)),)),
    Case("cancer", False, "first recorded then, and again", (("cancer", date(2003, 3, 31)), ("cancer", SINCE))),
    Case("chd", True, "on record", (("chd", date(1985, 1, 1)),)),
    *resolved("ckd", "ckd", "ckd_resolved"),
    *resolved("ckd", "ckd", "ckd_1_2"),
    *from_age("ckd", "ckd", 18),
    *resolved("copd", "copd", "copd_resolved"),
    Case("copd", True, "of any age", (("copd", INDEX),), (), aged(17)),
    Case("dementia", True, "on record", (("dementia", LONG_AGO),)),
    *resolved("depression", "depression", "depression_resolved"),
    *from_age("depression", "depression", 18),
    Case("depression", True, "last recorded on 1 April 2006", (("depression", date(2006, 4, 1)),)),
    Case("depression", False, "last recorded on 31 March 2006", (("depression", date(2006, 3, 31)),)),
    Case("depression", True, "first and last on either side",
         (("depression", date(1999, 1, 1)), ("depression", date(2006, 4, 1)))),
    *resolved("diabetes", "diabetes", "diabetes_resolved"),
    *from_age("diabetes", "diabetes", 17),
    *resolved("epilepsy", "epilepsy", "epilepsy_resolved", issues=RECENT_ANTIEPILEPTIC),
    *from_age("epilepsy", "epilepsy", 18, RECENT_ANTIEPILEPTIC),
    *treated("epilepsy", "epilepsy", ANTIEPILEPTIC, HALF_A_YEAR),
    *resolved("heart_failure", "heart_failure", "heart_failure_resolved"),
    *resolved("hypertension", "hypertension", "hypertension_resolved"),
    *from_age("hypertension", "hypertension", 18),
    Case("learning_disability", True, "on record", (("learning_disability", LONG_AGO),), (), aged(13)),
    Case("ndh", True, "18 when first recorded", (("ndh", date(2018, 6, 1)),), (), date(2000, 6, 1)),
    Case("ndh", False, "17 when first recorded", (("ndh", date(2018, 5, 31)),), (), date(2000, 6, 1)),
    Case("ndh", False, "17 when first recorded, and again since",
         (("ndh", date(2018, 5, 31)), ("ndh", INDEX)), (), date(2000, 6, 1)),
    Case("ndh", False, "diabetes since", (("ndh", LONG_AGO), ("diabetes", SINCE))),
    Case("ndh", False, "diabetes before", (("diabetes", LONG_AGO), ("ndh", SINCE))),
    Case("ndh", True, "diabetes resolved", (("diabetes", LONG_AGO), ("ndh", LONG_AGO), ("diabetes_resolved", SINCE))),
    Case("ndh", False, "diabetes resolved and returned",
         (("ndh", LONG_AGO), ("diabetes_resolved", LONG_AGO), ("diabetes", SINCE))),
    obesity(True, "30", 30.0),
    obesity(False, "29.99", 29.99),
    obesity(True, "30 on the first of 12 months", 30.0, LAST_YEAR),
    obesity(False, "30 the day before the 12 months", 30.0, before(LAST_YEAR)),
    obesity(True, "18 this month", 35.0, born=aged(18)),
    obesity(False, "18 next month", 35.0, born=aged(18, -1)),
    obesity(False, "27.5, White", 27.5, ethnicity="C"),
    obesity(True, "27.5, Asian", 27.5, ethnicity="H"),
    obesity(True, "27.5, Chinese", 27.5, ethnicity="R"),
    obesity(True, "27.5, Mixed", 27.5, ethnicity="D"),
    obesity(True, "27.5, Black", 27.5, ethnicity="P"),
    obesity(True, "27.5, Other", 27.5, ethnicity="S"),
    obesity(False, "27.49, Asian", 27.49, ethnicity="H"),
    obesity(False, "27.5, not stated", 27.5, ethnicity="Z"),
    obesity(False, "27.5, not known", 27.5, ethnicity="99"),
    obesity(False, "27.5, no ethnicity", 27.5, ethnicity=None),
    obesity(True, "30, not known", 30.0, ethnicity="99"),
    Case("obesity", False, "30, and less since", (("bmi", LAST_YEAR, 35.0), ("bmi", INDEX, 29.0))),
    Case("obesity", True, "more since", (("bmi", LAST_YEAR, 29.0), ("bmi", INDEX, 35.0))),
    obesity(False, "unbelievable", 91.0),
    Case("osteoporosis", False, "without a fracture", (("osteoporosis", SINCE), ("dxa", SINCE))),
    fracture(True, "50, fracture on 1 April 2012, scan", date(2012, 4, 1), 50, "dxa"),
    fracture(False, "50 next month", date(2012, 4, 1), 50, "dxa", months=-1),
    fracture(False, "50, fracture on 31 March 2012", date(2012, 3, 31), 50, "dxa"),
    fracture(False, "50, no scan", SINCE, 50),
    fracture(False, "50, no osteoporosis", SINCE, 50, "dxa", osteoporosis=False),
    fracture(False, "75 next month, no scan", SINCE, 75, months=-1),
    fracture(True, "75 next month, fracture on 1 April 2012, scan", date(2012, 4, 1), 75, "dxa", months=-1),
    fracture(True, "75, fracture on 1 April 2014, no scan", date(2014, 4, 1), 75),
    fracture(False, "75, fracture on 31 March 2014, scan", date(2014, 3, 31), 75, "dxa"),
    fracture(False, "75, no osteoporosis", SINCE, 75, "dxa", osteoporosis=False),
    fracture(True, "75, fractures on either side", date(2010, 1, 1), 75, "fragility_fracture"),
    Case("pad", True, "on record", (("pad", LONG_AGO),)),
    *resolved("palliative", "palliative_care", "palliative_not_indicated"),
    Case("palliative", True, "last recorded on 1 April 2008", (("palliative_care", date(2008, 4, 1)),)),
    Case("palliative", False, "last recorded on 31 March 2008", (("palliative_care", date(2008, 3, 31)),)),
    Case("ra", True, "16 when first recorded", (("rheumatoid_arthritis", date(2006, 6, 1)),), (), date(1990, 6, 1)),
    Case("ra", False, "15 when first recorded", (("rheumatoid_arthritis", date(2006, 5, 31)),), (), date(1990, 6, 1)),
    Case("ra", False, "15 when first recorded, and again since",
         (("rheumatoid_arthritis", date(2006, 5, 31)), ("rheumatoid_arthritis", INDEX)), (), date(1990, 6, 1)),
    Case("smi", True, "on record", (("smi", date(1980, 1, 1)),)),
    Case("smi", True, "lithium on the first of six months", (), ((LITHIUM, HALF_A_YEAR),)),
    Case("smi", False, "lithium the day before", (), ((LITHIUM, before(HALF_A_YEAR)),)),
    Case("smi", False, "another antipsychotic", (), (("0402010AB", INDEX),)),
    Case("stroke_tia", True, "on record", (("stroke_tia", LONG_AGO),)),
]  # fmt: skip


def tokens() -> dict[Case, str]:
    return {case: f"person-{n:03d}" for n, case in enumerate(CASES)}


@pytest.fixture(scope="module")
def person(page):
    """Everybody of CASES, in one table."""
    named = tokens()
    return page.person(
        gp_registration=[
            page.registered(token, birth_month=case.born, ethnicity=case.ethnicity) for case, token in named.items()
        ],
        gp_event=[
            page.entry(concept, *when, token=token) for case, token in named.items() for concept, *when in case.entries
        ],
        gp_medication=[
            page.issue(drug, day, token=token) for case, token in named.items() for drug, day in case.issues
        ],
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_who_is_on_the_register(person, case):
    assert person.loc[tokens()[case], f"qof_{case.register}"] == case.on


def test_every_register_has_somebody_on_it_and_somebody_off(person):
    names = {r.name for r in load_registers().registers}
    assert len(names) == 21
    assert {case.register for case in CASES} == names
    counts = person.filter(like="qof_").sum()
    assert ((counts > 0) & (counts < len(person))).all()


def test_nobody_is_unknown_to_a_register(person):
    assert person.filter(like="qof_").notna().all(axis=None)


def test_somebody_with_nothing_on_record_is_on_no_register(world):
    assert not world.one().filter(like="qof_").any()
