"""Every declared relation holds in the true figures of the tiny run, and every released column is the declared one."""

import pandas as pd
import pytest

from phm_utils.batch.route import route_of
from phm_utils.privacy.relations import Nested, Relation, SameAs, Whole, violations
from phm_utils.reports.notebook import read_released
from phm_utils.runs import Store

RELEASES = route_of("person_level").releases


@pytest.fixture(scope="module")
def store(tiny_run) -> Store:
    return Store(tiny_run.folder / "store")


def figures_of(store: Store, relation: Relation) -> dict[str, pd.DataFrame]:
    """True figures of the release that a relation reads, if it reads one and the run made it."""
    named = [release for release in RELEASES if release.name == getattr(relation, "release", None)]
    found = {release.name: store.files(release.aggregate_name) for release in named}
    return {name: read_released(files) for name, files in found.items() if files}


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_what_is_said_of_how_figures_add_up_is_true(store, tiny_run, release):
    files = store.files(release.aggregate_name)
    if not files:
        assert not store.files(release.released_name)
        return
    frame = read_released(files)
    for relation in release.relations:
        if set(relation.columns) <= set(frame):
            others = figures_of(store, relation)
            assert violations(relation, frame, release.keys, tiny_run.workbook.ics_code, others) == 0, relation


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_released_table_has_the_columns_and_types_that_it_declares(store, release):
    files = store.files(release.released_name)
    if not files:
        return
    frame = read_released(files)
    optional = {c.name for c in release.columns if c.optional}
    assert [n for n in release.names if n in frame or n not in optional] == list(frame)
    kinds = {"int": "iu", "float": "fiu", "bool": "b", "text": "OUT"}
    filled = [c for c in release.columns if c.name in frame and frame[c.name].notna().any()]
    wrong = {c.name: str(frame[c.name].dtype) for c in filled if frame[c.name].dtype.kind not in kinds[c.type]}
    assert wrong == {}


def test_relations_read_releases_that_are_declared_with_the_keys_that_they_read():
    declared = {release.name: release for release in RELEASES}
    read = [relation for release in RELEASES for relation in release.relations if hasattr(relation, "release")]
    assert {relation.release for relation in read} == {
        *("cohort_nest", "cohort_size", "list_people", "vulnerable_beyond", "vulnerable_support"),
    }
    for relation in read:
        match relation:
            case Nested():
                columns = {*relation.inner, *relation.outer}
            case SameAs():
                columns = {relation.other, *relation.on}
            case Whole():
                columns = {relation.inner, relation.outer}
        assert columns <= set(declared[relation.release].aggregate_columns), relation
