"""GP medicines issued: repeats at their regular interval, acute courses now and then.

BNF codes are given to the chemical substance (nine characters).
"""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import Coded, Mix, chance
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.people import People
from phm_utils.synthetic.prevalence import LONG_TERM
from phm_utils.synthetic.rows import Dates, Numbers, Rows, ids


@dataclass(frozen=True)
class Repeat:
    """A repeat medicine: the share of people with a condition who take it, and how much at a time."""

    bnf: str
    condition: str
    share: float
    interval: int = 28
    quantity: int = 28


REPEATS = (
    Repeat("0206020A0", "hypertension", 0.42),  # amlodipine
    Repeat("0205051R0", "hypertension", 0.38),  # ramipril
    Repeat("0205052N0", "hypertension", 0.16),  # losartan
    Repeat("0202010B0", "hypertension", 0.10),  # bendroflumethiazide
    Repeat("0212000B0", "hypertension", 0.36),  # atorvastatin
    Repeat("0212000B0", "diabetes", 0.40),
    Repeat("0601022B0", "diabetes", 0.70, 28, 56),  # metformin
    Repeat("0601021M0", "diabetes", 0.18, 28, 56),  # gliclazide
    Repeat("0601012V0", "diabetes", 0.11, 56, 5),  # insulin glargine
    Repeat("0209000A0", "chd", 0.60),  # aspirin
    Repeat("0212000B0", "chd", 0.55),
    Repeat("0204000H0", "chd", 0.50),  # bisoprolol
    Repeat("0209000C0", "stroke_tia", 0.60),  # clopidogrel
    Repeat("0208020Z0", "atrial_fibrillation", 0.65, 28, 56),  # apixaban
    Repeat("0202020L0", "heart_failure", 0.65),  # furosemide
    Repeat("0202030S0", "heart_failure", 0.30),  # spironolactone
    Repeat("0301011R0", "asthma", 0.70, 56, 1),  # salbutamol
    Repeat("0302000C0", "asthma", 0.55, 56, 1),  # beclometasone
    Repeat("0301020Q0", "copd", 0.55, 28, 30),  # tiotropium
    Repeat("0301011R0", "copd", 0.60, 56, 1),
    Repeat("0403030Q0", "depression", 0.34),  # sertraline
    Repeat("0403030D0", "depression", 0.14),  # citalopram
    Repeat("0403040X0", "depression", 0.10),  # mirtazapine
    Repeat("0204000R0", "anxiety", 0.14, 56, 56),  # propranolol
    Repeat("0402010AB", "smi", 0.30),  # quetiapine
    Repeat("040201060", "smi", 0.30),  # olanzapine
    Repeat("0402030K0", "smi", 0.10),  # lithium
    Repeat("0408010A0", "epilepsy", 0.45, 28, 56),  # levetiracetam
    Repeat("0408010H0", "epilepsy", 0.30, 28, 56),  # lamotrigine
    Repeat("0411000D0", "dementia", 0.45),  # donepezil
    Repeat("0602010V0", "hypothyroidism", 0.93),  # levothyroxine
    Repeat("0606020A0", "osteoporosis", 0.55, 28, 4),  # alendronic acid
    Repeat("0906040G0", "osteoporosis", 0.50),  # colecalciferol
    Repeat("1001030U0", "rheumatoid_arthritis", 0.55, 28, 24),  # methotrexate
    Repeat("0901020G0", "rheumatoid_arthritis", 0.50, 28, 4),  # folic acid
    Repeat("0409010N0", "parkinsons", 0.70, 28, 84),  # co-careldopa
    Repeat("1001010P0", "osteoarthritis", 0.18, 28, 56),  # naproxen
    Repeat("0407010F0", "osteoarthritis", 0.30, 28, 100),  # co-codamol
    Repeat("0103050P0", "osteoarthritis", 0.30),  # omeprazole
    Repeat("0103050P0", "", 0.05),
    Repeat("0407010H0", "osteoarthritis", 0.35, 28, 100),  # paracetamol
    Repeat("0906040G0", "ckd", 0.25),
    Repeat("0212000B0", "stroke_tia", 0.55),
    Repeat("0204000H0", "atrial_fibrillation", 0.45),
    Repeat("0103050L0", "chd", 0.35),  # lansoprazole
)
# Drawn after those above, so that these leave them as they were.
MORE_REPEATS = (
    Repeat("0106020M0", "", 0.006, 28, 56),  # senna
    Repeat("0106040M0", "", 0.007, 28, 30),  # macrogol
    Repeat("0106040M0", "parkinsons", 0.20, 28, 30),
    Repeat("0106020M0", "dementia", 0.08, 28, 56),
    Repeat("0106040M0", "palliative_care", 0.25, 28, 30),
    Repeat("0106020M0", "care_requirement", 0.10, 28, 56),
    Repeat("0102000P0", "irritable_bowel", 0.10, 28, 84),  # mebeverine
    Repeat("0403010B0", "osteoarthritis", 0.04),  # amitriptyline
    Repeat("0402030K0", "depression", 0.006),  # lithium
    Repeat("0408010W0", "smi", 0.08, 28, 56),  # valproate
    Repeat("0602020D0", "hyperthyroidism", 0.35),  # carbimazole
    Repeat("0410030C0", "substance_misuse", 0.25, 28, 28),  # methadone
)
# Drawn last of all, with the courses of prednisolone and the contraceptive injections.
LAST_REPEATS = (
    Repeat("0408010W0", "epilepsy", 0.10, 28, 56),  # valproate
    Repeat("040801050", "epilepsy", 0.05, 28, 56),  # topiramate
    Repeat("040801050", "", 0.002, 28, 56),  # topiramate, against migraine
)
PREDNISOLONE, INJECTION = "0603020T0", "0703022M0"
INJECTED = ((15, 0.02), (20, 0.06), (35, 0.05), (49, 0.02))  # of women, by age: medroxyprogesterone every 12 weeks
TREATMENTS = {  # what is planted: people who take a repeat medicine whose code begins so
    "asthma_medicines": ("0301", "0302", "0303"),
    "epilepsy_medicines": ("0408",),
    "lithium_medicines": ("0402030K0", "0402030P0"),
    "valproate_medicines": ("0408010W0", "0402030Q0"),
    "topiramate_medicines": ("040801050",),
    "preventer_inhalers": ("0302",),
}
ACUTE = {"0501013B0": 0.3, "0501012G0": 0.15, "0501130R0": 0.1, "0603020T0": 0.1, "1001010J0": 0.15, "0407020C0": 0.2}
ACUTE_PER_YEAR = 0.75
SHARE_ALONE, SHARE_PER_CONDITION = 0.80, 0.16  # people with more conditions are given more for each
_LONG_SHARE = 0.75  # of repeats given for twice the interval


