"""Each report of a small seeded ICS, and of a made-up ICB from published files, says what it said before.

`expected/<report>.<area>.txt` has its sentences, each once, and what it shows, in order: a changed sentence is one
changed line. `expected/<report>.<area>.json` has the tables by value, a row a line. After a meant change:
`pytest tests/notebooks --renew-expected`, then read the difference like any other code.
"""

import json
from pathlib import Path

import nbformat
import published_place
import pytest
import yaml
from bs4 import BeautifulSoup

from phm_utils.batch.route import route_of
from phm_utils.cli import main
from phm_utils.runs import project_root

EXPECTED = Path(__file__).parent / "expected"
PERSON_LEVEL, PUBLISHED = (route_of(data).notebooks for data in ("person_level", "published"))
PLACES = ("ics", "pcn")


@pytest.fixture(scope="module")
def published_run(tmp_path_factory) -> Path:
    """The folder of a run on published files of a made-up ICB."""
    folder = tmp_path_factory.mktemp("published_run")
    (folder / "files").mkdir()
    workbook = published_place.write(folder / "files")
    content = workbook.model_dump(mode="json", exclude_defaults=True) | {"outputs": str(folder / "outputs")}
    parameters = folder / "place.yml"
    parameters.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHM_ROOT", str(project_root()))
        assert main(["run", str(parameters), "--areas", "QZZ,U99001"]) == 0
    return folder / "outputs" / workbook.name


def shown(notebook: Path) -> list[BeautifulSoup]:
    """What a finished notebook put on its page, in order."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert [o for o in outputs if o.output_type in ("error", "stream")] == []
    return [BeautifulSoup(o.data["text/html"], "html.parser") for o in outputs if "text/html" in o.get("data", {})]


def page_in_words(folder: Path, report: str, area: str) -> str:
    """Findings, then what is shown: captions with the columns of their tables, and the words of figures without one."""
    found = json.loads((folder / area / f"{report}.findings.json").read_text(encoding="utf-8"))
    lines = [f"{f['level']}: {f['text']}" for f in found]
    said = {f["text"] for f in found}
    for part in shown(folder / area / f"{report}.ipynb"):
        table, image = part.find("table"), part.find("img")
        if table is None:
            lines += [p.get_text() for p in part.find_all("p") if not any(s in p.get_text() for s in said)]
            continue
        columns = ", ".join(th.get_text() for th in table.thead.find_all("th"))
        lines.append(f"[{'table' if image is None else 'figure'}] {table.caption.get_text()} ({columns})")
        alt = "" if image is None else image["alt"]
        if alt and not any(s in alt for s in said):
            lines.append(f"  {alt}")
    return "\n".join(lines) + "\n"


def tables_of(folder: Path, report: str, area: str) -> dict[str, list[list[str]]]:
    """The cells of every table as a reader sees them, by number and caption."""
    found = [part.find("table") for part in shown(folder / area / f"{report}.ipynb")]
    tables = [table for table in found if table is not None]
    return {
        f"{n} {table.caption.get_text()}": [
            [cell.get_text() for cell in row.find_all(["th", "td"])] for row in table.tbody.find_all("tr")
        ]
        for n, table in enumerate(tables, start=1)
    }


def as_lines(tables: dict[str, list[list[str]]]) -> str:
    """JSON with a line for each row."""
    parts = [
        f"{json.dumps(name, ensure_ascii=False)}: [\n"
        + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        + "\n]"
        for name, rows in tables.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def same_as_before(request: pytest.FixtureRequest, folder: Path, report: str, place: str, area: str) -> None:
    words, tables = page_in_words(folder, report, area), tables_of(folder, report, area)
    text, cells = (EXPECTED / f"{report}.{place}.{kind}" for kind in ("txt", "json"))
    if request.config.getoption("--renew-expected"):
        EXPECTED.mkdir(exist_ok=True)
        text.write_text(words, encoding="utf-8", newline="\n")
        cells.write_text(as_lines(tables), encoding="utf-8", newline="\n")
        pytest.skip("expected pages written anew: read the difference")
    assert words.splitlines() == text.read_text(encoding="utf-8").splitlines()
    expected = json.loads(cells.read_text(encoding="utf-8"))
    assert list(tables) == list(expected)
    for name, rows in tables.items():
        assert rows == expected[name], name


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("report", PERSON_LEVEL)
def test_a_report_says_what_it_said_before(report, place, tiny_run, request):
    area = tiny_run.workbook.ics_code if place == "ics" else tiny_run.pcn_codes[0]
    same_as_before(request, tiny_run.folder / "notebooks", report, place, area)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("report", PUBLISHED)
def test_a_report_from_published_files_says_what_it_said_before(report, place, published_run, request):
    same_as_before(request, published_run / "notebooks", report, place, "QZZ" if place == "ics" else "U99001")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("report", PERSON_LEVEL)
def test_every_picture_has_words_and_no_sentence_is_heard_three_times(report, place, tiny_run):
    area = tiny_run.workbook.ics_code if place == "ics" else tiny_run.pcn_codes[0]
    page = BeautifulSoup((tiny_run.release / area / f"{report}.html").read_text(encoding="utf-8"), "html.parser")
    alts = [image["alt"] for image in page.find_all("img")]
    assert all(alts)
    for hidden in page.find_all(attrs={"aria-hidden": "true"}):
        hidden.decompose()
    listed = [item.get_text() for item in page.select(".findings li.finding")]
    heard = page.get_text(" ") + " ".join(alts)
    assert {text: heard.count(text) for text in listed if heard.count(text) > 2} == {}
