"""An executed notebook as a report: one accessible HTML file that makes no network request."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from phm_utils.errors import StepFailed
from phm_utils.reports.findings import LEVELS
from phm_utils.reports.pages import TEMPLATES, page
from phm_utils.reports.voices import Voice
from phm_utils.reports.words import disclosure_words, tier_words

MAX_BYTES = 500_000
MAX_BYTES_WITH_MAPS = 1_500_000
MANY_ROWS = 20  # from which a table has a field that filters its rows
DROPPED_TAGS = {"injected-parameters", "parameters"}  # papermill's cell, and code that shows nothing
OPTIONAL_TAG = "optional"  # text shown only if the code after it shows something
MAPS = re.compile(r"phm_utils\.figures(\.maps| import [^#\n]*maps)\b")
HEADINGS = re.compile(r"h[1-6]")
FORBIDDEN_TAGS = ("script", "iframe", "object", "embed", "link", "base", "form", "video", "audio")
NO_ALT = "No description has been provided for this image"  # nbconvert's default, which describes nothing


class PageRefused(StepFailed):
    """A report that may not be released: too large, a picture without alternative text, a network request."""


@cache
def _exporter() -> HTMLExporter:
    """nbconvert with our template; once per worker, because it reads and compiles a dozen files."""
    return HTMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        exclude_input=True,
    )


def render_report(
    notebook: NotebookNode, findings: list[dict[str, str]], facts: dict[str, Any], area: str, voice: Voice | None
) -> str:
    """The page of one notebook for one area.

    findings: `level` and `text` of each, in order. facts: the content of
    `run.json`. The same notebook and facts give the same bytes. Raises
    PageRefused where the page breaks a rule of all reports.

    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> untitled = new_notebook(cells=[new_markdown_cell("No question is asked.")])
    >>> render_report(untitled, findings=[], facts={}, area="U99001", voice=None)
    Traceback (most recent call last):
        ...
    phm_utils.reports.html.PageRefused: The notebook has no title: its first cell must open with `# ` and its question.
    """
    soup = BeautifulSoup(_body(notebook), "html.parser")
    question = _take_title(soup)
    _order_headings(soup)
    _shorten_left_out(soup)
    _wrap_tables(soup)
    _refuse_body(soup)
    headings = [{"id": h["id"], "text": h.get_text()} for h in soup.find_all("h2")]
    facts = facts | {"tier_words": tier_words(facts), "disclosure_words": disclosure_words(facts)}
    html = page(
        "report.html.j2",
        script="filter.js" if soup.select_one("[data-filter]") else None,
        question=question,
        area=area,
        area_name=facts["areas"][area],
        facts=facts,
        synthetic=facts["synthetic"],
        findings=sorted(findings, key=lambda finding: list(LEVELS).index(finding["level"])),
        voice=voice,
        headings=headings,
        body=Markup(str(soup)),
    )
    limit = MAX_BYTES_WITH_MAPS if _draws_maps(notebook) else MAX_BYTES
    if (size := len(html.encode())) > limit:
        raise PageRefused(
            f"The page has {size // 1000} kB; the limit is {limit // 1000}. Draw fewer or simpler figures."
        )
    return html


def _draws_maps(notebook: NotebookNode) -> bool:
    return any(c.cell_type == "code" and MAPS.search(c.source) for c in notebook.cells)


def _body(notebook: NotebookNode) -> str:
    """The notebook's words and outputs as HTML, code left out."""
    cells = [c for c in notebook.cells if not DROPPED_TAGS & set(c.metadata.get("tags", []))]
    kept = _without_empty_parts([_with_outputs(number, cell) for number, cell in enumerate(cells, start=1)])
    html, _ = _exporter().from_notebook_node(NotebookNode(notebook | {"cells": kept}))
    return html


def _with_outputs(number: int, cell: NotebookNode) -> NotebookNode:
    if cell.cell_type != "code":
        return cell
    outputs = [o for o in cell.outputs if not _is_noise(o)]
    for output in outputs:
        kinds = set(output.get("data", {})) or {"text/plain"}
        if not kinds & {"text/html", "text/markdown", "text/plain"} or any(k.startswith("image/") for k in kinds):
            raise PageRefused(
                f"Code cell {number} shows a picture or widget by itself. Use show(fig, alt=, caption=, table=)."
            )
    return NotebookNode(cell | {"outputs": outputs})


