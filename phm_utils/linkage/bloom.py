"""Keyed Bloom filters: a person's identifiers as 1,024 bits, similar where identifiers are similar.

Each field is cut into tokens (a name into its pairs of letters), and each
token sets some of that field's own bits. Two spellings of a name share most
tokens and so most bits; the bits alone give the similarity of two filters
(Dice coefficient). The filter of a record has its fields one after another,
each with a length and a number of hashes that is its weight.

Which bits a token sets comes from HMAC-SHA512 under a key for that field:
every hash is drawn independently. (Double hashing, where all positions
follow from two hashes, has been undone by cryptanalysis.) A field sets the
same number of bits whatever its length, so that "Jo" has the weight of
"Christopher". An empty field sets none, and is not compared.

Sources: Schnell, Bachteler and Reiher 2009, doi:10.1186/1472-6947-9-41 (the
method); Durham and others 2014, IEEE Transactions on Knowledge and Data
Engineering 26(12) (fields by weight in one filter of a record). Attacks, and
so why hashes are random and filters are always encrypted (see
`encoded_file`): Niedermeyer and others 2014, doi:10.29012/jpc.v6i2.640; Kroll
and Steinmetzer 2015, doi:10.1007/978-3-319-27707-3_21; Christen and others
2017, doi:10.1007/978-3-319-57454-7_49.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from phm_utils.privacy.pseudonyms import purpose_key

WORD_BITS = 64
_HASH_BYTES = 4  # of a digest, for one position: the remainder is even to one part in twenty million
_HASHES_PER_DIGEST = 64 // _HASH_BYTES
_VALUES_AT_ONCE = 100_000


def letter_pairs(name: str) -> list[str]:
    """ "ZOE" as "^Z", "ZO", "OE", "E$": each pair once, the ends marked."""
    marked = f"^{name}$"
    return list(dict.fromkeys(marked[i : i + 2] for i in range(len(marked) - 1)))


def date_parts(date: str) -> list[str]:
    """ "1980-05-17" as year, and day and month without their order: they are often swapped."""
    year, month, day = date.split("-")
    return [f"Y{year}", month, day if day != month else f"{day} twice"]


def exact_value(value: str) -> list[str]:
    """The value as one token: it shares nothing with any other value."""
    return [value]


def word_pairs(line: str) -> list[str]:
    """The letter pairs of every word of a line, each pair once."""
    return list(dict.fromkeys(chain.from_iterable(letter_pairs(word) for word in line.split())))


@dataclass(frozen=True)
class EncodedField:
    """One field's place in the filter.

    name: the column of cleaned identifiers; it also names the field's key.
    bits: its length, a multiple of 64.
    hashes: how many positions all tokens of a value set together (some may
        coincide). It is the field's weight in the comparison.
    """

    name: str
    bits: int
    hashes: int
    tokens: Callable[[str], list[str]]


FIELDS = (
    EncodedField("given", 192, 48, letter_pairs),
    EncodedField("root", 64, 24, exact_value),  # the long form of the forename: LIZ and ELIZABETH are equal here
    EncodedField("family", 192, 48, letter_pairs),
    EncodedField("born", 192, 72, date_parts),
    EncodedField("known_sex", 64, 8, exact_value),
    EncodedField("place", 128, 40, exact_value),
    EncodedField("address", 64, 24, exact_value),  # the UPRN
    EncodedField("address_line", 128, 48, word_pairs),
)
FILTER_BITS = sum(field.bits for field in FIELDS)
_ENDS = np.cumsum([field.bits // WORD_BITS for field in FIELDS])
WORDS = {
    field.name: slice(int(end) - field.bits // WORD_BITS, int(end)) for field, end in zip(FIELDS, _ENDS, strict=True)
}


def filters(people: pd.DataFrame, key: bytes) -> np.ndarray:
    """The filter of each person, as rows of 16 words of 64 bits.

    people: cleaned identifiers, in columns named as in `FIELDS`; a column
        that is absent, and a value that is missing, sets no bit.
    key: the key of encoding; each field's key is derived from it.
    """
    result = np.zeros((len(people), FILTER_BITS // WORD_BITS), dtype=np.uint64)
    for field in FIELDS:
        if field.name not in people:
            continue
        codes, values = pd.factorize(people[field.name])
        segments = _segments(_texts(values), field, purpose_key(key, f"encode {field.name}"))
        known = codes >= 0
        result[known, WORDS[field.name]] = segments[codes[known]]
    return result


def _texts(values: Sequence) -> list[str]:
    """Values as text; a date, however typed, as YYYY-MM-DD."""
    if isinstance(values, pd.DatetimeIndex):
        return list(values.strftime("%Y-%m-%d"))
    return [str(value) for value in values]


def _segments(values: list[str], field: EncodedField, key: bytes) -> np.ndarray:
    """One row of words for each distinct value."""
    parts = [
        _filled(values[start : start + _VALUES_AT_ONCE], field, key) for start in range(0, len(values), _VALUES_AT_ONCE)
    ]
    return np.concatenate([np.zeros((0, field.bits // WORD_BITS), dtype=np.uint64), *parts])


def _filled(values: list[str], field: EncodedField, key: bytes) -> np.ndarray:
    tokens = [field.tokens(value) for value in values]
    number = {token: i for i, token in enumerate(dict.fromkeys(chain.from_iterable(tokens)))}
    positions = _positions(list(number), field, key)
    of_value, turn = _spread(np.array([len(t) for t in tokens]))
    of_token = np.fromiter((number[t] for t in chain.from_iterable(tokens)), dtype=np.int64, count=len(of_value))
    share = np.array([len(t) for t in tokens])[of_value]
    # Shared out evenly, one more to the first; a long line's every token still sets a bit.
    hashes = np.maximum(1, field.hashes // share + (turn < field.hashes % share))
    of_pair, nth = _spread(hashes)
    bits = np.zeros((len(values), field.bits), dtype=bool)
    bits[of_value[of_pair], positions[of_token[of_pair], nth]] = True
    return np.packbits(bits, axis=1).view(np.uint64)


def _spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For counts 2, 3: which of them (0 0 1 1 1), and which turn in it (0 1 0 1 2)."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)


def _positions(tokens: list[str], field: EncodedField, key: bytes) -> np.ndarray:
    """The bits that each token sets, in the order in which they are used: one row per token."""
    digests = -(-field.hashes // _HASHES_PER_DIGEST)
    drawn = b"".join(
        hmac.digest(key, bytes([block]) + token.encode(), "sha512") for token in tokens for block in range(digests)
    )
    numbers = np.frombuffer(drawn, dtype=">u4").reshape(len(tokens), digests * _HASHES_PER_DIGEST)
    return (numbers[:, : field.hashes] % field.bits).astype(np.uint16)
