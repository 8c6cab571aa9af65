"""The cohort explorer in a running JupyterLab, without a network and by keyboard alone."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import yaml
from browser import RULES

pytestmark = pytest.mark.full

NOTEBOOK = "notebooks/explore_cohort.ipynb"
LOOPBACK = "127.0.0.1"
NOBODY = f"http://{LOOPBACK}:9"  # a proxy that does not answer: the server and its kernels reach nothing else
START = 120  # seconds
COHORT = "frequent_ed_attenders"
FOCUSED = """() => {
  const at = document.activeElement;
  const label = at.id && document.querySelector(`label[for="${at.id}"]`);
  return (label || at.closest("label") || at).innerText.split("\\n")[0].trim();
}"""


@dataclass
class Lab:
    """A JupyterLab on this machine. root: its folder."""

    root: Path
    address: str
    token: str


@pytest.fixture
def lab(tiny_run, tmp_path):
    """JupyterLab over a copy of the workbook, on the finished tiny run; ended with all that it started."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: `make test-full` installs it")
    root = _workbook(tiny_run, tmp_path / "workbook")
    token, runtime = secrets.token_hex(16), tmp_path / "runtime"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ip={LOOPBACK}", "--port=0"]
    command += [f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"]
    command += ["--LabApp.expose_app_in_browser=True"]  # to save the notebook and look at what is kept
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=_environment(root, tmp_path), stdout=log, stderr=log)
    try:
        yield Lab(root, _address(runtime, server, token), token)
    finally:
        _end(server.pid)


def _workbook(tiny_run, root: Path) -> Path:
    for folder in ("parameters", "notebooks"):
        shutil.copytree(tiny_run.root / folder, root / folder)
    content = yaml.safe_load(tiny_run.parameters.read_text(encoding="utf-8"))
    content["outputs"] = str(tiny_run.root / "outputs")
    (root / "parameters" / "demo.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return root


def _environment(root: Path, folder: Path) -> dict[str, str]:
    """No settings of the person who runs the tests, no news, no network."""
    settings = folder / "config" / "labconfig"
    settings.mkdir(parents=True)
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "page_config.json").write_text(json.dumps(quiet), encoding="utf-8")
    own = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOBODY)
    local = dict.fromkeys(("NO_PROXY", "no_proxy"), f"{LOOPBACK},localhost")
    return os.environ | own | proxies | local | {"IPYTHONDIR": str(folder / "ipython"), "PHM_ROOT": str(root)}


def _address(runtime: Path, server: subprocess.Popen, token: str) -> str:
    """Where the server answers, once it does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(START * 2):
        assert server.poll() is None, "JupyterLab ended before it answered"
        for path in runtime.glob("jpserver-*.json"):
            try:
                address = f"http://{LOOPBACK}:{json.loads(path.read_text(encoding='utf-8'))['port']}"
                opener.open(f"{address}/api/status?token={token}", timeout=5).close()
                return address
            except (OSError, ValueError):
                pass
        time.sleep(0.5)
    raise AssertionError(f"JupyterLab did not answer within {START} seconds")


def _end(pid: int) -> None:
    """End a process and all that it started, each by its id."""
    if not psutil.pid_exists(pid):
        return
    server = psutil.Process(pid)
    processes = [*server.children(recursive=True), server]
    for process in processes:
        process.terminate()
    _, left = psutil.wait_procs(processes, timeout=15)
    for process in left:
        process.kill()


@pytest.fixture
def asked(page):
    """Every address that the page asks for; only those of this machine are answered."""
    found: list[str] = []

    def answer(route) -> None:
        if urlsplit(route.request.url).hostname == LOOPBACK:
            route.continue_()
        else:
            route.abort()

    page.on("request", lambda request: found.append(request.url))
    page.on("websocket", lambda socket: found.append(socket.url))
    page.route("**/*", answer)
    return found


class Keyboard:
    """A person at a page who has no mouse."""

    def __init__(self, page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        """Press keys one after the other, at a person's pace."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(150)

    def tab_to(self, label: str) -> None:
        """Tab until the control with a label has the keyboard."""
        for _ in range(100):
            if self.focused() == label:
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not reach `{label}`")

    def choose(self, value: str) -> None:
        """Choose from the list that has the keyboard, by its arrows."""
        for _ in range(100):
            if self.page.evaluate("() => document.activeElement.value") == value:
                self.page.wait_for_timeout(500)
                return
            self.press("ArrowDown")
        raise AssertionError(f"the arrows do not reach `{value}`")

    def focused(self) -> str:
        return self.page.evaluate(FOCUSED)

    def within(self) -> bool:
        """Is the keyboard still in the explorer?"""
        return self.page.evaluate("() => document.activeElement.closest('.phm-explorer') !== null")

    def size(self, other_than: int | None = None) -> int:
        """How many people the page says there are, once it is another number."""
        said = "() => document.querySelector('.phm-size strong')?.innerText.replaceAll(',', '') ?? ''"
        self.page.wait_for_function(f"before => ![before, ''].includes(({said})())", arg=str(other_than))
        return int(self.page.evaluate(said))


