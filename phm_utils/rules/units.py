"""Units in which a value is recorded, and how it is converted: parameters/units.csv.

An entry's unit is compared with those of its concept: case, blanks, ^2 and a raised 2 make no difference. A value in
the concept's own unit is used as it is, one in a listed unit is converted, one in any other unit is not used.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from phm_utils.errors import InputError
from phm_utils.params import Code, Frozen, validated
from phm_utils.rules.concepts import Concept
from phm_utils.rules.data_files import rows_of
from phm_utils.runs import project_root

UNITS_FILE = "parameters/units.csv"


def standard_unit(text: str) -> str:
    """A unit in the form in which units are compared; '' where none is stated.

    >>> standard_unit("kg / m²"), standard_unit("KG/M^2"), standard_unit("  ")
    ('kg/m2', 'kg/m2', '')
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split()).replace("^", "")


def _number(value: object) -> object:
    """A fraction such as 1/38.67 as a number; anything else as it is."""
    if isinstance(value, str) and value.count("/") == 1:
        above, below = value.split("/")
        try:
            return float(Fraction(above.strip()) / Fraction(below.strip()))
        except (ValueError, ZeroDivisionError):
            raise ValueError("a number, or a fraction such as 1/38.67") from None
    return value


class UnitRule(Frozen):
    """One unit of one concept: value in the concept's unit = value as recorded x factor + offset.

    decimals: to which a converted value is rounded, half up: those that results in the concept's unit have, so that
        a threshold has its clinical meaning (6.5% is 48 mmol/mol).
    """

    concept: Code
    unit: str = Field(min_length=1, description="as written in extracts")
    factor: Annotated[float, BeforeValidator(_number)] = Field(1.0, gt=0, le=1_000_000, allow_inf_nan=False)
    offset: float = Field(0.0, ge=-1_000_000, le=1_000_000, allow_inf_nan=False, description="in the concept's unit")
    decimals: int | None = Field(None, ge=0, le=3, description="of a converted value")
    source: str | None = Field(None, min_length=1, description="where the conversion is published")

    @property
    def converts(self) -> bool:
        """Is it another unit than the concept's own, and not another spelling of it?"""
        return (self.factor, self.offset) != (1.0, 0.0)

    def same_way(self, other: "UnitRule") -> bool:
        """Are values in both units converted alike?"""
        return (self.factor, self.offset, self.decimals) == (other.factor, other.offset, other.decimals)

    @model_validator(mode="after")
    def _whole(self) -> "UnitRule":
        faults = []
        if not standard_unit(self.unit):
            faults.append("the unit is blank")
        if self.converts and (self.decimals is None or self.source is None):
            faults.append("a conversion needs `decimals` and `source`")
        if not self.converts and self.decimals is not None:
            faults.append("only a converted value is rounded: leave `decimals` empty, or give `factor`")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def converted(self, value: float) -> float:
        """A value as recorded, in the concept's unit.

        >>> percent = UnitRule(concept="hba1c", unit="%", factor=10.93, offset=-23.5, decimals=0, source="NGSP")
        >>> percent.converted(6.5)
        48.0
        """
        exact = value * self.factor + self.offset
        if self.decimals is None:
            return exact
        scale = 10**self.decimals
        return (exact * scale + 0.5) // 1 / scale


def unit_rules(known: Iterable[Concept], path: Path | None = None) -> dict[str, dict[str, UnitRule]]:
    """By concept of kind value and by standard form of a unit: its rule; the concept's own unit is among them.

    known: the concepts. path: parameters/units.csv by default.

    Raises InputError with the line where a line cannot be read, names no concept of kind value, or repeats a unit.

    >>> from phm_utils.rules.concepts import concepts
    >>> sorted(unit_rules(concepts())["cholesterol"])[:2]
    ['mg/100ml', 'mg/dl']
    """
    path = path or project_root() / UNITS_FILE
    values = {c.concept: c for c in known if c.kind == "value"}
    found = {name: _own(concept) for name, concept in values.items()}
    for line, row in rows_of(path, "the units of values and their conversions"):
        where = f"{path.name}, line {line}"
        rule = validated(UnitRule, row, where)
        if rule.concept not in values:
            raise InputError(f"{where}: `{rule.concept}` is no concept of kind value in concepts.csv.")
        form = standard_unit(rule.unit)
        if form in found[rule.concept]:
            raise InputError(
                f"{where}: the unit `{rule.unit}` of {rule.concept} is there already, as its own unit or in another "
                "line (case, blanks, ^2 and a raised 2 make no difference). Take one out."
            )
        found[rule.concept][form] = rule
    return found


def _own(concept: Concept) -> dict[str, UnitRule]:
    """The rule of a concept's own unit; none where concepts.csv gives no unit."""
    if concept.unit is None:
        return {}
    return {standard_unit(concept.unit): UnitRule(concept=concept.concept, unit=concept.unit)}


def conversions(rules: Mapping[str, UnitRule]) -> list[UnitRule]:
    """One rule for each way in which a concept's values are converted, in the order of the file.

    >>> one = UnitRule(concept="hba1c", unit="%", factor=10.93, offset=-23.5, decimals=0, source="NGSP")
    >>> len(conversions({"%": one, "dcct%": one.model_copy(update={"unit": "DCCT %"})}))
    1
    """
    found = {(r.factor, r.offset, r.decimals): r for r in rules.values() if r.converts}
    return list(found.values())
