"""Files of cohorts: what is refused, with its line and the nearest word."""

from datetime import date

import pytest
from cohort_files import AUTUMN, ED, HEAD, WORKBOOK, write
from rule_answers import cohort_of, make, query_of
from small_runs import small_run

from phm_utils.errors import InputError
from phm_utils.measures.cohort_check import check_files
from phm_utils.measures.cohort_definitions import load_cohorts, read_cohort
from phm_utils.measures.cohort_run import static_words
from phm_utils.rules.tree import parse


@pytest.fixture
def refused(tmp_path):
    """The faults that a file is refused for: each a line and what is said."""

    def of(body: str) -> list[tuple[int, str]]:
        path = tmp_path / "mine.yml"
        path.write_text(HEAD + body, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            read_cohort(path, static_words(WORKBOOK, load_cohorts()))
        heading, *faults = str(caught.value).splitlines()
        assert heading == f"mine.yml: {len(faults)} fault{'s' * (len(faults) > 1)}."
        return [(int(line.removeprefix("- line ")), said) for line, said in (f.split(": ", 1) for f in faults)]

    return of


def test_every_fault_of_a_file_is_said_at_once_with_its_line_and_the_nearest_word(refused):
    faults = refused(
        "shrt: S\n"  # line 6
        "parameters: {oldest: 65}\n"
        "criteria:\n"
        "  - {column: agee, op: at least, value: 5}\n"
        "  - {has: asthmaa, within: {month: 12}}\n"
        "  - any:\n"
        "      - {has: diabetis}\n"
        "      - {events: ed_attendances, op: '>=', value: 3}\n"
        "      - {hass: copd}\n"
        "  - {column: age, op: at least, value: $oldst}\n"
        "  - {segment: Age wel}\n"
        "  - {cohort: frequent_ed_attendes}\n"
        "  - {column: sex, op: is, value: femal}\n"
        "  - {latest: bmi, op: at least, value: '30'}\n"
    )
    assert [line for line, _ in faults] == [6, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19]
    said = dict(faults)
    for line, word in ((6, "`short`"), (9, "age?"), (10, "`months`"), (12, "`diabetes`"), (14, "`has`"),
                       (15, "`$oldest`"), (17, "`frequent_ed_attenders`"), (18, "`Female`")):  # fmt: skip
        assert f"Did you mean {word}" in said[line]
    assert "none of is, is not, at least" in said[13]
    assert "Did you mean `" in said[16]
    assert "a number is needed" in said[19]


SQL = "x' OR '1'='1"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f'criteria:\n  - {{column: sex, op: is, value: "{SQL}"}}\n', "never"),
        (f'criteria:\n  - {{column: age, op: at least, value: "{SQL}"}}\n', "is int"),
        (f'criteria:\n  - {{column: "age {SQL}", op: is known}}\n', "does not have"),
        (f'criteria:\n  - {{has: "asthma{SQL}"}}\n', "is no name"),
        (f'criteria:\n  - {{has: asthma, within: {{after: "asthma{SQL}"}}}}\n', "is no name"),
        (f'criteria:\n  - {{has: asthma, within: {{months: "12 {SQL}"}}}}\n', "a whole number is needed"),
        (f'criteria:\n  - {{events: asthma, op: "= 1 {SQL}", value: 1}}\n', "is none of"),
        (f'criteria:\n  - {{events: asthma, op: at least, value: "1 {SQL}"}}\n', "a number is needed"),
        (f'criteria:\n  - {{latest: bmi, op: at least, value: "1 {SQL}"}}\n', "a number is needed"),
        (f'criteria:\n  - {{segment: "{SQL}"}}\n', "no segment"),
        (f'criteria:\n  - {{cohort: "{SQL}"}}\n', "is no name"),
        (f'{ED}alternatives:\n  - {{says: A, concept: ed_attendances, value: "1 {SQL}"}}\n', "a number is needed"),
        (f"{ED}alternatives:\n  - {{says: A, concept: ed_attendances, value: true}}\n", "a number is needed"),
        (f'{ED}alternatives:\n  - {{says: A, concept: ed_attendances, instead: "asthma{SQL}"}}\n', "is no name"),
        (f'parameters: {{n: "1 {SQL}"}}\ncriteria:\n  - {{sum: stay_fall, op: is, value: $n}}\n', "a number is needed"),
    ],
)
def test_sql_in_a_value_is_refused(refused, body, words):
    [(_, said)] = refused(body)
    assert words in said


def test_sql_in_the_name_of_a_list_is_a_name_that_nobody_is_on(tables):
    run = small_run(1)
    run["events"].append({"concept": "partner_list", "person": 1, "day": date(2022, 1, 1), "code": SQL})
    make(tables, run)
    query = query_of(tables)
    compiler, [condition] = query.conditions([parse({"list": SQL})])
    held = query.con.execute(compiler.select(["person_no", condition.as_("held")]).sql("duckdb")).fetchall()
    assert sorted(held)[:2] == [(1, True), (2, False)]