def _without_empty_parts(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells without optional text whose code, up to the next text, shows nothing."""
    kept: list[NotebookNode] = []
    shown = False
    for cell in reversed(cells):
        if cell.cell_type == "code":
            shown = shown or bool(cell.outputs)
        elif shown or OPTIONAL_TAG not in cell.metadata.get("tags", []):
            shown = False
        else:
            continue
        kept.append(cell)
    return kept[::-1]


def _is_noise(output: NotebookNode) -> bool:
    """Progress and warnings, and the run's card, which is in the page's head already."""
    if output.output_type == "stream":
        return output.name == "stderr"
    return 'class="run-card"' in output.get("data", {}).get("text/html", "")


def _take_title(soup: BeautifulSoup) -> str:
    title = soup.find("h1")
    if title is None:
        raise PageRefused("The notebook has no title: its first cell must open with `# ` and its question.")
    text = title.get_text().strip()
    title.decompose()
    return text


def _order_headings(soup: BeautifulSoup) -> None:
    """Put headings below the page's one h1, no level skipped, each with its own id."""
    taken = {"findings", "voices", "made-from", "contents", "permissions", "main"}
    level = 1
    for heading in soup.find_all(HEADINGS):
        level = min(max(int(heading.name[1]), 2), level + 1)
        heading.name = f"h{level}"
        stem = re.sub(r"[^a-z0-9]+", "-", heading.get_text().lower()).strip("-") or "section"
        name, again = stem, 1
        while name in taken:
            again += 1
            name = f"{stem}-{again}"
        taken.add(name)
        heading.attrs = {"id": name}


def _shorten_left_out(soup: BeautifulSoup) -> None:
    """Reduce a section that shows nothing but what is left out to its heading and those sentences, each once."""
    for heading in soup.find_all("h2"):
        section = list(takewhile(lambda part: part.name != "h2", heading.find_next_siblings()))
        gone = [part for part in section if _has_class(part, "left-out")]
        kept = {id(part) for part in {part.get_text(): part for part in reversed(gone)}.values()}
        shows = any(part.name in ("figure", "table") or _has_class(part, "noted") for part in section)
        for part in gone if shows or not gone else section:
            if id(part) not in kept:
                part.decompose()


def _has_class(part: Tag, name: str) -> bool:
    return name in (part.get("class") or ())


def _wrap_tables(soup: BeautifulSoup) -> None:
    """Put each table in a scrolling box, labelled and reachable by keyboard; long ones can be filtered."""
    for style in soup.find_all("style"):
        style.decompose()
    for number, table in enumerate(soup.find_all("table"), start=1):
        caption = table.find("caption")
        label = f"Table {number}" + (f": {caption.get_text()}" if caption else "")
        box = soup.new_tag("div", attrs={"class": "scroll", "role": "region", "tabindex": "0", "aria-label": label})
        if len(table.select("tbody tr")) >= MANY_ROWS:
            box["data-filter"] = ""
        table.wrap(box)


def _refuse_body(soup: BeautifulSoup) -> None:
    for image in soup.find_all("img"):
        alt = image.get("alt")
        if not isinstance(alt, str) or not alt.strip() or alt == NO_ALT:
            raise PageRefused("A picture has no alternative text. Use show(fig, alt=, caption=, table=).")
    if found := soup.find(FORBIDDEN_TAGS):
        raise PageRefused(f"The notebook shows a <{found.name}> element; a report must work offline.")
    for tag in soup.find_all(True):
        if any(_loads_or_runs(tag.name, name, value) for name, value in tag.attrs.items()):
            raise PageRefused(f"A <{tag.name}> of the notebook would load something or run a script.")


def _loads_or_runs(tag: str, name: str, value: Any) -> bool:
    """Would this attribute make a browser load or run something? A plain link would not."""
    text = " ".join(value) if isinstance(value, list) else str(value)
    if name.startswith("on") or text.strip().lower().startswith("javascript:"):
        return True
    if name in ("src", "srcset", "poster", "data", "xlink:href") or (name == "href" and tag != "a"):
        return not text.startswith(("data:", "#"))
    return name == "style" and ("url(" in text or "@import" in text)


def refuse_paths(html: str, folders: Iterable[Path]) -> None:
    """Refuse a page that shows a folder of this machine.

    >>> refuse_paths("<p>Read from /data/extracts/person.csv</p>", [Path("/data/extracts")])
    Traceback (most recent call last):
        ...
    phm_utils.reports.html.PageRefused: The page shows a path of this machine. Print names of files, not their paths.
    """
    for folder in folders:
        if len(folder.parts) > 1 and (str(folder) in html or folder.as_posix() in html):
            raise PageRefused("The page shows a path of this machine. Print names of files, not their paths.")
