"""A browser to read finished pages with."""

import shutil
import tempfile

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "msedge")
QUIET = (  # the browser calls nobody on its own account: requests seen are the page's
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def browser():
    """Chromium of this machine; without one, what needs it is skipped."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: `make test` installs it"
    )
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine, so no page was opened in a browser (Debian: apt install chromium)")
    with playwright.sync_playwright() as started, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        context = started.chromium.launch_persistent_context(home, executable_path=program, args=list(QUIET))
        yield context
        context.close()


@pytest.fixture
def page(browser):
    """A fresh page of 1,200 by 900 points."""
    opened = browser.new_page()
    opened.set_viewport_size({"width": 1200, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def axe(page):
    """Open a page with every table behind a figure unfolded; what axe finds wrong with it."""
    module = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed: `make test` does"
    )

    def findings(path) -> list[str]:
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = module.Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
        assert len(found.response["passes"]) > 15
        return [f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:120]})" for v in found.response["violations"]]

    return findings
