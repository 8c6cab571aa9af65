"""Faults of a definition file: all at once, each with its line."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from phm_utils.errors import InputError
from phm_utils.file_text import file_text

Place = tuple[str | int, ...]  # names and positions, from the file's top down


@dataclass(frozen=True)
class Fault:
    """One fault: where in the file, and what is wrong with a way out."""

    place: Place
    text: str


def line_finder(path: Path) -> Callable[[Place], int]:
    """A function of a place in a YAML file that gives its line, from 1; of the nearest part above that is there.

    >>> _ = Path("two.yml").write_text("title: A\\ncriteria:\\n  - {has: asthma}\\n  - {has: copd}\\n")
    >>> line_finder(Path("two.yml"))(("criteria", 1, "has"))
    4
    """
    top = yaml.compose(file_text(path, ""), Loader=yaml.SafeLoader)

    def line(place: Place) -> int:
        node, found = top, 1
        for part in place:
            if isinstance(node, yaml.MappingNode):
                entry = next(((key, value) for key, value in node.value if key.value == part), None)
                if entry is None:
                    break
                found, node = entry[0].start_mark.line + 1, entry[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                found = node.start_mark.line + 1
            else:
                break
        return found

    return line


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
    by_field: dict[tuple[str | int, ...], list[Any]] = {}
    for found in error.errors(include_url=False):
        by_field.setdefault(found["loc"][:1], []).append(found)
    faults = []
    for field, group in by_field.items():
        if len(group) > 1 and all(found["type"] not in ("extra_forbidden", "missing") for found in group):
            text = f"{field[0]}: {_shown(group[0])} is not read here: {_wanted(str(field[0]))}."
            faults.append(Fault((*place, *field), text))
        else:
            faults += [_model_fault(found, model, place) for found in group]
    return faults


def _wanted(field: str) -> str:
    return "a number is needed, or two of them for `between`: [18, 64]" if field == "value" else "see its description"


def _shown(found: Any) -> str:
    given = found.get("input")
    return f"`{given}`" if isinstance(given, str | int | float) else "this"


def _model_fault(found: Any, model: type[BaseModel], place: Place) -> Fault:
    where = (*place, *found["loc"])
    name = found["loc"][-1] if found["loc"] else "file"
    if found["type"] == "extra_forbidden":
        return Fault(where, f"`{name}` is not known here.{_nearest(str(name), _names_at(model, found['loc'][:-1]))}")
    if found["type"] == "missing":
        return Fault(where, f"`{name}` is missing.")
    if found["type"] == "literal_error":
        words = [word.strip(" '") for word in str(found["ctx"]["expected"]).replace(" or ", ",").split(",")]
        shown = _shown(found)
        return Fault(where, f"{name}: {shown} is none of {', '.join(words)}.{_nearest(shown.strip('`'), words)}")
    said = found["msg"].removeprefix("Value error, ")
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
