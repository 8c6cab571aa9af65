"""Clusters: planted ones are released with their stability, and unstable ones are not."""

import numpy as np
import pytest
from released_tables import protected, table_of

from phm_utils.engine import present_tables, read_sql
from phm_utils.privacy.blocks import areas_of
from phm_utils.topics.segmentation import clusters_page
from phm_utils.topics.segmentation.clusters import ALL_ADULTS, NOT_CLUSTERED, RELEASES, STABLE_CLUSTER, cluster_tables

HEART, MIND, WELL = ("hypertension", "diabetes", "chd"), ("depression", "anxiety", "smi"), ("asthma",)


def planted() -> list[dict]:
    """2,400 adults in two PCNs, well, of the heart and of the mind; and 200 children, who are not clustered."""
    random, rows = np.random.default_rng(1), []
    for own, number in ((WELL, 1_400), (HEART, 600), (MIND, 400)):
        for n in range(number):
            has = {c: bool(random.random() < (0.7 if c in own else 0.04)) for c in (*HEART, *MIND)}
            place = {"pcn_code": "U99002", "practice_code": "A99003"} if n % 2 else {}
            rows.append({**has, **place, "age": 70 if own is HEART else 40, "gp_appointments_12m": 3})
    return [*rows, {"age": 8, "count": 200, "asthma": True}]


@pytest.fixture
def clusters(people):
    def of(rows):
        people.are(rows)
        people.workbook = people.workbook.model_copy(update={"notebooks": {"02_segmentation": {"seed": 1}}})
        people.made()
        if "cluster_of_pattern" not in present_tables(people.con):
            return {}
        names = read_sql(people.con, "SELECT segment FROM segment_rule GROUP BY segment ORDER BY min(place)")
        return protected(cluster_tables(people.con, areas_of(people.con, "QZZ"), names, ()), RELEASES)

    return of


def block(frame, code="QZZ"):
    return frame[frame["area_code"] == code].drop(columns="area_code").reset_index(drop=True)


def test_planted_clusters_are_released_with_stability_age_and_size(clusters):
    tables = clusters(planted())
    whole = block(tables["segment_cluster"]).set_index("cluster")
    assert set(whole.index) == {"A", "B", "C", NOT_CLUSTERED}
    assert (whole.loc[["A", "B", "C"], "verdict"] == STABLE_CLUSTER).all()
    assert (whole.loc[["A", "B", "C"], "jaccard"] > 0.75).all()
    assert whole["people"].sum() == pytest.approx(2_400, abs=10)  # adults alone
    assert sorted(whole.loc[["A", "B", "C"], "median_age"]) == [40, 40, 70]
    names = clusters_page.cluster_names(block(tables["segment_cluster_condition"]))
    assert sum("few conditions" in name for name in names.values()) == 1
    assert sum(all(c in name for c in ("hypertension", "diabetes", "coronary")) for name in names.values()) == 1
    assert sum(all(c in name for c in ("depression", "anxiety", "severe mental")) for name in names.values()) == 1


def test_sizes_of_networks_add_up_to_the_ics(clusters):
    frame = clusters(planted())["segment_cluster"]
    sums = frame[frame["area_code"] != "QZZ"].groupby("cluster")["people"].sum()
    for cluster, people in block(frame).set_index("cluster")["people"].items():
        assert sums[cluster] == pytest.approx(people, abs=10)  # each is rounded


def test_sentences_name_the_clusters_and_the_rules_beside_them(clusters):
    tables = clusters(planted())
    names = clusters_page.cluster_names(block(tables["segment_cluster_condition"]))
    shown = clusters_page.clusters(table_of(tables, RELEASES[0], "U99001"), names)
    assert str(clusters_page.cluster_sizes(shown)).startswith(
        "Of 3 clusters compared, none differs from the whole ICS (share of adults) beyond chance."
    )
    whole = clusters_page.clusters(block(tables["segment_cluster"]), names)
    assert str(clusters_page.cluster_sizes(whole)).startswith("Shares of adults: “A: few conditions” ")
    assert NOT_CLUSTERED not in set(shown["cluster"])  # nobody is left over
    text = str(clusters_page.stability(block(tables["segment_cluster_tried"]), shown))
    assert str(text).startswith("3 clusters were found in the ICS: 3 stable")
    crossed = clusters_page.cluster_segments(block(tables["segment_cluster_segment"]), names)
    assert "of “A: few conditions” " in str(clusters_page.rules_and_clusters(crossed))
    assert "Children and young people" not in set(crossed["segment"])
    profile = clusters_page.cluster_profile(block(tables["segment_cluster_condition"]), names)
    assert list(dict.fromkeys(profile["named"]))[-1] == ALL_ADULTS


def test_independent_conditions_give_no_cluster_and_the_page_says_so(clusters):
    random = np.random.default_rng(2)
    rows = [{c: bool(random.random() < 0.2) for c in (*HEART, *MIND)} for _ in range(1_500)]
    tables = clusters(rows)
    whole = block(tables["segment_cluster"])
    assert set(whole["cluster"]) == {NOT_CLUSTERED}
    assert clusters_page.cluster_names(block(tables["segment_cluster_condition"])) == {}
    text = str(clusters_page.stability(block(tables["segment_cluster_tried"]), clusters_page.clusters(whole, {})))
    assert str(text).startswith("No clusters are shown")


def test_too_few_adults_are_not_clustered(clusters):
    assert clusters([{"count": 999}]) == {}


def test_the_order_of_people_makes_no_difference(clusters):
    rows = planted()
    one, other = clusters(rows), clusters(rows[::-1])
    for name, frame in one.items():
        assert frame.equals(other[name]), name
