"""Link a council's encoded records to the people of the GP extract by their Bloom filters.

We have the key, so our people are cleaned and encoded as the council's were,
and only filters are compared. Their similarity is the Dice coefficient: twice
the bits that both set, over the bits that each sets, in the fields of the
council's record. It gives the match weight (see `encoded_weights`).

Comparing 20,000 records with 817,000 people would be 16 billion pairs. A pair
is compared where both have the same date of birth, postcode, UPRN, address or
both names; for a record without a candidate, the same surname or forename.
Equal fields have equal bits, so the filters suffice.

A record is linked to the person with the highest weight where
- the weight reaches the threshold, and the next person's plus the margin;
- three of forename, surname, date of birth and address could be compared: a
  surname at an address may be a family;
- nothing contradicts: forenames are alike (or one is the short form of the
  other) and two of the three parts of the date of birth are equal.
Without the last rule an unregistered twin would be linked to the registered
one, and a son to his father of the same name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.linkage.bloom import filters
from phm_utils.linkage.encoded_file import encoding_key, read_encoded
from phm_utils.linkage.encoded_weights import HOME, NAMES, Side, bits_of_equal, by_field, labels, match_weight

NARROW = (("born",), ("place",), ("address",), ("address_line",), ("root", "family"))
WIDE = (("family",), ("root",))  # for records without a candidate by the others
_PAIRS_AT_ONCE = 500_000
_GIVEN, _ROOT, _FAMILY, _BORN = (NAMES.index(name) for name in ("given", "root", "family", "born"))
_HOME = [NAMES.index(name) for name in HOME]


@dataclass(frozen=True)
class Acceptance:
    """When a record is linked.

    threshold: match weight, in bits: 4 is odds of 16 to 1.
    margin: bits more than the next person has.
    forename: least similarity of two forenames (Dice coefficient); below it,
        they must have the same long form.
    birth: least similarity of two dates of birth: two equal parts of three
        give about 0.75, one about 0.45.
    parts: how many of forename, surname, date of birth and address both must have.
    floor: least similarity of all fields for a pair to be kept (Dice).
    """

    threshold: float = 4.0
    margin: float = 4.0
    forename: float = 0.5
    birth: float = 0.65
    parts: int = 3
    floor: float = 0.5


def link_encoded(
    spine: pd.DataFrame,
    encoded: Path,
    key: bytes,
    *,
    acceptance: Acceptance = Acceptance(),
    national: str = "nhs",
    one_to_one: bool = False,
) -> pd.DataFrame:
    """Find the person of each encoded record.

    spine: the registered people's identities: `identity_id`, cleaned fields
        as in `bloom.FIELDS` (absent columns are not compared), and `person`
        where one person can have several identities.
    encoded: a file that `phm encode` wrote with the same `key`.
    national: how both sides were cleaned, see `scheme.Scheme`.
    one_to_one: the list names each person once: a person linked to one record
        (the most similar first) is no candidate of another.
    Returns one row per encoded record, in the file's order: `record_id`;
    `identity_id` (null unless linked); of the best person `match_weight` in
    bits and `similarity`, and of the next `next_weight` and `next_similarity`
    (null where there is none above the floor); `decision`: linked, too close,
    too weak, contrary, no candidate, or nothing to compare.
    Raises InputError for a file of another key, cleaning or schema.
    """
    record_ids, words = read_encoded(encoded, key, national)
    _check(spine)
    people, listed = Side(filters(spine, encoding_key(key))), Side(words)
    equal = bits_of_equal(people)
    identity = spine["identity_id"].to_numpy()
    person = pd.factorize(spine["person"])[0] if "person" in spine else identity
    best, pairs = pd.DataFrame({"decision": ["no candidate"] * len(words)}), []
    for rules in (NARROW, WIDE):
        still_open = np.flatnonzero(best["decision"].isin(["no candidate", "too weak"]))
        found = _candidates(people, listed, equal, rules, still_open, acceptance)
        pairs.append(found.assign(identity_id=identity[found["place"]], person=person[found["place"]]))
        best = _ranked(pd.concat(pairs, ignore_index=True), len(words), acceptance, one_to_one)
    best.loc[listed.sizes.sum(axis=1) == 0, "decision"] = "nothing to compare"
    best.insert(0, "record_id", pd.array(record_ids, dtype="str"))
    return best


def _check(spine: pd.DataFrame) -> None:
    if "identity_id" not in spine or not set(NAMES) & set(spine.columns):
        raise InputError(f"The people to link to need identity_id and any of {', '.join(NAMES)}, cleaned.")
    if not len(spine):
        raise InputError("There are no people to link to: the GP list is empty. Export it again.")


def _candidates(
    people: Side,
    listed: Side,
    equal: np.ndarray,
    rules: tuple[tuple[str, ...], ...],
    records: np.ndarray,
    acceptance: Acceptance,
) -> pd.DataFrame:
    """Pairs with equal keys of some rule that can be linked or too close."""
    none = np.zeros(0, dtype=np.int64)
    found = [_compared(people, listed, equal, none, none, acceptance)]
    for rule in rules:
        for ours, theirs in _pairs(labels(people, rule), labels(listed, rule)[records], records):
            found.append(_compared(people, listed, equal, ours, theirs, acceptance))
    return pd.concat(found, ignore_index=True)


def _pairs(ours: np.ndarray, theirs: np.ndarray, records: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions of people and records with equal labels, some hundred thousand pairs at a time."""
    order = np.argsort(ours, kind="stable")
    first, last = (np.searchsorted(ours[order], theirs, side=side) for side in ("left", "right"))
    counts = np.where(theirs > 0, last - first, 0)
    block = np.cumsum(counts) // _PAIRS_AT_ONCE
    for some in np.split(np.arange(len(theirs)), np.flatnonzero(np.diff(block)) + 1):
        turn = np.arange(counts[some].sum()) - np.repeat(np.cumsum(counts[some]) - counts[some], counts[some])
        yield order[np.repeat(first[some], counts[some]) + turn], np.repeat(records[some], counts[some])


