"""SNOMED CT codes of the make-believe events: those of the parameters' code lists, no others."""

from functools import lru_cache

import numpy as np

from phm_utils.rules import codelists


@lru_cache(maxsize=1)
def words() -> tuple[str, ...]:
    """Every code of every concept, once: the words of a coded column."""
    return tuple(dict.fromkeys(code for concept in codelists.concepts() for code in codelists.load(concept.concept)))


def positions(concept: str) -> np.ndarray:
    """Where a concept's codes stand in `words`."""
    known = {code: place for place, code in enumerate(words())}
    return np.array([known[code] for code in codelists.load(concept)], np.uint8)
