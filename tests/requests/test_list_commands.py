"""`phm request`, `phm reidentify` and `phm timeline` as they are typed."""

import json

import pytest
import yaml
from household_world import council, gateways
from list_world import DAY, token

from phm_utils.cli import main
from phm_utils.measures.outreach import requests_folder
from phm_utils.privacy.audit_seal import read_entry
from phm_utils.privacy.household_request import household_requests_of
from phm_utils.privacy.request_file import requests_of
from phm_utils.requests import show_once


@pytest.fixture
def phm(world, capsys):
    """Run a command on the world's parameter file; its exit code, and what it printed on both streams."""
    world.make()
    path = world.root / "parameters" / "tiny.yml"
    path.write_text(yaml.safe_dump(json.loads(world.workbook.model_dump_json(exclude_unset=True))), encoding="utf-8")

    def run(command: str, *others: str) -> tuple[int, str, str]:
        code = main([*command.split(), *others, "--run", str(path), "--day", str(DAY)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


REQUEST = "request tiny --practice A99001 --role gp --purpose direct_care"


def test_a_question_becomes_a_request_a_list_and_a_timeline(phm, world, monkeypatch):
    code, out, _ = phm(REQUEST, "--requester", "Dr Demo")
    assert code == 0
    assert "5 people for Practice A99001, agreement DC; to be used until 15 April 2025" in out
    [request] = requests_of(requests_folder(world.workbook))
    code, out, _ = phm(f"reidentify {request.head.request}", "--requester", "Data manager")
    assert code == 0
    assert "5 of 5 people, for Practice A99001 alone" in out
    pages = []
    monkeypatch.setattr(show_once, "show_once", lambda html: pages.append(html) or True)
    reference = request.people().set_index("token")["reference"][token(2)]
    code, out, _ = phm(f"timeline {request.head.request} {reference}", "--requester", "Dr Demo")
    assert (code, out.strip()) == (0, "The page was shown once.")
    assert "Name2 Surname2" in pages[0]
    assert "Surname2" not in out


def test_a_timeline_that_nobody_opened_ends_with_1(phm, world, monkeypatch):
    phm(REQUEST, "--requester", "Dr Demo")
    [request] = requests_of(requests_folder(world.workbook))
    monkeypatch.setattr(show_once, "show_once", lambda html: False)
    reference = request.people()["reference"].iloc[0]
    code, out, _ = phm(f"timeline {request.head.request} {reference}", "--requester", "Dr Demo")
    assert (code, out.strip()) == (1, "Nobody opened the page; it is gone.")


def test_refusals_end_with_2_and_name_no_person(phm, world):
    code, _, err = phm(REQUEST.replace("--role gp", "--role analyst"), "--requester", "Dr Demo")
    assert (code, "roles gp and not analyst" in err) == (2, True)
    code, _, err = phm("reidentify R-20250401-AAAAAA", "--requester", "Data manager")
    assert (code, "has no request" in err) == (2, True)


@pytest.mark.parametrize("left_out", ["--role gp", "--purpose direct_care"])
def test_role_and_purpose_have_no_default(phm, left_out):
    with pytest.raises(SystemExit, match="2"):
        phm(REQUEST.replace(left_out, ""), "--requester", "Dr Demo")


def test_a_key_of_real_data_is_asked_for(phm, world):
    phm(REQUEST, "--requester", "Dr Demo")
    [request] = requests_of(requests_folder(world.workbook))
    code, _, err = phm(f"reidentify {request.head.request} --key-file /nowhere/key", "--requester", "Data manager")
    assert (code, "cannot be read" in err) == (2, True)
    last = read_entry(world.log().place.log.read_bytes().splitlines()[-1])
    assert (last.action, last.facts["result"]) == ("reidentify", "refused")


OF_HUB = "--households --agreement HUB --role hub_manager --purpose public_health"


def test_households_of_a_model_are_asked_for_and_listed(phm, world):
    council(world).make()
    code, out, _ = phm(f"request cold {OF_HUB}", "--requester", "Hub Manager")
    assert code == 0
    assert "2 households for The hub, agreement HUB; to be used until 15 April 2025" in out
    [request] = household_requests_of(requests_folder(world.workbook))
    code, out, _ = phm(f"reidentify {request.head.request}", "--requester", "Data manager")
    assert (code, "2 of 2 households, for The hub alone" in out) == (0, True)
    code, _, err = phm(f"timeline {request.head.request} ABC", "--requester", "Dr Demo")
    assert (code, "is for households, and names nobody" in err) == (2, True)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            f"{OF_HUB} --fields clinical_band",
            "no gateway",
        ),
        ("--households --practice A99001 --role gp --purpose direct_care", "A practice is given people"),
        ("--practice A99001 --role gp --purpose direct_care --fields children", "`--fields` is of households"),
    ],
)
def test_what_households_may_not_say_ends_with_2(phm, world, command, says):
    council(world).make()
    code, _, err = phm(f"request cold {command}", "--requester", "Hub Manager")
    assert (code, says in err) == (2, True)


def test_the_doctor_names_gateways_that_have_expired(phm, world, capsys):
    council(world).make()
    gateways(world, "children", "alone_70", expires="2020-12-31")
    main(["doctor", str(world.root / "parameters" / "tiny.yml")])
    said = capsys.readouterr().out
    assert "told to nobody: HUB: alone_70, HUB: children" in said
