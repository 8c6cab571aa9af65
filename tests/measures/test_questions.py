"""The register of questions: what is refused, what is added, and that no person's number gets in."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phm_utils.cli import main
from phm_utils.errors import InputError
from phm_utils.measures.questions import Question, add_question, holds_nhs_number, load_questions, questions_text

TODAY = date(2025, 3, 31)
HEAD = "day,asked_by,question,became,what_came_of_it\n"
ASKED = Question(date(2025, 3, 1), "North PCN", "Who is overdue?", ("cervical_screening_overdue",), "Called, half came")


@pytest.fixture
def register(tmp_path):
    """Read a register of these lines below the headings."""

    def of(*lines: str) -> list[Question]:
        path = tmp_path / "questions.csv"
        path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
        return load_questions(path, TODAY)

    return of


def test_questions_are_read_in_the_order_of_their_days(register):
    found = register(
        "2025-03-01,North PCN,Who is overdue?,cervical_screening_overdue;R-20250106-7K2M9Q; 04_inequalities,Half came",
        '2025-01-06,"The Council, Health","Who is lonely, and where?",,',
    )
    assert [question.asked_by for question in found] == ["The Council, Health", "North PCN"]
    assert found[0].became == ()
    assert found[1].became == ("cervical_screening_overdue", "R-20250106-7K2M9Q", "04_inequalities")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2025-04-01,N,Q?,,", "line 2: the day 2025-04-01 lies in the future"),
        ("31/03/2025,N,Q?,,", "line 2: the day is not one such as 2025-03-31"),
        ("2025-03-01,N,Q?,cervical_screening_overdu,", "did you mean `cervical_screening_overdue`"),
        ("2025-03-01,N,Q?,zzzz,", "name a cohort, a report or a request"),
        ("2025-03-01,N,Q?,R-20250106-7K2M9,", "no cohort, report or request"),
        ("2025-03-01,N,Was 943 476 5919 seen?,,", "`question` has what may be a person's NHS number"),
        ("2025-03-01,N,Q?,,rang 943-476-5919", "`what_came_of_it` has what may be a person's NHS number"),
        ("2025-03-01,9434765919,Q?,,", "`asked_by` has what may be a person's NHS number"),
        ("2025-03-01,N,=cmd(),,", "a sign that a spreadsheet runs"),
        (f"2025-03-01,N,{'Q' * 401},,", "more than 400 letters"),
        ("2025-03-01,,Q?,,", "line 2: no asked_by"),
        ("2025-03-01,N,Q?,,\n2025-03-01,n,q?,,", "the question of n of 2025-03-01 stands twice"),
    ],
)
def test_what_is_refused(register, line, words):
    with pytest.raises(InputError) as caught:
        register(line)
    assert words in str(caught.value)
    assert "9434765919" not in str(caught.value).replace(" ", "").replace("-", "")


def test_every_fault_is_said_at_once_with_its_line(register):
    with pytest.raises(InputError) as caught:
        register("2025-04-01,N,Q?,zzzz,", "2025-03-01,N,Q?,,", "soon,N,R?,,")
    heading, *faults = str(caught.value).splitlines()
    assert heading == "questions.csv: 3 faults."
    assert [fault.split(":")[0] for fault in faults] == ["- line 2", "- line 2", "- line 4"]


def test_a_question_is_added_and_the_other_lines_stay_as_they_are(tmp_path):
    path = tmp_path / "questions.csv"
    path.write_text("# ours\n" + HEAD + '2025-01-06,"A, B",Q?,,', encoding="utf-8")  # no end of the last line
    before = path.read_text()
    add_question(ASKED, path, TODAY)
    assert path.read_text().startswith(before + "\n")
    assert load_questions(path, TODAY)[1] == ASKED
    assert [p.name for p in tmp_path.iterdir()] == ["questions.csv"]


def test_the_first_question_makes_the_register(tmp_path):
    path = tmp_path / "questions.csv"
    assert questions_text(load_questions(path)).startswith("No question is in the register yet.")
    add_question(ASKED, path, TODAY)
    assert load_questions(path, TODAY) == [ASKED]
    assert "became cervical_screening_overdue; Called, half came" in questions_text([ASKED])


def test_a_question_that_would_be_refused_is_not_written(tmp_path):
    path = tmp_path / "questions.csv"
    add_question(ASKED, path, TODAY)
    before = path.read_bytes()
    for bad in (
        Question(date(2025, 4, 1), "N", "Q?"), Question(TODAY, "N", "Is 9434765919 well?"), ASKED,
        Question(TODAY, "N", "Q?", ("zzzz",)), Question(TODAY, "", "Q?"), Question(TODAY, "N", "=1+1"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=r"questions\.csv"):
            add_question(bad, path, TODAY)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["questions.csv"]


TEXTS = st.text("abcdef ,;\"'#\n\u00e9?", min_size=1, max_size=30).filter(lambda text: text.strip(' "#\n,'))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(TEXTS, TEXTS, st.text('abc,"\n', max_size=9)), min_size=1, max_size=4))
def test_what_is_added_is_read_again(tmp_path, rows):
    path = tmp_path / "questions.csv"
    path.unlink(missing_ok=True)
    added = 0
    for by, question, came in rows:
        try:
            add_question(Question(TODAY, by, question, (), came), path, TODAY)
        except InputError:
            continue
        added += 1
        assert " ".join(question.split()) in {q.question for q in load_questions(path, TODAY)}
    assert len(load_questions(path, TODAY)) == added


def test_only_ten_digits_that_pass_as_an_nhs_number_are_taken_for_one():
    assert holds_nhs_number("x943\u00a0476.5919y")
    assert not holds_nhs_number("9434765918")
    assert not holds_nhs_number("94347659191")
    assert not holds_nhs_number("")


def test_the_shipped_register_is_valid_and_says_that_it_is_made_up():
    found = load_questions()
    assert len(found) >= 3
    assert all(q.what_came_of_it == "" or q.what_came_of_it.startswith("Made up") for q in found)


def test_the_commands(tmp_path, monkeypatch, capsys):
    for folder in ("parameters", "notebooks"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("PHM_ROOT", str(tmp_path))
    command = ["questions", "add", "Who is overdue?", "--asked-by", "North PCN", "--day", "2025-03-01"]
    assert main(command) == 0
    assert main(["questions", "list"]) == 0
    assert "2025-03-01  North PCN: Who is overdue?" in capsys.readouterr().out
    assert main([*command[:-1], "soon"]) == 2
    assert main([*command, "--became", "zzzz"]) == 2
    assert "did you mean" not in capsys.readouterr().err
