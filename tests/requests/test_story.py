"""The whole way on Demoshire: question, list, contact, what came of it; and every planted event is found again."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from phm_utils.cli import main
from phm_utils.measures.follow_up import CODE, RETURNED
from phm_utils.measures.outreach import requests_folder
from phm_utils.privacy.request_file import RequestFolder, requests_of
from phm_utils.runs import Store
from phm_utils.synthetic.outreach import CERVICAL, FRAILTY
from phm_utils.synthetic.returned_list import returned_list
from phm_utils.topics.registry import load_workbook

pytestmark = pytest.mark.full

SOURCE = Path(__file__).resolve().parents[2]
LIST_DAY, TEAM = "2025-01-06", "DEMO-DC-02"
INDEX_DATES = {"before": "2024-12-31", "after": "2025-03-31"}


def phm(*arguments: str) -> None:
    assert main(list(arguments)) == 0


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Two lists made in January from a run of December, what came back, and a run of March."""
    root = tmp_path_factory.mktemp("story")
    for folder in ("parameters", "notebooks"):
        shutil.copytree(SOURCE / folder, root / folder)
    demo = yaml.safe_load((root / "parameters" / "demo.yml").read_text(encoding="utf-8"))
    files = {name: root / "parameters" / f"{name}.yml" for name in INDEX_DATES}
    for name, path in files.items():
        content = demo | {"name": "story", "index_date": INDEX_DATES[name]}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHM_ROOT", str(root))
        patch.setattr(os, "getcwd", lambda: str(root))
        phm("simulate", "--pcns", "3", "--people-per-pcn", "12000", "--seed", "11")
        run = ("run", str(files["before"]), "--areas", "ics", "--notebooks", "03")
        phm(*run)
        phm("audit", "begin", str(files["before"]))
        asked = ("--agreement", TEAM, "--role", "care_coordinator", "--purpose", "direct_care", "--requester", "C A")
        for cohort in (FRAILTY, CERVICAL):
            phm("request", cohort, *asked, "--day", LIST_DAY, "--run", str(files["before"]))
        workbook = load_workbook(files["before"])
        requests = {found.head.cohort: found for found in requests_of(requests_folder(workbook))}
        truth = pd.read_parquet(root / "outputs/identified/landing/demoshire/truth/outreach")
        returned = root / "returned.csv"
        people = requests[FRAILTY].people().set_index("reference")["token"]
        returned_list(truth, dict(people)).to_csv(returned, index=False)
        back = ("outreach", "import", str(returned), "--request", requests[FRAILTY].head.request)
        phm(*back, "--run", str(files["after"]))
        phm("run", str(files["after"]), *run[2:])
        yield root, workbook, requests, truth


def found_again(workbook, request: RequestFolder) -> pd.DataFrame:
    """The events of a list as the run of March has them: `token`, `status`, `day`, `source`."""
    store = Store(Path(os.environ["PHM_ROOT"]) / "outputs" / workbook.name / "store")
    events = store.read("outreach_event")
    events = events[events["request"] == request.head.request].merge(request.people(), on="reference")
    return events.assign(day=pd.to_datetime(events["day"]).dt.date.astype(str))[["token", "status", "day", "source"]]


def planted(truth: pd.DataFrame, request: RequestFolder, how: str) -> set[tuple]:
    people = set(request.people()["token"])
    rows = truth[
        (truth["cohort"] == request.head.cohort) & (truth["how"] == how) & truth["token_person_id"].isin(people)
    ]
    days = pd.to_datetime(rows["day"]).dt.date.astype(str)
    return set(zip(rows["token_person_id"], rows["status"], days, strict=True))


def as_set(events: pd.DataFrame, source: str) -> set[tuple]:
    rows = events[events["source"] == source]
    return set(zip(rows["token"], rows["status"], rows["day"], strict=True))


def test_what_the_team_wrote_on_its_list_is_found_exactly(story):
    _, workbook, requests, truth = story
    expected = planted(truth, requests[FRAILTY], "returned")
    assert len(expected) > 50
    assert as_set(found_again(workbook, requests[FRAILTY]), RETURNED) == expected


@pytest.mark.parametrize("cohort", [FRAILTY, CERVICAL])
def test_what_practices_coded_is_found_with_nothing_lost(story, cohort):
    _, workbook, requests, truth = story
    expected = planted(truth, requests[cohort], "code")
    found = as_set(found_again(workbook, requests[cohort]), CODE)
    assert expected
    assert found >= expected
    # Others of the list are screened or reviewed without it: their codes are not planted, and are of other people.
    assert {person for person, *_ in found - expected}.isdisjoint(
        truth.loc[truth["cohort"] == cohort, "token_person_id"]
    )


def test_the_audit_has_the_whole_story_and_is_whole(story, capsys):
    root, _, _, _ = story
    assert main(["audit", "verify", str(root / "parameters" / "after.yml")]) == 0
    assert main(["audit", "report", str(root / "parameters" / "after.yml")]) == 0
    said = capsys.readouterr().out
    assert "WHOLE" in said
    assert said.count("asked by  C A, role care_coordinator") == 2


def test_the_report_shows_what_came_of_the_lists(story):
    root, workbook, _, _ = story
    page = (root / "outputs" / workbook.name / "release" / "QZZ" / "03_cohorts.html").read_text(encoding="utf-8")
    assert "Lists and what came of them" in page
