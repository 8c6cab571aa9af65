"""A source's records while they are being written: words that are rewritten, and a note of every fault."""

from collections.abc import Callable

import numpy as np

from phm_utils.synthetic.data_errors import LINKAGE, LINKAGE_TIMES
from phm_utils.synthetic.draws import Coded, chance
from phm_utils.synthetic.linkage.population import Population
from phm_utils.synthetic.people import ETHNIC_CODES
from phm_utils.synthetic.rows import Column

FAULTS = ("spelling of forename", "spelling of surname", "short form", "second name used", "second name added",
          "other spelling", "half a surname", "names swapped", "former name", "former home", "day and month swapped",
          "date slip", "first of January", "date filler", "date missing", "number missing", "another's number",
          "nobody's number", "number slip", "placeholder", "postcode slip", "postcode missing", "unnamed",
          "sex wrong")  # fmt: skip
_BIT = {fault: np.uint32(1 << place) for place, fault in enumerate(FAULTS)}


class TextColumn:
    """A text column that faults rewrite: an index per record, -1 for null, into a growing list of words."""

    def __init__(self, index: np.ndarray, words: np.ndarray | list[str]) -> None:
        self.index, self.words = index.astype(np.int64), list(words)
        self._added: dict[str, int] = {}

    def rewrite(self, rng: np.random.Generator, chosen: np.ndarray, how: Callable[[str, int], str]) -> np.ndarray:
        """Write the word of the chosen records otherwise; `how` gets it and a number below 2**32.

        Returns the positions of the records in which that made a difference.
        """
        records = np.flatnonzero(chosen & (self.index >= 0))
        changed = []
        for record, luck in zip(records.tolist(), rng.integers(0, 1 << 32, len(records)).tolist(), strict=True):
            word = self.word(record)
            if (new := how(word, luck)) != word:
                self.put(record, new)
                changed.append(record)
        return np.array(changed, int)

    def word(self, record: int) -> str:
        """A record's word."""
        return self.words[self.index[record]]

    def put(self, record: int, word: str) -> None:
        """Write a word into a record."""
        if word not in self._added:
            self._added[word] = len(self.words)
            self.words.append(word)
        self.index[record] = self._added[word]

    def coded(self) -> Coded:
        """The column, with no more words than stand in it."""
        used, index = np.unique(self.index, return_inverse=True)
        nulls = int(len(used) > 0 and used[0] < 0)
        return Coded((index - nulls).astype(np.int32), tuple(self.words[place] for place in used[nulls:]))


class Sheet:
    """One source's records: whom each is about, the columns written so far, and the faults planted in them."""

    def __init__(self, rng: np.random.Generator, population: Population, source: str, who: np.ndarray) -> None:
        self.rng, self.population, self.source, self.who = rng, population, source, who
        self.columns: dict[str, Column] = {}
        self._rates = LINKAGE[source]
        times = np.array([LINKAGE_TIMES.get(code, 1.0) for code in ETHNIC_CODES], np.float32)
        self.times = times[population.people.ethnicity[who]]
        self._noted = np.zeros(len(who), np.uint32)

    def __len__(self) -> int:
        return len(self.who)

    def fault(self, name: str, share: float = 1.0) -> np.ndarray:
        """Records with a fault of `data_errors`, at `share` of its rate; the rate is higher in some ethnic groups."""
        return chance(self.rng, share * self._rates[name] * self.times)

    def uniform_fault(self, name: str) -> np.ndarray:
        """As `fault`, at one rate for all ethnic groups."""
        return self.sample(self._rates[name])

    def sample(self, share: float) -> np.ndarray:
        """A share of the records."""
        return chance(self.rng, share, len(self))

    def note(self, fault: str, records: np.ndarray) -> None:
        """Record a fault of records, given as a mask or as positions."""
        self._noted[records] |= _BIT[fault]

    def has(self, fault: str) -> np.ndarray:
        """Records of which a fault was noted."""
        return (self._noted & _BIT[fault]) > 0

    def faults(self) -> Coded:
        """The faults of each record in words, null where there are none."""
        kinds, kind = np.unique(self._noted, return_inverse=True)
        labels = tuple("; ".join(fault for fault in FAULTS if bits & _BIT[fault]) for bits in kinds)
        return Coded(np.where(kinds[kind] == 0, -1, kind).astype(np.int32), labels)