def make_medicines(rng: np.random.Generator, people: People, facts: Facts, use: np.ndarray, last: np.ndarray) -> Rows:
    """Every issue. See `make_gp_events` for use and last."""
    later = [r.bnf for r in (*MORE_REPEATS, *LAST_REPEATS)]
    substances = tuple(dict.fromkeys([*(r.bnf for r in REPEATS), *ACUTE, *later, PREDNISOLONE, INJECTION]))
    seen = np.flatnonzero(people.registered & ~people.type_1 & (people.first <= last))

    def issued(repeats: tuple[Repeat, ...]) -> list[tuple[np.ndarray, ...]]:
        return [_issues(rng, people, facts, seen, last, one, substances.index(one.bnf)) for one in repeats]

    blocks = [*issued(REPEATS), _acute(rng, people, use, seen, last, substances), *issued(MORE_REPEATS)]
    blocks += [*issued(LAST_REPEATS), _courses(people, facts, last, substances)]
    blocks += [_injections(rng, people, seen, last, substances)]
    who, day, drug, duration, quantity, repeat = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return Rows(
        who,
        {
            "issue_id": ids(people.pcn, len(who)),
            "issue_date": Dates(day),
            "bnf_code": Coded(drug, substances),
            "quantity": Numbers(quantity.astype(float)),
            "duration_days": Numbers(duration.astype(np.int32)),
            "is_repeat": Numbers(repeat),
        },
    )


def takers(issues: Rows) -> dict[str, np.ndarray]:
    """The people who take each of TREATMENTS on the index date: repeats go on once begun."""
    drug, day = issues.coded("bnf_code"), issues.dates("issue_date").days
    begun = issues.numbers("is_repeat").values & (day <= days.INDEX_DAY)
    found = {}
    for name, starts in TREATMENTS.items():
        belongs = np.array([word.startswith(starts) for word in drug.words])
        found[name] = np.unique(issues.who[belongs[drug.index] & begun])
    return found


