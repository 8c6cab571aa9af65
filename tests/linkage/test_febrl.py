"""FEBRL4, real in that nobody here made it: two files of 5,000, the second with errors typed into every field.

Source: P. Christen, Febrl (Freely Extensible Biomedical Record Linkage), data set 4.
"""

import os
from pathlib import Path

import pandas as pd
import pytest

from phm_utils.linkage.model import Thresholds
from phm_utils.linkage.probabilistic import Options
from phm_utils.linkage.scheme import Scheme
from phm_utils.linkage.standalone import Request, link_folder
from phm_utils.linkage.training import train_and_save
from phm_utils.privacy.pseudonyms import demo_key

FILES = Path(os.environ.get("PHM_REAL_DATA", "absent")) / "linkage"
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not (FILES / "dataset4a.csv").is_file(), reason="no PHM_REAL_DATA: FEBRL4 is not here"),
]
# Thresholds do not transfer between data sets: in a file that holds everybody once, little is needed.
THRESHOLDS = Thresholds(accept=-7, margin=0, review=-11, contrary=())


def source(name: str, *, number: bool) -> pd.DataFrame:
    given = pd.read_csv(FILES / f"dataset4{name}.csv", dtype=str, skipinitialspace=True)
    given.columns = [column.strip() for column in given.columns]
    given = given.rename(columns={"rec_id": "record_id", "given_name": "forename"})
    parts = ["street_number", "address_1", "suburb"]
    given["address"] = given[parts].fillna("").agg(" ".join, axis=1).str.strip()
    columns = ["record_id", "forename", "surname", "date_of_birth", "postcode", "address"]
    return given[columns + ["soc_sec_id"] * number].rename(columns={"soc_sec_id": "nhs_number"})


def f1(folder: Path, *, number: bool) -> float:
    """Train on the two files, link them, and compare with the numbers within the record ids."""
    (folder / "in").mkdir()
    for name in "ab":
        source(name, number=number).to_csv(folder / "in" / f"{name}.csv", index=False)
    request = Request(
        folder / "in",
        folder / "index.parquet",
        demo_key(4),
        "population_health_management",
        scheme=Scheme("a", national="any"),
        choose=train_and_save(folder / "febrl.json", thresholds=THRESHOLDS, drop_unseen=True),
        options=Options(one_to_one=frozenset({"b"})),
    )
    link_folder(request)
    index = pd.read_parquet(folder / "index.parquet")
    assert len(index) == 10_000
    a, b = (index[index["source"] == name] for name in "ab")
    links = a.merge(b, on="person_id")
    right = links["record_id_x"].str.split("-").str[1] == links["record_id_y"].str.split("-").str[1]
    return 2 * right.sum() / (len(links) + 5_000)


def test_without_the_number_nearly_all_pairs_are_found(tmp_path):
    assert f1(tmp_path, number=False) >= 0.9945


def test_with_the_number_all_but_a_few_are_found(tmp_path):
    assert f1(tmp_path, number=True) >= 0.999
