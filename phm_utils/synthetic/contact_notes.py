"""What decides whether and how a person may be contacted: sensitive records, and preferences as practices note them."""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic.conditions import Health
from phm_utils.synthetic.draws import NULL, Coded, chance
from phm_utils.synthetic.people import People
from phm_utils.synthetic.rows import Numbers, Rows
from phm_utils.tables import CONTACT_PREFERENCES

SENSITIVE_SHARE = 0.003  # of people
# Share of people whose preference is noted, by age; and how those prefer to be reached.
_AGES, _NOTED = (0, 16, 30, 60, 80, 100), (0.0, 0.20, 0.30, 0.35, 0.45, 0.45)
_WAYS = ("letter", "phone", "text message", "email")
_YOUNG, _OLD = (0.08, 0.17, 0.55, 0.20), (0.45, 0.43, 0.07, 0.05)  # at 25 or younger, and at 80 or older
EASY_READ = 0.45  # of people with a learning disability
INTERPRETER = 0.12  # of people of other ethnic groups than white British, Irish and mixed


@dataclass(frozen=True)
class ContactNotes:
    """One entry per person: flagged as sensitive, and the preference as a position in CONTACT_PREFERENCES, or NULL."""

    sensitive: np.ndarray
    preference: np.ndarray

    def add_to(self, registrations: Rows) -> None:
        """The two columns of each registration: alike in all of a person."""
        registrations.columns["sensitive"] = Numbers(self.sensitive[registrations.who])
        registrations.columns["contact_preference"] = Coded(self.preference[registrations.who], CONTACT_PREFERENCES)


def make_contact_notes(rng: np.random.Generator, people: People, health: Health) -> ContactNotes:
    """Notes of everybody."""
    n = len(people)
    sensitive = people.registered & chance(rng, SENSITIVE_SHARE, n)
    old = np.clip((people.age - 25) / 55, 0, 1)[:, None]
    edges = np.cumsum((1 - old) * np.array(_YOUNG) + old * np.array(_OLD), axis=1)
    way = (rng.random(n)[:, None] >= edges[:, :-1]).sum(axis=1)
    places = np.array([CONTACT_PREFERENCES.index(word) for word in _WAYS], np.uint8)
    preference = np.where(chance(rng, np.interp(people.age, _AGES, _NOTED)), places[way], NULL).astype(np.uint8)
    others = ~people.is_ethnic(("A", "B", "D", "E", "F", "G")) & (people.age >= 16)
    needs_interpreter = others & chance(rng, INTERPRETER, n)
    preference[needs_interpreter] = CONTACT_PREFERENCES.index("interpreter")
    easy_read = health.of("learning_disability") & chance(rng, EASY_READ, n)
    preference[easy_read] = CONTACT_PREFERENCES.index("easy read")
    return ContactNotes(sensitive, preference)
