"""Faults of a definition file: all at once, each with its line."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from phm_utils.errors import InputError
from phm_utils.yaml_files import Place, line_finder

# What is said for pydantic's kinds of fault. given: the value. Others are said in pydantic's words.
THIS = "this"  # in place of a value that is too long to be said
SAID = {
    "string_pattern_mismatch": "{given} is no name of letters, digits and `_`",
    "string_type": "a text is needed, in quotes where it would be read as something else",
    "string_too_long": "at most {max_length} letters are shown",
    "too_short": "at least {min_length} must be there",
    "too_long": "at most {max_length} are read",
    "tuple_type": "a list is needed, not {given}",
    "dict_type": "names with values are needed, such as `{{months: 12}}`",
    "model_type": "names with values are needed, such as `{{months: 12}}`",
    "int_type": "a whole number is needed, not {given}",
    "int_parsing": "a whole number is needed, not {given}",
    "int_from_float": "a whole number is needed, not {given}",
    "greater_than_equal": "a number of at least {ge} is needed, not {given}",
    "less_than_equal": "a number of at most {le} is needed, not {given}",
    "date_from_datetime_inexact": "a day without a time is needed, such as 2025-03-31",
}


@dataclass(frozen=True)
class Fault:
    """One fault: where in the file, and what is wrong with a way out."""

    place: Place
    text: str


def raise_faults(faults: Iterable[Fault], path: Path) -> None:
    """Raise one InputError that names the file and lists every fault with its line, in the order of the file.

    >>> _ = Path("bad.yml").write_text("title: A\\nshrt: B\\n")
    >>> raise_faults([Fault(("shrt",), "is not known.")], Path("bad.yml"))
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: bad.yml: 1 fault.
    - line 2: is not known.
    """
    faults = list(dict.fromkeys(faults))
    if not faults:
        return
    line = line_finder(path)
    rows = sorted((line(fault.place), place, fault.text) for place, fault in enumerate(faults))
    listed = "\n".join(f"- line {number}: {text}" for number, _, text in rows)
    raise InputError(f"{path.name}: {len(rows)} fault{'s' if len(rows) > 1 else ''}.\n{listed}")


def model_faults(error: ValidationError, model: type[BaseModel], place: Place = ()) -> list[Fault]:
    """The faults that pydantic found in one model, in our words; one for a value that may be of several types.

    place: where the model stands in the file.

    >>> from phm_utils.rules.forms import Has
    >>> try:
    ...     Has.model_validate({"has": "asthma", "wthin": {}})
    ... except ValidationError as error:
    ...     print(model_faults(error, Has)[0].text)
    `wthin` is not known here. Did you mean `within`?
    """
    by_spot: dict[Place, list[Any]] = {}
    for found in error.errors(include_url=False):
        by_spot.setdefault(_spot(found["loc"]), []).append(found)
    faults = []
    for spot, group in by_spot.items():
        if len(group) > 1 and spot:
            faults.append(
                Fault((*place, *spot), f"{_name(spot)}: {_shown(group[0])} is not read here: {_wanted(spot)}.")
            )
        else:
            faults += [_model_fault(found, model, place) for found in group]
    return faults


def _spot(loc: Place) -> Place:
    """Where a fault is, without the types that a value of one of several types was tried as."""
    if "value" in loc:
        return loc[: loc.index("value") + 1]
    return loc[:2] if loc[:1] == ("parameters",) else loc


def _name(loc: Place) -> str:
    """The name by which a reader knows a place: its last that is no position in a list."""
    return next((part for part in reversed(loc) if isinstance(part, str) and part != "[key]"), "file")


def _wanted(spot: Place) -> str:
    if spot == ("value",):
        return "a number is needed, or two of them for `between`: [18, 64]"
    return "one value is needed: a number, a text in quotes, true or false, or a day"


def _shown(found: Any) -> str:
    given = found.get("input")
    return f"`{given}`" if isinstance(given, str | int | float) else THIS


def _model_fault(found: Any, model: type[BaseModel], place: Place) -> Fault:
    where, name = (*place, *found["loc"]), _name(found["loc"])
    if found["type"] == "extra_forbidden":
        return Fault(where, f"`{name}` is not known here.{_nearest(name, _names_at(model, found['loc'][:-1]))}")
    if found["type"] == "missing":
        return Fault(where, f"`{name}` is missing.")
    if found["type"] == "literal_error":
        words = [word.strip(" '") for word in str(found["ctx"]["expected"]).replace(" or ", ",").split(",")]
        shown = _shown(found)
        nearest = _nearest(shown.strip("`"), words) if shown != THIS else ""
        return Fault(where, f"{name}: {shown} is none of {', '.join(words)}.{nearest}")
    said = found["msg"].removeprefix("Value error, ")
    if found["type"] in SAID:
        said = SAID[found["type"]].format(given=_shown(found), **found.get("ctx", {}))
    return Fault(where, f"{name}: {said}." if found["loc"] else f"{said[:1].upper()}{said[1:]}.")


def _names_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The names that a model knows, or one within it, as they are written in a file."""
    for part in loc:
        inner = [field for name, field in model.model_fields.items() if part in (name, field.alias)]
        kinds = [kind for field in inner for kind in (field.annotation, *get_args(field.annotation))]
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not models:
            return []
        model = models[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _nearest(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean `{near[0]}`?" if near else ""
