"""HFRS and Charlson of NHS England's Artificial HES through the SQL, against pandas over the file itself.

The file has 2,075 episodes of one year; its columns were sampled independently of each other and nobody
has a GP, so everybody in it is registered here with one simulated practice.
"""

import os
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from linked_store import check_and_link

from phm_utils import engine
from phm_utils.persons import persons
from phm_utils.topics.registry import load_workbook

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PHM_REAL_DATA", "not set")) / "artificial_hes" / "artificial_hes_apc_0102.csv"
MAPPING = REPOSITORY / "parameters" / "mappings" / "artificial_hes.yml"
INDEX_DATE = date(2002, 3, 31)
# Its last episode began on 1 March 2002, so February is the last whole month; two years back from there.
SCORED = ("2000-03-01", "2002-02-28")
NULL_DAYS = ("1582-10-15", "1600-12-31", "1800-01-01", "1801-01-01", "1900-01-01")

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason="set PHM_REAL_DATA to a folder that holds artificial_hes")


@pytest.fixture(scope="module")
def episodes():
    """The file as it is, without the one episode that has no date; days that mean none are missing."""
    rows = pd.read_csv(DATA, dtype=str, keep_default_na=False)
    rows["born"] = pd.to_datetime(rows["MYDOB"], format="%m%Y", errors="coerce")
    rows = rows.replace({"ADMIDATE": dict.fromkeys(NULL_DAYS, ""), "EPISTART": dict.fromkeys(NULL_DAYS, "")})
    return rows[rows["EPISTART"] != ""]


@pytest.fixture(scope="module")
def registered(episodes):
    """Everybody of the file, once; without a month of birth where it is one of the days that mean none."""
    people = episodes.sort_values("EPIKEY").groupby("PSEUDO_HESID").agg(sex=("SEX", "first"), born=("born", "first"))
    return people.assign(born=people["born"].where(people["born"].dt.year > 1850))


@pytest.fixture(scope="module")
def run(tmp_path_factory, registered):
    """The check and link stages on the file and the registrations; then the persons stage, as asked."""
    root = tmp_path_factory.mktemp("hes_scores")
    (root / "landing").mkdir()
    (root / "landing" / DATA.name).symlink_to(DATA)
    pd.DataFrame(
        {
            "registration_id": [f"r{n}" for n in range(len(registered))],
            "token_person_id": registered.index,
            "sex": registered["sex"],
            "birth_month": registered["born"].dt.strftime("%Y-%m-01"),
            "practice_code": "Y99901",
            "registered_from": "2002-03-01",
            "type_1_opt_out": "false",
        }
    ).to_csv(root / "landing" / "gp_registration.csv", index=False)
    (root / "landing" / "practice.csv").write_text("practice_code,pcn_code\nY99901,U99901\n")
    mapping = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))
    mapping["tables"] = {"apc_episode": mapping["tables"]["apc_episode"]}
    (root / "mapping.yml").write_text(yaml.safe_dump(mapping))
    workbook = load_workbook(REPOSITORY / "parameters" / "artificial_hes.yml").model_copy(
        update={
            "landing": str(root / "landing"),
            "mapping": str(root / "mapping.yml"),
            "accept": ["gp_registration.lsoa:empty"],
            "governance": str(REPOSITORY / "parameters" / "governance.yml"),
            "index_date": INDEX_DATE,
        }
    )
    with engine.session(root / "spill") as con:
        store = check_and_link(con, workbook, root)
        con.execute("DROP VIEW check_table")

        def made(first_date: date | None = None) -> dict[str, pd.DataFrame]:
            """The persons stage; first_date: that of the hospital extract, where it is not the true one."""
            frame = store.read("check_table")
            if first_date:
                frame.loc[frame["table_name"] == "apc_episode", "first_date"] = pd.Timestamp(first_date)
            con.register("checked", frame)
            con.execute("CREATE OR REPLACE TABLE check_table AS SELECT * FROM checked")
            tables = {}
            with store.stage(f"persons{first_date}", "0" * 12) as writer:
                for model in persons(con, workbook):
                    writer.add(con, model)
                for name in ("person", "person_left_out"):
                    tables[name] = engine.read_sql(con, f"SELECT * FROM {name} ORDER BY ALL")
            return tables

        yield made


@pytest.fixture(scope="module")
def scored(run):
    """The person table. Episodes of long stays that began years before make the file look long enough."""
    return run()["person"].set_index("person_id")


