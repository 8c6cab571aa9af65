"""parameters/registers/qof.yml: what it holds, and what is refused."""

from pathlib import Path

import pytest
import yaml

from phm_utils.errors import InputError
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import load_registers, needs_of, person_columns, register_columns, usable_columns
from phm_utils.rules.tree import parse

QOF = (
    *("af", "asthma", "cancer", "chd", "ckd", "copd", "dementia", "depression", "diabetes", "epilepsy"),
    *("heart_failure", "hypertension", "learning_disability", "ndh", "obesity", "osteoporosis", "pad"),
    *("palliative", "ra", "smi", "stroke_tia"),
)
ADULT = {"column": "age", "op": "at least", "value": 18}


def write(folder: Path, *registers: dict, **more: object) -> Path:
    path = folder / "qof.yml"
    content = {"title": "Registers", "version": "v1", "source": "here", "registers": list(registers)} | more
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def register(name: str = "adults", rule: dict = ADULT, **more: object) -> dict:
    return {"name": name, "title": name.title(), "rule": rule} | more


def test_the_21_registers_carry_their_version_and_source():
    found = load_registers()
    assert [r.name for r in found.registers] == list(QOF)
    assert found.version == "QOF v50"
    assert "North Central London" in found.source
    assert len(found.limits) == 4


def test_each_is_a_yes_or_no_column_of_person_that_needs_the_tables_of_its_rule():
    columns = person_columns()
    assert {f"qof_{name}" for name in QOF} == {name for name in columns if name.startswith("qof_")}
    assert {columns[f"qof_{name}"].type for name in QOF} == {"bool"}
    treated = {name for name in QOF if columns[f"qof_{name}"].needs == ("gp_event", "gp_medication")}
    assert treated == {"asthma", "epilepsy", "smi"}
    assert all("gp_event" in columns[f"qof_{name}"].needs for name in QOF)


@pytest.mark.parametrize("one", load_registers().registers, ids=lambda r: r.name)
def test_every_rule_asks_only_for_what_there_is(one):
    assert compile_rule(one.rule, usable_columns(concepts()))


def test_a_register_of_ones_own_is_a_column(tmp_path):
    rule = {"all": [ADULT, {"column": "dxa_last_months", "op": "less than", "value": 12}]}
    found = load_registers(write(tmp_path, register("scanned", rule)))
    columns = register_columns(concepts(), found)
    assert list(columns) == ["qof_scanned"]
    assert (columns["qof_scanned"].title, columns["qof_scanned"].needs) == ("Scanned register", ("gp_event",))


@pytest.mark.parametrize(
    ("registers", "says"),
    [
        ([register(), register()], "has a register twice: adults"),
        ([], "registers: Tuple should have at least 1 item"),
        ([register("two words")], "registers.0.name: String should match pattern"),
        ([register(title="")], "registers.0.title"),
        ([register(colour="red")], "registers.0.colour: Extra inputs are not permitted"),
        ([register(), register("b", {"column": "age"})], "registers.1.rule.column.op: Field required"),
        ([register(rule={"column": "age", "op": "about", "value": 18})], "registers.0.rule.column.op"),
        ([register(rule={"all": []})], "registers.0.rule.all.all"),
    ],
)
def test_a_file_at_fault_is_refused_by_name_and_place(tmp_path, registers, says):
    with pytest.raises(InputError) as error:
        load_registers(write(tmp_path, *registers))
    assert "qof.yml" in str(error.value)
    assert says in str(error.value)


@pytest.mark.parametrize("missing", ["title", "version", "source", "registers"])
def test_title_version_and_source_are_needed(tmp_path, missing):
    path = write(tmp_path, register())
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content.pop(missing)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError, match=f"{missing}: Field required"):
        load_registers(path)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"column": "astma", "op": "is", "value": True}, "Did you mean .*asthma"),
        ({"column": "qof_asthma", "op": "is", "value": True}, "uses the column `qof_asthma`"),  # made next to it
        ({"column": "efi", "op": "at least", "value": 1}, "uses the column `efi`"),
        ({"column": "bmi_last", "op": "is known"}, "uses the column `bmi_last`"),  # a value has no such fact
        ({"column": "asthma_last", "op": "at least", "value": 2003}, "asthma_last` is date"),
        ({"column": "ethnic_group", "op": "one of", "value": ["Martian"]}, "is never `Martian`"),
    ],
)
def test_a_rule_that_asks_for_what_there_is_not_is_refused(rule, says):
    with pytest.raises(InputError, match=says):
        compile_rule(parse(rule), usable_columns(concepts()))


def test_days_are_days_in_the_file_and_in_the_sql():
    rule = parse(yaml.safe_load("{column: cancer_first, op: at least, value: 2003-04-01}"))
    assert compile_rule(rule, usable_columns(concepts())) == "\"cancer_first\" >= CAST('2003-04-01' AS DATE)"


def test_the_tables_of_a_rule_are_named_once_each():
    rule = parse({"any": [
        {"column": "smi", "op": "is", "value": True},
        {"column": "asthma", "op": "is", "value": True},
        {"not": {"column": "lithium_medicines_6m", "op": "at least", "value": 1}},
        ADULT,
    ]})  # fmt: skip
    assert needs_of(rule, usable_columns(concepts())) == ("gp_event", "gp_medication")
