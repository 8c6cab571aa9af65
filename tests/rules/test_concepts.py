"""parameters/concepts.csv: what a line may say, and what is refused with the row named."""

from pathlib import Path

import pytest

from phm_utils.errors import InputError
from phm_utils.rules.codelists import load
from phm_utils.rules.concepts import KINDS_OF, Concept, concepts, long_term_conditions
from phm_utils.rules.derived import person_columns
from phm_utils.runs import project_root

HEADINGS = (
    "concept,title,kind,system,code_list,long_term_condition,in_person,unit,low,high,window_months,resolved_by,"
    "family,word,only"
)


def read(folder: Path, *lines: str, headings: str = HEADINGS) -> tuple[Concept, ...]:
    """The concepts of a file with these lines."""
    path = folder / "concepts.csv"
    path.write_text("\n".join([headings, *lines, ""]), encoding="utf-8")
    return concepts(path)


def line(**cells: object) -> str:
    """A line of the file: a condition, where nothing else is said."""
    usual = {"concept": "gout", "title": "Gout", "kind": "condition", "system": "snomed"}
    return ",".join(str((usual | cells).get(name, "")) for name in HEADINGS.split(","))


def test_a_line_is_a_concept_and_what_it_leaves_blank_has_its_default(tmp_path):
    [found] = read(tmp_path, line())
    assert (found.concept, found.title, found.kind, found.system) == ("gout", "Gout", "condition", "snomed")
    assert found.codes_from == "gout"
    assert found.in_person
    assert not found.long_term_condition
    assert (found.window_months, found.resolved_by, found.only) == (None, (), ())


def test_lists_in_a_cell_are_divided_by_bars(tmp_path):
    ended = [line(concept=name, kind="resolution") for name in ("gone", "left")]
    found = read(tmp_path, line(resolved_by="gone|left"), *ended)
    assert found[0].resolved_by == ("gone", "left")
    [stay] = read(tmp_path, line(kind="count", system="icd10", window_months=12, only="primary | emergency"))
    assert stay.only == ("primary", "emergency")


def test_columns_may_stand_in_any_order_and_a_mark_of_byte_order_is_no_heading(tmp_path):
    path = tmp_path / "concepts.csv"
    path.write_text("kind,concept,title\ncondition,gout,Gout\n", encoding="utf-8-sig")
    assert [c.concept for c in concepts(path)] == ["gout"]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"system": "bnf"}, "codes of bnf make count, not condition"),
        ({"system": "icd10", "kind": "value", "low": 1, "high": 2}, "codes of icd10 make count, not value"),
        ({"kind": "value"}, "a value needs `low` and `high`"),
        ({"kind": "value", "low": 5}, "a value needs `low` and `high`"),
        ({"kind": "value", "low": 5, "high": 5}, "a value needs `low` and `high`"),
        ({"kind": "value", "low": -1, "high": 5}, "low: Input should be greater than or equal to 0"),
        ({"kind": "value", "low": 1, "high": 2_000_000}, "high: Input should be less than or equal to 1000000"),
        ({"kind": "count"}, "a count needs `window_months`"),
        ({"kind": "status"}, "a status, and nothing else, has `family` and `word`"),
        ({"kind": "status", "family": "gout_status"}, "a status, and nothing else, has `family` and `word`"),
        ({"family": "gout_status", "word": "Yes"}, "a status, and nothing else, has `family` and `word`"),
        ({"kind": "resolution", "resolved_by": "other"}, "only a condition has `resolved_by`"),
        ({"kind": "resolution", "long_term_condition": "true"}, "counts as long-term"),
        ({"long_term_condition": "true", "in_person": "false"}, "counts as long-term"),
        ({"only": "primary"}, "`only` is for codes of icd10"),
        ({"kind": "count", "system": "icd10", "window_months": 12, "only": "first"}, "only.0"),
        ({"kind": "illness"}, "kind: Input should be 'condition', 'value'"),
        ({"system": "read"}, "system: Input should be 'snomed', 'bnf' or 'icd10'"),
        ({"window_months": 0}, "window_months: Input should be greater than or equal to 1"),
        ({"window_months": 121}, "window_months: Input should be less than or equal to 120"),
        ({"window_months": "a year"}, "window_months"),
        ({"concept": "gout arthritis"}, "concept: String should match pattern"),
        ({"concept": ""}, "concept: Field required"),
        ({"title": ""}, "title: Field required"),
        ({"code_list": "../secret"}, "code_list: String should match pattern"),
    ],
)
def test_a_line_that_does_not_fit_its_kind_is_refused_with_its_row(tmp_path, cells, says):
    with pytest.raises(InputError) as error:
        read(tmp_path, line(concept="fine"), line(**cells))
    assert "concepts.csv, row 3" in str(error.value)
    assert says in str(error.value)


