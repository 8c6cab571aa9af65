"""Linking a council's encoded records to the people of the GP extract, bits against bits.

We hold the key, so our own people are cleaned and encoded as the council's
were, and only filters are compared. How alike two of them are is the Dice
coefficient: twice the bits that both set, over the bits that each sets, in
the fields that the council's record holds.

Comparing 20,000 records with 817,000 people would be 16 billion pairs. A pair
is compared where one of a few things is the same in both: date of birth,
postcode, UPRN, address or both names; and, for a record that finds nobody so,
where the surname or the forename is. Equal fields have equal bits, so this
needs nothing of the council that the filter does not hold.

A record is linked to the person most like it where
- nothing contradicts: forenames are alike (or one is the short form of the
  other) and two of the three parts of the date of birth are equal;
- enough was compared: three of forename, surname, date of birth and address;
- they are alike enough, and by a margin more than the next person.
Twins share everything but the forename: without the first rule one who is
not registered would be taken for the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.linkage.bloom import FIELDS, WORDS, filters
from phm_utils.linkage.encoded_file import encoding_key, read_encoded

NARROW = (("born",), ("place",), ("address",), ("address_line",), ("root", "family"))
WIDE = (("family",), ("root",))  # for those that found nobody by the others
HOME = ("place", "address", "address_line")
_PAIRS_AT_ONCE = 500_000
_NAMES = [f.name for f in FIELDS]
_STARTS = [WORDS[name].start for name in _NAMES]


@dataclass(frozen=True)
class Acceptance:
    """When a record is linked. All similarities are Dice coefficients from 0 to 1.

    threshold: how alike record and person must be.
    margin: by how much more than record and next person.
    forename: how alike two forenames are that are spellings of one; below it
        they must have the same long form.
    birth: two equal parts of three give about 0.7, one about 0.4.
    floor: pairs less alike are forgotten; they count as nobody.
    """

    threshold: float = 0.75
    margin: float = 0.05
    forename: float = 0.5
    birth: float = 0.55
    parts: int = 3
    floor: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= self.threshold - self.floor:
            raise InputError(
                f"A margin of {self.margin} needs a threshold of at least {self.floor + self.margin}: "
                f"persons less alike than {self.floor} are not kept."
            )


@dataclass(frozen=True)
class Side:
    """Filters of one side, and how many bits each field of each sets."""

    words: np.ndarray
    sizes: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", _by_field(self.words))


def link_encoded(
    spine: pd.DataFrame,
    encoded: Path,
    key: bytes,
    *,
    acceptance: Acceptance = Acceptance(),
    one_to_one: bool = False,
) -> pd.DataFrame:
    """Find the person of each encoded record.

    spine: the registered people's identities: `identity_id`, cleaned fields
        as in `bloom.FIELDS` (absent columns are not compared), and `person`
        where one person can have several identities.
    encoded: a file that `phm encode` wrote with the same `key`.
    one_to_one: the list names nobody twice, so that a person whom one record
        takes (the most alike first) is no candidate of another.
    Returns one row per encoded record, in the file's order: `record_id`;
    `identity_id` (null unless linked); `similarity` to the best person that
    nothing contradicts and `next_similarity` to the next (null below the
    floor); `decision`: linked, too close, too weak, too little, contrary,
    no candidate, or nothing to compare.
    Raises InputError for a file of another key or schema.
    """
    record_ids, words = read_encoded(encoded, key)
    people, listed = Side(filters(spine, encoding_key(key))), Side(words)
    identity = spine["identity_id"].to_numpy()
    person = spine["person"].to_numpy() if "person" in spine else identity
    best, pairs = pd.DataFrame({"decision": ["no candidate"] * len(words)}), []
    for rules in (NARROW, WIDE):
        still_open = np.flatnonzero(best["decision"] != "linked")
        found = _candidates(people, listed, rules, still_open, acceptance)
        pairs.append(found.assign(identity_id=identity[found["place"]], person=person[found["place"]]))
        best = _ranked(pd.concat(pairs, ignore_index=True), len(words), acceptance, one_to_one)
    best.loc[listed.sizes.sum(axis=1) == 0, "decision"] = "nothing to compare"
    best.insert(0, "record_id", pd.array(record_ids, dtype="str"))
    return best


def _by_field(words: np.ndarray) -> np.ndarray:
    """How many bits are set in each field: one row per filter, one column per field."""
    return np.add.reduceat(np.bitwise_count(words), _STARTS, axis=1, dtype=np.int16)


def _candidates(
    people: Side, listed: Side, rules: tuple[tuple[str, ...], ...], records: np.ndarray, acceptance: Acceptance
) -> pd.DataFrame:
    """Every pair that some rule brings together and that is alike enough to remember."""
    shared = people.sizes.any(axis=0)  # fields that none of our people has are no evidence
    found = [
        _compared(people, listed, ours, theirs, shared, acceptance)
        for rule in rules
        for ours, theirs in _pairs(_labels(people, rule), _labels(listed, rule)[records], records)
    ]
    empty = _compared(people, listed, *(np.zeros(0, dtype=np.int64),) * 2, shared, acceptance)
    return pd.concat([empty, *found], ignore_index=True)


def _labels(side: Side, rule: tuple[str, ...]) -> np.ndarray:
    """One number for the bits of the rule's fields; 0 where any of them is empty. Equal fields have equal numbers."""
    label = np.zeros(len(side.words), dtype=np.uint64)
    for name in rule:
        for column in range(WORDS[name].start, WORDS[name].stop):
            label = (label ^ side.words[:, column]) * np.uint64(0x9E3779B97F4A7C15)
            label ^= label >> np.uint64(29)
    whole = (side.sizes[:, [_NAMES.index(name) for name in rule]] > 0).all(axis=1)
    return np.where(whole, label | np.uint64(1), np.uint64(0))


