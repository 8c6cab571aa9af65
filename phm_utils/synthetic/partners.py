"""Council and voluntary-sector lists that overlap, because hardships run together; in two editions, a quarter apart.

Whoever is on a list and here on the days of both editions is on both, in the same words: so what a run of a later day
says of somebody does not change with the earlier edition. That has besides those who had died or left by the later one.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.data_errors import text_dates
from phm_utils.synthetic.draws import Coded, chance, expit
from phm_utils.synthetic.people import NO_PLACE, People
from phm_utils.synthetic.rows import Column, Dates, Numbers, Rows, ids

LIST_DATE, EARLIER_DATE = date(2025, 3, 1), date(2024, 12, 1)
EARLIER_IDS_FROM, GONE_IDS_FROM = 500_000_000, 600_000_000  # of the network's row ids: beyond those of LIST_DATE


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


def on_lists(rng: np.random.Generator, people: People, health: Health) -> np.ndarray:
    """People x LISTS: who is on each list on whichever of its days they are alive and here."""
    return np.column_stack([chance(rng, expit(list_log_odds(one, people, health))) for one in LISTS])


def here_on(people: People, day: int) -> np.ndarray:
    """True for people alive and here on a day."""
    return np.asarray((people.first <= day) & (people.last >= day))


def make_partner_lists(rng: np.random.Generator, people: People, health: Health) -> Rows:
    """The table `partner_list` of LIST_DATE: people alive and here, and some known to no practice."""
    on = on_lists(rng, people, health) & here_on(people, days.day(LIST_DATE))[:, None]
    return _rows(people, on, days.day(LIST_DATE), first_id=0)


def only_earlier(people: People, on: np.ndarray) -> Rows:
    """The rows of EARLIER_DATE of people who had died or left by LIST_DATE. on: as `on_lists` draws it."""
    gone = here_on(people, days.day(EARLIER_DATE)) & ~here_on(people, days.day(LIST_DATE))
    return _rows(people, on & gone[:, None], days.day(EARLIER_DATE), GONE_IDS_FROM)


@dataclass(frozen=True)
class EarlierEdition:
    """The rows of EARLIER_DATE of those who are on it and on the later edition: the places of their rows there.

    columns: in which the editions differ; all others, those of identity and their errors among them, are alike.
    """

    places: np.ndarray
    columns: dict[str, Column]

    def of(self, rows: Rows) -> Rows:
        """The earlier edition, with as many columns as the later one is given with."""
        found = rows.take(self.places)
        return Rows(found.who, found.columns | self.columns)


def earlier_edition(rng: np.random.Generator, people: People, rows: Rows) -> EarlierEdition:
    """The earlier edition of `partner_list`, its dates with errors of their own. Rows sent twice come once."""
    row_id = rows.numbers("row_id").values
    _, first = np.unique(row_id, return_index=True)
    places = first[people.first[rows.who[first]] <= days.day(EARLIER_DATE)]
    dates = Dates(np.full(len(places), days.day(EARLIER_DATE), np.int32))
    columns: dict[str, Column] = {"row_id": Numbers(row_id[places] + EARLIER_IDS_FROM)}
    return EarlierEdition(places, columns | {"list_date": text_dates(rng, dates)})


def _rows(people: People, on: np.ndarray, day: int, first_id: int) -> Rows:
    """One row per person and list, list by list. on: people x LISTS."""
    listed, who = (place.astype(kind) for place, kind in zip(np.nonzero(on.T), (np.uint8, np.int32), strict=True))
    return Rows(
        who,
        {
            "row_id": Numbers(ids(people.pcn, len(who)).values + first_id),
            "list_name": Coded(listed, tuple(one.name for one in LISTS)),
            "flag": Coded(listed.copy(), tuple(one.flag for one in LISTS)),
            "list_date": Dates(np.full(len(who), day, np.int32)),
        },
    )