def nested(depth: int) -> str:
    rule = "{column: age, op: is known}"
    for _ in range(depth):
        rule = f"{{not: {rule}}}"
    return f"criteria:\n  - {rule}\n"


def test_10_000_terms_are_refused_flat_or_nested(refused, tmp_path):
    [(line, said)] = refused("criteria:\n" + "  - {column: age, op: at least, value: 3}\n" * 10_000)
    assert (line, said) == (6, "40,001 terms are written here, and at most 2,000 are read.")
    (tmp_path / "deep.yml").write_text(HEAD + nested(10_000), encoding="utf-8")
    with pytest.raises(InputError, match=r"deep\.yml, line 7: more than 40 levels"):
        read_cohort(tmp_path / "deep.yml")


def test_rules_within_each_other_are_read_to_a_depth(refused, tmp_path):
    (tmp_path / "deep.yml").write_text(HEAD + nested(12), encoding="utf-8")
    read_cohort(tmp_path / "deep.yml")
    [(line, said)] = refused(nested(13))
    assert line == 7
    assert "more than 12 rules within each other" in said


def test_a_cohort_of_many_criteria_is_counted_and_one_of_too_many_refused(refused, tables):
    make(tables, small_run(1))
    query, each = query_of(tables), parse({"column": "age", "op": "is known"})
    cohort = cohort_of([{"column": "age", "op": "is known"}]).model_copy(update={"criteria": (each,) * 150})
    query.place_people(cohort)
    assert query.con.execute("SELECT max(met) FROM placed").fetchall() == [(150,)]
    [(_, said)] = refused("criteria:\n" + "  - {column: age, op: is known}\n" * 401)
    assert "more than 400 criteria" in said


def test_a_cohort_that_refers_to_itself_through_another_is_refused_with_the_circle(tmp_path):
    paths = write(
        tmp_path,
        a="criteria:\n  - {cohort: b}\n",
        b="criteria:\n  - {not: {cohort: c}}\n",
        c="criteria:\n  - any: [{cohort: a}, {has: asthma}]\n",
        d="criteria:\n  - {cohort: d}\n",
        e="criteria:\n  - {has: asthma}\n",
    )
    faults = {found.path.stem: found.fault for found in check_files(paths, WORKBOOK)}
    assert "The cohort `a` refers to itself: a, b, c and a." in faults["a"]
    assert "The cohort `d` refers to itself: d and d." in faults["d"]
    assert faults["b"]
    assert faults["c"]
    assert faults["e"] == ""


def test_cohorts_that_refer_to_two_others_each_over_forty_levels_are_refused_at_once(tmp_path):
    bodies = {f"c{n}": f"criteria:\n  - {{cohort: c{n + 1}}}\n  - {{not: {{cohort: c{n + 1}}}}}\n" for n in range(40)}
    paths = write(tmp_path, **bodies, c40="criteria:\n  - {has: asthma}\n")
    first = check_files(paths, WORKBOOK)[0]
    assert "more than 400 criteria" in first.fault


HOME = "neutral_title: N\nneutral_reason: R\n"
OTHERS = "criteria:\n  - {household: {has: asthma}}\n"


