"""The commands about the register of questions: `phm questions list | add`.

Exit codes as of `phm`: 2 where the register or an argument is refused.
"""

import argparse
from datetime import date

from phm_utils.cohort_commands import DONE, Adding
from phm_utils.errors import InputError
from phm_utils.printable import printable_lines


def question_options(command: argparse.ArgumentParser, add: Adding) -> None:
    """The commands below `phm questions`. add: makes a command of a group, as `phm` does."""
    commands = command.add_subparsers(title="commands", metavar="list|add", required=True)
    add(commands, "list", list_all, "print every question, the newest first")
    added = add(commands, "add", add_one, "add a question to parameters/questions.csv")
    added.add_argument("question", metavar="QUESTION", help="in the words in which it was asked")
    added.add_argument("--asked-by", required=True, metavar="PCN", help="a PCN or an organisation, no person")
    added.add_argument("--became", action="append", default=[], metavar="NAME", help="a cohort, a report or a request")
    added.add_argument("--came", default="", metavar="TEXT", help="what came of it")
    added.add_argument("--day", metavar="DAY", help="on which it was asked (today)")


def list_all(options: argparse.Namespace) -> int:
    """Print the register."""
    from phm_utils.measures.questions import load_questions, questions_text

    print(printable_lines(questions_text(load_questions())))
    return DONE


def add_one(options: argparse.Namespace) -> int:
    """Add a question."""
    from phm_utils.measures.questions import Question, add_question

    try:
        day = date.fromisoformat(options.day) if options.day else date.today()
    except ValueError:
        raise InputError(f"--day {options.day} is not a day such as 2025-03-31.") from None
    path = add_question(Question(day, options.asked_by, options.question, tuple(options.became), options.came))
    print(f"Added to {path.name}.")
    return DONE
