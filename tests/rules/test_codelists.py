"""Code lists: every way in which a list goes wrong is named, with its row and likely cause."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.rules.codelists import load, snomed_fault, verhoeff_ok
from phm_utils.rules.concepts import concepts

REAL = os.environ.get("PHM_REAL_DATA")


def written(folder: Path, *lines: str) -> Path:
    (folder / "mine.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_check_digit_matches_the_published_example():
    assert verhoeff_ok("2363")  # Verhoeff 1969: 236 takes the check digit 3
    assert not verhoeff_ok("2364")
    assert not verhoeff_ok("23a3")
    assert not verhoeff_ok("٢٣٦٣")  # digits, but not those of a code


@given(st.integers(10**5, 10**17), st.integers(0, 8))
def test_every_slip_of_one_digit_is_noticed(number, place):
    code = next(f"{number}{d}" for d in range(10) if verhoeff_ok(f"{number}{d}"))
    place %= len(code)
    slipped = code[:place] + str((int(code[place]) + 1) % 10) + code[place + 1 :]
    assert not verhoeff_ok(slipped)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("", "is empty"),
        ("9.99001E+17", "turned into a number by a spreadsheet"),
        ("44054006.0", "turned into a number by a spreadsheet"),
        ("999003111000000000", "rounded by a spreadsheet"),
        ("44054007", "check digit: mistyped"),
        ("E11", "looks like ICD-10"),
        ("F20.4", "looks like ICD-10"),
        ("C10F.", "another code system"),
        ("044054006", "another code system"),
        ("2807821000000115", "description or relationship id"),
    ],
)
def test_a_code_that_is_none_is_told_why(code, cause):
    assert cause in snomed_fault(code)


def test_a_code_of_either_length_is_accepted():
    assert snomed_fault("44054006") is None
    assert snomed_fault("196381000000100") is None  # of the UK extension, partition 10


def test_codes_stay_text_and_in_order(tmp_path):
    folder = written(tmp_path, "\ufeffcode,term", "46635009, type 1 ", " 44054006 ,type 2")
    assert load("mine", folder) == ["46635009", "44054006"]


def test_every_fault_of_a_list_is_named_with_its_row(tmp_path):
    folder = written(tmp_path, "code", "44054006", "E11", "44054006")
    with pytest.raises(InputError) as caught:
        load("mine", folder)
    message = str(caught.value)
    assert message.startswith("Code list mine.csv: 2 of 3 rows cannot be used.")
    assert "row 3: `E11` looks like ICD-10" in message
    assert "row 4: `44054006` repeats row 2" in message


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["44054006", "46635009"], "its first row is a code already"),
        (["id,name", "44054006,x"], "it has id, name"),
        (["code"], "is empty"),
        (["code", '"44054006'], "not a readable CSV"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused(tmp_path, lines, words):
    with pytest.raises(InputError, match=words):
        load("mine", written(tmp_path, *lines))


def test_a_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"No code list other\.csv"):
        load("other", tmp_path)


def test_every_concept_of_the_workbook_has_a_sound_list():
    for concept in concepts():
        assert load(concept.concept)


def test_concepts_refuse_a_resolution_that_is_none_and_a_repeated_line(tmp_path):
    header = "concept,title,kind,long_term_condition,unit,low,high,window_months,resolved_by"
    path = tmp_path / "concepts.csv"
    path.write_text(f"{header}\nasthma,Asthma,condition,true,,,,,gone\n", encoding="utf-8")
    with pytest.raises(InputError, match="no concept of kind resolution: gone"):
        concepts(path)
    path.write_text(f"{header}\n{'asthma,Asthma,condition,true,,,,,' + chr(10)}" * 2, encoding="utf-8")
    with pytest.raises(InputError):
        concepts(path)
    path.write_text(f"{header}\nasthma,Asthma,illness,true,,,,,\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"concepts\.csv, row 2"):
        concepts(path)


@pytest.mark.skipif(not REAL, reason="PHM_REAL_DATA is not set: published code lists are not here")
def test_published_snomed_lists_load_but_for_their_known_faults():
    folder = Path(REAL) / "codelists"
    names = sorted(p.stem for p in folder.glob("*__snomed.csv"))
    faults = {}
    for name in names:
        try:
            load(name, folder)
        except InputError as error:
            faults[name] = str(error)
    assert len(names) > 100
    assert len(faults) < len(names) / 20
    # Real faults of published lists: a description id among concept ids, repeated rows, other headers.
    assert "description or relationship id" in faults["gm_covid_vaccination__v1__snomed"]
    assert "repeats row" in faults["gm_stroke__v1__snomed"]
