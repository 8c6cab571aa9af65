"""A report is one page that calls nobody, that everybody can read, and whose bytes are always the same."""

import re
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_output

from phm_utils.reports.html import MAX_BYTES, PageRefused, refuse_paths, render_report
from phm_utils.reports.pages import TEMPLATES
from phm_utils.reports.voices import Voice

FINDING = [{"level": "finding", "text": "1,240 people <live> in the most deprived fifth."}]
FIGURE = '<figure><img alt="{alt}" src="data:image/png;base64,AAAA"><figcaption>Drawn.</figcaption></figure>'


def shown(html: str):
    return new_output("display_data", data={"text/html": html, "text/plain": "text"})


@pytest.fixture
def report(executed, facts):
    """Render parts of a notebook; the page as soup."""

    def make(*parts, area="U99001", voice=None, findings=FINDING, **cell):
        html = render_report(executed(*parts, **cell), findings, facts, area, voice)
        return BeautifulSoup(html, "html.parser")

    return make


def test_findings_stand_first_and_are_text(report):
    page = report("## Who is counted\n\nEverybody.")
    main = page.find("main")
    assert main.find("h2").get_text() == "What we found"
    assert main.find("li").get_text() == "1,240 people <live> in the most deprived fifth."


def test_warnings_and_limits_follow_findings_and_are_labelled(report):
    levels = [{"level": level, "text": "Words."} for level in ("limit", "warning", "finding")]
    items = report(findings=levels).select(".findings li")
    assert [i["class"] for i in items] == [["finding"], ["warning"], ["limit"]]
    assert [i.get_text() for i in items] == ["Words.", "Warning. Words.", "Limit. Words."]


def test_there_is_one_h1_and_no_level_is_left_out(report):
    page = report("## Gap\n\n#### By practice", "# Another title\n\n### Small print\n\n###### Deep")
    assert [h.get_text() for h in page.find_all("h1")] == ["Who is admitted more than their age explains?"]
    levels = [int(h.name[1]) for h in page.find("main").find_all(re.compile("h[1-6]"))]
    assert all(after - before <= 1 for before, after in zip([1, *levels], levels, strict=False))


def test_optional_words_stand_only_where_their_code_shows_something(executed, facts):
    notebook = executed("## Weights", shown("<p>12 pairs</p>"), "## Examples", shown("<p>gone</p>"), "## Method")
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source in ("## Weights", "## Examples"):
            cell.metadata["tags"] = ["optional"]
    notebook.cells[4].outputs = []
    page = BeautifulSoup(render_report(notebook, FINDING, facts, "U99001", None), "html.parser")
    heads = [h.get_text() for h in page.find("main").find_all("h2")]
    assert "Weights" in heads
    assert "Method" in heads
    assert "Examples" not in heads


def test_contents_lead_to_every_section_and_ids_are_unique(report):
    page = report("## Gap", "## Gap", "## Findings")
    links = [a["href"] for a in page.select(".contents a")]
    assert links == ["#gap", "#gap-2", "#findings-2", "#permissions"]
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links} <= set(ids)


def test_no_code_count_parameter_or_warning_of_the_kernel_is_shown(report):
    noise = new_output("stream", name="stderr", text="FutureWarning: soon")
    page = report(noise, source="secret_source = 1").get_text()
    assert "secret_source" not in page
    assert "FutureWarning" not in page
    assert "[7]" not in page
    injected = report(shown("<p>injected</p>"), tags=("injected-parameters",))
    assert "injected" not in injected.get_text()


def test_the_runs_card_is_not_said_twice(report):
    page = report(shown('<p class="run-card">Harbour (U99001): up to 31 March</p>'))
    assert "run-card" not in str(page)


GONE = '<p class="left-out">Admissions: left out, because this run lacks a year of them.</p>'
MAP = '<p class="left-out">The map: left out, because this run lacks outlines.</p>'


