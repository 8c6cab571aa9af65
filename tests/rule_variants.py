"""Rules that are nearly another: a threshold, window, concept or form changed, or something joined to it."""

import copy
import random
from datetime import date
from typing import Any

from small_runs import AT_ADDRESSES, EVENTFUL, LISTED, criterion

NUMBERED = ("at least", "more than", "at most", "less than", "is", "is not")
NAMED = {"has": EVENTFUL, "has not": EVENTFUL, "list": LISTED["partner_list"], "address": AT_ADDRESSES,
         "programme": LISTED["programme"], "segment": ("Ill", "Well")}  # fmt: skip


def leaves(content: Any) -> list[dict]:
    """The single criteria of a rule."""
    for name in ("all", "any", "count"):
        if name in content:
            return [leaf for part in content[name] for leaf in leaves(part)]
    for name in ("not", "household"):
        if name in content:
            return leaves(content[name])
    return [content]


def variant(content: dict, rng: random.Random, index_date: date) -> dict:
    """A rule like another, with one or two things changed."""
    found = copy.deepcopy(content)
    for _ in range(rng.choice([1, 1, 2])):
        change = rng.choice([_value, _value, _op, _window, _window, _names, _form, _joined])
        found = change(found, rng.choice(leaves(found)), rng, index_date)
    return found


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**9


def _value(rule: dict, leaf: dict, rng: random.Random, _: date) -> dict:
    value, step = leaf.get("value"), rng.choice([-1, 1, 0.5, -0.5])
    if _number(value):
        leaf["value"] = value + step
    elif isinstance(value, list) and all(_number(part) for part in value):
        change = {"between": [value[0] - abs(step), value[-1] + abs(step)]}
        leaf["value"] = change.get(leaf["op"], [*value, value[0] + step])
    elif "age" in leaf:
        leaf["age"]["months"] += rng.choice([0, 1, 12])
    return rule


def _op(rule: dict, leaf: dict, rng: random.Random, _: date) -> dict:
    if leaf.get("op") in NUMBERED and _number(leaf.get("value")):
        leaf["op"] = rng.choice(NUMBERED)
    elif leaf.get("column"):
        leaf.pop("value", None)
        leaf["op"] = rng.choice(["is known", "is missing"])
    return rule


def _window(rule: dict, leaf: dict, rng: random.Random, index_date: date) -> dict:
    within = leaf.get("within")
    if within is None or rng.random() < 0.2:
        if not {"column", "segment", "cohort", "ids", "change"} & set(leaf):
            leaf["within"] = {rng.choice(["months", "days", "years"]): rng.choice([1, 2, 3])}
        return rule
    [unit, *_] = [unit for unit in ("months", "days", "years") if unit in within] or [None]
    anchored = "after" in within or "before" in within
    if unit and not anchored:
        within[unit] = max(1, within[unit] + rng.choice([-3, -1, 1, 6]))
    elif rng.random() < 0.3:
        leaf.pop("within")
    elif "from" in within and "to" in within:
        within.pop(rng.choice(["from", "to"]))
    return rule


def _names(rule: dict, leaf: dict, rng: random.Random, _: date) -> dict:
    for form, known in NAMED.items():
        if form in leaf:
            names = [leaf[form]] if isinstance(leaf[form], str) else list(leaf[form])
            leaf[form] = [*names, rng.choice(known)] if rng.random() < 0.6 else names[:1]
    if "events" in leaf and leaf.get("distinct") != "code":
        names = [leaf["events"]] if isinstance(leaf["events"], str) else list(leaf["events"])
        leaf["events"] = [*names, rng.choice(EVENTFUL)]
    return rule


def _form(rule: dict, leaf: dict, rng: random.Random, _: date) -> dict:
    """Events asked for in another way."""
    [form, *_] = [form for form in ("has", "has not", "events", "latest") if form in leaf] or [None]
    if form is None:
        return rule
    names = leaf[form]
    rest = {"within": leaf["within"]} if "within" in leaf else {}
    leaf.clear()
    number = {"op": rng.choice(NUMBERED), "value": rng.choice([0, 1, 2]), **rng.choice([{}, {"distinct": "day"}])}
    leaf.update(rest | rng.choice([{"has": names}, {"has not": names}, {"events": names} | number]))
    return rule


def _joined(rule: dict, leaf: dict, rng: random.Random, index_date: date) -> dict:
    other = criterion(rng, index_date)
    both = [rule, other] if rng.random() < 0.5 else [other, rule]
    number = {"op": rng.choice(NUMBERED), "value": rng.choice([0, 1, 2])}
    return rng.choice([{"all": both}, {"any": both}, {"not": {"not": rule}}, {"count": both} | number])
