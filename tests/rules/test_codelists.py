"""Code lists: what a file holds, what is wrong with it, and what that stops."""

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils import cli
from phm_utils.errors import InputError
from phm_utils.rules.code_systems import SYSTEMS
from phm_utils.rules.codelists import check_lists, examine, load, report_text
from phm_utils.rules.concepts import concepts

REAL = os.environ.get("PHM_REAL_DATA")
TODAY = date(2026, 4, 1)


def written(folder: Path, *lines: str, name: str = "mine.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def causes(path: Path, system: str | None = "snomed") -> list[str]:
    return [str(fault) for fault in examine(path, system, today=TODAY).faults]


# What depends on a list


def test_codes_stay_text_and_in_order(tmp_path):
    written(tmp_path, "\ufeffcode,term", "46635009, type 1 ", " 44054006 ,type 2")
    assert load("mine", tmp_path) == ["46635009", "44054006"]


def test_every_fault_of_a_list_is_named_with_its_row(tmp_path):
    written(tmp_path, "code", "44054006", "E11", "44054006", "44054007")
    with pytest.raises(InputError) as caught:
        load("mine", tmp_path)
    assert str(caught.value).splitlines() == [
        "Code list mine.csv: 2 of 4 rows cannot be used.",
        "- row 3: `E11` looks like ICD-10: this list takes SNOMED CT concept ids",
        "- row 5: `44054007` fails its check digit: mistyped",
    ]


def test_only_the_first_faults_are_told(tmp_path):
    written(tmp_path, "code", "44054006", *(f"4405400{n}" for n in (0, 1, 2, 3, 4, 5, 7)), *["46635009"] * 9)
    with pytest.raises(InputError, match=r"7 of 17 rows.*\n(- row .*\n){5}- and 2 more$"):
        load("mine", tmp_path)


def test_a_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"No code list other\.csv"):
        load("other", tmp_path)


def test_beginnings_of_icd10_and_bnf_codes_load_in_the_form_of_extracts(tmp_path):
    written(tmp_path, "code", "O", "F2", "Z59.0", "I10X")
    assert load("mine", tmp_path, "icd10") == ["O", "F2", "Z590", "I10"]
    written(tmp_path, "code", "0403", "0402030K0")
    assert load("mine", tmp_path, "bnf") == ["0403", "0402030K0"]


def test_a_code_that_stands_twice_loads_once(tmp_path):
    path = written(tmp_path, "code,term", "44054006,Type 2", "44054006,Diabetes type 2", "46635009,Type 1")
    assert load("mine", tmp_path) == ["44054006", "46635009"]
    assert examine(path).warnings == ("1 row repeats a code",)


def test_a_code_that_stands_twice_with_two_meanings_is_refused(tmp_path):
    path = written(tmp_path, "code,term,category", "77176002,Smoker,current", "77176002,Smoker,ex")
    assert causes(path) == ["row 3: `77176002` repeats row 2 with another category"]


# Files as people send them


@pytest.mark.parametrize(
    ("heading", "code", "system"),
    [
        ("code", "44054006", "snomed"),
        ("id", "44054006", "snomed"),
        ("SnomedCode", "44054006", "snomed"),
        ("snomed_id", "3252611000001103", "dmd"),
        ("dmd_id", "3252611000001103", "dmd"),
        ("ICD10code", "Z59.0", "icd10"),
        ("CTV3ID", "XaPwi", "ctv3"),
        ("Readcode", "1B1V.00", "readv2"),
        ("bnf_code", "0402030K0AAAAAA", "bnf"),
        ("OPCS4 code", "K40.1", "opcs4"),
    ],
)
def test_each_publishers_heading_is_known(tmp_path, heading, code, system):
    path = written(tmp_path, f"Description,{heading}", f"What it means,{code}")
    assert examine(path, system).faults == ()
    assert len(examine(path, system).codes) == 1


@pytest.mark.parametrize(
    ("encoding", "sign"), [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("utf-16", ","), ("cp1252", "|")]
)
def test_each_usual_form_of_file_is_read(tmp_path, encoding, sign):
    path = written(tmp_path, f"code{sign}term", f"44054006{sign}Sjögren’s", encoding=encoding)
    report = examine(path)
    assert (report.codes, report.faults) == (("44054006",), ())
    assert (report.warnings == ("not UTF-8: read as Windows-1252",)) == (encoding == "cp1252")


def test_blank_rows_and_comments_are_passed_over_and_rows_keep_their_numbers(tmp_path):
    path = written(tmp_path, "# Type 2 only", "code,term", "", "44054006,x", ",", "# more", "44054007,y")
    report = examine(path)
    assert report.rows == 2
    assert [fault.row for fault in report.faults] == [7]


