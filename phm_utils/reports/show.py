"""Show a figure or a table on a page, with its finding and caption.

Every figure has alternative text and the table behind it. A finding is written
once: it is the figure's alternative text, the line above the figure, and an
item at the top of the report unless it is a detail.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from phm_utils.absent import Absent
from phm_utils.errors import InputError
from phm_utils.figures.chart import drawn_from
from phm_utils.figures.svg import encoded
from phm_utils.figures.tables import table_html
from phm_utils.reports.findings import LEVELS, TOO_FEW, Finding
from phm_utils.reports.headings import Headings

PLAIN = ("finding", "detail")  # levels that are not named before the sentence
Findings = Finding | Iterable[Finding | None] | Absent | None


@dataclass
class Page:
    """A notebook's findings so far, and the headings of its tables."""

    headings: Headings = field(default_factory=lambda: Headings({}))
    findings: list[Finding] = field(default_factory=list)

    def begin(self, headings: Headings) -> None:
        """Clear the page: a kernel may run a notebook twice."""
        self.headings, self.findings = headings, []

    def add(self, found: Iterable[Finding]) -> None:
        """List findings for the report's top, each once; details and too small numbers are said at the figure alone."""
        of_top = [f for f in found if f.text != TOO_FEW and f.level != "detail"]
        self.findings += [f for f in dict.fromkeys(of_top) if f not in self.findings]

    def as_json(self) -> list[dict[str, str]]:
        """The findings in order, as `run.close` keeps them."""
        return [asdict(found) for found in self.findings]


PAGE = Page()


def show(
    what: Figure | pd.DataFrame | Absent | None,
    *,
    caption: str = "",
    finding: Findings = None,
    alt: str = "",
    table: pd.DataFrame | None = None,
) -> None:
    """Put a figure or a table on the page; for an absent table, a sentence with what it needs, also among the limits.

    An empty or absent table, and the figure of one, is not shown; a finding that is there is.

    caption: what is shown, its unit and source.
    finding: from a function marked `@finding`; several may be given.
    alt: alternative text for a figure without a finding.
    table: the table behind a figure, if not the one that it was drawn from.
    Raises InputError for a figure or table without a caption, or a figure without alternative text.

    >>> sizes = pd.DataFrame({"practice_name": ["Ash"], "people": [20]})
    >>> show(sizes)
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: A figure or table needs a caption: show(..., caption="what is drawn, its unit").
    """
    if what is None:
        note(finding)
        return
    if isinstance(what, Absent):
        if what.needs:
            PAGE.add([Finding(what.sentence, "limit", "show.left_out")])
            _send(what._repr_html_(), f"[left out] {what.sentence}")
        note(finding)
        return
    if not caption.strip():
        raise InputError('A figure or table needs a caption: show(..., caption="what is drawn, its unit").')
    if isinstance(what, pd.DataFrame) and what.empty:
        note(finding)
        return
    found = _checked(finding)
    PAGE.add(found)
    if isinstance(what, Figure):
        _show_figure(what, caption, found, alt, table)
    else:
        frame = PAGE.headings.readable(what)
        _send(
            _above(found, hidden=False) + table_html(frame, caption),
            f"[table] {caption}\n" + _in_text(found) + frame.to_string(index=False),
        )


def groups(frame: pd.DataFrame | Absent, by: str) -> Iterable[tuple[Any, pd.DataFrame]]:
    """The parts of a table in their order, for a figure of each; an absent table shows its sentence and has no parts.

    >>> steps = pd.DataFrame({"cohort": ["b", "a", "b"], "people": [3, 2, 1]})
    >>> [(name, len(part)) for name, part in groups(steps, "cohort")]
    [('b', 2), ('a', 1)]
    """
    if isinstance(frame, Absent):
        show(frame)
        return ()
    return frame.groupby(by, sort=False)


def note(*finding: Findings) -> None:
    """Put findings on the page that no figure shows.

    >>> note(Finding("Deaths are not counted.", "limit"))
    {'text/html': '<p class="noted limit">...', 'text/plain': '  Limit: Deaths are not counted.'}
    """
    for one in finding:
        if isinstance(one, Absent):
            continue
        found = _checked(one)
        PAGE.add(found)
        if found:
            _send(_above(found, hidden=False), _in_text(found).rstrip("\n"))


def _show_figure(fig: Figure, caption: str, found: list[Finding], alt: str, table: pd.DataFrame | None) -> None:
    words = " ".join(f.text for f in found) or alt
    if not words.strip():
        raise InputError(f"The figure “{caption}” needs a finding, or alternative text (alt=).")
    behind = drawn_from(fig) if table is None else table
    if behind is None:
        raise InputError(f"The figure “{caption}” needs the table behind it: show(..., table=frame).")
    frame = PAGE.headings.readable(behind)
    mime, payload = encoded(fig)
    plt.close(fig)
    html = (
        f'<figure>{_above(found, hidden=True)}<img alt="{escape(words)}" src="data:{mime};base64,{payload}">'
        f"<figcaption>{escape(caption)}</figcaption>"
        f"<details><summary>Table behind this figure</summary>{table_html(frame, caption)}</details></figure>"
    )
    said = _in_text(found) if found else f"  {alt}\n"
    _send(html, f"[figure] {caption}\n{said}{frame.to_string(index=False)}")


def _checked(finding: Findings) -> list[Finding]:
    """Findings as a list; a bare text is refused."""
    if finding is None or isinstance(finding, Absent):
        return []
    given: list[Any] = [finding] if isinstance(finding, Finding | str) else [f for f in finding if f is not None]
    for one in given:
        if not isinstance(one, Finding):
            raise InputError(
                "A finding is computed: call a function of the package that is marked `@finding`, "
                f"and show what it gives, not a {type(one).__name__}."
            )
    return given


def _above(found: list[Finding], *, hidden: bool) -> str:
    """Findings above a figure or table; hidden from screen readers if the alternative text repeats them."""
    aria = ' aria-hidden="true"' if hidden else ""
    return "".join(
        f'<p class="noted {f.level}"{aria}>{"" if f.level in PLAIN else f"<strong>{LEVELS[f.level]}.</strong> "}'
        f"{escape(f.text)}</p>"
        for f in found
    )


def _in_text(found: list[Finding]) -> str:
    return "".join(f"  {LEVELS[f.level]}: {f.text}\n" for f in found)


def _send(html: str, text: str) -> None:
    display({"text/html": html, "text/plain": text}, raw=True)
