"""How strongly two filters say that they are one person's: a match weight, in bits.

The weight is the logarithm to base 2 of the odds that the two are one person,
as in Fellegi and Sunter 1969 (doi:10.1080/01621459.1969.10501049): each field
that agrees adds as many bits as it would take luck to agree, and one that
does not takes some away. From filters it is known only how alike a field is
(Dice coefficient), so the bits run in straight lines between three points:
unlike, half alike, and equal (partial weights by likeness: Brown and others
2019, International Journal of Population Data Science 4(1)). A field that either side lacks says nothing.

Equal values count by their rarity among our own people: for a common value
its own share, else the average share. A rare value counts no more than the
average: rare forenames and rare surnames go together.
What disagreement takes away is set and not trained: encoded records have no
NHS number to train by.
"""

from dataclasses import dataclass, field

import numpy as np

from phm_utils.linkage.bloom import FIELDS, WORDS

NAMES = tuple(f.name for f in FIELDS)
HOME = ("place", "address", "address_line")
# (alike, bits): below the first, its bits; from the last in a straight line to those of equal values.
# Two unlike names share a fifth of their bits by chance, two spellings of one about two thirds.
# Of the three parts of a date two equal ones give about 0.75, one about 0.45.
POINTS = {
    "given": ((0.3, -5), (0.6, 2)),
    "family": ((0.3, -5), (0.6, 2)),
    "born": ((0.5, -8), (0.72, -1)),
    "known_sex": ((0.99, -5),),
    "place": ((0.99, -4),),
    "address": ((0.99, -4),),
    "address_line": ((0.3, -4), (0.6, 2)),
}
SHORT_FORM = -5  # bits: one in thirty is written down under another form of the name
_STARTS = [WORDS[name].start for name in NAMES]


@dataclass(frozen=True)
class Side:
    """Filters of one side, one row each.

    sizes: how many bits each field sets, one column per field.
    has: whether anybody has the field.
    """

    words: np.ndarray
    sizes: np.ndarray = field(init=False)
    has: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", by_field(self.words))
        object.__setattr__(self, "has", self.sizes.any(axis=0))


def by_field(words: np.ndarray) -> np.ndarray:
    """How many bits are set in each field: one row per filter, one column per field."""
    return np.add.reduceat(np.bitwise_count(words), _STARTS, axis=1, dtype=np.int16)


def labels(side: Side, names: tuple[str, ...]) -> np.ndarray:
    """One number for the bits of these fields: equal fields, equal numbers. 0 where any of them is empty."""
    label = np.zeros(len(side.words), dtype=np.uint64)
    for name in names:
        for column in range(WORDS[name].start, WORDS[name].stop):
            label = (label ^ side.words[:, column]) * np.uint64(0x9E3779B97F4A7C15)
            label ^= label >> np.uint64(29)
    whole = (side.sizes[:, [NAMES.index(name) for name in names]] > 0).all(axis=1)
    return np.where(whole, label | np.uint64(1), np.uint64(0))


def bits_of_equal(people: Side) -> np.ndarray:
    """What each field of each person adds where a record has the same: one row per person, one column per field."""
    bits = np.zeros(people.sizes.shape, dtype=np.float32)
    for column, name in enumerate(NAMES):
        label = labels(people, (name,))
        _, which, count = np.unique(label, return_inverse=True, return_counts=True)
        known = label > 0
        n = max(int(known.sum()), 2)
        share = (count[which][known] - 1) / (n - 1)  # of the others
        # The mean is the chance that two people agree; that nobody does is no proof that it is nought.
        bits[known, column] = -np.log2(np.maximum(share, max(share.mean(), 1 / n**2))) if known.any() else 0
    return bits


def match_weight(alike: np.ndarray, known: np.ndarray, equal: np.ndarray, people: int) -> np.ndarray:
    """The match weight of each pair, in bits.

    alike: Dice coefficient of each field, one row per pair.
    known: whether both sides have the field. equal: `bits_of_equal` of the pair's person.
    people: how many there are; before anything is compared the odds are one to that.
    """
    bits = {name: _bits(POINTS[name], alike[:, i], equal[:, i]) for i, name in enumerate(NAMES) if name in POINTS}
    root = NAMES.index("root")
    short = np.where(alike[:, root] == 1, equal[:, root] + SHORT_FORM, POINTS["given"][0][1])
    bits["given"] = np.maximum(bits["given"], short)
    has = {name: known[:, i] for i, name in enumerate(NAMES)}
    home = np.max([np.where(has[name], bits[name], -np.inf) for name in HOME], axis=0)
    others = sum(np.where(has[name], bits[name], 0) for name in POINTS if name not in HOME)
    return others + np.where(np.isfinite(home), home, 0) - np.log2(max(people, 1))


def _bits(points: tuple[tuple[float, float], ...], alike: np.ndarray, equal: np.ndarray) -> np.ndarray:
    where, worth = zip(*points, strict=True)
    beyond = (alike - where[-1]) / (1 - where[-1])
    return np.where(beyond > 0, worth[-1] + beyond * (equal - worth[-1]), np.interp(alike, where, worth))