def test_what_a_spreadsheet_does_to_ids_is_named(tmp_path):
    path = written(tmp_path, "code", "9.99003E+17", "44054006.0", "999003111000000000", "'44054006", "46635009")
    found = causes(path)
    assert [cause.split(":")[0] for cause in found] == ["row 2", "row 3", "row 4"]
    assert all("spreadsheet" in cause for cause in found)


def test_ids_that_all_end_in_zeros_were_rounded_even_where_each_fits_its_check_digit(tmp_path):
    # 17 digits, namespace 1000000, partition 10 and check digit 0: each alone is an id.
    from phm_utils.rules.code_systems import snomed_fault

    fits = [c for n in range(1000000, 1000200) if snomed_fault(c := f"{n}1000000100") is None][:3]
    assert causes(written(tmp_path, "code", *fits[:2])) == []
    assert "all its 3 ids of 16 digits or more end in zeros" in causes(written(tmp_path, "code", *fits))[0]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["44054006", "46635009"], "has no headings: its first row is a code already"),
        (["44054006,type 2", "46635009,type 1"], "its first row is a code already"),
        (["key,name", "44054006,x"], "it has key, name"),
        (["code"], "is empty"),
        (["code", "", ","], "is empty"),
        ([""], "is empty"),
        (["# nothing"], "is empty"),
        (["code,term", '44054006,"open', "46635009,x"], "quotation mark that nothing closes in row 2"),
        (["code,term", '44054006,"a"b', "46635009,x"], "text after a closing quotation mark in row 2"),
        (["code,Code", "44054006,46635009"], "has 2 columns `code`"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, lines, words):
    written(tmp_path, *lines)
    with pytest.raises(InputError, match=words):
        load("mine", tmp_path)


def test_first_rows_of_people_are_not_repeated_as_headings(tmp_path):
    path = written(tmp_path, "9434765919,Ann Other,1950-01-01", "9434765870,Ian Other,1951-01-01")
    [cause] = causes(path)
    assert "does not look like headings" in cause
    assert "Other" not in cause


def test_a_file_of_people_is_refused_without_their_numbers(tmp_path):
    path = written(tmp_path, "id,name", "9434765919,Ann Other")
    [cause] = causes(path)
    assert "a number that passes as an NHS number" in cause
    assert "9434765919" not in cause


def test_a_heading_in_the_middle_is_a_fault(tmp_path):
    path = written(tmp_path, "code,term", "44054006,x", "code,term", "46635009,y")
    assert causes(path) == ["row 3: `code` is a heading: two files were put together, or the file has two header rows"]


def test_codes_side_by_side_are_not_lost_in_silence(tmp_path):
    wide = ",".join(["44054006"] * 10_000)
    assert "followed by other codes in its row" in causes(written(tmp_path, "code,term", wide))[0]


def test_a_comma_in_a_term_is_a_warning_where_the_code_comes_first(tmp_path):
    path = written(tmp_path, "code,term", "44054006,Diabetes, type 2")
    assert examine(path).faults == ()
    assert examine(path).warnings == ("1 row has more cells than headings (a comma in a term)",)
    path = written(tmp_path, "term,code", "Diabetes, type 2,44054006")
    assert causes(path) != []


def test_a_quotation_mark_that_swallows_rows_is_a_fault(tmp_path):
    path = written(tmp_path, "code,term", '44054006,"open', '46635009,closed"', "38341003,x")
    assert "quotation mark takes in the rows below" in causes(path)[0]
    path = written(tmp_path, "code,term", '44054006,"over', 'two lines"', "38341003,x")
    assert causes(path) == []