def test_what_is_asked_of_others_in_the_household_stands_in_the_file_itself(tmp_path):
    paths = write(
        tmp_path,
        home=HOME + OTHERS,
        through="criteria:\n  - {cohort: home}\n",
        beside=f"{HOME}{OTHERS}  - {{cohort: home}}\n",
        plain=OTHERS,
        twice=f"{HOME}criteria:\n  - {{household: {{not: {{household: {{has: asthma}}}}}}}}\n",
    )
    faults = {found.path.stem: found.fault for found in check_files(paths, WORKBOOK)}
    assert faults["home"] == faults["beside"] == ""
    assert "refers to `home`, which asks for something of others in the household" in faults["through"]
    assert "need `neutral_title` and `neutral_reason`" in faults["plain"]
    assert "line 9: a household within a household" in faults["twice"]


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        (
            "criteria:\n  - {has: asthma, within: {from: 2025-01-01, to: 2025-04-01}}\n",
            7,
            "2025-04-01, after the index date",
        ),
        ("criteria:\n  - {has: asthma, within: {from: 2025-02-01, to: 2025-01-01}}\n", 7, "before it begins"),
        ("criteria:\n  - {has: asthma, within: {from: 2024-02-30}}\n", 7, "there is no day"),
        ("criteria:\n  - {has: asthma, within: {months: 0}}\n", 7, "at least one day"),
        ("criteria:\n  - {has: asthma, within: {months: 3, days: 2}}\n", 7, "give one of days, months and years"),
        ("criteria:\n  - {has: asthma, within: {years: 121}}\n", 7, "at most 120"),
        ("criteria:\n  - {has: asthma, within: {months: 3, which: first}}\n", 7, "belong to a window from an event"),
        ("criteria:\n  - {has: asthma, within: {after: copd, before: copd}}\n", 7, "exclude each other"),
        ("criteria:\n  - {has: asthma, within: {after: copd, to: 2025-01-01}}\n", 7, "has no `from`"),
        (
            "criteria:\n  - {has: asthma, within: {after: copd, months: 3, starting: {days: 100}}}\n",
            7,
            "starts 100 days from the event and ends 3 months from it",
        ),
        ("criteria:\n  - {latest: bmi, age: {op: between, months: 3}}\n", 7, "`between` is none of"),
        ("criteria:\n  - {latest: bmi}\n", 7, "`op` and `value`, or `age`"),
        ("criteria:\n  - {latest: asthma, op: is, value: 1}\n", 7, "have no value"),
        ("criteria:\n  - {sum: bmi, op: is, value: 1}\n", 7, "not amounts"),
        ("criteria:\n  - {events: op_attendances, distinct: code, op: is, value: 1}\n", 7, "have no code"),
        ("criteria:\n  - {events: asthma, op: between, value: 1}\n", 7, "`between` takes two numbers"),
        ("criteria:\n  - {events: asthma, op: between, value: [3, 1]}\n", 7, "the smaller number: [1, 3]"),
        ("criteria:\n  - {column: registered_from, op: at least, value: 9999 years ago}\n", 7, "is date"),
        ("criteria:\n  - {count: [{has: asthma}], op: at least, value: 2}\n", 7, "2 of 1 rules can never hold"),
        ("criteria:\n  - {has: asthma, events: asthma}\n", 7, "make two rules"),
        ("criteria:\n  - all: []\n", 7, "takes a list of rules"),
        ("criteria:\n  - asthma\n", 7, "a rule is written as"),
        ("criteria: asthma\n", 6, "is a list of rules"),
        ("", 1, "is a list of rules"),
        ("valid: {from: 2025-01-01, to: 2024-01-01}\ncriteria:\n  - {has: asthma}\n", 6, "before it begins"),
        ("written: []\ncriteria:\n  - {has: asthma}\n", 6, "`written` is not known"),
        ("parameters: {a: [1, 2]}\ncriteria:\n  - {has: asthma}\n", 6, "one value is needed"),
        ("criteria:\n  - {has: asthma, within: {months: $months}}\n", 7, "no parameter `months`"),
        (ED + "alternatives:\n  - {says: A, concept: ed_attendances, value: 7}\n", 9, "changes nothing"),
        (ED + "alternatives:\n  - {says: A, concept: ed_attendances, months: 12}\n", 9, "changes nothing"),
        ("parameters: {a: 1}\n" + ED + "alternatives:\n  - {says: A, parameter: a, value: 2}\n", 10, "changes nothing"),
        (ED + "alternatives:\n  - {says: A, parameter: a, value: 2}\n", 9, "which the file does not have"),
        (ED + "alternatives:\n  - {says: As defined, concept: ed_attendances, value: 5}\n", 9, "already names another"),
        (ED + "alternatives:\n  - {says: A, concept: asthma, value: 5}\n", 9, "which 0 criteria use"),
        (ED + "alternatives:\n  - {says: A, concept: ed_attendances, instead: asthmaa}\n", 9, "Did you mean `asthma`"),
        (
            "criteria:\n  - {has: asthma, within: {from: 2024-01-01}}\n"
            "alternatives:\n  - {says: A, concept: asthma, months: 6}\n",
            9,
            "a window between days has no length",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_line(tmp_path, body, line, words):
    [path] = write(tmp_path, mine=body)
    with pytest.raises(InputError) as caught:
        read_cohort(path, static_words(WORKBOOK, {}))
    said = str(caught.value).casefold()
    assert f"line {line}: " in said
    assert words.casefold() in said
    assert "\n" not in said.partition("\n")[2]  # one fault, said once


# A rule that changes yearly.


def test_a_rule_of_another_year_is_refused_by_the_check_and_so_is_what_refers_to_it(tmp_path):
    paths = write(tmp_path, autumn=AUTUMN, through="criteria:\n  - {not: {cohort: autumn}}\n")
    for index_date, right in (("2024-08-31", False), ("2024-10-03", True), ("2025-03-31", True), ("2025-04-01", False)):
        workbook = WORKBOOK.model_copy(update={"index_date": date.fromisoformat(index_date)})
        own, other = check_files(paths, workbook)
        assert (own.fault == "") == (other.fault == "") == right
        if not right:
            assert own.fault.startswith("its rule is for index dates from 2024-09-01 to 2025-03-31")
            assert other.fault.startswith("it refers to `autumn`: its rule is for index dates")


AUTUMN_2024 = "covid_vaccination_autumn_2024"


def test_the_run_leaves_a_rule_of_another_year_out_with_a_sentence(people):
    people.cohorts = (AUTUMN_2024,)
    for index_date in ("2024-03-31", "2026-03-31"):
        people.workbook = people.workbook.model_copy(update={"index_date": date.fromisoformat(index_date)})
        people.are([{}])
        made = people.made()
        left = made["cohort_left_out"].set_index("cohort")["needs"]
        assert left[AUTUMN_2024].startswith("its rule is for index dates from")
        assert "cohort_attrition" not in made
