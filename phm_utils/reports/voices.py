"""Local voices: people's own words about an area, shown next to its numbers with author and date."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.file_text import file_text
from phm_utils.printable import printable_lines
from phm_utils.runs import project_root

MAX_BYTES = 100_000  # a page has 500 kB at most
FOLDER = Path("parameters") / "local"
HEAD = re.compile(r"(author|date):\s*(.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Voice:
    """A text about an area. Plain text: it is escaped, never run."""

    author: str
    date: date
    paragraphs: tuple[str, ...]


def voice_path(area: str, root: Path | None = None) -> Path:
    """The path of an area's text.

    >>> voice_path("U99001", Path("workbook")).as_posix()
    'workbook/parameters/local/U99001.md'
    """
    return (root or project_root()) / FOLDER / f"{area}.md"


def read_voice(area: str, root: Path | None = None) -> Voice | None:
    """An area's text, or None where there is none.

    The file opens with `author:` and `date:` lines (year-month-day), then
    paragraphs parted by empty lines. Raises InputError where it does not.

    >>> voice_path("U99002", Path()).parent.mkdir(parents=True, exist_ok=True)
    >>> _ = voice_path("U99002", Path()).write_text("author: Ann\\ndate: 2025-03-31\\n\\nThe bus stopped.")
    >>> read_voice("U99002", Path()).paragraphs
    ('The bus stopped.',)
    """
    path = voice_path(area, root)
    if not path.exists():
        return None
    lines = printable_lines(file_text(path, "Write the words into a text file.", MAX_BYTES)).splitlines()
    head: dict[str, str] = {}
    while lines and (match := HEAD.fullmatch(lines[0].strip())):
        head[match[1].lower()] = match[2].strip()
        lines = lines[1:]
    blocks = re.split(r"\n\s*\n", "\n".join(lines))
    paragraphs = tuple(" ".join(block.split()) for block in blocks if block.strip())
    try:
        written = date.fromisoformat(head.get("date", ""))
    except ValueError:
        written = None
    if not head.get("author") or written is None or not paragraphs:
        raise InputError(
            f"{FOLDER.as_posix()}/{path.name} must open with `author: name` and `date: 2025-03-31`, "
            "then an empty line and some text."
        )
    return Voice(head["author"], written, paragraphs)