def test_a_section_with_nothing_to_show_keeps_its_heading_and_each_sentence_once(report):
    page = report("## How many?\n\n**Look for** a steep line.", shown(GONE), shown(GONE), shown(MAP), "Ask who knows.")
    words = [part.get_text() for part in page.select_one(".body").find_all(["h2", "p"])]
    assert words[1:] == ["How many?", *(html.split(">")[1].split("<")[0] for html in (GONE, MAP))]  # after the title's


@pytest.mark.parametrize("there", ['<p class="noted">12 were.</p>', "<table><caption>Who</caption><tr><td>1</td></tr></table>"])  # fmt: skip # noqa: E501
def test_a_section_that_shows_something_keeps_its_words(report, there):
    page = report("## How many?\n\nLook for a steep line.", shown(GONE), shown(there), shown(GONE), "## Who?\n\nAll.")
    text = page.select_one(".body").get_text(" ")
    assert "Look for a steep line." in text
    assert "All." in text
    assert text.count("Admissions: left out") == 1


@pytest.fixture
def long_table(executed, facts, tmp_path):
    """A page with a table of 81 rows and one of two, as a file."""
    rows = "".join(f"<tr><th>Network {n}</th><td>{n % 7}</td></tr>" for n in range(81))
    head = "<thead><tr><th>PCN</th><th>Rank</th></tr></thead>"
    tables = [f"<table><caption>Ranks</caption>{head}<tbody>{body}</tbody></table>" for body in (rows, rows[:90])]
    path = tmp_path / "page.html"
    path.write_text(render_report(executed(*map(shown, tables)), FINDING, facts, "U99001", None), encoding="utf-8")
    return path


def test_rows_of_a_long_table_can_be_filtered(long_table, page):
    page.goto(long_table.as_uri())
    field = page.get_by_label("Show rows with")
    assert field.count() == 1  # none for the short table
    shown_rows = page.locator(".body .scroll").first.locator("tbody tr:visible")
    for words, count in (("", 81), ("network 7", 17), ("NETWORK 80", 1), ("nowhere", 0), ("", 81)):
        field.fill(words)
        assert shown_rows.count() == count, words
    field.fill("network 7")
    assert page.locator(".filter [role=status]").inner_text() == "17 of 81 rows"


def test_axe_finds_nothing_in_a_page_with_a_filter(long_table, axe):
    assert axe(long_table) == []


def test_a_table_scrolls_in_a_box_with_its_name(report):
    box = report(shown("<table><caption>Flow, people</caption><tr><td>1</td></tr></table>")).select_one(".body .scroll")
    assert (box["role"], box["tabindex"], box["aria-label"]) == ("region", "0", "Table 1: Flow, people")


def test_the_page_says_what_it_was_made_from(report):
    card = report().select_one(".card").get_text(" ")
    for words in (
        "GP coded events to 30 April 2025",
        "Deaths. What needs this is left out",
        "* people registered on 31 March 2025",
        "5 practices; old data from Church Lane",
        "Population health management",
        "For partners under agreement; not for publication.",
        "Counts of 1 to 7 are shown as *, others rounded to 5.",
        "does not yet protect against subtracting",
        "0.1.0",
    ):
        assert words in " ".join(card.split())


def test_permissions_are_printed(report):
    table = report().select_one(".permissions table").get_text(" ")
    assert "DEMO-1, until 31 March 2035" in table
    assert "Type 1: applied here" in table


def test_synthetic_data_say_so_on_the_page_and_real_data_do_not(report, facts):
    assert "SYNTHETIC DATA" in report().find("header").get_text()
    facts["synthetic"] = False
    assert "synthetic" not in report().find("body").get_text().lower()


def test_published_figures_are_said_to_be_official_statistics(report, facts):
    facts |= {"data": "published", "governance": [], "synthetic": False, "people": {"U99001": 4321}}
    text = " ".join(report().get_text(" ").split())
    assert "4,321 registered patients, as published" in text
    assert "Official statistics, shown as published." in text
    assert "not for publication" not in text


