"""Lists that are broken off, made twice at once, or lie in a damaged folder."""

import os
from datetime import timedelta

import openpyxl
import pytest
from list_steps import listed, read_list, request_of
from list_world import DAY

from phm_utils.errors import InputError
from phm_utils.measures.outreach import requests_folder
from phm_utils.privacy.audit_log import Recorded
from phm_utils.requests.list_files import EXCEL, alone, remove_expired

LATER = DAY + timedelta(days=30)


def draft_of(world, request):
    """A draft of another process."""
    folder = world.identified / "lists" / f".{request.head.request}.1.part"
    folder.mkdir(parents=True)
    (folder / "list.csv").write_text("Surname\nSmith\n")
    return folder


def test_the_draft_of_a_killed_command_goes_even_when_the_next_is_refused(world):
    world.make()
    request = request_of(world)
    draft = draft_of(world, request)
    with pytest.raises(InputError):
        listed(world, request, day=LATER)
    assert not draft.exists()


def test_who_cannot_wait_for_another_list_is_told_and_the_other_goes_on(world, monkeypatch):
    world.make()
    request = request_of(world)
    monkeypatch.setattr("phm_utils.requests.list_files.WAIT_SECONDS", 0.01)
    with alone(world.identified):
        draft = draft_of(world, request)
        with pytest.raises(InputError, match="Another command"):
            listed(world, request)
        assert draft.exists()
    listed(world, request)
    assert not draft.exists()


def test_a_name_that_no_sheet_can_hold_stops_no_list(world):
    world.names = {1: {"surname": "O\x07Brien\u202e", "forename": "An\x00n"}}
    world.make()
    made = listed(world, request_of(world))
    sheet = openpyxl.load_workbook(made.folder / EXCEL).active
    texts = [cell.value for row in sheet.iter_rows() for cell in row]
    assert "O\ufffdBrien" in texts
    assert "O\ufffdBrien" in set(read_list(made.folder)["Surname"])


def test_an_expired_list_goes_though_its_request_cannot_be_read(world):
    world.make()
    request = request_of(world)
    place = listed(world, request).folder
    (request.path / "request.json").write_text("{")
    assert remove_expired(world.identified, requests_folder(world.workbook), DAY) == 0
    assert remove_expired(world.identified, requests_folder(world.workbook), LATER) == 1
    assert not place.exists()


def test_a_list_that_cannot_be_put_in_its_place_is_said_and_its_draft_removed(world, monkeypatch):
    world.make()
    request = request_of(world)

    def fails(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(InputError, match="cannot be written"):
        listed(world, request)
    assert list((world.identified / "lists").iterdir()) == []


def test_a_request_is_in_its_place_only_when_the_audit_has_it(world, monkeypatch):
    world.make()
    seen = []
    real = Recorded.outcome

    def outcome(entry, facts):
        seen.append([path.name for path in requests_folder(world.workbook).glob("R-*")])
        return real(entry, facts)

    monkeypatch.setattr(Recorded, "outcome", outcome)
    request = request_of(world)
    assert seen == [[]]  # so a kill just then leaves a request that nobody can use
    assert request.path.is_dir()
