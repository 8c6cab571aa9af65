"""The person table of a simulated PCN against the truth that it was made from."""

import pandas as pd
import pytest
from scipy import stats

from phm_utils import engine
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import load_registers

INDEX = pd.Timestamp(2025, 3, 31)
REGISTERS = [r.name for r in load_registers().registers if r.name != "obesity"]  # of which the truth does not tell
CONDITIONS = [c for c in concepts() if c.kind == "condition"]
NEVER_RESOLVED = [c.concept for c in CONDITIONS if c.in_person and not c.resolved_by and c.window_months is None]
# Codes spoilt on purpose lose about one in forty, and a handful.
LOST, FEW = 0.04, 4


@pytest.fixture(scope="module")
def con(pcn):
    """The PCN with its person table made."""
    pcn.run()
    return pcn.con


@pytest.fixture(scope="module")
def both(con) -> pd.DataFrame:
    """Everybody of whom both tell, at practices whose extract is fresh: columns of person, and `true_` ones."""
    truth = [name for (name, *_) in con.execute("DESCRIBE truth").fetchall()]
    named = ", ".join(f"truth.{name} AS true_{name}" for name in truth)
    return engine.read_sql(
        con,
        f"SELECT person.*, {named} FROM person INNER JOIN truth ON truth.token_person_id = person.person_id "
        "WHERE gp_data_to >= DATE '2025-03-01'",
    )


def wrong(found: pd.Series, true: pd.Series) -> tuple[int, int, int]:
    """How many are found and not true, true and not found, and true."""
    found, true = found.astype(bool), true.astype(bool)
    return int((found & ~true).sum()), int((true & ~found).sum()), int(true.sum())


def test_everybody_due_is_there_once(con):
    # Registered by the index date, not gone or dead by then, and not opted out. A few wrong
    # leaving dates leave somebody on a list whom the truth has gone.
    [(due, there, extra)] = con.execute(
        """WITH t AS (SELECT *, registered AND NOT type_1_opt_out AND joined <= DATE '2025-03-31'
                AND coalesce("left", DATE '2030-01-01') >= DATE '2025-03-31'
                AND coalesce(died, DATE '2030-01-01') > DATE '2025-03-31' AS due FROM truth)
        SELECT count(*) FILTER (due), count(*) FILTER (due AND p.person_id IS NOT NULL),
            count(*) FILTER (NOT due AND NOT type_1_opt_out AND p.person_id IS NOT NULL)
        FROM t LEFT JOIN person AS p ON p.person_id = t.token_person_id"""
    ).fetchall()
    assert there == due > 3_000
    assert extra <= due / 1_000
    [(rows, people)] = con.execute("SELECT count(*), count(DISTINCT person_id) FROM person").fetchall()
    assert rows == people  # some rows of every extract are sent twice


def test_there_are_conditions_to_test():
    assert len(NEVER_RESOLVED) > 20
    assert len(REGISTERS) == 20


@pytest.mark.parametrize("name", NEVER_RESOLVED)
def test_nobody_has_a_condition_that_the_truth_does_not_give_and_few_are_missed(both, name):
    false, missed, true = wrong(both[name], both[f"true_has_{name}"])
    assert false == 0
    assert missed <= LOST * true + FEW


@pytest.mark.parametrize("name", [c.concept for c in CONDITIONS if c.in_person and c.resolved_by])
def test_resolved_conditions_are_no_more(both, name):
    ended = both[f"true_resolved_{name}"]
    true = both[f"true_has_{name}"].astype(bool) & ~(ended.between(pd.Timestamp(1980, 1, 1), INDEX))
    false, missed, found = wrong(both[name], true)
    # An end whose code was spoilt is not known of.
    assert false <= LOST * ended.between(pd.Timestamp(1980, 1, 1), INDEX).sum() + FEW
    assert missed <= LOST * found + FEW


@pytest.mark.parametrize("name", REGISTERS)
def test_registers_are_those_of_the_truth(both, name):
    false, missed, true = wrong(both[f"qof_{name}"], both[f"true_register_{name}"])
    assert true >= 5
    assert false <= 0.01 * true + FEW
    assert missed <= LOST * true + FEW


def test_frailty_counts_the_deficits_of_the_truth_and_polypharmacy(both):
    # The truth has 35 deficits; medicines make the 36th.
    apart = both["efi_deficits"] - both["true_deficits"] - (both["repeat_medicines"] >= 5)
    assert (apart == 0).mean() > 0.97
    assert apart.max() <= 1
    assert both.loc[both["age"] >= 65, "efi_category"].notna().all()
    assert both.loc[both["age"] < 65, "efi_category"].isna().all()


@pytest.mark.parametrize("name", ["diabetes_type", "alcohol_risk", "frailty_coded"])
def test_statuses_are_those_of_the_truth_or_not_recorded(both, name):
    planted = both[f"true_{name}"].replace("", None).fillna("Not recorded")
    differ = both[name] != planted
    assert (both.loc[differ, name] == "Not recorded").all()
    # A status is lost by chance: once in 10,000 runs more are than this.
    assert 0 < differ.sum() <= stats.binom.ppf(0.9999, (planted != "Not recorded").sum(), LOST)


def test_ages_are_those_of_the_truth(both):
    born = both["true_date_of_birth"]
    months = (INDEX.year - born.dt.year) * 12 + INDEX.month - born.dt.month
    assert (both["age"] == months // 12).all()


def test_values_lie_around_what_was_planted(both):
    known = both[both["bmi"].notna()]
    assert len(known) > 1_000
    assert (known["bmi"] - known["true_bmi"]).abs().median() < 1.5


def test_attendances_follow_the_planted_rates(con):
    [(expected, seen)] = con.execute(
        """SELECT avg(ed_rate), avg(ed_attendances_12m)
        FROM person INNER JOIN truth ON truth.token_person_id = person.person_id WHERE NOT enrolled"""
    ).fetchall()
    assert seen == pytest.approx(expected, rel=0.15)


def test_partner_lists_are_those_of_the_truth(both):
    lists = both.filter(regex="^true_on_").astype(bool)
    assert lists.to_numpy().sum() > 100
    assert (both["partner_lists"] <= lists.sum(axis=1)).mean() > 0.99
    assert (both["partner_lists"] == lists.sum(axis=1)).mean() > 0.97
