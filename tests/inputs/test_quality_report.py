"""What the data-quality report shows: released, protected, and said in words."""

import pandas as pd
import pytest
from released_tables import protected

from phm_utils import engine
from phm_utils.inputs import practices_page
from phm_utils.inputs import quality_page as quality
from phm_utils.inputs.check_report import report
from phm_utils.inputs.quality import RELEASES, quality_tables


@pytest.fixture
def released(small, rows):
    """Two practices, one of them stale; 40 registrations, 20 of them without ethnicity; one broken event."""
    other = {"practice_code": "A99002", "practice_name": "Demo Ash", "published_list_size": 20}
    small.put("practice", rows["practice"] | {"published_list_size": 40}, rows["practice"] | other)
    small.put(
        "gp_registration",
        *(rows["gp_registration"] | {"registration_id": f"r{n}", "token_person_id": f"token-{n:03d}",
                                     "practice_code": f"A9900{1 + n % 2}", "ethnicity": "A" if n % 2 else "99"}
          for n in range(40)),
    )  # fmt: skip
    late = {"event_id": "e2", "practice_code": "A99002", "event_date": "2024-01-01"}
    small.put(
        "gp_event", rows["gp_event"], rows["gp_event"] | late, rows["gp_event"] | {"event_id": "e3", "unit": "x" * 300}
    )
    store = small.checked()
    with engine.session() as con:
        store.register(con)
        return protected(quality_tables(con, small.workbook()), RELEASES)


def of(released, name, area="U99001"):
    frame = released[name]
    return frame[frame["area_code"] == area].drop(columns="area_code").reset_index(drop=True)


def test_counts_are_protected(released):
    tables = of(released, "quality_tables", "QZZ").set_index("table_name")
    assert pd.isna(tables.loc["gp_event", "rows_in"])  # 3 rows
    assert tables.loc["gp_registration", "rows_in"] == 40


def test_the_account_is_of_tables_about_people(released):
    shown = quality.row_counts(of(released, "quality_tables", "QZZ"))
    assert shown["Table"].tolist() == ["GP registrations", "GP coded events"]


def test_completeness_is_by_area_and_ethnicity_not_known_is_not_filled(released):
    least = quality.least_complete(of(released, "quality_completeness"))
    row = least.set_index("Field").loc["GP registrations: ethnicity"]
    assert (row["Rows"], row["Filled"], row["Share filled"]) == (40, 20, 0.5)
    assert "filled in fewer than 90% of rows: GP registrations: ethnicity (50.0%)" in str(
        quality.completeness_finding(of(released, "quality_completeness"))
    )


def test_a_stale_practice_is_named_and_the_limit_is_a_choice(released):
    practices = of(released, "quality_practices")
    found = practices_page.freshness_finding(practices, 45)
    assert found.level == "warning"
    # From 1 January to 1 June 2024.
    assert "1 of 2 practices has no event in the last 45 days: Demo Ash (last events 152 days behind)" in str(found)
    assert practices_page.freshness_finding(practices, 365).level == "finding"
    assert practices_page.stale_by_limit(practices, (45, 365))["Practices"].tolist() == [1, 0]


def test_without_any_dated_event_no_practice_is_called_stale(released):
    practices = of(released, "quality_practices")
    everywhere = of(released, "quality_practices", "QZZ")
    assert practices_page.with_events(practices, everywhere) is practices
    none = practices_page.with_events(practices, everywhere.assign(last_event=""))
    assert none.sentence == (
        "How recent each practice's data is: left out, because this run lacks GP coded events that name their practice."
    )
    assert practices_page.freshness_finding(none, 45) is None


def test_a_list_unlike_the_published_one_is_named(released):
    practices = of(released, "quality_practices")
    assert practices_page.list_size_outliers(practices, 0.05) == ["Demo Alder"]  # 20 in the extract, 40 published
    assert practices_page.list_sizes(practices)["Difference"].tolist() == [-0.5, 0.0]
    assert str(practices_page.list_finding(practices, 0.05)) == (
        "1 of 2 lists differs from the published size by more than 5%: Demo Alder (-50.0%)."
    )


def test_practices_compared_with_no_other_are_listed_with_why():
    caution = pd.DataFrame(
        {"unit_code": ["A1", "A2", "A3"], "unit_name": ["Elm", "Oak", "Ash"], "why": ["old", "short", "old"]}
    )
    found = practices_page.caution_finding(caution, 9)
    assert str(found) == "3 of 9 practices are compared with no other: Elm and Ash (old) and Oak (short)."
    assert found.level == "warning"
    assert str(practices_page.caution_finding(caution.head(0), 9)) == "Each of 9 practices is compared with the others."


def test_tables_with_fewer_pseudonyms_than_the_rule_asks_are_all_listed():
    tokens = pd.DataFrame({"title": ["Deaths", "Lists", "Admissions"], "column_name": "token_person_id",
                           "share": [0.9999, 0.924, 0.95]})  # fmt: skip
    assert str(quality.keys_finding(tokens)) == (
        "In 2 of 3 tables about people fewer than 99.9% of rows carry the shared pseudonym: admissions (95.0%) and "
        "lists (92.4%). Rows without it are counted but linked to no person."
    )
    assert "nearly every row" in str(quality.keys_finding(tokens.assign(share=0.9999)))


def test_reasons_for_which_people_are_not_counted_are_listed_in_their_order():
    people = pd.DataFrame({"place": [3, 1, 2], "part": ["counted", "people", "people"], "registered": 1_000,
                           "what": ["North", "no pseudonym", "practice whose GP records fell silent"],
                           "people": pd.array([900, None, 90], "Int64")})  # fmt: skip
    found = quality.people_finding(people)
    assert str(found) == (
        "Of 1,000 people registered, some are not counted: no pseudonym (too few to show) and practice whose GP "
        "records fell silent (90)."
    )
    assert found.level == "warning"


def test_the_keys_that_join_people_are_counted(released):
    keys = quality.linkage_keys(of(released, "quality_completeness", "QZZ"))
    assert set(keys["Table"]) == {"GP registrations"}
    assert keys["Key"].tolist() == ["Shared pseudonym", "Sex", "Month of birth", "Small area"]


def test_findings_of_nothing_wrong_are_said(released):
    assert str(quality.faults_finding(pd.DataFrame({"disposition": [], "rows": []}))).startswith("No row broke")


def test_permissions_are_ready_to_print(released):
    shown = quality.permissions(of(released, "quality_sources", "QZZ"))
    assert shown["Source"].tolist() == ["gp_extract", "reference"]


def test_the_printed_account_is_exact(small, rows):
    text = report(small.put("gp_event", rows["gp_event"], rows["gp_event"] | {"event_id": None}).checked())
    [line] = [line for line in text.splitlines() if line.startswith("gp_event ")]
    assert line.split() == ["gp_event", "2", "=", "1", "+", "1", "0"]
