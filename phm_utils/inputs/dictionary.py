"""The data dictionary, written from the tables and columns: `python -m phm_utils.inputs.dictionary`."""

from pathlib import Path

from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.derived import person_columns
from phm_utils.schema import Column, Table
from phm_utils.tables import TABLES

PATH = Path("parameters/DATA_DICTIONARY.md")


def _rule(column: Column) -> str:
    """A column's rule in words."""
    parts = []
    if column.codes:
        parts.append("one of " + ", ".join(column.codes))
    if column.pattern:
        parts.append("form `" + column.pattern.replace("|", "\\|") + "`")
    if column.low is not None or column.high is not None:
        parts.append(f"{'' if column.low is None else column.low} to {'' if column.high is None else column.high}")
    if column.check:
        parts.append({"nhs_number": "NHS number, modulo 11", "snomed": "SNOMED CT id, Verhoeff"}[column.check])
    if column.not_before:
        parts.append(f"not before `{column.not_before}`")
    if column.fillers:
        parts.append("empty if " + ", ".join(column.fillers))
    return "; ".join(parts)


def _row(column: Column, table: Table) -> str:
    need = "required" if column.required else "column needed" if not column.optional else ""
    if column.name in table.key:
        need = "key"
    form = "" if len(column.forms) == 2 else column.forms[0]
    unit = f" ({column.unit})" if column.unit else ""
    return (
        f"| `{column.name}` | {column.type} | {column.description}{unit} | {need} | {_rule(column)} "
        f"| {column.sensitivity} | {form} |"
    )


def dictionary() -> str:
    """The whole dictionary as Markdown: one section per table, one line per column."""
    lines = [
        "# Data dictionary",
        "",
        "Every table that the workbook reads, made from `phm_utils/tables.py`. A mapping file gives your own file,",
        "column and code names for these. *Required*: a row without it is quarantined. *Column needed*: the extract",
        "must have the column. Any other fault empties the field, counts it, and keeps the row. A code of",
        "`parameters/restricted_codes.csv` empties the field; among GP events and medicines it withholds the row.",
        "",
    ]
    for table in TABLES.values():
        lines += [
            f"## {table.name}",
            "",
            f"{table.title}: one row {table.row.removeprefix('one ')}. Standard: {table.standard}. "
            f"Governance source: `{table.source}`.",
            "",
            "| column | type | meaning | need | rule | sensitivity | only when |",
            "|---|---|---|---|---|---|---|",
            *(_row(column, table) for column in table.columns),
            "",
        ]
    return "\n".join([*lines, *_person()])


def _person() -> list[str]:
    """The section on `person`, which the workbook makes and rules ask about."""
    return [
        "## person",
        "",
        "Made by the workbook: one row per person alive and registered on the index date (`person_earlier`: two",
        "years before). Rules of cohorts and segments ask about these columns. A column is empty for everybody where",
        "a table that it needs is absent or does not reach back far enough. `person_no` joins `person_concept`",
        "(person and concept), `person_month` (contacts and cost by month) and `person_follow_up` of the same run.",
        "`person_earlier` numbers its own people, as `earlier_no`: join it to the others by `person_id`.",
        "",
        "*Draws on*: every table whose content can change a value. Who is in `person` at all rests on registrations,",
        "deaths, opt-outs and practices.",
        "",
        "| column | type | meaning | values | needs | draws on |",
        "|---|---|---|---|---|---|",
        "| `person_id` | text | Pseudonym |  |  |  |",
        "| `person_no` | int | Number of the person in this run's tables |  |  |  |",
        *map(_person_row, person_columns().values()),
        "",
    ]


def _person_row(column: RuleColumn) -> str:
    unit = f" ({column.unit})" if column.unit else ""
    words, needs, drawn = (", ".join(listed) for listed in (column.words, column.needs, column.draws_on))
    return f"| `{column.name}` | {column.type} | {column.title}{unit} | {words} | {needs} | {drawn} |"


if __name__ == "__main__":
    PATH.write_text(dictionary(), encoding="utf-8", newline="\n")
