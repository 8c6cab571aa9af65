"""Everybody can read a page: WCAG 2.2 AA by axe-core, no sideways scrolling at 320 points, keyboard and print."""

import pytest


def sample(tiny_run) -> list:
    """The index, and a report of the ICS and of a PCN with tables, figures and a map."""
    names = [(tiny_run.workbook.ics_code, "04_inequalities"), (tiny_run.pcn_codes[0], "03_cohorts")]
    return [tiny_run.release / "index.html", *(tiny_run.release / area / f"{name}.html" for area, name in names)]


def test_axe_finds_nothing_on_a_report(axe, tiny_run):
    assert axe(sample(tiny_run)[2]) == []


@pytest.mark.full
def test_axe_finds_nothing_on_any_page(axe, tiny_run):
    found = {path.name: axe(path) for path in sorted(tiny_run.release.rglob("*.html"))}
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("number", range(3))
def test_nothing_scrolls_sideways_at_320_points(page, tiny_run, number):
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(sample(tiny_run)[number].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_first_tab_leads_past_the_head_and_what_has_the_focus_is_seen(page, tiny_run):
    page.goto(sample(tiny_run)[1].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") > 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_report_can_be_printed_without_what_only_a_screen_needs(page, tiny_run):
    page.goto(sample(tiny_run)[1].as_uri())
    assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.locator(".contents").is_visible()
    assert page.locator(".findings").is_visible()
    assert page.locator(".synthetic").is_visible()


def test_words_grow_to_twice_their_size_without_being_cut(page, tiny_run):
    page.set_viewport_size({"width": 640, "height": 900})
    page.goto(sample(tiny_run)[1].as_uri())
    page.add_style_tag(content="html { font-size: 200% }")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