def test_a_folder_a_spreadsheet_a_database_and_a_huge_file_are_told(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04rest")
    (tmp_path / "nul.csv").write_bytes(b"code\n\x00\x00\n")
    huge = tmp_path / "zz_huge.csv"
    huge.write_bytes(b"code\n")
    os.truncate(huge, 65 * 1024 * 1024)
    found = {report.path.name: report.faults[0].cause for report in check_lists([tmp_path])}
    assert "is a folder" in found["folder.csv"]
    assert "is a spreadsheet" in found["book.xlsx"]
    assert "NUL bytes" in found["nul.csv"]
    assert "larger than 64 MB" in found["zz_huge.csv"]


def test_a_list_of_a_whole_terminology_is_examined_in_seconds(tmp_path):
    from phm_utils.rules.check_digits import verhoeff_ok

    ids = [f"{n}00{next(d for d in range(10) if verhoeff_ok(f'{n}00{d}'))}" for n in range(100_000, 150_000)]
    assert len(examine(written(tmp_path, "code", *ids)).codes) == 50_000


@given(
    st.sampled_from([b"", b"code\n", b"code,term\n44054006,x\n", b"\xff\xfe", b"PK\x03\x04", b"\xef\xbb\xbfcode\n"]),
    st.binary(max_size=60) | st.text(alphabet='0123456789E.,;"\n\r\t#codeX', max_size=60).map(str.encode),
)
def test_whatever_bytes_a_file_holds_it_is_reported_and_no_error_leaks(tmp_path_factory, start, rest):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(start + rest)
    report = examine(path)
    assert report.bad or report.codes
    assert "\n" not in report_text([report]).splitlines()[0]
    assert len(report_text([report]).splitlines()) == 2


# Systems


def test_the_system_is_that_of_the_name_a_heading_a_column_or_most_codes(tmp_path):
    rows = ("44054006", "46635009", "38341003")
    assert examine(written(tmp_path, "code", *rows, name="x__ast_cod__snomed.csv")).system == "snomed"
    assert examine(written(tmp_path, "code", "13D..", name="some_list_x_Read2.csv")).system == "readv2"
    assert examine(written(tmp_path, "CTV3ID", "13D..")).system == "ctv3"
    assert examine(written(tmp_path, "code,coding_system", "13D..,CTV3")).system == "ctv3"
    assert examine(written(tmp_path, "code", *rows)).system == "snomed"
    assert examine(written(tmp_path, "code", "E11", "E119", "M05.9")).system == "icd10"


def test_a_list_of_two_columns_of_codes_asks_which(tmp_path):
    path = written(tmp_path, "dmd_id,bnf_code", "3252611000001103,1404000H0AAAFAF")
    assert "Say which to take by --system" in causes(path, None)[0]
    assert examine(path, "bnf").codes == ("1404000H0AAAFAF",)
    assert examine(path, "dmd").codes == ("3252611000001103",)


def test_a_list_of_another_system_is_told_in_one_line(tmp_path):
    path = written(tmp_path, "code", "E11", "E10", "E119", "44054006", name="diabetes__snomed.csv")
    assert causes(path, None)[0] == (
        "is of another system: 3 of 4 codes look like ICD-10, and it is taken for SNOMED CT."
    )
    assert "is of another system" in causes(written(tmp_path, "code", "44054006", "46635009"), "icd10")[0]


def test_a_mixed_list_names_the_codes_that_do_not_belong(tmp_path):
    path = written(tmp_path, "code", "44054006", "46635009", "38341003", "C10F.", "E11")
    assert [cause.split(":")[0] for cause in causes(path, None)] == ["row 5", "row 6"]


def test_a_column_that_states_another_system_is_believed_before_the_name(tmp_path):
    path = written(tmp_path, "code,coding_system", "K40,OPCS4", "K41,Read", name="x__icd10.csv")
    assert "states in a column that its codes are Read v2" in causes(path, None)[0]


def test_terms_of_snomed_with_codes_of_icd10_are_a_fault(tmp_path):
    path = written(tmp_path, "code,term", "E11,Diabetes type 2 (disorder)", "E10,Diabetes type 1 (disorder)")
    assert "2 terms of SNOMED CT" in causes(path, "icd10")[0]


def test_a_disorder_among_products_is_a_fault(tmp_path):
    path = written(tmp_path, "code,term", "90640007,Coronavirus vaccination (procedure)")
    assert causes(path, "dmd") == ["row 2: `90640007` is a procedure, not a product of dm+d"]
    assert causes(path, "snomed") == []


# Age


def test_age_is_told_where_a_day_is_known(tmp_path):
    named = written(tmp_path, "code", "44054006", name="opensafely-diabetes-2020-04-15.csv")
    assert examine(named, today=TODAY).warnings == ("5 years old",)
    column = written(tmp_path, "code,upload_date", "44054006,2024-06-30", "46635009,20250101")
    assert examine(column, today=TODAY).dated == date(2025, 1, 1)
    assert examine(column, today=TODAY).warnings == ()
    listed = {"file": "mine.csv", "date": "2023-03-31"}
    assert examine(written(tmp_path, "code", "44054006"), listed=listed, today=TODAY).warnings == ("3 years old",)
    assert examine(written(tmp_path, "code", "44054006", name="list_12345678.csv")).dated is None


# The command


def test_check_prints_a_line_per_list_and_refuses_where_one_is_bad(tmp_path, capsys):
    written(tmp_path, "code", "44054006", name="good.csv")
    assert cli.main(["codelists", "check", str(tmp_path)]) == 0
    written(tmp_path, "code", "44054006", "E11", name="poor.csv")
    assert cli.main(["codelists", "check", str(tmp_path)]) == 2
    assert capsys.readouterr().out.splitlines()[2:] == [
        "ok  good  SNOMED CT, 1 code",
        "BAD poor  SNOMED CT, 1 code: row 3: `E11` looks like ICD-10: this list takes SNOMED CT concept ids",
        "2 lists: 1 sound, 1 bad. 2 without a date: how old they are is not known.",
    ]


def test_the_command_offers_every_system():
    assert cli.SYSTEMS == SYSTEMS


def test_all_faults_of_a_list_are_printed_on_request(tmp_path):
    path = written(tmp_path, "code", "44054006", "46635009", "38341003", "E11", "E10")
    assert "(and 1 more)" in report_text(check_lists([path]))
    assert report_text(check_lists([path]), every=True).count("looks like ICD-10") == 2


def test_a_path_that_is_not_there_and_a_folder_without_lists_are_refused(tmp_path, capsys):
    assert cli.main(["codelists", "check", str(tmp_path / "gone.csv")]) == 2
    assert "No code list" in capsys.readouterr().err
    assert cli.main(["codelists", "check", str(tmp_path)]) == 2
    assert "holds no code list" in capsys.readouterr().err


def test_the_manifest_says_systems_and_misses_files(tmp_path):
    written(tmp_path, "code", "K40", "K41", name="hernia.csv")
    written(tmp_path, "file,code_system,n_codes", "hernia.csv,OPCS-4,3", "gone.csv,snomed,1", name="MANIFEST.csv")
    gone, hernia = check_lists([tmp_path])
    assert gone.faults[0].cause == "is named in MANIFEST.csv and is not there."
    assert (hernia.system, hernia.bad) == ("opcs4", False)
    assert hernia.warnings == ("its manifest counts 3 rows, the file has 2",)


def test_a_list_named_twice_is_told_once(tmp_path):
    path = written(tmp_path, "code", "44054006")
    assert len(check_lists([path, tmp_path, path])) == 1


def test_a_file_that_may_not_be_read_is_a_bad_list(tmp_path, monkeypatch):
    path = written(tmp_path, "code", "44054006")

    def refuse(*_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert causes(path) == ["cannot be read (Permission denied)."]


# The workbook's own lists, and the published ones


def test_every_concept_of_the_workbook_has_a_sound_list_of_its_system():
    for concept in concepts():
        assert load(concept.codes_from, system=concept.system)


def test_the_workbooks_folder_passes_as_a_whole():
    reports = check_lists([Path(__file__).parents[2] / "parameters" / "codelists"])
    system = {concept.codes_from: concept.system for concept in concepts()}
    assert {report.name: report.system for report in reports} == system
    assert [report.name for report in reports if report.bad or report.warnings] == []


published = pytest.mark.skipif(not REAL, reason="PHM_REAL_DATA is not set: published code lists are not here")


@published
def test_of_182_published_lists_two_are_refused_each_for_a_fault_that_it_has():
    reports = check_lists([Path(REAL) / "codelists"])
    refused = {report.name: [str(fault) for fault in report.faults] for report in reports if report.bad}
    assert len(reports) == 182
    # A description id beside the concept whose term it is: as an event's code it finds nobody.
    assert refused.pop("gm_covid_vaccination__v1__snomed") == [
        "row 3: `2807821000000115` is a description or relationship id, not a concept id"
    ]
    # A list of GP practices, by ODS code: not of clinical codes.
    [(name, [cause])] = refused.items()
    assert name.endswith("GPPractices")
    assert "has no column `code`; it has Practice or centre, Practice Code_2019" in cause


@published
def test_what_is_odd_in_published_lists_and_changes_nobodys_cohort_is_a_warning():
    warned = {report.name: report.warnings for report in check_lists([Path(REAL) / "codelists"])}
    assert warned["gm_cancer__v1__snomed"][0] == "231 rows repeat a code"
    assert warned["gm_stroke__v1__snomed"][0] == "1 row repeats a code"
    assert warned["cancer_other__other_snomed__snomed"][0].startswith("1,129 codes are no longer in use")
    assert "80 codes are products of dm+d" in warned["gm_covid_vaccination__v1__snomed"][1]
    anxiety = next(warnings for name, warnings in warned.items() if name.startswith("caliber_kuan_anxiety_LGWMqosnA"))
    assert anxiety == ("column Medcode was turned into decimal numbers",)


@published
def test_published_lists_tell_their_system_by_their_codes_alone(tmp_path):
    reports = check_lists([Path(REAL) / "codelists"])
    wrong = []
    for number, report in enumerate(r for r in reports if r.system not in (None, "dmd")):
        copy = tmp_path / f"list{number}.csv"
        copy.write_bytes(report.path.read_bytes())
        if examine(copy).system != report.system:
            wrong.append(report.name)
    assert wrong == []
