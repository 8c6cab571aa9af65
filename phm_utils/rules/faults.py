"""Faults of a definition file: all at once, each with its line."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

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
    """The faults that pydantic found in one model, in our words where a word is misspelt.

    place: where the model stands in the file.
    """
    return [_model_fault(found, model, place) for found in error.errors(include_url=False)]


def _model_fault(found: Any, model: type[BaseModel], place: Place) -> Fault:
    where = (*place, *found["loc"])
    name = found["loc"][-1] if found["loc"] else "file"
    given, allowed = found.get("input"), str(found.get("ctx", {}).get("expected", ""))
    if found["type"] == "extra_forbidden":
        fields = [field.alias or key for key, field in model.model_fields.items()] if len(found["loc"]) == 1 else []
        return Fault(where, f"`{name}` is not known here.{_nearest(str(name), fields)}")
    if found["type"] == "missing":
        return Fault(where, f"`{name}` is missing.")
    if found["type"] == "literal_error":
        words = [word.strip(" '") for word in allowed.replace(" or ", ",").split(",")]
        shown = f"`{given}`" if isinstance(given, str | int | float) else "this"
        return Fault(where, f"{name}: {shown} is none of {', '.join(words)}.{_nearest(str(given), words)}")
    return Fault(where, f"{name}: {found['msg'].removeprefix('Value error, ')}.")


def _nearest(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean `{near[0]}`?" if near else ""
