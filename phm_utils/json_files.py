"""JSON files that this package wrote, and that somebody may have edited or a full disk cut short."""

import json
from pathlib import Path
from typing import Any

from phm_utils.errors import InputError
from phm_utils.file_text import MAX_BYTES, file_text


class _Fault(Exception):
    """What is wrong with a file that is JSON."""


def load_json(path: Path, advice: str, kind: type | tuple[type, ...] = dict, most: int = MAX_BYTES) -> Any:
    """The content of a JSON file, whose names stand once.

    NaN and Infinity are taken for numbers: a linkage model with one is refused with the name of the level.
    advice: what to do where it cannot be used. kind: of the whole content.
    Raises InputError that names the file, the line where it is known, and the advice.

    >>> _ = Path("model.json").write_text('{"found": 1, "found": 2}')
    >>> load_json(Path("model.json"), "Train it again.")
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: model.json: `found` stands twice. Train it again.
    """
    text = file_text(path, advice, most)
    try:
        content = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InputError(f"{path.name}, line {error.lineno}: not readable JSON. {advice}") from None
    except (_Fault, RecursionError, ValueError) as fault:
        words = str(fault) if isinstance(fault, _Fault) else "brackets too deep, or a number too long"
        raise InputError(f"{path.name}: {words}. {advice}") from None
    if not isinstance(content, kind):
        raise InputError(f"{path.name} does not hold what such a file holds. {advice}")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1)
        raise _Fault(f"`{twice[:40]}` stands twice")
    return content
