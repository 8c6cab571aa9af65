"""What is said to nest does, in the tiny run: by members, and by the counts that disclosure control reads it for."""

import pandas as pd
import pytest

from phm_utils.measures.asking import open_question
from phm_utils.measures.cohort_definitions import load_cohorts
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.privacy.relations import Nested
from phm_utils.reports.notebook import read_released
from phm_utils.runs import Store
from phm_utils.topics.cohorts.cohort_releases import ALTERNATIVE, NEST, RELEASES


@pytest.fixture(scope="module")
def store(tiny_run) -> Store:
    return Store(tiny_run.folder / "store")


@pytest.fixture(scope="module")
def nest(store) -> pd.DataFrame:
    return read_released(store.files(NEST.aggregate_name))


@pytest.fixture(scope="module")
def members(tiny_run, nest) -> dict[tuple[str, str], set[int]]:
    """The people of each definition that is named, by SQL."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHM_ROOT", str(tiny_run.root))
        cohorts = load_cohorts()
        with open_question(tiny_run.workbook) as asking:
            for name in sorted(set(nest["cohort"]) | set(nest["within_cohort"])):
                defined = cohorts[name]
                for words, variant in {
                    AS_DEFINED: defined,
                    **{other.says: defined.with_alternative(other) for other in defined.alternatives},
                }.items():
                    sql = asking.query.placed_sql(variant)
                    met = f"SELECT person_no FROM ({sql}) WHERE met = {len(variant.criteria)}"
                    found[name, words] = {person for (person,) in asking.con.execute(met).fetchall()}
    return found


def test_each_member_of_a_definition_is_one_of_that_around_it(nest, members):
    compared = 0
    for row in nest.itertuples():
        inner, outer = members[row.cohort, row.alternative], members[row.within_cohort, row.within_alternative]
        assert inner <= outer, row
        compared += 0 < len(inner) < len(outer)
    assert compared >= 30  # else the comparison would be of nobody with nobody, or of the same people


def test_definitions_that_do_not_nest_on_the_page_are_few_among_those_that_do_in_the_data(nest, members):
    said = {((r.cohort, r.alternative), (r.within_cohort, r.within_alternative)) for r in nest.itertuples()}
    same_file = [
        (a, b) for a in members for b in members if a != b and a[0] == b[0] and len(members[a]) > 20
        and members[a] < members[b]
    ]  # fmt: skip
    assert len(same_file) >= 20
    assert sum(pair in said for pair in same_file) >= 0.9 * len(same_file)


def test_counts_are_nested_and_would_not_be_the_other_way_round(store, nest):
    [relation] = [relation for relation in ALTERNATIVE.relations if isinstance(relation, Nested)]
    frame = read_released(store.files(ALTERNATIVE.aggregate_name))
    assert relation.violations(frame, ALTERNATIVE.keys, nest) == 0
    keys = dict(zip((*relation.inner, *relation.outer), (*relation.outer, *relation.inner), strict=True))
    assert relation.violations(frame, ALTERNATIVE.keys, nest.rename(columns=keys)) > 30


def test_every_release_with_a_count_of_members_says_that_it_is_nested():
    said = {release.name: {r.count for r in release.relations if isinstance(r, Nested)} for release in RELEASES}
    of_cohorts = ("cohort_size", "cohort_unit", "cohort_profile", "cohort_overlap", "cohort_pair", "cohort_programme")
    assert {name for name, counts in said.items() if "people" in counts} == {
        *of_cohorts,
        "cohort_use",
        ALTERNATIVE.name,
    }
    for name in ("cohort_profile", "cohort_overlap", "cohort_programme"):
        assert said[name] == {"people", "in_cohort"}
