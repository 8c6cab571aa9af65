"""The text of a small file that a person writes or a program keeps: parameters, definitions, settings, notes."""

from pathlib import Path

from phm_utils.errors import InputError

MAX_BYTES = 4_000_000  # the largest of ours has 20 kB; a mapping of thousands of codes has a tenth of this


def file_text(path: Path, advice: str, most: int = MAX_BYTES) -> str:
    r"""The text of a UTF-8 file, with or without a byte order mark; ends of lines are \n.

    advice: what to do where there is no such file. most: bytes.
    Raises InputError that names the file where it is absent, a folder, too large, or not text.

    >>> Path("empty.yml").write_bytes(b"\xff\xfea\x00")
    4
    >>> file_text(Path("empty.yml"), "")
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: empty.yml is UTF-16, not UTF-8. Save it again as UTF-8.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder, and a file is needed. {advice}".rstrip())
    if not path.is_file():
        raise InputError(f"No file {path}. {advice}".rstrip())
    try:
        if (size := path.stat().st_size) > most:
            raise InputError(f"{path.name} has {size // 10**6} MB; such a file has {most / 10**6:g} MB at most. "
                             "Is it an extract? Name the right file.")  # fmt: skip
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}).") from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path.name} is UTF-16, not UTF-8. Save it again as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path.name}, line {line}: not UTF-8 text. Save the file again as UTF-8.") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path.name}, line {line}: a NUL byte, so this is not a text file. Copy or export it again.")
    return text.replace("\r\n", "\n").replace("\r", "\n")