def _issues(rng, people, facts: Facts, seen, last, repeat: Repeat, drug: int) -> tuple[np.ndarray, ...]:
    """The issues of one repeat medicine, every interval from its start on."""
    if repeat.condition:
        has, known = facts.column(repeat.condition)
        takes = seen[has[seen]]
        onset = known[takes].astype(np.int32)
    else:
        takes = seen[people.age[seen] > 30]
        onset = people.first[takes].astype(np.int32)
    burden = facts.health.has[takes, :LONG_TERM].sum(axis=1)
    chosen = chance(rng, np.clip(repeat.share * (SHARE_ALONE + SHARE_PER_CONDITION * burden), 0, 0.97))
    takes, onset = takes[chosen], onset[chosen]
    interval = np.where(chance(rng, _LONG_SHARE, len(takes)), 2, 1) * repeat.interval
    start = onset + rng.integers(0, interval + 1)
    counts = np.maximum((last[takes] - start) // interval + 1, 0)
    rows = np.repeat(np.arange(len(takes), dtype=np.int32), counts)
    place = np.arange(len(rows), dtype=np.int32) - np.repeat(np.cumsum(counts) - counts, counts)
    day = (start[rows] + place * interval[rows]).astype(np.int16)
    quantity = interval // repeat.interval * repeat.quantity
    size = len(rows)
    return (takes[rows].astype(np.int32), day, np.full(size, drug, np.uint8), interval[rows].astype(np.int16),
            quantity[rows].astype(np.int16), np.ones(size, bool))  # fmt: skip


def _acute(rng, people, use, seen, last, substances) -> tuple[np.ndarray, ...]:
    """Short courses, by how often a person is seen."""
    years = np.maximum(last[seen] - people.first[seen], 1) / days.YEAR
    rows, day = days.SURGERY.spread(
        rng, people.first[seen], last[seen], rng.poisson(ACUTE_PER_YEAR * use[seen] * years)
    )
    drawn = Mix.of(ACUTE).draw(rng, len(rows))
    drug = np.array([substances.index(word) for word in ACUTE], np.uint8)[drawn.index]
    size = len(rows)
    return (seen[rows].astype(np.int32), day, drug, np.full(size, 7, np.int16), np.full(size, 21, np.int16),
            np.zeros(size, bool))  # fmt: skip


def _courses(people: People, facts: Facts, last, substances) -> tuple[np.ndarray, ...]:
    """Prednisolone for attacks of asthma: five days, 30 tablets of 5 mg; children half of it."""
    attacks = facts.attacks.until(people, last)
    who, day = attacks.who[attacks.treated], attacks.day[attacks.treated]
    size = len(who)
    quantity = np.where(people.age[who] < 12, 15, 30).astype(np.int16)
    return (who, day, np.full(size, substances.index(PREDNISOLONE), np.uint8), np.full(size, 5, np.int16), quantity,
            np.zeros(size, bool))  # fmt: skip


def _injections(rng, people: People, seen, last, substances) -> tuple[np.ndarray, ...]:
    """Contraceptive injections every 12 weeks, from some day on."""
    women = seen[(people.sex[seen] == 1) & (people.age[seen] >= 15) & (people.age[seen] < 50)]
    ages, shares = zip(*INJECTED, strict=True)
    who = women[chance(rng, np.interp(people.age[women], ages, shares))]
    start = people.first[who] + np.floor(rng.random(len(who)) * (last[who] - people.first[who] + 1)).astype(np.int32)
    counts = (last[who] - start) // 84 + 1
    rows = np.repeat(np.arange(len(who), dtype=np.int32), counts)
    place = np.arange(len(rows), dtype=np.int32) - np.repeat(np.cumsum(counts) - counts, counts)
    size = len(rows)
    return (who[rows].astype(np.int32), (start[rows] + 84 * place).astype(np.int16),
            np.full(size, substances.index(INJECTION), np.uint8), np.full(size, 84, np.int16),
            np.ones(size, np.int16), np.ones(size, bool))  # fmt: skip
