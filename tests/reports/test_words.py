"""Local voices and the sentences of the card."""

from datetime import date

import pytest

from phm_utils.errors import InputError
from phm_utils.reports.voices import read_voice
from phm_utils.reports.words import day, extracts, practices_summary
from phm_utils.wording import all_lacking, lacking


@pytest.fixture
def voice(tmp_path):
    def write(text: str):
        folder = tmp_path / "parameters" / "local"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "U99001.md").write_text(text, encoding="utf-8")
        return read_voice("U99001", tmp_path)

    return write


def test_a_voice_has_an_author_a_date_and_paragraphs(voice):
    found = voice("author: Amina Yusuf, connector\ndate: 2025-04-12\n\nThe bus\nstops at six.\n \nThe café.\n")
    assert (found.author, found.date) == ("Amina Yusuf, connector", date(2025, 4, 12))
    assert found.paragraphs == ("The bus stops at six.", "The café.")


def test_an_area_without_a_file_has_no_voice(tmp_path):
    assert read_voice("U99001", tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "The bus stops at six.",
        "author: A\n\nWords.",
        "author: A\ndate: 12 April\n\nWords.",
        "author: A\ndate: 2025-04-12\n",
    ],
)
def test_a_text_without_author_date_or_words_is_refused(voice, text):
    with pytest.raises(InputError, match=r"parameters/local/U99001\.md must open with"):
        voice(text)


def present(name: str, last: str | None) -> dict:
    return {"name": name, "state": "present", "last_date": last}


def test_extracts_that_end_on_one_day_are_said_once():
    assert extracts([present("GP", "2025-04-30"), present("ED", "2025-04-30")]) == "Every extract ends on 30 April 2025"
    assert extracts([present("GP", "2025-04-30")]) == "GP to 30 April 2025"


def test_extracts_that_end_on_several_days_are_listed_newest_first():
    summary = extracts([present("GP", "2025-03-31"), present("ED", "2025-04-30"), present("OP", "2025-03-31")])
    assert summary == "ED to 30 April 2025; GP, OP to 31 March 2025"


def test_published_files_carry_their_dates_in_their_names():
    assert extracts([present("QOF 2020-21", None), present("IMD 2019", None)]) == "QOF 2020-21; IMD 2019"


def test_practices_without_data_and_with_old_data_are_named():
    assert practices_summary({"total": 1, "missing": [], "stale": []}) == "1 practice, all with up-to-date data"
    summary = practices_summary({"total": 5, "missing": ["Hill"], "stale": ["Church", "Vale"]})
    assert summary == "5 practices; not counted, as their data are missing: Hill; old data from Church, Vale"


def test_practices_of_a_run_without_events_have_no_recent_data_and_no_old():
    practices = {"total": 5, "missing": ["Hill"], "stale": [], "dated": False}
    assert practices_summary(practices) == (
        "5 practices; nobody registered with Hill; how recent their data are is not known without GP coded events"
    )


def test_what_a_run_lacks_is_said_once_and_by_its_title():
    assert (
        all_lacking(["gp_event, apc_episode", "gp_event", ""]) == "GP coded events and admitted patient care episodes"
    )
    assert all_lacking(["unit_costs"]) == "national unit costs"
    assert lacking("gp_registration.household_token") == "GP registrations (field household_token)"


def test_a_day_is_written_out():
    assert day("2025-03-01") == "1 March 2025"
