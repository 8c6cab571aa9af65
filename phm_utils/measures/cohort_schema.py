"""The JSON Schema of a cohort's file, so that an editor offers its words and marks its faults while it is written.

    # yaml-language-server: $schema=../cohort.schema.json

The committed file is made by `phm cohorts schema > parameters/cohort.schema.json`.
"""

import json
from typing import Any

from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import person_columns
from phm_utils.rules.event_concepts import event_concepts
from phm_utils.rules.tree import FORMS

NAME_KEYS = ("segment", "list", "address", "programme")
CONCEPT_KEYS = ("has", "has not", "latest", "events", "sum", "change", "after", "before", "concept")


def cohort_schema() -> dict[str, Any]:
    """The schema: a form of rule for each key, columns and concepts by name, `$name` wherever a value may stand."""
    made = Cohort.model_json_schema(by_alias=True)
    made["title"], made["$schema"] = "A cohort of the workbook", "https://json-schema.org/draft/2020-12/schema"
    made["properties"].pop("written", None)
    definitions = made["$defs"]
    rule = {"oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in FORMS.values()]}
    definitions["Rule"] = rule
    words = {"column": sorted(person_columns()), "concept": sorted(event_concepts(concepts()))}
    for name, definition in definitions.items():
        properties = definition.get("properties", {})
        for key, part in properties.items():
            properties[key] = _with_words(name, key, _plain(part), words)
    made["properties"]["criteria"] = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Rule"}}
    return made


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    """A property without the discriminator, which only pydantic reads: its rules become `Rule`."""
    if "discriminator" in part:
        return {"$ref": "#/$defs/Rule"}
    if "discriminator" in part.get("items", {}):
        return part | {"items": {"$ref": "#/$defs/Rule"}}
    return part


def _with_words(name: str, key: str, part: dict[str, Any], words: dict[str, list[str]]) -> dict[str, Any]:
    """A property with the words that it takes, and with a parameter of the file in place of a value."""
    if name == "FollowUp":
        return part | {"items": {"enum": words["concept"]}}
    if key == "column" and name != "Alternative":
        return {"enum": words["column"]}
    if key in CONCEPT_KEYS and name != "Alternative":
        one = {"enum": words["concept"]}
        many = key in ("has", "has not", "events")
        return _one_or_more(one) if many else one
    if key in NAME_KEYS:
        return _one_or_more({"type": "string"})
    if key in ("value", "months", "days", "years"):
        return {"anyOf": [part, {"type": "string", "pattern": r"^\$[A-Za-z0-9_]+$"}]}
    return part


def _one_or_more(one: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}


def schema_text() -> str:
    """The schema as it is committed."""
    return json.dumps(cohort_schema(), indent=1, sort_keys=True) + "\n"
