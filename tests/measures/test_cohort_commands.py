"""The commands about cohorts, what they exit with, and the JSON Schema of a file."""

import json
import random
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml
from cohort_files import AUTUMN, ED, HEAD, WORKBOOK, write
from small_runs import CRITERIA, rule

from phm_utils.cli import main
from phm_utils.measures.cohort_check import check_files
from phm_utils.measures.cohort_schema import schema_text

SHIPPED = sorted(Path("parameters", "cohorts").glob("*.yml"))


def test_a_file_that_is_not_there_is_said_to_be_a_cohorts(capsys):
    assert main(["cohorts", "check", "nope.yml"]) == 2
    assert "nope.yml: No file nope.yml. Copy a file of parameters/cohorts" in "".join(capsys.readouterr())


# The JSON Schema.


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    content = json.loads(Path("parameters", "cohort.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


def as_json(content: object) -> object:
    """What YAML gave, as JSON has it: days are text."""
    return json.loads(json.dumps(content, default=str))


def test_the_committed_schema_is_current():
    assert Path("parameters", "cohort.schema.json").read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_file_is_valid_by_the_schema_and_by_the_reader(schema, path):
    schema.validate(as_json(yaml.safe_load(path.read_text(encoding="utf-8"))))
    [found] = check_files([path], WORKBOOK)
    assert found.fault == ""


def test_the_schema_takes_every_form_that_the_reader_takes(schema, tmp_path):
    rng = random.Random(7)
    contents = [CRITERIA[form](rng, date(2025, 3, 31)) for form in CRITERIA for _ in range(10)]
    contents += [rule(rng, date(2025, 3, 31)) for _ in range(10)]
    contents = [content for content in contents if content != {"cohort": "other"} and "segment" not in str(content)]
    head = yaml.safe_load(HEAD + "neutral_title: N\nneutral_reason: R\n")
    schema.validate(as_json(head | {"criteria": contents}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"colum": "age", "op": "is", "value": 1},
        {"column": "agee", "op": "is", "value": 1},
        {"column": "age", "op": ">=", "value": 1},
        {"has": "asthmaa"},
        {"has": []},
        {"has": "asthma", "within": {"month": 12}},
        {"has": "asthma", "within": {"months": "twelve"}},
        {"has": "asthma", "within": {"months": -1}},
        {"has": "asthma", "within": {"after": "asthmaa"}},
        {"events": "asthma", "op": "is known", "value": 1},
        {"latest": "bmi", "op": "at least", "value": "30"},
        {"not": [{"has": "asthma"}]},
        {"any": [{"has": "asthma"}, {"has": "copd", "wthin": {"months": 1}}]},
        {"household": "asthma"},
    ],
)
def test_the_schema_refuses_a_bad_word(schema, wrong):
    head = yaml.safe_load(HEAD)
    assert schema.is_valid(head | {"criteria": [{"has": "asthma"}]})
    assert not schema.is_valid(head | {"criteria": [wrong]})
    assert not schema.is_valid(head | {"criteria": [{"has": "asthma"}], "shrt": "S"})


# The commands.


@pytest.fixture
def phm(tiny_run, monkeypatch, capsys):
    """A command on the simulated run: its exit code and what it printed."""
    monkeypatch.setenv("PHM_ROOT", str(tiny_run.root))
    monkeypatch.chdir(tiny_run.root)

    def run(*arguments: str | Path) -> tuple[int, str]:
        capsys.readouterr()
        code = main([*map(str, arguments), "--run", str(tiny_run.parameters)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def test_check_exits_2_where_one_of_the_files_is_faulty_and_names_every_one(phm, tmp_path):
    good, bad, late = write(
        tmp_path, good=ED, bad=ED.replace("ed_", "edd_"), late=AUTUMN.replace("2025-03-31", "2025-03-30")
    )
    code, text = phm("cohorts", "check", good)
    assert (code, text) == (0, "good.yml: valid\n")
    code, text = phm("cohorts", "check", good, bad, late)
    assert code == 2
    assert "good.yml: valid" in text
    assert "bad.yml: 1 fault.\n- line 7: There is no concept `edd_attendances`. Did you mean `ed_attendances`?" in text
    assert "late.yml: its rule is for index dates" in text
    code, text = phm("cohorts", "check", tmp_path / "none.yml")
    assert code == 2
    assert "none.yml" in text


def test_try_counts_and_writes_nothing(phm, tmp_path, tiny_run):
    [path] = write(tmp_path, mine=ED)
    before = {file: file.stat().st_mtime_ns for file in tiny_run.folder.rglob("*")}
    code, text = phm("cohorts", "try", path)
    assert code == 0
    assert "Everybody registered who meets each of:\n  1. Emergency department attendances: at least 7" in text
    assert "Emergency department attendances: 2024-04-01 to 2025-03-31" in text
    assert {file: file.stat().st_mtime_ns for file in tiny_run.folder.rglob("*")} == before
    area, some = phm("cohorts", "try", path, "--area", tiny_run.pcn_codes[0])
    assert area == 0
    assert some != text


@pytest.mark.parametrize(
    ("body", "options", "words"),
    [
        (ED.replace("months", "month"), (), "line 7: `month` is not known here"),
        (AUTUMN.replace("2025-03-31", "2025-03-30"), (), "mine.yml: its rule is for index dates"),
        (ED, ("--area", "X"), "Nobody of the run is registered in X"),
        (ED.replace("12", "600"), (), "which lacks emergency department attendances before 2021-04-01"),
        ("criteria:\n  - {list: none}\n", (), "lacks the list none"),
        ("criteria:\n  - {ids: none.csv}\n", (), "There is no file none.csv"),
    ],
)
def test_try_exits_2_with_what_is_wrong(phm, tmp_path, body, options, words):
    [path] = write(tmp_path, mine=body)
    code, text = phm("cohorts", "try", path, *options)
    assert code == 2
    assert words in text
    assert "Traceback" not in text


def test_compare_says_which_criterion_makes_the_difference(phm, tmp_path):
    five, seven = write(tmp_path, five=ED.replace("value: 7", "value: 5"), seven=ED)
    code, text = phm("cohorts", "compare", five, seven)
    assert code == 0
    assert "Only in A" in text
    assert "Only in B" not in text
    assert phm("cohorts", "compare", five, "none")[0] == 2


def test_columns_lists_what_can_be_asked(phm):
    code, text = phm("columns", "bmi")
    assert code == 0
    assert "bmi_months_ago" in text
    assert "Known, %" in text
    code, text = phm("columns", "no such thing")
    assert code == 2
    assert "Nothing that can be asked" in text