def _open(page, lab: Lab) -> Keyboard:
    """Open the notebook and run its cells to the explorer, by keyboard."""
    page.set_default_timeout(1000 * START)
    page.goto(f"{lab.address}/lab/tree/{NOTEBOOK}?token={lab.token}")
    page.get_by_text("(ipykernel) | Idle").wait_for()
    hands = Keyboard(page)
    cells = json.loads((lab.root / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells[: 1 + next(n for n, c in enumerate(cells) if c["source"] == ["explorer"])]):
        hands.press("Shift+Enter")
        if cell["cell_type"] == "code":
            prompt = page.locator(".jp-Cell").nth(number).locator(".jp-InputPrompt")
            prompt.filter(has_text=re.compile(r"\[\d+\]")).wait_for()
    page.wait_for_selector(".phm-explorer select")
    hands.press("ArrowUp")
    hands.tab_to("Rule file")
    return hands


def test_the_keyboard_alone_operates_the_explorer_and_nothing_leaves_this_machine(page, lab, asked):
    hands = _open(page, lab)
    cells = page.locator(".jp-Cell").count()

    hands.choose(COHORT)
    hands.press("Tab", "Enter")
    page.get_by_text(f"Opened {COHORT}.yml.").wait_for()
    whole = hands.size()

    hands.tab_to("Value (completed years)")
    hands.press("ControlOrMeta+a", "6", "5", "Enter")
    older = hands.size(other_than=whole)
    assert 0 < older < whole
    assert hands.focused() == "Value (completed years)"

    hands.tab_to("Criterion 2")
    hands.press("Space")
    everybody = hands.size(other_than=older)
    assert everybody > older

    hands.press("Shift+Tab", "Shift+Tab")  # out of a row and back into it
    hands.tab_to("Find")
    page.keyboard.type("copd register")
    page.get_by_text("COPD register (qof_copd)").last.wait_for(state="attached")
    page.wait_for_timeout(500)
    hands.press("Tab", "Tab", "Enter")
    added = hands.size(other_than=everybody)
    assert 0 < added < everybody
    assert hands.focused() == "Column"

    hands.tab_to("Remove 4")
    hands.press("Enter")
    assert hands.size(other_than=added) == everybody
    page.wait_for_timeout(500)
    assert hands.within()

    assert page.locator(".jp-Cell").count() == cells  # no key was a command of the notebook
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {LOOPBACK}
    assert any("jupyterlab-manager" in url for url in asked)  # the widgets' own code came from here too

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    kept = json.loads((lab.root / NOTEBOOK).read_text(encoding="utf-8"))
    outputs = json.dumps([cell.get("outputs") for cell in kept["cells"]])
    assert "run this cell to see it" in outputs
    assert not re.search(rf"\b({whole}|{everybody:,}|{everybody})\b", outputs)
    assert "widgets" not in kept["metadata"]


def test_axe_finds_nothing_wrong_with_the_explorer(page, lab, asked):
    module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    hands = _open(page, lab)
    hands.choose(COHORT)
    hands.press("Tab", "Enter")
    hands.size()
    options = {"runOnly": {"type": "tag", "values": RULES}}
    found = module.Axe().run(page, context={"include": [[".phm-explorer"]]}, options=options).response
    assert len(found["passes"]) > 15
    assert [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]] == []