def _compared(
    people: Side, listed: Side, equal: np.ndarray, ours: np.ndarray, theirs: np.ndarray, acceptance: Acceptance
) -> pd.DataFrame:
    """The pairs that can be linked or too close, with similarity, weight, contrary and enough.

    contrary: forename or date of birth contradicts. enough: enough parts were compared.
    """
    common = by_field(people.words[ours] & listed.words[theirs])
    mine, other = people.sizes[ours], listed.sizes[theirs]
    counted = (other > 0) & people.has  # a field that none of our people has is not counted
    total = np.einsum("ij,ij->i", mine + other, counted.astype(np.int16))
    similarity = 2 * np.einsum("ij->i", common) / np.maximum(total, 1)
    kept = similarity >= acceptance.floor
    common, mine, other, ours, theirs = (part[kept] for part in (common, mine, other, ours, theirs))
    known = (mine > 0) & (other > 0)
    alike = 2 * common / np.maximum(mine + other, 1)
    weight = match_weight(alike, known, equal[ours], len(people.words))
    other_name = known[:, _GIVEN] & (alike[:, _GIVEN] < acceptance.forename) & (alike[:, _ROOT] < 1)
    other_birth = known[:, _BORN] & (alike[:, _BORN] < acceptance.birth)
    parts = known[:, [_GIVEN, _FAMILY, _BORN]].sum(axis=1) + known[:, _HOME].any(axis=1)
    pairs = {
        "record": theirs,
        "place": ours,
        "match_weight": weight,
        "similarity": similarity[kept],
        "contrary": other_name | other_birth,
        "enough": parts >= acceptance.parts,
    }
    relevant = weight >= np.minimum(_best(theirs, weight), acceptance.threshold - acceptance.margin)
    return pd.DataFrame(pairs)[relevant]


def _best(records: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """For each pair the highest weight of its record; rows are grouped by record."""
    first = np.flatnonzero(np.diff(records, prepend=-1))
    return np.repeat(np.maximum.reduceat(weight, first), np.diff(first, append=len(weight))) if len(first) else weight


def _ranked(pairs: pd.DataFrame, records: int, acceptance: Acceptance, one_to_one: bool) -> pd.DataFrame:
    """One row per record: its best person, the next, and the decision."""
    keys = pairs["identity_id"], -pairs["similarity"], -pairs["match_weight"], pairs["record"]  # the last counts first
    pairs = pairs.iloc[np.lexsort(keys)]
    pairs = pairs.drop_duplicates(["record", "person"])  # a person's best identity
    if one_to_one:
        pairs = pairs[~_taken(pairs, acceptance.threshold)]
    turn = pairs.groupby("record").cumcount()
    best, rival = (pairs[turn == n].set_index("record").reindex(range(records)) for n in (0, 1))
    found = best["match_weight"]
    decision = np.select(
        [
            found.isna(),
            best["contrary"].eq(True),
            (found < acceptance.threshold) | best["enough"].eq(False),
            found - rival["match_weight"].fillna(-np.inf) < acceptance.margin,
        ],
        ["no candidate", "contrary", "too weak", "too close"],
        "linked",
    )
    return pd.DataFrame(
        {
            "identity_id": best["identity_id"].where(decision == "linked").astype("Int64"),
            "match_weight": found,
            "similarity": best["similarity"],
            "next_weight": rival["match_weight"],
            "next_similarity": rival["similarity"],
            "decision": pd.array(decision, dtype="str"),
        }
    ).reset_index(drop=True)


def _taken(pairs: pd.DataFrame, threshold: float) -> np.ndarray:
    """Pairs whose person is linked to another record: in turn, pairs that are each other's best."""
    record, person = (pd.factorize(pairs[column])[0] for column in ("record", "person"))
    free = np.flatnonzero(pairs["match_weight"] >= threshold)
    free = free[np.argsort(-pairs["match_weight"].to_numpy()[free], kind="stable")]
    taken_by = np.full(len(pairs), -1)  # by person
    while len(free):
        best, best_of = (free[np.unique(side[free], return_index=True)[1]] for side in (record, person))
        mutual = np.intersect1d(best, best_of)
        taken_by[person[mutual]] = record[mutual]
        free = free[~np.isin(record[free], record[mutual]) & ~np.isin(person[free], person[mutual])]
    return (taken_by[person] >= 0) & (taken_by[person] != record)
