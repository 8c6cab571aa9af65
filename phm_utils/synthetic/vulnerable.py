"""Who is vulnerable by the truth on the index date of the planted lists: bands and domains of the model of 2020.

As parameters/vulnerability/shielding_2020.yml has them, from what is planted and not from what sources record: body
mass as it is and not as it was measured, lists without an error of linkage.
"""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import NULL, Coded
from phm_utils.synthetic.follow_up import INDEX_DAY, age_on_index
from phm_utils.synthetic.network import Network
from phm_utils.synthetic.partners import EARLIER_DATE, LISTS, here_on
from phm_utils.synthetic.people import NO_PLACE
from phm_utils.synthetic.rows import Numbers, Rows
from phm_utils.synthetic.shielding import REASONS, Shielded, reasons
from phm_utils.tables import CONTACT_PREFERENCES

MODEL = "shielding_2020"
BANDS = HIGH, MEDIUM, LOWER = ("high", "medium", "lower")
MEDIUM_FROM, LOWER_FROM, VERY_OBESE = 70, 60, 40.0  # years of age; kg/m2
OF_MEDIUM = ("copd", "chd", "heart_failure", "ckd", "chronic_liver_disease", "diabetes", "stroke_tia", "parkinsons",
             "multiple_sclerosis", "learning_disability")  # fmt: skip
OF_LOWER = ("asthma", "smi")
DOMAINS = ("income", "housing", "mobility", "food_fuel", "caring", "language", "alone_70")
# Lists of partners that make a domain true for everybody of a household, and for the person alone.
OF_HOUSEHOLD = {"council_tax_reduction": "income", "homelessness_duty": "housing", "assisted_bins": "mobility",
                "foodbank": "food_fuel"}  # fmt: skip
OF_PERSON = {"outreach": "housing", "blue_badge": "mobility", "carers_register": "caring"}
MOST_IN_HOUSEHOLD = 10


@dataclass(frozen=True)
class Vulnerable:
    """One entry per person of the network. band: place in BANDS, NULL in none. domains: people x DOMAINS.

    here: registered on INDEX_DAY; all else is false or NULL of the others. listed: on the shielded list.
    reason: why somebody is in the highest band, a place in REASONS: the rule of the shielded list, four weeks later.
    """

    here: np.ndarray
    band: np.ndarray
    domains: np.ndarray
    listed: np.ndarray
    reason: np.ndarray

    @property
    def beyond(self) -> np.ndarray:
        """True for people in a band, with a social domain, and not on the shielded list."""
        return np.asarray((self.band != NULL) & self.domains.any(axis=1) & ~self.listed)

    def counts(self) -> dict[str, dict[str, int]]:
        """People in each band, and those of them beyond the list, for the summary of the ICS."""
        return {
            name: {"people": int((self.band == place).sum()), "beyond": int((self.beyond & (self.band == place)).sum())}
            for place, name in enumerate(BANDS)
        }

    def truth(self) -> Rows:
        """One row per person in a band: band, reason, whether listed, whether beyond the list, and each domain."""
        who = np.flatnonzero(self.band != NULL)
        flags = {"listed": self.listed, "beyond": self.beyond}
        flags |= {f"domain_{name}": self.domains[:, place] for place, name in enumerate(DOMAINS)}
        columns = {name: Numbers(flag[who]) for name, flag in flags.items()}
        coded = {"band": Coded(self.band[who], BANDS), "reason": Coded(self.reason[who], REASONS)}
        return Rows(who.astype(np.int32), {**coded, **columns})


def make_vulnerable(
    network: Network, on_lists: np.ndarray, shielded: Shielded, steroids: tuple[np.ndarray, np.ndarray]
) -> Vulnerable:
    """By the truth on INDEX_DAY. on_lists: people x LISTS, as `partners.on_lists` draws it."""
    people = network.people
    here = people.registered & here_on(people, INDEX_DAY)
    listed = np.zeros(len(people), bool)
    listed[shielded.listed] = True
    reason = np.where(here, reasons(network.facts, steroids, INDEX_DAY), NULL).astype(np.uint8)
    band = np.where(here, _bands(network, reason), NULL).astype(np.uint8)
    return Vulnerable(here, band, _domains(network, on_lists, here) & here[:, None], listed, reason)


def _bands(network: Network, reason: np.ndarray) -> np.ndarray:
    """The first band that holds, as a place in BANDS."""
    facts, age = network.facts, age_on_index(network.people.birth)

    def any_of(concepts: tuple[str, ...]) -> np.ndarray:
        return np.logical_or.reduce([facts.at(concept, INDEX_DAY) for concept in concepts])

    medium = any_of(OF_MEDIUM) | (age >= MEDIUM_FROM) | (network.health.bmi >= VERY_OBESE)
    return np.select([reason != NULL, medium, any_of(OF_LOWER) | (age >= LOWER_FROM)], range(len(BANDS)), NULL)


def _domains(network: Network, on_lists: np.ndarray, here: np.ndarray) -> np.ndarray:
    """People x DOMAINS. A fact of a household's list holds for everybody who is registered at the address."""
    people, facts = network.people, network.facts
    named = on_lists & here_on(people, days.day(EARLIER_DATE))[:, None]
    at_home = here & (people.place != NO_PLACE)
    size = np.bincount(people.household[at_home], minlength=int(people.household.max()) + 1)
    found = {name: np.zeros(len(people), bool) for name in DOMAINS}
    for place, one in enumerate(LISTS):
        if one.name in OF_PERSON:
            found[OF_PERSON[one.name]] |= named[:, place]
        elif one.name in OF_HOUSEHOLD:
            homes = np.unique(people.household[named[:, place] & at_home])
            shared = at_home & np.isin(people.household, homes) & (size <= MOST_IN_HOUSEHOLD)[people.household]
            found[OF_HOUSEHOLD[one.name]] |= named[:, place] | shared
    found["mobility"] |= facts.at("housebound", INDEX_DAY)
    found["caring"] |= facts.at("carer", INDEX_DAY)
    found["language"] |= network.notes.preference == CONTACT_PREFERENCES.index("interpreter")
    found["alone_70"] |= at_home & (age_on_index(people.birth) >= MEDIUM_FROM) & (size[people.household] == 1)
    return np.column_stack([found[name] for name in DOMAINS])