def _pairs(ours: np.ndarray, theirs: np.ndarray, records: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions of people and records with equal labels, some hundred thousand pairs at a time."""
    order = np.argsort(ours, kind="stable")
    first, last = (np.searchsorted(ours[order], theirs, side=side) for side in ("left", "right"))
    counts = np.where(theirs > 0, last - first, 0)
    part = np.cumsum(counts) // _PAIRS_AT_ONCE
    for start, stop in zip(*_runs(part), strict=True):
        count = counts[start:stop]
        turn = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        yield order[np.repeat(first[start:stop], count) + turn], np.repeat(records[start:stop], count)


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each run of equal values starts and stops."""
    edges = np.flatnonzero(np.diff(values)) + 1
    return np.concatenate([[0], edges])[: len(values)], np.concatenate([edges, [len(values)]])[: max(len(values), 1)]


def _compared(
    people: Side, listed: Side, ours: np.ndarray, theirs: np.ndarray, shared: np.ndarray, acceptance: Acceptance
) -> pd.DataFrame:
    """The pairs alike enough to remember: similarity, whether contrary, whether enough was compared."""
    common = _by_field(people.words[ours] & listed.words[theirs])
    mine, other = people.sizes[ours], listed.sizes[theirs]
    counted = (other > 0) & shared
    total = ((mine + other) * counted).sum(axis=1)
    similarity = 2 * (common * counted).sum(axis=1) / np.maximum(total, 1)
    kept = similarity >= acceptance.floor
    common, mine, other = common[kept], mine[kept], other[kept]
    both = (mine > 0) & (other > 0)
    alike = 2 * common / np.maximum(mine + other, 1)
    known = {name: both[:, i] for i, name in enumerate(_NAMES)}
    dice = {name: alike[:, i] for i, name in enumerate(_NAMES)}
    other_name = known["given"] & (dice["given"] < acceptance.forename) & (dice["root"] < 1)
    other_birth = known["born"] & (dice["born"] < acceptance.birth)
    parts = [known["given"], known["family"], known["born"], np.any([known[name] for name in HOME], axis=0)]
    return pd.DataFrame(
        {
            "record": theirs[kept],
            "place": ours[kept],
            "similarity": similarity[kept],
            "contrary": other_name | other_birth,
            "enough": np.sum(parts, axis=0) >= acceptance.parts,
        }
    )


def _ranked(pairs: pd.DataFrame, records: int, acceptance: Acceptance, one_to_one: bool) -> pd.DataFrame:
    """One row per record: its best person, the next, and the decision."""
    order = ["record", "similarity", "contrary", "enough", "identity_id"]
    pairs = pairs.sort_values(order, ascending=[True, False, True, False, True])
    pairs = pairs.drop_duplicates(["record", "person"])  # a person's best identity
    if one_to_one:
        pairs = pairs[~_taken(pairs, acceptance.threshold)]
    ranked = pairs.assign(turn=pairs.groupby("record").cumcount())
    best = ranked[ranked["turn"] == 0].set_index("record").reindex(range(records))
    rival = ranked[ranked["turn"] == 1].set_index("record")["similarity"].reindex(range(records))
    decision = np.select(
        [
            best["similarity"].isna(),
            best["contrary"].eq(True),
            best["similarity"] < acceptance.threshold,
            ~best["enough"].eq(True),
            best["similarity"] - rival.fillna(0) < acceptance.margin,
        ],
        ["no candidate", "contrary", "too weak", "too little", "too close"],
        "linked",
    )
    return pd.DataFrame(
        {
            "identity_id": best["identity_id"].where(decision == "linked").astype("Int64"),
            "similarity": best["similarity"],
            "next_similarity": rival,
            "decision": pd.array(decision, dtype="str"),
        }
    ).reset_index(drop=True)


def _taken(pairs: pd.DataFrame, threshold: float) -> np.ndarray:
    """Which pairs are of a person whom another record takes: in turn, whoever are each other's best."""
    record, person = (pd.factorize(pairs[column])[0] for column in ("record", "person"))
    free = np.flatnonzero(pairs["similarity"] >= threshold)
    free = free[np.argsort(-pairs["similarity"].to_numpy()[free], kind="stable")]
    taken_by = np.full(len(pairs), -1)  # by person
    while len(free):
        mutual = np.intersect1d(*(free[np.unique(side[free], return_index=True)[1]] for side in (record, person)))
        taken_by[person[mutual]] = record[mutual]
        free = free[~np.isin(record[free], record[mutual]) & ~np.isin(person[free], person[mutual])]
    return (taken_by[person] >= 0) & (taken_by[person] != record)