@pytest.fixture(scope="module")
def diagnoses(episodes):
    """One row per diagnosis of a spell begun in the two years: person and code. Worked without the package."""
    rows = episodes.assign(day=episodes["ADMIDATE"].where(episodes["ADMIDATE"] != "", episodes["EPISTART"]))
    rows = rows[rows["day"].between(*SCORED) & (rows["EPISTART"] >= SCORED[0])]
    columns = [f"DIAG_4_{n:02d}" for n in range(1, 21)]
    codes = rows.melt("PSEUDO_HESID", columns, value_name="code")[["PSEUDO_HESID", "code"]]
    return codes[codes["code"].str.match(r"[A-Z][0-9]{2}")]


def reference(name):
    return pd.read_csv(REPOSITORY / "parameters" / "reference" / name, dtype=str)


def test_hfrs_is_that_of_pandas_for_everybody(scored, diagnoses):
    weights = reference("hfrs_weights.csv").set_index("icd10")["tenths"].astype(int)
    once = diagnoses.assign(icd10=diagnoses["code"].str[:3]).drop_duplicates(["PSEUDO_HESID", "icd10"])
    expected = once["icd10"].map(weights).groupby(once["PSEUDO_HESID"]).sum() / 10
    expected = expected.reindex(scored.index, fill_value=0.0)
    assert (scored["hfrs"] - expected).abs().max() < 1e-9
    assert (expected > 0).sum() > 100


def test_charlson_is_that_of_pandas_for_everybody(scored, diagnoses):
    groups = reference("charlson_uk_shmi.csv")
    code, person = diagnoses["code"], diagnoses["PSEUDO_HESID"]
    starts = {row.group: tuple(row.icd10.split("|")) for row in groups.itertuples()}
    has = pd.DataFrame({group: code.str.startswith(those).groupby(person).any() for group, those in starts.items()})
    for milder, graver in (
        ("diabetes", "diabetes_complications"),
        ("liver", "severe_liver"),
        ("cancer", "metastatic_cancer"),
    ):
        has[milder] &= ~has[graver]
    expected = has.astype(int) @ groups.set_index("group")["weight"].astype(int)
    expected = expected.reindex(scored.index, fill_value=0)
    assert (scored["charlson"] == expected).all()
    assert (expected != 0).sum() > 50


def test_bands_of_people_of_65_and_over(scored, registered):
    months = (INDEX_DATE.year - registered["born"].dt.year) * 12 + INDEX_DATE.month - registered["born"].dt.month
    age = (months // 12).reindex(scored.index)
    assert len(scored) == 993  # of 994 in the file: one has no episode with a date
    assert (scored["age"].fillna(-1) == age.fillna(-1)).all()
    assert scored.loc[~(age >= 65), "hfrs_category"].isna().all()
    old = scored[age >= 65]
    expected = pd.cut(old["hfrs"], [-1, 4.999, 15, 1000], labels=["Low", "Intermediate", "High"]).astype(str)
    assert (old["hfrs_category"] == expected).all()
    assert old["hfrs_category"].value_counts().to_dict() == {"Low": 278, "Intermediate": 18}


def test_what_stands_for_no_diagnosis_counts_for_nothing(run, episodes, scored):
    columns = [f"DIAG_4_{n:02d}" for n in range(1, 21)]
    fillers = episodes[columns].isin(["7999", "0000", "-"])
    assert fillers.to_numpy().sum() == 783  # 7999 once, 0000 twice, - 780 times
    nothing_else = episodes[~episodes[columns].apply(lambda c: c.str.match("[A-Z]")).any(axis=1)]["PSEUDO_HESID"]
    with_codes = episodes[episodes[columns].apply(lambda c: c.str.match("[A-Z]")).any(axis=1)]["PSEUDO_HESID"]
    only = scored.loc[scored.index.isin(set(nothing_else) - set(with_codes))]
    assert len(only) > 0
    assert (only[["hfrs", "charlson"]] == 0).all(axis=None)


def test_an_extract_that_begins_less_than_two_years_back_has_no_scores(run):
    made = run(date(2001, 4, 1))
    assert made["person"]["hfrs"].isna().all()
    left_out = made["person_left_out"].query("table_name == 'apc_episode'")["column_name"]
    assert {"hfrs", "hfrs_category", "charlson"} <= set(left_out)
