"""SNOMED CT codes of the simulated events: those of the parameters' code lists, no others."""

from functools import lru_cache

import numpy as np

from phm_utils.rules import codelists
from phm_utils.rules.concepts import Concept, concepts
from phm_utils.synthetic.draws import NULL


@lru_cache(maxsize=1)
def _lists() -> dict[str, list[str]]:
    """The codes of each SNOMED CT concept."""
    return {c.concept: codelists.load(c.codes_from, system=c.system) for c in snomed_concepts()}


def snomed_concepts() -> tuple[Concept, ...]:
    """The concepts that GP events are coded with."""
    return tuple(c for c in concepts() if c.system == "snomed")


@lru_cache(maxsize=1)
def words() -> tuple[str, ...]:
    """Every code of every concept, once: the words of a coded column."""
    return tuple(dict.fromkeys(code for listed in _lists().values() for code in listed))


@lru_cache(maxsize=1)
def index_type() -> type[np.unsignedinteger] | type[np.signedinteger]:
    """Of an index into `words`: a byte where they are few, as in the lists that come with the workbook."""
    return np.uint8 if len(words()) < NULL else np.int32


def no_word() -> int:
    """The index that means no code."""
    return NULL if index_type() is np.uint8 else -1


@lru_cache(maxsize=1)
def _places() -> dict[str, int]:
    return {code: place for place, code in enumerate(words())}


def positions(concept: str) -> np.ndarray:
    """Where a concept's codes stand in `words`."""
    return np.array([_places()[code] for code in _lists()[concept]], index_type())


@lru_cache(maxsize=1)
def resolutions() -> dict[str, tuple[str, ...]]:
    """The concepts that end a condition, for each condition that can end."""
    return {c.concept: c.resolved_by for c in snomed_concepts() if c.resolved_by}
