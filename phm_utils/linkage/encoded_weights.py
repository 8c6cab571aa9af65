"""Match weight of two Bloom filters, in bits.

The weight is the logarithm to base 2 of the odds of a match,
as in Fellegi and Sunter 1969 (doi:10.1080/01621459.1969.10501049): each field
that agrees adds bits by the probability of agreeing by chance, and one that
does not subtracts some. Filters show only how similar a field is (Dice
coefficient), so the bits are interpolated between three points: unlike, half
alike, and equal (partial weights by likeness: Brown and others
2019, International Journal of Population Data Science 4(1)). A field missing on either side adds 0.

Equal values count by their rarity among our own people: for a common value
its own share, else the average share. A rare value counts no more than the
average: rare forenames and rare surnames go together.
Weights of disagreement are set, not trained: encoded records have no NHS
number to train by.
"""

from dataclasses import dataclass, field

import numpy as np

from phm_utils.linkage.bloom import FIELDS, WORDS

NAMES = tuple(f.name for f in FIELDS)
HOME = ("place", "address", "address_line")
# (similarity, bits): below the first, its bits; above the last, interpolated to those of equal values.
# Two unlike names share a fifth of their bits by chance, two spellings of one about two thirds.
# Two equal parts of a date give about 0.75, one about 0.45.
POINTS = {
    "given": ((0.3, -5), (0.6, 2)),
    "family": ((0.3, -5), (0.6, 2)),
    "born": ((0.5, -8), (0.72, -1)),
    "known_sex": ((0.99, -5),),
    "place": ((0.99, -4),),
    "address": ((0.99, -4),),
    "address_line": ((0.3, -4), (0.6, 2)),
}
SHORT_FORM = -5  # bits: one record in thirty has another form of the name
_STARTS = [WORDS[name].start for name in NAMES]


@dataclass(frozen=True)
class Side:
    """Filters of one side, one row each.

    sizes: how many bits each field sets, one column per field.
    has: whether any row has the field.
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
    complete = (side.sizes[:, [NAMES.index(name) for name in names]] > 0).all(axis=1)
    return np.where(complete, label | np.uint64(1), np.uint64(0))


def bits_of_equal(people: Side) -> np.ndarray:
    """Bits that each field of each person adds where a record agrees: one row per person, one column per field."""
    bits = np.zeros(people.sizes.shape, dtype=np.float32)
    for column, name in enumerate(NAMES):
        label = labels(people, (name,))
        _, which, count = np.unique(label, return_inverse=True, return_counts=True)
        known = label > 0
        n = max(int(known.sum()), 2)
        share = (count[which][known] - 1) / (n - 1)  # of the others
        # The mean is the probability that two people agree; none agreeing does not make it 0.
        bits[known, column] = -np.log2(np.maximum(share, max(share.mean(), 1 / n**2))) if known.any() else 0
    return bits


def match_weight(alike: np.ndarray, known: np.ndarray, equal: np.ndarray, people: int) -> np.ndarray:
    """The match weight of each pair, in bits.

    alike: Dice coefficient of each field, one row per pair.
    known: whether both sides have the field. equal: `bits_of_equal` of the pair's person.
    people: their number; the prior odds are 1 to that.
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
