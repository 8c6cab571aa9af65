"""Contacts collapsed to episodes, so that two on one day, or a visit and its call the day after, count once."""

import numpy as np

from phm_utils.errors import InputError


def episode_starts(person: np.ndarray, day: np.ndarray, days: int) -> np.ndarray:
    """True for each contact that begins an episode.

    person, day: whole numbers of each contact, in order of person and, within it, of day. days: an episode takes in
        all contacts up to so many days after its first; 0 collapses those of one day. It does not grow with each
        further contact: somebody seen every day has many episodes, not one.
    Raises InputError for contacts out of order and for negative `days`.

    >>> person, day = np.array([1, 1, 1, 1, 2]), np.array([0, 1, 2, 9, 9])
    >>> episode_starts(person, day, 1).tolist()
    [True, False, True, True, True]
    """
    if days < 0:
        raise InputError(f"days is {days}; it is how long an episode lasts after its first contact, 0 or more.")
    person, day = np.asarray(person, np.int64), np.asarray(day, np.int64)
    starts = np.zeros(len(person), bool)
    if not len(person):
        return starts
    moment = person * (int(day.max()) - int(day.min()) + days + 2) + (day - int(day.min()))
    if (back := int((np.diff(moment) < 0).sum())) or (np.diff(person) < 0).any():
        raise InputError(f"{back} of {len(person)} contacts are out of order. Sort them by person and day.")
    after = np.searchsorted(moment, moment + days, side="right")  # the first contact that is not in the episode
    here = np.flatnonzero(np.diff(person, prepend=person[0] - 1))
    while len(here):
        starts[here] = True
        following = after[here]
        inside = following < len(person)
        here, following = here[inside], following[inside]
        here = following[person[following] == person[here]]
    return starts
