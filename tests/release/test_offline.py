"""A page calls nobody: opened in a browser it asks for itself alone, and it says so in its policy."""

import re

import pytest
from bs4 import BeautifulSoup

from phm_utils.reports.pages import script_hash

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
FETCHES = {"src", "srcset", "poster", "data", "xlink:href"}
CSS_FETCHES = re.compile(r"@import|url\(\s*[\"']?(?!data:|#)", re.IGNORECASE)


def sample(tiny_run) -> list:
    """The index and two reports: enough to see every template and a map."""
    names = [(tiny_run.workbook.ics_code, "04_inequalities"), (tiny_run.pcn_codes[0], "00_data_quality")]
    return [tiny_run.release / "index.html", *(tiny_run.release / area / f"{name}.html" for area, name in names)]


def requests_of(page, path) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri(), wait_until="networkidle")
    return [url for url in asked if not url.startswith("data:")]


def test_every_page_has_the_policy_and_nothing_to_fetch(tiny_run):
    pages = sorted(tiny_run.release.rglob("*.html"))
    assert len(pages) > 10
    for path in pages:
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
        scripts = soup.find_all("script")
        # An index of many areas and a page with a long table have one script, in the page itself, which its policy
        # names by hash.
        hashes = [f"; script-src '{script_hash(script.string)}'" for script in scripts if not script.attrs]
        assert policy == POLICY + "".join(hashes)
        assert len(scripts) == len(hashes) <= 1
        assert soup.find(["iframe", "link", "object", "embed", "base", "form"]) is None, path
        for tag in soup.find_all(True):
            calls = [v for name, v in tag.attrs.items() if name in FETCHES and not str(v).startswith(("data:", "#"))]
            assert not calls, f"{path}: {tag.name}"
            assert not any(name.startswith("on") for name in tag.attrs), f"{path}: {tag.name}"
        assert not CSS_FETCHES.search("\n".join(style.get_text() for style in soup.find_all("style"))), path


def test_links_lead_to_pages_that_are_there(tiny_run):
    for path in tiny_run.release.rglob("*.html"):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for link in soup.find_all("a", href=True):
            target, _, anchor = link["href"].partition("#")
            assert not target or (path.parent / target).is_file(), f"{path}: {link['href']}"
            assert not anchor or soup.find(id=anchor), f"{path}: {link['href']}"


def test_no_page_tells_where_or_when_it_was_made(tiny_run):
    for path in tiny_run.release.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert str(tiny_run.root) not in text
        assert not re.search(r"\d{2}:\d{2}:\d{2}", text), path


@pytest.mark.parametrize("number", range(3))
def test_a_browser_asks_for_the_page_alone(page, tiny_run, number):
    path = sample(tiny_run)[number]
    assert requests_of(page, path) == [path.as_uri()]


@pytest.mark.full
def test_a_browser_asks_for_every_page_alone(page, tiny_run):
    for path in sorted(tiny_run.release.rglob("*.html")):
        assert requests_of(page, path)[-1:] == [path.as_uri()]
