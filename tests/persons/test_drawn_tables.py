"""What each column of `person` draws on, tried by leaving tables out and by changing what is in them."""

from datetime import date

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.persons import persons
from phm_utils.rules.derived import person_columns, tables_behind

OLD = date(1940, 3, 1)
PEOPLE_OF_A_HOME = 11  # from which a household is communal
TABLES_TRIED = (
    *("gp_event", "gp_medication", "gp_appointment", "apc_episode", "ecds_attendance", "op_attendance"),
    *("csds_contact", "mhsds_contact", "asc_event", "partner_list", "programme_enrolment", "death"),
    *("area", "practice"),
)


def rich(page) -> dict[str, list[dict]]:
    """Some of everything, and what makes one table matter to a column of another.

    Two households with a member who died but is still on the list: of two, and of just as many as make a care home; and
    a care home of just as many, one of them with another practice.
    """
    rows = {name: list(given) for name, given in page.everything().items()}
    flags = ("income", "housing", "food")
    home, other = ([f"{name}-{n:02d}" for n in range(PEOPLE_OF_A_HOME)] for name in ("home", "other home"))
    rows["gp_registration"] += [
        page.registered("dead", household_token="household-3"),
        page.registered("housemate", household_token="household-3"),
        page.registered("long dead", household_token=None),
        *(page.registered(token, household_token="home", birth_month=OLD) for token in home),
        *(page.registered(token, household_token="other home", birth_month=OLD) for token in other[1:]),
        page.registered(other[0], household_token="other home", birth_month=OLD, practice_code="A99002"),
    ]
    rows["death"] += [
        page.about("dead", date_of_death=date(2024, 5, 1)),
        page.about("long dead", date_of_death=date(2021, 1, 5)),
        page.about(home[0], date_of_death=date(2024, 5, 1), birth_month=OLD),
    ]
    rows["gp_event"].append(page.entry("asthma", date(2025, 3, 30), token="long dead"))  # a letter that came late
    two = {"sex": "1", "birth_month": date(1988, 2, 1)}  # of the other practice, with a housemate of the first
    rows["partner_list"] += [
        page.about(token, list_name=f"C {flag}", flag=flag, list_date=date(2024, 5, 1), **who)
        for token, who in (("dead", {}), ("person-02", two))
        for flag in flags
    ]
    rows["ecds_attendance"].append(
        page.about("housemate", arrival_date=date(2025, 3, 2), department_type="01",
                   accommodation_status=page.entry("homeless", OLD)["snomed_code"])
    )  # fmt: skip
    rows["programme_enrolment"] = [page.about(programme="HIU", enrolled_from=date(2024, 1, 1))]
    # Each contact the last of all in its turn, so that each source decides somebody's last contact.
    rows["csds_contact"].append(page.about(attended="5", contact_date=date(2025, 3, 20)))
    rows["mhsds_contact"].append(page.about("person-02", attended="5", contact_date=date(2025, 3, 20), **two))
    rows["op_attendance"].append(page.about("person-05", attended="5", apptdate=date(2025, 3, 20)))
    rows["gp_appointment"].append(
        {"token_person_id": "person-03", "status": "Attended", "appt_date": date(2025, 3, 20)}
    )
    rows["apc_episode"].append(page.episode("person-06", "I219", epikey="last", admidate=date(2025, 3, 20)))
    practices = [{"practice_code": f"A9900{n}", "practice_name": n, "pcn_code": f"U9900{n}"} for n in (1, 2)]
    return rows | {"area": page.areas(), "practice": practices}


def people_alone(con, workbook):
    """The stage as far as `person`."""
    for model in persons(con, workbook):
        yield model
        if model.name == "person":
            return


def changed(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """Columns that differ for anybody who is in both."""
    both = before.index.intersection(after.index)
    assert len(both) > 2
    one, other = (frame.loc[both, list(person_columns())].astype(object) for frame in (before, after))
    same = (one == other) | (one.isna() & other.isna())
    return set(same.columns[~same.all()])


@pytest.fixture(scope="module")
def of_everything(page) -> pd.DataFrame:
    return page.made(stage=people_alone, **rich(page))["person"]


def made_of(page, rows: dict[str, list[dict]], table: str, absent: bool = False) -> list[pd.DataFrame]:
    """The people when a table has no rows, or is absent; of `practice`, without a practice or in another network."""
    others = {name: given for name, given in rows.items() if name != table}
    if table == "practice":
        first, second = rows[table]
        versions = ([first], [first, second | {"pcn_code": "U99003"}])
        return [page.made(stage=people_alone, **others, practice=version)["person"] for version in versions]
    return [page.made(stage=people_alone, absent=[table] * absent, **others, **{table: []})["person"]]


@pytest.fixture(scope="module")
def changes(page, of_everything) -> dict[str, set[str]]:
    """The columns that change when a table has no rows, by table."""
    rows = rich(page)
    return {
        table: set().union(*(changed(of_everything, person) for person in made_of(page, rows, table)))
        for table in TABLES_TRIED
    }


@pytest.mark.full
def test_every_column_names_each_table_that_changes_it(changes):
    unnamed = {(table, column) for table, columns in changes.items() for column in columns
               if table not in tables_behind(column)}  # fmt: skip
    assert unnamed == set()


@pytest.mark.full
@pytest.mark.parametrize("table", [table for table in TABLES_TRIED if table != "practice"])
def test_every_column_names_each_table_whose_absence_changes_it(page, of_everything, table):
    [person] = made_of(page, rich(page), table, absent=True)
    assert {c for c in changed(of_everything, person) if table not in tables_behind(c)} == set()


def test_of_what_is_named_beyond_needs_each_table_changes_the_column(changes):
    also = {(table, name) for name, column in person_columns().items() for table in column.also_from
            if table not in (*column.needs, "gp_registration")}  # fmt: skip
    never = also - {(table, column) for table, columns in changes.items() for column in columns}
    assert never == set()


def test_every_column_draws_on_the_registrations():
    assert all(column.draws_on[0] == "gp_registration" for column in person_columns().values())


def test_a_partners_flag_of_the_household_and_social_care_are_not_told_as_gp_facts():
    assert "partner_list" in tables_behind("flag_food")
    assert tables_behind("asc_setting") == ("gp_registration", "asc_event")
    assert "asc_event" in tables_behind("cost_pence_12m")
    assert "ecds_attendance" in tables_behind("no_fixed_abode")


def test_a_column_that_does_not_exist_draws_on_nothing_that_can_be_told():
    with pytest.raises(InputError, match="`shoe_size` is neither a column of `person` nor a fact"):
        tables_behind("shoe_size")
