"""Every declared relation holds in the true figures of the tiny run, and every released column is the declared one."""

import pytest

from phm_utils.batch.route import route_of
from phm_utils.reports.notebook import read_released
from phm_utils.runs import Store

RELEASES = route_of("person_level").releases


@pytest.fixture(scope="module")
def store(tiny_run) -> Store:
    return Store(tiny_run.folder / "store")


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_what_is_said_of_how_figures_add_up_is_true(store, tiny_run, release):
    files = store.files(release.aggregate_name)
    if not files:
        assert not store.files(release.released_name)
        return
    frame = read_released(files)
    for relation in release.relations:
        if set(relation.columns) <= set(frame):
            assert relation.violations(frame, release.keys, tiny_run.workbook.ics_code) == 0, relation


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