def test_every_fault_of_a_line_is_told_at_once(tmp_path):
    with pytest.raises(InputError) as error:
        read(tmp_path, line(system="bnf", only="primary", resolved_by="x"))
    assert "codes of bnf make count" in str(error.value)
    assert "`only` is for codes of icd10" in str(error.value)


def test_a_column_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="row 2") as error:
        read(tmp_path, "gout,Gout,condition,red", headings="concept,title,kind,colour")
    assert "colour: Extra inputs are not permitted" in str(error.value)


def test_a_cell_too_many_is_refused(tmp_path):
    with pytest.raises(InputError, match="line 2: 16 cells for 15 headings"):
        read(tmp_path, line() + ",more")


def test_a_concept_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="lists more than once: gout"):
        read(tmp_path, line(), line(title="Again"))


@pytest.mark.parametrize("end", ["nothing", "asthma"])
def test_an_end_must_be_a_concept_of_kind_resolution(tmp_path, end):
    with pytest.raises(InputError, match=f"resolved_by names no concept of kind resolution: {end}"):
        read(tmp_path, line(resolved_by=end), line(concept="asthma"))


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"No file concepts\.csv"):
        concepts(tmp_path / "concepts.csv")
    for content in (b"\xff\xfe\x00c", b'concept,title\n"gout,Gout\n'):
        (tmp_path / "concepts.csv").write_bytes(content)
        with pytest.raises(InputError, match=r"concepts\.csv is (UTF-16|not a readable CSV file)"):
            concepts(tmp_path / "concepts.csv")


@pytest.mark.parametrize(
    "cells",
    [
        {"concept": "age"},
        {"concept": "person_no"},
        {"concept": "cost_pence_12m"},
        {"concept": "qof_asthma"},
        {"concept": "efi"},
        {"concept": "n_conditions"},
        {"concept": "x", "kind": "status", "family": "sex", "word": "Yes"},
        {"concept": "asthma_medicines_12m"},
        {"concept": "ferritin_months_ago"},
        {"concept": "shingles_vaccinated"},
        {"concept": "shade"},
    ],
    ids=lambda cells: cells.get("family", cells["concept"]),
)
def test_two_columns_of_one_name_are_refused(tmp_path, cells):
    # Else one takes the place of the other, in silence.
    others = [
        line(concept="asthma_medicines", kind="count", system="bnf", window_months=12),
        line(concept="ferritin", kind="value", low=1, high=9),
        line(concept="shingles_vaccination", kind="vaccination"),
        line(concept="light", kind="status", family="shade", word="Light"),
    ]
    with pytest.raises(InputError):
        person_columns(read(tmp_path, *others, line(**cells)))


def test_there_are_26_long_term_conditions():
    names = [c.concept for c in long_term_conditions()]
    assert len(names) == 26
    assert {"asthma", "diabetes", "dementia", "substance_misuse"} <= set(names)
    assert not {"palliative_care", "housebound", "pregnancy", "end_of_life"} & set(names)


@pytest.mark.parametrize("concept", concepts(), ids=lambda c: c.concept)
def test_every_concept_has_a_sound_list_of_its_system(concept):
    assert load(concept.codes_from, system=concept.system)
    assert concept.kind in KINDS_OF[concept.system]


def test_every_list_is_of_a_concept_and_every_end_ends_something():
    known = concepts()
    lists = {p.stem for p in (project_root() / "parameters" / "codelists").glob("*.csv")} - {"MANIFEST"}
    assert lists == {c.codes_from for c in known}
    assert {c.concept for c in known if c.kind == "resolution"} == {e for c in known for e in c.resolved_by}


def test_every_column_has_a_title_and_a_name_of_its_own():
    columns = person_columns()
    titles = [c.title for c in columns.values()]
    assert all(titles)
    assert len(set(titles)) > 0.97 * len(titles)
    assert all(name == column.name for name, column in columns.items())
