"""Synthea's CSV export as our extracts: every rule of the reader on an export of a few rows, and the real one."""

import csv
import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from phm_utils import engine
from phm_utils.cli import main
from phm_utils.errors import InputError
from phm_utils.inputs.check import check
from phm_utils.inputs.published_lists import chosen_lists, use_published
from phm_utils.inputs.synthea import read_synthea
from phm_utils.inputs.synthea_workbook import synthea_workbook
from phm_utils.rules.codelists import load
from phm_utils.rules.concepts import concepts
from phm_utils.runs import Store
from phm_utils.topics.registry import load_workbook

REPOSITORY = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("PHM_REAL_DATA", "not set"))
needs_real = pytest.mark.skipif(
    not (REAL / "synthea").is_dir() or not (REAL / "codelists").is_dir(),
    reason="set PHM_REAL_DATA to a folder that holds synthea and codelists",
)

ANN, BEN = "11111111-aaaa", "22222222-bbbb"  # Ann is alive; Ben died on 9 May 2021
EXPORT = {
    "patients": [
        "Id,BIRTHDATE,DEATHDATE,SSN,FIRST,LAST,RACE,GENDER",
        f"{ANN},1950-06-17,,999-11-1111,Ann123,Able456,black,F",
        f"{BEN},1941-02-03,2021-05-09,999-22-2222,Ben123,Baker456,martian,M",
    ],
    "encounters": [
        "Id,START,STOP,PATIENT,ENCOUNTERCLASS,CODE,REASONCODE",
        f"w1,2020-03-01T09:00:00Z,2020-03-01T09:15:00Z,{ANN},wellness,162673000,",
        f"v1,2020-04-01T09:00:00Z,2020-04-01T09:15:00Z,{ANN},virtual,185317003,",
        f"o1,2020-05-01T09:00:00Z,2020-05-01T09:15:00Z,{ANN},outpatient,185349003,",
        f"u1,2020-06-01T23:05:00Z,2020-06-02T00:35:00Z,{ANN},urgentcare,702927004,444814009",
        f"e1,2020-07-01T10:00:00Z,2020-07-01T11:00:00Z,{ANN},emergency,50849002,",
        # Ann's stay: admitted four hours after the emergency department, and moved to a ward before the first ended.
        f"i1,2020-07-01T15:00:00Z,2020-07-03T15:00:00Z,{ANN},inpatient,305351004,",
        f"i2,2020-07-03T14:45:00Z,2020-07-06T08:00:00Z,{ANN},inpatient,449411000124106,",
        f"i3,2020-09-01T08:00:00Z,2020-09-02T08:00:00Z,{ANN},inpatient,305408004,",
        f"h1,2021-05-01T08:00:00Z,2021-05-09T08:00:00Z,{BEN},hospice,305336008,",
        f"w2,2019-01-05T09:00:00Z,2019-01-05T09:15:00Z,{BEN},ambulatory,185347001,",
        f"d1,2021-05-16T09:00:00Z,2021-05-16T09:15:00Z,{BEN},wellness,308646001,",
    ],
    "conditions": [
        "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION",
        f"2019-01-05,,{BEN},w2,44054006,Diabetes",
        f"2020-03-01,2020-05-01,{ANN},w1,32911000,Homeless (finding)",
    ],
    "procedures": [
        "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION",
        f"2020-05-01T09:00:00Z,,{ANN},o1,232717009,Coronary artery bypass grafting",
    ],
    "immunizations": [
        "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,BASE_COST",
        f"2020-03-01T09:00:00Z,{ANN},w1,140,Influenza,1",
        f"2020-03-01T09:00:00Z,{ANN},w1,08,Hep B,1",
    ],
    "observations": [
        "DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE",
        f"2020-03-01T09:00:00Z,{ANN},w1,laboratory,4548-4,HbA1c,7.0,%,numeric",
        f"2020-03-01T09:00:00Z,{ANN},w1,laboratory,2093-3,Cholesterol,193.35,mg/dL,numeric",
        f"2020-03-01T09:00:00Z,{ANN},w1,vital-signs,39156-5,BMI,31.4,kg/m2,numeric",
        f"2020-03-02T09:00:00Z,{ANN},w1,vital-signs,39156-5,BMI,31.4,stone,numeric",
    ],
    "medications": ["START,STOP,PATIENT,CODE", f"2020-03-01T09:00:00Z,,{ANN},308192"],
}


