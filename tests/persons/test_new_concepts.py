"""A concept of one's own is one line and one list of codes: the column is there, and no code was changed."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from phm_utils.errors import InputError
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import person_columns
from phm_utils.runs import project_root

GOUT, FERRITIN, VISIT, TETANUS, TALL, SHORT, GONE = (
    "90560007", "489004", "439708006", "722215002", "248328003", "237836003", "162661000",
)  # fmt: skip
INDEX = date(2025, 3, 31)
OWN = {
    "gout": ("gout,Gout,condition,snomed,,true,,,,,,gout_gone,,,", GOUT),
    "gout_gone": ("gout_gone,Gout gone,resolution,snomed,,,,,,,,,,,", GONE),
    "ferritin": ("ferritin,Ferritin,value,snomed,,,,ug/L,1,5000,24,,,,", FERRITIN),
    "home_visit": ("home_visit,Home visits,count,snomed,,,,,,,6,,,,", VISIT),
    "tetanus_vaccination": ("tetanus_vaccination,Tetanus,vaccination,snomed,,,,,,,,,,,", TETANUS),
    "tall": ("tall,Height: tall,status,snomed,,,,,,,,,height,Tall,", TALL),
    "short": ("short,Height: short,status,snomed,,,,,,,,,height,Short,", SHORT),
    "statins": ("statins,Statins,count,bnf,,,,,,,12,,,,", "0212000"),
    "stay_migraine": ("stay_migraine,Stays for migraine,count,icd10,,,,,,,12,,,,primary", "G43"),
}


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A workbook's folder of one's own."""
    folder = tmp_path / "workbook"
    shutil.copytree(project_root() / "parameters", folder / "parameters")
    (folder / "notebooks").mkdir()
    monkeypatch.setenv("PHM_ROOT", str(folder))
    return folder


def add(root: Path, *names: str) -> None:
    """Lines and lists of some of OWN."""
    with (root / "parameters" / "concepts.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{OWN[name][0]}\n" for name in names)
    for name in names:
        (root / "parameters" / "codelists" / f"{name}.csv").write_text(f"code\n{OWN[name][1]}\n", encoding="utf-8")


def test_a_concept_of_each_kind_is_a_column(world, root):
    before = set(person_columns())
    add(root, *OWN)
    made = world.made(
        gp_registration=[world.registered("has"), world.registered("had"), world.registered("never")],
        gp_event=[
            *(world.coded(code, date(2024, 11, 1), 55.0, "has") for code in (GOUT, FERRITIN, VISIT, TETANUS, TALL)),
            world.coded(VISIT, INDEX, None, "has"),
            world.coded(SHORT, date(2020, 1, 1), None, "has"),
            world.coded(GOUT, date(2020, 1, 1), None, "had"),
            world.coded(GONE, date(2021, 1, 1), None, "had"),
            world.coded(FERRITIN, date(2024, 1, 1), 9_999.0, "had"),
            world.coded(VISIT, date(2024, 9, 30), None, "had"),
        ],
        gp_medication=[world.issue("0212000B0", INDEX, token="has")],
        apc_episode=[world.episode("has", "G439"), world.episode("had", "I219", "G439")],
    )
    person = made["person"]
    columns = ["gout", "n_conditions", "ferritin", "ferritin_months_ago", "home_visit_6m", "tetanus_vaccinated",
               "height", "statins_12m", "stay_migraine_12m"]  # fmt: skip
    assert set(person) - before == {*columns, "tetanus_vaccinated_on", "person_no"} - {"n_conditions"}
    assert person.loc["has", columns].tolist() == [True, 1, 55.0, 4, 2, True, "Tall", 1, 1]
    nobody = [
        "gout",
        "n_conditions",
        "home_visit_6m",
        "tetanus_vaccinated",
        "height",
        "statins_12m",
        "stay_migraine_12m",
    ]
    for token in ("had", "never"):
        assert person.loc[token, nobody].tolist() == [False, 0, 0, False, "Not recorded", 0, 0]
    assert person["ferritin"].notna().sum() == 1
    assert "gout" in set(made["person_concept"]["concept"])


def test_its_facts_can_be_asked_for_by_a_register(world, root):
    add(root, "gout", "gout_gone")
    path = root / "parameters" / "registers" / "qof.yml"
    rule = "  - {name: gout, title: Gout, rule: {column: gout_first_months, op: at least, value: 12}}\n"
    path.write_text(path.read_text(encoding="utf-8") + rule, encoding="utf-8")
    days = {"long": date(2024, 3, 31), "short": date(2024, 4, 1)}
    person = world.person(
        gp_registration=[world.registered(token) for token in days],
        gp_event=[world.coded(GOUT, day, token=token) for token, day in days.items()],
    )
    assert person["qof_gout"].to_dict() == {"long": True, "short": False}


def test_more_conditions_than_one_whole_number_has_bits(world, root):
    # Conditions are kept as bits of whole numbers of 62: with 70 more there are three.
    there = [c for c in concepts() if c.kind == "condition" and not c.resolved_by and c.window_months is None]
    more = [(f"extra_{n:02d}", there[n % len(there)]) for n in range(70)]
    with (root / "parameters" / "concepts.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{name},{name},condition,snomed,{c.codes_from},true,,,,,,,,,\n" for name, c in more)
    has = {c.concept for c in there[::3]}
    person = world.one(gp_event=[world.entry(name, date(2020, 1, 1)) for name in has])
    assert {name for name, _ in more if person[name]} == {name for name, c in more if c.concept in has}
    long_term = sum(c.long_term_condition for c in there if c.concept in has)
    assert person["n_conditions"] == long_term + sum(c.concept in has for _, c in more)


def test_a_bad_list_stops_the_stage_with_its_name_and_row(world, root):
    path = root / "parameters" / "codelists" / "asthma.csv"
    path.write_text("code\n195967001\n1959670010000000\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        world.made()
    assert "asthma.csv" in str(error.value)
    assert "row 3" in str(error.value)


def test_a_list_that_is_not_there_stops_the_stage_with_its_name(world, root):
    (root / "parameters" / "codelists" / "stay_fall.csv").unlink()
    with pytest.raises(InputError, match=r"No code list stay_fall\.csv"):
        world.made()


def test_a_register_at_fault_stops_the_stage_with_its_file_and_name_before_anything_is_made(world, root):
    path = root / "parameters" / "registers" / "qof.yml"
    rule = "  - {name: wheeze, title: Wheeze, rule: {column: astma, op: is, value: true}}\n"
    path.write_text(path.read_text(encoding="utf-8") + rule, encoding="utf-8")
    with pytest.raises(InputError) as error:
        world.made()
    assert "asthma" in str(error.value)
    assert "qof.yml" in str(error.value)
    assert "wheeze" in str(error.value)
    assert not list(world.folder.iterdir())
