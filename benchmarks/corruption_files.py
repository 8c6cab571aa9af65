"""Corruptions of files: encodings, delimiters, headers, lines that are no rows."""

import gzip

from corruption_kinds import kind
from tiny_landing import Change

SOME = ("gp_registration", "gp_event", "apc_episode", "practice")


@kind(*SOME, options=("utf-16", "utf-8-sig"))
def other_encoding(change: Change) -> None:
    """A file in another encoding than the mapping says; a mark before UTF-8 is none."""
    change.write(change.csv().encode(change.option))


@kind("practice.practice_name", "area.lsoa_name", "partner_list.flag", options=("cp1252", "mojibake"))
def accents(change: Change) -> None:
    """Names with accents in cp1252, or read as it and written anew."""
    change.each(lambda v: f"{v} Café’s")
    text = change.csv()
    change.write(
        text.encode("cp1252") if change.option == "cp1252" else text.encode().decode("cp1252", "replace").encode()
    )


@kind(*SOME, options=(";", "|", "\t"))
def other_delimiter(change: Change) -> None:
    """Fields between other signs than commas."""
    change.write(change.csv(sep=change.option).encode())


@kind(*SOME)
def without_header(change: Change) -> None:
    """A file without the names of its columns."""
    change.write(change.csv().split("\n", 1)[1].encode())


@kind(*SOME, "area")
def header_again(change: Change) -> None:
    """Two files put together: the header stands between them."""
    lines = change.csv().splitlines()
    middle = len(lines) // 2
    change.write("\n".join([*lines[:middle], lines[0], *lines[middle:], ""]).encode())


@kind(*SOME, "area", options=("count", "totals", "blank lines", "half a line"))
def trailer(change: Change) -> None:
    """Lines behind the rows: a count, totals, blank lines, half a row."""
    text, commas = change.csv(), "," * (len(change.frame.columns) - 1)
    more = {
        "count": f"({len(change.frame)} rows affected)\n",
        "totals": f"Total{commas}\n",
        "blank lines": "\n\n\n",
        "half a line": text.splitlines()[1][:12],
    }
    change.write((text + more[change.option]).encode())


@kind(*SOME, options=("open", "many"))
def broken_quotes(change: Change) -> None:
    """A quotation mark that is never closed, or in every tenth line."""
    lines = change.csv().splitlines()
    step = len(lines) if change.option == "open" else 10
    for i in range(5 % len(lines), len(lines), step):
        lines[i] = lines[i].replace(",", ',"', 1)
    change.write("\n".join([*lines, ""]).encode())


@kind(*SOME, options=("empty", "html", "gzip", "zeros", "header alone", "title line"))
def not_a_table(change: Change) -> None:
    """An empty file, a page of a portal, a packed file, zeros, no rows, a title above the header."""
    text = change.csv().encode()
    change.write({
        "empty": b"",
        "html": b"<!DOCTYPE html>\n<html><body>Your session has ended</body></html>\n",
        "gzip": gzip.compress(text, mtime=0),
        "zeros": text[: len(text) // 2] + b"\0" * 4096,
        "header alone": text.split(b"\n", 1)[0] + b"\n",
        "title line": b"Extract of April 2025\n" + text,
    }[change.option])  # fmt: skip


@kind("gp_event", "apc_episode", "practice")
def cut_parquet(change: Change) -> None:
    """A Parquet file that was not copied whole."""
    path = change.source / f"{change.table}.parquet"
    content = path.read_bytes()
    change.remove()
    (change.folder / path.name).write_bytes(content[: len(content) * 2 // 3])


@kind("gp_event", "apc_episode")
def two_files(change: Change) -> None:
    """The same table as CSV and as Parquet."""
    text = change.csv()
    change.frames.clear()
    change.path.write_text(text, encoding="utf-8")


@kind("postcode_area")
def other_postcodes(change: Change) -> None:
    """A table of postcodes of another area."""
    change.write(b"postcode,lsoa\n" + b"".join(b"ZZ%d 1AA,E0100%04d\n" % (i, i) for i in range(1, 90)))
