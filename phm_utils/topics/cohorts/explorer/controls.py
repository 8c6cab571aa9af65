"""Native controls with a label above each, so that a keyboard and a screen reader find all of them."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeAlias

import ipywidgets as widgets

Control: TypeAlias = Any  # ipywidgets has no types
Options = Iterable[tuple[str, Any]]


def choice(label: str, options: Options, value: Any = None, **named: Any) -> Control:
    """A list to choose one from."""
    listed = list(options)
    return _styled(widgets.Dropdown(options=listed, value=value, description=label, **named))


def several(label: str, options: Options) -> Control:
    """A list to choose any number from."""
    return _styled(widgets.SelectMultiple(options=list(options), rows=5, description=label))


def number(label: str, value: float = 0) -> Control:
    """A number, taken over at Enter or when the field is left."""
    return _styled(widgets.FloatText(value=value, description=label), "phm-number")


def whole(label: str, value: int = 0, *, most: int = 1_440) -> Control:
    """A whole number of 0 or more."""
    return _styled(widgets.BoundedIntText(value=value, min=0, max=most, description=label), "phm-number")


def text(label: str, value: str = "", *, at_once: bool = False, hint: str = "") -> Control:
    """A line of text, taken over at Enter or when the field is left, or with each letter."""
    return _styled(widgets.Text(value=value, description=label, continuous_update=at_once, placeholder=hint))


def named(label: str) -> Control:
    """A short line for a value of the file that goes by its name."""
    return _styled(text(label), "phm-number")


def tick(label: str, value: bool = False) -> Control:
    """Yes or no."""
    return _styled(widgets.Checkbox(value=value, description=label, indent=False), "phm-tick")


def button(label: str, does: Callable[[], None]) -> Control:
    """A button that says what it does."""
    made = _styled(widgets.Button(description=label), "phm-button")
    made.on_click(lambda _: does())
    return made


def html(value: str = "", *classes: str) -> Control:
    """Text of the page; what changes and should be read out has the class `phm-said`."""
    return _styled(widgets.HTML(value=value), *classes)


def row(children: Iterable[Control], *classes: str) -> Control:
    """Controls beside each other, on further lines where there is no room."""
    return _styled(widgets.HBox(list(children)), "phm-row", *classes)


def column(children: Iterable[Control], *classes: str) -> Control:
    """Controls below each other."""
    return _styled(widgets.VBox(list(children)), *classes)


def shown(control: Control, yes: bool) -> None:
    """Show a control or take it off the page; off the page no key reaches it."""
    control.layout.display = None if yes else "none"


def on_value(controls: Iterable[Control], does: Callable[[], None]) -> None:
    """Call a function whenever one of the controls has another value."""
    for control in controls:
        control.observe(lambda _: does(), "value")


def set_options(control: Control, options: Options, value: Any) -> None:
    """Offer other options and choose one of them, which is added where it is not among them."""
    listed = list(options)
    if value not in [item for _, item in listed]:
        listed.append((str(value), value))
    control.options = listed
    control.value = value


def _styled(control: Control, *classes: str) -> Control:
    for name in classes:
        control.add_class(name)
    return control


def value_control(name: str, value: Any) -> Control:
    """A control for a value of any type; its label is the value's name in a rule file."""
    if isinstance(value, bool):
        return tick(f"${name}", value)
    if isinstance(value, int | float):
        return number(f"${name}", value)
    return text(f"${name}", str(value))


def value_of(control: Control) -> Any:
    """The value of such a control as a rule file has it: 30 and not 30.0, and a day where a text is one.

    >>> value_of(value_control("oldest", 65)), value_of(value_control("since", date(2024, 9, 1)))
    (65, datetime.date(2024, 9, 1))
    """
    value = control.value
    if isinstance(value, str):
        return day_or_text(value)
    return plain(value) if isinstance(value, float) else value


def plain(value: float) -> int | float:
    """A number as a person writes it.

    >>> plain(30.0), plain(27.5)
    (30, 27.5)
    """
    return int(value) if float(value).is_integer() else value


def day_or_text(words: str) -> Any:
    """A day where the words are one; else the words themselves, which the check of the rule names if they are wrong.

    >>> day_or_text("2025-03-31"), day_or_text("12 months ago")
    (datetime.date(2025, 3, 31), '12 months ago')
    """
    try:
        return date.fromisoformat(words.strip())
    except ValueError:
        return words.strip()