def written(folder, export=EXPORT):
    """An export as a folder of CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in export.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def landing(tmp_path):
    """The tables that the small export becomes, as rows by name."""
    read_synthea(written(tmp_path / "export"), tmp_path / "landing")
    return {p.stem: list(csv.DictReader(p.open(encoding="utf-8"))) for p in (tmp_path / "landing").iterdir()}


def of(rows, **wanted):
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_everybody_is_registered_from_the_first_encounter_and_the_dead_until_they_died(landing):
    [ann] = of(landing["gp_registration"], sex="2")
    [ben] = of(landing["gp_registration"], sex="1")
    assert (ann["birth_month"], ann["registered_from"], ann["registered_to"]) == ("1950-06-01", "2020-03-01", "")
    assert (ben["birth_month"], ben["registered_from"], ben["registered_to"]) == (
        "1941-02-01",
        "2019-01-05",
        "2021-05-09",
    )
    assert [row["date_of_death"] for row in landing["death"]] == ["2021-05-09"]
    assert landing["death"][0]["token_person_id"] == ben["token_person_id"]
    assert (ann["ethnicity"], ben["ethnicity"]) == ("P", "99")  # any other Black background; not known


def test_no_id_name_number_or_day_of_birth_leaves_the_export(tmp_path, landing):
    text = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "landing").iterdir())
    for secret in (ANN, BEN, "Ann123", "Baker456", "999-11-1111", "1950-06-17", "1941-02-03"):
        assert secret not in text


def test_conditions_procedures_vaccines_and_values_are_coded_entries(landing):
    entries = {(row["event_date"], row["snomed_code"]): row for row in landing["gp_event"]}
    assert set(entries) == {
        ("2019-01-05", "44054006"),
        ("2020-03-01", "32911000"),
        ("2020-05-01", "232717009"),
        ("2020-03-01", "86198006"),  # CVX 140; hepatitis B (08) has no column
        ("2020-03-01", "999791000000106"),
        ("2020-03-01", "412808005"),
        ("2020-03-01", "60621009"),  # the BMI in stones is nobody's
    }
    # HbA1c: 10.929 x (7.0 - 2.15) = 53.0 mmol/mol. Cholesterol: 193.35 / 38.67 = 5.0 mmol/L.
    assert entries[("2020-03-01", "999791000000106")]["value_num"] == "53.0"
    assert entries[("2020-03-01", "412808005")]["value_num"] == "5.0"
    assert entries[("2020-03-01", "60621009")]["unit"] == "kg/m2"


def test_encounters_go_to_the_table_of_their_class_and_a_death_certificate_to_none(landing):
    days = {name: sorted(row[day] for row in landing[name]) for name, day in (
        ("gp_appointment", "appt_date"), ("op_attendance", "apptdate"), ("ecds_attendance", "arrival_date"),
    )}  # fmt: skip
    assert days == {
        "gp_appointment": ["2019-01-05", "2020-03-01", "2020-04-01"],
        "op_attendance": ["2020-05-01"],
        "ecds_attendance": ["2020-06-01", "2020-07-01"],
    }
    [urgent] = of(landing["ecds_attendance"], department_type="03")
    assert (urgent["arrival_time"], urgent["duration_minutes"], urgent["diagnosis_code_1"]) == (
        "23:05",
        "90",
        "444814009",
    )


def test_wards_of_one_stay_are_one_spell_and_an_emergency_where_the_department_came_first(landing):
    first, moved, planned = sorted(landing["apc_episode"], key=lambda row: row["epistart"] + row["epiorder"])
    assert first["spell_id"] == moved["spell_id"] != planned["spell_id"]
    assert [(r["epiorder"], r["admidate"], r["disdate"], r["admimeth"]) for r in (first, moved, planned)] == [
        ("1", "2020-07-01", "2020-07-06", "21"),
        ("2", "2020-07-01", "2020-07-06", "21"),
        ("1", "2020-09-01", "2020-09-02", ""),
    ]


def test_what_is_not_read_is_told(tmp_path):
    left_out = read_synthea(written(tmp_path / "export"), tmp_path / "landing").left_out
    assert any(line.startswith("medications.csv: coded in RxNorm") for line in left_out)
    assert any(line.startswith("diagnoses of inpatient encounters: not in ICD-10") for line in left_out)
    assert "1 hospice encounters: no table has a place for them" in left_out
    assert "1 of 2 immunizations: no column of the person table uses them" in left_out
    assert "1 of 4 observations: no column of the person table uses them" in left_out
    assert not (tmp_path / "landing" / "gp_medication.csv").exists()


def test_rows_in_another_order_give_the_same_bytes(tmp_path):
    turned = {name: [lines[0], *reversed(lines[1:])] for name, lines in EXPORT.items()}
    read_synthea(written(tmp_path / "a"), tmp_path / "one")
    read_synthea(written(tmp_path / "b", turned), tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_files_and_columns_that_lack_are_listed_at_once(tmp_path):
    export = {**EXPORT, "procedures": ["DATE,PATIENT,CODE", f"2020-05-01,{ANN},232717009"]}
    del export["conditions"]
    with pytest.raises(InputError, match=r"2 faults.\n- no file conditions.csv\n- procedures.csv lacks START"):
        read_synthea(written(tmp_path / "export", export), tmp_path / "landing")


def test_optional_files_may_lack_and_an_export_of_patients_alone_is_refused(tmp_path):
    least = {name: EXPORT[name] for name in ("patients", "encounters", "conditions", "procedures")}
    assert read_synthea(written(tmp_path / "least", least), tmp_path / "landing").rows["gp_event"] == 3
    nothing = {name: lines if name == "patients" else lines[:1] for name, lines in least.items()}
    with pytest.raises(InputError, match="no condition, procedure or encounter with a day"):
        read_synthea(written(tmp_path / "nothing", nothing), tmp_path / "landing")


def test_no_row_of_the_extracts_is_faulty(tmp_path):
    checked = checked_tables(written(tmp_path / "export"), tmp_path)
    assert checked.set_index("table_name")["rows_in"]["gp_registration"] == 2
    assert checked[["rows_quarantined", "rows_nulled"]].to_numpy().sum() == 0


def checked_tables(export, folder, codelists=None):
    """The check stage's account of a workbook made of an export, and the workbook's index date."""
    out = folder / "workbook"
    synthea_workbook(export, out, codelists)
    workbook = load_workbook(out / "parameters" / "synthea.yml")
    workbook = workbook.model_copy(
        update={name: str(out / getattr(workbook, name)) for name in ("landing", "governance")}
    )
    store = Store(folder / "store")
    with engine.session(folder / "spill") as con, store.stage("check", "0" * 12) as writer:
        check(con, workbook, writer, folder / "quarantine", date(2025, 5, 1))
    return store.read("check_table").query("state == 'present'")


def test_the_command_makes_a_workbook_and_counts_on_the_last_whole_month(tmp_path, capsys):
    export, out = written(tmp_path / "export"), tmp_path / "out"
    assert main(["synthea", str(export), str(out)]) == 0
    # The last coded entry is of 1 May 2020: April is the last month of general practice that is whole.
    assert load_workbook(out / "parameters" / "synthea.yml").index_date == date(2020, 4, 30)
    assert "Next: cd" in capsys.readouterr().out
    assert main(["synthea", str(export), str(out)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_an_export_that_is_refused_leaves_no_workbook(tmp_path):
    with pytest.raises(InputError, match="no file patients"):
        synthea_workbook(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="own parameters or notebooks"):
        synthea_workbook(written(tmp_path / "export"), REPOSITORY / "parameters" / "out")


@pytest.fixture
def root(tmp_path):
    """A workbook folder of two concepts, and a folder of published lists: two of diabetes, one of asthma."""
    root, lists = tmp_path / "root", tmp_path / "published"
    (root / "parameters" / "codelists").mkdir(parents=True)
    (root / "parameters" / "published").mkdir()
    lists.mkdir()
    (root / "parameters" / "concepts.csv").write_text(
        "concept,title,kind,system,code_list\ndiabetes,Diabetes,condition,snomed,\nasthma,Asthma,condition,snomed,mine\n"
    )
    named(root, "diabetes,dm_one__snomed", "diabetes,dm_two__snomed")
    for name, codes in (("dm_one__snomed", "44054006\n73211009"), ("dm_two__snomed", "44054006\n46635009")):
        (lists / f"{name}.csv").write_text(f"code\n{codes}\n")
    return root


def named(root, *lines):
    (root / "parameters" / "published" / "lists.csv").write_text("\n".join(["concept,code_list", *lines]) + "\n")


def test_a_concept_of_two_published_lists_has_the_codes_of_both(root, tmp_path):
    summary = use_published(root, tmp_path / "published")
    diabetes, asthma = concepts(root / "parameters" / "concepts.csv")
    assert load(diabetes.codes_from, root / "parameters" / "codelists") == ["44054006", "46635009", "73211009"]
    assert asthma.codes_from == "mine"
    assert summary.startswith("1 of 2 concepts have a published list")


def test_one_published_list_is_named_and_may_be_changed_for_another(root, tmp_path):
    named(root, "asthma,dm_one__snomed")
    use_published(root, tmp_path / "published")
    assert concepts(root / "parameters" / "concepts.csv")[1].codes_from == "dm_one__snomed"
    assert (root / "parameters" / "codelists" / "dm_two__snomed.csv").is_file()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("diabetes,absent__snomed", "lacks 1 of the lists .*first: absent__snomed.csv"),
        ("gout,dm_one__snomed", "names no concept of concepts.csv: gout"),
        ("diabetes,rounded__snomed", "rounded__snomed.csv"),
    ],
)
def test_lists_that_cannot_be_used_are_refused(root, tmp_path, line, why):
    (tmp_path / "published" / "rounded__snomed.csv").write_text("code\n44054007\n")  # its check digit is wrong
    named(root, line)
    with pytest.raises(InputError, match=why):
        use_published(root, tmp_path / "published")


def test_the_published_lists_named_are_of_concepts_that_exist():
    assert len(chosen_lists(REPOSITORY)) == 69


@needs_real
def test_every_published_list_named_is_sound(tmp_path):
    shutil.copytree(REPOSITORY / "parameters", tmp_path / "parameters")
    assert "69 of" in use_published(tmp_path, REAL / "codelists")
    for concept in concepts(tmp_path / "parameters" / "concepts.csv"):
        assert load(concept.codes_from, tmp_path / "parameters" / "codelists", concept.system)


@needs_real
def test_the_111_people_of_the_real_export_are_there_and_every_row_is_accounted_for(tmp_path):
    tables = checked_tables(REAL / "synthea", tmp_path).set_index("table_name")
    assert tables["rows_in"].to_dict() == {
        "gp_registration": 111,
        "gp_event": 17_281,  # 4,428 conditions, 11,742 procedures, 1,111 of 1,774 vaccines
        "gp_appointment": 5_527,  # 2,366 wellness, 3,171 ambulatory, 1 virtual; not the certificates of 11 deaths
        "op_attendance": 1_198,
        "ecds_attendance": 773,  # 250 emergency, 523 urgent care
        "apc_episode": 49,
        "death": 11,
        "practice": 1,
    }
    assert (tables["rows_in"] == tables["rows_kept"]).all()
    assert tables["rows_nulled"].sum() == 6  # attendances of more than a week
