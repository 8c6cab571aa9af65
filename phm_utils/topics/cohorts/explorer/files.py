"""Rule files of the explorer: opened with everything they have, and saved so that `phm cohorts check` accepts them."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from phm_utils.errors import InputError
from phm_utils.measures.definitions import Cohort, cohort_names, load_cohort
from phm_utils.runs import project_root, write_atomically
from phm_utils.yaml_files import load_yaml

Content = dict[str, Any]
NAME = re.compile(r"[a-z0-9_]+")


def folder_of(folder: Path | None) -> Path:
    """Where rule files are: parameters/cohorts, where no other folder is given."""
    return folder or project_root() / "parameters" / "cohorts"


def names(folder: Path | None = None) -> list[str]:
    """The rule files there are, in alphabetical order."""
    return cohort_names(folder_of(folder))


def opened(name: str, folder: Path | None = None) -> Content:
    """A rule file as it is written. Raises InputError that lists every fault of it."""
    load_cohort(name, folder_of(folder))
    return load_yaml(folder_of(folder) / f"{name}.yml")


def save(name: str, content: Mapping[str, Any], folder: Path | None = None, *, replace: bool = False) -> Path:
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
        load_cohort(name, Path(draft))
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
        sentences = isinstance(value, list) and all(isinstance(item, str) for item in value)
        parts.append(
            yaml.safe_dump(
                {name: value},
                sort_keys=False,
                allow_unicode=True,
                width=120,
                default_flow_style=False if sentences else None,
            )
        )
    return "".join(parts)


def missing(content: Mapping[str, Any]) -> list[str]:
    """Names of what a rule file must say and this one does not yet."""
    return [name for name, field in Cohort.model_fields.items() if field.is_required() and not content.get(name)]
