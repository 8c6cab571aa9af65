"""Linkage of six simulated sources, with seeds not used for tuning, against their truth."""

import pandas as pd
import pytest

from phm_utils.cli import DONE, main
from phm_utils.linkage.standalone import Request, link_folder
from phm_utils.privacy.pseudonyms import demo_key


@pytest.fixture(scope="module", params=[31, pytest.param(404, marks=pytest.mark.full)])
def linked(request, tmp_path_factory) -> pd.DataFrame:
    """One row per record: who it is (`person`), whom it was given to (`gp_person`), and how."""
    root = tmp_path_factory.mktemp("people") / "ics"
    size = ["--pcns", "1", "--people-per-pcn", "4000", "--seed", str(request.param), "--workers", "1"]
    assert main(["simulate", "--form", "linkage", *size, "--out", str(root)]) == DONE
    out = root.parent / "index.parquet"
    link_folder(Request(root / "linkage", out, demo_key(request.param), "population_health_management"))
    truth = pd.read_parquet(root / "truth" / "linkage.parquet").astype({"record_id": "str"})
    index = pd.read_parquet(out).merge(truth, on=["source", "record_id"], how="outer", validate="1:1", indicator=True)
    assert (index["_merge"] == "both").all()  # every record once, and no other
    spine = index[index["source"] == "gp"].groupby("person_id")["person"].agg(["min", "nunique"])
    index["gp_person"] = index["person_id"].map(spine["min"])
    index["people_of_spine"] = index["person_id"].map(spine["nunique"])
    return index


@pytest.fixture(scope="module")
def others(linked) -> pd.DataFrame:
    return linked[linked["source"] != "gp"]


def test_links_are_right_and_few_are_missed(others):
    links = others["gp_person"].notna()
    right = others["gp_person"] == others["person"]
    registered = others["registered"]
    assert registered.sum() > 1_500
    assert right.sum() / links.sum() >= 0.9995
    assert (right & registered).sum() / registered.sum() >= 0.99
    assert (right & registered)[others["source"] == "voluntary"].sum() >= 0.95 * registered[
        others["source"] == "voluntary"
    ].sum()


def test_nobody_whom_the_list_lacks_is_attached_to_somebody_on_it(others):
    absent = others[~others["registered"]]
    assert len(absent) > 30
    assert absent["gp_person"].notna().mean() <= 0.002


def test_nobody_of_the_list_is_two_people_nor_are_two_of_them_one(linked):
    spine = linked[linked["source"] == "gp"]
    assert (spine["people_of_spine"] == 1).all()
    assert (spine.groupby("person")["person_id"].nunique() == 1).all()


def test_no_trap_leads_to_a_wrong_person(others):
    wrong = others["gp_person"].notna() & (others["gp_person"] != others["person"])
    assert others.loc[others["trap"].notna(), "trap"].nunique() >= 8
    assert others.loc[wrong & others["trap"].notna(), "trap"].tolist() == []


def test_whoever_is_on_no_list_is_one_person_and_nobody_else(others):
    absent = others[others["gp_person"].isna() & ~others["registered"]]
    people = absent.groupby("person_id")["person"].nunique()
    assert (people == 1).all()
    pieces = absent.groupby("person")["person_id"].nunique()
    assert (pieces == 1).mean() >= 0.9


def test_recall_is_alike_whatever_the_ethnicity(others):
    found = others[others["registered"]].assign(right=lambda o: o["gp_person"] == o["person"])
    group = found["ethnicity"].str[0].map(lambda code: "White" if code in "ABC" else "other")
    recall = found.groupby(group)["right"].mean()
    assert abs(recall["White"] - recall["other"]) <= 0.03  # a few hundred records: at full size it is 0.008
