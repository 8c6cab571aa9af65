"""YAML files, read so that they mean what a reader sees: one loader for parameters and for every definition.

YAML lets a later line overrule an earlier one of the same name, reads `010` as 8 and `12:30` as 750, and lets a few
lines stand for a million. Each is refused, with its line.
"""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from phm_utils.errors import InputError
from phm_utils.file_text import file_text
from phm_utils.printable import hidden_character

DEEPEST = 40  # levels; our deepest file has 9
MOST_PARTS = 200_000  # names and values, those that an alias repeats counted each time
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
Place = tuple[str | int, ...]  # names and positions, from the file's top down
LARGEST = 2**63  # no code, count or sum of money is as large, and DuckDB's whole numbers end here
ADVICE = "Copy parameters/ics_template.yml and fill it in."

# PyYAML's safe loader in C where it was built: the check reads its governance file once per table.
BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def line_finder(path: Path) -> Callable[[Place], int]:
    """A function of a place in a YAML file that gives its line, from 1; of the nearest part above that is there.

    >>> _ = Path("two.yml").write_text("title: A\\ncriteria:\\n  - {has: asthma}\\n  - {has: copd}\\n")
    >>> line_finder(Path("two.yml"))(("criteria", 1, "has"))
    4
    """
    top = yaml.compose(file_text(path, ""), Loader=BASE)

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


def as_yaml(content: Any, **form: Any) -> str:
    """Content as YAML that `load_yaml` reads, in its order. form: of PyYAML's writer.

    >>> as_yaml({"column": "age", "value": 65}, default_flow_style=True)
    '{column: age, value: 65}\\n'
    """
    return yaml.safe_dump(content, **({"sort_keys": False, "allow_unicode": True, "width": 120} | form))


class _Fault(Exception):
    """A fault of a file: its line, from 1, and what is wrong."""


def load_yaml(path: Path, advice: str = ADVICE) -> dict[str, Any]:
    """A YAML mapping whose names are text and stand once.

    Raises InputError that names the file, the line, and what to do: for a name that stands twice; for `<<`, tags,
    aliases within aliases; for numbers, days and characters that would not be read as they are written; and for a file
    that is no YAML, too deep or too large. advice: what to do where there is no such file.

    >>> _ = Path("twice.yml").write_text("name: a\\ntitle: b\\nname: c\\n")
    >>> load_yaml(Path("twice.yml"))
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: twice.yml, line 3: `name` stands in line 1 already. Keep one of the two.
    """
    text = file_text(path, advice)
    try:
        _check_characters(text)
        _check_bounds(text)
        content = yaml.load(text, Loader=_Loader)
    except _Fault as fault:
        line, words = fault.args
        raise InputError(f"{path.name}, line {line}: {words}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(_unreadable(path, error)) from None
    if not isinstance(content, dict):
        raise InputError(f"{path.name} is not a list of `name: value` lines.")
    return content


def _unreadable(path: Path, error: Exception) -> str:
    where = getattr(error, "problem_mark", None)
    place = f" (line {where.line + 1})" if where else ""
    return f"{path.name} is not readable YAML{place}. Check indentation, quotes, brackets and tabs."


def _check_characters(text: str) -> None:
    if found := hidden_character(text):
        line = next(n for n, line in enumerate(text.split("\n"), start=1) if hidden_character(line))
        raise _Fault(line, f"the character {found} cannot be shown. Take it out.")


def _check_bounds(text: str) -> None:
    """Refuse what could not be read in bounded time and memory, or is not for such files, from the events alone."""
    depth = parts = documents = 0
    sizes: dict[str, int] = {}  # parts of what each anchor names
    open_anchors: list[tuple[str, int, int]] = []  # anchor, depth, parts before it
    for event in yaml.parse(text, Loader=BASE):
        line = event.start_mark.line + 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise _Fault(line, "a second document begins here (`---`). Put it into a file of its own.")
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if open_anchors and open_anchors[-1][1] == depth:
                anchor, _, before = open_anchors.pop()
                sizes[anchor] = parts - before
        elif isinstance(event, yaml.AliasEvent):
            if open_anchors:
                raise _Fault(line, f"the alias `*{event.anchor}` stands within what another names (`&`). Write it out.")
            parts += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.NodeEvent):
            _check_tag(event, line)
            if isinstance(event, yaml.CollectionStartEvent) and event.anchor:
                open_anchors.append((event.anchor, depth, parts))
            depth += isinstance(event, yaml.CollectionStartEvent)
            parts += 1
        if depth > DEEPEST:
            raise _Fault(line, f"more than {DEEPEST} levels within each other. Is a bracket not closed?")
        if parts > MOST_PARTS:
            raise _Fault(line, f"more than {MOST_PARTS:,} names and values, aliases counted. Such a file has fewer.")


def _check_tag(event: Any, line: int) -> None:
    """Refuse a tag such as `!!python/object`: what is text stands in quotes, and nothing else is needed."""
    if event.tag is not None:
        raise _Fault(line, "a tag (`!`) is not read here. Take it out; text that must stay text stands in quotes.")


class _Loader(BASE):
    """The safe loader, without what is not read as it is written."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                raise _Fault(line, "`<<` is not read here. Write the lines out, or use an alias for the whole entry.")
            name = self.construct_object(key, deep=True) if isinstance(key, yaml.ScalarNode) else None
            if not isinstance(name, str):
                raise _Fault(line, f"{_quoted(key)} is not read as text. Put the name in quotes.")
            if name in lines:
                raise _Fault(line, f"`{name}` stands in line {lines[name]} already. Keep one of the two.")
            lines[name] = line
        return super().construct_mapping(node, deep)


def _text(loader: Any, node: Any) -> str:
    text = str(loader.construct_scalar(node))
    if found := hidden_character(text):
        raise _Fault(node.start_mark.line + 1, f"the character {found} cannot be shown. Take it out.")
    return text


def _integer(loader: Any, node: Any) -> int:
    if not INTEGER.fullmatch(node.value):
        raise _Fault(node.start_mark.line + 1, f"{_quoted(node)} is not read as it is written. Put it in quotes, or "
                     "write the number without 0 or : in front.")  # fmt: skip
    if len(node.value) > 40 or abs(number := int(node.value.replace("_", ""))) >= LARGEST:
        raise _Fault(node.start_mark.line + 1, f"a number of {len(node.value)} digits. A code stands in quotes.")
    return number


def _float(loader: Any, node: Any) -> float:
    number = BASE.construct_yaml_float(loader, node) if ":" not in node.value else math.nan
    if not math.isfinite(number):
        raise _Fault(node.start_mark.line + 1, f"{_quoted(node)} is not a number. Text stands in quotes.")
    return number


def _day(loader: Any, node: Any) -> Any:
    try:
        return BASE.construct_yaml_timestamp(loader, node)
    except (ValueError, OverflowError):
        raise _Fault(node.start_mark.line + 1, f"there is no day {_quoted(node)}. A day is 2025-03-31.") from None


def _quoted(node: Any) -> str:
    """A value as it stands in the file, shortened."""
    value = node.value if isinstance(node.value, str) else "a list"
    return f"`{value[:40]}{'...' if len(value) > 40 else ''}`"


for _kind, _construct in (("str", _text), ("int", _integer), ("float", _float), ("timestamp", _day)):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _construct)