def test_a_local_voice_is_shown_with_its_author_and_date_and_never_run(report):
    voice = Voice("A. Yusuf", date(2025, 4, 12), ("The bus <script>stops</script> at six.",))
    section = report(voice=voice).select_one(".voices")
    assert section.find("script") is None
    assert "The bus <script>stops</script> at six." in section.get_text()
    assert "A. Yusuf, 12 April 2025" in section.get_text()
    assert "parameters/local/U99001.md" in report().select_one(".voices").get_text()


def test_the_page_may_call_nobody(report):
    page = report()
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert page.find("html")["lang"] == "en-GB"
    assert page.find("script") is None
    assert {a["href"] for a in page.find_all("a") if not a["href"].startswith("#")} == {"../index.html"}


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<iframe src="data:text/html,x"></iframe>',
        '<img alt="x" src="https://example.org/x.png">',
        '<img alt="x" src="data:image/png;base64,AA" onerror="x()">',
        '<p style="background: url(https://example.org/x)">x</p>',
        '<a href="javascript:x()">x</a>',
        '<svg><image href="https://example.org/x.png"></image></svg>',
        '<form action="https://example.org"></form>',
    ],
)
def test_what_would_call_the_network_or_run_a_script_is_refused(report, html):
    with pytest.raises(PageRefused):
        report(shown(html))


@pytest.mark.parametrize("alt", ["", " ", "No description has been provided for this image"])
def test_a_picture_without_words_is_refused(report, alt):
    with pytest.raises(PageRefused, match="alternative text"):
        report(shown(FIGURE.format(alt=alt)))
    assert report(shown(FIGURE.format(alt="A bar."))).find("img")["alt"] == "A bar."


def test_a_picture_shown_without_show_is_refused(report):
    with pytest.raises(PageRefused, match="Code cell 2 shows a picture"):
        report(new_output("display_data", data={"image/png": "AAAA", "text/plain": "<Figure>"}))


def test_a_notebook_without_a_title_is_refused(executed, facts):
    notebook = executed("Words.")
    notebook.cells.pop(0)
    with pytest.raises(PageRefused, match="no title"):
        render_report(notebook, [], facts, "QZZ", None)


def test_a_page_over_its_size_is_refused_and_one_with_maps_may_be_larger(report):
    large = shown(f'<figure><img alt="A map." src="data:image/png;base64,{"A" * MAX_BYTES}"></figure>')
    with pytest.raises(PageRefused, match="the limit is 500"):
        report(large)
    assert report(large, source="from phm_utils.figures.maps import choropleth")
    with pytest.raises(PageRefused, match="the limit is 1500"):
        report(*[large] * 3, source="from phm_utils.figures import maps")


def test_a_path_of_the_machine_is_refused():
    with pytest.raises(PageRefused, match="path of this machine"):
        refuse_paths("<p>/srv/phm/outputs</p>", [Path("/srv/phm")])
    refuse_paths("<p>/</p>", [Path("/")])


def test_the_same_notebook_gives_the_same_bytes(executed, facts):
    notebook = executed("## Gap", shown("<p>1</p>"))
    first = render_report(notebook, FINDING, facts, "QZZ", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"other-{number}"  # papermill gives its cells random ids
    notebook.metadata["papermill"] = {"duration": 3.1, "input_path": "/srv/x.ipynb"}
    assert render_report(notebook, FINDING, facts, "QZZ", None) == first


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_colour_of_text_has_a_contrast_of_at_least_four_and_a_half():
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css))
    for name in ("ink", "quiet", "link", "accent", "warn", "bad"):
        for ground in ("#ffffff", colours["wash"], colours["warn-wash"]):
            assert contrast(colours[name], ground) >= 4.5, (name, ground)
    assert contrast("#ffffff", "#5b2a6d") >= 4.5
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
