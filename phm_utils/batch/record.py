"""The run's record, `run.json`: the facts that every report shows about the run, and the parameters of each report."""

from typing import Any

import duckdb

from phm_utils.batch.batch import Batch
from phm_utils.batch.keys import key_of, source_key, versions
from phm_utils.params import Workbook
from phm_utils.topic import Facts, Stage, Topic, matching, module_of

NOT_IN_KEY = {"resources", "outputs", "notebooks", "audit"}


def facts_stage(topic: Topic, facts: Facts) -> Stage:
    """A topic's facts as a stage without tables: what it reads is declared in the same way."""
    return Stage(f"facts of {topic.name}", facts.function, (), facts.reads, facts.settings, facts.parameters)


def record_key(batch: Batch) -> str:
    """The key of the whole record."""
    stages = [facts_stage(t, t.facts) for t in batch.route.topics if t.facts]
    return key_of(
        source=source_key(("phm_utils.batch.record", *(module_of(s.function) for s in stages))),
        settings=batch.workbook.model_dump(mode="json", exclude=NOT_IN_KEY),
        notebooks=_by_notebook(batch),
        areas=batch.plan.areas,
        facts=[s.values(batch.workbook) for s in stages],
        tables={table: batch.store.content(table) for s in stages for table in s.reads},
        version=versions(()),
    )


def record(batch: Batch, con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The record, from the finished store."""
    facts = common(batch.workbook)
    for topic in batch.route.topics:
        if topic.facts:
            parts: Any = facts_stage(topic, topic.facts).models(con, batch.workbook)  # a dict, and no tables
            facts |= parts
    return facts | {
        "areas": batch.plan.areas,
        "version": versions(())["phm-utils"],
        "notebooks": _by_notebook(batch),
    }


def common(workbook: Workbook) -> dict[str, Any]:
    """Facts from the parameter file."""
    return {
        "workbook": workbook.name,
        "title": workbook.title,
        "ics_code": workbook.ics_code,
        "data": workbook.data,
        "synthetic": workbook.synthetic,
        "purpose": workbook.purpose,
        "index_date": workbook.index_date.isoformat(),
        "geography": workbook.geography.model_dump(),
        "disclosure": workbook.disclosure.model_dump(),
        "sources": [],
        "accepted": [],
        "practices": {},
        "people": {},
        "governance": [],
    }


def _by_notebook(batch: Batch) -> dict[str, dict[str, Any]]:
    """By report: the run parameters of its figures, and the hashes of its definition files."""
    return {
        name: {
            "parameters": topic.own_parameters.of(batch.workbook).model_dump(
                mode="json", include=set(topic.own_parameters.run_fields())
            ),
            "definitions": batch.fingerprints.of(matching(topic.definitions), batch.root),
        }
        for name, topic in batch.route.by_notebook.items()
    }


def facts_of(facts: dict[str, Any], notebook: str) -> dict[str, Any]:
    """The part of the record that one notebook's report depends on."""
    others = {name: value for name, value in facts.items() if name != "notebooks"}
    return others | {"own": facts.get("notebooks", {}).get(notebook)}
