"""A table that this run does not have, and the sentence shown in its place.

`run.table` returns it in place of a DataFrame. Everything computed from it is
absent too, so a notebook needs no test for it, and `show` writes its sentence
in place of the figure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from html import escape
from typing import Any


@dataclass(frozen=True)
class Absent:
    """A part left out of a page, and what the run would need for it.

    >>> absent = Absent("Cost by setting", "a costed source")
    >>> absent[absent["share"] > 0.5].nlargest(1, "share").sentence
    'Cost by setting: left out, because this run lacks a costed source.'
    """

    part: str
    needs: str

    @property
    def sentence(self) -> str:
        return f"{self.part}: left out, because this run lacks {self.needs}."

    def __getattr__(self, name: str) -> "Absent":
        if name.startswith("_"):  # protocol attributes of Python and IPython
            raise AttributeError(name)
        return self

    def __getitem__(self, _: Any) -> "Absent":
        return self

    def __call__(self, *_: Any, **__: Any) -> "Absent":
        return self

    def __gt__(self, _: Any) -> "Absent":
        return self

    __lt__ = __ge__ = __le__ = __add__ = __sub__ = __mul__ = __truediv__ = __and__ = __or__ = __gt__

    def __invert__(self) -> "Absent":
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def _repr_html_(self) -> str:
        return f'<p class="left-out">{escape(self.sentence)}</p>'


def first_absent(given: tuple[Any, ...], named: dict[str, Any]) -> Absent | None:
    """The first absent table among a call's arguments."""
    return next((value for value in (*given, *named.values()) if isinstance(value, Absent)), None)


def if_present(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function of tables: where one of them is absent, so is its result."""

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        absent = first_absent(given, named)
        return function(*given, **named) if absent is None else absent

    return call
