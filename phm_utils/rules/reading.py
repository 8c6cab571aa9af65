"""Reading a rule part by part, so that every fault of it is found at once, each with its place."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from phm_utils.rules.faults import Fault, Place, model_faults
from phm_utils.rules.forms import Leaf
from phm_utils.rules.tree import FORMS, JOINED, Count, Rule, form_of, names_others, with_parts

DEEPEST = 12  # rules within each other
PARAMETER = "$"  # begins the name of a parameter of the file
NAMED = re.compile(r"\$([A-Za-z][A-Za-z0-9_]*)")
_ANYTHING = {"column": "age", "op": "is known"}  # in place of parts that were read on their own


def read_rule(content: Any, place: Place, faults: list[Fault], depth: int = 0) -> Rule | None:
    """A rule from what YAML gave; None, and every fault of its form added to `faults`, where it is none.

    place: where the rule stands in its file.

    >>> found = []
    >>> read_rule({"any": [{"column": "age", "op": ">="}, {"has": "asthma", "wthin": {}}]}, ("criteria", 0), found)
    >>> [fault.place for fault in found]
    [('criteria', 0, 'any', 0, 'op'), ('criteria', 0, 'any', 1, 'wthin')]
    """
    if not isinstance(content, dict):
        faults.append(Fault(place, "a rule is written as `{column: ..., op: ..., value: ...}`, or in another form."))
        return None
    named = [name for name in FORMS if name in content]
    if len(named) != 1:
        faults.append(Fault(place, _which_form(content, named)))
        return None
    if depth > DEEPEST:
        faults.append(Fault(place, f"more than {DEEPEST} rules within each other. Use `cohort` for a part of its own."))
        return None
    name = form_of(content)
    return _joined(name, content, place, faults, depth) if name in JOINED else _single(name, content, place, faults)


def _which_form(content: dict[str, Any], named: list[str]) -> str:
    if named:
        return f"`{named[0]}` and `{named[1]}` make two rules. Join them by `all` or `any`."
    for key in content:
        if near := get_close_matches(str(key), FORMS, n=1, cutoff=0.6):
            return f"`{key}` makes no rule. Did you mean `{near[0]}`?"
    return f"none of its names makes a rule: one of {', '.join(FORMS)} must be there."


def _single(name: str, content: dict[str, Any], place: Place, faults: list[Fault]) -> Rule | None:
    model = FORMS[name]
    try:
        return model.model_validate(content)  # type: ignore[return-value]  # FORMS has the models of Rule
    except ValidationError as error:
        faults += model_faults(error, model, place)
        return None


def _joined(name: str, content: dict[str, Any], place: Place, faults: list[Fault], depth: int) -> Rule | None:
    """A rule that joins others: its parts first, then itself around them."""
    inner, model = content[name], JOINED[name]
    many = name not in ("not", "household")
    if many and not (isinstance(inner, list) and inner):
        faults.append(Fault((*place, name), f"`{name}` takes a list of rules, each behind a dash."))
        return None
    listed = inner if many else [inner]
    places: list[Place] = [(*place, name, n) for n in range(len(listed))] if many else [(*place, name)]
    parts = [read_rule(part, at, faults, depth + 1) for part, at in zip(listed, places, strict=True)]
    try:
        around = model.model_validate(content | {name: [_ANYTHING] if many else _ANYTHING})
    except ValidationError as error:
        faults += model_faults(error, model, place)
        return None
    if name == "household" and any(part is not None and names_others(part) for part in parts):
        faults.append(Fault(place, "a household within a household is not read."))
        return None
    if isinstance(around, Count) and around.op in ("at least", "is") and around.value > len(listed):
        faults.append(Fault((*place, "value"), f"{around.value} of {len(listed)} rules can never hold."))
    known = tuple(part for part in parts if part is not None)
    return with_parts(around, known) if len(known) == len(parts) else None  # type: ignore[arg-type]


def readable_leaves(content: Any, place: Place) -> Iterator[tuple[Leaf, Place]]:
    """The single criteria that can be read, whatever is wrong around them, each with its place.

    >>> [place for _, place in readable_leaves({"any": [{"has": "asthma"}, {"hsa": "copd"}]}, ())]
    [('any', 0)]
    """
    if not isinstance(content, dict):
        return
    for name in JOINED:
        inner = content.get(name)
        listed = inner if isinstance(inner, list) else [inner] if name in ("not", "household") else []
        for number, part in enumerate(listed):
            yield from readable_leaves(part, (*place, name, number) if isinstance(inner, list) else (*place, name))
    if not any(name in content for name in JOINED) and (leaf := read_rule(content, place, [])) is not None:
        yield leaf, place  # type: ignore[misc]  # what joins nothing is a criterion


def with_parameters(content: Any, values: Mapping[str, Any], place: Place, faults: list[Fault]) -> Any:
    """What YAML gave, with each `$name` replaced by the file's parameter of that name; also within words.

    >>> rule = {"says": "Aged $oldest or over", "column": "age", "op": "at least", "value": "$oldest"}
    >>> with_parameters(rule, {"oldest": 65}, (), [])
    {'says': 'Aged 65 or over', 'column': 'age', 'op': 'at least', 'value': 65}
    """
    if isinstance(content, dict):
        return {key: with_parameters(value, values, (*place, key), faults) for key, value in content.items()}
    if isinstance(content, list):
        return [with_parameters(value, values, (*place, n), faults) for n, value in enumerate(content)]
    if not isinstance(content, str) or PARAMETER not in content:
        return content
    for name in NAMED.findall(content):
        if name not in values:
            near = get_close_matches(name, values, n=1, cutoff=0.5)
            hint = f"Did you mean `${near[0]}`?" if near else f"There are: {', '.join(values) or 'none'}."
            faults.append(Fault(place, f"no parameter `{name}` stands under `parameters`. {hint}"))
            return content
    if (whole := NAMED.fullmatch(content)) is not None:
        return values[whole[1]]
    return NAMED.sub(lambda found: str(values[found[1]]), content)
