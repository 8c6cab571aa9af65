"""Definitions of the explorer: as a file has them, as a cohort to count, opened, and saved as files that are valid."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phm_utils.errors import InputError
from phm_utils.measures.cohort_definitions import FOLDER, Cohort, cohort_names, cohort_path, read_cohort
from phm_utils.params import load_yaml, validated
from phm_utils.rules.faults import Fault
from phm_utils.rules.reading import read_rule, with_parameters
from phm_utils.rules.tree import leaves
from phm_utils.rules.vocabulary import Vocabulary, check_references, leaf_faults
from phm_utils.runs import project_root, write_atomically
from phm_utils.yaml_files import as_yaml

Content = dict[str, Any]
NAME = re.compile(r"[a-z0-9_]+")
NOT_SAID = "not said yet"
SENTENCES = (
    "title",
    "short",
    "question",
    "use",
    "source",
    "neutral_title",
    "neutral_reason",
)  # that counting needs not


def folder_of(folder: Path | None) -> Path:
    """Where rule files are: parameters/cohorts, where no other folder is given."""
    return folder or project_root() / FOLDER


def names(folder: Path | None = None) -> list[str]:
    """The rule files there are, in alphabetical order."""
    return cohort_names(folder_of(folder))


def cohort_of(content: Mapping[str, Any], words: Vocabulary) -> Cohort:
    """A definition as a cohort that can be counted; sentences that a file must have may still be missing.

    Raises one InputError that lists every fault of the criteria, each with the criterion's number.
    """
    faults: list[Fault] = []
    filled = with_parameters(content["criteria"], content.get("parameters", {}), ("criteria",), faults)
    rules = [read_rule(part, ("criteria", place), faults) for place, part in enumerate(filled)]
    read = [(place, rule) for place, rule in enumerate(rules) if rule is not None]
    faults += [
        fault for n, rule in read for leaf in leaves(rule) for fault in leaf_faults(leaf, words, ("criteria", n))
    ]
    if faults:
        raise InputError("\n".join(f"Criterion {int(fault.place[1]) + 1}: {fault.text}" for fault in faults))
    check_references("", [rule for _, rule in read], words)
    said = dict.fromkeys(SENTENCES, NOT_SAID) | {name: content[name] for name in content if name != "alternatives"}
    return validated(Cohort, said | {"criteria": rules, "written": content["criteria"]}, "The definition")


def opened(name: str, words: Vocabulary, folder: Path | None = None) -> Content:
    """A rule file as it is written. Raises InputError that lists every fault of it, with its line."""
    path = cohort_path(name, folder_of(folder))
    read_cohort(path, words)
    return load_yaml(path)


def save(
    name: str, content: Mapping[str, Any], words: Vocabulary, folder: Path | None = None, *, replace: bool = False
) -> Path:
    """Write a rule file, once it has been read back and found valid; the file.

    Raises InputError, and leaves what is there, for a name that no file can have, for a file that exists and is not
    to be replaced, and for a definition with a fault. Comments of a file that is replaced are lost.
    """
    if not NAME.fullmatch(name):
        raise InputError(f"A rule file's name has small letters, digits and _ only; `{name}` has others, or is empty.")
    path = folder_of(folder) / f"{name}.yml"
    if path.exists() and not replace:
        raise InputError(f"{path.name} exists. Give another name, or tick that it is to be replaced.")
    text = text_of(content)
    with tempfile.TemporaryDirectory() as draft:
        (Path(draft) / path.name).write_text(text, encoding="utf-8")
        read_cohort(Path(draft) / path.name, words)
    write_atomically(path, text)
    return path


def text_of(content: Mapping[str, Any]) -> str:
    """A definition as YAML: one line for each criterion that has room in one.

    >>> print(text_of({"title": "T", "criteria": [{"column": "age", "op": "at least", "value": 65}]}), end="")
    title: T
    criteria:
    - {column: age, op: at least, value: 65}
    """
    parts = []
    for name, value in content.items():
        sentences = not isinstance(value, list | dict) or all(isinstance(item, str) for item in value)
        flow = False if sentences and not isinstance(value, dict) else None  # None: short mappings in one line
        parts.append(as_yaml({name: value}, default_flow_style=flow))
    return "".join(parts)


def missing(content: Mapping[str, Any]) -> list[str]:
    """Names of what a rule file must say and this one does not yet."""
    return [name for name, field in Cohort.model_fields.items() if field.is_required() and not content.get(name)]
