"""The timeline of one person: of sources that may be told, 36 months, on screen once and nowhere else."""

import socket
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from list_world import ASK, DAY, KEY

from phm_utils.errors import InputError
from phm_utils.privacy.audit_seal import read_entry
from phm_utils.requests.make import make_request
from phm_utils.requests.people import asked
from phm_utils.requests.reasons import put_listed
from phm_utils.requests.show_once import show_once
from phm_utils.requests.terms import stated
from phm_utils.requests.timeline import contacts, timeline

EVENTS = [
    {"concept": "diabetes", "person": 1, "day": "2024-05-01"},
    {"concept": "diabetes", "person": 2, "day": "2024-05-01"},
    {"concept": "gp_appointments", "person": 1, "day": "2025-03-03"},
    {"concept": "gp_appointments", "person": 1, "day": "2022-04-01"},
    {"concept": "gp_appointments", "person": 1, "day": "2022-03-31"},  # 36 months and a day ago
    {"concept": "emergency_admissions", "person": 1, "day": "2024-01-10", "value": 4},
    {"concept": "mental_health_contacts", "person": 1, "day": "2024-02-01"},
    {"concept": "gp_appointments", "person": 2, "day": "2025-03-04"},
]


@pytest.fixture
def listed(world):
    """A run of two people, a request for both, and the reference of the first."""
    world.people, world.events = {1: {}, 2: {}}, EVENTS
    world.make()
    request = make_request(world.workbook, ASK, world.log()).request
    people = request.people().set_index("token")["reference"]
    return world, request, people[f"{1:032x}"]


def page_of(world, request, reference):
    return timeline(world.workbook, request.head.request, reference, lambda: KEY, world.log(), DAY, "Dr Demo")


def shown(world) -> list[tuple[str, date, date]]:
    with asked(world.workbook, stated(world.workbook, ASK)) as question:
        put_listed(question, pd.Series([f"{1:032x}"]))
        rows = contacts(question, world.workbook.index_date)
    return [(row.service, row.first.date(), row.last.date()) for row in rows.itertuples()]


def test_contacts_of_the_one_person_in_36_months_stand_in_rows_of_services(listed):
    world, _, _ = listed
    assert shown(world) == [
        ("GP appointment", date(2022, 4, 1), date(2022, 4, 1)),
        ("GP appointment", date(2025, 3, 3), date(2025, 3, 3)),
        ("Emergency admission", date(2024, 1, 10), date(2024, 1, 14)),
        ("Mental health care", date(2024, 2, 1), date(2024, 2, 1)),
    ]


def test_a_source_that_may_not_be_told_is_not_shown(listed):
    world, request, reference = listed
    world.govern("mhsds", may_be_told_to=["team"])
    assert "Mental health care" not in {service for service, _, _ in shown(world)}
    html = page_of(world, request, reference).html
    assert "ental health" not in html
    assert "GP appointments attended" in html  # what is shown is named
    assert "social care" not in html  # of which this run has no table


def test_the_page_is_of_the_person_warns_and_is_not_for_printing(listed):
    world, request, reference = listed
    html = page_of(world, request, reference).html
    assert "<h1>Name1 Surname1</h1>" in html
    assert "SYNTHETIC DATA" in html
    assert "Not to be used after 15 April 2025" in html
    assert "@media print{main{display:none}" in html
    assert "default-src 'none'" in html
    assert "Surname2" not in html
    assert "4 March 2025" not in html


def test_names_are_not_run_as_html(listed):
    world, request, reference = listed
    world.names = {1: {"surname": "<script>alert(1)</script>"}}
    world.write_vault()
    assert "<script" not in page_of(world, request, reference).html


def test_nobody_is_shown_who_is_not_on_the_list_today(listed):
    world, request, reference = listed
    for unknown in ("0" * 12, "", "../x"):
        with pytest.raises(InputError, match="lists nobody today"):
            page_of(world, request, unknown)
    world.people[1] = {"registered_to": "2025-03-01"}
    world.write_vault()
    with pytest.raises(InputError, match="lists nobody today"):
        page_of(world, request, reference)
    last = read_entry(world.log().place.log.read_bytes().splitlines()[-1])
    assert (last.action, last.facts["result"]) == ("timeline", "refused")


def test_a_request_for_another_purpose_shows_no_timeline(world):
    world.make()
    world.govern("gp_extract", may_be_told_to=["GW"])
    ask = replace(ASK, practice=None, agreement="GW", role="adviser", purpose="public_health")
    request = make_request(world.workbook, ask, world.log()).request
    with pytest.raises(InputError, match="for direct care"):
        page_of(world, request, request.people()["reference"].iloc[0])


def test_every_look_is_in_the_audit_before_the_page_is_given_out(listed):
    world, request, reference = listed
    page_of(world, request, reference)
    intent, outcome = (read_entry(line) for line in world.log().place.log.read_bytes().splitlines()[-2:])
    assert (intent.action, intent.facts["requester"]) == ("timeline", "Dr Demo")
    assert (outcome.facts["result"], outcome.facts["granted"]) == ("done", 1)
    assert reference not in str(intent.facts) + str(outcome.facts)


def fetch(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_a_page_is_given_out_once_under_its_secret_name():
    found, threads = [], []

    def read(address: str) -> None:
        def look() -> None:
            base = address.rsplit("/", 1)[0]
            found.extend([fetch(f"{base}/"), fetch(f"{base}/favicon.ico"), fetch(address)])

        threads.append(threading.Thread(target=look))
        threads[0].start()

    assert show_once("<p>Once</p>", read, seconds=20)
    threads[0].join()
    assert [status for status, _ in found] == [404, 404, 200]
    assert found[2][1] == "<p>Once</p>"


def test_a_connection_that_asks_for_nothing_keeps_nobody_from_the_page(monkeypatch):
    monkeypatch.setattr("phm_utils.requests.show_once.IDLE_SECONDS", 0.2)
    found, idle, threads = [], [], []

    def read(address: str) -> None:
        host, port = address.split("/")[2].split(":")
        idle.append(socket.create_connection((host, int(port))))  # as browsers open ahead, and say nothing on
        threads.append(threading.Thread(target=lambda: found.append(fetch(address)), daemon=True))
        threads[0].start()

    assert show_once("<p>Once</p>", read, seconds=20)
    threads[0].join(5)
    assert found == [(200, "<p>Once</p>")]


def test_an_address_of_odd_signs_is_not_found_and_takes_nothing(capfd):
    found = []

    def read(address: str) -> None:
        host, port = address.split("/")[2].split(":")

        def ask() -> None:
            with socket.create_connection((host, int(port))) as odd:
                odd.sendall(b"GET /\xc3\xa9 HTTP/1.0\r\n\r\n")
                found.append(odd.makefile("rb").read())
            found.append(fetch(address))

        threading.Thread(target=ask, daemon=True).start()

    assert show_once("<p>Once</p>", read, seconds=20)
    assert b"404" in found[0]
    assert capfd.readouterr().err == ""


def test_a_page_that_nobody_opens_is_gone():
    assert not show_once("<p>Never</p>", lambda address: None, seconds=0.05)


def test_everybody_can_read_the_page_and_its_print_is_blank(listed, axe, page, tmp_path):
    world, request, reference = listed
    path = tmp_path / "timeline.html"
    path.write_text(page_of(world, request, reference).html, encoding="utf-8")
    assert axe(path) == []
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.emulate_media(media="print")
    assert not page.locator("main").is_visible()
    assert page.locator(".paper").is_visible()
