"""Concepts: how a code list becomes a column of `person`. One line of parameters/concepts.csv each.

Adding a concept is one line there and one code list, and no change of code.
"""

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from phm_utils.errors import InputError
from phm_utils.params import Code, Frozen, validated
from phm_utils.rules.data_files import rows_of
from phm_utils.runs import project_root, stamp_of

System = Literal["snomed", "bnf", "icd10"]
Kind = Literal["condition", "value", "count", "vaccination", "status", "resolution"]
# The table with entries of each code system.
SOURCE_TABLE: dict[str, str] = {"snomed": "gp_event", "bnf": "gp_medication", "icd10": "apc_episode"}
KINDS_OF: dict[str, tuple[str, ...]] = {
    "snomed": ("condition", "value", "count", "vaccination", "status", "resolution"),
    "bnf": ("count",),
    "icd10": ("count",),
}


def _listed(text: object) -> object:
    return tuple(part.strip() for part in text.split("|")) if isinstance(text, str) else text


Codes = Annotated[tuple[Code, ...], BeforeValidator(_listed)]
Words = Annotated[tuple[Literal["primary", "emergency"], ...], BeforeValidator(_listed)]


class Concept(Frozen):
    """One concept. A code list of snomed holds whole codes; one of bnf or icd10 holds beginnings of codes.

    condition: recorded ever, or in the last `window_months`, unless one of
        `resolved_by` was recorded on the same day or later.
    value: the latest believable number of the last `window_months`.
    count: entries (snomed), issues (bnf) or hospital spells (icd10) in the last `window_months`.
    vaccination: given in the last `window_months`, or ever; and when last.
    status: of all concepts of the `family` the one recorded last gives its `word`; on one day, the first in the file.
    resolution: ends the conditions that name it.
    """

    concept: Code
    title: str = Field(min_length=1)
    kind: Kind
    system: System = "snomed"
    code_list: Code | None = Field(None, description="file of parameters/codelists; the concept's own name if absent")
    long_term_condition: bool = Field(False, description="counts towards n_conditions")
    in_person: bool = Field(True, description="a column of `person`; else a fact for registers and scores alone")
    unit: str | None = None
    low: float | None = Field(None, ge=0, description="smallest believable value, in `unit`")
    high: float | None = Field(None, le=1_000_000, description="largest believable value, in `unit`")
    window_months: int | None = Field(None, ge=1, le=120, description="months to the index date")
    resolved_by: Codes = Field((), description="concepts of kind resolution")
    family: Code | None = Field(None, description="status: the column that it gives a word to")
    word: str | None = Field(None, description="status: that word")
    only: Words = Field((), description="icd10: spells with it as main diagnosis; admitted as an emergency")

    @property
    def codes_from(self) -> str:
        """The name of its code list."""
        return self.code_list or self.concept

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Concept":
        faults = []
        if self.kind not in KINDS_OF[self.system]:
            faults.append(f"codes of {self.system} make {' or '.join(KINDS_OF[self.system])}, not {self.kind}")
        if self.kind == "value" and (self.low is None or self.high is None or self.low >= self.high):
            faults.append("a value needs `low` and `high`, the believable range")
        if self.kind == "count" and self.window_months is None:
            faults.append("a count needs `window_months`")
        if (self.kind == "status") != (self.family is not None and self.word is not None):
            faults.append("a status, and nothing else, has `family` and `word`")
        if self.resolved_by and self.kind != "condition":
            faults.append("only a condition has `resolved_by`")
        if self.long_term_condition and (self.kind != "condition" or not self.in_person):
            faults.append("only a condition that is a column of `person` counts as long-term")
        if self.only and self.system != "icd10":
            faults.append("`only` is for codes of icd10")
        if faults:
            raise ValueError("; ".join(faults))
        return self


def concepts(path: Path | None = None) -> tuple[Concept, ...]:
    """Every concept of parameters/concepts.csv, in the order of the file.

    Raises InputError where a line cannot be read, a concept is repeated, or
    `resolved_by` names no concept of kind resolution.

    >>> "asthma" in {concept.concept for concept in concepts()}
    True
    """
    if path is None:
        return _of_file(stamp_of(("parameters/concepts.csv",)))
    return _read(path)


@lru_cache(maxsize=4)
def _of_file(stamp: tuple[Any, ...]) -> tuple[Concept, ...]:
    """The concepts of the file with a stamp: every step of a run asks for them."""
    return _read(project_root() / "parameters" / "concepts.csv")


def _read(path: Path) -> tuple[Concept, ...]:
    rows = rows_of(path, "the concepts")
    found = tuple(validated(Concept, row, f"{path.name}, row {line}") for line, row in rows)
    if repeated := sorted(name for name, times in Counter(c.concept for c in found).items() if times > 1):
        raise InputError(f"{path.name} lists more than once: {', '.join(repeated)}.")
    resolutions = {c.concept for c in found if c.kind == "resolution"}
    if unknown := sorted({name for c in found for name in c.resolved_by} - resolutions):
        raise InputError(f"{path.name}: resolved_by names no concept of kind resolution: {', '.join(unknown)}.")
    return found


def long_term_conditions(known: tuple[Concept, ...] | None = None) -> list[Concept]:
    """The conditions that `n_conditions` counts, in the order of the file.

    >>> asthma = Concept(concept="asthma", title="Asthma", kind="condition", long_term_condition=True)
    >>> smear = Concept(concept="smear", title="Cervical smear", kind="condition")
    >>> [concept.title for concept in long_term_conditions((asthma, smear))]
    ['Asthma']
    """
    return [c for c in (concepts() if known is None else known) if c.long_term_condition]
