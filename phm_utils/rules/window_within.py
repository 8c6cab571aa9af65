"""Windows that lie within each other, whatever the run: its index date, the last days of its sources, silent months."""

from phm_utils.rules.event_windows import UNITS, Span, Window

SHORTEST_MONTH, SHORTEST_YEAR = 28, 365  # days


def plain_window(window: Window | None) -> Window | None:
    """The window in one form of several that mean the same days; None is ever.

    >>> plain_window(Window(years=1)) == plain_window(Window(months=12, ending=Span(days=0)))
    True
    """
    if window is None:
        return None
    changes = _in_months(window) | {"starting": _plain_span(window.starting), "ending": _plain_span(window.ending)}
    if window.anchor:
        changes["which"] = window.which or "last"
    plain = window.model_copy(update=changes)
    bounded = plain.given or plain.ending or plain.anchor or plain.from_day or plain.to_day
    return plain if bounded else None


def _in_months(span: Span) -> dict:
    return {"years": None, "months": UNITS["years"] * span.years} if span.years is not None else {}


def _plain_span(span: Span | None) -> Span | None:
    """A span in days or months; None where it is of no days."""
    return span.model_copy(update=_in_months(span)) if span is not None and any(span.given.values()) else None


def lies_within(inner: Window | None, outer: Window | None) -> bool:
    """Is each day of one window certainly a day of the other, for events of the same concept?

    Shown for look backs that end on the same day, or earlier with the shorter one's end, and for windows between
    days. Of two windows that are counted from an event only where they are equal.

    >>> lies_within(Window(months=6), Window(years=1)), lies_within(Window(years=1), Window(days=400))
    (True, False)
    """
    inner, outer = plain_window(inner), plain_window(outer)
    if outer is None or inner == outer:
        return True
    if inner is None or inner.anchor or outer.anchor:
        return False
    if _dated(inner) or _dated(outer):
        return _dated(inner) and _dated(outer) and _between(inner, outer)
    # A length is counted back from the window's own last day: lengths are compared where these are the same.
    alike = inner.ending == outer.ending
    if not outer.given:
        return alike or (inner.ending is not None and _not_longer(outer.ending, inner.ending))
    return alike and bool(inner.given) and _not_longer(inner, outer)


def ends_alike(window: Window | None, other: Window | None) -> bool:
    """Do two windows certainly end on the last day of their source, so that the latest event in one is in the other?

    >>> ends_alike(Window(months=6), None), ends_alike(Window(months=6, ending=Span(months=6)), None)
    (True, False)
    """
    windows = (plain_window(window), plain_window(other))
    return all(w is None or not (w.anchor or _dated(w) or w.ending) for w in windows)


def _dated(window: Window) -> bool:
    return window.from_day is not None or window.to_day is not None


def _between(inner: Window, outer: Window) -> bool:
    begins = outer.from_day is None or (inner.from_day is not None and inner.from_day >= outer.from_day)
    ends = outer.to_day is None or (inner.to_day is not None and inner.to_day <= outer.to_day)
    return begins and ends


def _not_longer(span: Span | None, other: Span | None) -> bool:
    """Is a span back from one day certainly not longer than another? Silent months make months longer, never days."""
    if span is None or other is None:
        return span is None
    if (span.days is None) == (other.days is None):
        return span.in_days <= other.in_days
    years, months = divmod(other.in_months, UNITS["years"])
    return span.days is not None and span.days <= SHORTEST_YEAR * years + SHORTEST_MONTH * months
