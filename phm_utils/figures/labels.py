"""Names as a figure can draw them: in one line, of characters that can be shown, and not longer than its axis."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from phm_utils.printable import printable

LONGEST = 60  # characters; a longer name would leave no room for what is drawn
HEAD, TAIL = 44, 14


def drawable(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """A table with names that can be drawn, and the label of each name that is changed.

    Two names never get one label: bars of two practices would be one.
    """
    texts = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c]) and _holds_text(frame[c])]
    labels = labels_of(v for c in texts for v in frame[c].dropna().unique() if isinstance(v, str))
    changed = {name: label for name, label in labels.items() if name != label}
    return (frame.assign(**{c: _renamed(frame[c], changed) for c in texts}) if changed else frame), changed


def labels_of(names: Iterable[str]) -> dict[str, str]:
    """The label of each name; two names that would look alike are numbered.

    >>> list(labels_of(["Elm", "Elm\\u200b", "Elm " * 30]).values())
    ['Elm', 'Elm (2)', 'Elm Elm Elm Elm Elm Elm Elm Elm Elm Elm Elm ...lm Elm Elm Elm']
    """
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in sorted(set(names), key=lambda name: (_label(name) != name, name)):
        label, again = _label(name), 1
        while label in taken:
            again += 1
            label = f"{_label(name)} ({again})"
        taken.add(label)
        found[name] = label
    return found


def relabelled(given: Any, changed: dict[str, str]) -> Any:
    """What a chart is given besides its table, such as the names to highlight, with the same labels."""
    if isinstance(given, str):
        return changed.get(given, given)
    if isinstance(given, pd.Series):
        return given.rename(index=changed)
    if isinstance(given, dict):
        return {changed.get(name, name): value for name, value in given.items()}
    if isinstance(given, list | tuple | set | frozenset) and type(given) in (list, tuple, set, frozenset):
        return type(given)(changed.get(one, one) if isinstance(one, str) else one for one in given)
    return given


def _label(name: str) -> str:
    text = printable(name).strip()
    return text if len(text) <= LONGEST else f"{text[:HEAD]}...{text[-TAIL:].strip()}"


def _holds_text(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.CategoricalDtype) or pd.api.types.infer_dtype(values, skipna=True) == "string"


def _renamed(values: pd.Series, changed: dict[str, str]) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.rename_categories(lambda one: changed.get(one, one))
    return values.map(lambda one: changed.get(one, one) if isinstance(one, str) else one).astype(values.dtype)
