"""Council and voluntary-sector lists that overlap, because hardships run together."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.draws import Coded, chance, expit
from phm_utils.synthetic.people import NO_PLACE, People
from phm_utils.synthetic.rows import Dates, Rows, ids

LIST_DATE = date(2025, 3, 1)


@dataclass(frozen=True)
class PartnerList:
    """A list: planted log-odds of being on it, by age, deprivation, hidden need, conditions, and no fixed abode."""

    name: str
    flag: str
    ages: tuple[float, ...]
    odds: tuple[float, ...]
    gradient: float
    need: float
    conditions: tuple[tuple[str, float], ...] = ()
    no_abode: float = 0.0


LISTS = (
    PartnerList("assisted_bins", "mobility", (17, 18, 60, 70, 80, 95), (-12, -8, -6, -4.5, -2.8, -2), 0.1, 0.2,
                (("housebound", 1.6), ("stroke_tia", 0.8), ("parkinsons", 1.0), ("osteoarthritis", 0.5)), -9),
    PartnerList("council_tax_reduction", "income", (17, 18, 25, 45, 65, 90), (-12, -4, -2.9, -2.7, -2.5, -2.6), 1, 0.9,
                (("smi", 0.7), ("learning_disability", 0.6)), -9),
    PartnerList("homelessness_duty", "housing", (15, 17, 25, 40, 60, 80), (-12, -6, -4.9, -5, -6, -8), 0.8, 1.1,
                (("homeless", 2.5), ("alcohol_problems", 0.7), ("smi", 0.6)), 3.2),
    PartnerList("foodbank", "food", (0, 15, 17, 30, 50, 70), (-6, -6, -5, -4.3, -4.5, -6), 1.0, 1.2,
                (("homeless", 1.2), ("depression", 0.3)), 2.6),
    PartnerList("blue_badge", "mobility", (0, 17, 40, 60, 75, 90), (-6.5, -6.5, -5, -3.6, -2.2, -1.3), 0.3, 0.1,
                (("copd", 0.8), ("stroke_tia", 0.9), ("osteoarthritis", 0.6), ("multiple_sclerosis", 2.0)), -9),
    PartnerList("carers_register", "caring", (10, 16, 30, 55, 75, 95), (-9, -5.5, -5, -3.9, -3.8, -5), 0.2, 0.3,
                (("carer", 2.5),), -9),
    PartnerList("outreach", "housing", (15, 17, 30, 60, 80), (-12, -9, -7.5, -7.5, -9), 0.4, 0.9,
                (("homeless", 3.0), ("alcohol_problems", 1.0)), 5.5),
)  # fmt: skip


def list_log_odds(one: PartnerList, people: People, health: Health) -> np.ndarray:
    """Planted log-odds of being on a list."""
    odds = np.interp(people.age, one.ages, one.odds) + one.gradient * people.deprivation + one.need * people.need
    for concept, weight in one.conditions:
        odds = odds + weight * health.of(concept)
    return odds + one.no_abode * (people.place == NO_PLACE)


def make_partner_lists(rng: np.random.Generator, people: People, health: Health) -> Rows:
    """The table `partner_list`: people alive and here on the lists' date, and some known to no practice."""
    here = (people.first <= days.day(LIST_DATE)) & (people.last >= days.day(LIST_DATE))
    found = [np.flatnonzero(here & chance(rng, expit(list_log_odds(one, people, health)))) for one in LISTS]
    who = np.concatenate(found).astype(np.int32)
    listed = np.repeat(np.arange(len(LISTS), dtype=np.uint8), [len(f) for f in found])
    return Rows(
        who,
        {
            "row_id": ids(people.pcn, len(who)),
            "list_name": Coded(listed, tuple(one.name for one in LISTS)),
            "flag": Coded(listed.copy(), tuple(one.flag for one in LISTS)),
            "list_date": Dates(np.full(len(who), days.day(LIST_DATE), np.int32)),
        },
    )
