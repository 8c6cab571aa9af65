"""The segmentation topic: its stages read no setting and no table that they do not declare."""

import duckdb
import pytest

from phm_utils.errors import InputError
from phm_utils.measures.topic import SEGMENTS
from phm_utils.topics.segmentation import segment_rules_page
from phm_utils.topics.segmentation.annex import AnnexParams
from phm_utils.topics.segmentation.clusters import ClusterSeed
from phm_utils.topics.segmentation.topic import CLUSTERS, MOVEMENT, TABLES, THRESHOLDS, TOPIC, SegmentationParams

KNOWN = {"bmi": 22, "bmi_months_ago": 3}


@pytest.fixture
def full(people):
    """People whom every stage of the topic has something to say about."""
    people.are([{"count": 1_100, **KNOWN}, {"count": 100, "diabetes": True, **KNOWN}])
    people.were([{"person_id": "person-0001", **KNOWN}])
    people.con.execute(
        "CREATE TABLE register_reconciled AS SELECT 'A99001' AS practice_code, 'U99001' AS pcn_code, 'dm' AS register, "
        "'Diabetes' AS title, 100 AS counted, 90 AS published, DATE '2025-03-31' AS as_at"
    )
    people.made()
    return people


@pytest.mark.parametrize("stage", TOPIC.stages, ids=lambda stage: stage.name)
def test_a_stage_makes_all_its_tables_from_the_tables_and_settings_that_it_declares(full, stage):
    with duckdb.connect() as con:
        for table in stage.reads:
            con.register(table, full.con.sql(f"SELECT * FROM {table}").to_arrow_table())
        made = [model.name for model in stage.models(con, full.workbook)]
        assert sorted(made) == sorted(stage.makes)


def test_a_seed_makes_the_clusters_anew_and_nothing_else(people):
    seeded = people.workbook.model_copy(update={"notebooks": {"02_segmentation_annex": {"seed": 1}}})
    changed = [s.name for s in (SEGMENTS, *TOPIC.stages) if s.values(people.workbook) != s.values(seeded)]
    assert changed == [CLUSTERS.name]


def test_another_segmentation_leaves_the_clusters_as_they_are(people):
    other = people.workbook.model_copy(update={"notebooks": {"02_segmentation": {"segmentation": "core20plus"}}})
    changed = [s for s in TOPIC.stages if s.values(people.workbook) != s.values(other)]
    assert {THRESHOLDS, MOVEMENT} <= set(changed)
    assert not {CLUSTERS, TABLES} & set(changed)
    names = [{path.stem for path in THRESHOLDS.input_files(w)} for w in (people.workbook, other)]
    assert "snee" in names[0] - names[1]
    assert "core20plus" in names[1] - names[0]


def test_other_disclosure_rules_make_no_clusters_anew(people):
    strict = people.workbook.model_copy(
        update={"disclosure": people.workbook.disclosure.model_copy(update={"round_to": 10})}
    )
    changed = [s.name for s in TOPIC.stages if s.values(people.workbook) != s.values(strict)]
    assert changed == [TABLES.name]


def test_the_parameters_of_the_run_are_the_rules_and_the_seed_and_the_burden_is_of_the_view():
    assert set(SegmentationParams.run_fields()) == {"index_date", "segmentation"}
    assert set(AnnexParams.run_fields()) == {"index_date", "segmentation", "seed"}
    assert ClusterSeed.NOTEBOOK == AnnexParams.NOTEBOOK


def test_the_annex_is_of_the_segmentation_that_the_report_names(people):
    said = {"02_segmentation": {"segmentation": "core20plus"}, "02_segmentation_annex": {"seed": 5}}
    chosen = AnnexParams.run_values(people.workbook.model_copy(update={"notebooks": said}))
    assert (chosen["segmentation"], chosen["seed"]) == ("core20plus", 5)


class Used:
    """A run that knew one definition file."""

    def __init__(self, folder, names):
        self.folder, self.names = folder, names

    def definition(self, path):
        if path not in self.names:
            raise InputError(f"This run did not use {path}.")
        return self.folder / path


def test_the_words_of_the_rules_are_those_of_the_file_that_the_run_used(tmp_path):
    mine = "parameters/segments/mine.yml"
    (tmp_path / mine).parent.mkdir(parents=True)
    (tmp_path / mine).write_text(
        "title: Mine\nsource: S\nsegments:\n  - name: Old\n    about: x\n    rules:\n"
        "      - {says: Old, column: age, op: at least, value: 65}\n"
        "otherwise: {name: Others, about: y, says: none}\n",
        encoding="utf-8",
    )
    run = Used(tmp_path, {mine})
    assert segment_rules_page.load(run, "mine").title == "Mine"
    with pytest.raises(InputError, match="did not use parameters/segments/snee"):
        segment_rules_page.load(run, "snee")
